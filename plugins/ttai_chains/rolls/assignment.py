"""Which short options are likely to be assigned before they expire; pure."""

import math

from ttai_chains.coming import Coming
from ttai_chains.strategy.studies import Listed, brief

LITTLE = 0.001  # of the price: with less time value an option in the money is as good as exercised


def intrinsic(one: Listed) -> float:
    """Dollars a share that an option is in the money."""
    away = one.read.quotes.spot - (one.leg.strike or 0.0)
    return max(away if one.leg.type == "call" else -away, 0.0)


def early(one: Listed, coming: Coming) -> str | None:
    """Why a short American option is likely to be assigned early; None where it is not.

    In the money with next to no time value, a call also with less than the dividend that its holder would get.
    """
    inside = intrinsic(one)
    left = one.quoted("mid") - inside
    if inside <= 0 or not math.isfinite(left):
        return None
    if left < LITTLE * one.read.quotes.spot:
        return f"{brief(one.leg)} has {max(left, 0.0):.2f} of time value"
    paid = [day for day in coming.ex_dates if day <= one.read.quotes.expiration.date]
    if one.leg.type == "call" and paid and coming.dividend is not None and left < coming.dividend:
        return f"{brief(one.leg)} has {left:.2f} of time value, less than the dividend of {coming.dividend:.2f}"
    return None
