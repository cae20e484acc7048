"""stdio with real processes: both protocol eras, nothing but protocol on stdout, a stderr nobody reads."""

import os
import sys
from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from tests.plugin_files import lay
from tests.processes import ttai, until

NOISY = """
    import logging, os, subprocess, sys
    print("from import")
    os.write(1, b"raw from import\\n")

    def register(host):
        print("from register")

        @host.tool
        async def shout(times: int) -> str:
            "Say much in the log."
            for number in range(times):
                host.log.debug("line %d %s", number, "x" * 1000)
            return "said"

        @host.tool
        async def scribble() -> str:
            "Write where only the protocol may."
            print("from a call")
            os.write(1, b"raw from a call\\n")
            subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
            return "scribbled"
"""


@pytest.mark.parametrize("mode", ["auto", pytest.param("legacy", marks=pytest.mark.slow)])
async def test_a_real_client_gets_a_quote(tmp_path: Path, mode: str) -> None:
    env = {**os.environ, "TTAI_DATA_DIR": str(tmp_path)}
    transport = StdioTransport(sys.executable, ["-m", "ttai", "serve", "--demo"], env=env, keep_alive=False)
    async with Client(transport, mode=mode) as client:
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        assert {"ping", "get_status", "get_quote", "get_quotes"} <= {tool.name for tool in await client.list_tools()}
        quote = (await client.call_tool("get_quote", {"symbol": "spy"})).structured_content
    assert quote is not None
    assert quote["symbol"] == "SPY"
    assert quote["source"] == "simulator"


@pytest.mark.slow
def test_stdout_carries_protocol_alone(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "noisy", NOISY)
    with ttai("serve", "--demo", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        assert server.answer(server.call("noisy_scribble"))["result"]["structuredContent"] == {"result": "scribbled"}
        assert server.end("EOF")[0] == 0
        assert len(server.answers) == len(server.out) == 2  # `answers` reads each line as JSON-RPC
        said = "\n".join(server.err)
    for words in ("from import", "raw from import", "from register", "from a call", "from a child"):
        assert words in said


@pytest.mark.slow
def test_a_stderr_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    path = lay(tmp_path / "plugins", "noisy", NOISY)
    words = ("serve", "--demo", "--log-level", "DEBUG")
    with ttai(*words, home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}, deaf=True) as server:
        server.greet()
        for _ in range(4):
            assert "result" in server.answer(server.call("noisy_shout", times=100))
        assert "pong" in str(server.answer(server.call("ping")))
        code, spent = server.end("EOF")
    assert code == 0
    assert spent < 3
    log = "".join(path.read_text() for path in (tmp_path / "home" / "demo" / "logs").iterdir())
    assert len(log) > 400_000


@pytest.mark.slow
def test_bytes_no_client_should_send_are_survived(tmp_path: Path) -> None:
    call = '{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"get_quotes","arguments":{"symbols":%s}}}'
    with ttai("serve", "--demo", home=tmp_path / "home") as server:
        server.greet()
        for line in ("this is no JSON", '{"jsonrpc": "2.0"}', "[" * 2000, call % "NaN", call % r'"\ud800"'):
            server.write(line)
        for value in ("1e999", "[1e999]", "-1e999", "null"):
            said = str(server.answer(server.send("", raw=call % value)))
            assert "VALIDATION: symbols" in said, said
        assert "pong" in str(server.answer(server.call("ping")))
        assert server.end("EOF")[0] == 0


@pytest.mark.slow
def test_without_credentials_everything_is_listed_and_says_how_to_log_in(tmp_path: Path) -> None:
    with ttai("serve", home=tmp_path / "home") as server:
        server.greet()
        listed = server.answer(server.send("tools/list"))["result"]["tools"]
        assert {"ping", "get_status", "get_quote"} <= {tool["name"] for tool in listed}
        answer = server.answer(server.call("get_quote", symbol="SPY"))["result"]
        assert answer["isError"]
        said = answer["content"][0]["text"]
        assert said.startswith("AUTHENTICATION: not logged in to TastyTrade")
        assert "TASTYTRADE_REFRESH_TOKEN" in said
        assert "--demo" in said
        assert server.end("EOF")[0] == 0


@pytest.mark.slow
def test_a_data_dir_that_cannot_be_written_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with ttai("serve", "--demo", "--data-dir", str(tmp_path / "taken"), home=tmp_path / "home") as server:
        server.greet()
        until(lambda: any("no log file" in line for line in server.err), what="the complaint")
        status = str(server.answer(server.call("get_status")))
        assert "no log file" in status
        assert "--data-dir" in status
        assert "SPY" in str(server.answer(server.call("get_quote", symbol="SPY")))
        assert server.end("EOF")[0] == 0
    assert sum("no log file" in line for line in server.err if line.startswith("ttai: ")) == 1


@pytest.mark.slow
def test_a_broken_config_file_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text("port = \n")
    with ttai("serve", home=home) as server:
        server.greet()
        assert "config.toml is not read" in str(server.answer(server.call("get_status")))
        assert server.end("EOF")[0] == 0
    assert any("config.toml is not read" in line for line in server.err)


@pytest.mark.slow
def test_a_plugin_that_fails_in_every_way_costs_itself(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    lay(folder, "leaver", "import sys; sys.exit(3)")
    path = lay(folder, "rude", """
        import sys
        def register(host):
            @host.tool
            async def leave() -> str:
                "Leave."
                sys.exit(4)
            @host.prompt
            async def brief() -> str:
                "Leave."
                sys.exit(5)
            @host.resource("rude://now")
            async def now() -> str:
                sys.exit(6)
    """)  # fmt: skip
    with ttai("serve", "--demo", home=tmp_path / "home", env={"TTAI_PLUGIN_PATH": path}) as server:
        server.greet()
        assert "PLUGIN: rude_leave tried to end the server" in str(server.answer(server.call("rude_leave")))
        assert "tried to end" in str(server.answer(server.send("prompts/get", {"name": "rude_brief"})))
        assert "tried to end" in str(server.answer(server.send("resources/read", {"uri": "rude://now"})))
        assert "it tried to end the server while loading" in str(server.answer(server.call("get_status")))
        assert server.end("EOF")[0] == 0
