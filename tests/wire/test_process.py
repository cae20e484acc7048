"""How a server ends, and how one that can't start says so: real processes."""

import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import httpx2
import pytest
from fastmcp import Client
from fastmcp.exceptions import ToolError

from tests.plugin_files import lay
from tests.processes import Process, ttai, until

WITHIN = 3.0  # s, from the wish to the exit

STUCK = """
    import asyncio, time

    def register(host):
        @host.tool
        async def wait() -> str:
            "Wait for ever."
            host.log.warning("waiting")
            await asyncio.Event().wait()
            return ""

        @host.tool
        async def stubborn() -> str:
            "Wait for ever, whatever comes."
            host.log.warning("waiting")
            while True:
                try:
                    await asyncio.Event().wait()
                except BaseException:
                    pass

        @host.tool
        async def block() -> str:
            "Block the loop."
            host.log.warning("waiting")
            time.sleep(60)
            return ""

        @host.tool
        async def thread() -> str:
            "Block a thread."
            host.log.warning("waiting")
            await asyncio.to_thread(time.sleep, 60)
            return ""
"""
RUDE = """
    import asyncio, sys

    async def leave():
        sys.exit(4)

    async def interrupt():
        raise KeyboardInterrupt

    def register(host):
        @host.tool
        async def end(how: str) -> str:
            "Try to take the server along."
            if how == "exit":
                sys.exit(3)
            if how == "interrupt":
                raise KeyboardInterrupt
            if how == "generator":
                raise GeneratorExit
            if how == "cancel":
                raise asyncio.CancelledError
            if how == "self":
                asyncio.current_task().cancel()
                await asyncio.sleep(1)
            if how == "task":
                await asyncio.create_task(leave())
            if how == "interrupted task":
                await asyncio.gather(interrupt(), leave())
            if how == "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(leave())
                    await asyncio.Event().wait()
            if how == "callback":
                asyncio.get_running_loop().call_soon(sys.exit)
                await asyncio.sleep(0.01)
                raise KeyError
            return "still here"
"""
RUDELY = ("exit", "interrupt", "generator", "cancel", "self", "task", "interrupted task", "group", "callback")
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "trial", "version": "0"}},
}  # fmt: skip


def call(tool: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": tool, "arguments": {}}}


def waiting(server: Process) -> None:
    until(lambda: any("waiting" in line for line in server.err), what="the stuck call")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT"])
def test_stdio_ends_at_once(tmp_path: Path, how: str) -> None:
    with ttai("serve", "--demo", home=tmp_path / "home") as server:
        server.greet()
        code, spent = server.end(how)
        assert code == 0, server.err
        assert spent < WITHIN
        assert not [line for line in server.err if "Traceback" in line]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT"])
@pytest.mark.parametrize("tool", ["wait", "stubborn", "block", "thread"])
def test_stdio_ends_with_a_stuck_tool(tmp_path: Path, how: str, tool: str) -> None:
    path = lay(tmp_path / "plugins", "stuck", STUCK)
    with ttai("serve", "--demo", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        server.call(f"stuck_{tool}")
        waiting(server)
        code, spent = server.end(how)
        assert code == 0, server.err
        assert spent < WITHIN


def handles(server: Process, number: signal.Signals) -> bool:
    """Whether a process that exists has come to its own first line about a signal."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT"])
@pytest.mark.parametrize("moment", [0, 0.1, 0.3, 0.6, 1])
def test_stdio_ends_while_it_is_still_starting(tmp_path: Path, how: str, moment: float) -> None:
    with ttai("serve", "--demo", home=tmp_path / "home") as server:
        if how != "EOF":
            if not Path("/proc/self/status").exists():
                pytest.skip("cannot see when the process handles signals")
            until(lambda: handles(server, signal.SIGTERM), what="the first line")  # python itself has no such handler
        sleep(moment)
        code, spent = server.end(how)
    assert code == 0, server.err
    assert not [line for line in server.err if "Traceback" in line]
    assert spent < WITHIN + 3  # the imports are in it


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
def test_the_simulated_broker_ends_as_well(tmp_path: Path, how: str) -> None:
    with ttai("simulate", "--port", "0", home=tmp_path / "home") as broker:
        until(lambda: any("TASTYTRADE_REFRESH_TOKEN" in line for line in broker.err), what="the welcome")
        code, spent = broker.end(how)
    assert code == 0, broker.err
    assert spent < WITHIN
    assert not [line for line in broker.err if "Traceback" in line]


@pytest.mark.slow
def test_a_second_signal_is_no_harm(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "stuck", STUCK)
    with ttai("serve", "--demo", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        server.call("stuck_block")
        waiting(server)
        for _ in range(20):
            server.process.terminate()
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.end("SIGINT")[0] == 0


def test_http_starts_answers_and_ends_at_once(tmp_path: Path) -> None:
    with ttai("serve", "--demo", "--http", "--port", "0", home=tmp_path / "home") as server:
        assert httpx2.get(f"{server.url}/health").json()["status"] == "ok"
        code, spent = server.end("SIGTERM")
        assert code == 0, server.err
        assert spent < WITHIN
        assert server.out == []
        assert not [line for line in server.err if "Traceback" in line]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("tool", ["wait", "stubborn", "block", "thread", "an open SSE client"])
def test_http_ends_with_a_stuck_tool_or_an_open_client(tmp_path: Path, how: str, tool: str) -> None:
    path = lay(tmp_path / "plugins", "stuck", STUCK)
    words = ("serve", "--demo", "--http", "--port", "0")
    with ExitStack() as stack:
        server = stack.enter_context(ttai(*words, home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}))
        client = stack.enter_context(httpx2.Client(base_url=server.url, timeout=10))
        accept = {"Accept": "application/json, text/event-stream"}
        if tool == "an open SSE client":
            stream = stack.enter_context(client.stream("GET", "/sse"))
            assert next(stream.iter_lines()) == "event: endpoint"
        else:
            session = client.post("/mcp", json=HELLO, headers=accept).headers["mcp-session-id"]
            sender = stack.enter_context(socket.create_connection((client.base_url.host, client.base_url.port or 0)))
            request = client.build_request(
                "POST", "/mcp", json=call(f"stuck_{tool}"), headers={**accept, "mcp-session-id": session}
            )
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            sender.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + request.read())
            waiting(server)
        code, spent = server.end(how)
        assert code == 0, server.err
        assert spent < WITHIN


@pytest.mark.slow
def test_http_does_not_end_because_stdin_is_nothing(tmp_path: Path) -> None:
    words = ("serve", "--demo", "--http", "--port", "0")
    with ttai(*words, home=tmp_path / "home", stdin=subprocess.DEVNULL) as server:
        for _ in range(3):
            assert httpx2.get(f"{server.url}/health").status_code == 200
        assert server.process.poll() is None
        assert server.end("SIGTERM")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("--transport", "sse", "--port", "0", "--demo"),
        ("-c", "from ttai.__main__ import server; server()", "--transport", "sse", "--port", "0", "--demo"),
        ("-c", "from ttai.__main__ import server; server()", "serve", "--http", "--port", "0", "--demo"),
    ],
)
def test_options_without_a_command_mean_serve(tmp_path: Path, words: tuple[str, ...]) -> None:
    with ttai(*words, home=tmp_path / "home") as server:
        with httpx2.stream("GET", f"{server.url}/sse") as stream:
            assert next(stream.iter_lines()) == "event: endpoint"
        assert server.end("SIGTERM")[0] == 0


@pytest.mark.slow
def test_the_sidecars_name_speaks_stdio(tmp_path: Path) -> None:
    with ttai(
        "-c", "from ttai.__main__ import server; server()", home=tmp_path / "home", env={"TTAI_DEMO": "1"}
    ) as server:
        server.greet()
        assert "pong" in str(server.answer(server.call("ping")))
        assert server.end("EOF")[0] == 0


@pytest.mark.slow
def test_the_token_is_shown_once_and_is_in_no_log(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for run in (1, 2):
        with ttai("serve", "--http", "--port", "0", "--log-level", "DEBUG", home=home) as server:
            assert httpx2.post(f"{server.url}/mcp", json=HELLO).status_code == 401
            token = (home / "http.token").read_text()
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
            assert httpx2.post(f"{server.url}/mcp", json=HELLO, headers=headers).status_code == 200
            assert server.end("SIGTERM")[0] == 0
        assert sum(token in line for line in server.err) == (1 if run == 1 else 0)
        assert token not in "".join(path.read_text() for path in (home / "logs").iterdir())
    for path in (home, home / "logs", home / "http.token", *(home / "logs").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"


@pytest.mark.slow
def test_a_key_is_demanded_in_the_demo_too(tmp_path: Path) -> None:
    words = ("serve", "--demo", "--no-auth", "--http", "--port", "0")
    with ttai(*words, home=tmp_path / "home", env={"TTAI_API_KEY": "the-key-of-the-test"}) as server:
        assert httpx2.post(f"{server.url}/mcp", json=HELLO).status_code == 401
        assert server.end("SIGTERM")[0] == 0
    assert "the-key-of-the-test" not in "\n".join(server.err)


@pytest.mark.slow
def test_no_call_ends_the_server_over_stdio(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "rude", RUDE)
    with ttai("serve", "--demo", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        for how in RUDELY:
            said = server.answer(server.call("rude_end", how=how))["result"]
            assert said["isError"], how
            assert said["content"][0]["text"].startswith(
                ("PLUGIN: rude_end tried to end", "PLUGIN: rude_end cancelled itself", "INTERNAL: ")
            ), how
            assert "pong" in str(server.answer(server.call("ping"))), how
        assert server.end("EOF")[0] == 0


@pytest.mark.slow
def test_no_import_ends_the_server(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "rude", "raise KeyboardInterrupt")
    with ttai("serve", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        assert "rude (ttai-rude 1.2): failed: it tried to end" in str(server.answer(server.call("get_status")))
        assert server.end("EOF")[0] == 0


@pytest.mark.slow
def test_a_plugin_that_never_loads_does_not_outlive_the_client(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "stuck", "import time\ntime.sleep(60)")
    with ttai("serve", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        until(lambda: any("plugin stuck is still loading" in line for line in server.err), what="the warning")
        assert server.process.stdin
        server.process.stdin.close()
        assert server.process.wait(15) == 0


@pytest.mark.slow
async def test_no_call_ends_the_server_over_http(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "rude", RUDE)
    words = ("serve", "--demo", "--http", "--port", "0")
    with ttai(*words, home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        for mode in ("auto", "legacy"):
            async with Client(f"{server.url}/mcp", mode=mode, timeout=5) as client:
                for how in RUDELY:
                    with pytest.raises(
                        ToolError, match=r"^(PLUGIN: rude_end (tried to end|cancelled itself)|INTERNAL: )"
                    ):
                        await client.call_tool("rude_end", {"how": how})
                    assert "pong" in str(await client.call_tool("ping")), how
        assert server.end("SIGTERM")[0] == 0


@pytest.mark.slow
def test_status_says_that_credentials_are_refused(tmp_path: Path) -> None:
    with ttai("simulate", "--port", "0", home=tmp_path / "broker") as broker:
        until(lambda: any("TASTYTRADE_API_URL=" in line for line in broker.err), what="the welcome")
        url = next(line for line in broker.err if "TASTYTRADE_API_URL=" in line).partition("=")[2]
        env = {"TASTYTRADE_API_URL": url, "TASTYTRADE_CLIENT_SECRET": "no", "TASTYTRADE_REFRESH_TOKEN": "no"}
        with ttai("status", home=tmp_path / "home", env=env) as status:
            assert status.wait() == 0, status.err
    (stream,) = [line for line in status.out if line.startswith("stream: ")]
    assert "refused the credentials" in stream


def one_line(server: Process) -> str:
    """What a server that can't start says: one line, and exit 1."""
    assert server.wait() == 1, server.err
    assert server.out == []
    (line,) = [line for line in server.err if line.startswith("ttai: ")]
    assert not [line for line in server.err if "Traceback" in line]
    return line


@pytest.mark.slow
def test_the_last_words_of_a_command_are_heard(tmp_path: Path) -> None:
    with ttai("call", "nothing", home=tmp_path / "home") as command:
        assert "NOT_FOUND: there is no tool nothing" in one_line(command)


@pytest.mark.slow
def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with ttai("serve", "--demo", "--http", "--port", str(port), home=tmp_path / "home") as server:
            line = one_line(server)
    assert f"port {port} on localhost can't be opened (Address already in use)" in line
    assert "choose another with --port" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("--http", "--host", "0.0.0.0"), {}, "Set TTAI_API_KEY, or leave --host at localhost"),
        (("--http", "--demo", "--host", "0.0.0.0"), {}, "Set TTAI_API_KEY"),
        (("--http", "--no-auth", "--host", "0.0.0.0"), {}, "Set TTAI_API_KEY"),
        (("--http", "--demo", "--host", "203.0.113.7"), {"TTAI_API_KEY": "the-key"}, "is no address of this machine"),
        (("--transport", "pigeon"), {}, "--transport is not usable"),
        ((), {"TTAI_PORT": "high"}, "TTAI_PORT is not usable"),
        ((), {"TASTYTRADE_API_URL": "http://example.com"}, "TASTYTRADE_API_URL is not usable"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_exit_1(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    with ttai("serve", *words, home=tmp_path / "home", env=env) as server:
        assert said in one_line(server)


@pytest.mark.slow
def test_http_starts_though_the_data_dir_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    words = ("serve", "--http", "--port", "0", "--data-dir", str(tmp_path / "taken"))
    with ttai(*words, home=tmp_path / "home") as server:
        assert httpx2.get(f"{server.url}/health").status_code == 200
        until(lambda: any("no log file" in line for line in server.err), what="the complaint")
        assert any("it holds for this run alone" in line for line in server.err)
        assert server.end("SIGTERM")[0] == 0
