"""What a trade would do to the book: legs added, legs removed, and what can't be meant."""

from typing import Any

import pytest

from tests.plugins.portfolio.test_accounts import TRADING, refused
from tests.plugins.portfolio.test_risk import total
from tests.plugins.portfolio.test_stress import cells
from ttai.testing import Harness, Reply, harness

CALL, PUT = "TSLA  261231C00560000", "TSLA  261231P00400000"
STRANGLE = [{"symbol": CALL, "quantity": -1}, {"symbol": PUT, "quantity": -1}]
SAME = ("beta_delta", "beta_gamma", "delta_dollars", "theta", "vega", "day_deviation", "margin")


def by_underlying(answer: Reply) -> dict[str, dict[str, Any]]:
    return {row["underlying"]: row for row in answer.rows("underlyings")}


async def test_without_all_of_its_legs_an_underlying_is_gone_and_the_others_stay(demo: Harness) -> None:
    before = await demo.call("get_portfolio_risk", limit=100)
    after = await demo.call("get_portfolio_risk", limit=100, remove=STRANGLE)
    whole, rest = by_underlying(before), by_underlying(after)
    gone = whole.pop("TSLA")
    for row in (*whole.values(), *rest.values()):
        del row["variance_percent"]  # a share of another whole
    assert rest == whole
    now, then = total(after), total(after, "after the trade")
    assert [now[name] for name in SAME] == [total(before)[name] for name in SAME]
    for name in ("beta_delta", "delta_dollars", "theta", "vega", "margin"):
        assert now[name] - then[name] == pytest.approx(gone[name], abs=0.03), name


async def test_what_is_removed_and_added_again_is_what_was(demo: Harness) -> None:
    answer = await demo.call("get_portfolio_risk", remove=STRANGLE, add=STRANGLE)
    now, then = total(answer), total(answer, "after the trade")
    assert [then[name] for name in SAME] == pytest.approx([now[name] for name in SAME])
    stress = await demo.call("stress_test", remove=STRANGLE, add=STRANGLE)
    assert stress.data["worst_before"]["pnl"] == pytest.approx(stress.data["worst"]["pnl"], abs=1)


async def test_a_part_of_a_position_can_be_removed(h: Harness) -> None:
    answer = await h.call("get_portfolio_risk", account="Trading", remove=[{"symbol": "AAPL", "quantity": 100}])
    now, then = total(answer), total(answer, "after the trade")
    price = by_underlying(answer)["AAPL"]["price"]
    assert now["delta_dollars"] - then["delta_dollars"] == pytest.approx(100 * price, abs=0.03)
    fraction = [{"symbol": "SPY", "quantity": 0.4182}]
    answer = await h.call("get_portfolio_risk", account="Retirement", remove=fraction, limit=100)
    assert by_underlying(answer)["SPY"]["delta"] == 37


async def test_a_removed_position_loses_nothing_more(demo: Harness) -> None:
    whole = await demo.call("stress_test", account="Trading")
    without = await demo.call("stress_test", account="Trading", remove=STRANGLE)
    assert "TSLA" not in {row["underlying"] for row in without.rows("worst_by_position")}
    assert without.data["positions"] == whole.data["positions"] - 2
    assert without.data["worst_before"]["pnl"] == whole.data["worst"]["pnl"]
    assert without.data["worst"]["pnl"] > whole.data["worst"]["pnl"]
    assert whole.data["worst_before"] is None


async def test_a_hedge_is_weighed_by_its_delta(demo: Harness) -> None:
    answer = await demo.call("get_portfolio_risk", add=[{"type": "stock", "quantity": -100}], symbol="spy")
    now, then = total(answer), total(answer, "after the trade")
    assert now["beta_delta"] - then["beta_delta"] == pytest.approx(100, abs=0.02)
    assert then["theta"] == now["theta"]


@pytest.mark.parametrize(
    "leg",
    [
        {"type": "put", "strike": 400, "quantity": -1, "expiration": "2026-12-31"},
        {"type": "put", "strike": 400, "quantity": -1, "expiration": "2026-12-31 TSLA"},
        {"symbol": PUT, "quantity": -1},
        {"symbol": ".TSLA261231P400", "quantity": -1},
    ],
)
async def test_a_leg_may_be_spelled_in_any_way(h: Harness, leg: dict[str, Any]) -> None:
    answer = await h.call("get_portfolio_risk", add=[leg], symbol="tsla")
    two = (await h.call("get_portfolio_risk", add=[{"symbol": PUT, "quantity": -1}])).rows("totals")
    assert answer.rows("totals") == two
    assert by_underlying(answer)["TSLA"]["positions"] == 3


async def test_what_is_added_counts_from_the_marks_now(h: Harness) -> None:
    """Whatever it is said to cost: the grid is of what comes."""
    leg = {"symbol": PUT, "quantity": -1, "price": 99}
    nowhere = {"spot": [0], "iv": [0], "days": [0]}
    assert cells(await h.call("stress_test", add=[leg], **nowhere)) == {(0, 0, 0): 0}


PUT_OF = {"type": "put", "strike": 400, "quantity": -1}


@pytest.mark.parametrize("tool", ["get_portfolio_risk", "stress_test"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"add": [{**PUT_OF, "expiration": "2026-12-31"}]},
            "VALIDATION: add leg 1 does not say its underlying. Send symbol=…, or the legs' OCC symbols.",
        ),
        (
            {"remove": [{**PUT_OF, "expiration": "2026-12-31"}]},
            "VALIDATION: remove leg 1 does not say its underlying. Send symbol=…, or the legs' OCC symbols.",
        ),
        ({"add": [PUT_OF], "symbol": "TSLA"}, "VALIDATION: add leg 1 has no expiration. Send it with the leg"),
        (
            {"add": [{**PUT_OF, "strike": 401.37, "expiration": "2026-12-31"}], "symbol": "TSLA"},
            "NOT_FOUND: add leg 1: TSLA has no put 401.37 of 2026-12-31. get_option_chain lists the strikes.",
        ),
        (
            {"add": [{**PUT_OF, "expiration": "2026-12-30"}], "symbol": "TSLA"},
            "NOT_FOUND: add leg 1: TSLA has no put 400 of 2026-12-30",
        ),
        ({"add": [{"type": "stock", "quantity": 1}], "symbol": "???"}, "VALIDATION: '???' is not a symbol"),
        ({"add": [{"symbol": "SPX", "quantity": 100}]}, "VALIDATION: add leg 1: SPX is an index, and has no shares"),
        ({"add": [{"symbol": "/ESZ6", "quantity": 1}]}, "VALIDATION: add leg 1: /ESZ6 is neither stock nor option"),
        ({"add": [{"symbol": "BTC/USD", "quantity": 1}]}, "VALIDATION: add leg 1: BTC/USD is neither stock nor option"),
        ({"add": [{"symbol": "SPY", "quantity": 1e300}]}, "VALIDATION: add leg 1: 1e+300 is more than anybody holds"),
        ({"add": [{"symbol": "SPY", "quantity": 0}]}, "VALIDATION: add.0: a quantity of 0 is no leg"),
        ({"add": [{"symbol": "SPY", "quantity": "nan"}]}, "VALIDATION: add.0.quantity must be a finite number"),
        ({"add": [{"symbol": PUT, "quantity": 1.5}]}, "VALIDATION: add.0: options come in whole contracts, not 1.5"),
        ({"add": [{"symbol": PUT, "quantity": 1, "price": -3}]}, "VALIDATION: add.0.price: should be greater than"),
        ({"add": [{"quantity": 1}]}, "VALIDATION: add.0: a leg has a type"),
        (
            {"remove": [{"symbol": "AMD", "quantity": 100}]},
            "VALIDATION: 100 of AMD can't be removed: none is held. remove takes what is held, with its sign.",
        ),
        (
            {"remove": [{"symbol": "SPY", "quantity": 100}]},
            "VALIDATION: 100 of SPY can't be removed: 37.4182 are held. remove takes what is held, with its sign.",
        ),
        ({"remove": [{"symbol": PUT, "quantity": 1}]}, f"VALIDATION: 1 of {PUT} can't be removed: -1 are held"),
        ({"remove": [{"symbol": PUT, "quantity": -2}]}, f"VALIDATION: -2 of {PUT} can't be removed: -1 are held"),
        (
            {"remove": [{"symbol": PUT, "quantity": -1}] * 2},
            f"VALIDATION: -1 of {PUT} can't be removed: none is held",
        ),
        ({"remove": [3]}, "VALIDATION: remove.0: should be an object"),
    ],
)
async def test_what_can_not_be_meant_is_said(h: Harness, tool: str, arguments: dict[str, Any], said: str) -> None:
    assert (await refused(h, tool, **arguments)).startswith(said)


async def test_what_is_not_quoted_can_not_be_added(h: Harness) -> None:
    said = await refused(h, "get_portfolio_risk", add=[{"symbol": "ZZZZ", "quantity": 100}])
    assert said.startswith("NOT_FOUND: ZZZZ has no mark now: ")
    assert "no market data for ZZZZ" in said


async def test_a_position_of_another_account_can_not_be_removed_from_this_one(h: Harness) -> None:
    said = await refused(h, "get_portfolio_risk", account="Income", remove=STRANGLE)
    assert "none is held" in said


async def test_what_is_held_in_two_accounts_is_taken_out_of_both() -> None:
    async with harness() as h:
        h.simulator.trade(TRADING, "GLD", 40)  # 60 are in another account
        answer = await h.call("get_portfolio_risk", remove=[{"symbol": "GLD", "quantity": 100}], limit=100)
        assert by_underlying(answer)["GLD"]["positions"] == 4  # the iron butterfly
        said = await refused(h, "get_portfolio_risk", remove=[{"symbol": "GLD", "quantity": 101}])
        assert "100 are held" in said


async def test_what_is_held_long_here_and_short_there_is_two_things_to_remove() -> None:
    async with harness() as h:
        h.simulator.trade(TRADING, "SPY", -20)  # 37.4182 are held in another account
        long = {"symbol": "SPY", "quantity": 37.4182}
        short = {"symbol": "SPY", "quantity": -20}
        for legs, left in (([long], -20), ([short], pytest.approx(37.42)), ([long, short], None)):
            answer = await h.call("get_portfolio_risk", remove=legs, limit=100)
            assert by_underlying(answer).get("SPY", {}).get("delta") == left
        said = await refused(h, "get_portfolio_risk", remove=[{**short, "quantity": -21}])
        assert "-20 are held" in said


async def test_the_same_trade_made_is_what_was_foretold() -> None:
    """The simulator trades what was asked about: the book is then as the answer had it."""
    async with harness() as h:
        add = [{"symbol": "AMD   261218P00230000", "quantity": -2}]
        foretold = total(await h.call("get_portfolio_risk", account="Trading", add=add), "after the trade")
        h.simulator.trade(TRADING, "AMD   261218P00230000", -2)
        h.clock.advance(6)
        made = total(await h.call("get_portfolio_risk", account="Trading"))
        for name in ("beta_delta", "theta", "vega", "margin"):
            assert made[name] == pytest.approx(foretold[name], rel=0.01, abs=0.5), name
