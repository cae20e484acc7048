"""Rates, repeats and refusals: directly on the transport, and through the SDK where it matters."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from time import monotonic
from typing import Any

import httpx2
import pytest

from tests.desk import BY_TYPE, desk, until
from ttai.clock import deadline
from ttai.errors import (
    BadCredentials,
    BrokerRefused,
    BrokerUnavailable,
    NotFound,
    NotPermitted,
    RateLimited,
    SessionRefused,
    TtaiError,
)
from ttai.tastytrade.limits import LimitedTransport, Tries

URL = "https://broker.example"
Answer = httpx2.Response | Exception | float


class Inner(httpx2.AsyncBaseTransport):
    """Answers what it was given, in order, the last for ever; a number is a wait without an answer."""

    def __init__(self, *answers: Callable[[], Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, httpx2.Request, str]] = []
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((monotonic(), request, request.headers.get("Authorization", "")))
        answer = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return answer
        await asyncio.sleep(answer)
        raise AssertionError("nobody waits that long")

    async def aclose(self) -> None:
        self.closed = True


def ok(body: Any = None) -> Callable[[], Answer]:
    return lambda: httpx2.Response(200, json={"data": body or {"fine": True}})


def status(code: int, body: Any = None, **headers: str) -> Callable[[], Answer]:
    return lambda: httpx2.Response(code, json=body or {}, headers=headers)


def text(code: int, body: str) -> Callable[[], Answer]:
    return lambda: httpx2.Response(code, text=body)


def raising(error: Exception) -> Callable[[], Answer]:
    return lambda: error


class Renewal:
    """Hands out a new token, counting."""

    def __init__(self) -> None:
        self.used: list[str] = []

    async def __call__(self, used: str) -> str:
        self.used.append(used)
        return f"Bearer t{len(self.used)}"


def transport(inner: Inner, renew: Renewal | None = None, **tries: float) -> LimitedTransport:
    return LimitedTransport(inner, URL, renew or Renewal(), Tries(**{"first_pause": 0.01, **tries}))


async def ask(limited: LimitedTransport, path: str = "/x", method: str = "GET") -> httpx2.Response:
    request = httpx2.Request(method, f"{URL}{path}", headers={"Authorization": "Bearer t0"})
    return await limited.handle_async_request(request)


@pytest.mark.parametrize(
    "passing",
    [
        status(429),
        status(500),
        text(502, "<html>Bad Gateway</html>"),
        status(503),
        status(504),
        text(200, "<html>maintenance</html>"),
        text(200, ""),
        text(200, "[1, 2]"),
        raising(httpx2.ConnectError("refused")),
        raising(httpx2.ReadTimeout("slow")),
        raising(httpx2.RemoteProtocolError("cut")),
        raising(OSError("no route")),
    ],
)
async def test_what_may_pass_is_asked_again(passing: Callable[[], Answer]) -> None:
    inner = Inner(passing, ok())
    assert (await ask(transport(inner))).json() == {"data": {"fine": True}}
    assert len(inner.asked) == 2


async def test_the_pauses_between_tries_grow() -> None:
    inner = Inner(*[status(500)] * 5, ok())
    await ask(transport(inner, first_pause=0.01))
    times = [when for when, _, _ in inner.asked]
    pauses = [b - a for a, b in pairwise(times)]
    for pause, least in zip(pauses, (0.01, 0.02, 0.04, 0.08, 0.16), strict=True):
        assert pause >= least


@pytest.mark.parametrize(
    ("lasting", "error", "said"),
    [
        (status(429), RateLimited, "RATE_LIMIT: "),
        (status(500), BrokerUnavailable, "BROKER: TastyTrade does not answer as it should (HTTP 500 on /x)."),
        (text(502, "<html>"), BrokerUnavailable, "BROKER: TastyTrade does not answer as it should (HTTP 502 on /x)."),
        (text(200, "<html>"), BrokerUnavailable, "(no JSON object on /x)"),
        (text(200, "[" * 50_000), BrokerUnavailable, "(no JSON object on /x)"),
        (raising(httpx2.ConnectError("refused")), BrokerUnavailable, "(ConnectError on /x at https://broker.example)"),
    ],
)
async def test_what_lasts_is_said_within_the_deadline(
    lasting: Callable[[], Answer], error: type[TtaiError], said: str
) -> None:
    inner = Inner(lasting)
    started = monotonic()
    with deadline(3.2), pytest.raises(error) as caught:
        await ask(transport(inner))
    assert monotonic() - started < 3.2
    assert len(inner.asked) >= 2
    assert said in str(caught.value)
    assert caught.value.retryable


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("failing", [status(429), status(502), status(401), raising(httpx2.ReadTimeout("slow"))])
async def test_what_changes_something_is_never_repeated(method: str, failing: Callable[[], Answer]) -> None:
    inner, renew = Inner(failing), Renewal()
    try:
        response = await ask(transport(inner, renew), "/accounts/5WT1/orders", method)
        assert response.status_code in (401, 429, 502)
    except httpx2.ReadTimeout:
        pass
    assert len(inner.asked) == 1
    assert renew.used == []


async def test_a_login_is_a_read_though_it_is_posted() -> None:
    inner = Inner(status(503), ok())
    await ask(transport(inner), "/oauth/token", "POST")
    assert len(inner.asked) == 2


async def test_a_dropped_token_is_renewed_once_and_the_read_repeated() -> None:
    inner, renew = Inner(status(401), ok()), Renewal()
    await ask(transport(inner, renew))
    assert renew.used == ["Bearer t0"]
    assert [authorization for _, _, authorization in inner.asked] == ["Bearer t0", "Bearer t1"]


async def test_a_line_cut_after_the_renewal_is_no_stranger() -> None:
    inner = Inner(status(401), raising(httpx2.ReadError("cut")), ok())
    assert (await ask(transport(inner))).status_code == 200
    assert len(inner.asked) == 3


@pytest.mark.parametrize(
    ("code", "body", "error", "said"),
    [
        (403, {"error": {"code": "not_permitted", "message": "Scope  missing"}}, NotPermitted, "(Scope missing)"),
        (403, None, NotPermitted, "(HTTP 403)"),
        (404, {"error": {"code": "record_not_found"}}, NotFound, "has no /x (record_not_found)"),
        (
            422,
            {"error": {"code": "v", "message": "outer", "errors": [{"message": "a"}, {"reason": "b"}, "c"]}},
            BrokerRefused,
            "(a; b)",
        ),
        (400, {"error": "plain words"}, BrokerRefused, "(plain words)"),
        (400, {"error_description": "Grant revoked"}, BrokerRefused, "(Grant revoked)"),
    ],
)
async def test_a_refusal_is_said_in_the_brokers_words_and_at_once(
    code: int, body: Any, error: type[TtaiError], said: str
) -> None:
    inner = Inner(status(code, body))
    with pytest.raises(error) as caught:
        await ask(transport(inner))
    assert said in str(caught.value)
    assert len(inner.asked) == 1
    assert not caught.value.retryable


async def test_a_session_refused_as_soon_as_it_was_given_is_the_brokers_trouble() -> None:
    inner = Inner(status(401, {"error": {"code": "token_invalid", "message": "Expired"}}))
    with pytest.raises(
        SessionRefused, match=r"took the credentials, but .*\(Expired\).*Try again in a minute"
    ) as caught:
        await ask(transport(inner))
    assert len(inner.asked) == 2
    assert caught.value.retryable


@pytest.mark.parametrize("body", ["<html>Forbidden</html>", "[]", '"no"', "\xff"])
async def test_a_refusal_without_words_is_its_number(body: str) -> None:
    with pytest.raises(NotPermitted, match=r"\(HTTP 403\)"):
        await ask(transport(Inner(text(403, body))))


async def test_a_long_refusal_is_cut_short() -> None:
    with pytest.raises(BrokerRefused) as caught:
        await ask(transport(Inner(status(422, {"error": {"message": "x" * 10_000}}))))
    assert len(str(caught.value)) < 300


async def test_a_login_refused_is_about_credentials() -> None:
    body = {"error_code": "invalid_grant", "error_description": "Grant revoked"}
    inner = Inner(status(400, body))
    with pytest.raises(BadCredentials, match=r"at https://broker.example refused the credentials \(Grant revoked\)"):
        await ask(transport(inner), "/oauth/token", "POST")
    assert len(inner.asked) == 1


@pytest.mark.slow
async def test_the_broker_says_how_long_to_wait() -> None:
    inner = Inner(status(429, **{"Retry-After": "1"}), ok())
    await ask(transport(inner))
    assert inner.asked[1][0] - inner.asked[0][0] >= 1


@pytest.mark.parametrize("after", ["3600", "9" * 400])
async def test_a_wait_beyond_the_deadline_is_not_begun(after: str) -> None:
    inner = Inner(status(429, **{"Retry-After": after}))
    started = monotonic()
    with deadline(20), pytest.raises(RateLimited):
        await ask(transport(inner))
    assert monotonic() - started < 5
    assert len(inner.asked) == 1


@pytest.mark.parametrize("after", ["soon", "Fri, 20 Nov 2026 15:31:00 GMT", "-1", "1.5", "\xb2"])
async def test_a_wait_that_is_no_number_of_seconds_is_ours(after: str) -> None:
    inner = Inner(lambda: httpx2.Response(429, headers=[(b"Retry-After", after.encode("latin-1"))]), ok())
    started = monotonic()
    await ask(transport(inner))
    assert monotonic() - started < 5


async def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    inner = Inner(lambda: 60.0, ok())
    started = monotonic()
    assert (await ask(transport(inner, timeout=0.05))).status_code == 200
    assert monotonic() - started < 5
    silent = Inner(lambda: 60.0)
    with deadline(3.3), pytest.raises(BrokerUnavailable, match=r"no answer on /x at \S+ within 0\.[1-3] s"):
        await ask(transport(silent))
    assert monotonic() - started < 9


async def test_with_no_time_left_there_is_one_try_all_the_same() -> None:
    inner = Inner(status(500))
    with deadline(0.5), pytest.raises(BrokerUnavailable):
        await ask(transport(inner))
    assert len(inner.asked) == 1


FAMILIES = {
    BY_TYPE: 2,
    "/option-chains/SPY/nested": 2,
    "/instruments/equities/SPY": 3,
    "/instruments/equities": 2,
    "/instruments/equity-options/SPY": 3,
    "/instruments/futures": 1,
    "/instruments/future-products": 1,
    "/accounts/5WT1/positions": 1,
    "/accounts/5WT1/balances": 1,
    "/accounts/5WT1/trading-status": 1,
    "/customers/me/accounts": 1,
}


def worst_second(times: list[float]) -> int:
    """How many came in the fullest second."""
    return max(sum(start <= when <= start + 1 for when in times) for start in times)


@pytest.mark.slow
async def test_each_family_has_its_rate() -> None:
    inner = Inner(ok())
    limited = transport(inner)
    # One more than may come in a second, for every family, all in each other's way.
    await asyncio.gather(*(ask(limited, path) for path, rate in FAMILIES.items() for _ in range(rate + 1)))
    for path, rate in FAMILIES.items():
        times = [when for when, request, _ in inner.asked if request.url.path == path]
        assert len(times) == rate + 1
        assert worst_second(times) <= rate, path
        assert times[-1] - times[0] < 1.11 + 1, path  # and not much slower


@pytest.mark.slow
async def test_all_together_stay_below_50_a_second() -> None:
    inner = Inner(ok())
    limited = transport(inner)
    await asyncio.gather(*(ask(limited, "/market-metrics") for _ in range(60)))
    times = [when for when, _, _ in inner.asked]
    assert 30 <= worst_second(times) <= 50
    assert times[4] - times[0] < 0.2  # a few at once need not wait


async def test_what_changes_something_waits_for_its_turn_too() -> None:
    inner = Inner(ok())
    limited = transport(inner, speed=10)
    await asyncio.gather(*(ask(limited, "/option-chains/SPY", "POST") for _ in range(4)))
    times = [when for when, _, _ in inner.asked]
    assert times[-1] - times[0] >= 3 / 20


async def test_a_login_that_must_wait_long_is_given_up_sooner_than_a_read() -> None:
    inner = Inner(status(429, **{"Retry-After": "9"}))
    started = monotonic()
    with pytest.raises(RateLimited):
        await ask(transport(inner), "/oauth/token", "POST")
    assert monotonic() - started < 5
    assert len(inner.asked) == 1


async def test_families_do_not_wait_for_each_other() -> None:
    inner = Inner(ok())
    limited = transport(inner)
    crowd = [asyncio.create_task(ask(limited, BY_TYPE)) for _ in range(8)]
    await asyncio.wait_for(
        asyncio.gather(ask(limited, "/option-chains/SPY"), ask(limited, "/accounts/5WT1/orders")), 0.3
    )
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)


async def test_who_gives_up_his_turn_gives_it_to_the_next() -> None:
    inner = Inner(ok())
    limited = transport(inner)
    asks = [asyncio.create_task(ask(limited, "/instruments/equities/SPY")) for _ in range(4)]
    await until(lambda: len(inner.asked) == 1)
    for task in asks[1:3]:
        task.cancel()
    await asyncio.wait_for(asks[3], 0.7)  # a third of a second, not the third third
    assert len(inner.asked) == 2


async def test_the_simulator_is_known_by_its_header() -> None:
    inner = Inner(lambda: httpx2.Response(200, json={"data": {}}, headers={"x-ttai-simulator": "1"}), ok())
    limited = transport(inner)
    assert not limited.simulated
    await ask(limited)
    assert limited.simulated
    await ask(limited)
    assert not limited.simulated
    await limited.aclose()
    assert inner.closed


@pytest.mark.parametrize("streaming", [True, False])
async def test_32_quotes_at_once_with_20_requests_a_second_allowed(streaming: bool) -> None:
    async with desk(streaming=streaming, tries=Tries()) as d:
        d.simulator.faults.limit("*", 20)
        symbols = [symbol for symbol in d.simulator.world.instruments] * 2  # noqa: C416 - a list to double
        quotes = await asyncio.gather(*(d.market.quote(symbol) for symbol in symbols[:32]))
        assert [quote.symbol for quote in quotes] == symbols[:32]
        assert all(quote.last for quote in quotes)
        assert d.asked(BY_TYPE) <= (0 if streaming else 2)


async def test_32_quotes_at_once_are_answered_by_rest_where_the_socket_is_refused() -> None:
    async with desk({"kind": "status", "path": "/dxlink", "status": 503}, streaming=False, tries=Tries()) as d:
        d.simulator.faults.limit("*", 20)
        task = asyncio.create_task(d.market.supervisor.run())
        await until(lambda: "HTTP 503" in str(d.market.supervisor.problem))
        symbols = list(d.simulator.world.instruments)
        quotes = await asyncio.gather(*(d.market.quote(symbols[n % len(symbols)]) for n in range(32)))
        assert all(quote.last and not quote.stale for quote in quotes)
        assert d.asked(BY_TYPE) <= 2
        task.cancel()
        await asyncio.wait({task})
