"""What no leg is, and when several expire."""

import math

import pytest

from tests.core.quant.strategies.books import option
from ttai.quant.strategies.legs import Leg, front, net_debit, one_expiration


@pytest.mark.parametrize(
    ("leg", "said"),
    [
        ((("put", 0.0, 1.0, 95.0, 0.1, 0.3)), "other than 0"),
        ((("put", math.nan, 1.0, 95.0, 0.1, 0.3)), "other than 0"),
        ((("put", 1.0, -1.0, 95.0, 0.1, 0.3)), "price is 0 or more"),
        ((("put", 1.0, 1.0, 0.0, 0.1, 0.3)), "strike is above 0"),
        ((("put", 1.0, 1.0, 95.0, -0.1, 0.3)), "0 years or more"),
        ((("put", 1.0, 1.0, 95.0, math.inf, 0.3)), "0 years or more"),
        ((("put", 1.0, 1.0, 95.0, 0.1, -0.3)), "volatility is 0 or more"),
        ((("put", 1.0, 1.0, 95.0, 0.1, math.inf)), "volatility is 0 or more"),
    ],
)
def test_no_leg_is_made_of_such_numbers(leg: tuple[str, float, float, float, float, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Leg(*leg)  # type: ignore[arg-type]


def test_what_legs_cost_and_when_the_first_of_them_expires() -> None:
    legs = [Leg("stock", 100, 100.0), option("call", -1, 105, 2.0), option("call", 1, 105, 3.0, years=0.4)]
    assert net_debit(legs) == 10_100.0
    assert front(legs) == 45 / 365
    assert not one_expiration(legs)
    assert one_expiration(legs[:2])
    with pytest.raises(ValueError, match="at least one option"):
        front(legs[:1])
