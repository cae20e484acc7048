"""The volatility that makes a mark, and where there is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant import american, pricing
from ttai.quant.portfolio.holdings import implied
from ttai.quant.strategies.position import Setting

STOCK, INDEX = Setting(100, 0.04, 0.01), Setting(100, 0.04, 0.01, european=True)


@given(st.sampled_from(["call", "put"]), st.floats(85, 115), st.floats(0.05, 1), st.floats(0.15, 0.9))
def test_the_model_at_the_volatility_is_worth_the_mark(
    kind: str, strike: float, years: float, volatility: float
) -> None:
    asked = (kind == "call", 100, strike, years, volatility, 0.04, 0.01)
    for setting, model in ((STOCK, american.price), (INDEX, pricing.price)):
        mark = float(model(*asked))
        found = implied(kind, mark, setting, strike, years)  # type: ignore[arg-type]
        if math.isnan(found):  # nothing to solve: exercised at once
            assert mark - max(asked[0] * (100 - strike), (not asked[0]) * (strike - 100)) < 1e-6 * strike
        else:
            assert model(*asked[:4], found, 0.04, 0.01) == pytest.approx(mark, abs=1e-7)


def test_a_leg_s_own_yield_goes_before_the_setting_s() -> None:
    mark = american.price(True, 100, 100, 0.5, 0.3, 0.04, 0.06)
    assert implied("call", mark, STOCK, 100, 0.5, 0.06) == pytest.approx(0.3)
    assert implied("call", mark, Setting(100, 0.04, 0.06), 100, 0.5) == pytest.approx(0.3)
    assert implied("call", mark, STOCK, 100, 0.5) < 0.3


@pytest.mark.parametrize("setting", [STOCK, INDEX])
@pytest.mark.parametrize(
    ("mark", "strike", "years"),
    [
        (8.0, 110.0, 0.1), (111.0, 110.0, 0.1), (math.nan, 110.0, 0.1), (11.0, 110.0, 0.0), (11.0, math.nan, 0.1),
        (11.0, -1.0, 0.1),
    ],
)  # fmt: skip
def test_where_no_volatility_makes_the_mark_there_is_none(
    setting: Setting, mark: float, strike: float, years: float
) -> None:
    assert math.isnan(implied("put", mark, setting, strike, years))
    assert math.isnan(implied("put", mark, Setting(math.nan, european=setting.european), strike, years))


def test_stock_does_not_have_one() -> None:
    assert implied("stock", 100, STOCK, 0, math.inf) == 0
