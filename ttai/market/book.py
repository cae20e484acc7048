"""Every series that was asked for, and which of them the feed keeps up to date."""

from collections import OrderedDict
from collections.abc import Sequence

from ttai.clock import Clock
from ttai.errors import TtaiError
from ttai.market.hub import Hub
from ttai.market.series import Series
from ttai.market.types import CandleEvent

MOST_SUBSCRIBED = 100  # candle series the broker allows a session
MOST_KEPT = 600  # series in memory


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
                series.socket, series.day = self._hub.sockets, self._clock.new_york().date()

    def find(self, name: str, *, traded: bool) -> Series:
        """The series of that symbol, made where there is none yet."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = Series(name, traded=traded)
            idle = [one for one in self._series.values() if one is not series and not one.users]
            forgotten = idle[: max(0, len(self._series) - MOST_KEPT)]
            self.release(forgotten)
            for old in forgotten:
                del self._series[old.symbol]
        self._series.move_to_end(name)
        return series

    def is_live(self, series: Series) -> bool:
        """Whether its subscription on the present socket has told all and goes on."""
        here = self._hub.live and series.socket == self._hub.sockets and self.subscribes(series)
        return here and series.ready.is_set()

    def is_current(self, series: Series) -> bool:
        """Whether what is here holds now: overnight a split may have restated all of it."""
        return self.is_live(series) and not series.empty and series.day == self._clock.new_york().date()

    def subscribes(self, series: Series) -> bool:
        """Whether it is subscribed, or about to be."""
        return self._series.get(series.symbol) is series and self._hub.claims((CandleEvent, series.symbol))

    def make_room(self) -> None:
        """Give up the longest unused where one subscription more would be too many."""
        subscribed = [one for one in self._series.values() if self.subscribes(one)]
        excess = max(0, len(subscribed) - MOST_SUBSCRIBED + 1)
        self.release([one for one in subscribed if one.ready.is_set() and not one.users][:excess])

    def release(self, series: Sequence[Series]) -> None:
        """Subscribe them no longer."""
        self._hub.drop([(CandleEvent, one.symbol) for one in series if self.subscribes(one)])

    def forget(self, why: TtaiError) -> None:
        """What was heard belongs to what is over; who waits for it asks in vain, and is told why."""
        series = list(self._series.values())
        self.release(series)
        self._series.clear()
        for one in series:
            one.fail(why)
