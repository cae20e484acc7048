"""The server: services, plugins, and what brings them up and down around a transport."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from fastmcp import FastMCP

from ttai import __version__
from ttai.background.channels import Channel, LogChannel, TauriChannel
from ttai.background.jobs import Job
from ttai.background.leader import Leader
from ttai.background.notifier import Notifier
from ttai.background.pulse import Pulse
from ttai.background.scheduler import Scheduler
from ttai.background.tasks import Tasks
from ttai.broker.broker import Broker
from ttai.builtin import controls, desktop, status
from ttai.cache import Cache
from ttai.clock import Clock
from ttai.exports import Exports
from ttai.host import Host, Services
from ttai.isolation import end
from ttai.llm import Llm
from ttai.login.connection import Connection
from ttai.login.login import Login
from ttai.login.vault import Vault
from ttai.logs import Logs
from ttai.market.market import Market
from ttai.middleware import Calls, Ledger
from ttai.plugins import PluginReport, Plugins
from ttai.quant.calendar import Calendar
from ttai.settings import OURS, Config, CoreSettings
from ttai.storage.database import Database
from ttai.subscriptions import Subscriptions
from ttai.toolbox import Toolbox

if TYPE_CHECKING:
    from ttai.simulator import Simulator

INSTRUCTIONS = """Market data and analysis for an options trader on TastyTrade. Numbers carry as_of, source, \
session and stale: say so when they are stale, simulated or from a closed market. null means unknown \
or not applicable, notes say why; never fill it in. Nothing here places orders."""

NO_APP_TOOLS = "TTAI_APP_TOOLS needs stdio or a token: leave --no-auth and --demo out, or set TTAI_API_KEY"
JOBS, NOTIFICATIONS = "the jobs", "the notifications"
STREAM_PATIENCE = 10.0  # s a job that needs the market waits for the socket, where the login works
DURING = {"open": ("open",), "extended": ("pre", "open", "after")}

_log = logging.getLogger(__name__)


class App:
    """One server: its FastMCP app, its services, its plugins."""

    def __init__(
        self,
        settings: CoreSettings,
        config: Config,
        *,
        clock: Clock | None = None,
        simulator: "Simulator | None" = None,
        vault: Vault | None = None,
        llm: Llm | None = None,
        channels: Sequence[Channel] = (),
    ) -> None:
        self.settings = settings
        self.config = config
        self.clock = clock or Clock()
        self.logs: Logs | None = None
        self.ledger = Ledger()
        self.cache = Cache(self.clock)
        vault = vault or Vault(settings.data_dir)
        self.connection = Connection(settings, self.clock, vault, simulator)
        self.database = Database(settings.home, self.clock)
        core = self.database.of("core")
        always_open = _always_open(settings, simulator)
        self.market = Market(self.connection, self.cache, self.clock, core, always_open=always_open)
        # the demo's accounts are others
        self.broker = Broker(self.connection, self.cache, "" if settings.demo else settings.tastytrade_account)
        self.login = Login(settings, self.connection, vault, self.cache, self.market, self.broker)
        self.notifier = Notifier(self.clock, core, channels, sidecar=settings.app_tools)
        tell = partial(self.notifier.send, kind="error")
        self.scheduler = Scheduler(self.clock, core, self._days, self._obstacle, tell, settings.schedules)
        self.leader = Leader(settings.home)
        self.tasks = Tasks(self.clock, core)
        self.pulse: Pulse | None = None
        self._answered = asyncio.Event()
        self._background: dict[str, asyncio.Task[None]] = {}
        self.mcp = FastMCP(
            "ttai",
            instructions=INSTRUCTIONS,
            version=__version__,
            mask_error_details=True,
            middleware=[calls := Calls(self.ledger, self._answered.set)],
            on_duplicate="error",
        )
        self.subscriptions = Subscriptions(self.mcp)
        services = Services(
            self.market, self.broker, self.cache, self.clock, self.database, self.notifier, self.scheduler, self.tasks,
            Toolbox(self.mcp), llm or Llm(), Exports(settings.home / "exports"), self.subscriptions,
        )  # fmt: skip
        self.plugins = Plugins(self.mcp, services, config)
        calls.why_absent = self.plugins.why_absent
        self.plugins.add([(PluginReport("core", OURS, __version__), lambda: self._declare)])
        self.plugins.load(settings.plugins, settings.plugin_path, settings.data_dir / "plugins")

    def list_problems(self) -> list[str]:
        """What the user should mend, one sentence each."""
        parts = [self.logs, self.leader, self.pulse]
        return [
            *self.config.problems,
            *self.plugins.problems,
            *self.scheduler.problems,
            *dict.fromkeys(self.database.problems.values()),
            *(part.problem for part in parts if part and part.problem),
            *([NO_APP_TOOLS] if self.settings.app_tools and not self._serves_app_tools else []),
        ]

    def _declare(self, host: Host) -> None:
        """The core's own tools."""
        status.declare(
            host,
            self.settings,
            self.login,
            self.database,
            self.plugins,
            self.ledger,
            self.leader,
            self.list_problems,
        )
        controls.declare(host, self.leader)
        if self._serves_app_tools:
            desktop.declare(host, self.settings, self.config, self.login)

    @property
    def _serves_app_tools(self) -> bool:
        """Only to whoever started us, or says our token: they change the login and the settings."""
        settings = self.settings
        return settings.app_tools and (settings.transport == "stdio" or not settings.open_to_all)

    @asynccontextmanager
    async def running(self, *, at_once: bool = True, serving: bool = False) -> AsyncIterator[None]:
        """Bring services and plugins up in the background (after the first answer, or `at_once`), and down at the end.

        A process that is `serving` runs the jobs (one of those on a data dir does) and delivers notifications.
        """
        for problem in self.list_problems():
            _log.warning("%s", problem)
        if at_once:
            self._answered.set()
        self._begin("the plugins' start", self.plugins.start)
        self._begin("the connection to the broker", self.login.keep)
        if serving:
            self.pulse = Pulse()
            self.pulse.start()
            self._begin(JOBS, lambda: self.scheduler.run(self.leader))
            self._begin(NOTIFICATIONS, self.notifier.run)
            self._begin("the look at the login", self.login.watch)
        try:
            yield
        finally:
            await self._down()

    async def quiet(self) -> None:
        """No new work: the jobs stop, and nobody is told of changes any more."""
        await self.subscriptions.close()
        await end([self._background[JOBS]] if JOBS in self._background else [])
        await self.scheduler.stop()

    async def _down(self) -> None:
        if self.pulse:
            self.pulse.stop()
        await self.quiet()
        await end([task for name, task in self._background.items() if name != NOTIFICATIONS])  # they tell the end of it
        await self.plugins.stop()
        await self.tasks.close()
        await end(self._background.values())
        await self.broker.close()
        await self.market.close()  # what is still being fetched would open the connection anew
        await self.cache.close()
        await self.connection.close()
        await self.database.close()
        self.leader.release()

    def _begin(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._background[what] = asyncio.create_task(self._keep(what, work), name=what)

    async def _keep(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Something that goes on until the end, once the first answer is out; nobody awaits it before."""
        await self._answered.wait()
        try:
            await work()
        except Exception:  # noqa: BLE001 - one of them that ends must not cost the others
            _log.exception("%s ended; restart ttai", what)

    async def _streams(self) -> bool:
        """Whether the market data socket is open, at once or in a moment: a laptop that wakes has lost it."""
        if self.login.works:
            with suppress(TimeoutError):
                async with asyncio.timeout(STREAM_PATIENCE):
                    await self.market.hub.opened.wait()
        return self.market.hub.live

    async def _days(self, job: Job) -> Calendar | None:
        """The exchange's days that a job goes by; None while nothing can come of it: they bring 60 MB of pandas."""
        return None if job.needs and await self.login.locked_out() else await self.market.calendar()

    async def _obstacle(self, job: Job) -> str | None:
        """Why a job can't run just now."""
        if why := await self.plugins.obstacle(job.plugin):
            return why
        if job.needs:
            await self.login.settled()  # at the start, what was missed is caught up before the socket is open
            if await self.login.locked_out():
                return "not logged in"
        if job.needs == "market" and not await self._streams():
            return f"no market data stream: {self.market.supervisor.problem or 'connecting'}"
        if job.needs == "broker" and not self.login.works:
            return self.login.said
        if job.during:
            session = await self.market.session()
            if session.state not in DURING[job.during]:
                return f"the market is {session.label}"
        return None


def create_app(settings: CoreSettings, config: Config, logs: Logs, *, serving: bool = False) -> App:
    """The app that these settings ask for; only one that is `serving` delivers notifications."""
    os.environ.setdefault(
        "MPLCONFIGDIR", str(settings.home / "matplotlib")
    )  # its list of fonts: not in the user's home
    app = App(settings, config, channels=_channels(settings, logs) if serving else ())
    app.logs = logs
    return app


def _always_open(settings: CoreSettings, simulator: "Simulator | None") -> bool:
    """Whether the exchange's hours mean nothing: in a demo, unless its market keeps them."""
    return settings.demo and (simulator is None or simulator.world.sessions == "always")


def _channels(settings: CoreSettings, logs: Logs) -> list[Channel]:
    """Where notifications go: what TTAI_NOTIFICATION_BACKEND says, else tauri on stdio and the log over HTTP."""
    names = settings.notification_backend
    if "auto" in names:
        names = ["tauri" if settings.transport == "stdio" else "log"]
    made: dict[str, Callable[[], Channel]] = {"tauri": lambda: TauriChannel(logs.stderr), "log": LogChannel}
    return [made[name]() for name in dict.fromkeys(names) if name in made]
