"""Process life, the parts that need no process: the ports, the welcome. The rest is tests/wire/test_process.py."""

import socket
from pathlib import Path

import pytest

from ttai.app import App
from ttai.errors import StartFailed
from ttai.serve import _welcome, bind
from ttai.settings import Config, CoreSettings
from ttai.web import Token


def welcome(token: Token, **settings: object) -> str:
    return _welcome(App(CoreSettings(**settings), Config({})), token, 5180)  # type: ignore[arg-type]


def test_localhost_is_both_loopbacks_on_one_port() -> None:
    sockets = bind("localhost", 0)
    try:
        names = [one.getsockname()[:2] for one in sockets]
        assert names[0][0] == "127.0.0.1"
        assert {port for _, port in names} == {names[0][1]}
        assert len(names) == 2 if socket.has_dualstack_ipv6() else len(names) >= 1
    finally:
        for one in sockets:
            one.close()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_in_use_on_either_loopback_is_refused_and_nothing_stays_open(family: socket.AddressFamily) -> None:
    with socket.socket(family) as taken:
        try:
            taken.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        taken.listen()
        port = taken.getsockname()[1]
        for _ in range(2):  # the second time the first must have let go
            with pytest.raises(StartFailed, match=f"port {port} on localhost can't be opened .*--port"):
                bind("localhost", port)


@pytest.mark.parametrize("host", ["not..a.name", "203.0.113.7"])
def test_an_address_of_another_machine_is_refused_as_that(host: str) -> None:
    with pytest.raises(StartFailed, match=f"{host} is no address of this machine"):
        bind(host, 0)


def test_a_made_token_is_shown_in_the_line_a_client_needs(tmp_path: Path) -> None:
    token = Token.of(CoreSettings(data_dir=tmp_path))
    said = welcome(token, data_dir=tmp_path)
    assert f'--header "Authorization: Bearer {token.value}"' in said
    assert f"kept in {tmp_path / 'http.token'} and not shown again" in said
    again = welcome(Token.of(CoreSettings(data_dir=tmp_path)), data_dir=tmp_path)
    assert str(token.value) not in again
    assert f"TOKEN is the content of {tmp_path / 'http.token'}" in again


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    said = welcome(Token("the-key"), demo=True)
    assert "the-key" not in said
    assert "TOKEN is TTAI_API_KEY" in said


def test_the_welcome_names_the_address_one_can_reach() -> None:
    assert "http://localhost:5180/mcp" in welcome(Token(None), demo=True)
    assert "http://192.168.1.5:5180/sse" in welcome(Token("the-key"), host="192.168.1.5")
    assert "http://[::1]:5180/mcp" in welcome(Token(None), host="::1", demo=True)
    assert "http://THIS-MACHINE:5180/mcp" in welcome(Token("the-key"), host="0.0.0.0")
    assert "Authorization" not in welcome(Token(None), demo=True)
    assert "the demo market" in welcome(Token(None), demo=True)
