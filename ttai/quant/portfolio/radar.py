"""Which short options may be assigned, and why."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

LITTLE = 0.001  # of the price: with less time value an option in the money is as good as exercised
EVE = 4  # calendar days before an ex-date, a weekend among them: when a call is exercised for it
PINNED = 0.005  # of the price: how near to its strike an option that expires today may end on either side
Kind = Literal["expiry", "dividend", "time value", "pin", "interest", "unknown", "cash settlement"]


@dataclass(frozen=True, slots=True)
class Short:
    """A short option and its market: dollars a share, annual fractions, NaN or None where unknown.

    `dividend` is what goes ex before it expires, on `ex_date`, so many calendar days from now; None none, or not known.
    `expires_today` while the session of its last day is not over; `years` is what is left of it. `european` as the
    options of most indices are.
    """

    type: Literal["call", "put"]
    strike: float
    spot: float
    mid: float
    years: float
    rate: float = 0.0
    volatility: float = math.nan
    dividend: float | None = None
    ex_date: date | None = None
    days_to_ex: int | None = None
    expires_today: bool = False
    european: bool = False

    @property
    def inside(self) -> float:
        """Dollars a share that it is in the money, 0 where it is not."""
        return max(self.spot - self.strike if self.type == "call" else self.strike - self.spot, 0.0)


class Reason(NamedTuple):
    """One reason for an assignment, in words that follow "has" or "is"."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Risk:
    """That a short option may be assigned: `likely` where a holder who knows his interest exercises.

    `kind` is the gravest reason, `reason` all of them in words. `inside` and `time_value` are dollars a share, the
    latter None unknown.
    """

    kind: Kind
    likely: bool
    reason: str
    inside: float
    time_value: float | None


def early(
    kind: Literal["call", "put"], spot: float, inside: float, mid: float, dividend: float | None
) -> Reason | None:
    """Why a short American option is likely to be assigned early; None where it is not, or its mid is unknown.

    In the money, with time value below 0.1 % of the spot, a call also below the dividend that its holder would get.
    Dollars a share; `inside` is how far it is in the money. Source: Hull, Options, Futures, chapter 15: to exercise a
    call early pays only just before a dividend, and where that is more than the time value given up.
    """
    left = mid - inside
    if inside <= 0 or not math.isfinite(left):
        return None
    if left < LITTLE * spot:
        return Reason("time value", f"{max(left, 0.0):.2f} of time value")
    if kind == "call" and dividend is not None and left < dividend:
        return Reason("dividend", f"{left:.2f} of time value, less than the dividend of {dividend:.2f}")
    return None


def assignment_risk(short: Short) -> Risk | None:
    """Whether and why a short option may be assigned; None where nothing speaks for it.

    Likely in the money on its last day, and as in `early`, for a dividend in the last days before it: until then its
    holder gains by waiting.

    Possible where it expires today nearer to its strike than the expected move of the rest of the
    day, spot × volatility × √years, or than 0.5 % of the spot; where a put has less time value than the interest on its
    strike, K·(1 − exp(−rT)), which exercise would bring (Hull, chapter 11); where it is in the money and its time value
    is unknown. A European option is never assigned early: in the money it says what it is settled for.
    ValueError for a strike or spot that is none.
    """
    if not all(math.isfinite(price) and price > 0 for price in (short.spot, short.strike)):
        raise ValueError(f"strike and spot are above 0, not {short.strike:g} and {short.spot:g}")
    left = short.mid - short.inside
    if short.european:
        text = f"settled in cash, now for {short.inside:.2f} a share, and never assigned early"
        reasons = [Reason("cash settlement", f"is {text}")] if short.inside > 0 else []
    else:
        looks = (_early(short), _pinned(short), _expiring(short), _interest(short), _unknown(short))
        reasons = [reason for reason in looks if reason]
    if not reasons:
        return None
    return Risk(
        reasons[0].kind,
        reasons[0].kind in {"time value", "expiry"} or (reasons[0].kind == "dividend" and _is_near(short)),
        "; ".join(reason.text for reason in reasons),
        short.inside,
        left if math.isfinite(left) else None,
    )


def _is_near(short: Short) -> bool:
    return short.days_to_ex is None or short.days_to_ex <= EVE


def _early(short: Short) -> Reason | None:
    found = early(short.type, short.spot, short.inside, short.mid, short.dividend)
    if found is None:
        return None
    when = f", ex on {short.ex_date}" if found.kind == "dividend" and short.ex_date is not None else ""
    return Reason(found.kind, f"has {found.text}{when}")


def _pinned(short: Short) -> Reason | None:
    expected = short.spot * short.volatility * math.sqrt(max(short.years, 0.0))
    reach = max(PINNED * short.spot, expected if math.isfinite(expected) else 0.0)
    away = abs(short.spot - short.strike)
    if not short.expires_today or away > reach:
        return None
    return Reason("pin", f"expires today {away:.2f} from its strike, which a move of {reach:.2f} may cross either way")


def _expiring(short: Short) -> Reason | None:
    """Exercised by the OCC itself, unless its holder says otherwise."""
    if not short.expires_today or short.inside <= 0 or _pinned(short):
        return None
    return Reason("expiry", f"is {short.inside:.2f} in the money on its last day")


def _interest(short: Short) -> Reason | None:
    earned = short.strike * -math.expm1(-max(short.rate, 0.0) * short.years)
    left = short.mid - short.inside
    if short.type == "call" or short.inside <= 0 or not LITTLE * short.spot <= left < earned:
        return None
    return Reason("interest", f"has {left:.2f} of time value, less than the interest of {earned:.2f} on its strike")


def _unknown(short: Short) -> Reason | None:
    if short.inside <= 0 or math.isfinite(short.mid):
        return None
    return Reason("unknown", f"is {short.inside:.2f} in the money, its time value unknown")
