"""Another program at the same broker's lists: it read them before us and writes them after us."""

from copy import deepcopy

from starlette.types import Receive, Scope, Send

from tests.desk import Tap
from ttai.tastytrade import TastyTrade, in_process


class Rival:
    """After each of our first `times` changes of a list it puts back what it had read, with its own symbol added."""

    def __init__(self, tap: Tap, name: str, times: int, symbol: str = "XOM") -> None:
        self._tap = tap
        self._lists = tap.simulator._rest._watchlists
        self._name = name
        self._times = times
        self._had = deepcopy(self._lists.get(name, public=False) or {})
        self._had["watchlist-entries"].append({"symbol": symbol, "instrument-type": "Equity"})
        self.puts = 0  # ours

    def sit_before(self, adapter: TastyTrade) -> None:
        """Hear what the adapter says from now on."""
        adapter.session._client._transport._inner = in_process(self)()  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._tap(scope, receive, send)
        if scope["method"] == "PUT":
            self.puts += 1
            if self.puts <= self._times:
                self._lists.replace(self._name, self._had)
