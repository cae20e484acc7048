"""The figures of a position, put together."""

import numpy as np
import pytest

from tests.core.quant.strategies.books import book
from ttai.quant.smile import Smile
from ttai.quant.strategies.figures import figures, scenario
from ttai.quant.strategies.odds import Implied
from ttai.quant.strategies.position import Position, Setting

SETTING = Setting(100.0, 0.04, 0.0)


def test_the_figures_of_a_condor() -> None:
    position = Position(tuple(book("1p90@1.10 -1p95@2.05 -1c105@1.95 1c110@0.90")), SETTING)
    strikes = np.arange(60.0, 150.0)
    chain = Implied(Smile(strikes, np.full(len(strikes), 0.3), 100.0, 45 / 365, 0.04, 0.0))
    found = figures(position, 0.3, chain)
    assert found.debit == pytest.approx(-200.0)
    assert found.max_profit == pytest.approx(200.0)
    assert found.max_loss == pytest.approx(300.0)
    assert found.breakevens == pytest.approx((93.0, 107.0))
    assert found.level == ()
    assert found.lognormal is not None
    assert found.implied is not None
    assert found.implied.pop == pytest.approx(found.lognormal.pop, abs=1e-3)
    assert found.implied.expected_value == pytest.approx(found.lognormal.expected_value, abs=1e-6)
    assert found.greeks.theta > 0


def test_what_is_unknown_or_has_no_end_is_none() -> None:
    short = figures(Position(tuple(book("-1c105@2.5")), SETTING), None, None)
    assert short.max_loss is None
    assert short.lognormal is None
    assert short.implied is None
    assert figures(Position(tuple(book("1c105@2.5")), SETTING), 0.3, None).max_profit is None
    box = figures(Position(tuple(book("1c95@7 -1c105@2 1p105@6 -1p95@1.2")), SETTING), 0.3, None)
    assert box.max_profit == pytest.approx(20.0)
    assert box.max_loss == 0.0


def test_a_scenario_ends_on_the_curve() -> None:
    position = Position(tuple(book("-1p95@2.5")), SETTING)
    found = scenario(position, [80.0, 100.0], 10 / 365)
    assert found.prices.tolist() == [80.0, 100.0]
    assert found.expiry == pytest.approx([-1250.0, 250.0])
    assert found.now == pytest.approx(position.pnl([80.0, 100.0]))
    assert found.later == pytest.approx(position.pnl([80.0, 100.0], 10 / 365))
