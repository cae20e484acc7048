"""Single options with greeks, over the stream and over REST of the simulator, against the chain they are of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import numpy as np
import pytest

from tests.desk import BY_TYPE, bare, desk
from ttai.errors import BadArgument
from ttai.market.contracts import SILENT_LIFE, Contract
from ttai.market.market import Market
from ttai.market.options import Expiration
from ttai.quant import american
from ttai.quant.symbols import parse_occ
from ttai.testing import FrozenClock


@asynccontextmanager
async def night() -> AsyncIterator[Market]:
    """A market that keeps New York's hours, at half past ten in the evening."""
    clock = FrozenClock()
    clock.advance(12 * 3600)
    async with bare(sessions="real", clock=clock) as h:
        yield h.app.market


async def month(market: Market, symbol: str) -> Expiration:
    """The first monthly expiration of more than three weeks."""
    chain = await market.chain(symbol)
    return next(one for one in chain.expirations if one.kind == "monthly" and one.date > date(2026, 12, 11))


async def beside(market: Market, symbol: str) -> list[str]:
    """A call and a put near the money."""
    one, quote = await month(market, symbol), await market.quote(symbol)
    assert quote.mark is not None
    place = int(np.abs(one.strikes - quote.mark).argmin())
    return [one.symbols[0][place], one.symbols[1][place]]


async def test_they_are_quoted_and_have_the_greeks_of_the_feed() -> None:
    async with desk() as d:
        names = await beside(d.market, "SPY")
        found = await d.market.contracts([names[0], names[1], names[0]])
        assert (list(found.contracts), found.missing, found.notes) == (names, {}, ())
        call, put = found.contracts.values()
        assert (call.underlying, call.greeks, call.quote.source) == ("SPY", "stream", "simulator")
        assert call.spot == found.underlyings["SPY"].mark
        assert (call.european, call.adjusted, call.settled, call.dte) == (False, False, "PM", 28)
        assert call.delta is not None
        assert put.delta is not None
        assert 0.4 < call.delta < 0.6
        assert -0.6 < put.delta < -0.4
        setting = call.setting
        assert setting is not None
        assert (setting.spot, setting.european) == (call.spot, False)


async def test_while_the_exchange_is_closed_they_are_the_model_s() -> None:
    """At the volatility that makes the mark, so that all of them agree with the price."""
    async with night() as market:
        (call, _) = (await market.contracts(await beside(market, "SPY"))).contracts.values()
        assert call.greeks == "model"
        assert call.iv is not None
        assert call.spot is not None
        terms = (call.spot, float(call.option.strike), call.years, call.iv, call.rate, call.dividend_yield)
        assert american.price(True, *terms) == pytest.approx(call.quote.mark, abs=1e-6)
        assert call.theta == pytest.approx(american.greeks(True, *terms).theta)


async def test_options_of_an_index_are_european_and_some_settle_at_the_open() -> None:
    async with night() as market:
        one = await month(market, "SPX")
        place = len(one.strikes) // 2
        (call,) = (await market.contracts([one.symbols[0][place]])).contracts.values()
        assert (call.european, call.greeks) == (True, "model")
        assert call.settled == one.settled
        assert call.underlying == "SPX"


async def test_an_adjusted_one_has_a_price_and_no_greeks() -> None:
    async with desk() as d:
        one = next(one for one in (await d.market.chain("DIS")).expirations if one.adjusted)
        (found,) = (await d.market.contracts([one.symbols[0][0]])).contracts.values()
        assert found.adjusted
        assert (found.iv, found.delta, found.greeks) == (None, None, None)
        assert "adjusted" in found.notes[0]


async def test_what_is_not_listed_is_missing_with_its_reason() -> None:
    async with desk() as d:
        (call, _) = await beside(d.market, "SPY")
        found = await d.market.contracts([call, "SPY   261218C00123450"])
        silent = found.contracts["SPY   261218C00123450"]
        assert (silent.quote.mark, silent.delta, silent.dte) == (None, None, 28)
        assert "no mark" in silent.notes[0]
        assert "no market data" in found.missing["SPY   261218C00123450"]


async def test_what_is_no_option_is_refused() -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(BadArgument, match="not an OCC option symbol"):
            await d.market.contracts(["SPY"])
        assert (await d.market.contracts([])).contracts == {}


async def test_without_a_stream_rest_answers_and_a_broker_that_is_away_is_said() -> None:
    async with desk(streaming=False) as d:
        names = ["SPY   261218C00670000", "SPY   261218P00670000"]
        assert {one.greeks for one in (await d.market.contracts(names)).contracts.values()} == {"model"}
        d.clock.advance(60)
        d.simulator.faults.add("status", BY_TYPE, status=403)
        found = await d.market.contracts(names)
        assert {one.quote.mark for one in found.contracts.values()} == {None}
        assert set(found.missing) == {"SPY", *names}


async def test_a_rate_and_a_yield_that_are_unknown_are_assumed_and_said() -> None:
    async with desk() as d:
        d.simulator.faults.add("status", "/margin-requirements-public-configuration", status=403)
        d.simulator.faults.add("status", "/market-metrics", status=403)
        found = await d.market.contracts(await beside(d.market, "SPY"))
        assert found.notes == (
            "rate 0.04 a year assumed: TastyTrade's is not known",
            "dividend yield of SPY unknown: 0 assumed",
        )


async def test_greeks_that_do_not_come_are_waited_for_once_a_minute() -> None:
    async with desk() as d:
        names = await beside(d.market, "SPY")
        reader = d.market._contracts
        reader._silent.update(dict.fromkeys((one.streamer for one in map(parse_occ, names)), True))
        assert all(isinstance(one, Contract) for one in (await d.market.contracts(names)).contracts.values())
        d.clock.advance(SILENT_LIFE + 1)
        assert {one.greeks for one in (await d.market.contracts(names)).contracts.values()} == {"stream"}


async def test_what_has_no_time_value_has_no_volatility_and_the_note_says_so() -> None:
    async with night() as market:
        one = await month(market, "SPY")
        deep = (await market.contracts([one.symbols[1][-1]])).contracts[one.symbols[1][-1]]
        assert deep.delta is not None
        assert deep.delta < -0.9
        if deep.iv is None:  # at what exercise brings, half a cent to either side
            assert (deep.delta, deep.gamma, deep.theta) == (-1, 0, 0)
            assert "its delta counts as 1" in deep.notes[0]
