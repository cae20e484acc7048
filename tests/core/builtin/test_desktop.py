"""The desktop app's tools: a login that takes effect while the server runs, settings, a test notification."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import BAD, GOOD, Tap, served, until
from ttai.login.credentials import Credentials
from ttai.login.vault import Vault
from ttai.simulator import Simulator
from ttai.testing import Era, Harness, MemoryKeyring, harness

TOOLS = {
    "get_auth_status", "test_connection", "login", "logout", "get_config", "update_config", "test_notification",
}  # fmt: skip


def words(credentials: Credentials) -> dict[str, str]:
    return {
        "client_secret": credentials.client_secret.get_secret_value(),
        "refresh_token": credentials.refresh_token.get_secret_value(),
    }


@asynccontextmanager
async def office(tap: Tap | None = None, **settings: Any) -> AsyncIterator[Harness]:
    """A desktop app's server without credentials, and a broker on a port of this machine."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(tap or Tap(Simulator())))
        yield await stack.enter_async_context(
            harness(demo=False, app_tools=True, serving=True, tastytrade_api_url=url, **settings)
        )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_they_are_the_apps_alone(mode: Era) -> None:
    async with harness(mode=mode) as h:
        assert not TOOLS & {tool.name for tool in await h.client.list_tools()}
    async with harness(mode=mode, app_tools=True) as h:
        listed = {tool.name: tool for tool in await h.client.list_tools()}
        assert listed.keys() > TOOLS
        for name in TOOLS:
            meta = listed[name].meta or {}
            assert meta["ui"] == {"visibility": ["app"]}


async def test_login_and_logout_take_effect_while_it_runs() -> None:
    async with office() as h:
        with pytest.raises(ToolError, match="AUTHENTICATION: not logged in"):
            await h.call("get_quote", symbol="SPY")
        assert (await h.call("get_auth_status")).data["logged_in"] is False
        said = (await h.call("login", **words(GOOD))).text
        assert "3 accounts; the credentials are in the system keyring" in said
        await until(lambda: h.app.market.hub.live and h.app.login.works)
        assert (await h.call("get_quote", symbol="SPY")).data["last"] > 0
        status = (await h.call("get_auth_status")).data
        assert status["logged_in"] is True
        assert "keyring" in status["kept_in"]
        assert (await h.call("test_connection")).data["works"] is True
        assert "logged out of http://" in (await h.call("logout")).text
        with pytest.raises(ToolError, match="AUTHENTICATION: not logged in"):
            await h.call("get_quote", symbol="SPY")
        assert not h.app.market.hub.live
        assert (await h.call("get_status")).data["phases"]["login"] == "off"
        assert "nobody was logged in" in (await h.call("logout")).text


async def test_a_job_by_sessions_is_planned_once_somebody_logs_in() -> None:
    """Before, nothing could come of it, and the exchange's calendar need not be there."""

    async def snapshot(h: Harness) -> dict[str, Any]:
        rows = (await h.call("list_jobs")).rows("jobs")
        return next(row for row in rows if row["name"] == "volatility_snapshot")

    async with office() as h:
        async with asyncio.timeout(15):
            while (job := await snapshot(h))["why"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (job["state"], job["next_run"], job["why"]) == ("not scheduled", None, "not logged in")
        await h.call("login", **words(GOOD))
        h.app.scheduler.look()
        async with asyncio.timeout(15):
            while (job := await snapshot(h))["state"] != "scheduled":  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (job["next_run"], job["why"]) == ("2026-11-20T16:15:00-05:00", None)


async def test_what_the_broker_refuses_is_not_kept() -> None:
    async with office() as h:
        with pytest.raises(ToolError, match=r"AUTHENTICATION: TastyTrade at http://.* refused the credentials") as said:
            await h.call("login", **words(BAD))
        assert "wrong-secret" not in str(said.value)
        assert not (h.app.settings.data_dir / "secrets.enc").exists()
        with pytest.raises(ToolError, match="VALIDATION: a client secret and a refresh token are needed"):
            await h.call("login", client_secret=" ", refresh_token="")


async def test_line_ends_that_were_pasted_along_are_no_part_of_it() -> None:
    async with office() as h:
        pasted = {name: f" {word}\n" for name, word in words(GOOD).items()}
        assert "logged in at" in (await h.call("login", **pasted)).text


@pytest.mark.slow
async def test_a_broker_that_was_away_at_the_start_is_logged_in_to_once_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", GOOD.client_secret.get_secret_value())
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", GOOD.refresh_token.get_secret_value())
    tap = Tap(Simulator())
    tap.answer("/customers/me/accounts", {"data": {}})
    async with office(tap) as h:
        await until(lambda: h.app.login.tried)
        assert (await h.call("get_status")).data["phases"]["login"] == "failed"
        tap.answers.clear()
        await until(lambda: h.app.login.works)
        assert (await h.call("get_status")).data["phases"]["login"] == "ready"


@pytest.mark.slow
async def test_what_was_refused_in_passing_is_let_in_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", GOOD.client_secret.get_secret_value())
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", GOOD.refresh_token.get_secret_value())
    tap = Tap(Simulator())
    for path in ("/customers/me/accounts", "/api-quote-tokens"):
        tap.answer(path, {"error": {"code": "token_invalid", "message": "Expired"}}, 401)
    async with office(tap) as h:
        await until(lambda: h.app.login.tried)
        assert (await h.call("get_status")).data["phases"]["login"] == "failed"
        tap.answers.clear()
        await until(lambda: h.app.market.hub.live and h.app.login.works)


async def test_a_refused_login_leaves_the_one_that_works() -> None:
    async with office() as h:
        await h.call("login", **words(GOOD))
        with pytest.raises(ToolError, match="AUTHENTICATION"):
            await h.call("login", **words(BAD))
        assert (await h.call("get_quote", symbol="SPY")).data["last"] > 0


@pytest.mark.slow
async def test_the_login_of_another_process_is_noticed() -> None:
    async with office() as h:
        ring = h.app.login._vault._file._keyring._ring
        assert isinstance(ring, MemoryKeyring)  # the system's, as both processes see it
        elsewhere = Vault(h.app.settings.data_dir, ring)
        await elsewhere.save(h.app.connection.url, GOOD)
        assert await h.app.connection.possible()  # whoever asks first does not keep it from the watch
        await until(lambda: h.app.market.hub.live)
        assert (await h.call("get_quote", symbol="SPY")).data["last"] > 0
        await elsewhere.forget(h.app.connection.url)
        await until(lambda: not h.app.market.hub.live)


async def test_the_environment_outlives_a_logout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", GOOD.client_secret.get_secret_value())
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", GOOD.refresh_token.get_secret_value())
    async with office() as h:
        assert (
            "still logged in: TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN are set"
            in (await h.call("logout")).text
        )


async def test_the_demo_has_no_login() -> None:
    async with harness(app_tools=True) as h:
        for tool, arguments in (("login", words(GOOD)), ("logout", {})):
            with pytest.raises(ToolError, match="VALIDATION: the demo has no login"):
                await h.call(tool, **arguments)
        assert (await h.call("get_auth_status")).data["kept_in"] == "nowhere: the demo needs none"


async def test_settings_are_shown_and_written() -> None:
    async with harness(app_tools=True, api_key="open-sesame-1") as h:
        shown = await h.call("get_config")
        assert shown.data["settings"]["port"] == 5180
        assert "sesame" not in shown.text
        path = h.app.settings.data_dir / "config.toml"
        assert str(path) == shown.data["path"]
        said = (await h.call("update_config", settings={"port": "5190", "log_level": "debug"})).text
        assert "it holds from the next start" in said
        assert path.read_text() == 'port = 5190\nlog_level = "DEBUG"\n'
        with pytest.raises(ToolError, match=r"VALIDATION: .*prot.*port"):
            await h.call("update_config", settings={"prot": 1, "log_level": "INFO"})
        assert "DEBUG" in path.read_text()
        with pytest.raises(ToolError, match="TTAI_API_KEY"):
            await h.call("update_config", settings={"api_key": "x" * 20})


async def test_a_test_notification_reaches_the_user() -> None:
    async with harness(app_tools=True, serving=True) as h:
        sent = (await h.call("test_notification")).data["id"]
        await until(lambda: [note.id for note in h.notes] == [sent])


async def test_calls_under_way_fail_as_the_brokers_when_the_login_changes() -> None:
    async with office() as h:
        await h.call("login", **words(GOOD))
        for _ in range(3):
            asks = [asyncio.create_task(h.call("search_symbols", query=letter)) for letter in "ABCDEF"]
            await asyncio.sleep(0)  # they are on their way
            await h.call("login", **words(GOOD))
            for answer in await asyncio.gather(*asks, return_exceptions=True):
                assert not isinstance(answer, BaseException) or str(answer).startswith("BROKER: "), answer
        assert (await h.call("get_auth_status")).data["logged_in"] is True
        assert (await h.call("search_symbols", query="SPY")).rows("matches")


async def test_a_login_that_the_environment_hides_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with office() as h:
        monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", GOOD.client_secret.get_secret_value())
        monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", GOOD.refresh_token.get_secret_value())
        assert "come first while they are set" in (await h.call("login", **words(GOOD))).text


@pytest.mark.parametrize("settings", [{"demo": True}, {"demo": False, "auth": False}, {"demo": True, "api_key": " "}])
async def test_they_are_not_served_to_everybody_on_this_machine(settings: dict[str, Any]) -> None:
    async with harness(app_tools=True, transport="http", **settings) as h:
        assert not TOOLS & {tool.name for tool in await h.client.list_tools()}
        assert "TTAI_APP_TOOLS needs stdio or a token" in (await h.call("get_status")).text
    async with harness(app_tools=True, transport="http", **{**settings, "api_key": "open-sesame-1"}) as h:
        assert {tool.name for tool in await h.client.list_tools()} > TOOLS


async def test_what_code_is_loaded_is_not_theirs_to_say() -> None:
    async with harness(app_tools=True) as h:
        with pytest.raises(ToolError, match="VALIDATION: plugin_path says what code is loaded"):
            await h.call("update_config", settings={"plugin_path": "/somewhere"})
