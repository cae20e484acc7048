"""What a calculator is given, or takes from the market where it is not: the time left, the rate."""

from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Host, TtaiError, understood
from ttai.quant.calendar import years_until

RATE = 0.04
LONGEST = 100.0  # years
HIGHEST = 5.0  # volatility: more is meant in percent

Positive = Annotated[float, Field(gt=0, lt=1e9)]
Rate = Annotated[float, Field(ge=-0.5, le=1, description="A continuous fraction a year: 0.04 is 4 %")]


class Inputs:
    """Times and rates, however they are given."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def rate(self, rate: float | None) -> tuple[float, list[str]]:
        """The rate given, else the broker's, else a usual one; and what is to be said of it."""
        if rate is not None:
            return rate, []
        try:
            known = await self._market.risk_free_rate()
        except TtaiError:
            return RATE, [f"rate {RATE} assumed: the broker's is not known; send rate=… to choose one"]
        return known, [f"rate {known:g}: what TastyTrade prices options with"]

    async def years(
        self,
        expiration: str | None,
        days: float | None = None,
        years: float | None = None,
        now: datetime | None = None,
    ) -> float:
        """The time left from now, given in one of three ways; a date runs to 16:00 New York, with AM to 9:30."""
        if sum(given is not None for given in (expiration, days, years)) != 1:
            raise BadArgument("one of expiration, days and years is needed", "Send one, such as days=45")
        if expiration is None:
            return days / 365 if days is not None else years or 0.0
        text, _, which = expiration.strip().partition(" ")
        day = understood(lambda: _day(text))
        which = which.strip().upper()
        if which not in ("", "AM", "PM"):
            raise BadArgument(f"{which[:40]!r} is no settlement", f"Send {day}, or {day} AM")
        today = self._clock.new_york().date()
        if day < today:
            raise BadArgument(f"{day} is past", "Send a date from today on")
        if day > today + timedelta(days=LONGEST * 365):
            raise BadArgument(f"{day} is more than {LONGEST:.0f} years away", "Send an earlier date")
        calendar = await self._market.calendar()
        settled = calendar.settlement(day, "AM" if which == "AM" else "PM")
        return years_until(settled, now or self._clock.now())


def fraction(volatility: float | None) -> float | None:
    """A volatility as a fraction; BadArgument for one that is meant in percent."""
    if volatility is not None and volatility > HIGHEST:
        raise BadArgument(
            f"a volatility of {volatility:g} is {volatility:.0%} a year",
            f"Send a fraction: {volatility / 100:g} is {volatility:g} %",
        )
    return volatility


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no date; one looks like 2026-12-18") from None
