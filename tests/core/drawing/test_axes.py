"""Where axes are marked, and with which words."""

import pytest

from ttai.drawing.axes import amount, decimals, price, price_ticks


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (price(600_000, 2), "600,000.00"),
        (price(0.0004071, 6), "0.000407"),
        (amount(52_310_000), "52.3M"),
        (amount(950), "950"),
        (amount(2e12), "2T"),
        (str(decimals(0.05)), "2"),
        (str(decimals(50)), "0"),
    ],
)
def test_words(said: str, wanted: str) -> None:
    assert said == wanted


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks", "step"),
    [
        (643.2, 681.9, 5, [650, 660, 670, 680], 10),
        (0.42, 0.61, 4, [0.45, 0.5, 0.55, 0.6], 0.05),
        (-1500, 1500, 7, [-1500, -1000, -500, 0, 500, 1000, 1500], 500),
    ],
)
def test_ticks_are_round_prices_between_the_ends(
    low: float, high: float, most: int, ticks: list[float], step: float
) -> None:
    found, apart = price_ticks(low, high, most)
    assert found == pytest.approx(ticks)
    assert apart == pytest.approx(step)
