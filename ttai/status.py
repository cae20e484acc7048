"""The core's own tools: is it there, and how is it."""

from collections.abc import Callable
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


class Status(Answer):
    """How the server is: what works, what does not, and what to do about it."""

    version: str
    mode: str
    now: datetime
    uptime_seconds: int
    data_dir: str
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


def registrar(app: "App") -> Callable[[Host], None]:
    """The core's plugin for this app."""

    def register(host: Host) -> None:
        @host.tool(annotations=READ)
        async def ping() -> Pong:
            """Answer at once, with the server's version and time. Use it to see whether ttai is there."""
            return Pong(reply="pong", version=__version__, now=host.clock.now())

        @host.tool(annotations=READ)
        @host.resource("ttai://status", description="How the server is, as get_status tells it.")
        async def get_status() -> Status:
            """Tell how the server is: login, market data stream, market session, plugins, problems and their cures.
            Use it when another tool fails or data looks old."""
            return await _status(app)

    return register


async def _status(app: "App") -> Status:
    stats = app.cache.stats()
    hub = app.market.hub
    ledger = app.ledger
    return Status(
        version=__version__,
        mode="demo: a simulated market and account" if app.settings.demo else "live",
        now=app.clock.now(),
        uptime_seconds=int((app.clock.now() - app.started_at).total_seconds()),
        data_dir=str(app.settings.home),
        broker=f"{app.connection.describe()}; {app.login}" if app.connection.possible else app.connection.describe(),
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
                plugin_state=report.state,
                plugin_distribution=report.distribution,
                plugin_version=report.version,
                problem=report.problem,
            )
            for report in app.plugins.reports
        ],
        problems=[*app.problems, *(r.line for r in app.plugins.reports if r.state == "failed")],
    )
