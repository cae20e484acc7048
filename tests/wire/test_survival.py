"""Several processes on one data dir, killed and ended in every way: real processes."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest

from tests.plugin_files import lay
from tests.processes import Process, ttai, until

pytestmark = pytest.mark.slow
WITHIN = 3.0  # s, from the wish to the exit

LIVELY = r"""
    import asyncio, os
    from pathlib import Path

    def register(host):
        notes = Path(os.environ["NOTES"])

        def note(text):
            with notes.open("a") as file:
                file.write(f"{os.getpid()} {text}\n")

        @host.lifespan
        async def life():
            note("in")
            try:
                yield
            finally:
                note("out")

        @host.job("interval", seconds=1)
        async def work():
            note("job")

        @host.tool
        async def tell(title: str) -> str:
            "Tell the user."
            return await host.notifier.send(title, "a body", kind="alert_triggered", data={"n": 1})

        @host.tool
        async def chat() -> str:
            "Log a lot."
            for number in range(3000):
                host.log.warning("chatter %s %s", number, "x" * 60)
            return "said"

        @host.tool
        async def wait() -> str:
            "Wait for ever, whatever comes."
            host.log.warning("waiting")
            while True:
                try:
                    await asyncio.Event().wait()
                except BaseException:
                    pass
"""
BUSY = r"""
    import asyncio, os
    from pathlib import Path

    def register(host):
        @host.job("interval", seconds=1)
        async def work():
            with Path(os.environ["NOTES"]).open("a") as file:
                file.write(f"{os.getpid()} busy\n")
            await asyncio.sleep(3600)
"""
STUCK = """
    import asyncio

    def register(host):
        @host.lifespan
        async def life():
            yield
            await asyncio.Event().wait()
"""
HANGING = """
    import asyncio

    def register(host):
        @host.lifespan
        async def life():
            await asyncio.Event().wait()
            yield

        @host.tool
        async def hello() -> str:
            "Hello."
            return "hello"
"""


class Site:
    """A data dir, plugins, and what the plugin `lively` noted."""

    def __init__(self, folder: Path, *plugins: tuple[str, str]) -> None:
        self.home = folder / "home"
        self.noted = folder / "notes"
        self.noted.touch()
        path = ""
        for name, source in (("lively", LIVELY), *plugins):
            path = lay(folder / "plugins", name, source)
        self.env = {"TTAI_PLUGIN_PATH": path, "NOTES": str(self.noted)}

    @contextmanager
    def serve(self, *words: str, env: dict[str, str] | None = None, deaf: bool = False) -> Iterator[Process]:
        """A server in demo mode; one on stdio has answered."""
        with ttai("serve", "--demo", *words, home=self.home, env={**self.env, **(env or {})}, deaf=deaf) as server:
            if "--http" not in words:
                server.greet()
                said(server, "ping")
            yield server

    def notes(self, server: Process) -> list[str]:
        lines = [line.split() for line in self.noted.read_text().splitlines()]
        return [what for pid, what in lines if int(pid) == server.process.pid]

    def has(self, server: Process, what: str) -> None:
        until(lambda: what in self.notes(server), what=what)


def said(server: Process, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's answer."""
    result: dict[str, Any] = server.answer(server.call(tool, **arguments))["result"]
    return result


def leads(server: Process) -> bool:
    return bool(said(server, "list_jobs")["structuredContent"]["run_in_this_process"])


def shown(server: Process) -> list[str]:
    """The titles of the notifications on stderr."""
    lines = [line for line in server.err[:] if line.startswith('{"type":"notification"')]
    return [json.loads(line)["title"] for line in lines]


def undelivered(server: Process) -> int:
    answer = said(server, "list_notifications", status="new")["structuredContent"]
    return len(answer["notifications"]["rows"])


def test_three_processes_answer_and_one_leads(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with ExitStack() as stack:
        servers = [stack.enter_context(site.serve()) for _ in range(3)]
        until(lambda: any(map(leads, servers)), what="a leader")
        assert sum(map(leads, servers)) == 1
        (leader,) = [server for server in servers if leads(server)]
        site.has(leader, "job")
        for server in servers:
            assert "pong" in str(said(server, "ping"))
            site.has(server, "in")
            code, spent = server.end("EOF")
            assert code == 0, server.err
            assert spent < WITHIN
            assert not [line for line in server.err if "Traceback" in line], server.err
            assert "out" in site.notes(server)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_another_takes_over(tmp_path: Path, how: str) -> None:
    site = Site(tmp_path)
    with site.serve() as first:
        site.has(first, "job")
        with site.serve() as second:
            site.has(second, "in")
            began = monotonic()
            first.process.send_signal(getattr(signal, how))
            until(lambda: leads(second), 6, what="the takeover")
            print(f"\ntakeover after {how}: {monotonic() - began:.2f} s")
            site.has(second, "job")
            assert second.end("EOF")[0] == 0


def test_what_a_killed_process_was_at_is_run_by_another(tmp_path: Path) -> None:
    """Though nobody has looked after it: it is a zombie as long as this test does not."""
    site = Site(tmp_path, ("busy", BUSY))
    with site.serve() as first:
        site.has(first, "busy")
        with site.serve() as second:
            site.has(second, "in")
            first.process.kill()
            site.has(second, "busy")


def test_a_notification_is_one_exact_line(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.serve() as server:
        identity = said(server, "lively_tell", title="VIX is high")["structuredContent"]["result"]
        until(lambda: shown(server), what="the notification")
        (line,) = [line for line in server.err if line.startswith('{"type"')]
        stamp = json.loads(line)["timestamp"]
        assert line == (
            f'{{"type":"notification","id":"{identity}","notification_type":"alert_triggered","title":"VIX is high",'
            f'"body":"a body","data":{{"n":1}},"timestamp":"{stamp}"}}'
        )
        assert stamp.endswith("+00:00")
        assert server.end("EOF")[0] == 0


def test_every_process_shows_and_a_sidecar_catches_up(tmp_path: Path) -> None:
    site, sidecar = Site(tmp_path), {"TTAI_APP_TOOLS": "1"}
    with site.serve() as one, site.serve() as other:
        for server, title in ((one, "here"), (other, "there")):  # what it says itself is shown once it looks
            said(server, "lively_tell", title=title)
            until(lambda server=server, title=title: title in shown(server), what=title)  # type: ignore[misc]
        said(one, "lively_tell", title="first")
        until(lambda: "first" in shown(one) and "first" in shown(other), what="that both show it")
        one.process.kill()
        said(other, "lively_tell", title="second")
        until(lambda: "second" in shown(other), what="the second")
        assert len(shown(other)) == len(set(shown(other)))
    with site.serve(env=sidecar) as app:
        until(lambda: shown(app) == ["here", "there", "first", "second"], what="what no sidecar has shown")
        until(lambda: undelivered(app) == 0, what="the mark")
        assert app.end("EOF")[0] == 0
    with site.serve(env=sidecar) as again:
        said(again, "lively_tell", title="third")
        until(lambda: shown(again) == ["third"], what="the third alone")


def test_nobody_reads_stderr(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.serve(deaf=True) as server:
        for _ in range(3):
            assert "said" in str(said(server, "lively_chat"))
        for number in range(20):
            said(server, "lively_tell", title=str(number))
        assert "pong" in str(said(server, "ping"))
        thread = server._read(server.process.stderr, server.err)
        until(lambda: len(shown(server)) == 20, what="the notifications")
        assert shown(server) == [str(number) for number in range(20)]
        assert len([line for line in server.err if "chatter" in line]) < 9000  # the old ones went
        assert server.end("EOF")[0] == 0
        thread.join(5)


@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT"])
def test_plugins_are_left_with_a_stuck_tool_and_stuck_plugins(tmp_path: Path, how: str) -> None:
    site = Site(tmp_path, ("stuck", STUCK), ("stuck2", STUCK))
    with site.serve() as server:
        site.has(server, "in")
        server.call("lively_wait")
        until(lambda: any("waiting" in line for line in server.err), what="the stuck call")
        code, spent = server.end(how)
        assert code == 0, server.err
        assert spent < WITHIN
        assert "out" in site.notes(server)


@pytest.mark.parametrize("stuck", [False, True])
def test_plugins_are_left_over_http(tmp_path: Path, stuck: bool) -> None:
    site = Site(tmp_path, *([("stuck", STUCK)] if stuck else []))
    with ExitStack() as stack:
        server = stack.enter_context(site.serve("--http", "--port", "0"))
        site.has(server, "in")
        assert httpx2.get(f"{server.url}/health").json()["status"] == "ok"
        if stuck:  # an open client keeps the transport
            client = stack.enter_context(httpx2.Client(timeout=10))
            stream = stack.enter_context(client.stream("GET", f"{server.url}/sse"))
            assert next(stream.iter_lines()) == "event: endpoint"
        assert (site.home / "demo" / "server.json").exists()
        code, spent = server.end("SIGTERM")
        assert code == 0, server.err
        assert spent < WITHIN
        assert "out" in site.notes(server)
        assert not (site.home / "demo" / "server.json").exists()


def test_a_plugin_that_hangs_at_its_start_costs_itself(tmp_path: Path) -> None:
    site = Site(tmp_path, ("hanging", HANGING))
    with site.serve() as server:
        began = monotonic()
        number = server.call("hanging_hello")
        said(server, "lively_tell", title="meanwhile")
        assert "pong" in str(said(server, "ping"))
        until(lambda: number in server.answers, 40, what="the answer of the one that hangs")
        text = server.answers[number]["result"]["content"][0]["text"]
        assert text.startswith("PLUGIN: hanging did not start: it took longer than 30 s")
        assert monotonic() - began < 40
        assert "hanging (ttai-hanging 1.2): failed: it did not start" in str(said(server, "get_status"))
        assert server.end("EOF")[0] == 0


def test_a_command_uses_the_server_that_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = Site(tmp_path).env

    def uptime() -> int:
        with ttai("call", "get_status", "--json", home=home, env=env) as command:
            assert command.wait() == 0, command.err
            return int(json.loads(command.out[0])["uptime_seconds"])

    with ttai("serve", "--http", "--port", "0", home=home, env=env) as server:
        assert httpx2.get(f"{server.url}/health").status_code == 200
        assert (home / "server.json").stat().st_mode & 0o077 == 0
        assert json.loads((home / "server.json").read_text())["pid"] == server.process.pid
        sleep(3)  # the age of the server, which a command of its own has not
        assert uptime() >= 3
        server.process.kill()
        server.process.wait()
        assert (home / "server.json").exists()
        assert uptime() < 3
