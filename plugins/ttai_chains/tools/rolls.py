"""Where to roll a position, as an answer."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Chain, Expiration, Host, Leg
from ttai.quant.calendar import days_to_expiration
from ttai.quant.symbols import is_european
from ttai_chains.candidates.ranking import on_each_day, within
from ttai_chains.events import Events
from ttai_chains.models.rolls import Rolls
from ttai_chains.rolls.held import HeldStrategies
from ttai_chains.rolls.rolled import Rolled
from ttai_chains.rolls.sheet import Asked, RollSheet
from ttai_chains.rolls.standing import Standing
from ttai_chains.rolls.ways import Sort, Strikes
from ttai_chains.service import Chains
from ttai_chains.settings import ChainsSettings
from ttai_chains.strategy.positions import Positions, underlying
from ttai_chains.strategy.studies import Given, Listed, brief
from ttai_chains.tools.arguments import Legs, Snapshot
from ttai_portfolio import Portfolio

MOST_EXPIRATIONS = 8  # read for an answer
Added = Annotated[int, Field(ge=0, le=1200)]


class RollTools:
    """Rolls of a position."""

    def __init__(self, host: Host, service: Chains, settings: ChainsSettings, portfolio: Portfolio | None) -> None:
        self._events = Events(host)
        self._clock = host.clock
        self._max_spread = settings.max_spread_percent
        self._service = service
        self._positions = Positions(host, service)
        self._held = HeldStrategies(portfolio)
        self._compute = host.tasks.compute

    async def find_rolls(
        self,
        legs: Legs = (),
        symbol: Annotated[str | None, Field(description="Alone: what you hold of it is rolled")] = None,
        account: Annotated[str | None, Field(description="Where it is held; number or nickname")] = None,
        min_days: Annotated[Added, Field(description="Days added; 0 also rolls within the expiration")] = 7,
        max_days: Added = 60,
        strikes: Annotated[
            Strikes, Field(description="away: same or further out of the money; widths are kept")
        ] = "away",
        max_debit: Annotated[float | None, Field(description="$ a share; 0: credits only; null: any")] = 0.0,
        max_delta: Annotated[float | None, Field(gt=0, le=1, description="Of what is sold, without sign")] = None,
        max_spread_percent: Annotated[float | None, Field(gt=0, le=1000, description="Of a leg's mid")] = None,
        sort: Sort = "credit",
        limit: Annotated[int, Field(ge=1, le=40)] = 10,
        snapshot: Snapshot = None,
    ) -> Rolls:
        """Find where to roll the short options of a position (with their wings): later expirations and other strikes
        with credit, delta, PoP and buying power, beside closing it and doing nothing. A leg's price is its opening
        price."""
        if min_days > max_days:
            raise BadArgument(f"min_days={min_days} is above max_days={max_days}", "Swap them")
        held = None if legs else await self._held.find(_named(symbol), account)
        legs = held.legs if held is not None else legs
        given = Given(underlying(legs, symbol), snapshot)
        listed = await self._positions.find(_checked(legs), given)
        rolled, kept = _parted(listed)
        read = rolled.legs[0].read
        said = list(held.notes) if held is not None else []
        chosen = _targets(read.chain, rolled, kept, (min_days, max_days), self._clock.now(), said)
        targets = await self._service.read_each(read.chain, chosen, said)
        european = is_european(read.chain.symbol)
        coming = await self._events.coming(read.chain.symbol, read.today)
        asked = Asked(strikes, max_debit, max_delta, max_spread_percent or self._max_spread, sort, limit)
        standing = Standing(
            tuple(listed), rolled, tuple(kept), coming, european, lambda those: self._positions.quoted(those, given)
        )
        sheet = RollSheet(standing, tuple(targets), asked, tuple(said))
        return await self._compute(sheet.answer)


def _named(symbol: str | None) -> str:
    """The underlying whose position is meant."""
    name = underlying((), symbol)
    if name is None:
        raise BadArgument("neither legs nor a symbol were sent", "Send the symbol of what is held, or legs")
    return name


def _checked(legs: Sequence[Leg]) -> Sequence[Leg]:
    """The legs, if there is something to roll among them."""
    for number, leg in enumerate(legs, 1):
        if leg.type != "stock" and leg.expiration is None:
            raise BadArgument(f"leg {number} has no expiration", "Send it with the leg, such as 2026-12-18")
    if not any(leg.type != "stock" and leg.quantity < 0 for leg in legs):
        raise BadArgument(
            "no option among the legs is sold, so there is none to buy back later",
            "A long option is rolled by closing it: analyze_strategy compares what to buy instead; below 0 is short",
        )
    return legs


def _parted(listed: Sequence[Listed]) -> tuple[Rolled, list[Listed]]:
    """The options of the first expiration in which something is sold, and all the rest."""
    sold = [one for one in listed if one.place is not None and one.leg.quantity < 0]
    first = min(sold, key=lambda one: one.read.quotes.years).read.quotes.expiration.key
    moves = [one.place is not None and one.read.quotes.expiration.key == first for one in listed]
    rolled = Rolled(tuple(one for one, move in zip(listed, moves, strict=True) if move))
    bare = [one for one in rolled.legs if not math.isfinite(one.quoted("ask" if one.leg.quantity < 0 else "bid"))]
    if bare:
        raise BadArgument(
            f"{brief(bare[0].leg)} of {bare[0].read.quotes.expiration.date} has no quote to close it at",
            "Ask again without snapshot, while the market is open",
        )
    return rolled, [one for one, move in zip(listed, moves, strict=True) if not move]


def _targets(
    chain: Chain, rolled: Rolled, kept: Sequence[Listed], added: tuple[int, int], now: datetime, said: list[str]
) -> list[Expiration]:
    """The expirations to look at, so many days later, before any option that stays; what is left out is said."""
    here = rolled.expiration
    first, last = (days_to_expiration(here.date, now) + days for days in added)
    stay = [one.read.quotes.expiration.date for one in kept if one.place is not None]
    end = min((day for day in stay if day > here.date), default=date.max)
    later = [one for one in on_each_day(chain.expirations) if one.key >= here.key and one.date < end]
    inside = within(later, now, first, last, len(later))
    if not inside:
        raise BadArgument(*_nothing(here, [one.date for one in later], added, end))
    chosen = within(later, now, first, last, MOST_EXPIRATIONS)
    if len(chosen) < len(inside):
        said.append(f"{len(chosen)} of {len(inside)} expirations in those days; narrow min_days, max_days")
    if end != date.max:
        said.append(f"a leg that stays expires on {end}: later expirations are not looked at")
    return chosen


def _nothing(here: Expiration, later: Sequence[date], added: tuple[int, int], end: date) -> tuple[str, str]:
    """What to say where nothing expires in those days."""
    until = "" if end == date.max else f" and before {end}, when a leg that stays expires"
    what = f"nothing expires {added[0]} to {added[1]} days after {here.date}{until}"
    days = [(day - here.date).days for day in later if day > here.date]
    if not days:
        return what, "There is no later expiration to roll into"
    near = min(days, key=lambda one: min(abs(one - added[0]), abs(one - added[1])))
    return what, f"The nearest does {near} days after: send min_days={min(near, added[0])}, max_days={near}"
