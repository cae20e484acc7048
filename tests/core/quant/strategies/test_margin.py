"""Margin under Regulation T: the Cboe's own examples, positions reckoned by hand, and every pairing tried."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ttai.quant.strategies.legs import Leg, LegType, net_debit
from ttai.quant.strategies.margin import Margin, cash_secured, reg_t

FRONT, BACK = 0.1, 0.2


def leg(kind: LegType, contracts: float, price: float, strike: float, years: float = FRONT) -> Leg:
    return Leg(kind, 100 * contracts, price, strike, years, 0.3)


def stock(shares: float, price: float = 100.0) -> Leg:
    return Leg("stock", shares, price)


def call(contracts: float, strike: float, price: float, years: float = FRONT) -> Leg:
    return leg("call", contracts, price, strike, years)


def put(contracts: float, strike: float, price: float, years: float = FRONT) -> Leg:
    return leg("put", contracts, price, strike, years)


IBM = 97.73
CBOE = {
    "short call": ([call(-100, 100, 1.68)], 172_760),
    "short put": ([put(-100, 100, 3.18)], 195_460),
    "covered call": ([stock(10_000, IBM), call(-100, 100, 1.68)], 471_850),
    "protective put": ([stock(10_000, IBM), put(100, 95, 1.02)], 498_850),
    "synthetic long": ([call(100, 100, 1.68), put(-100, 100, 3.18)], 212_260),
    "risk reversal": ([put(100, 95, 1.02), call(-100, 105, 0.40)], 132_960),
    "collar": ([stock(10_000, IBM), put(100, 95, 1.02), call(-100, 105, 0.40)], 494_850),
    "long vertical": ([call(100, 95, 4.53), call(-100, 105, 0.40)], 41_300),
}


@pytest.mark.parametrize("name", CBOE)
def test_it_is_what_the_cboe_says(name: str) -> None:
    """Its "margin requirement examples for sample options-based positions", IBM at 97.73: net of the premium."""
    legs, asked = CBOE[name]
    assert reg_t(legs, IBM).buying_power == pytest.approx(asked)


def test_a_broad_index_asks_for_15_percent() -> None:
    """The same page's 100 SPX April 1460 puts at 22.55, in the money: 15 % of 1451.19 and the value."""
    legs = [put(-100, 1460, 22.55)]
    assert reg_t(legs, 1451.19, broad_index=True).buying_power == pytest.approx(2_176_785)
    assert reg_t(legs, 1451.19).buying_power == pytest.approx(0.2 * 1451.19 * 10_000)


BY_HAND: dict[str, tuple[Sequence[Leg], float, float]] = {  # at 100: legs, requirement, buying power
    # 2 + max(20 - 5, 9.5) a share, less the 2 taken
    "cash-secured put": ([put(-1, 95, 2)], 1_700, 1_500),
    # max(20 - 25, 7.5) and max(20 - 30, 10) a share
    "put far out of the money": ([put(-1, 75, 0.5)], 800, 750),
    "call far out of the money": ([call(-1, 130, 0.5)], 1_050, 1_000),
    "put credit spread": ([put(-1, 95, 2), put(1, 90, 1)], 500, 400),
    "call credit spread": ([call(-1, 105, 2), call(1, 110, 1)], 500, 400),
    "debit spread": ([call(1, 100, 4), call(-1, 110, 1)], 0, 300),
    "iron condor": ([put(1, 85, 0.5), put(-1, 90, 1), call(-1, 110, 1), call(1, 115, 0.5)], 500, 400),
    "unbalanced condor": ([put(1, 80, 0.5), put(-1, 90, 1.5), call(-1, 110, 1), call(1, 115, 0.5)], 1_000, 850),
    # the call asks for 20 - 5 = 15 and the put for 20 - 10 = 10: 15 and both values
    "short strangle": ([put(-1, 90, 1), call(-1, 105, 2)], 1_800, 1_500),
    "short straddle": ([put(-1, 100, 4), call(-1, 100, 4)], 2_800, 2_000),
    # two calls ask for 2 × 10 and one put for 10
    "one put, two calls": ([put(-1, 90, 1), call(-2, 110, 1)], 2_300, 2_000),
    "covered call": ([stock(100), call(-1, 105, 2)], 5_000, 4_800),
    # the stock counts at 90: half of it, and the 10 it won't bring in
    "covered call in the money": ([stock(100), call(-1, 90, 12)], 5_500, 4_300),
    "covered put": ([stock(-100), put(-1, 95, 2)], 15_000, 4_800),
    "covered put in the money": ([stock(-100), put(-1, 110, 12)], 16_500, 5_300),
    # a second call is uncovered: 2 + 15
    "stock and two calls": ([stock(100), call(-2, 105, 2)], 6_700, 6_300),
    "covered strangle": ([stock(100), call(-1, 105, 2), put(-1, 95, 2)], 6_700, 6_300),
    "collar": ([stock(100), call(-1, 105, 2), put(1, 95, 2)], 5_000, 5_000),
    # one is covered, the other is naked: 1 + 20 - 10
    "ratio 1x2": ([call(1, 105, 2), call(-2, 110, 1)], 1_100, 1_100),
    "back ratio": ([call(-1, 105, 2), call(2, 110, 1)], 500, 500),
    # the put's 15 is the greater side; the call's width is 5
    "jade lizard": ([put(-1, 95, 2), call(-1, 105, 2), call(1, 110, 1)], 1_700, 1_400),
    "calendar": ([call(-1, 100, 3), call(1, 100, 5, BACK)], 0, 200),
    # the long is gone when the short is not: 5 + 20
    "reverse calendar": ([call(1, 100, 3), call(-1, 100, 5, BACK)], 2_500, 2_300),
    "diagonal": ([call(-1, 105, 2), call(1, 95, 9, BACK)], 0, 700),
    "diagonal that is wrong way round": ([call(-1, 100, 3), call(1, 105, 2.5, BACK)], 500, 450),
    "long box": ([call(1, 95, 8), call(-1, 105, 2), put(1, 105, 7), put(-1, 95, 2)], 0, 1_100),
    "short box": ([call(-1, 95, 8), call(1, 105, 2), put(-1, 105, 7), put(1, 95, 2)], 1_000, -100),
    "butterfly": ([call(1, 95, 7), call(-2, 100, 4), call(1, 105, 2)], 0, 100),
    "short butterfly": ([call(-1, 95, 7), call(2, 100, 4), call(-1, 105, 2)], 500, 400),
    "iron butterfly": ([put(1, 90, 1), put(-1, 100, 4), call(-1, 100, 4), call(1, 110, 1)], 1_000, 400),
    # it can lose 15 - 5 above 115
    "broken wing": ([call(1, 95, 7), call(-2, 100, 4), call(1, 115, 0.5)], 1_000, 950),
    "long call": ([call(1, 100, 4)], 0, 400),
    "long stock": ([stock(100)], 5_000, 5_000),
    "short stock": ([stock(-100)], 15_000, 5_000),
    "stock that was bought and sold": ([stock(100), stock(-100)], 0, 0),
    "stock bought lower": ([stock(100, 90)], 5_000, 4_000),
    # the width would be 40: nobody asks for more than uncovered
    "spread wider than uncovered": ([call(-1, 110, 1), call(1, 150, 0.1)], 1_100, 1_010),
    # 105 with 105 and 110 with 115 ask for 5 together, the other way round for 10
    "the better of two pairings": ([call(-1, 105, 2), call(-1, 110, 1), call(1, 105, 2), call(1, 115, 0.5)], 500, 450),
    # 53 and 10 would be more than the 50 that a put can cost
    "worth more than its strike": ([put(-1, 50, 53)], 5_000, -300),
    "two butterflies with a wing of another month": (
        [call(1, 95, 7), call(-2, 100, 4), call(1, 105, 2), call(1, 120, 1, BACK)],
        0,
        200,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_it_is_what_was_reckoned_by_hand(name: str) -> None:
    legs, requirement, buying_power = BY_HAND[name]
    margin = reg_t(legs, 100)
    assert margin.requirement == pytest.approx(requirement)
    assert margin.buying_power == pytest.approx(buying_power)


IN_CASH: dict[str, tuple[Sequence[Leg], float, float]] = {
    "cash-secured put": ([put(-1, 95, 2)], 9_500, 9_300),
    "put credit spread": ([put(-1, 95, 2), put(1, 90, 1)], 500, 400),
    "iron condor": ([put(1, 85, 0.5), put(-1, 90, 1), call(-1, 110, 1), call(1, 115, 0.5)], 500, 400),
    "covered call": ([stock(100), call(-1, 105, 2)], 0, 9_800),
    "collar": ([stock(100), call(-1, 105, 2), put(1, 95, 2)], 0, 10_000),
    "long stock": ([stock(100)], 0, 10_000),
    "long call": ([call(1, 100, 4)], 0, 400),
    "calendar": ([call(-1, 100, 3), call(1, 100, 5, BACK)], 0, 200),
    # the long is gone when the short is not
    "reverse calendar of puts": ([put(1, 100, 3), put(-1, 100, 5, BACK)], 10_000, 9_800),
}


@pytest.mark.parametrize("name", IN_CASH)
def test_a_cash_account_holds_all_that_may_be_owed(name: str) -> None:
    legs, requirement, buying_power = IN_CASH[name]
    margin = cash_secured(legs)
    assert margin.requirement == pytest.approx(requirement)
    assert margin.buying_power == pytest.approx(buying_power)
    assert bool(margin.requirement) == ("the most that can be owed when it expires is held in cash" in margin.rules)
    assert any(one.shares > 0 for one in legs) == ("all that is bought is paid in full" in margin.rules)


@pytest.mark.parametrize("legs", [[call(-1, 100, 3)], [stock(-100)], [call(1, 100, 3), call(-1, 100, 5, BACK)]])
def test_a_cash_account_carries_no_loss_without_a_limit(legs: list[Leg]) -> None:
    with pytest.raises(ValueError, match="has no limit"):
        cash_secured(legs)


def test_the_rules_are_told() -> None:
    assert reg_t([stock(100), call(-1, 90, 12), put(-1, 95, 2)], 100).rules == (
        "long stock: 50% of its value",
        "short call 90 is covered by long stock: 5 a share, as the stock counts at the strike",
        "short put 95 is uncovered: its value and 20% of the underlying less 5 out of the money",
    )
    assert reg_t([stock(-100), put(-1, 95, 2)], 100).rules == (
        "short stock: 150% of its value, its proceeds among them",
        "short put 95 is covered by short stock: nothing",
    )
    assert reg_t([put(-1, 75, 1), call(-1, 130, 1)], 100).rules == (
        "short put 75 is uncovered: its value and 10% of the strike",
        "short call 130 is uncovered: its value and 10% of the underlying",
        "of calls and puts the greater side, and the value of what is uncovered on the other",
    )
    assert reg_t([put(-1, 95, 2), put(1, 90, 1), call(-1, 100, 2), call(1, 100, 2.5, BACK)], 100).rules == (
        "long options are paid in full",
        "short put 95 is covered by long put 90: the width, 5 a share",
        "short call 100 is covered by long call 100: nothing",
    )
    assert reg_t([call(1, 95, 7), call(-2, 100, 4), call(1, 105, 2)], 100).rules == (
        "long options are paid in full",
        "limited risk: the most that the options can lose when they expire",
    )


@pytest.mark.parametrize("spot", [0.0, -1.0, math.nan, math.inf])
def test_a_spot_that_is_none_is_refused(spot: float) -> None:
    with pytest.raises(ValueError, match="price is above 0"):
        reg_t([call(1, 100, 1)], spot)


def test_no_legs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one leg"):
        reg_t([], 100)
    with pytest.raises(ValueError, match="at least one leg"):
        cash_secured([])


def pairings(shorts: Sequence[Leg], longs: Sequence[Leg], covered: int) -> Iterator[tuple[float, float]]:
    """Value and risk, dollars a share, of every way to carry single contracts at 100; `covered` by stock at most."""
    for choice in product(range(-2, len(longs)), repeat=len(shorts)):  # -2 uncovered, -1 stock
        used = [place for place in choice if place >= 0]
        if len(set(used)) < len(used) or choice.count(-1) > covered:
            continue
        value = risk = 0.0
        for short, place in zip(shorts, choice, strict=True):
            sign = 1 if short.type == "call" else -1
            if place == -2:
                value += short.price
                floor = 10.0 if sign > 0 else short.strike / 10
                risk += max(20 - max(sign * (short.strike - 100), 0), floor)
            elif place == -1:
                value += max(sign * (100 - short.strike), 0) * (0.5 if sign > 0 else 1.5)
            elif longs[place].years < short.years:
                break
            else:
                risk += max(sign * (longs[place].strike - short.strike), 0)
        else:
            yield value, risk


def sides(legs: Sequence[Leg], held: int) -> list[list[tuple[float, float]]]:
    found = []
    for kind, sign in (("call", 1), ("put", -1)):
        mine = [one for one in legs if one.type == kind]
        shorts = [one for one in mine if one.shares < 0]
        found.append([*pairings(shorts, [one for one in mine if one.shares > 0], max(sign * held, 0))])
    return found


options = st.builds(
    leg,
    st.sampled_from(["call", "put"]),
    st.sampled_from([1, -1]),
    st.integers(0, 60).map(lambda n: n / 4),
    st.sampled_from([80.0, 90.0, 95.0, 100.0, 102.0, 110.0, 125.0]),
    st.sampled_from([FRONT, BACK]),
)
books = st.lists(options, min_size=1, max_size=6)
spots = st.floats(20, 300)


def most_lost(legs: Sequence[Leg]) -> float:
    """The worst of a position whose options expire together, by looking at every corner."""
    if sum(one.shares for one in legs if one.type == "call") < 0:
        return math.inf
    corners = (0.0, *(one.strike for one in legs))
    signs = {"call": 1, "put": -1}
    return max(0.0, *(-sum(one.shares * max(signs[one.type] * (at - one.strike), 0) for one in legs) for at in corners))


@given(books, st.integers(-2, 2))
def test_no_pairing_asks_for_less(legs: list[Leg], held: int) -> None:
    """Shares may be paired in any parts: it lies between the least for whole contracts and a bound from below."""
    calls, puts = sides(legs, held)
    moments = {one.years for one in legs if one.shares < 0}
    together = [one for one in legs if one.years in moments]
    most = most_lost(together) if len(moments) == 1 else math.inf
    whole = 100 * min(c[0] + p[0] + max(c[1], p[1]) for c, p in product(calls, puts))
    parts = (n / 64 for n in range(65))
    below = 100 * max(min(v + t * r for v, r in calls) + min(v + (1 - t) * r for v, r in puts) for t in parts)
    book = [*legs, *([stock(100 * held)] if held else [])]
    of_stock = 5_000 * held if held >= 0 else -15_000 * held
    asked = reg_t(book, 100).requirement - of_stock
    assert min(below, most) - 1e-4 <= asked <= min(whole, most) + 1e-4
    if len(calls) == 1 or len(puts) == 1:  # one side is all there is: whole contracts are best
        assert asked == pytest.approx(min(whole, most), abs=1e-4)


@given(books, spots)
def test_it_is_never_below_0_nor_above_what_can_be_lost(legs: list[Leg], spot: float) -> None:
    margin = reg_t(legs, spot)
    assert margin.requirement >= -1e-6
    if len({one.years for one in legs}) == 1:
        assert margin.requirement <= most_lost(legs) + 1e-4
        assert margin.buying_power <= most_lost(legs) + net_debit(legs) + 1e-4


@given(books, spots, options)
def test_another_long_option_never_asks_for_more(legs: list[Leg], spot: float, another: Leg) -> None:
    assume(another.shares > 0)
    assert reg_t([*legs, another], spot).requirement <= reg_t(legs, spot).requirement + 1e-4


@given(books, spots, st.integers(-2, 2), st.sampled_from([0.1, 3.0, 1000.0]), st.booleans())
def test_it_grows_with_the_size(legs: list[Leg], spot: float, held: int, times: float, broad: bool) -> None:
    book = [*legs, *([stock(100 * held)] if held else [])]
    larger = [Leg(one.type, one.shares * times, one.price, one.strike, one.years, one.volatility) for one in book]
    one, many = (reg_t(size, spot, broad_index=broad) for size in (book, larger))
    assert many.requirement == pytest.approx(times * one.requirement, abs=1e-3 * times)
    assert many.buying_power == pytest.approx(times * one.buying_power, abs=1e-3 * times)


@given(books, spots)
def test_a_broad_index_never_asks_for_more(legs: list[Leg], spot: float) -> None:
    asked: list[Margin] = [reg_t(legs, spot, broad_index=broad) for broad in (True, False)]
    assert asked[0].requirement <= asked[1].requirement + 1e-4
