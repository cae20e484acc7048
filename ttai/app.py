"""The server: services, plugins, and what brings them up and down around a transport."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from fastmcp import FastMCP

from ttai import __version__, status
from ttai.broker.broker import Broker
from ttai.cache import Cache
from ttai.clock import Clock
from ttai.connection import Connection
from ttai.errors import TtaiError
from ttai.host import Services
from ttai.logs import Logs
from ttai.market.market import Market
from ttai.market.supervisor import NOT_STARTED
from ttai.middleware import Calls, Ledger
from ttai.plugins import OURS, PluginReport, Plugins
from ttai.settings import Config, CoreSettings

if TYPE_CHECKING:
    from ttai.simulator import Simulator

INSTRUCTIONS = """Market data and analysis for an options trader on TastyTrade. Numbers carry as_of, source, \
session and stale: say so when they are stale, simulated or from a closed market. null means unknown, with the \
reason in notes; never fill it in. Nothing here places orders."""

UNTRIED = "the login was not tried yet"

_log = logging.getLogger(__name__)


class App:
    """One server: its FastMCP app, its services, its plugins."""

    def __init__(
        self,
        settings: CoreSettings,
        config: Config,
        clock: Clock | None = None,
        simulator: "Simulator | None" = None,
    ) -> None:
        self.settings = settings
        self.config = config
        self.clock = clock or Clock()
        self.started_at = self.clock.now()
        self.logs: Logs | None = None
        self.login = UNTRIED
        self.ledger = Ledger()
        self.cache = Cache(self.clock)
        self.connection = Connection(settings, self.clock, simulator)
        self.market = Market(self.connection, self.cache, self.clock, always_open=settings.demo)
        self.broker = Broker(self.connection, self.cache)
        self._answered = asyncio.Event()
        self.mcp = FastMCP(
            "ttai",
            instructions=INSTRUCTIONS,
            version=__version__,
            mask_error_details=True,
            middleware=[Calls(self.ledger, self._answered.set)],
        )
        services = Services(self.market, self.broker, self.cache, self.clock)
        self.plugins = Plugins(self.mcp, services, config)
        self.plugins.add(PluginReport("core", OURS, __version__), lambda: status.registrar(self))
        self.plugins.load(settings.plugins, settings.plugin_path)

    @property
    def problems(self) -> list[str]:
        """What the user should mend, one sentence each."""
        log = [self.logs.problem] if self.logs and self.logs.problem else []
        return [*self.config.problems, *self.plugins.problems, *log]

    @property
    def tried(self) -> bool:
        """Whether the login and the market data socket have worked or failed once."""
        return self.login != UNTRIED and (self.market.hub.live or self.market.supervisor.problem != NOT_STARTED)

    @asynccontextmanager
    async def running(self, *, at_once: bool = True) -> AsyncIterator[None]:
        """Bring the services up in the background (after the first answer, or `at_once`), and down at the end."""
        for problem in self.problems:
            _log.warning("%s", problem)
        if at_once:
            self._answered.set()
        start = asyncio.create_task(self._keep_connected(), name="start")
        try:
            yield
        finally:
            start.cancel()
            with suppress(asyncio.CancelledError):
                await start
            await self.market.close()  # what is still being fetched would open the connection anew
            await self.cache.close()
            await self.connection.close()

    async def _keep_connected(self) -> None:
        """Log in and keep the market data socket, where there is anything to log in to."""
        await self._answered.wait()
        if not self.connection.possible:
            _log.info("no credentials: what needs TastyTrade says how to log in")
            return
        try:
            await asyncio.gather(self._greet(), self.market.supervisor.run())
        except Exception:  # noqa: BLE001 - nobody awaits this task before the end
            _log.exception("the connection to the broker is no longer kept; restart ttai")

    async def _greet(self) -> None:
        """Say whether the login works before somebody depends on it."""
        try:
            accounts = await self.broker.accounts()
        except TtaiError as error:
            self.login = str(error)
            _log.warning("%s", error)
        except Exception:  # noqa: BLE001 - a surprise here must not cost the stream
            self.login = "the login could not be tried; the log says why"
            _log.exception("the accounts could not be read")
        else:
            self.login = "; ".join([f"logged in, {len(accounts)} accounts", *accounts.notes("accounts")])
            _log.info("%s: %s", self.connection.url, self.login)


def create_app(settings: CoreSettings, config: Config, logs: Logs | None = None) -> App:
    """The app that these settings ask for."""
    app = App(settings, config)
    app.logs = logs
    return app
