"""The processes of a run: a broker that can be killed, and two servers on one data dir that depend on it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from tests.processes import Process, ttai, until
from ttai.quant.calendar import Calendar
from ttai.simulator import Simulator

KEY = "chaos-key-5f1d9c3e7a"  # of the HTTP server
SECRETS = (KEY, Simulator.CLIENT_SECRET, Simulator.REFRESH_TOKEN)
START = 30.0  # s: the machine may be busy

# The exchange is closed for most of a week, and a closed market is believed for longer: every process of the run
# lives in the middle of a session.
MOVED = """
from datetime import timedelta
from ttai.clock import Clock

now = Clock.now
Clock.now = lambda self: now(self) + timedelta(seconds={shift})

from ttai.__main__ import main
main()
"""


def to_open_hours(dice: Random) -> float:
    """Seconds from now to a moment of the last whole session, early enough that the run fits in."""
    now = datetime.now(UTC)
    days = [day for day in Calendar.around(now.date(), before=20, after=1).sessions if not day.early]
    session = next(day for day in reversed(days) if day.close < now)
    return round((session.open + timedelta(minutes=dice.uniform(10, 360)) - now).total_seconds())


class Stage:
    """The processes, while `set_up`."""

    def __init__(self, home: Path, seed: int, shift: float) -> None:
        self._home = home
        self._seed = seed
        self._shift = shift
        self._stack = ExitStack()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.hand = httpx2.AsyncClient(base_url=self.broker_url, timeout=5)
        self.broker: Process
        self.http: Process
        self.stdio: Process

    @property
    def broker_url(self) -> str:
        """Where the simulator listens, whenever it does."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def data(self) -> Path:
        """The data dir of both servers."""
        return self._home / "data"

    @property
    def servers(self) -> dict[str, Process]:
        """The two servers by how they are spoken to."""
        return {"http": self.http, "stdio": self.stdio}

    @contextmanager
    def set_up(self) -> Iterator[None]:
        """Start the broker; end what is left of all."""
        with self._stack:
            self.broker = self._start("simulate", "--port", str(self._port), "--seed", str(self._seed))
            self._wait_for_broker()
            yield

    def serve(self) -> None:
        """Start the servers."""
        self.http = self._start("serve", "--http", "--port", "0")
        self.stdio = self._start("serve")
        until(lambda: any("/mcp" in line for line in self.http.err), START, "the server's welcome")

    def _start(self, *words: str) -> Process:
        env = {
            "TASTYTRADE_API_URL": self.broker_url,
            "TASTYTRADE_CLIENT_SECRET": Simulator.CLIENT_SECRET,
            "TASTYTRADE_REFRESH_TOKEN": Simulator.REFRESH_TOKEN,
            "TTAI_API_KEY": KEY,
        }
        code = MOVED.format(shift=self._shift)
        return self._stack.enter_context(ttai("-c", code, *words, home=self.data, env=env))

    def _wait_for_broker(self) -> None:
        until(lambda: any("REFRESH_TOKEN" in line for line in self.broker.err), START, "the simulator's welcome")

    def kill_broker(self) -> None:
        """End it as a power cut would."""
        self.broker.process.kill()
        self.broker.process.wait(5)

    async def restart_broker(self) -> None:
        """Another one on the same port."""
        self.broker = self._start("simulate", "--port", str(self._port), "--seed", str(self._seed))
        await asyncio.to_thread(self._wait_for_broker)

    async def prices(self, symbols: list[str], indices: list[str]) -> dict[str, float]:
        """What the broker itself says of these symbols."""
        grant = {
            "grant_type": "refresh_token",
            "client_secret": Simulator.CLIENT_SECRET,
            "refresh_token": Simulator.REFRESH_TOKEN,
        }
        told: dict[str, Any] = (await self.hand.post("/oauth/token", json=grant, headers=_AGENT)).json()
        headers = {**_AGENT, "Authorization": f"Bearer {told['access_token']}"}
        asked = {"equity": ",".join(symbols), "index": ",".join(indices)}
        rows = (await self.hand.get("/market-data/by-type", params=asked, headers=headers)).json()["data"]["items"]
        return {row["symbol"]: float(row["last"]) for row in rows}


_AGENT = {"User-Agent": "chaos/1"}
