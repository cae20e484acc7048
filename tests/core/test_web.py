"""Headless: who may come in, by the ASGI app alone; tests/wire/test_http.py brings real clients."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from ttai import __version__
from ttai.app import App
from ttai.errors import StartFailed
from ttai.logs import redact
from ttai.presence import INSTANCE
from ttai.settings import Config, CoreSettings
from ttai.web import Token, web_app

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "trial", "version": "0"}},
}  # fmt: skip
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def doors(
    token: Token, base: str = "http://127.0.0.1:5180", **settings: object
) -> AsyncIterator[httpx2.AsyncClient]:
    web = web_app(App(CoreSettings(demo=True, **settings), Config({})), token)  # type: ignore[arg-type]
    async with (
        web.router.lifespan_context(web),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url=base, headers=ACCEPT) as client,
    ):
        yield client


def test_a_token_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = CoreSettings(data_dir=tmp_path / "new")
    first = Token.of(settings)
    assert first.made
    assert first.path == tmp_path / "new" / "http.token"
    assert first.path.read_text() == first.value
    assert len(first.value or "") >= 40
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    again = Token.of(settings)
    assert (again.value, again.made) == (first.value, False)
    assert list(first.path.parent.iterdir()) == [first.path]
    assert first.value not in redact(f"said {first.value} aloud")


def test_an_empty_token_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "http.token").write_text("\n")
    token = Token.of(CoreSettings(data_dir=tmp_path))
    assert token.made
    assert (tmp_path / "http.token").read_text() == token.value


def test_a_token_that_cannot_be_kept_holds_for_this_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_text("")
    token = Token.of(CoreSettings(data_dir=tmp_path / "taken/home"))
    assert token.value
    assert (token.made, token.path) == (True, None)
    assert "TTAI_API_KEY" in caplog.text
    assert token.value not in caplog.text


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize("auth", [True, False])
def test_a_key_that_is_set_is_demanded_whatever_else_is_said(tmp_path: Path, demo: bool, auth: bool) -> None:
    token = Token.of(CoreSettings(data_dir=tmp_path, demo=demo, auth=auth, api_key=SecretStr(" the-key\n")))
    assert (token.value, token.made) == ("the-key", False)
    assert list(tmp_path.iterdir()) == []


def test_on_this_machine_the_demo_and_no_auth_ask_for_none(tmp_path: Path) -> None:
    assert Token.of(CoreSettings(data_dir=tmp_path, demo=True)).value is None
    assert Token.of(CoreSettings(data_dir=tmp_path, auth=False)).value is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
@pytest.mark.parametrize("key", [None, SecretStr(""), SecretStr("  ")])
def test_beyond_this_machine_nothing_without_a_key(tmp_path: Path, host: str, key: SecretStr | None) -> None:
    for demo, auth in ((True, True), (False, False), (False, True)):
        with pytest.raises(StartFailed, match="Set TTAI_API_KEY, or leave --host at localhost"):
            Token.of(CoreSettings(data_dir=tmp_path, host=host, api_key=key, demo=demo, auth=auth))
    assert Token.of(CoreSettings(host=host, api_key=SecretStr("the-key"))).value == "the-key"


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages", "/messages/", "/", "/nothing", "/health/", "/Health"])
async def test_without_the_token_there_is_nothing_but_a_sentence(path: str) -> None:
    wrong = ("", "Bearer", "Bearer wrong", "Bearer the-ke", "Bearer the-key2", "Basic the-key", "the-key", "Bearer ü")
    async with doors(Token("the-key")) as client:
        for headers in ([], *([(b"Authorization", said.encode())] for said in wrong)):
            for method in ("GET", "POST"):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert "Authorization: Bearer TOKEN" in answer.text
                assert "the-key" not in answer.text


@pytest.mark.parametrize(
    ("key", "said"), [("the-key", "Bearer the-key"), ("the-key", "bearer  the-key"), ("schlüssel", "Bearer schlüssel")]
)
async def test_with_the_token_one_is_in(key: str, said: str) -> None:
    async with doors(Token(key)) as client:
        answer = await client.post("/mcp", json=HELLO, headers=[(b"Authorization", said.encode())])
        assert answer.status_code == 200
        assert '"serverInfo"' in answer.text


async def test_health_is_open_and_private() -> None:
    async with doors(Token("the-key")) as client:
        answer = await client.get("/health")
        assert answer.json() == {"status": "ok", "version": __version__, "instance": INSTANCE}
        assert (await client.post("/health", json=HELLO)).status_code == 404  # no way round


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/health"])
async def test_a_rebound_name_and_a_foreign_page_are_turned_away(path: str) -> None:
    async with doors(Token(None)) as client:
        assert (await client.get(path, headers={"Host": "evil.example"})).status_code == 421
        assert (await client.get(path, headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await client.get(path, headers={"Origin": "null"})).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:5180", "localhost:5180", "[::1]:5180"])
async def test_this_machine_is_let_in_by_each_of_its_names(host: str) -> None:
    async with doors(Token(None)) as client:
        assert (await client.post("/mcp", json=HELLO, headers={"Host": host})).status_code == 200
        local = {"Host": host, "Origin": f"http://{host}"}
        assert (await client.post("/mcp", json=HELLO, headers=local)).status_code == 200


async def test_bound_to_one_address_that_name_counts_to_all_of_them_any() -> None:
    async with doors(Token("the-key"), "http://192.168.1.5:5180", host="192.168.1.5") as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/health", headers={"Host": "evil.example"})).status_code == 421
    async with doors(Token("the-key"), "http://my-machine.lan:5180", host="0.0.0.0") as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.post("/mcp", json=HELLO)).status_code == 401
        assert (await client.get("/health", headers={"Origin": "https://evil.example"})).status_code == 403


async def test_the_doors_have_a_slash_or_none_and_nothing_else_is_there() -> None:
    async with doors(Token(None)) as client:
        for path in ("/mcp", "/mcp/"):
            assert (await client.post(path, json=HELLO)).status_code == 200
        for path in ("/messages", "/messages/"):
            answer = await client.post(path, json=HELLO)
            assert (answer.status_code, answer.text) == (400, "session_id is required")
        for path in ("/", "", "/nothing", "/mcp/more", "/messages/more"):
            assert (await client.post(path, json=HELLO)).status_code == 404
