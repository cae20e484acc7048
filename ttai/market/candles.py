"""Price history: the feed's candles, kept per symbol and interval and brought up to date instead of fetched anew."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime, time
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

from ttai.clock import Clock, time_left
from ttai.errors import BrokerUnavailable, NoHistory, NotFound, RateLimited, Stopping, TookTooLong
from ttai.market.archive import Archive, Kept
from ttai.market.book import MOST_SUBSCRIBED, Book
from ttai.market.intervals import DEPTHS
from ttai.market.ports import Gate, MarketPort
from ttai.market.series import Series
from ttai.market.supervisor import NOT_STARTED, Supervisor
from ttai.market.ticker import Ticker
from ttai.market.types import CandleEvent, History
from ttai.quant import symbols as spelling
from ttai.quant.intervals import Interval
from ttai.warm import warm

if TYPE_CHECKING:
    import polars as pl

WHOLE = 300.0  # s for all, waiting for a turn included, where no call's deadline says less
FIRST = 0.5  # s after which a symbol without a single candle is looked up
PATIENCE = 20.0  # s a snapshot may take, once it is asked for
OPENING = 8.0  # s to wait for the socket
BRIEF = 4.0  # s for either, where there is something to answer with
LOST = 30.0  # s after which a snapshot that did not end never will
MARGIN = 3.0  # s of a call's time kept for answering with what there is
CLOSING = 0.5  # s to finish writing
GRACE = 7 * 86_400_000  # ms without a bar that are no lack of bars: a week has one, and in 2001 six days had none


class Candles:
    """The history of symbols; at most a hundred series are fetched and subscribed at once, others wait their turn."""

    def __init__(
        self,
        gate: Gate,
        supervisor: Supervisor,
        book: Book,
        archive: Archive,
        clock: Clock,
        ticker: Ticker,
    ) -> None:
        """`ticker` knows which symbols do not exist: the feed just says nothing."""
        self._gate = gate
        self._supervisor = supervisor
        self._hub = supervisor.hub
        self._book = book
        self._archive = archive
        self._clock = clock
        self._ticker = ticker
        self._slots = asyncio.Semaphore(MOST_SUBSCRIBED)
        self._fetching: set[asyncio.Task[Any]] = set()
        self._keeping: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Tell who waits that it is over; let what is being written down be written, for a moment, then give all up."""
        self._book.forget(Stopping())
        if tasks := [*self._fetching, *self._keeping]:
            await asyncio.wait(tasks, timeout=CLOSING)
        await _end(*tasks)

    async def history(
        self,
        symbol: str,
        interval: Interval,
        start: datetime,
        end: datetime | None,
        *,
        bars: int | None,
        extended: bool,
        session: str,
    ) -> History:
        """The bars of a symbol (the project's spelling) that begin from `start` to `end`, or on: the newest `bars`.

        Raises UnknownSymbol, NotFound where there are no bars, BrokerUnavailable where nothing is to be had. What
        can't be brought up to date in time is answered as it is, stale.
        """
        self._ticker.refuse_unknown(symbol)
        await warm("talib")  # with polars and numpy: the first indicator is never far
        port = await self._gate.market()
        series = self._book.find(
            spelling.candle_symbol(symbol, interval.name, extended=extended), traded=not self._ticker.is_index(symbol)
        )
        daily = interval.name == "1d" and not extended
        asked = _ms(start)
        why: str | None = None
        try:
            with series.used():
                async with asyncio.timeout(max(0.0, time_left(WHOLE) - MARGIN)):
                    if daily and series.since is None:
                        await self._recall(series, port.origin)
                    first = min(asked, _ms(self._clock.now() - DEPTHS[interval.name]))
                    await self._bring_up(series, symbol, first, asked)
        except TimeoutError:
            why = self._supervisor.problem or "its history did not come in time"
        except BrokerUnavailable as error:
            why = error.message
        if why is None and series.empty:
            why = "the feed told nothing newer"
        if daily and why is None:
            self._keep(series, port)
        frame, notes = self._found(series, symbol, interval, (asked, None if end is None else _ms(end), bars), why)
        return History(
            symbol=symbol,
            interval=interval.name,
            extended=extended,
            frame=frame,
            as_of=series.at or min(self._clock.now(), interval.ends(frame["time"][-1])),
            source=self._hub.source if series.at is not None else "simulator" if series.simulated else "cache",
            session=session,
            stale=why is not None or not self._supervisor.fresh,
            notes=notes,
        )

    async def _bring_up(self, series: Series, symbol: str, want: int, asked: int) -> None:
        """Fetch what is missing, once for all who ask: again where what was under way did not reach so far."""
        if self._book.is_current(series) and series.covers(asked):
            with self._hub.hold([series.symbol], [CandleEvent]):
                return  # it lingers from now on
        for _ in range(3):
            known = series.covers(asked)
            if series.flight is None or series.flight.done():
                # In a context of its own: the deadline of whoever happened to be first is not the others'.
                series.brief = known
                series.flight = self._begin(self._fetch(series, symbol, want), self._fetching)
            was_brief = series.brief
            try:
                async with asyncio.timeout(BRIEF + FIRST if known else None):
                    await asyncio.shield(series.flight)
            except TimeoutError:
                if known or not was_brief:
                    raise
            if series.covers(asked) or series.empty:
                return

    def _begin(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[Any]]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, context=Context())
        among.add(task)
        task.add_done_callback(among.discard)
        task.add_done_callback(lambda one: one.cancelled() or one.exception())  # nobody may be waiting for it any more
        return task

    async def _fetch(self, series: Series, symbol: str, want: int) -> None:
        """The fetch, given up once the series is."""
        fetching = asyncio.create_task(self._subscribe(series, symbol, want))
        gone = asyncio.create_task(series.gone.wait())
        try:
            await asyncio.wait({fetching, gone}, return_when=asyncio.FIRST_COMPLETED)
            if series.failure:
                raise series.failure
            await fetching
        finally:
            await _end(fetching, gone)

    async def _subscribe(self, series: Series, symbol: str, want: int) -> None:
        """Wait for the snapshot that is under way, else for one of a new subscription."""
        known = series.frame is not None and len(series.frame)
        down = self._supervisor.problem not in (None, NOT_STARTED)  # it is being opened again, if it can be
        async with asyncio.timeout(FIRST if known and down else BRIEF if known else OPENING):
            await self._hub.opened.wait()
        async with self._slots:
            series.want = want
            if self._book.is_live(series):
                self._book.release([series])
            if not self._book.subscribes(series):
                self._book.make_room()
            if series.ready.is_set():
                series.expect()
            with self._hub.hold([series.symbol], [CandleEvent]):
                try:
                    async with asyncio.timeout(BRIEF if series.brief else PATIENCE):
                        await self._told(series, symbol)
                except TimeoutError:
                    if monotonic() - series.asked_at > LOST:  # the rest of it: the next question subscribes anew
                        self._book.release([series])
                    raise

    async def _told(self, series: Series, symbol: str) -> None:
        """Until the snapshot is in; raises UnknownSymbol, and BrokerUnavailable where it will never come."""
        ready = asyncio.create_task(series.ready.wait())
        doubting = asyncio.create_task(self._doubt(series, symbol))
        try:
            await asyncio.wait({ready, doubting}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                doubting.result()
        finally:
            await _end(ready, doubting)
        if series.frame is None or not len(series.frame):
            await self._ticker.look_up(symbol)

    async def _doubt(self, series: Series, symbol: str) -> NoReturn:
        """Raise once it is known why a feed stays silent."""
        await asyncio.sleep(FIRST)
        if series.partial is None:
            with suppress(BrokerUnavailable, RateLimited, TookTooLong):
                await self._ticker.look_up(symbol)
        while True:
            if self._hub.rejects(series.symbol):
                raise BrokerUnavailable(f"the market data socket ends when candles of {symbol} are asked for")
            await asyncio.sleep(FIRST)

    async def _recall(self, series: Series, origin: str) -> None:
        """Begin with the days that were kept."""
        kept = await self._archive.load(origin, series.symbol)
        if kept is not None and len(kept.frame) and series.since is None:
            series.seed(kept.frame, kept.since)
            series.kept, series.simulated = (kept.since, kept.until), kept.simulated

    def _keep(self, series: Series, port: MarketPort) -> None:
        """Write down, in the background, the whole days that are not kept yet."""
        if series.writing is None or series.writing.done():
            series.writing = self._begin(self._write(series, port), self._keeping)

    async def _write(self, series: Series, port: MarketPort) -> None:
        while days := self._due(series, simulated=port.simulated):
            anew = series.restated
            if not await self._archive.keep(port.origin, series.symbol, days, anew=anew):
                return
            series.kept = (days.since, days.until)
            series.restated = series.restated and not anew

    def _due(self, series: Series, *, simulated: bool) -> Kept | None:
        """What is to be written down; nothing while the newest snapshot leaves days in doubt."""
        import polars as pl

        frame, since = series.frame, series.since
        if frame is None or since is None or series.empty:
            return None
        today = _ms(datetime.combine(self._clock.new_york().date(), time(), UTC))
        if not series.restated and series.kept and series.kept[0] <= since and series.kept[1] >= today:
            return None
        return Kept(frame.filter(pl.col("time") < today), since, today, simulated)

    def _found(
        self, series: Series, symbol: str, interval: Interval, span: tuple[int, int | None, int | None], why: str | None
    ) -> tuple["pl.DataFrame", tuple[str, ...]]:
        """The newest so many bars of a span, and what must be said of them; `why` they were not brought up to date."""
        import polars as pl

        asked, end, most = span
        notes = [] if why is None else [f"stale: {why}"]
        frame, partial = series.frame, series.partial
        if partial is not None and not series.covers(asked) and (frame is None or len(partial) > len(frame)):
            frame = partial
        if frame is not None and len(frame):
            first, newest = int(frame["time"][0]), int(frame["time"][-1])
            frame = frame.filter(pl.col("time").is_between(asked, end) if end else pl.col("time") >= asked)
            if len(frame) and frame["time"][-1] == newest:
                frame = _begun(frame, notes)
            frame = frame if most is None else frame.tail(most)
            whole = series.covers(asked) and (series.since or 0) <= asked and first <= asked + GRACE
            if not whole and (most is None or len(frame) < most):
                notes.append(f"the feed gave bars only from {_date(first)} on")
            elif most is not None and len(frame) < most:
                notes.append(f"{len(frame)} bars, not {most}: there are no more since {_date(asked)}")
        if frame is None or not len(frame):
            if why is not None:
                raise NoHistory(symbol, why)
            said = "".join(f"; {note}" for note in notes)
            raise NotFound(
                f"there are no {interval.name} bars of {symbol} in that time{said}",
                "Ask for a time with sessions: not a weekend, a holiday, or before the bars begin",
            )
        if series.unreadable:
            notes.append(f"bars that could not be read and are left out: {series.unreadable}")
        return frame.with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC"))), tuple(notes)


def _begun(frame: "pl.DataFrame", notes: list[str]) -> "pl.DataFrame":
    """Without the newest bar, where nothing was traded in it yet."""
    newest = frame.row(-1)
    if any(newest[1:5]) or newest[5]:
        return frame
    notes.append("the newest bar has no price yet and is left out")
    return frame.head(-1)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel those that are still running; their ends are nobody's."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _date(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
