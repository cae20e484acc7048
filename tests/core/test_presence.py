"""How a command of the terminal finds the server; whole processes are in tests/wire/test_survival.py."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from ttai.presence import FILE, announced, find_server
from ttai.settings import CoreSettings


@contextmanager
def listening(says: str) -> Iterator[str]:
    """A server that answers everything with this; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(says.encode())

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
    with listening('{"status": "ok", "version": "1"}') as url:
        assert find_server(settings(home)) is None
        with announced(home, url):
            assert json.loads((home / FILE).read_text()) == {"pid": os.getpid(), "url": url}
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


@pytest.mark.parametrize("says", ["", "hello", "[]", '{"status": "down"}', '{"ok": true}'])
def test_another_program_on_its_old_port_gets_no_token(tmp_path: Path, says: str) -> None:
    with listening(says) as url, announced(tmp_path, url):
        assert find_server(settings(tmp_path)) is None


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


def test_a_data_dir_that_cannot_be_written_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with announced(tmp_path / "home", "http://127.0.0.1:1"):
        assert find_server(settings(tmp_path / "home")) is None
