"""What a leg stands for: given by type, strike and date it is looked for in its chain; pure."""

from ttai import BadArgument, Chain, Expiration, Leg, NotFound
from ttai.quant.texts import brief


def listed(chain: Chain, leg: Leg, which: str) -> tuple[str, Expiration]:
    """The contract that an option leg means, and what it is listed under.

    By its OCC symbol, or by type, strike and expiration: "2026-12-18", or that with AM, PM or a root. Of two that
    settle on a day the afternoon's is meant, of an adjusted one its root must be said. `which` leg it is stands in
    what is raised: BadArgument without an expiration, NotFound for what is not listed.
    """
    if leg.symbol is None and leg.expiration is None:
        raise BadArgument(f"{which} has no expiration", "Send it with the leg, such as 2026-12-18")
    row = 0 if leg.type == "call" else 1
    for one in sorted(chain.expirations, key=lambda one: one.settled == "AM"):
        if leg.symbol is not None:
            if leg.symbol in one.symbols[row]:
                return leg.symbol, one
        elif is_meant(one, leg.expiration or ""):
            for strike, symbol in zip(one.strikes.tolist(), one.symbols[row], strict=True):
                if strike == leg.strike and symbol:
                    return symbol, one
    day = brief(leg.expiration or "").strip("'")
    what = leg.symbol or f"{leg.type} {leg.strike:g} of {day}"
    raise NotFound(f"{which}: {chain.symbol} has no {what}", "get_option_chain lists the strikes")


def is_meant(one: Expiration, text: str) -> bool:
    """Whether "2026-12-18", or that with AM, PM or a root, is this expiration; an adjusted one by its root alone."""
    day, _, which = text.strip().upper().partition(" ")
    name = which.strip()
    return f"{one.date}" == day and (name == one.root or (not one.adjusted and name in ("", one.settled)))


def told_apart(chain: Chain, found: Expiration) -> str | None:
    """Which of several that end on a day it is; None where there is no other."""
    others = [one for one in chain.expirations if one.date == found.date and one is not found]
    if not others:
        return None
    names = " or ".join(f"{one.date} {one.root}" for one in others)
    return f"{found.date} is {found.root}, settled {found.settled} here; expiration={names} is another"
