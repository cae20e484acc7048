"""Price history: the feed's candles, kept per symbol and interval and brought up to date instead of fetched anew."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from ttai.clock import Clock, time_left
from ttai.errors import BrokerUnavailable, NotFound
from ttai.market.archive import Archive, Kept
from ttai.market.book import MOST_AT_ONCE, Book
from ttai.market.intervals import Interval
from ttai.market.ports import Gate
from ttai.market.series import Series
from ttai.market.supervisor import Supervisor
from ttai.market.types import CandleEvent, History
from ttai.quant import symbols as spelling
from ttai.quant.bars import DAY_MS
from ttai.warm import warm

if TYPE_CHECKING:
    import polars as pl

WHOLE = 300.0  # s for all, waiting for a turn included, where no call's deadline says less
FIRST = 0.5  # s after which a symbol without a single candle is looked up
PATIENCE = 20.0  # s a snapshot may take, once it is asked for
OPENING = 8.0  # s to wait for the socket
MARGIN = 3.0  # s of a call's time kept for answering with what there is
RECENT = 7 * DAY_MS  # days that may still be corrected


class Candles:
    """The history of symbols; at most a hundred series are fetched and subscribed at once, others wait their turn."""

    def __init__(
        self,
        gate: Gate,
        supervisor: Supervisor,
        book: Book,
        archive: Archive,
        clock: Clock,
        look_up: Callable[[str], Awaitable[object]],
    ) -> None:
        """`look_up` raises UnknownSymbol for what does not exist: the feed just says nothing."""
        self._gate = gate
        self._supervisor = supervisor
        self._hub = supervisor.hub
        self._book = book
        self._archive = archive
        self._clock = clock
        self._look_up = look_up
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._keeping: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give up what is still being written down."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def kept(self) -> None:
        """Until what was heard is written down."""
        await asyncio.gather(*self._keeping)

    async def history(
        self, symbol: str, interval: Interval, start: datetime, end: datetime | None, *, extended: bool, session: str
    ) -> History:
        """The bars of a symbol (the project's spelling) that begin from `start` to `end`, or on.

        Raises UnknownSymbol, NotFound where there are no bars, BrokerUnavailable where nothing is to be had. What
        can't be brought up to date in time is answered as it is, stale.
        """
        await warm("talib")  # with polars and numpy: the first indicator is never far
        origin = (await self._gate.market()).origin
        series = self._book.find(
            spelling.candle_symbol(symbol, interval.name, extended=extended), traded=spelling.kind(symbol) != "index"
        )
        daily = interval.name == "1d" and not extended
        asked = _ms(start)
        why: str | None = None
        try:
            async with asyncio.timeout(max(0.0, time_left(WHOLE) - MARGIN)), series.lock:
                if daily and series.since is None:
                    await self._recall(series, origin)
                await self._bring_up(series, symbol, min(asked, _ms(self._clock.now() - interval.depth)), asked)
        except TimeoutError:
            why = self._supervisor.problem or "its history did not come in time"
        if daily and why is None:
            self._keep(series, origin)
        frame, notes = self._found(series, symbol, interval, (asked, None if end is None else _ms(end)), why)
        return History(
            symbol=symbol,
            interval=interval.name,
            extended=extended,
            frame=frame,
            as_of=series.at or _moment(frame["time"][-1]),
            source=self._hub.source if series.at is not None else "cache",
            session=session,
            stale=why is not None or not self._supervisor.fresh,
            notes=notes,
        )

    async def _bring_up(self, series: Series, symbol: str, want: int, asked: int) -> None:
        """Fetch what is missing; once more where the newest bars show that the older ones were restated."""
        if self._book.is_current(series) and series.covers(asked):
            with self._hub.hold([series.symbol], [CandleEvent]):
                return  # it lingers from now on
        for _ in range(2):
            series.want = min(want, series.want or want)
            await self._fetch(series, symbol)
            if series.covers(asked):
                return

    async def _fetch(self, series: Series, symbol: str) -> None:
        if self._hub.rejects(series.symbol):
            raise BrokerUnavailable(f"the market data socket ends when candles of {symbol} are asked for")
        async with self._slots:
            self._book.make_room()
            series.expect()
            self._book.release([series])
            with self._hub.hold([series.symbol], [CandleEvent]):
                async with asyncio.timeout(OPENING):
                    await self._hub.opened.wait()
                async with asyncio.timeout(PATIENCE):
                    await self._settled(series, symbol)

    async def _settled(self, series: Series, symbol: str) -> None:
        try:
            async with asyncio.timeout(FIRST) as first:
                await series.ready.wait()
        except TimeoutError:
            if not first.expired():
                raise
            if series.partial is None:
                await self._look_up(symbol)
            await series.ready.wait()
        if series.frame is None or not len(series.frame):
            await self._look_up(symbol)

    async def _recall(self, series: Series, origin: str) -> None:
        """Begin with the days that were kept."""
        kept = await self._archive.load(origin, series.symbol)
        if kept is not None and len(kept.frame):
            series.seed(kept.frame, kept.since)
            series.kept = (kept.since, kept.until)

    def _keep(self, series: Series, origin: str) -> None:
        """Write down, in the background, the whole days that are not kept yet."""
        import polars as pl

        frame, since = series.frame, series.since
        if frame is None or since is None:
            return
        today = _ms(datetime.combine(self._clock.new_york().date(), time(), UTC))
        kept = None if series.restated else series.kept
        if kept is not None and kept[0] <= since and kept[1] >= today:
            return
        past = pl.col("time") < today
        if kept is not None:  # not what is there already, but for the days that may have been corrected
            past &= (pl.col("time") < kept[0]) | (pl.col("time") >= kept[1] - RECENT)
        new = Kept(frame.filter(past), since, today)
        series.kept = (since, today)
        task = asyncio.create_task(self._archive.keep(origin, series.symbol, new, anew=kept is None))
        series.restated = False
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    def _found(
        self, series: Series, symbol: str, interval: Interval, span: tuple[int, int | None], why: str | None
    ) -> tuple["pl.DataFrame", tuple[str, ...]]:
        """The bars of a span, and what must be said of them; `why` they were not brought up to date."""
        import polars as pl

        asked, end = span
        frame = series.frame
        if why is not None and not series.covers(asked):
            frame = series.partial if series.partial is not None else frame
        if frame is not None:
            frame = frame.filter(pl.col("time").is_between(asked, end) if end else pl.col("time") >= asked)
        if frame is None or not len(frame):
            if why is not None:
                raise BrokerUnavailable(f"no history of {symbol}: {why}")
            raise NotFound(f"there are no {interval.name} bars of {symbol} in that time", "Ask for an earlier start")
        notes = [] if why is None else [f"stale: {why}"]
        if why is not None and not series.covers(asked):
            notes.append(f"only the newest bars came, from {_moment(frame['time'][0]):%Y-%m-%d} on")
        if series.unreadable:
            notes.append(f"{series.unreadable} bars could not be read and are left out")
        return frame.with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC"))), tuple(notes)


def _moment(time: "int | datetime") -> datetime:
    return time if isinstance(time, datetime) else datetime.fromtimestamp(time / 1000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
