"""The login through the real SDK: once, before it expires, again when the broker dropped it, never hammered."""

import asyncio
import logging
import time

import httpx2
import pytest

from tests.desk import BAD, BY_TYPE, GOOD, HASTY, OAUTH, Tap, desk, nothing_left_open, supervised, until
from ttai import __version__
from ttai.app import App
from ttai.clock import deadline
from ttai.errors import BadCredentials, BrokerUnavailable, SessionRefused, TookTooLong
from ttai.logs import redact
from ttai.market.types import Quote
from ttai.settings import Config, CoreSettings
from ttai.simulator import Simulator
from ttai.tastytrade import TastyTrade, in_process
from ttai.testing import FrozenClock

SYMBOLS = ["SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "AMD"]


async def test_32_cold_calls_log_in_once() -> None:
    async with desk({"kind": "delay", "path": OAUTH, "seconds": 0.05}, streaming=False) as d:
        asks = [d.adapter.search(chr(65 + n % 26)) for n in range(32)]
        quote, *found = await asyncio.gather(d.market.quote("SPY"), *asks)
        assert isinstance(quote, Quote)
        assert len(found) == 32
        assert d.asked(OAUTH) == 1


async def test_a_token_is_renewed_before_it_expires() -> None:
    async with desk(streaming=False) as d:
        session = d.adapter.session
        await session.refresh()
        first = session.session_token
        await session.refresh()
        assert (d.asked(OAUTH), session.session_token) == (1, first)
        session.session_expiration = time.time() + 30  # half a minute is left
        await asyncio.gather(*(session.refresh() for _ in range(8)))
        assert d.asked(OAUTH) == 2
        assert session.session_token != first


async def test_a_dropped_session_is_renewed_once_for_all_who_met_it() -> None:
    async with desk(streaming=False) as d:
        await d.adapter.search("S")
        d.simulator.expire_tokens()
        d.simulator.faults.add("delay", "/symbols/*", seconds=0.05, count=16)  # all are out before one is answered
        answers = await asyncio.gather(*(d.adapter.search(letter) for letter in "ABCDEFGHIJKLMNOP"))
        assert [match.symbol for match in answers[1]] == ["BRK/B"]
        assert d.asked(OAUTH) == 2


async def test_quotes_go_on_over_a_dropped_session() -> None:
    async with desk(streaming=False) as d:
        await d.market.quotes(["SPY"])
        d.simulator.expire_tokens()
        answers = await d.market.quotes(SYMBOLS[1:])
        assert len(answers.quotes) == 7
        assert d.asked(OAUTH) == 2


async def test_a_session_dropped_at_every_turn_is_an_error_and_no_storm() -> None:
    async with desk({"kind": "expire", "path": BY_TYPE}, streaming=False) as d:
        with pytest.raises(SessionRefused):
            await d.market.quotes(["SPY", "QQQ"])
        assert d.asked(OAUTH) == 2


async def test_a_session_dropped_twice_while_the_socket_opens_does_not_park_it() -> None:
    async with desk({"kind": "expire", "path": "/api-quote-tokens", "count": 2}, streaming=False) as d:
        async with supervised(d.market):
            await until(lambda: d.market.hub.live)  # nobody need ask for anything
        assert d.asked("/api-quote-tokens") == 4


async def test_wrong_credentials_say_what_to_check_and_are_not_sent_again() -> None:
    async with desk(streaming=False, credentials=BAD) as d:
        answers = await asyncio.gather(*(d.adapter.search(letter) for letter in "ABCDEFGH"), return_exceptions=True)
        assert {type(answer) for answer in answers} == {BadCredentials}
        said = str(answers[0])
        assert said.startswith("AUTHENTICATION: TastyTrade at http://simulator refused the credentials")
        assert "Client authentication failed" in said
        assert "`ttai login` takes others, or check TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN" in said
        assert d.asked(OAUTH) == 1  # eight callers, one refusal
        with pytest.raises(BadCredentials):
            await d.market.quote("SPY")
        assert d.asked(OAUTH) == 1
        assert d.asked(BY_TYPE) == 0


async def test_a_refusal_is_believed_for_a_minute_only() -> None:
    async with desk(streaming=False, credentials=BAD) as d:
        session = d.adapter.session
        with pytest.raises(BadCredentials):
            await session.refresh()
        assert session._refused is not None
        session._refused = (session._refused[0] - 61, session._refused[1])
        with pytest.raises(BadCredentials):
            await session.refresh(force=True)
        assert d.asked(OAUTH) == 2


async def test_the_socket_is_parked_while_credentials_are_wrong() -> None:
    async with desk(streaming=False, credentials=BAD) as d, supervised(d.market):
        await until(lambda: d.market.supervisor._parked)
        assert "refused the credentials" in str(d.market.supervisor.problem)
        requests = sum(d.simulator.requests.values())
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert sum(d.simulator.requests.values()) == requests == 1
        d.adapter.session._refused = None
        d.market.supervisor.let_in()
        await until(lambda: d.asked(OAUTH) == 2)
        await until(lambda: d.market.supervisor._parked)


async def test_a_socket_parked_by_a_passing_refusal_comes_back_once_rest_is_let_in() -> None:
    refusal = {"kind": "status", "path": OAUTH, "status": 403, "count": 1}
    async with desk(refusal, streaming=False) as d, supervised(d.market):
        await until(lambda: d.market.supervisor._parked)
        d.adapter.session._refused = None  # a minute later
        assert (await d.market.quote("SPY")).last is not None
        await until(lambda: d.market.hub.live)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "x"},
        {"access_token": None},
        {"access_token": 12345, "expires_in": 900},
        {"access_token": ""},
        {"access_token": "fine", "expires_in": "soon"},
        {"access_token": "t\u00f6ken"},
    ],
)
async def test_a_login_answered_without_a_token_is_the_brokers_fault(body: dict[str, object], again: bool) -> None:
    async with desk(streaming=False) as d:
        if again:
            await d.adapter.search("SPY")
            d.simulator.expire_tokens()
        d.tap.answer(OAUTH, body)
        for _ in range(2):
            with pytest.raises(BrokerUnavailable, match="answered without a token"):
                await d.adapter.search("SPY")
        d.tap.answers.clear()
        assert [match.symbol for match in await d.adapter.search("SPY")] == ["SPY"]


async def test_a_login_that_fails_in_passing_is_repeated() -> None:
    async with desk({"kind": "html", "path": OAUTH, "status": 502, "count": 2}, streaming=False) as d:
        assert (await d.market.quote("SPY")).last is not None
        assert d.asked(OAUTH) == 3


async def test_that_nobody_answers_a_login_is_believed_for_a_moment() -> None:
    async with desk({"kind": "status", "path": OAUTH, "status": 503}, streaming=False, tries=HASTY) as d:
        with pytest.raises(BrokerUnavailable):
            await d.adapter.search("A")
        tried = d.asked(OAUTH)
        answers = await asyncio.gather(*(d.adapter.search(letter) for letter in "BCDE"), return_exceptions=True)
        assert {type(answer) for answer in answers} == {BrokerUnavailable}
        assert d.asked(OAUTH) == tried


@pytest.mark.slow
async def test_who_waits_for_a_login_that_hangs_is_answered_within_the_deadline() -> None:
    async with desk({"kind": "stall", "path": OAUTH}, streaming=False) as d:
        with deadline(3.3), pytest.raises(TookTooLong):
            await asyncio.wait_for(d.market.quotes(SYMBOLS), 3.3)


def test_the_sandbox_is_known_by_its_url() -> None:
    for url, sandbox in (("https://api.cert.tastyworks.com", True), ("https://api.tastyworks.com", False)):
        session = TastyTrade(GOOD, url, in_process(None)).session
        assert session.is_test is sandbox
        assert ("Accept-Version" in session._client.headers) is not sandbox
        assert session._client.base_url.host == url.removeprefix("https://")


async def test_every_request_says_who_asks() -> None:
    async with desk() as d:
        await d.adapter.search("SPY")
        assert {path for path, _ in d.tap.headers} >= {OAUTH, "/api-quote-tokens", "/dxlink", "/symbols/search/SPY"}
        assert {headers["user-agent"] for _, headers in d.tap.headers} == {f"ttai/{__version__}"}
        login = next(headers for path, headers in d.tap.headers if path == OAUTH)
        assert "authorization" not in login


async def test_secrets_and_tokens_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: set[str] = {secret.get_secret_value() for secret in (GOOD.client_secret, GOOD.refresh_token)}
    async with desk(port=True) as d:
        tokens.add(d.adapter.session.session_token)
        await d.market.quotes(["SPY"])
        d.simulator.expire_tokens()
        d.simulator.faults.add("status", "/symbols/*", status=429, count=1)
        await d.adapter.search("QQQ")
        await d.hand("drop")
        await until(lambda: d.market.hub.sockets == 2)
        tokens.add(d.adapter.session.session_token)
        tokens |= {message["token"] for message in d.tap.said if message["type"] == "AUTH"}
        d.simulator.faults.add("status", "/symbols/*", status=502)
        with deadline(3.1), pytest.raises(BrokerUnavailable):
            await d.adapter.search("IWM")
    assert len(tokens) == 6
    text = "\n".join(f"{r.name} {r.getMessage()} {r.exc_text}" for r in caplog.records)
    assert "logging in again" in text
    assert not [token for token in tokens if token in text]
    assert not [r for r in caplog.records if r.name.startswith(("tastytrade", "httpx2")) and r.levelno < 30]
    assert logging.getLogger("tastytrade").getEffectiveLevel() >= logging.WARNING
    assert d.adapter.session.session_token not in redact(f"token {d.adapter.session.session_token}")


def test_one_app_after_another_each_on_a_loop_of_its_own() -> None:
    async def once() -> float | None:
        clock = FrozenClock()
        app = App(CoreSettings(demo=True, plugins="-quotes"), Config({}), clock=clock, simulator=Simulator(clock=clock))
        async with app.running():
            await until(lambda: app.market.hub.live)
            answers = await app.market.quotes(SYMBOLS)
            assert len(answers.quotes) == 8
            assert len(await app.broker.accounts()) == 3
            return answers.quotes[0].last

    with nothing_left_open():
        assert asyncio.run(once()) == asyncio.run(once())


async def test_a_streamer_ends_its_own_connection_and_not_the_sessions() -> None:
    async with desk() as d:
        session = d.adapter.session
        assert session.client_kwargs["transport"] is not session.transport
        session.client_kwargs = {"transport": session.transport}
        assert session.client_kwargs["transport"] is not session.transport
        await d.hand("drop")
        await until(lambda: d.market.hub.sockets == 2)
        assert [match.symbol for match in await d.adapter.search("SPY")] == ["SPY"]


async def test_the_tap_sees_what_a_stranger_would() -> None:
    """A client that is not ours, so that the checks on headers can fail."""
    tap = Tap(Simulator())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(tap), base_url="http://simulator") as client:
        await client.get("/customers/me")
    assert tap.headers[0][1]["user-agent"].startswith("python-httpx2")
