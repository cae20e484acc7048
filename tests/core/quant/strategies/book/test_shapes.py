"""Pairs of strikes against a search of all of them."""

from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.strategies.book.shapes import nearest


def searched(left: dict[float, int], *, falling: bool) -> list[tuple[float, float, int]]:
    """The nearest pair of all that are left, again and again."""
    found: list[tuple[float, float, int]] = []
    while True:
        pairs = [
            (abs(up - down), (up < down) != falling, min(up, down), up, down)
            for up, there in left.items()
            for down, here in left.items()
            if there > 0 > here
        ]
        if not pairs:
            return found
        *_, up, down = min(pairs)
        contracts = min(left[up], -left[down])
        left[up] -= contracts
        left[down] += contracts
        found.append((up, down, contracts))


@given(st.dictionaries(st.integers(1, 40).map(float), st.integers(-3, 3).filter(bool), max_size=20), st.booleans())
def test_the_nearest_strikes_are_paired_first_and_of_equal_ones_the_credit(
    left: dict[float, int], falling: bool
) -> None:
    bought = {strike: contracts for strike, contracts in left.items() if contracts > 0}
    sold = {strike: -contracts for strike, contracts in left.items() if contracts < 0}
    assert nearest(bought, sold, falling=falling) == searched(left, falling=falling)
