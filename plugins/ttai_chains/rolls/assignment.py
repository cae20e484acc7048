"""Which short options are likely to be assigned before they expire; pure."""

from typing import Literal

from ttai.quant.portfolio import radar
from ttai_chains.coming import Coming
from ttai_chains.strategy.studies import Listed, brief


def intrinsic(one: Listed) -> float:
    """Dollars a share that an option is in the money."""
    away = one.read.quotes.spot - (one.leg.strike or 0.0)
    return max(away if one.leg.type == "call" else -away, 0.0)


def early(one: Listed, coming: Coming) -> str | None:
    """Why a short American option is likely to be assigned early; None where it is not."""
    quotes = one.read.quotes
    goes_ex = any(day <= quotes.expiration.date for day in coming.ex_dates)
    kind: Literal["call", "put"] = "call" if one.leg.type == "call" else "put"
    dividend = coming.dividend if goes_ex else None
    found = radar.early(kind, quotes.spot, intrinsic(one), one.quoted("mid"), dividend)
    return f"{brief(one.leg)} has {found.text}" if found else None
