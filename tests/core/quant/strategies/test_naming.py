"""What traders call it."""

import pytest

from tests.core.quant.strategies.books import book, option
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.naming import cancelling, crossed, named

NAMES = {
    "-1p95@2": "short put", "2c105@2": "long call",
    "1p90@1 -1p95@2": "put credit spread", "-1p90@1 1p95@2": "put debit spread",
    "-1c105@2 1c110@1": "call credit spread", "1c105@2 -1c110@1": "call debit spread",
    "1p90@1 -1p95@2 -1c105@2 1c110@1": "iron condor", "3c110@1 -3c105@2 3p90@1 -3p95@2": "iron condor",
    "1p90@1 -1p100@4 -1c100@4 1c110@1": "iron butterfly", "-1p90@1 -1c110@1": "short strangle",
    "1p100@4 1c100@4": "long straddle", "-1p90@1 -1c110@2 1c115@1": "jade lizard",
    "1c95@6 -2c100@3 1c105@1": "call butterfly", "1p80@1 -2p95@2 1p100@4": "broken-wing put butterfly",
    "1p90@1 -2p95@2 1p100@4": "put butterfly",
    "1p80@1 -1p85@1 -1p95@2 1p100@4": "put condor",
    "1c95@6 -1c100@3 -1c105@2 1c110@1": "call condor", "1c95@7 -1c105@2 1p105@6 -1p95@1": "long box",
    "1c100@4 -2c110@1": "call ratio spread", "-1p100@4 2p90@1": "put backspread",
    "2p80@1 -3p95@2 1p100@4": "broken-wing put butterfly", "-1p95@2 1c105@2": "risk reversal",
    "-1p90@1 2p85@1 -1c105@1 1c110@1": "unbalanced iron condor", "-1p100@3 1c100@3": "synthetic long stock",
    "100s@100 -1c105@2": "covered call", "100s@100 1p95@2": "protective put", "100s@100 1p95@2 -1c105@2": "collar",
    "100s@100 -1p95@2 -1c105@2": "covered strangle", "50s@100 -1c105@2": "custom", "-100s@100 1c105@2": "custom",
    "100s@100 1c100@1 -1c105@2 1c110@1": "custom", "1c100@2 -1.5c105@1": "custom", "100s@100": "stock",
    "1p90@1 -1p95@2 1p90@1 -1p95@2": "put credit spread", "-1p95@2 2p95@2": "long put",
    "-1p95@2 -1p95@2.1": "short put", "-1p95@2 1p95@2": "custom",
    "-100s@100": "short stock", "-100s@100 -1p95@2": "covered put", "-100s@100 -1p95@2 1c105@2": "reverse collar",
    "100s@100 1p100@2 -1c100@2": "conversion", "-100s@100 -1p100@2 1c100@2": "reversal",
    "-1p100@3 -1c100@3 1c110@1": "big lizard", "1p90@1 -1p100@3 -1c100@3": "reverse big lizard",
    "-1c95@6 1c100@3 1c105@2 -1c110@1": "short call condor", "-1p80@1 1p85@1 1p95@2 -1p100@4": "short put condor",
    "2c100@4 -3c110@2": "call ratio spread", "-2p100@4 3p90@1": "put backspread", "-2p95@2 -3c105@2": "custom",
    "1p90@1 2p95@2 1c105@2 1c110@1": "custom",
    "1c90@1 1c95@1 1c100@1": "custom", "1c90@1 1p95@1 1c100@1 1p70@1": "custom",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_it_has_its_name(text: str) -> None:
    assert named(book(text)) == NAMES[text]


def over_time(near: str, far: str) -> list[Leg]:
    later = [option(leg.type, leg.shares / 100, leg.strike, leg.price, years=0.3) for leg in book(far)]
    return [*later, *book(near)]


@pytest.mark.parametrize(
    ("near", "far", "name"),
    [
        ("-1c100@2", "1c100@3", "call calendar"),
        ("-1p95@2", "1p90@3", "put diagonal"),
        ("1c100@2", "-1c100@3", "reverse call calendar"),
        ("-1p95@2 -1c105@2", "1p95@3 1c105@3", "double calendar"),
        ("-1p95@2 -1c105@2", "1p90@3 1c110@3", "double diagonal"),
        ("-1p95@2 1c105@2", "1p95@3 -1c105@3", "custom"),
        ("-1p95@2", "1c95@3", "custom"),
        ("-2p95@2", "1p95@3", "custom"),
        ("-1p90@1 -1p95@2 -1p97@2", "1p90@1 1p95@3 1p97@2", "custom"),
    ],
)
def test_what_expires_twice_has_its_name(near: str, far: str, name: str) -> None:
    assert named(over_time(near, far)) == name


def test_three_expirations_and_stock_over_time_have_none() -> None:
    legs = [*over_time("-1c100@2", "1c100@3"), option("call", 1, 100, 4, years=0.6)]
    assert named(legs) == "custom"
    assert named([Leg("stock", 100, 100.0), *over_time("-1c100@2", "1c100@3")]) == "custom"


@pytest.mark.parametrize(
    ("bought", "years", "spot", "name"),
    [
        (80, 0.4, 100.0, "poor man's covered call"),
        (80, 0.4, None, "call diagonal"),
        (90, 0.4, 100.0, "poor man's covered call"),
        (91, 0.4, 100.0, "call diagonal"),
        (80, 0.3, 100.0, "call diagonal"),
        (110, 0.4, 130.0, "call diagonal"),
    ],
)
def test_a_deep_call_of_a_later_date_stands_for_the_stock(
    bought: float, years: float, spot: float | None, name: str
) -> None:
    assert named([*book("-1c105@2"), option("call", 1, bought, 21, years=years)], spot) == name
    assert named([*book("1c105@2"), option("call", -1, bought, 21, years=years)], spot) == "reverse call diagonal"
    assert named([*book("-1p105@7"), option("put", 1, bought, 5, years=years)], spot) == "put diagonal"


def test_what_contradicts_itself_is_found() -> None:
    assert crossed(book("-1p105@6 -1c95@7"))
    assert not crossed(book("-1p95@2 -1c105@2"))
    assert not crossed(book("-1p95@2"))
    assert cancelling(book("1c100@2 1p95@1 -1c100@2.1")) == [(0, 2)]
    assert cancelling(book("1c100@2 1c100@2")) == []
