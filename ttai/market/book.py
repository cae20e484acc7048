"""Every series that was asked for, and which of them the feed keeps up to date."""

from collections import OrderedDict
from collections.abc import Sequence
from time import monotonic

from ttai.clock import Clock
from ttai.market.hub import Hub
from ttai.market.series import Series
from ttai.market.types import CandleEvent

MOST_AT_ONCE = 100  # candle subscriptions the broker allows a session
MOST_KEPT = 600  # series in memory
LIFE = 12 * 3600.0  # s a live series is believed before its newest bars are compared again: a split restates all


class Book:
    """The series by the feed's symbol, the longest unused first."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock
        self._series: OrderedDict[str, Series] = OrderedDict()

    def since(self, symbol: str) -> int:
        """From when the bars of a candle symbol are wanted, in ms since the epoch."""
        series = self._series.get(symbol)
        return int(self._clock.now().timestamp() * 1000) if series is None else series.ask()

    def drawn(self, events: Sequence[CandleEvent]) -> None:
        """Take in one message's candles."""
        now = self._clock.now()
        for event in events:
            series = self._series.get(event.symbol)
            if series is None:
                continue
            waited = not series.ready.is_set()
            series.take(event, now)
            if waited and series.ready.is_set():
                series.socket, series.settled_at = self._hub.sockets, monotonic()

    def find(self, name: str, *, traded: bool) -> Series:
        """The series of that symbol, made where there is none yet."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = Series(name, traded=traded)
            idle = [one for one in self._series.values() if one is not series and not one.lock.locked()]
            forgotten = idle[: max(0, len(self._series) - MOST_KEPT)]
            self.release(forgotten)
            for old in forgotten:
                del self._series[old.symbol]
        self._series.move_to_end(name)
        return series

    def is_current(self, series: Series) -> bool:
        """Whether the feed keeps it up to date."""
        return (
            series.ready.is_set()
            and self._hub.live
            and series.socket == self._hub.sockets
            and self._hub.claims((CandleEvent, series.symbol))
            and monotonic() - series.settled_at < LIFE
        )

    def make_room(self) -> None:
        """Give up the longest unused where one subscription more would be too many."""
        subscribed = [one for one in self._series.values() if self._hub.claims((CandleEvent, one.symbol))]
        excess = max(0, len(subscribed) - MOST_AT_ONCE + 1)
        self.release([one for one in subscribed if not one.lock.locked()][:excess])

    def release(self, series: Sequence[Series]) -> None:
        """Subscribe them no longer."""
        self._hub.drop([key for one in series if self._hub.claims(key := (CandleEvent, one.symbol))])

    def forget(self) -> None:
        """What was heard belongs to a login that is over."""
        self.release(list(self._series.values()))
        self._series.clear()
