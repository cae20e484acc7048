"""Chains as snapshots, of the recorded SPX options over REST: fetched once, asked many times."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from tests.desk import BY_TYPE, Desk
from tests.recorded_chain import Recorded, contracts, recorded_desk
from ttai.errors import BadArgument, NotFound
from ttai.market.chains import LIFE, MOST, STRUCTURE_LIFE

NESTED = "/option-chains/SPX/nested"


@pytest.fixture
async def place() -> AsyncIterator[tuple[Desk, Recorded]]:
    async with recorded_desk() as made:
        yield made


async def test_a_chain_holds_every_contract(place: tuple[Desk, Recorded]) -> None:
    chain = await place[0].market.chain(" spx ")
    assert (chain.symbol, chain.unreadable, len(chain.expirations)) == ("SPX", 0, 49)
    symbols = {name for one in chain.expirations for side in one.symbols for name in side if name}
    assert symbols == contracts().keys()
    assert [one.date for one in chain.expirations] == sorted(one.date for one in chain.expirations)
    assert all((one.strikes[1:] > one.strikes[:-1]).all() for one in chain.expirations)


async def test_what_was_read_once_is_not_asked_again(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    chain = await desk.market.chain("SPX")
    first = await chain.quotes(chain.expirations[9])
    near = await chain.at_the_money()
    asked = desk.asked(BY_TYPE)
    assert asked >= 5  # the price, and some three hundred contracts
    assert await chain.quotes(chain.expirations[9]) is first
    assert [*await chain.at_the_money()] == [*near]
    assert desk.market.kept_chain(chain.id) is chain
    assert desk.asked(BY_TYPE) == asked


async def test_a_new_snapshot_has_an_id_of_its_own_and_asks_for_the_names_once(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    ids = {(await desk.market.chain("SPX")).id for _ in range(3)}
    assert len(ids) == 3
    assert all(name.startswith("SPX-") for name in ids)
    assert desk.asked(NESTED) == 1
    desk.clock.advance(STRUCTURE_LIFE + 1)
    await desk.market.chain("SPX")
    assert desk.asked(NESTED) == 2


async def test_a_snapshot_lives_half_an_hour(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    chain = await desk.market.chain("SPX")
    desk.clock.advance(LIFE - 1)
    assert desk.market.kept_chain(f" {chain.id} ") is chain
    desk.clock.advance(2)
    with pytest.raises(NotFound, match=r"no snapshot 'SPX-.*: the 20 last used.*30 minutes.*Ask without snapshot"):
        desk.market.kept_chain(chain.id)


async def test_only_the_newest_snapshots_are_kept(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    first = await desk.market.chain("SPX")
    others = [await desk.market.chain("SPX") for _ in range(MOST)]
    with pytest.raises(NotFound):
        desk.market.kept_chain(first.id)
    assert all(desk.market.kept_chain(one.id) is one for one in others)


async def test_snapshots_of_another_login_are_forgotten(place: tuple[Desk, Recorded]) -> None:
    desk, _ = place
    chain = await desk.market.chain("SPX")
    desk.market.forget()
    with pytest.raises(NotFound):
        desk.market.kept_chain(chain.id)


async def test_what_has_no_options_is_said(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    recorded.spoil = lambda _: []
    with pytest.raises(NotFound, match="SPX has no listed options"):
        await desk.market.chain("SPX")
    with pytest.raises(NotFound, match="NOPE has no listed options"):
        await desk.market.chain("NOPE")
    with pytest.raises(BadArgument, match=r"is an option, which has no options\. Ask for its underlying"):
        await desk.market.chain("SPY   261218C00680000")


async def test_what_cannot_be_read_costs_itself_alone(place: tuple[Desk, Recorded]) -> None:
    """A root that is none, an expiration without a date, one without strikes, two bad strikes."""
    desk, recorded = place

    def spoiled(chain: dict[str, Any]) -> list[Any]:
        bad = deepcopy(chain)
        bad["expirations"][0]["expiration-date"] = "soon"
        bad["expirations"][1]["strikes"] = None
        bad["expirations"][2]["strikes"] = [{}]
        bad["expirations"][3]["strikes"][0]["strike-price"] = "NaN"
        bad["expirations"][3]["strikes"][1] = "strike"
        bad["expirations"].append("expiration")
        return [bad, {"root-symbol": "SPX"}, None]

    recorded.spoil = spoiled
    chain = await desk.market.chain("SPX")
    assert len(chain.expirations) == 46
    assert chain.unreadable == 3 + 2 + 1 + 2


async def test_an_adjusted_root_is_told_by_what_it_delivers(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place

    def adjusted(chain: dict[str, Any]) -> list[Any]:
        said = [{"description": "100 SPX  and 12 dollars"}, {}]
        strange = {**chain, "root-symbol": "SPX1 ", "option-chain-type": "Non-standard", "deliverables": said}
        fewer = {**chain, "root-symbol": "SPXQ", "shares-per-contract": 50}
        return [strange, fewer, {**chain, "expirations": chain["expirations"][:1]}]

    recorded.spoil = adjusted
    chain = await desk.market.chain("SPX")
    told = {one.root: (one.deliverable, one.multiplier, one.adjusted) for one in chain.expirations}
    assert told == {
        "SPX1": ("100 SPX and 12 dollars", 100, True),
        "SPXQ": ("not 100 shares of the underlying", 50, True),
        "SPXW": (None, 100, False),
    }
    near = await chain.at_the_money()
    assert [quotes.expiration.root for quotes in near] == ["SPXW"]
    strange = await chain.quotes(next(one for one in chain.expirations if one.root == "SPX1"))
    assert not (strange.iv > 0).any()  # its prices mean something else


async def test_a_chain_without_a_standard_contract_says_so(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place
    recorded.spoil = lambda chain: [{**chain, "root-symbol": "SPX1"}]
    chain = await desk.market.chain("SPX")
    with pytest.raises(NotFound, match=r"only adjusted contracts.* with expiration='2026-\d\d-\d\d SPX1'"):
        await chain.at_the_money()
    desk.clock.advance(20 * 365 * 86_400)
    with pytest.raises(NotFound, match="all listed options of SPX have expired"):
        await desk.market.chain("SPX")


async def test_a_strike_that_comes_twice_is_one(place: tuple[Desk, Recorded]) -> None:
    desk, recorded = place

    def doubled(chain: dict[str, Any]) -> list[Any]:
        bad = deepcopy(chain)
        strikes = bad["expirations"][3]["strikes"]
        both = next(row for row in strikes if row.get("call") and row.get("put"))
        strikes.remove(both)
        halves = [{**both, "put": "", "put-streamer-symbol": ""}, {**both, "call": "", "call-streamer-symbol": ""}]
        bad["expirations"][3]["strikes"] = [*halves, *reversed(strikes), strikes[0]]
        return [bad]

    whole = (await desk.market.chain("SPX")).expirations[3]
    desk.clock.advance(STRUCTURE_LIFE + 1)
    recorded.spoil = doubled
    chain = await desk.market.chain("SPX")
    one = chain.expirations[3]
    assert chain.unreadable == 0
    assert one.strikes.tolist() == whole.strikes.tolist()
    assert [list(side) for side in one.symbols] == [list(side) for side in whole.symbols]
    assert [list(side) for side in one.streamers] == [list(side) for side in whole.streamers]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([{"value": "0.05", "threshold": "3.0"}, {"value": "0.1"}], "0.05 below 3, else 0.1"),
        ([{"value": "0.05"}, {"value": 0.01, "threshold": 3, "symbol": None}], "0.01 below 3, else 0.05"),
        ([{"value": "0.01"}], "0.01"),
        ([{"value": "0.05", "threshold": "3.0"}], None),
        ([{"value": "0.05", "threshold": "three"}, {"value": "0.1"}], None),
        ([{"value": "0"}], None),
        (["0.05"], None),
        ([], None),
        (None, None),
    ],
)
async def test_ticks_are_the_brokers_or_unknown(place: tuple[Desk, Recorded], sizes: Any, said: str | None) -> None:
    desk, recorded = place
    recorded.spoil = lambda chain: [{**chain, "tick-sizes": sizes}]
    ticks = {one.ticks for one in (await desk.market.chain("SPX")).expirations}
    assert {one and str(one) for one in ticks} == {said}


async def test_a_tick_is_that_of_its_price(place: tuple[Desk, Recorded]) -> None:
    (ticks,) = {one.ticks for one in (await place[0].market.chain("AMD")).expirations}
    assert ticks is not None
    assert ticks.at([0.5, -2.99, 3, -40]).tolist() == [0.01, 0.01, 0.05, 0.05]
