"""A book in other markets: beside a loop of scalar prices, to the cent, and what can't be valued."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.quant.portfolio.books import book, pnl, value
from ttai.quant.portfolio.holdings import Holding, implied
from ttai.quant.portfolio.stress import Cell, Grid, stress
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.position import Setting

SPOTS, IVS, DAYS = (-0.3, -0.1, 0.0, 0.05, 0.2), (-0.3, 0.0, 0.5), (0.0, 7.0, 30.0)
NAN = math.nan
STOCK = Setting(100, 0.04, 0.01)


def one(*legs: Leg, setting: Setting = STOCK, beta: float | None = 1.0) -> list[Holding]:
    return [Holding("X", legs, setting, beta)]


def loop(holdings: list[Holding], grid: Grid, *, early: bool) -> np.ndarray:
    return np.array(
        [[[pnl(holdings, spot, iv, day, early=early) for spot in grid.spots] for iv in grid.ivs] for day in grid.days]
    )


def test_european_values_are_those_of_a_loop() -> None:
    holdings = book(60, 6)
    grid = stress(holdings, SPOTS, IVS, DAYS, american=False)
    assert grid.pnl.shape == (3, 3, 5)
    assert grid.parts.shape == (3, 3, 5, 63)
    assert grid.pnl == pytest.approx(loop(holdings, grid, early=False), abs=1e-6)


def test_american_values_are_those_of_a_loop_within_the_method_s_error() -> None:
    """The bound: 0.01 % of the strike twice, now and there."""
    holdings = book(60, 6, seed=3)
    grid = stress(holdings, SPOTS, IVS, DAYS)
    bound = 2 * 1e-4 * sum(abs(leg.shares) * leg.strike for one in holdings for leg in one.legs)
    off = np.abs(grid.pnl - loop(holdings, grid, early=True))
    assert off.max() <= bound
    assert off.mean() <= 0.01 * bound
    premium = np.abs(grid.pnl - stress(holdings, SPOTS, IVS, DAYS, american=False).pnl)
    assert premium.max() > 10 * off.max()  # what early exercise is worth is seen


@given(
    st.sampled_from(["call", "put"]),
    st.floats(50, 200),
    st.floats(0.001, 2),
    st.floats(0.05, 1.5),
    st.floats(-0.03, 0.1),
    st.floats(-0.03, 0.1),
    st.sampled_from([100.0, -100.0, 10_000.0]),
)
def test_any_option_is_worth_what_the_exact_engine_says(
    kind: str, strike: float, years: float, volatility: float, rate: float, q: float, shares: float
) -> None:
    leg = Leg(kind, shares, 5.0, strike, years, volatility)  # type: ignore[arg-type]
    setting = Setting(100, rate, q)
    grid = stress(one(leg, setting=setting), (-1.0, -0.5, -0.02, 0.0, 0.3), (0.0, 0.2), (0.0, 20.0))
    early = (q if kind == "call" else rate) > 0
    exact = loop(one(leg, setting=setting), grid, early=early)
    assert grid.pnl == pytest.approx(exact, abs=1e-6 + 2 * 1e-4 * abs(shares) * strike)


def test_now_is_zero_exactly_and_from_the_mark() -> None:
    holdings = book(40, 4)
    marked = [
        replace(held, legs=tuple(
            replace(leg, volatility=implied(leg.type, leg.price, held.setting, leg.strike, leg.years))
            for leg in held.legs
        ))
        for held in holdings
    ]  # fmt: skip
    for american in (True, False):
        grid = stress(marked, SPOTS, IVS, DAYS, american=american)
        assert grid.pnl[0, 1, 2] == 0.0
    known = [
        (value(leg, held.setting, held.setting.spot, 0, 0, early=True), leg)
        for held in marked
        for leg in held.legs
        if not math.isnan(leg.volatility)
    ]
    assert all(worth == pytest.approx(leg.shares * leg.price, abs=1e-4 * abs(leg.shares)) for worth, leg in known)


def test_each_underlying_moves_by_its_beta_and_none_loses_more_than_all() -> None:
    holdings = [
        Holding("A", (Leg("stock", 10, 100.0),), Setting(100), 2.0),
        Holding("B", (Leg("stock", 10, 50.0),), Setting(50), None),
        Holding("C", (Leg("stock", 10, 50.0),), Setting(50), math.inf),
        Holding("D", (Leg("stock", -10, 50.0),), Setting(50), -0.5),
    ]
    grid = stress(holdings, (-0.1, -0.6))
    assert grid.parts[0, 0, 0].tolist() == pytest.approx([-200, -50, -50, -25])
    assert grid.parts[0, 0, 1].tolist() == pytest.approx([-1000, -300, -300, -150], abs=0.01)
    assert grid.assumed_beta == ("B", "C")
    alike = stress(holdings, (-0.1, -0.6), beta_weighted=False)
    assert alike.parts[0, 0, 0].tolist() == pytest.approx([-100, -50, -50, 50])
    assert alike.assumed_beta == ()


def test_after_its_expiry_an_option_is_worth_what_it_is_in_the_money() -> None:
    legs = Leg("put", -100, 2.0, 100, 5 / 365, 0.4), Leg("call", 100, 3.0, 100, 60 / 365, 0.4)
    grid = stress(one(*legs), (-0.1, 0.1), (0.0, 1.0), (0, 30))
    now = value(legs[0], STOCK, 100, 0, 0, early=True)
    assert grid.parts[1, :, 0, 0] == pytest.approx([-1000 - now] * 2, abs=0.5)
    assert grid.parts[1, :, 1, 0] == pytest.approx([-now] * 2, abs=0.5)
    assert grid.parts[1, 1, 1, 1] > grid.parts[1, 0, 1, 1]


def test_european_options_may_be_worth_less_than_their_exercise() -> None:
    leg = Leg("put", 100, 40.0, 150, 1.0, 0.1)
    index = stress(one(leg, setting=replace(STOCK, european=True)), (-0.2,)).pnl
    stock = stress(one(leg), (-0.2,)).pnl
    assert index[0, 0, 0] == pytest.approx(2000 * math.exp(-0.01), abs=0.1)
    assert stock[0, 0, 0] == pytest.approx(2000)


def test_what_can_not_be_valued_is_said_and_left_out() -> None:
    known = Leg("call", 100, 3.0, 100, 0.2, 0.3)
    dark = Leg("call", -100, 3.0, 100, 0.2, NAN)
    lost = Leg("stock", 5, 3.0)
    holdings = [*one(known, dark), Holding("Y", (lost, known), Setting(NAN), 1.0)]
    holdings.append(Holding("Z", (lost, known), Setting(100, NAN), 1.0))
    grid = stress(holdings, (-0.1,))
    assert [(held.symbol, held.leg) for held in grid.legs] == [("X", known), ("Z", lost)]
    assert [(held.symbol, held.leg) for held in grid.unpriced] == [("X", dark), ("Y", lost), ("Y", known), ("Z", known)]
    assert grid.pnl[0, 0, 0] == pytest.approx(pnl(one(known), -0.1, 0, 0, early=True) - 50)
    with pytest.raises(ValueError, match="nothing is held whose value"):
        stress(one(dark), (-0.1,))
    with pytest.raises(ValueError, match="nothing is held whose value"):
        stress([], (-0.1,))


def test_a_leg_without_time_value_counts_at_what_it_is_worth_without_movement() -> None:
    deep, expired = Leg("put", -100, 39.9, 140, 0.2, NAN), Leg("call", 100, 5.0, 95, 0.0, NAN)
    grid = stress(one(deep, expired), (-0.1, 0.0, 0.5), (0.0, 1.0), (0, 10))
    assert [held.leg for held in grid.intrinsic] == [deep]
    assert grid.unpriced == ()
    assert grid.parts[0, 0, :, 0].tolist() == pytest.approx([-1000, 0, 4000])
    assert grid.parts[1, 1, :, 1].tolist() == pytest.approx([-500, 0, 5000])
    index = stress(one(replace(deep, price=38.0), setting=replace(STOCK, european=True)), (0.0,))
    assert len(index.intrinsic) == 1


def test_the_worst_cell_is_explained() -> None:
    holdings = [*one(Leg("stock", 10, 100), Leg("put", -100, 4.0, 100, 0.2, 0.3)), *book(8, 2)]
    grid = stress(holdings, SPOTS, IVS, DAYS)
    worst, best = grid.worst, grid.best
    assert (worst.pnl, best.pnl) == (grid.pnl.min(), grid.pnl.max())
    assert grid.pnl[worst.day, worst.iv, worst.spot] == worst.pnl
    parts = grid.explained(worst)
    assert [part.pnl for part in parts] == sorted(part.pnl for part in parts)
    assert {part.symbol for part in parts} == {"X", "S0", "S1"}
    assert math.fsum(part.pnl for part in parts) == pytest.approx(worst.pnl)
    legs = grid.explained_by_leg((worst.day, worst.iv, worst.spot))
    assert [part.pnl for part in legs] == sorted(part.pnl for part in legs)
    assert math.fsum(part.pnl for part in legs if part.symbol == "X") == pytest.approx(
        next(part.pnl for part in parts if part.symbol == "X")
    )
    assert isinstance(worst, Cell)


def test_a_wide_grid_and_many_legs_are_valued_in_pieces() -> None:
    holdings = book(60, 3)
    spots = np.linspace(-0.4, 0.4, 500)
    grid = stress(holdings, spots.tolist(), american=False)
    some = stress(holdings, spots[::100].tolist(), american=False)
    assert grid.pnl[..., ::100] == pytest.approx(some.pnl, abs=1e-6)


def test_only_a_grid_is_asked_for() -> None:
    holdings = one(Leg("stock", 1, 100))
    for axes in (((), (0,), (0,)), ((0,) * 2501, (0,), (0,))):
        with pytest.raises(ValueError, match="1 to 2500 cells"):
            stress(holdings, *axes)
    with pytest.raises(ValueError, match="known numbers"):
        stress(holdings, (NAN,))
    for ivs, days in (((-1.1,), (0,)), ((0,), (-1,))):
        with pytest.raises(ValueError, match="falls by all of it at most"):
            stress(holdings, (0.1,), ivs, days)
