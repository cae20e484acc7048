"""A broker and a market on the real wire, for demos and tests."""

from collections import Counter
from decimal import Decimal
from typing import ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send

from ttai.clock import Clock
from ttai.simulator.accounts.office import Office
from ttai.simulator.alerts import PATH as ALERTS
from ttai.simulator.alerts import Alerts
from ttai.simulator.boards import Boards
from ttai.simulator.candles import MOST_BARS
from ttai.simulator.channels import PATH
from ttai.simulator.dxlink import Feed
from ttai.simulator.faults import STAMP, Fault, Faults
from ttai.simulator.hand import Hand
from ttai.simulator.instruments import Instrument
from ttai.simulator.options import Options
from ttai.simulator.prices import DailyBar
from ttai.simulator.rest import Rest
from ttai.simulator.tokens import Tokens
from ttai.simulator.world import Sessions, Snapshot, World

__all__ = ["STAMP", "DailyBar", "Fault", "Faults", "Instrument", "Simulator", "Snapshot", "World"]


class Simulator:
    """A broker and a market on the real wire: REST, two streams and a hand that moves them."""

    CLIENT_SECRET: ClassVar[str] = "demo-secret"  # noqa: S105  (opens nothing but this)
    REFRESH_TOKEN: ClassVar[str] = "demo-refresh"  # noqa: S105

    def __init__(
        self,
        *,
        seed: int = 7,
        clock: Clock | None = None,
        sessions: Sessions = "always",
        most_bars: int = MOST_BARS,
    ) -> None:
        clock = clock or Clock()
        self._tokens = Tokens(clock)
        self.world = World(seed=seed, clock=clock, sessions=sessions)
        self.faults = Faults(self._tokens.expire)
        self.requests: Counter[str] = Counter()
        boards = Boards(self.world, Options(self.world))
        self._feed = Feed(boards, self._tokens, self.faults, clock, most_bars)
        self._office = Office(boards)
        secrets = {"client_secret": self.CLIENT_SECRET, "refresh_token": self.REFRESH_TOKEN}
        self._rest = Rest(boards, self._office, self._tokens, **secrets)
        self._alerts = Alerts(self._tokens, self.faults, clock)
        self._hand = Hand(self, self.faults, self._feed)

    @property
    def app(self) -> ASGIApp:
        """The ASGI application: the broker's calls, its streams, and the hand below `/-/`."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan" or scope["path"].startswith("/-/"):
            await self._hand(scope, receive, send)
            return
        self.requests[scope["path"]] += 1
        if scope["type"] == "http":
            await self.faults.serve(self._rest, scope, receive, send)
        elif scope["path"] == PATH:
            await self._feed.serve(receive, send)
        elif scope["path"] == ALERTS:
            await self._alerts.serve(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000, "reason": ""})

    def set_price(self, symbol: str, last: float) -> None:
        """Let the market go on from this price; who is subscribed hears it at once. ValueError if it can't."""
        self.world.set_price(symbol, last)
        self._feed.wake()

    def trade(self, account: str, symbol: str, quantity: float | str | Decimal, price: float | None = None) -> int:
        """Let an account trade now, at a price or else at the natural one; below 0 it sells. The order's number.

        Who listens to the account hears of the order, the position and the balance. ValueError says what can't be.
        """
        told = self._office.trade(account, symbol, quantity, price)
        self._alerts.tell(account, told)
        return int(told[0][1]["id"])

    def assign(self, account: str, symbol: str, contracts: int = 1) -> None:
        """Assign a short option early: it is gone, and what it delivers is there. ValueError says what can't be."""
        self._alerts.tell(account, self._office.assign(account, symbol, contracts))

    def empty(self, account: str) -> None:
        """Leave an account with cash and nothing else, as one that was just opened; ValueError where there is none."""
        self._alerts.tell(account, self._office.empty(account))

    async def prepare(self) -> None:
        """Write and value the accounts' books now, a second that the first question about them need not wait for."""
        await self._office.prepare()

    def expire_tokens(self) -> None:
        """Answer every call with 401 until the client authenticates again."""
        self._tokens.expire()

    async def tick(self) -> None:
        """Send every open socket what changed, now."""
        await self._feed.tick()
