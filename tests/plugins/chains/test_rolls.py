"""find_rolls as a client meets it: its numbers worked out again from the chain's own quotes."""

import json
import math
import re
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from fastmcp.exceptions import ToolError
from pydantic_core import to_json

from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, Harness, Reply, harness

FRONT = "2026-12-18"
LEG = re.compile(r"([+-]\d+) ([\d.]+)([cp])")
PUT = {"type": "put", "strike": 230, "quantity": -1, "expiration": FRONT}
CONDOR = [
    {"type": "put", "strike": 215, "quantity": 1, "expiration": FRONT},
    {"type": "put", "strike": 225, "quantity": -1, "expiration": FRONT},
    {"type": "call", "strike": 265, "quantity": -1, "expiration": FRONT},
    {"type": "call", "strike": 275, "quantity": 1, "expiration": FRONT},
]
COVERED = [
    {"type": "stock", "quantity": 200, "price": 240},
    {"type": "call", "strike": 270, "quantity": -2, "expiration": FRONT, "price": 5},
]
Contract = tuple[int, float, str]  # quantity, strike, c or p


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("find_rolls", **arguments)
    return str(error.value)


def legs_of(said: str) -> list[Contract]:
    """The contracts of "+1 210p, -1 220p", understood to the last sign."""
    found = [LEG.fullmatch(part) for part in said.split(", ")]
    assert all(found), said
    return [(int(one[1]), float(one[2]), one[3]) for one in found if one]


async def quoted(h: Harness, answer: Reply, expiration: str = FRONT) -> dict[tuple[str, float], dict[str, Any]]:
    """All contracts of one expiration of the answer's own snapshot."""
    chain = await h.call(
        "get_option_chain", snapshot=answer.data["snapshot"], expiration=expiration, strikes=60,
        columns="bid,ask,mid,delta,open_interest",
    )  # fmt: skip
    return {(row["type"][0], row["strike"]): row for row in chain.rows("contracts")}


class Roll:
    """One roll worked out from quotes: a share of a lot, and shares of the whole position."""

    def __init__(
        self, old: list[Contract], was: dict[tuple[str, float], dict[str, Any]],
        new: list[Contract], now: dict[tuple[str, float], dict[str, Any]],
    ) -> None:  # fmt: skip
        self.lots = math.gcd(*(quantity for quantity, _, _ in old))
        trades = [(-quantity, was[kind, strike]) for quantity, strike, kind in old]
        trades += [(quantity, now[kind, strike]) for quantity, strike, kind in new]
        self.mid = sum(quantity * row["mid"] for quantity, row in trades) / self.lots
        self.natural = sum(quantity * row["ask" if quantity > 0 else "bid"] for quantity, row in trades) / self.lots
        self.before = sum(quantity * was[kind, strike]["delta"] for quantity, strike, kind in old) * 100
        self.after = sum(quantity * now[kind, strike]["delta"] for quantity, strike, kind in new) * 100
        sold = [now[kind, strike]["delta"] for quantity, strike, kind in new if quantity < 0]
        self.short_delta = max(map(abs, sold))

    def fill(self, below: float, low: float, high: float) -> float:
        """A third of the way, to the tick, against who trades."""
        price = self.mid + (self.natural - self.mid) / 3
        tick = low if abs(price) < below else high
        rounded: float = min(math.ceil(price / tick - 1e-6) * tick, self.natural)
        return rounded


@pytest.mark.parametrize(
    ("symbol", "legs", "more", "ticks"),
    [
        ("AMD", [PUT], {"max_debit": 1}, (3, 0.01, 0.05)),
        ("AMD", [{**PUT, "quantity": -3, "strike": 260}], {"strikes": "any", "max_debit": None}, (3, 0.01, 0.05)),
        ("AMD", CONDOR, {"max_debit": 0.5}, (3, 0.01, 0.05)),
        ("AAPL", COVERED, {"sort": "delta_cut"}, (3, 0.01, 0.05)),
        (
            "SPX",
            [
                {"type": "put", "strike": 6600, "quantity": 2, "expiration": f"{FRONT} PM"},
                {"type": "put", "strike": 6650, "quantity": -2, "expiration": f"{FRONT} PM"},
            ],
            {"sort": "days", "max_debit": 3},
            (3, 0.05, 0.1),
        ),
    ],
)
async def test_every_number_of_a_roll_is_the_chain_s(
    demo: Harness, symbol: str, legs: list[dict[str, Any]], more: dict[str, Any], ticks: tuple[float, float, float]
) -> None:
    answer = await demo.call("find_rolls", symbol=symbol, legs=legs, **more)
    rows = answer.rows("rolls")
    old = legs_of(answer.data["rolled"])
    stock = sum(leg["quantity"] for leg in legs if leg["type"] == "stock")
    was = await quoted(demo, answer)
    for row in rows:
        new = legs_of(row["opened"])
        roll = Roll(old, was, new, await quoted(demo, answer, row["expiration"]))
        assert row["added_days"] == (date.fromisoformat(row["expiration"]) - date.fromisoformat(FRONT)).days
        assert 7 <= row["added_days"] <= 60
        assert row["mid"] == pytest.approx(roll.mid, abs=2e-4)
        assert row["natural"] == pytest.approx(roll.natural, abs=2e-4)
        assert row["fill"] == pytest.approx(roll.fill(*ticks), abs=2e-4)
        assert row["mid"] <= row["fill"] <= row["natural"]
        assert row["delta"] == pytest.approx(stock + roll.after, abs=0.1)
        kept = row["delta"] - roll.after
        assert row["delta_cut"] == pytest.approx(abs(kept + roll.before) - abs(row["delta"]), abs=0.15)
        assert row["short_delta"] == pytest.approx(roll.short_delta, abs=1e-4)
        assert row["open_interest"] > 0
    assert answer.data["do_nothing"]["delta"] == pytest.approx(stock + roll.before, abs=0.1)
    assert len(rows) == 10
    assert answer.data["lots"] == roll.lots
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_spreads_keep_their_width_and_sides_go_away_from_the_money(h: Harness) -> None:
    answer = await h.call("find_rolls", symbol="AMD", legs=CONDOR, max_debit=None, limit=40)
    shifts = set()
    for row in answer.rows("rolls"):
        (low, put, call, high) = (strike for _, strike, _ in legs_of(row["opened"]))
        assert (put - low, high - call) == (10, 10)
        assert put <= 225
        assert call >= 265
        assert [quantity for quantity, _, _ in legs_of(row["opened"])] == [1, -1, -1, 1]
        shifts.add((225 - put, call - 265))
    assert {(down > 0, up > 0) for down, up in shifts} == {(False, False), (True, False), (False, True), (True, True)}


@pytest.mark.parametrize(
    ("strikes", "moves"),
    [("same", {0}), ("away", {-1, 0}), ("down", {-1}), ("up", {1}), ("any", {-1, 0, 1})],
)
async def test_strikes_go_where_they_are_asked_to(h: Harness, strikes: str, moves: set[int]) -> None:
    arguments = {"symbol": "AMD", "legs": [PUT], "max_debit": None, "limit": 40, "sort": "days"}
    rows = (await h.call("find_rolls", strikes=strikes, **arguments)).rows("rolls")
    assert {int(np.sign(legs_of(row["opened"])[0][1] - 230)) for row in rows} == moves


async def test_strikes_reach_from_a_small_delta_to_a_large_one(h: Harness) -> None:
    arguments = {"symbol": "SPY", "legs": [{**PUT, "strike": 650}], "max_debit": None, "limit": 40, "max_days": 15}
    answer = await h.call("find_rolls", strikes="any", **arguments)
    deltas = [row["short_delta"] for row in answer.rows("rolls")]
    assert 0.05 <= min(deltas) < 0.07
    assert 0.55 < max(deltas) <= 0.6
    assert re.search(r"31 of up to \d+ strikes of an expiration, spread evenly", answer.text)


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("credit", lambda row: row["fill"]),
        ("delta_cut", lambda row: -row["delta_cut"]),
        ("days", lambda row: (row["added_days"], row["fill"])),
        ("buying_power", lambda row: row["buying_power"]),
    ],
)
async def test_the_best_come_first(demo: Harness, sort: str, key: Any) -> None:
    answer = await demo.call("find_rolls", symbol="AMD", legs=[PUT], sort=sort, limit=40, max_debit=2)
    rows = answer.rows("rolls")
    few = (await demo.call("find_rolls", snapshot=answer.data["snapshot"], legs=[PUT], sort=sort, limit=4,
                           max_debit=2))  # fmt: skip
    assert len(rows) > 12
    assert [key(row) for row in rows] == sorted(key(row) for row in rows)
    assert few.rows("rolls") == rows[:4]
    assert f"4 of {len(rows)} rolls; ask limit={len(rows)}" in few.text


async def test_what_costs_too_much_is_left_out_and_counted(h: Harness) -> None:
    everything = await h.call("find_rolls", symbol="AMD", legs=[PUT], max_debit=None, limit=40)
    credits_only = await h.call("find_rolls", snapshot=everything.data["snapshot"], legs=[PUT], limit=40)
    fills = [row["fill"] for row in everything.rows("rolls")]
    dear = [fill for fill in fills if fill > 0]
    assert dear
    assert [row["fill"] for row in credits_only.rows("rolls")] == [fill for fill in fills if fill <= 0]
    assert f"left out: {len(dear)} cost more than 0: ask max_debit={min(dear):.2f} or more" in credits_only.text
    asked = await h.call(
        "find_rolls", snapshot=everything.data["snapshot"], legs=[PUT], max_debit=min(dear), limit=40
    )  # fmt: skip
    assert [row["fill"] for row in asked.rows("rolls")] == [fill for fill in fills if fill <= min(dear)]


async def test_what_is_sold_again_is_no_nearer_than_asked(h: Harness) -> None:
    answer = await h.call("find_rolls", symbol="AMD", legs=[PUT], max_delta=0.2, max_debit=None, limit=40)
    assert answer.rows("rolls")
    assert max(row["short_delta"] for row in answer.rows("rolls")) <= 0.2
    assert re.search(r"left out: \d+ sell a delta over 0.2: ask max_delta=0.2\d or more", answer.text)


async def test_where_nothing_passes_it_is_said_what_removed_them(demo: Harness) -> None:
    answer = await demo.call("find_rolls", symbol="AMD", legs=[PUT], max_debit=-50)
    assert answer.rows("rolls") == []
    assert "no roll passes: the notes say what removed them" in answer.data["reading"]
    (said,) = [note for note in answer.data["notes"] if note.startswith("left out")]
    least = float(said.split("max_debit=")[1].split()[0])
    again = await demo.call("find_rolls", snapshot=answer.data["snapshot"], legs=[PUT], max_debit=least)
    assert len(again.rows("rolls")) == 1
    assert answer.data["close"]["fill"] > 0


async def test_what_cannot_be_filled_is_out(h: Harness) -> None:
    legs = [{"type": "put", "strike": 100, "quantity": -1, "expiration": FRONT}]
    answer = await h.call("find_rolls", symbol="XBI", legs=legs, max_debit=None)
    removed = [note for note in answer.data["notes"] if "spread is over 10 % of its mid (and over 2 ticks)" in note]
    assert answer.rows("rolls") == []
    assert "(left out, see the notes)" in answer.data["reading"]
    least = float(removed[0].split("max_spread_percent=")[1].split()[0])
    wider = await h.call(
        "find_rolls", snapshot=answer.data["snapshot"], legs=legs, max_spread_percent=least, max_debit=None
    )  # fmt: skip
    assert wider.rows("rolls")
    assert max(row["spread_percent"] for row in wider.rows("rolls")) <= least


async def test_beside_the_rolls_stand_closing_and_doing_nothing(demo: Harness) -> None:
    put = {**PUT, "strike": 260, "quantity": -3, "price": 6.1}
    answer = await demo.call("find_rolls", symbol="AMD", legs=[put])
    close, stay = answer.data["close"], answer.data["do_nothing"]
    now = (await quoted(demo, answer))["p", 260]
    spot = answer.data["price"]
    assert (close["mid"], close["natural"]) == pytest.approx((now["mid"], now["ask"]))
    assert now["mid"] <= close["fill"] <= now["ask"]
    assert close["total"] == pytest.approx(close["fill"] * 300)
    assert close["pnl"] == pytest.approx((6.1 - close["fill"]) * 300, abs=0.01)
    assert stay["time_value"] == pytest.approx((now["mid"] - (260 - spot)) * 300, abs=1)
    assert stay["max_gain"] == pytest.approx(now["mid"] * 300, abs=0.01)
    assert stay["breakevens"] == [253.9]
    assert stay["short_delta"] == pytest.approx(-now["delta"], abs=1e-4)
    assert stay["theta"] > 0
    assert f"-3 260p, {260 - spot:.2f} in the money, is assigned: 300 shares are bought at 260" in stay["at_expiry"]
    same = await demo.call("analyze_strategy", snapshot=answer.data["snapshot"], legs=[put])
    assert stay["pop"] == pytest.approx(same.data["pop"], abs=1e-4)


async def test_what_was_collected_counts_after_the_roll(demo: Harness) -> None:
    """A put breaks even at its strike less all that was collected, and the odds are those of ending above."""
    answer = await demo.call("find_rolls", symbol="AMD", legs=[{**PUT, "price": 6.1}])
    for row in answer.rows("rolls")[:3]:
        ((_, strike, _),) = legs_of(row["opened"])
        collected = 6.1 - row["fill"]
        assert row["breakevens"] == pytest.approx([strike - collected], abs=0.011)
        fresh = {"type": "put", "strike": strike, "quantity": -1, "expiration": row["expiration"], "price": collected}
        alone = await demo.call("analyze_strategy", snapshot=answer.data["snapshot"], legs=[fresh])
        assert row["pop"] == pytest.approx(alone.data["pop"], abs=1e-4)
    unknown = await demo.call("find_rolls", snapshot=answer.data["snapshot"], legs=[PUT])
    first = unknown.rows("rolls")[0]
    assert unknown.data["close"]["pnl"] is None
    assert "legs without price, their opening price, count as opened at the mid now" in unknown.text
    mid = unknown.data["close"]["mid"]
    assert first["breakevens"] == pytest.approx([legs_of(first["opened"])[0][1] - mid + first["fill"]], abs=0.011)


async def test_buying_power_is_that_of_regulation_t(h: Harness) -> None:
    answer = await h.call("find_rolls", symbol="AMD", legs=[PUT], strikes="any", max_debit=None, limit=40)
    spot, was = answer.data["price"], await quoted(h, answer)

    def asked(strike: float, mid: float) -> float:
        away: float = max(0.2 * spot - max(spot - strike, 0), 0.1 * strike)
        return (mid + away) * 100

    before = asked(230, was["p", 230]["mid"])
    assert answer.data["do_nothing"]["margin_requirement"] == pytest.approx(before, abs=1)
    for row in answer.rows("rolls"):
        ((_, strike, _),) = legs_of(row["opened"])
        new = asked(strike, was["p", 230]["mid"] - row["mid"])  # the new put's mid is what closing takes and it brings
        assert row["buying_power"] == pytest.approx(new - before + row["fill"] * 100, abs=2)


async def test_a_covered_call_keeps_its_stock(demo: Harness) -> None:
    answer = await demo.call("find_rolls", symbol="AAPL", legs=COVERED)
    assert (answer.data["strategy"], answer.data["rolled"], answer.data["lots"]) == ("covered call", "-2 270c", 2)
    assert all(legs_of(row["opened"])[0][1] >= 270 for row in answer.rows("rolls"))
    assert answer.data["close"]["pnl"] == pytest.approx((5 - answer.data["close"]["fill"]) * 200, abs=0.01)
    assert answer.data["do_nothing"]["breakevens"] == [235]
    assert answer.data["do_nothing"]["events"] == "ex-dividend 2026-12-14"
    for row in answer.rows("rolls"):
        assert row["breakevens"] == pytest.approx([235 + row["fill"]], abs=0.011)
        assert "earnings" in row["events"] or row["expiration"] < "2026-12-22"


async def test_the_front_of_a_calendar_rolls_no_further_than_its_back(demo: Harness) -> None:
    back = {"type": "put", "strike": 230, "quantity": 1, "expiration": "2027-01-15"}
    answer = await demo.call("find_rolls", symbol="AMD", legs=[PUT, back], max_debit=None)
    assert (answer.data["strategy"], answer.data["rolled"]) == ("put calendar", "-1 230p")
    assert {row["expiration"] for row in answer.rows("rolls")} <= {"2026-12-31", "2027-01-08"}
    assert "a leg that stays expires on 2027-01-15: later expirations are not looked at" in answer.text
    stays = (await quoted(demo, answer, "2027-01-15"))["p", 230]["delta"]
    for row in answer.rows("rolls"):
        assert row["delta"] == pytest.approx(stays * 100 + row["short_delta"] * 100, abs=0.1)
    said = await refused(demo, legs=[PUT, {**back, "expiration": "2026-12-24"}], symbol="AMD")
    assert "nothing expires 7 to 60 days after 2026-12-18 and before 2026-12-24, when a leg that stays" in said


async def test_the_same_expiration_can_be_rolled_within(h: Harness) -> None:
    answer = await h.call(
        "find_rolls", symbol="AMD", legs=[PUT], min_days=0, max_days=0, strikes="any", max_debit=None
    )  # fmt: skip
    rows = answer.rows("rolls")
    assert rows
    assert {row["added_days"] for row in rows} == {0}
    assert all(legs_of(row["opened"])[0][1] != 230 for row in rows)


async def test_the_first_expiration_in_which_something_is_sold_is_rolled(h: Harness) -> None:
    long = {"type": "put", "strike": 230, "quantity": 1, "expiration": "2026-12-11"}
    answer = await h.call("find_rolls", symbol="AMD", legs=[long, PUT])
    assert (answer.data["rolled"], answer.data["expiration"]) == ("-1 230p", FRONT)


async def test_an_index_is_settled_in_cash_and_of_two_on_a_date_the_later_is_taken(demo: Harness) -> None:
    legs = [{"type": "call", "strike": 6500, "quantity": -1, "expiration": f"{FRONT} AM"}]
    answer = await demo.call("find_rolls", symbol="SPX", legs=legs, max_debit=None, max_days=120)
    assert "-1 6500c is settled in cash for" in answer.data["do_nothing"]["at_expiry"]
    assert {row["new_settled"] for row in answer.rows("rolls")} == {"PM"}
    assert "early_assignment" not in answer.text


async def test_of_many_expirations_eight_are_read_the_monthly_ones_among_them(h: Harness) -> None:
    listed = (await h.call("get_expirations", symbol="SPY", limit=60)).rows("expirations")
    inside = [row for row in listed if "2026-11-24" <= row["expiration"] <= "2027-03-22"]
    legs = [{"type": "put", "strike": 665, "quantity": -1, "expiration": "2026-11-23"}]
    answer = await h.call("find_rolls", symbol="SPY", legs=legs, min_days=1, max_days=119, strikes="same", limit=40)
    read = {row["expiration"] for row in answer.rows("rolls")}
    assert len(inside) > 8
    assert f"8 of {len(inside)} expirations in those days; narrow min_days, max_days" in answer.text
    assert {row["expiration"] for row in inside if row["type"] == "monthly"} <= read
    assert len(read) == 8


async def test_deep_in_the_money_puts_may_be_assigned_early(h: Harness) -> None:
    legs = [{"type": "put", "strike": 320, "quantity": -1, "expiration": "2026-11-27"}]
    answer = await h.call("find_rolls", symbol="AMD", legs=legs, max_debit=None, max_spread_percent=100)
    assert re.fullmatch(r"-1 320p has 0\.\d\d of time value", answer.data["do_nothing"]["early_assignment"])
    kept = await h.call("find_rolls", snapshot=answer.data["snapshot"], legs=[PUT])
    assert kept.data["do_nothing"]["early_assignment"] is None


async def test_a_call_with_less_time_value_than_the_dividend_may_be_assigned(h: Harness) -> None:
    legs = [{"type": "call", "strike": 11.5, "quantity": -1, "expiration": FRONT}]
    stay = (await h.call("find_rolls", symbol="F", legs=legs)).data["do_nothing"]
    assert stay["events"] == "ex-dividend 2026-12-16"
    assert re.fullmatch(r"-1 11.5c has 0\.0\d of time value, less than the dividend of 0.15", stay["early_assignment"])


async def test_a_wing_for_which_nothing_is_bid_is_closed_for_nothing(demo: Harness) -> None:
    legs = [
        {"type": "put", "strike": 170, "quantity": 1, "expiration": "2026-11-27", "price": 0.1},
        {"type": "put", "strike": 240, "quantity": -1, "expiration": "2026-11-27", "price": 4},
    ]
    answer = await demo.call("find_rolls", symbol="AMD", legs=legs)
    was, close = await quoted(demo, answer, "2026-11-27"), answer.data["close"]
    assert (was["p", 170]["bid"], was["p", 170]["mid"]) == (0, None)
    assert (close["mid"], close["natural"]) == pytest.approx((was["p", 240]["mid"], was["p", 240]["ask"]))
    assert close["pnl"] == pytest.approx((3.9 - close["fill"]) * 100, abs=0.01)
    assert answer.data["do_nothing"]["time_value"] is None
    assert "leg 1 has no two-sided quote: counted at its ask" in answer.text


async def test_what_cannot_be_closed_cannot_be_rolled(fresh: Harness) -> None:
    for field in ("bid", "ask"):
        fresh.simulator.faults.add("nan", "/dxlink", field=f"{field}Price", symbols=[".AMD261218P230"])
        fresh.simulator.faults.add("nan", "/market-data/*", field=field, symbols=["AMD   261218P00230000"])
    assert "-1 230p of 2026-12-18 has no quote to close it at" in await refused(fresh, symbol="AMD", legs=[PUT])


async def test_of_very_many_the_cheapest_are_ranked_by_what_they_tie_up(h: Harness) -> None:
    arguments = {"symbol": "AMD", "legs": CONDOR, "strikes": "any", "max_debit": None, "limit": 40}
    answer = await h.call("find_rolls", sort="buying_power", **arguments)
    assert re.search(r"of \d{3} rolls the 120 cheapest: margins are worked out for those alone", answer.text)
    taken = [row["buying_power"] for row in answer.rows("rolls")]
    assert taken == sorted(taken)


async def test_the_reading_is_the_table_s(h: Harness) -> None:
    answer = await h.call("find_rolls", symbol="AMD", legs=[PUT], sort="delta_cut", limit=40)
    rows = answer.rows("rolls")
    (same,) = [row for row in rows if row["opened"] == "-1 230p" and row["added_days"] == 28]
    best = next(row for row in rows if row["fill"] < 0)
    assert answer.data["reading"] == (
        f"same strikes, 28 days more (2027-01-15): credit {-same['fill']:.2f}; most delta cut for a credit: "
        f"{best['opened']}, {best['added_days']} days more ({best['expiration']}): credit {-best['fill']:.2f}, "
        f"{best['delta_cut']:.1f} shares less"
    )


@pytest.mark.parametrize(
    ("legs", "more", "said"),
    [
        ([], {"symbol": "XYZQ"}, "no option of XYZQ is sold in 5WT00718, 5WT00934, 5WT01122"),
        ([{**PUT, "quantity": 1}], {}, "no option among the legs is sold, so there is none to buy back later"),
        ([{"type": "stock", "quantity": -100}], {}, "no option among the legs is sold"),
        ([{**PUT, "expiration": "2026-11-13"}], {}, "2026-11-13 is past"),
        ([{**PUT, "strike": 230.5}], {}, "there is no 230.5 put on 2026-12-18; the nearest strikes are"),
        ([{"type": "put", "strike": 230, "quantity": -1}], {}, "leg 1 has no expiration. Send it with the leg"),
        ([PUT], {"min_days": 40, "max_days": 20}, "min_days=40 is above max_days=20. Swap them"),
        ([PUT], {"min_days": 7, "max_days": 8}, "nothing expires 7 to 8 days after 2026-12-18. The nearest does"),
        ([PUT], {"sort": "luck"}, "VALIDATION: sort"),
        ([PUT], {"limit": 0}, "VALIDATION: limit"),
        ([{"symbol": "AMD   261218P00230000", "quantity": -1}, {"symbol": "TSLA  261218P00400000", "quantity": -1}],
         {"symbol": None}, "leg 1 is about AMD, leg 2 about TSLA"),
        ([PUT], {"symbol": None}, "no symbol was given"),
        ([PUT] * 13, {}, "has 1 to 12 legs, not 13"),
    ],
)  # fmt: skip
async def test_a_roll_asked_wrongly_says_what_to_do(
    demo: Harness, legs: list[dict[str, Any]], more: dict[str, Any], said: str
) -> None:
    assert said in await refused(demo, **{"symbol": "AMD", "legs": legs, **more})


async def test_adjusted_contracts_and_the_last_expiration_are_not_rolled(h: Harness) -> None:
    listed = await h.call("get_option_chain", symbol="DIS", expiration="2026-12-18 DIS1", strikes=1)
    adjusted = {"type": "put", "strike": listed.rows("contracts")[0]["strike"], "quantity": -1,
                "expiration": "2026-12-18 DIS1"}  # fmt: skip
    assert "Adjusted contracts are not analysed" in await refused(h, symbol="DIS", legs=[adjusted])
    ends = (await h.call("get_expirations", symbol="AMD", limit=60)).rows("expirations")[-1]["expiration"]
    strikes = await h.call("get_option_chain", symbol="AMD", expiration=ends, strikes=1, option_type="put")
    last = {"type": "put", "strike": strikes.rows("contracts")[0]["strike"], "quantity": -1, "expiration": ends}
    assert "There is no later expiration to roll into" in await refused(h, symbol="AMD", legs=[last])


async def test_legs_may_come_as_text(demo: Harness) -> None:
    answer = await demo.call("find_rolls", symbol="AMD", legs=json.dumps([PUT]))
    assert answer.data["rolled"] == "-1 230p"


async def test_without_metrics_the_events_are_unknown_and_said(fresh: Harness) -> None:
    fresh.simulator.faults.add("status", path="/market-metrics", status=403)
    answer = await fresh.call("find_rolls", symbol="AMD", legs=[PUT])
    assert answer.rows("rolls")
    assert "earnings and ex-dividend dates unknown:" in answer.text


async def test_after_hours_rolls_are_priced_by_the_last_session() -> None:
    evening = FrozenClock(datetime(2026, 11, 20, 18, 0, tzinfo=NEW_YORK))
    async with harness(clock=evening, sessions="real") as h:
        answer = await h.call("find_rolls", symbol="AMD", legs=[PUT])
    assert answer.data["stale"] is True
    assert "these quotes are of the last session" in answer.text
