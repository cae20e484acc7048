"""Where the reading of a chain ends: the call's time, the day."""

from collections.abc import AsyncIterator
from datetime import date, datetime

import pytest

from tests.desk import BY_TYPE, Desk
from tests.recorded_chain import Recorded, recorded_desk
from ttai.clock import NEW_YORK, deadline
from ttai.errors import TookTooLong
from ttai.market.chain_reader import LAST_PART


@pytest.fixture
async def place() -> AsyncIterator[tuple[Desk, Recorded]]:
    async with recorded_desk() as made:
        yield made


async def test_what_there_is_no_time_for_is_not_asked(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    chain = await desk.market.chain("SPX")
    asked = desk.asked(BY_TYPE)
    with deadline(LAST_PART), pytest.raises(TookTooLong):
        await chain.quotes(chain.expirations[9])
    assert desk.asked(BY_TYPE) == asked
    assert (await chain.quotes(chain.expirations[9])).missing == 0


async def test_what_expired_yesterday_is_left_out_of_names_that_are_still_kept(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    desk.clock.set(datetime(2026, 8, 3, 23, 58, tzinfo=NEW_YORK))
    assert (await desk.market.chain("SPX")).expirations[0].date == date(2026, 8, 3)
    desk.clock.advance(180)
    assert (await desk.market.chain("SPX")).expirations[0].date == date(2026, 8, 4)
