"""What goes wrong at the broker and what the user sees of it: nothing where a repeat helps, else a clear error."""

import asyncio
from time import monotonic
from typing import Any

import pytest

from tests.desk import BY_TYPE, HASTY, OAUTH, desk, supervised, until
from ttai.clock import deadline
from ttai.errors import BrokerUnavailable, RateLimited, TtaiError
from ttai.tastytrade.limits import Tries

STEADY = Tries(timeout=0.5, first_pause=0.02, patience=8, speed=50)  # comes through
PASSING: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "502 as a page": {"kind": "html", "status": 502},
    "garbage": {"kind": "garbage"},
    "cut": {"kind": "drop"},
    "no answer": {"kind": "stall"},
    "a slow answer": {"kind": "delay", "seconds": 30},
}
passing = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())


@passing
async def test_what_passes_is_unseen(fault: dict[str, Any]) -> None:
    async with desk({"path": BY_TYPE, "count": 1, **fault}, streaming=False, tries=STEADY) as d:
        answers = await d.market.quotes(["SPY", "SPX"])
        assert [quote.symbol for quote in answers.quotes] == ["SPY", "SPX"]
        assert answers.missing == ()
        assert all(quote.notes == () or quote.symbol == "SPX" for quote in answers.quotes)
        assert d.asked(BY_TYPE) == 2


@pytest.mark.parametrize("name", ["cut", "no answer", "502 as a page"])
async def test_on_a_real_line_too(name: str) -> None:
    async with desk({"path": BY_TYPE, "count": 1, **PASSING[name]}, streaming=False, port=True, tries=STEADY) as d:
        assert (await d.market.quote("SPY")).last is not None
        assert d.asked(BY_TYPE) == 2


async def test_two_in_a_row_are_unseen_too() -> None:
    faults = [{"path": BY_TYPE, "count": 1, **PASSING[name]} for name in ("429", "cut")]
    async with desk(*faults, streaming=False) as d:
        assert (await d.market.quote("SPY")).last is not None
        assert d.asked(BY_TYPE) == 3


@pytest.mark.parametrize("fault", [PASSING[name] for name in ("429", "502 as a page", "cut", "no answer")])
async def test_what_lasts_is_an_error_within_the_deadline(fault: dict[str, Any]) -> None:
    async with desk({"path": BY_TYPE, **fault}, streaming=False, tries=HASTY) as d:
        await d.adapter.session.refresh()
        started = monotonic()
        with deadline(5), pytest.raises(TtaiError) as caught:
            await d.market.quote("SPY")
        assert monotonic() - started < 5
        assert type(caught.value) is (RateLimited if fault.get("status") == 429 else BrokerUnavailable)
        assert caught.value.retryable
        assert caught.value.hint == "Try again in a minute."


async def test_no_failure_is_remembered() -> None:
    async with desk({"path": BY_TYPE, **PASSING["500"]}, streaming=False, tries=HASTY) as d:
        with pytest.raises(BrokerUnavailable):
            await d.market.quote("SPY")
        d.simulator.faults.clear()
        assert (await d.market.quote("SPY")).last is not None


async def test_a_fault_at_every_step_of_a_cold_start_is_unseen() -> None:
    steps = (OAUTH, "/api-quote-tokens", "/dxlink")
    faults: list[dict[str, Any]] = [{"kind": "status", "path": path, "status": 500, "count": 1} for path in steps]
    async with desk(*faults, streaming=False, port=True) as d, supervised(d.market):
        await until(lambda: d.market.hub.live)
        assert (await d.market.quote("SPY")).stale is False
        assert d.asked(BY_TYPE) == 0


async def test_the_broker_away_and_back() -> None:
    """REST and the socket both gone for a while: stale with a reason, then fresh without anybody's help."""
    async with desk(port=True, tries=HASTY) as d:
        first = await d.market.quotes(["SPY", "SPX"])
        for path in ("/dxlink", BY_TYPE, "/api-quote-tokens"):
            d.simulator.faults.add("drop", path)
        await d.hand("drop")
        await until(lambda: not d.market.hub.live)
        d.simulator.set_price("SPY", 700)
        with deadline(5):
            answers = await d.market.quotes(["SPY", "SPX", "QQQ"])
        assert [(quote.last, quote.stale) for quote in answers.quotes] == [(q.last, True) for q in first.quotes]
        assert [missing.symbol for missing in answers.missing] == ["QQQ"]
        assert answers.quotes[0].notes[0].startswith("stale: TastyTrade does not answer as it should (")
        d.simulator.faults.clear()
        await until(lambda: d.market.hub.live)
        await until(lambda: (line := d.market.hub.line("SPY")) and len(line.events) == 3)
        quote = await d.market.quote("SPY")
        assert (quote.last, quote.stale) == (700, False)


async def test_a_cut_line_is_its_own_requests_trouble() -> None:
    async with desk({"kind": "drop", "path": "/symbols/search/A", "count": 2}, streaming=False, port=True) as d:
        answers = await asyncio.gather(*(d.adapter.search(letter) for letter in "ABCDEF"))
        assert {match.symbol for match in answers[0]} == {"AAPL", "AMD", "AMZN"}
        assert {path: count for path, count in d.simulator.requests.items() if path.startswith("/symbols")} == {
            "/symbols/search/A": 3,
            **{f"/symbols/search/{letter}": 1 for letter in "BCDEF"},
        }


async def test_nan_and_a_missing_field_of_the_feed_cost_that_field() -> None:
    async with desk({"kind": "nan", "path": "/dxlink", "field": "dayVolume"}) as d:
        quote = await d.market.quote("SPY")
        assert quote.volume is None
        assert quote.last is not None
        assert quote.notes == ("volume null: no value was given",)
        assert d.asked(BY_TYPE) == 0


async def test_everything_from_the_simulator_says_so() -> None:
    async with desk(port=True, tries=HASTY) as d:
        streamed = await d.market.quote("SPY")
        await d.hand("drop")
        d.simulator.faults.add("status", "/dxlink", status=503)
        await until(lambda: not d.market.hub.live)
        row = await d.market.quote("SPY")
        d.cache.clear()
        d.simulator.faults.add("status", BY_TYPE, status=500)
        with deadline(5):
            stale = await d.market.quote("SPY")
        assert [quote.source for quote in (streamed, row, stale)] == ["simulator"] * 3
        assert [quote.stale for quote in (streamed, row, stale)] == [False, False, True]
