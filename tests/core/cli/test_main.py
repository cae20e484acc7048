"""The command line, called as its scripts call it; whole processes are in tests/wire/test_process.py."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.conftest import Ended
from tests.plugin_files import lay
from ttai import __version__
from ttai.__main__ import main, server
from ttai.answers import rows

BROKEN = "ZeroDivisionError: division by zero; report it to its author, or leave it out: TTAI_PLUGINS=-bad"


@pytest.fixture
def vix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third party's plugins: one that works, with answers and without a word, one that doesn't."""
    folder = tmp_path / "plugins"
    lay(folder, "bad", "1 / 0")
    path = lay(folder, "vix", """
        from ttai import BadArgument

        def register(host):
            @host.tool
            async def level(symbols: list[str], limit: float = 1) -> dict[str, object]:
                print("the author was here")
                return {"symbols": symbols, "limit": limit}

            @host.tool
            async def untyped():
                '''Says no type.'''
                raise BadArgument("not today", "Try tomorrow")
    """)  # fmt: skip
    monkeypatch.setenv("TTAI_PLUGIN_PATH", path)


def test_the_version(ttai: Callable[..., Ended]) -> None:
    for entry in (main, server):
        assert ttai("--version", entry=entry) == Ended(0, f"ttai {__version__}\n", "")


def test_help_and_nothing_name_the_commands(ttai: Callable[..., Ended]) -> None:
    for words in ((), ("--help",)):
        said = ttai(*words)
        assert all(
            command in said.out + said.err for command in ("serve", "call", "tools", "plugins", "status", "simulate")
        )
    assert ttai("--help").code == 0


def test_h_is_help_everywhere(ttai: Callable[..., Ended]) -> None:
    for words, entry in (((), main), ((), server), (("serve",), main), (("plugins", "list"), main)):
        short, long = (ttai(*words, option, entry=entry) for option in ("-h", "--help"))
        assert short == long
        assert short.code == 0
        assert "Usage: ttai" in short.out


def test_the_tools_one_line_each(ttai: Callable[..., Ended], vix: None) -> None:
    said = ttai("tools")
    lines = said.out.splitlines()
    assert said.code == 0
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert (
        next(line for line in lines if line.startswith("get_quote ")).split(maxsplit=1)[1].startswith("Quote one stock")
    )
    assert "vix_level" in [line.split()[0] for line in lines]


def test_the_tools_with_their_schemas(ttai: Callable[..., Ended], vix: None) -> None:
    tools = {tool["name"]: tool for tool in json.loads(ttai("tools", "--json").out)}
    assert tools["get_quote"]["arguments"]["required"] == ["symbol"]
    assert "last" in tools["get_quote"]["answer"]["properties"]
    assert tools["get_quote"]["tags"] == ["market", "quotes"]
    assert tools["vix_level"]["answer"]["type"] == "object"
    assert "get_quote" not in ttai("tools", "--plugins", "-quotes").out


@pytest.mark.parametrize("words", [("plugins",), ("plugins", "list")])
def test_the_plugins_with_what_is_wrong(
    ttai: Callable[..., Ended], vix: None, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TTAI_PLUGINS", "-quotes,-chains,-portfolio,-nosuch")
    said = ttai(*words)
    assert said.code == 0
    assert said.out.splitlines() == [
        f"core (ttai {__version__}): loaded",
        f"chains (ttai {__version__}): left out",
        f"portfolio (ttai {__version__}): left out",
        f"quotes (ttai {__version__}): left out",
        f"bad (ttai-bad 1.2): failed: {BROKEN}",
        "vix (ttai-vix 1.2): loaded",
        "! TTAI_PLUGINS names nosuch, which is not installed; `ttai plugins` lists what is",
    ]


def test_a_call_with_words_and_lists(ttai: Callable[..., Ended], vix: None) -> None:
    assert ttai("call", "get_quote", "symbol=spy", "--demo").out.splitlines()[1] == "source: simulator"
    said = ttai("call", "get_quotes", "symbols=SPY,brk.b", "--demo", "--json")
    assert said.code == 0
    assert [row["symbol"] for row in rows(json.loads(said.out), "quotes")] == ["SPY", "BRK/B"]
    for value in ("symbols=SPY", 'symbols=["SPY"]'):
        said = ttai("call", "vix_level", value, "limit=2.5", "--json", "--demo")
        assert json.loads(said.out) == {"symbols": ["SPY"], "limit": 2.5}
        assert "the author was here" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "ttai: NOT_FOUND: there is no tool nothing. List the tools"),
        (("get_quote",), "ttai: VALIDATION: this tool needs symbol"),
        (("get_quote", "SPY"), "ttai: VALIDATION: 'SPY' is no key=value. Write ttai call get_quote key=value."),
        (("get_quote", "symbol=NOSUCH", "--demo"), "ttai: NOT_FOUND: no market data for NOSUCH"),
        (("get_quote", "symbol=SPY"), "ttai: AUTHENTICATION: not logged in to TastyTrade"),
        (("vix_untyped",), "ttai: VALIDATION: not today. Try tomorrow."),
        (
            ("ping", "--data-dir", "~nobody-of-this-name"),
            "ttai: VALIDATION: the data dir ~nobody-of-this-name is not usable",
        ),
    ],
)
def test_a_call_that_fails_is_one_line_and_exit_1(
    ttai: Callable[..., Ended], vix: None, words: tuple[str, ...], said: str
) -> None:
    ended = ttai("call", *words)
    assert ended.code == 1
    assert ended.out == ""
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_secret_is_refused_as_an_argument(ttai: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_APP_TOOLS", "1")
    ended = ttai("call", "login", "client_secret=hunter2hunter2", "refresh_token=hunter2hunter2")
    assert (ended.code, ended.out) == (1, "")
    assert "login takes secrets, which don't belong on a command line. Use `ttai login`" in ended.err
    assert "hunter2" not in ended.err


def test_status_says_how_the_server_would_be(ttai: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 1")
    said = ttai("status", "--demo", "--data-dir", str(tmp_path))
    assert said.code == 0
    assert "mode: demo" in said.out
    assert f"data_dir: {tmp_path / 'demo'}" in said.out
    assert "there is no setting prot; it is ignored" in said.out
    assert not (tmp_path / "demo").exists()


def test_status_has_tried_the_login(ttai: Callable[..., Ended]) -> None:
    said = ttai("status", "--demo")
    assert "stream: live" in said.out
    assert "logged in, " in said.out
    assert "stream: not connected: not started" in ttai("status").out  # there is nothing to log in to


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nosuch",), 2),
        (("call",), 2),
        (("serve", "--nosuch"), 2),
        (("--nosuch",), 2),
        (("simulate", "--port", "99999"), 2),
    ],
)
def test_what_is_no_command_is_a_usage_error(ttai: Callable[..., Ended], words: tuple[str, ...], code: int) -> None:
    assert ttai(*words).code == code


def test_what_cannot_be_used_is_one_line(ttai: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    ended = ttai("simulate", "--sessions", "sometimes")
    assert (ended.code, ended.err) == (1, "ttai: VALIDATION: --sessions sometimes is not usable. Say always or real.")
    ended = ttai("--port", "99999")
    assert ended.code == 1
    assert "--port is not usable: should be less than or equal to 65535" in ended.err
    monkeypatch.setenv("TTAI_LOG_LEVEL", "loud")
    for words in (("plugins",), ("tools",), ("call", "ping"), ("serve",)):
        ended = ttai(*words)
        assert ended.code == 1
        assert "TTAI_LOG_LEVEL is not usable" in ended.err
