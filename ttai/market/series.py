"""The bars of one candle symbol: what was kept, what a snapshot brought, what came since."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from time import monotonic
from typing import TYPE_CHECKING

from ttai.errors import TtaiError
from ttai.market.types import UNREADABLE, CandleEvent

if TYPE_CHECKING:
    import polars as pl

# dxFeed's event flags, https://docs.dxfeed.com/dxfeed/api/com/dxfeed/event/IndexedEvent.html
PENDING, REMOVE, BEGIN, END, SNIP = 0x01, 0x02, 0x04, 0x08, 0x10
OVERLAP = 5  # bars asked for once more: they tell whether the history was restated, as after a split
RESTATED = 1e-4  # by how much, relative, an old close may differ

COLUMNS = ("open", "high", "low", "close", "volume")
Row = tuple[float | None, ...]


class Series:
    """Bars by their beginning (ms since the epoch), whole from `since` on, while `ready`.

    A subscription is asked for, begins, ends and is live. Rows before its beginning are the one's before and are
    dropped; whoever wants another one waits until it is live, or the two could not be told apart.
    """

    def __init__(self, symbol: str, *, traded: bool) -> None:
        """`symbol` is the feed's; what is not `traded` (an index) has no volume, whatever the feed says."""
        self.symbol = symbol
        self.flight: asyncio.Task[None] | None = None  # the fetch that all who ask wait for
        self.brief = False  # it will not be waited for long
        self.writing: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()  # the snapshot that was asked for is in
        self.gone = asyncio.Event()  # it never will be
        self.failure: TtaiError | None = None  # why
        self.users = 0  # questions that are being answered from it
        self.empty = False  # the newest snapshot brought nothing: what is here may lack days
        self.asked_at = 0.0  # monotonic, of the newest subscription
        self.since: int | None = None
        self.want = 0  # from when the fetch is to reach
        self.socket = 0  # the one the last snapshot came from
        self.day: date | None = None  # New York's when it was in
        self.at: datetime | None = None  # when what is here was last confirmed
        self.unreadable = 0
        self.kept: tuple[int, int] | None = None  # from when to before when it is written down
        self.simulated = False  # what was written down is a simulator's
        self.restated = False  # what was written down is no longer what the feed says
        self._traded = traded
        self._asked = 0
        self._cut_at: int | None = None  # asked from here, the feed cut its answer short
        self._compare: int | None = None  # a bar that was told before the last snapshot ended
        self._frame: pl.DataFrame | None = None
        self._incoming: dict[int, Row | None] | None = None
        self._left: dict[int, Row | None] = {}  # of snapshots that sockets did not live to end
        self._ending = 0
        self._unread = 0
        self._marker: int | None = None  # where the snapshot says that it was asked from
        self._live: dict[int, Row | None] = {}
        self._pending = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Answer a question from it; when the last of those who ask leaves, nobody needs the fetch."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            if not self.users and self.flight is not None:
                self.flight.cancel()
                self.flight = None

    def seed(self, frame: "pl.DataFrame", since: int) -> None:
        """Begin with bars that were kept."""
        self._frame, self.since = frame, since
        self._remember(frame)

    def expect(self) -> None:
        """What comes now is of the subscription before, until another begins."""
        _ = self.frame  # what came of it until now is taken in
        self.ready.clear()
        self._left = self._unfinished
        self._incoming = None

    def fail(self, why: TtaiError) -> None:
        """Nobody need wait any more."""
        self.failure = why
        self.gone.set()

    def ask(self) -> int:
        """From when bars must be asked for: from where they are wanted, or just the newest where the rest is here."""
        self.expect()
        self.asked_at = monotonic()
        self._asked = self.want
        if self.covers(self.want) and self._compare is not None:
            self._asked = max(self.want, self._compare)
        return self._asked

    def covers(self, start: int) -> bool:
        """Whether the bars reach back so far, or as far as the feed gives them."""
        return self.since is not None and (self.since <= start or (self._cut_at is not None and self._cut_at <= start))

    def take(self, event: CandleEvent, at: datetime) -> None:
        """Take in one candle."""
        flags = event.flags
        if flags & BEGIN:
            self._incoming, self._ending, self._unread, self._marker = {}, 0, 0, None
        elif self._incoming is None and not self.ready.is_set():
            return
        rows = self._live if self._incoming is None else self._incoming
        row = event[3:] if self._traded else (*event[3:7], None)
        if all(price is None for price in row[:4]) and flags & (BEGIN | END | SNIP):
            rows.setdefault(event.time, None)  # it marks where the snapshot ends, where a bar may have begun
            self._marker = event.time if flags & END else self._marker
        elif event.time == UNREADABLE:
            self._unread += 1
        elif flags & REMOVE:
            rows[event.time] = None
        else:
            rows[event.time] = row
        self._pending = bool(flags & PENDING)
        if self._incoming is None:
            self.at = at
            self.unreadable, self._unread = self.unreadable + self._unread, 0
            return
        self._ending |= flags & (END | SNIP)
        if self._ending and not self._pending:
            self._settle(self._incoming)
            self.at = at

    def _settle(self, incoming: Mapping[int, Row | None]) -> None:
        """The snapshot is whole: it holds from where it was asked for, or from its first bar where it was cut short."""
        new, old, since = _merged(None, incoming), self.frame, self.since
        # The mark of one that was asked for before, and came late, is later than what was asked last.
        start = self._asked if self._marker is None else max(self._asked, self._marker)
        start = int(new["time"][0]) if self._ending & SNIP and len(new) else start
        self.empty = not len(new) and old is not None and len(old) > 0
        if old is not None and since is not None and since < start and len(new):
            self._append(old, new, start)
        elif len(new) or old is None or not len(old):  # an answer of nothing takes nothing away
            self._frame, self.since, self.unreadable = new, start, self._unread
            self._cut_at = self._asked if self._ending & SNIP else None
        self._incoming, self._live, self._left = None, {}, {}
        self._remember(self._frame)
        self.ready.set()

    def _append(self, old: "pl.DataFrame", new: "pl.DataFrame", start: int) -> None:
        """The newest bars once more: they go on from the older ones, unless these no longer hold or do not adjoin."""
        import polars as pl

        adjoins = len(old) and (not self._ending & SNIP or int(old["time"][-1]) >= start)
        agrees = _agree(old, new)
        self.restated = self.restated or not agrees
        if adjoins and agrees:
            self._frame = pl.concat([old.filter(pl.col("time") < start), new])
            self.unreadable += self._unread
        else:
            self._frame, self.since, self._cut_at, self.unreadable = new, start, None, self._unread

    def _remember(self, frame: "pl.DataFrame | None") -> None:
        """Where to begin the next time: what follows is live, and a split would restate none of it."""
        if frame is not None and len(frame):
            self._compare = int(frame["time"][-min(OVERLAP, len(frame))])

    @property
    def frame(self) -> "pl.DataFrame | None":
        """The bars, oldest first (`time` in ms); a transaction under way is not in them yet."""
        if self._live and not self._pending:
            self._frame = _merged(self._frame, self._live)
            self._live = {}
        return self._frame

    @property
    def partial(self) -> "pl.DataFrame | None":
        """The newest bars, as far as an unfinished snapshot has come."""
        return _merged(None, self._unfinished) if self._unfinished else None

    @property
    def _unfinished(self) -> dict[int, Row | None]:
        return max(self._incoming or {}, self._left, key=len)


def frame_of(rows: "list[tuple[int | float | None, ...]]") -> "pl.DataFrame":
    """Rows of time, open, high, low, close, volume as a frame."""
    import polars as pl

    return pl.DataFrame(rows, schema={"time": pl.Int64, **dict.fromkeys(COLUMNS, pl.Float64)}, orient="row")


def _merged(frame: "pl.DataFrame | None", rows: Mapping[int, Row | None]) -> "pl.DataFrame":
    """The frame with these bars replaced, added and (None) removed."""
    import polars as pl

    new = frame_of([(time, *row) for time, row in rows.items() if row is not None])
    if frame is not None:
        new = pl.concat([frame.filter(~pl.col("time").is_in(list(rows))), new])
    return new.sort("time")


def _agree(old: "pl.DataFrame", new: "pl.DataFrame") -> bool:
    """Whether the oldest bar both have has kept its close; a later one may have been corrected."""
    both = old.join(new, on="time", suffix="_new").sort("time").head(1)
    if not len(both):
        return True
    before, now = both["close"][0], both["close_new"][0]
    return before is None or now is None or abs(now - before) <= RESTATED * abs(before)
