"""The core's own tools: is it there, and how is it."""

from datetime import datetime
from typing import TYPE_CHECKING

from ttai import __version__
from ttai.answers import Answer
from ttai.host import Host

if TYPE_CHECKING:
    from ttai.app import App

READ = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}


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


def declare(host: Host, app: "App") -> None:
    """These tools, for this app."""

    @host.tool(annotations=READ)
    async def ping() -> Pong:
        """Answer at once, with the server's version and time. Use it to see whether ttai is there."""
        return Pong(reply="pong", version=__version__, now=host.clock.now())

    @host.tool(annotations=READ)
    @host.resource("ttai://status", description="How the server is, as get_status tells it.")
    async def get_status() -> Status:
        """Tell how the server is: login, market data stream, market session, plugins, jobs, problems and their cures.
        Use it when another tool fails or data looks old."""
        return await _status(app)


async def _status(app: "App") -> Status:
    stats = app.cache.stats()
    hub = app.market.hub
    ledger = app.ledger
    _, known = await app.connection.describe()
    return Status(
        version=__version__,
        mode="demo: a simulated market and account" if app.settings.demo else "live",
        now=app.clock.now(),
        uptime_seconds=int((app.clock.now() - app.started_at).total_seconds()),
        data_dir=str(app.settings.home),
        phases=_phases(app, known=known),
        broker=await app.describe_broker(),
        stream="live" if hub.live else f"not connected: {app.market.supervisor.problem or 'connecting'}",
        stream_symbols=hub.symbols,
        market_session=(await app.market.session()).label,
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
                plugin_state=app.plugins.phase(report),
                plugin_distribution=report.distribution,
                plugin_version=report.version,
                problem=report.problem,
            )
            for report in app.plugins.reports
        ],
        problems=[*app.problems, *(r.line for r in app.plugins.reports if r.state == "failed")],
    )


def _phases(app: "App", *, known: bool) -> Phases:
    plugins = {app.plugins.phase(report) for report in app.plugins.reports}
    return Phases(
        database="failed" if "" in app.database.problems else "ready" if app.database.is_open else "not opened yet",
        plugins=next((phase for phase in ("failed", "starting") if phase in plugins), "ready"),
        login="off" if not known else "ready" if app.logged_in else "starting" if not app.tried else "failed",
        stream="ready" if app.market.hub.live else "starting" if known else "off",
        jobs=_jobs(app),
    )


def _jobs(app: "App") -> str:
    if not app.serving:
        return "off: this process serves nobody"
    if app.leader.problem:
        return "failed"
    return "ready" if app.leader.held else "another process runs them"
