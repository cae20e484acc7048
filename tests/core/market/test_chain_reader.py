"""Quotes of an expiration, read over REST from the recorded SPX chain and over the stream of the simulator."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import date, datetime

import numpy as np
import pytest

from tests.desk import BY_TYPE, Desk, desk
from tests.recorded_chain import Recorded, contracts, recorded_desk
from ttai.clock import NEW_YORK, deadline
from ttai.errors import NotFound, NotPermitted
from ttai.market.chain_reader import PART
from ttai.market.chains import Chain
from ttai.market.options import Expiration
from ttai.quant.calendar import Calendar


@pytest.fixture
async def place() -> AsyncIterator[tuple[Desk, Recorded]]:
    async with recorded_desk() as made:
        yield made


def on(chain: Chain, day: date) -> Expiration:
    return next(one for one in chain.expirations if one.date == day)


async def test_every_contract_is_as_it_was_recorded(place: tuple[Desk, Recorded]) -> None:
    chain = await place[0].market.chain("SPX")
    one = on(chain, date(2026, 12, 18))
    quotes = await chain.quotes(one)
    assert (quotes.source, quotes.missing, quotes.failed) == ("simulator", 0, None)
    assert quotes.spot == pytest.approx(7479.94)
    for side in (0, 1):
        for column, name in enumerate(one.symbols[side]):
            if not name:
                assert math.isnan(quotes.bid[side, column])
                continue
            row = contracts()[name]
            assert (quotes.bid[side, column], quotes.ask[side, column]) == (row["bid"], row["ask"])
            assert quotes.open_interest[side, column] == (row.get("openInterest") or 0)


async def test_the_recorded_smile_is_that_of_an_index(place: tuple[Desk, Recorded]) -> None:
    """What anybody can look up of SPX: the forward grows with the rate, the downside costs more."""
    chain = await place[0].market.chain("SPX")
    quotes = await chain.quotes(on(chain, date(2026, 12, 18)))
    assert 7560 < quotes.forward < 7580
    smile = quotes.smile
    assert smile.atm == pytest.approx(0.158, abs=0.001)
    reversal, wings = smile.risk_reversal(), smile.butterfly()
    assert reversal is not None
    assert wings is not None
    assert -0.08 < reversal < -0.05
    assert 0 < wings < 0.01
    assert len(smile.iv) > 0.95 * len(quotes.strikes)
    assert np.diff(quotes.delta[0][np.isfinite(quotes.delta[0])]).max() < 0.01  # deltas fall as strikes rise
    assert not quotes.streamed.any()


async def test_call_and_put_of_a_strike_obey_parity(place: tuple[Desk, Recorded]) -> None:
    chain = await place[0].market.chain("SPX")
    quotes = await chain.quotes(on(chain, date(2026, 9, 18)))
    both = np.isfinite(quotes.delta).all(axis=0)
    share = math.exp(-quotes.dividend_yield * quotes.years)
    assert (quotes.delta[0] - quotes.delta[1])[both] == pytest.approx(share)
    assert quotes.gamma[0][both] == pytest.approx(quotes.gamma[1][both])
    near = abs(quotes.strikes - quotes.spot) < 200
    parity = (quotes.forward - quotes.strikes) * math.exp(-quotes.rate * quotes.years)
    gap = (quotes.mid[0] - quotes.mid[1] - parity)[near & both]
    assert abs(gap).max() < 3.0  # dollars: half the spread of a call


async def test_at_the_money_is_the_same_read_alone_or_with_its_expiration(place: tuple[Desk, Recorded]) -> None:
    chain = await place[0].market.chain("SPX")
    near = {quotes.expiration.key: quotes for quotes in await chain.at_the_money()}
    one = on(chain, date(2026, 10, 16))
    whole, beside = await chain.quotes(one), near[one.key]
    assert len(beside.strikes) == 4
    assert beside.straddle == whole.straddle
    assert beside.smile.atm == pytest.approx(whole.smile.atm, abs=5e-4)


async def test_what_expires_today_is_settled_after_the_close(place: tuple[Desk, Recorded]) -> None:
    chain = await place[0].market.chain("SPX")
    place[0].clock.advance(3 * 86_400)  # Monday, 17:22
    gone = chain.expirations[0]
    assert gone.date == date(2026, 8, 3)
    quotes = await chain.quotes(gone)
    assert quotes.years == 0
    assert np.isnan(quotes.iv).all()
    assert quotes.dividend_yield == 0
    assert quotes.smile.atm is None


async def test_a_part_that_is_refused_costs_its_contracts(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    chain = await desk.market.chain("SPX")
    recorded.answered = 2
    one = on(chain, date(2026, 12, 18))
    quotes = await chain.quotes(one)
    there = sum(bool(name) for side in one.symbols for name in side)
    assert quotes.missing == there - 2 * PART
    assert quotes.failed is not None
    assert "does not permit" in quotes.failed
    assert desk.asked(BY_TYPE) == math.ceil(there / PART) + 1  # the others are tried all the same, and the price


async def test_where_nothing_is_answered_it_is_said_why(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    chain = await desk.market.chain("SPX")
    recorded.answered = 0
    with pytest.raises(NotPermitted):
        await chain.quotes(chain.expirations[3])
    recorded.answered = 100
    assert (await chain.quotes(chain.expirations[3])).missing == 0  # a failure is not kept


async def test_a_price_that_moved_on_is_not_taken_for_a_dividend(place: tuple[Desk, Recorded]) -> None:
    """After hours options stand where they closed: what they lose a day does not change with the stock."""
    desk, recorded = place
    chain = await desk.market.chain("SPX")
    one = on(chain, date(2026, 8, 3))
    before = await chain.quotes(one)
    recorded.moved = 1.03
    desk.clock.advance(60)
    after = await (await desk.market.chain("SPX")).quotes(one)
    assert after.spot == pytest.approx(before.spot * 1.03)
    assert after.forward == pytest.approx(before.forward, rel=1e-4)
    middle = int(abs(one.strikes - before.spot).argmin())
    for name in ("delta", "gamma", "theta", "vega"):
        was, now = (abs(getattr(quotes, name)[:, middle]).mean() for quotes in (before, after))
        assert now == pytest.approx(was, rel=0.03), name


async def test_what_the_feed_still_says_of_a_settled_contract_is_not_taken() -> None:
    async with desk() as made:
        chain = await made.market.chain("SPY")
        chain.calendar = Calendar([], {}, date(2026, 1, 1), date(2026, 1, 1))
        made.clock.set(datetime(2026, 11, 20, 15, 59, 59, tzinfo=NEW_YORK))
        alive = await chain.quotes(chain.expirations[0])
        assert alive.streamed.any()
        again = await made.market.chain("SPY")
        again.calendar = chain.calendar
        made.clock.set(datetime(2026, 11, 20, 16, 0, 1, tzinfo=NEW_YORK))
        quotes = await again.quotes(again.expirations[0])
    assert np.isfinite(quotes.ask).any()
    assert not quotes.streamed.any()
    assert np.isnan(quotes.iv).all()
    assert quotes.smile.atm is None


async def test_the_close_before_is_no_price(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    recorded.known = "prev-close"
    chain = await desk.market.chain("SPX")
    with pytest.raises(NotFound, match="no price of SPX is known now"):
        await chain.quotes(chain.expirations[3])


async def test_a_request_that_stands_still_leaves_what_came(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    chain = await desk.market.chain("SPX")
    one = on(chain, date(2026, 12, 18))
    recorded.answered, recorded.stalls = 2, True
    with deadline(7):
        async with asyncio.timeout(7):
            quotes = await chain.quotes(one)
    there = sum(bool(name) for side in one.symbols for name in side)
    assert quotes.missing == there - 2 * PART
    assert quotes.failed is not None
    assert np.isfinite(quotes.bid).sum() == 2 * PART
