"""The core's own tools: is it there, and how is it."""

from collections.abc import Callable
from datetime import datetime

from ttai import __version__
from ttai.answers import Answer
from ttai.background.leader import Leader
from ttai.builtin.common import READ
from ttai.host import Host
from ttai.login.login import Login
from ttai.middleware import Ledger
from ttai.plugins import Plugins
from ttai.settings import CoreSettings
from ttai.storage.database import Database


class Pong(Answer):
    """Proof of life."""

    reply: str
    version: str
    now: datetime


class PluginLine(Answer):
    """One plugin."""

    name: str
    plugin_state: str  # what all have in common moves up beside the table, and must say of whom it speaks
    plugin_distribution: str
    plugin_version: str
    problem: str | None


class Phases(Answer):
    """How far each part of the server is: ready, starting, off, or failed."""

    database: str
    plugins: str
    login: str
    stream: str
    jobs: str


class Status(Answer):
    """How the server is: what works, what does not, and what to do about it."""

    version: str
    mode: str
    now: datetime
    uptime_seconds: int
    data_dir: str
    phases: Phases
    broker: str
    stream: str
    stream_symbols: int
    market_session: str
    calls: int
    errors: int
    largest_answer_bytes: int
    largest_answer_tool: str | None
    slowest_call_ms: int
    slowest_call_tool: str | None
    cache_entries: int
    cache_hits: int
    cache_misses: int
    plugins: list[PluginLine]
    problems: list[str]


def declare(
    host: Host,
    settings: CoreSettings,
    login: Login,
    database: Database,
    plugins: Plugins,
    ledger: Ledger,
    leader: Leader,
    problems: Callable[[], list[str]],
) -> None:
    """These tools, for a server of these parts; `problems` are those that are no plugin's."""
    began = host.clock.now()

    @host.tool(annotations=READ)
    async def ping() -> Pong:
        """Answer at once, with the server's version and time. Use it to see whether ttai is there."""
        return Pong(reply="pong", version=__version__, now=host.clock.now())

    @host.tool(annotations=READ)
    @host.resource("ttai://status", description="How the server is, as get_status tells it.")
    async def get_status() -> Status:
        """Tell how the server is: login, market data stream, market session, plugins, jobs, problems and their cures.
        Use it when another tool fails or data looks old."""
        stats = host.cache.stats()
        hub = host.market.hub
        now = host.clock.now()
        return Status(
            version=__version__,
            mode="demo: a simulated market and account" if settings.demo else "live",
            now=now,
            uptime_seconds=int((now - began).total_seconds()),
            data_dir=str(settings.home),
            phases=await phases(),
            broker=await login.describe(),
            stream="live" if hub.live else f"not connected: {host.market.supervisor.problem or 'connecting'}",
            stream_symbols=hub.symbols,
            market_session=(await host.market.session()).label,
            calls=ledger.calls,
            errors=ledger.errors,
            largest_answer_bytes=ledger.largest,
            largest_answer_tool=ledger.largest_tool,
            slowest_call_ms=round(ledger.slowest_ms),
            slowest_call_tool=ledger.slowest_tool,
            cache_entries=stats["entries"],
            cache_hits=stats["hits"],
            cache_misses=stats["misses"],
            plugins=[
                PluginLine(
                    name=report.name,
                    plugin_state=plugins.phase(report),
                    plugin_distribution=report.distribution,
                    plugin_version=report.version,
                    problem=report.problem,
                )
                for report in plugins.reports
            ],
            problems=[*problems(), *(r.line for r in plugins.reports if r.state == "failed")],
        )

    async def phases() -> Phases:
        states = {plugins.phase(report) for report in plugins.reports}
        _, known = await login.connection.describe()
        return Phases(
            database="failed" if "" in database.problems else "ready" if database.is_open else "not opened yet",
            plugins=next((phase for phase in ("failed", "starting") if phase in states), "ready"),
            login="off" if not known else "ready" if login.works else "starting" if not login.tried else "failed",
            stream="ready" if host.market.hub.live else "starting" if known else "off",
            jobs=leader.phase,
        )
