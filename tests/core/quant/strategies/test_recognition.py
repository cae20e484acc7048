"""Which strategies a trader sees in a book."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttai.quant.strategies.legs import LegType
from ttai.quant.strategies.recognition import Held, Part, Recognised, recognise

DATES = [date(2026, 12, 18), date(2027, 1, 15), date(2027, 6, 18)]
KINDS: dict[str, LegType] = {"c": "call", "p": "put", "s": "stock"}
WORD = re.compile(r"(-?[\d.]+)([cps])([\d.]*)(?:@(\d))?(?:/(\w+))?(?:x(\d+))?(?:#(\w+))?")


def book(text: str) -> list[Held]:
    """Lines from "-1p95 2c105@1/SPXWx10#a 100s": quantity, type, strike; expiration 0 to 2, root, multiplier, order."""
    lines = []
    for word in text.split():
        quantity, kind, strike, day, root, multiplier, order = WORD.fullmatch(word).groups()  # type: ignore[union-attr]
        if kind == "s":
            lines.append(Held("stock", Decimal(quantity), multiplier=1, order=order))
        else:
            of = DATES[int(day or 0)], root or "", int(multiplier or 100), order
            lines.append(Held(KINDS[kind], Decimal(quantity), float(strike), *of))
    return lines


def spelled(held: Held, quantity: Decimal) -> str:
    """A line as it is written above."""
    if held.expiration is None:
        word = f"{quantity}s"
    else:
        day = DATES.index(held.expiration)
        word = f"{quantity}{held.type[0]}{held.strike:g}" + (f"@{day}" if day else "")
        word += (f"/{held.root}" if held.root else "") + (f"x{held.multiplier}" if held.multiplier != 100 else "")
    return word + (f"#{held.order}" if held.order else "")


def seen(text: str, spot: float | None = None) -> list[str]:
    """The strategies in a book, each as "name: its lines"."""
    lines = book(text)
    return sorted(
        f"{one.name}: {' '.join(spelled(lines[part.place], part.quantity) for part in one.parts)}"
        for one in recognise(lines, spot)
    )


WHOLE = {
    "1c105": "long call", "-3p95": "short put", "100s": "stock", "-250.5s": "short stock",
    "1p90 -1p95": "put credit spread", "-2p90 2p95": "put debit spread", "-1c105 1c110": "call credit spread",
    "1c105 -1c110": "call debit spread", "1p90 -1p95 -1c105 1c110": "iron condor",
    "2p80 -2p95 -2c105 2c130": "iron condor", "-1p90 1p95 1c105 -1c110": "reverse iron condor",
    "1p90 -1p100 -1c100 1c115": "iron butterfly", "-1p90 1p100 1c100 -1c110": "reverse iron butterfly",
    "1c95 -2c100 1c105": "call butterfly", "2p95 -4p100 2p105": "put butterfly",
    "-1c95 2c100 -1c105": "short call butterfly", "-1p95 2p100 -1p105": "short put butterfly",
    "1c95 -2c100 1c110": "broken-wing call butterfly", "1p80 -2p95 1p100": "broken-wing put butterfly",
    "1c95 -1c100 -1c110 1c115": "call condor", "1p80 -1p85 -1p95 1p100": "put condor",
    "1c95 -1p95 -1c105 1p105": "long box", "-1c95 1p95 1c105 -1p105": "short box",
    "-1p90 -1c105 1c110": "jade lizard", "1p85 -1p90 -1c105": "reverse jade lizard",
    "-1p100 -1c100 1c110": "big lizard", "1p90 -1p100 -1c100": "reverse big lizard",
    "-1p100 -1c100": "short straddle", "2p100 2c100": "long straddle", "-1p90 -1c110": "short strangle",
    "1p90 1c110": "long strangle", "-1c90 -1p110": "short guts", "1c90 1p110": "long guts",
    "-1p95 1c105": "risk reversal", "1p95 -1c105": "short risk reversal",
    "-1p100 1c100": "synthetic long stock", "1p100 -1c100": "synthetic short stock",
    "100s -1c105": "covered call", "200s 2p95": "protective put", "100s 1p95 -1c105": "collar",
    "100s 1p100 -1c100": "conversion", "100s -1p95 -1c105": "covered strangle",
    "300s -3p100 -3c100": "covered straddle",
    "-100s -1p95": "covered put", "-100s -1p95 1c105": "reverse collar", "-100s -1p100 1c100": "reversal",
    "10s -1c105x10": "covered call", "1p90x10 -1p95x10": "put credit spread",
    "-1c105 1c105@1": "call calendar", "-2p95 2p95@2": "put calendar",
    "-1c105 1c100@1": "call diagonal", "-1c105 1c110@1": "call diagonal", "-1p95 1p100@1": "put diagonal",
    "-1p95 1p90@1": "put diagonal", "-1p95 -1c105 1p95@1 1c105@1": "double calendar",
    "-1p100 -1c100 1p100@1 1c100@1": "double calendar",
    "-1p100 -1c100 1p95@1 1c105@1": "double diagonal",
    "-1p95 -1c105 1p90@1 1c110@1": "double diagonal", "-1p95 -1c105 1p95@1 1c110@1": "double diagonal",
    "1c100#a -2c110#a": "call ratio spread", "2c105#a -3c110#a": "call ratio spread",
    "-1p100#a 2p90#a": "put backspread",
    "1c100#a -1c110@1#a": "reverse call diagonal", "1c90#a 1c95#a 1c100#a": "custom",
    "1c90#a -1c95#a 1c95/SPXW#a": "custom", "-1c105/SPX 1c105@1/SPXW": "call calendar",
    "1p90/X1 -1p95/X1": "put credit spread",
}  # fmt: skip


@pytest.mark.parametrize("text", WHOLE)
def test_a_strategy_alone_is_seen_as_one(text: str) -> None:
    lines = book(text)
    (one,) = recognise(lines)
    assert one.name == WHOLE[text]
    assert {part.place: part.quantity for part in one.parts} == {
        place: line.quantity for place, line in enumerate(lines)
    }


DECIDED = {
    # each short option goes with what covers it, before it goes with another short one
    "100s -1c105 1p90 -1p95": ["covered call: -1c105 100s", "put credit spread: 1p90 -1p95"],
    "100s 1p90 -1p95 -1c105 1c110": ["iron condor: 1p90 -1p95 -1c105 1c110", "stock: 100s"],
    "100s -1c105 1c110": ["call credit spread: -1c105 1c110", "stock: 100s"],
    "100s 1c100 -2c105": ["call debit spread: 1c100 -1c105", "covered call: -1c105 100s"],
    "100s -1c105 1c80@2": ["covered call: -1c105 100s", "long call: 1c80@2"],
    "-1p95 -1c105 1c80@2": ["call diagonal: -1c105 1c80@2", "short put: -1p95"],
    "-1p95 -1c105 1p70@2": ["long put: 1p70@2", "short strangle: -1p95 -1c105"],
    "-1p95 -1c105 1c105@1": ["call calendar: -1c105 1c105@1", "short put: -1p95"],
    "-1p95 -1c105 1p100@1 1c100@1": ["call diagonal: -1c105 1c100@1", "put diagonal: -1p95 1p100@1"],
    "-1p105 -1c95 1p105@1 1c95@1": ["call calendar: -1c95 1c95@1", "put calendar: -1p105 1p105@1"],
    "100s -1p95 1c110 -1c120": ["call debit spread: 1c110 -1c120", "short put: -1p95", "stock: 100s"],
    "100s -1c105 1p95@1": ["covered call: -1c105 100s", "long put: 1p95@1"],
    "100s 1p90 1c110": ["long call: 1c110", "protective put: 1p90 100s"],
    "100s 1p95 -1c95 1p100 -1c100": ["conversion: 1p95 -1c95 100s", "synthetic short stock: 1p100 -1c100"],
    "100s -1p90 1p80 -1c105": ["covered call: -1c105 100s", "put credit spread: 1p80 -1p90"],
    "100s 1p85 -1c105 -1p90@1 -1c110@1": ["collar: 1p85 -1c105 100s", "short strangle: -1p90@1 -1c110@1"],
    # the most specific
    "1c95 -1p95 1p105 -1c105 1p90 1c110": ["long box: -1p95 1c95 1p105 -1c105", "long strangle: 1p90 1c110"],
    "1p90 -1p100 -1c100 -1c105 1c110": ["iron butterfly: 1p90 -1p100 -1c100 1c110", "short call: -1c105"],
    "-1p85 1p90 -1p95 -1c105 1c110 -1c115": [
        "iron condor: 1p90 -1p95 -1c105 1c110", "short strangle: -1p85 -1c115",
    ],
    "1c90 1c95 -2c100 1c110": ["call butterfly: 1c90 -2c100 1c110", "long call: 1c95"],
    "1c95 -2c100 -1c105 1c110": ["broken-wing call butterfly: 1c95 -2c100 1c110", "short call: -1c105"],
    "100s -1c105 1p95@1 -1c105@1": ["collar: 1p95@1 -1c105@1 100s", "short call: -1c105"],
    "100s -1c105 1p95 -1p95@1 -1c110@1": ["collar: 1p95 -1c105 100s", "short strangle: -1p95@1 -1c110@1"],
    "-1p97 -1p95 -1c105 1p95@1 1c105@1": ["double calendar: -1p95 -1c105 1p95@1 1c105@1", "short put: -1p97"],
    # the innermost, the nearest
    "1p85 1p90 -1p95 -1p100 -1c105 -1c110 1c115 1c120": [
        "iron condor: 1p85 -1p95 -1c110 1c120", "iron condor: 1p90 -1p100 -1c105 1c115",
    ],
    "1p70 1p90 -1p95": ["long put: 1p70", "put credit spread: 1p90 -1p95"],
    "1p90 -1p95 1p100": ["long put: 1p100", "put credit spread: 1p90 -1p95"],
    "1c100 -1c105 1c110": ["call credit spread: -1c105 1c110", "long call: 1c100"],
    "1c90 1c100 -1c101 -1c120": ["call debit spread: 1c100 -1c101", "call debit spread: 1c90 -1c120"],
    "-1c100 1c102 1c104 -1c110": ["call credit spread: -1c100 1c102", "call debit spread: 1c104 -1c110"],
    "-1c95 1c100 1c105 -1c110": ["call credit spread: -1c95 1c100", "call debit spread: 1c105 -1c110"],
    "1c95 -1c100 -1c120 1c140": ["call credit spread: -1c120 1c140", "call debit spread: 1c95 -1c100"],
    "-1p90 -1p95 -1c105 -1c110": ["short strangle: -1p90 -1c110", "short strangle: -1p95 -1c105"],
    "1p90 1c90 -1p90@1": ["long straddle: 1p90 1c90", "short put: -1p90@1"],
    "1c90 1c95 -2c100 1c105 1c110": ["call butterfly: 1c95 -2c100 1c105", "long call: 1c110", "long call: 1c90"],
    "-1p90 -1c105 1c106 -1c110 1c111": ["call credit spread: -1c110 1c111", "jade lizard: -1p90 -1c105 1c106"],
    "1p84 -1p85 1p89 -1p90 -1c105": ["put credit spread: 1p84 -1p85", "reverse jade lizard: 1p89 -1p90 -1c105"],
    "-1p105 -1p110 -1c95": ["short guts: -1c95 -1p105", "short put: -1p110"],
    "-1p90 -1p95 -1c105 1p90@1 1p95@1 1c105@1": [
        "double calendar: -1p95 -1c105 1p95@1 1c105@1", "put calendar: -1p90 1p90@1",
    ],
    "-1p90 -1p95 -1c105 1p85@1 1c110@1": ["double diagonal: -1p95 -1c105 1p85@1 1c110@1", "short put: -1p90"],
    "-1c105 -1c110 1c100@1": ["call diagonal: -1c105 1c100@1", "short call: -1c110"],
    "-1p90 -1p95 1p100@1": ["put diagonal: -1p95 1p100@1", "short put: -1p90"],
    # the first expiration, the strike that is exercised first
    "100s -1c105 -1c105@1": ["covered call: -1c105 100s", "short call: -1c105@1"],
    "100s -1c105 -1c110": ["covered call: -1c105 100s", "short call: -1c110"],
    "100s 1p90 1p95": ["long put: 1p90", "protective put: 1p95 100s"],
    "-100s -1p90 -1p95": ["covered put: -1p95 -100s", "short put: -1p90"],
    "-1c105 1c105@1 1c105@2": ["call calendar: -1c105 1c105@1", "long call: 1c105@2"],
    # as often as it is there
    "2c105 -3c110": ["call debit spread: 2c105 -2c110", "short call: -1c110"],
    "3p90 -3p95 -2c105 2c110": ["iron condor: 2p90 -2p95 -2c105 2c110", "put credit spread: 1p90 -1p95"],
    "-2p95 -1c105 2c110": ["jade lizard: -1p95 -1c105 1c110", "risk reversal: -1p95 1c110"],
    "2c95 -4c100 1c105": [
        "call butterfly: 1c95 -2c100 1c105", "call debit spread: 1c95 -1c100", "short call: -1c100",
    ],
    "150.5s -1c105": ["covered call: -1c105 100s", "stock: 50.5s"],
    "60.25s 90s -1c105": ["covered call: -1c105 60.25s 39.75s", "stock: 50.25s"],
    "99.999s -1c105": ["short call: -1c105", "stock: 99.999s"],
    "15s -1c105x10 -1c105": ["covered call: -1c105x10 10s", "short call: -1c105", "stock: 5s"],
    "200s -1c105 1p95": ["collar: 1p95 -1c105 100s", "stock: 100s"],
    "100s -2p95 -1c105": ["covered strangle: -1p95 -1c105 100s", "short put: -1p95"],
    "-1p95 -2c105 1p95@1 2c105@1": ["call calendar: -1c105 1c105@1", "double calendar: -1p95 -1c105 1p95@1 1c105@1"],
    # what one order opened
    "1p90#a -1p95#a -1c105#b 1c110#b": ["call credit spread: -1c105#b 1c110#b", "put credit spread: 1p90#a -1p95#a"],
    "-1c105#a -1p95#a 1c110 100s": ["covered strangle: -1p95#a -1c105#a 100s", "long call: 1c110"],
    "-3c105#a -3p95#a 250s": [
        "covered strangle: -2p95#a -2c105#a 200s", "short strangle: -1p95#a -1c105#a", "stock: 50s",
    ],
    "100s#a -1c110#a -1c105": ["covered call: -1c110#a 100s#a", "short call: -1c105"],
    "150s#a -2c110#a 1c115": ["call credit spread: -1c110#a 1c115", "covered call: -1c110#a 100s#a", "stock: 50s#a"],
    "100s#a 1c110#a -1p90": ["risk reversal: -1p90 1c110#a", "stock: 100s#a"],
    "100s -1c110#a": ["covered call: -1c110#a 100s"],
    "1c95#a 1c100#a 100s": ["custom: 1c95#a 1c100#a", "stock: 100s"],
    "-1p90#a -1p95#b 1p85#b": ["put credit spread: 1p85#b -1p95#b", "short put: -1p90#a"],
    "1c100#a -1c105#a 1c105#a": ["custom: 1c100#a -1c105#a 1c105#a"],
    "-1c105#a 1c105#a": ["long call: 1c105#a", "short call: -1c105#a"],
    # long and short of one contract
    "1c100#a -1c105#a 1c105#b -1c110#b": ["call debit spread: 1c100#a -1c105#a", "call debit spread: 1c105#b -1c110#b"],
    "1c105 -3c105 1c110": ["call credit spread: -1c105 1c110", "long call: 1c105", "short call: -2c105"],
    "100s -150s -1p95": ["short put: -1p95", "short stock: -150s", "stock: 100s"],
    "100s -250s -1p95": ["covered put: -1p95 -100s", "short stock: -150s", "stock: 100s"],
    # lines of one contract
    "1c105 2c105": ["long call: 1c105 2c105"],
    "1c105 2c105 -2c110": ["call debit spread: 1c105 1c105 -2c110", "long call: 1c105"],
    # what doesn't go together
    "-1p95x10 -1c105": ["short call: -1c105", "short put: -1p95x10"],
    "-1c105/SPX 1c110/SPXW": ["long call: 1c110/SPXW", "short call: -1c105/SPX"],
    "100s -1c105/X1": ["short call: -1c105/X1", "stock: 100s"],
    "-1c105/X1 1c105@1": ["long call: 1c105@1", "short call: -1c105/X1"],
    "-1c105#a 1c110x10#a": ["long call: 1c110x10#a", "short call: -1c105#a"],
    "100s#a -1c105/X1#a": ["short call: -1c105/X1#a", "stock: 100s#a"],
    "1c105 -1c105@1": ["long call: 1c105", "short call: -1c105@1"],
    "1c95 -1p105": ["long call: 1c95", "short put: -1p105"],
    "-100s 1c105": ["long call: 1c105", "short stock: -100s"],
}  # fmt: skip


@pytest.mark.parametrize("text", DECIDED)
def test_what_could_be_seen_in_more_than_one_way_is_seen_in_one(text: str) -> None:
    assert seen(text) == DECIDED[text]


def test_a_poor_mans_covered_call_takes_a_spot_to_be_told() -> None:
    assert seen("-1c105 1c80@2", 100.0) == ["poor man's covered call: -1c105 1c80@2"]
    assert seen("-1c105 1c80@2", 85.0) == ["call diagonal: -1c105 1c80@2"]
    assert seen("-1c105 1c80@1", 100.0) == ["call diagonal: -1c105 1c80@1"]
    assert seen("-1p105 1p130@2", 100.0) == ["put diagonal: -1p105 1p130@2"]


def test_fractions_add_up_to_the_last_digit() -> None:
    stock = [Held("stock", Decimal(shares)) for shares in (60.1, 50.7)]  # as floats have them: 50 digits and more
    lines = [*stock, Held("call", Decimal(-1), 105.0, DATES[0])]
    covered, rest = recognise(lines)
    assert [covered.name, rest.name] == ["covered call", "stock"]
    assert sum(part.quantity for part in covered.parts if part.place != 2) == 100
    parts = [part for one in (covered, rest) for part in one.parts]
    for place in (0, 1):
        with localcontext(prec=200):
            assert sum(part.quantity for part in parts if part.place == place) == lines[place].quantity


def test_nothing_is_seen_in_nothing() -> None:
    assert recognise([]) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("call", Decimal(0), 95.0, DATES[0]), "other than 0"),
        (("stock", Decimal("NaN")), "other than 0"),
        (("put", Decimal("Infinity"), 95.0, DATES[0]), "other than 0"),
        (("call", Decimal("-1E+40"), 95.0, DATES[0]), "below 10"),
        (("put", Decimal("1.5"), 95.0, DATES[0]), "whole"),
        (("put", Decimal(1), 0.0, DATES[0]), "strike is above 0"),
        (("put", Decimal(1), float("nan"), DATES[0]), "strike is above 0"),
        (("put", Decimal(1), 95.0), "has an expiration"),
        (("put", Decimal(1), 95.0, DATES[0], "", 0), "1 share or more"),
    ],
)
def test_no_line_is_made_of_such_things(line: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Held(*line)  # type: ignore[arg-type]


CONTRACTS = st.builds(
    Held,
    st.sampled_from(["call", "put"]),
    st.integers(-4, 4).filter(bool).map(Decimal),
    st.sampled_from([90.0, 92.5, 95.0, 100.0, 105.0, 110.0, 115.0]),
    st.sampled_from(DATES),
    st.sampled_from(["", "", "", "SPX", "SPXW", "X1"]),
    st.sampled_from([100, 100, 100, 10]),
    st.sampled_from([None, None, None, "a", "b", "c"]),
)
STOCK = st.builds(
    Held,
    st.just("stock"),
    st.integers(-50_000, 50_000).filter(bool).map(lambda cents: Decimal(cents) / 100)
    | st.sampled_from([-3, -1, 1, 2, 4]).map(lambda lots: Decimal(100 * lots)),
    multiplier=st.just(1),
    order=st.sampled_from([None, None, "a", "b"]),
)
STANDARD = CONTRACTS.map(lambda held: replace(held, root="", multiplier=100))
BOOKS = st.lists(CONTRACTS | STOCK, max_size=14) | st.lists(STANDARD | STOCK, max_size=24)


def contents(lines: Sequence[Held], found: Sequence[Recognised]) -> Counter[tuple[object, ...]]:
    """The strategies by what is in them, whatever the places of the lines."""
    return Counter(
        (one.name, *sorted(repr((lines[part.place], str(part.quantity.normalize()))) for part in one.parts))
        for one in found
    )


@given(BOOKS)
def test_no_contract_and_no_share_is_lost_or_counted_twice(lines: list[Held]) -> None:
    parts = [part for one in recognise(lines) for part in one.parts]
    for place, line in enumerate(lines):
        mine = [part.quantity for part in parts if part.place == place]
        assert sum(mine, Decimal()) == line.quantity
        assert all(quantity * line.quantity > 0 for quantity in mine)


@given(BOOKS, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(lines: list[Held], chance: random.Random) -> None:
    shuffled = lines.copy()
    chance.shuffle(shuffled)
    assert contents(shuffled, recognise(shuffled)) == contents(lines, recognise(lines))


def one_way(lines: Sequence[Held]) -> list[Held]:
    """The lines without those that an order would have sold of what it bought: brokers refuse such orders."""
    sides: dict[tuple[object, ...], int] = {}
    return [line for line in lines if sides.setdefault((line.order or id(line), line.contract), line.sign) == line.sign]


@settings(max_examples=300)
@given(BOOKS.map(one_way))
def test_a_strategy_by_itself_is_the_same_strategy(lines: list[Held]) -> None:
    for one in recognise(lines):
        alone = [replace(lines[part.place], quantity=part.quantity) for part in one.parts]
        (again,) = recognise(alone)
        assert again.name == one.name
        assert {*again.parts} == {Part(place, line.quantity) for place, line in enumerate(alone)}


@settings(max_examples=300)
@given(BOOKS)
def test_what_has_no_name_was_opened_by_one_order(lines: list[Held]) -> None:
    for one in recognise(lines):
        held = [lines[part.place] for part in one.parts]
        if one.name == "custom":
            assert len({line.order for line in held}) == 1
            assert held[0].order is not None
        options = [line for line in held if line.type != "stock"]
        assert len({line.multiplier for line in options}) <= 1
        assert len({line.root == "X1" for line in held}) == 1


@given(BOOKS, st.floats(50, 200))
def test_the_spot_does_not_matter_for_what_goes_together(lines: list[Held], spot: float) -> None:
    assert [one.parts for one in recognise(lines, spot)] == [one.parts for one in recognise(lines)]


def test_dates_far_apart_and_huge_quantities_are_no_matter() -> None:
    lines = [
        Held("call", Decimal(-(10**12)), 105.0, DATES[0]),
        Held("call", Decimal(10**12), 80.0, DATES[0] + timedelta(9_999)),
    ]
    assert [one.name for one in recognise(lines, 100.0)] == ["poor man's covered call"]
