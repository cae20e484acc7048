"""The bars of one candle symbol: what was kept, what a snapshot brought, what came since."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ttai.market.types import CandleEvent

if TYPE_CHECKING:
    import polars as pl

# dxFeed's event flags, https://docs.dxfeed.com/dxfeed/api/com/dxfeed/event/IndexedEvent.html
PENDING, REMOVE, BEGIN, END, SNIP = 0x01, 0x02, 0x04, 0x08, 0x10
OVERLAP = 5  # bars asked for once more: they tell whether the history was restated, as after a split
RESTATED = 1e-4  # by how much, relative, an old close may differ

COLUMNS = ("open", "high", "low", "close", "volume")
Row = tuple[float | None, ...]


class Series:
    """Bars by their beginning (ms since the epoch), whole from `since` on, while `ready`."""

    def __init__(self, symbol: str, *, traded: bool) -> None:
        """`symbol` is the feed's; what is not `traded` (an index) has no volume, whatever the feed says."""
        self.symbol = symbol
        self.lock = asyncio.Lock()  # one of those who ask fetches
        self.ready = asyncio.Event()  # the snapshot that was asked for is in
        self.since: int | None = None
        self.want = 0  # from when somebody wants bars
        self.socket = 0  # the one the last snapshot came from
        self.settled_at = 0.0  # when it was in, monotonic
        self.at: datetime | None = None  # when the newest event came
        self.unreadable = 0
        self.kept: tuple[int, int] | None = None  # from when to before when it is written down
        self.restated = False  # what was kept is no longer what the feed says
        self._traded = traded
        self._asked = 0
        self._frame: pl.DataFrame | None = None
        self._incoming: dict[int, Row | None] | None = None
        self._ending = 0
        self._live: dict[int, Row | None] = {}
        self._pending = False

    def seed(self, frame: "pl.DataFrame", since: int) -> None:
        """Begin with bars that were kept."""
        self._frame, self.since = frame, since

    def expect(self) -> None:
        """A snapshot is about to be asked for."""
        self.ready.clear()
        self._incoming = None

    def ask(self) -> int:
        """From when bars must be asked for: from where they are wanted, or just the newest where the rest is here."""
        self._asked = self.want
        frame = self.frame
        if self.covers(self.want) and frame is not None and len(frame):
            self._asked = max(self.want, int(frame["time"][-min(OVERLAP, len(frame))]))
        return self._asked

    def covers(self, start: int) -> bool:
        """Whether the bars reach back so far."""
        return self.since is not None and self.since <= start

    def take(self, event: CandleEvent, at: datetime) -> None:
        """Take in one candle."""
        flags = event.flags
        self.at = at
        if flags & BEGIN:
            self._incoming, self._ending = {}, 0
        rows = self._live if self._incoming is None else self._incoming
        row = event[3:] if self._traded else (*event[3:7], None)
        unpriced = all(price is None for price in row[:4])
        if event.time < 0:
            self.unreadable += 1
        elif unpriced and flags & (BEGIN | END | SNIP):
            rows.setdefault(event.time, None)  # it marks where the snapshot ends, where a bar may have begun
        elif flags & REMOVE:
            rows[event.time] = None
        else:
            rows[event.time] = row
        self._pending = bool(flags & PENDING)
        if self._incoming is not None:
            self._ending |= flags & (END | SNIP)
            if self._ending and not self._pending:
                self._settle(self._incoming)

    def _settle(self, incoming: Mapping[int, Row | None]) -> None:
        """The snapshot is whole: it holds from where it was asked for, or from its first bar where it was cut short."""
        new, old = _merged(None, incoming), self._frame
        since, self.since = self.since, self._asked
        if old is not None and since is not None and since < self._asked:
            if _agree(old, new):
                import polars as pl

                cut = int(new["time"][0]) if self._ending & SNIP and len(new) else self._asked
                new, self.since = pl.concat([old.filter(pl.col("time") < cut), new]), since
            else:
                self.restated = True
        self._frame = new
        self._incoming, self._live = None, {}
        self.ready.set()

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
        return _merged(None, self._incoming) if self._incoming else None


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
