"""Single options as they are quoted now, whatever chain they are of: what somebody holds, with greeks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from cachetools import TTLCache

from ttai.clock import Clock
from ttai.errors import TtaiError
from ttai.market.metrics import Measured
from ttai.market.options import Settled
from ttai.market.quotes import from_row
from ttai.market.rows import seconds_left
from ttai.market.supervisor import Supervisor
from ttai.market.types import GreeksEvent, Quote, Quotes, Row
from ttai.quant.calendar import Calendar, days_to_expiration, years_until
from ttai.quant.symbols import MORNING_ROOTS, Option, is_european, underlying
from ttai.warm import warm

if TYPE_CHECKING:
    from ttai.quant.strategies.position import Setting

PART = 100  # symbols asked for at once
FIRST, GRACE, PATIENCE = 2.0, 0.5, 4.0  # s for the first greeks, after each, in all
SILENT_LIFE = 60.0  # s for which greeks that did not come are not waited for again
RATE = 0.04
PARITY = 0.005  # of the spot: so near to what exercise brings, an option deep in the money has no time value
YIELDS = 4.0  # s for the metrics: without dividend yields the model is a little off, and says so
GREEKS = ("delta", "gamma", "theta", "vega", "rho")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A listed option now: prices in dollars a share, greeks a share; None is unknown, `notes` say why.

    `years` is the time to its settlement, `rate` and `dividend_yield` continuous fractions a year, as `iv` is. What
    nobody quotes is there all the same, with nothing in its `quote`.
    `european` ones can't be exercised before they expire. `greeks` tells whose iv and greeks they are: the feed's
    ("stream"), else the model's at the volatility that makes its mark; theta is $ per calendar day, vega $ per
    volatility point, rho $ per 1 % of rate. An `adjusted` contract delivers something else and has none.
    """

    option: Option
    underlying: str
    quote: Quote
    spot: float | None
    settled: Settled
    years: float
    dte: int
    rate: float
    dividend_yield: float
    european: bool
    adjusted: bool
    greeks: Literal["stream", "model"] | None = None
    iv: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    rho: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        """The OCC's."""
        return self.option.occ

    @property
    def setting(self) -> "Setting | None":
        """What it is priced in; None while the underlying's price is unknown."""
        from ttai.quant.strategies.position import Setting

        return None if self.spot is None else Setting(self.spot, self.rate, self.dividend_yield, self.european)


@dataclass(frozen=True, slots=True)
class Contracts:
    """Options by OCC symbol, the quotes of their underlyings, why some have no quote, and what was assumed."""

    contracts: Mapping[str, Contract]
    underlyings: Mapping[str, Quote]
    missing: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Moment:
    """What is known of the market while contracts are read."""

    now: datetime
    calendar: Calendar
    rate: float
    spots: Mapping[str, float]
    yields: Mapping[str, float]

    def contract(self, option: Option, quote: Quote) -> Contract:
        """One option without its greeks."""
        name = underlying(option.root)
        adjusted = option.root[-1].isdigit()  # its underlying's price is not all that it delivers
        settled: Settled = "AM" if option.root in MORNING_ROOTS else "PM"
        years = years_until(self.calendar.settlement(option.expiration, settled), self.now)
        return Contract(
            option=option, underlying=name, quote=quote, spot=self.spots.get(name), settled=settled, years=years,
            dte=days_to_expiration(option.expiration, self.now), rate=self.rate,
            dividend_yield=self.yields.get(name, 0.0), european=is_european(name), adjusted=adjusted,
        )  # fmt: skip


class ContractReader:
    """Reads single options; their quotes linger in the hub, so that asking again is cheap."""

    def __init__(
        self,
        supervisor: Supervisor,
        clock: Clock,
        quotes: Callable[[Iterable[str]], Awaitable[Quotes]],
        metrics: Callable[[Iterable[str]], Awaitable[Measured]],
        rate: Callable[[], Awaitable[float]],
        is_open: Callable[[], bool],
    ) -> None:
        """`is_open` tells whether the exchange trades now: the feed's greeks of the night are of the close."""
        self._supervisor = supervisor
        self._clock = clock
        self._ask = quotes
        self._metrics = metrics
        self._rate = rate
        self._is_open = is_open
        self._silent: TTLCache[str, bool] = TTLCache(4096, SILENT_LIFE, timer=clock.monotonic)

    async def read(self, options: Sequence[Option], calendar: Calendar) -> Contracts:
        """These options, each once; what could not be had is in `missing` with its reason."""
        each = {option.occ: option for option in options}
        names = list(dict.fromkeys(underlying(option.root) for option in each.values() if _is_standard(option)))
        greeks = asyncio.create_task(self._hear([option for option in each.values() if _is_standard(option)]))
        try:
            (quotes, missing), (rate, said), yields = await asyncio.gather(
                self._quotes([*names, *each]), self._rate_or_usual(), self._yields(names)
            )
            heard = await greeks
        finally:
            greeks.cancel()
        spots = {name: price for name in names if (one := quotes.get(name)) and (price := one.mark or one.last)}
        moment = _Moment(self._clock.now(), calendar, rate, spots, yields)
        made = [moment.contract(option, quotes.get(occ) or _silence(occ)) for occ, option in each.items()]
        await warm("scipy.special")
        valued = await asyncio.to_thread(lambda: {one.symbol: _valued(one, heard.get(one.symbol)) for one in made})
        unknown = sorted({one.underlying for one in made if _is_standard(one.option)} - yields.keys())
        notes = [*said, *([f"dividend yield of {', '.join(unknown)} unknown: 0 assumed"] if unknown else [])]
        return Contracts(valued, {name: quotes[name] for name in names if name in quotes}, missing, tuple(notes))

    async def _quotes(self, symbols: Sequence[str]) -> tuple[dict[str, Quote], dict[str, str]]:
        """A hundred at a time, all at once; a part that fails altogether costs its symbols."""
        parts = [symbols[start : start + PART] for start in range(0, len(symbols), PART)]
        answers = await asyncio.gather(*map(self._ask, parts), return_exceptions=True)
        had: dict[str, Quote] = {}
        missing: dict[str, str] = {}
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, TtaiError):
                missing |= dict.fromkeys(part, answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                had |= {quote.symbol: quote for quote in answer.quotes}
                missing |= {one.symbol: one.reason for one in answer.missing}
        return had, missing

    async def _hear(self, options: Sequence[Option]) -> dict[str, GreeksEvent]:
        """The feed's greeks; none while the exchange is closed or the socket is down."""
        hub = self._supervisor.hub
        if not (self._is_open() and self._supervisor.fresh):
            return {}
        heard: dict[str, GreeksEvent] = {}
        streamers = [option.streamer for option in options]
        with hub.hold(streamers, (GreeksEvent,)):
            awaited = [name for name in streamers if name not in self._silent]
            limit = min(PATIENCE, seconds_left() / 2)
            await hub.wait_all(awaited, (GreeksEvent,), first=FIRST, grace=GRACE, timeout=limit)
            for option in options:
                line = hub.line(option.streamer)
                event = line.events.get(GreeksEvent) if line is not None else None
                if isinstance(event, GreeksEvent):
                    heard[option.occ] = event
                else:
                    self._silent[option.streamer] = True
        return heard

    async def _rate_or_usual(self) -> tuple[float, list[str]]:
        try:
            return await self._rate(), []
        except TtaiError:
            return RATE, [f"rate {RATE} a year assumed: TastyTrade's is not known"]

    async def _yields(self, names: Sequence[str]) -> dict[str, float]:
        """The dividend yields that are known; an underlying without dividends yields 0."""
        found: dict[str, float] = {}
        for start in range(0, len(names), PART):
            try:
                async with asyncio.timeout(YIELDS):
                    measured = await self._metrics(names[start : start + PART])
            except (TtaiError, TimeoutError):
                continue
            for one in measured.metrics:
                found[one.symbol] = (one.dividend.annual_yield if one.dividend else None) or 0.0
        return found


def _is_standard(option: Option) -> bool:
    """Whether it is an option on its underlying alone; the root of an adjusted one ends in a digit."""
    return not option.root[-1].isdigit()


def _silence(symbol: str) -> Quote:
    """The quote of what nobody quotes."""
    return from_row(Row(symbol), "")


def _valued(one: Contract, event: GreeksEvent | None) -> Contract:
    """With iv and greeks: the feed's where it has any, else the model's."""
    if one.adjusted:
        return replace(one, notes=("adjusted: it does not deliver 100 shares, iv and greeks null",))
    if one.years <= 0:
        return replace(one, notes=("settled already: iv and greeks null",))
    if event is not None and event.delta is not None and event.volatility:
        return _with(one, "stream", event.volatility, event)
    return _modelled(one)


def _modelled(one: Contract) -> Contract:
    """By the model: American where it can be exercised early, at the volatility that makes its mark."""
    from ttai.quant import american, pricing

    price, spot = one.quote.mark, one.spot
    if price is None or spot is None:
        return replace(one, notes=(f"iv and greeks null: no {'mark' if price is None else 'price of the underlying'}",))
    is_call, strike = one.option.type == "C", float(one.option.strike)
    terms = (strike, one.years, one.rate, one.dividend_yield)
    try:
        if one.european and (why := pricing.no_volatility(is_call, price, spot, *terms)):
            return replace(one, notes=(f"iv and greeks null: {why}",))
        model = pricing if one.european else american
        iv = float(model.implied_volatility(is_call, price, spot, *terms))
        found = model.greeks(is_call, spot, strike, one.years, iv, one.rate, one.dividend_yield)
    except ValueError as error:
        inside = (spot - strike) * (1 if is_call else -1)
        if inside > 0 and abs(price - inside) < PARITY * spot:  # it moves as the stock does, whatever half a cent says
            still = american.Greeks(1.0 if is_call else -1.0, 0.0, 0.0, 0.0, 0.0)
            return _with(replace(one, notes=("iv null: no time value, its delta counts as 1",)), "model", None, still)
        return replace(one, notes=(f"iv and greeks null: {error}",))
    return _with(one, "model", iv, found)


def _with(one: Contract, whose: Literal["stream", "model"], iv: float | None, found: object) -> Contract:
    told = {greek: None if (value := getattr(found, greek)) is None else float(value) for greek in GREEKS}
    return replace(one, greeks=whose, iv=iv, **told)  # type: ignore[arg-type]
