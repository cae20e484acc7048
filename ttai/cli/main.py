"""The command line."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttai import __version__
from ttai.cli.account import backup, config_cli, login, logout, restore
from ttai.cli.plugins import plugins_cli
from ttai.cli.remote import ask, refuse_secrets
from ttai.cli.terminal import DataDir, Demo, PluginList, make_app, read_settings, run
from ttai.presence import Server, find_server

if TYPE_CHECKING:
    from ttai.app import App

cli = typer.Typer(
    name="ttai",
    help="An MCP server that does an options trader's homework on a TastyTrade account.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(plugins_cli, name="plugins")
cli.add_typer(config_cli, name="config")
for command in (login, logout, backup, restore):
    cli.command()(command)


@cli.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        print(f"ttai {__version__}")
        raise typer.Exit


@cli.command()
def serve(
    http: Annotated[bool, typer.Option("--http", help="Serve HTTP at /mcp, /sse and /health.")] = False,
    transport: Annotated[str | None, typer.Option(help="stdio, http or sse (sse is http).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default localhost).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default 5180).")] = None,
    log_level: Annotated[str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = None,
    data_dir: DataDir = None,
    demo: Demo = False,
    plugins: PluginList = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Ask for no token (this machine only).")] = False,
) -> None:
    """Serve MCP: on stdin and stdout, or over HTTP."""
    with _stdout_for_protocol_only():
        from ttai.app import create_app
        from ttai.clock import Clock
        from ttai.logs import Logs
        from ttai.serve import loading
        from ttai.serve import serve as serve_app

        given = {
            "transport": "http" if http and transport is None else transport,
            "host": host,
            "port": port,
            "log_level": log_level,
        }
        settings, config = read_settings(data_dir, demo, plugins, auth=False if no_auth else None, **given)
        logs = Logs(settings.log_level, settings.home / "logs", Clock())
        with loading(stdio=settings.transport == "stdio"):
            app = create_app(settings, config, logs, serving=True)
    from ttai.errors import TtaiError

    try:
        serve_app(app, logs)
    except TtaiError as error:
        logs.stderr.put(f"ttai: {error}")
        logs.close()
        os._exit(1)


@cli.command()
def call(
    tool: Annotated[str, typer.Argument(help="A tool, as `ttai tools` lists them.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="key=value …; lists as a,b or JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the structured answer.")] = False,
    data_dir: DataDir = None,
    demo: Demo = False,
    plugins: PluginList = None,
) -> None:
    """Call one tool and print its answer."""
    words = _arguments(tool, arguments or [])
    settings, _ = read_settings(data_dir, demo)
    if plugins is None and (server := find_server(settings)):
        run(_call_there(server, tool, words, as_json=as_json))
    else:
        run(_call(make_app(data_dir, demo, plugins), tool, words, as_json=as_json))


@cli.command()
def status(data_dir: DataDir = None, demo: Demo = False) -> None:
    """Tell how the server is, or would be if none runs: login, stream, plugins, problems."""
    settings, _ = read_settings(data_dir, demo)
    if server := find_server(settings):
        run(_call_there(server, "get_status", {}, as_json=False))
    else:
        run(_call(make_app(data_dir, demo), "get_status", {}, as_json=False, connected=True))


@cli.command()
def tools(
    as_json: Annotated[bool, typer.Option("--json", help="With the schemas of arguments and answers.")] = False,
    data_dir: DataDir = None,
    plugins: PluginList = None,
) -> None:
    """List the tools."""
    app = make_app(data_dir, plugins=plugins)
    listed = asyncio.run(_tools(app))
    if as_json:
        print(json.dumps(listed, indent=2))
        return
    width = max(len(tool["name"]) for tool in listed)
    for tool in listed:
        first, _, _ = tool["description"].partition("\n")
        print(f"{tool['name']:<{width}}  {first}".rstrip())


@cli.command()
def simulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 5190,
    seed: Annotated[int, typer.Option(help="The same seed, the same market.")] = 7,
    sessions: Annotated[str, typer.Option(help="always open, or real New York hours.")] = "always",
) -> None:
    """Run the simulated broker on a port of this machine, for tests and for trying things out."""
    import uvicorn

    from ttai.errors import BadSetting
    from ttai.serve import bind
    from ttai.simulator import Simulator

    if sessions not in ("always", "real"):
        raise BadSetting(f"--sessions {sessions} is not usable", "Say always or real")
    simulator = Simulator(seed=seed, sessions="real" if sessions == "real" else "always")
    sockets = bind("127.0.0.1", port)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    print(f"simulated broker at {url}; for a server that uses it:", file=sys.stderr)
    print(f"  export TASTYTRADE_API_URL={url}", file=sys.stderr)
    print(f"  export TASTYTRADE_CLIENT_SECRET={simulator.CLIENT_SECRET}", file=sys.stderr)
    print(f"  export TASTYTRADE_REFRESH_TOKEN={simulator.REFRESH_TOKEN}", file=sys.stderr, flush=True)
    config = uvicorn.Config(simulator.app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    gc.enable()
    uvicorn.Server(config).run(sockets)  # it raises the signal that ended it once more, for `_run`'s handler


def _arguments(tool: str, words: list[str]) -> dict[str, str]:
    from ttai.errors import BadArgument

    arguments: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise BadArgument(f"{word!r} is no key=value", f"Write ttai call {tool} key=value")
        arguments[key] = value
    return arguments


async def _call(app: "App", tool: str, arguments: dict[str, str], *, as_json: bool, connected: bool = False) -> None:
    """Call a tool of the app; `connected` waits until the login has worked or failed."""
    from fastmcp.exceptions import ToolError
    from mcp import MCPError

    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no part of the answer
            if arguments:
                refuse_secrets(tool, {one.name: one.parameters for one in await app.mcp.list_tools()}.get(tool))
            async with app.running():
                if connected:
                    await app.login.settled()
                result = await app.mcp.call_tool(tool, arguments)
    except (ToolError, MCPError) as error:
        sys.exit(f"ttai: {error}")
    _show(result, as_json=as_json)


async def _call_there(server: "Server", tool: str, arguments: dict[str, str], *, as_json: bool) -> None:
    """Call a tool of the server that runs on this data dir."""
    _show(await ask(server, tool, arguments), as_json=as_json)


def _show(result: Any, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.structured_content))
    else:
        print("\n".join(getattr(block, "text", f"[{block.type}]") for block in result.content))


async def _tools(app: "App") -> list[dict[str, Any]]:
    return [
        {
            "name": tool.name,
            "description": tool.description or "",
            "tags": sorted(tool.tags),
            "arguments": tool.parameters,
            "answer": _schema(getattr(tool, "return_type", None)),
        }
        for tool in sorted(await app.mcp.list_tools(), key=lambda tool: tool.name)
    ]


def _schema(answer: Any) -> dict[str, Any] | None:
    """The JSON schema of what a tool returns; None where its author did not say, or said no type of data."""
    from pydantic import PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(answer).json_schema(mode="serialization") if answer is not None else None
    except PydanticUserError:
        return None


@contextmanager
def _stdout_for_protocol_only() -> Iterator[None]:
    """While modules load, what they print goes to stderr: stdout belongs to the protocol."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
