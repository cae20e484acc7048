"""What the contracts of an expiration are quoted: from the stream, else from REST; greeks from the feed, else ours."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttai.clock import Clock
from ttai.errors import TookTooLong, TtaiError
from ttai.market.options import Expiration, ExpirationQuotes, middle
from ttai.market.ports import Gate
from ttai.market.rows import seconds_left
from ttai.market.supervisor import Supervisor
from ttai.market.types import OPTION_KINDS, GreeksEvent, Kind, QuoteEvent, Row, Source, SummaryEvent, TradeEvent
from ttai.quant import pricing
from ttai.quant.calendar import Calendar, years_until
from ttai.quant.smile import chain_volatility, parity_forward
from ttai.warm import warm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

OPENING = 3.0  # s for the first socket, which a program just started waits for
FIRST = 2.0  # s for the first contract of a subscription
GRACE = 0.5  # s without another one after which no more are waited for
PATIENCE = 6.0  # s before REST is asked for the rest
BESIDE = 2  # strikes each side of the price that say what is at the money: one may lack its quotes
PART = 100  # contracts a request of REST takes
LAST_PART = 1.5  # s of a call's time that one more of them needs
RATE = 0.04
MOST_CARRY = 0.1  # a year: what parts spot and forward by more is quotes of another moment, or a future's
ASSUMED = f"rate {RATE} a year assumed: TastyTrade's is not known"
QUOTED: tuple[Kind, ...] = (QuoteEvent,)
WHOLE: tuple[Kind, ...] = (QuoteEvent, SummaryEvent, GreeksEvent)  # not all of them were ever traded
_GREEKS = ("delta", "gamma", "theta", "vega", "rho")


@dataclass
class _Heard:
    """What is known of each contract by its OCC symbol; `failed` is why REST gave no more."""

    rows: dict[str, Row] = field(default_factory=dict)
    greeks: dict[str, GreeksEvent] = field(default_factory=dict)
    source: Source = "stream"
    failed: TtaiError | None = None


@dataclass(frozen=True)
class _Moment:
    """What holds of the underlying while its options are read."""

    spot: float
    rate: float
    calendar: Calendar
    notes: tuple[str, ...]


class ChainReader:
    """Reads options by the hundred: they come and go with a chain, where a quote is asked for again and again."""

    def __init__(
        self,
        gate: Gate,
        supervisor: Supervisor,
        clock: Clock,
        rate: Callable[[], Awaitable[float]],
        is_open: Callable[[], bool],
    ) -> None:
        """`is_open` tells whether the exchange trades now."""
        self._gate = gate
        self._is_open = is_open
        self._supervisor = supervisor
        self._clock = clock
        self._rate = rate

    async def whole(
        self, expiration: Expiration, spot: Callable[[], Awaitable[float]], calendar: Calendar
    ) -> ExpirationQuotes:
        """All contracts of an expiration, with greeks; raises why none of them could be had."""
        heard = await self._hear(list(_names(expiration, range(len(expiration.strikes)))), OPTION_KINDS, WHOLE)
        moment = await self._moment(spot, calendar)
        return self._quotes(expiration, slice(None), heard, moment)

    async def beside(
        self, expirations: Sequence[Expiration], spot: Callable[[], Awaitable[float]], calendar: Calendar
    ) -> list[ExpirationQuotes]:
        """Of each expiration the strikes beside the price, at one moment; raises why none could be had."""
        price = await spot()
        places = [_beside(one, price) for one in expirations]
        names = [
            name
            for one, part in zip(expirations, places, strict=True)
            for name in _names(one, range(*part.indices(len(one.strikes))))
        ]
        heard = await self._hear(names, QUOTED, QUOTED)
        moment = await self._moment(spot, calendar)
        return [self._quotes(one, part, heard, moment) for one, part in zip(expirations, places, strict=True)]

    async def _moment(self, spot: Callable[[], Awaitable[float]], calendar: Calendar) -> _Moment:
        await warm("scipy.special")
        price = await spot()
        try:
            return _Moment(price, await self._rate(), calendar, ())
        except TtaiError:
            return _Moment(price, RATE, calendar, (ASSUMED,))

    async def _hear(self, names: list[tuple[str, str]], kinds: Sequence[Kind], awaited: Sequence[Kind]) -> _Heard:
        """The contracts' last values; those the stream does not quote in time are asked of REST."""
        hub, time = self._supervisor.hub, seconds_left()
        streamers = [streamer for _, streamer in names if streamer]
        if self._supervisor.opening and not hub.live:
            with suppress(TimeoutError):
                async with asyncio.timeout(OPENING):
                    await hub.opened.wait()
        heard = _Heard(source=hub.source)  # the socket says whose it is
        with hub.hold(streamers, kinds):
            if self._supervisor.fresh:
                limit = min(PATIENCE, seconds_left() / 2)
                await hub.wait_all(streamers, awaited, first=FIRST, grace=GRACE, timeout=limit)
            if self._supervisor.fresh:
                for symbol, streamer in names:
                    self._take(heard, symbol, streamer, with_greeks=GreeksEvent in kinds)
        if silent := [symbol for symbol, _ in names if symbol not in heard.rows]:
            await self._ask(heard, silent, time)
        if heard.failed and not heard.rows:
            raise heard.failed
        return heard

    def _take(self, heard: _Heard, symbol: str, streamer: str, *, with_greeks: bool) -> None:
        """What the stream says of one contract; the greeks that linger from another question only where asked for."""
        if (line := self._supervisor.hub.line(streamer)) is None or (quote := line.events.get(QuoteEvent)) is None:
            return
        trade, summary, greeks = (line.events.get(kind) for kind in (TradeEvent, SummaryEvent, GreeksEvent))
        heard.rows[symbol] = Row(
            symbol,
            bid=getattr(quote, "bid", None),
            ask=getattr(quote, "ask", None),
            volume=getattr(trade, "day_volume", None),
            open_interest=getattr(summary, "open_interest", None),
        )
        if isinstance(greeks, GreeksEvent) and with_greeks:
            heard.greeks[symbol] = greeks

    async def _ask(self, heard: _Heard, symbols: list[str], time: float) -> None:
        """REST's rows, a hundred at once as long as the call's time lasts, so many s; what fails is kept in mind."""
        port = await self._gate.market()
        for start in range(0, len(symbols), PART):
            if seconds_left() < LAST_PART:
                heard.failed = heard.failed or TookTooLong(time)
                return
            answer = await port.rows(symbols[start : start + PART])
            if not heard.rows and answer.rows:
                heard.source = next(iter(answer.rows.values())).source
            heard.rows.update(answer.rows)
            heard.failed = next(iter(answer.failed.values()), heard.failed)

    def _quotes(self, one: Expiration, part: slice, heard: _Heard, moment: _Moment) -> ExpirationQuotes:
        """The columns of an expiration's strikes, or of a part of them."""
        import numpy as np

        strikes, now = one.strikes[part], self._clock.now()
        symbols = [list(names)[part] for names in one.symbols]
        rows = [[heard.rows.get(symbol) for symbol in side] for side in symbols]
        missing = sum(bool(name) and name not in heard.rows for side in symbols for name in side)
        bid, ask, open_interest, volume = (
            np.array([[np.nan if (n := getattr(row, name, None)) is None else n for row in side] for side in rows])
            for name in ("bid", "ask", "open_interest", "volume")
        )
        years = years_until(moment.calendar.settlement(one.date, one.settled), now)
        mids = middle(bid, ask)
        forward = parity_forward(strikes, mids, moment.spot, years, moment.rate)
        notes = moment.notes
        if forward is None:
            forward = moment.spot * float(np.exp(moment.rate * years))
            notes = (*notes, "no strike near the price has two-sided quotes: the forward is the price at the rate")
        model = _model(one, strikes, mids, moment, forward, years)
        # The feed's greeks of the night are of the close, and so are the mids: with the time that is left since, only
        # volatilities made of both agree with the prices.
        told = heard.greeks if years > 0 and not one.adjusted and self._is_open() else {}
        streamed = _stream(model, symbols, told)
        return ExpirationQuotes(
            expiration=one, as_of=now, source=heard.source, spot=moment.spot, forward=forward, years=years,
            rate=moment.rate, strikes=strikes, bid=bid, ask=ask, open_interest=open_interest, volume=volume,
            streamed=streamed, missing=missing, failed=heard.failed.message if heard.failed else None, notes=notes,
            **model,
        )  # fmt: skip


def _names(one: Expiration, places: Iterable[int]) -> Iterable[tuple[str, str]]:
    """The OCC's and the feed's name of every contract at these strikes."""
    for symbols, streamers in zip(one.symbols, one.streamers, strict=True):
        yield from ((symbols[n], streamers[n]) for n in places if symbols[n])


def _beside(one: Expiration, spot: float) -> slice:
    """Where the strikes beside a price are: as many at or below it as above."""
    above = int(one.strikes.searchsorted(spot, "right"))
    first = min(max(above - BESIDE, 0), max(len(one.strikes) - 2 * BESIDE, 0))
    return slice(first, first + 2 * BESIDE)


def _model(
    one: Expiration, strikes: "Numbers", mids: "Numbers", moment: _Moment, forward: float, years: float
) -> "dict[str, Numbers]":
    """Volatilities and greeks from the mids; unknown for an adjusted contract and for what is settled."""
    import numpy as np

    if one.adjusted or years <= 0:
        return {name: np.full(mids.shape, np.nan) for name in ("iv", *_GREEKS)}
    dividend_yield = moment.rate - float(np.log(forward / moment.spot)) / years
    # After hours the price moves and the quotes do not: as a yield, the gap would be earned as theta.
    if abs(dividend_yield - moment.rate) > MOST_CARRY:
        dividend_yield = moment.rate
    market = (forward * float(np.exp((dividend_yield - moment.rate) * years)), strikes, years)
    iv = np.tile(chain_volatility(strikes, mids, *market[::2], moment.rate, dividend_yield), (2, 1))
    greeks = pricing.greeks(np.array([[True], [False]]), *market, iv, moment.rate, dividend_yield)
    return {"iv": iv, **greeks._asdict()}


def _stream(
    model: "dict[str, Numbers]", symbols: Sequence[Sequence[str]], greeks: dict[str, GreeksEvent]
) -> "NDArray[np.bool_]":
    """Put the feed's greeks in the place of the model's where it has any; where that was."""
    import numpy as np

    streamed = np.zeros(model["iv"].shape, dtype=bool)
    for side, names in enumerate(symbols):
        for place, name in enumerate(names):
            event = greeks.get(name)
            if event is None or event.delta is None or not (event.volatility and event.volatility > 0):
                continue
            streamed[side, place] = True
            model["iv"][side, place] = event.volatility
            for greek in _GREEKS:
                value = getattr(event, greek)
                model[greek][side, place] = np.nan if value is None else value
    return streamed
