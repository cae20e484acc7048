"""How a command of the terminal finds the server; whole processes are in tests/wire/test_survival.py."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from ttai.cli.remote import ask, refuse_secrets
from ttai.errors import BadArgument
from ttai.presence import FILE, INSTANCE, Server, announced, find_server, is_alive
from ttai.settings import CoreSettings

OK = json.dumps({"status": "ok", "version": "1", "instance": INSTANCE})


@contextmanager
def listening(says: str, code: int = 200, seen: list[str | None] | None = None) -> Iterator[str]:
    """A server that answers everything with this; its URL. The tokens it is sent are `seen`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(code)
            self.end_headers()
            self.wfile.write(says.encode())

        do_POST = do_GET  # noqa: N815 - its name for it

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def settings(home: Path) -> CoreSettings:
    return CoreSettings(data_dir=home)


def test_a_server_is_found_while_it_serves(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with listening(OK) as url:
        assert find_server(settings(home)) is None
        with announced(home, url):
            said = {"pid": os.getpid(), "url": url, "instance": INSTANCE, "before": None}
            assert json.loads((home / FILE).read_text()) == said
            assert (home / FILE).stat().st_mode & 0o077 == 0
            found = find_server(settings(home))
            assert found is not None
            assert (found.url, found.token) == (url, None)
            (home / "http.token").write_text("the-token\n")
            found = find_server(settings(home))
            assert found is not None
            assert found.token == "the-token"
            found = find_server(CoreSettings(data_dir=home, api_key=SecretStr("the-key")))
            assert found is not None
            assert found.token == "the-key"
        assert [path.name for path in home.iterdir()] == ["http.token"]


def test_a_server_that_goes_on_is_found_again_when_a_newer_one_ends(tmp_path: Path) -> None:
    with listening(OK) as url, announced(tmp_path, url):
        said = json.loads((tmp_path / FILE).read_text())
        newer = {"pid": os.getpid(), "url": "http://127.0.0.1:9", "instance": "another", "before": said}
        (tmp_path / FILE).write_text(json.dumps(newer))
        assert find_server(settings(tmp_path)) == Server(url, None)  # the newer one does not answer


@pytest.mark.parametrize(
    "says",
    ["", "hello", "[]", '{"status": "down"}', '{"ok": true}', '{"status": "ok"}', '{"status": "ok", "instance": "x"}'],
)
def test_another_program_on_its_old_port_gets_no_token(tmp_path: Path, says: str) -> None:
    seen: list[str | None] = []
    (tmp_path / "http.token").write_text("the-token")
    with listening(says, seen=seen) as url, announced(tmp_path, url):
        assert find_server(settings(tmp_path)) is None
    assert seen == [None]


def test_a_process_that_is_gone_is_no_server(tmp_path: Path) -> None:
    with listening(OK) as url, subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
        for pid, there in ((gone.pid, False), ("1", False), (-1, False), (2**70, False), (os.getpid(), True)):
            (tmp_path / FILE).write_text(json.dumps({"pid": pid, "url": url, "instance": INSTANCE}))
            assert bool(find_server(settings(tmp_path))) is there


async def test_no_proxy_gets_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    with listening(OK, seen=seen) as proxy, listening(OK) as url, announced(tmp_path, url):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        assert find_server(settings(tmp_path))
        with pytest.raises(SystemExit, match="did not answer"):
            await ask(Server(url, "the-token"), "ping", {})
    assert seen == []


async def test_a_wrong_key_is_said() -> None:
    with listening("no", 401) as url, pytest.raises(SystemExit) as ended:
        await ask(Server(url, "wrong"), "ping", {})
    assert ended.value.code == f"ttai: the server at {url} asks for another key. Set TTAI_API_KEY as the server has it"


def test_secrets_have_no_place_on_a_command_line() -> None:
    refuse_secrets("ping", None)
    refuse_secrets("word", {"properties": {"text": {"type": "string", "format": "date"}}})
    for schema in ({"format": "password"}, {"anyOf": [{"type": "null"}, {"writeOnly": True}]}):
        with pytest.raises(BadArgument, match="Use `ttai login`"):
            refuse_secrets("login", {"properties": {"key": schema}})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"pid": 1}', '{"url": null}', '{"url": "http://127.0.0.1:1"}', '{"url": "http://[x"}']
)
def test_a_file_that_tells_nothing_is_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert find_server(settings(tmp_path)) is None


def test_another_servers_file_is_left_alone(tmp_path: Path) -> None:
    with announced(tmp_path, "http://127.0.0.1:1"):
        (tmp_path / FILE).write_text("[]")
    assert (tmp_path / FILE).exists()
    with announced(tmp_path, "http://127.0.0.1:1"):
        (tmp_path / FILE).write_text(json.dumps({"pid": 1, "url": "http://127.0.0.1:1", "instance": "another"}))
    assert (tmp_path / FILE).exists()


def test_a_data_dir_that_cannot_be_written_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    home = tmp_path / "taken/home"
    with announced(home, "http://127.0.0.1:1"):
        assert find_server(settings(home)) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone tells")
def test_a_killed_process_nobody_has_looked_after_is_there_no_more() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)
