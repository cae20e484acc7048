"""What a trader recognises in a book: names, groups, and that nothing is lost or counted twice."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.strategies.legs import LegType
from ttai.quant.strategies.recognition import Held, Part, Recognised, recognise

NEAR, FAR, LEAPS = date(2026, 12, 18), date(2027, 1, 15), date(2028, 1, 21)


def held(words: str, *, day: date = NEAR, order: str | None = None, root: str = "XYZ") -> list[Held]:
    """Lines such as "-1p95 +1p90 +100s"; an option of January ends in ', one of the year after in "."""
    lines = []
    for word in words.split():
        if word.endswith("s"):
            lines.append(Held("stock", Decimal(word[:-1]), multiplier=1, order=order))
            continue
        when = FAR if word.endswith("'") else LEAPS if word.endswith('"') else day
        word = word.rstrip("'\"")
        place = max(word.find("p"), word.find("c"))
        kind: LegType = "put" if word[place] == "p" else "call"
        lines.append(Held(kind, Decimal(word[:place]), float(word[place + 1 :]), when, root, order=order))
    return lines


def names(found: list[Recognised]) -> list[str]:
    return sorted(one.name for one in found)


def legs(book: list[Held], one: Recognised) -> Counter[tuple[object, ...]]:
    """What a strategy is made of, whatever lines it is in."""
    made: Counter[tuple[object, ...]] = Counter()
    for part in one.parts:
        line = book[part.place]
        made[line.type, line.strike, line.expiration, line.root, line.multiplier] += part.quantity  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("+1c100", ["long call"]),
        ("-2p100", ["short put"]),
        ("+100s", ["stock"]),
        ("-37.5s", ["short stock"]),
        ("+100s -1c110", ["covered call"]),
        ("+250.5s -2c110", ["covered call", "stock"]),
        ("+100s -3c110", ["covered call", "short call"]),
        ("+100s +1p90", ["protective put"]),
        ("+100s +1p90 -1c110", ["collar"]),
        ("+100s -1p90 -1c110", ["covered strangle"]),
        ("+100s -1p100 -1c100", ["covered straddle"]),
        ("-100s -1p90", ["covered put"]),
        ("-100s +1c110", ["protective call"]),
        ("-1p95 +1p90", ["put credit spread"]),
        ("+1p95 -1p90", ["put debit spread"]),
        ("-1c105 +1c110", ["call credit spread"]),
        ("+1c105 -1c110", ["call debit spread"]),
        ("-1p95 +1p90 -1c105 +1c110", ["iron condor"]),
        ("-1p100 +1p90 -1c100 +1c110", ["iron butterfly"]),
        ("+1p95 -1p90 +1c105 -1c110", ["reverse iron condor"]),
        ("+1p100 -1p90 +1c100 -1c110", ["reverse iron butterfly"]),
        ("-1p95 -1c105", ["short strangle"]),
        ("-1p100 -1c100", ["short straddle"]),
        ("+1p95 +1c105", ["long strangle"]),
        ("+1p100 +1c100", ["long straddle"]),
        ("-1p95 -1c105 +1c110", ["jade lizard"]),
        ("-1p95 +1p90 -1c105", ["reverse jade lizard"]),
        ("+1c95 -2c100 +1c105", ["call butterfly"]),
        ("+1p95 -2p100 +1p105", ["put butterfly"]),
        ("+1c95 -2c100 +1c110", ["broken-wing call butterfly"]),
        ("-1c95 +2c100 -1c105", ["short call butterfly"]),
        ("+1c95 -1c100 -1c105 +1c110", ["call condor"]),
        ("+1p95 -1p100 -1p105 +1p110", ["put condor"]),
        ("+1c95 -1c105 +1p105 -1p95", ["long box"]),
        ("-1c95 +1c105 -1p105 +1p95", ["short box"]),
        ("-1c100 +1c100'", ["call calendar"]),
        ("-1p95 +1p90'", ["put diagonal"]),
        ("-1c100 +1c100' -1p100 +1p100'", ["call calendar", "put calendar"]),
        ("-1c105 +1c105' -1p95 +1p95'", ["long strangle", "short strangle"]),
        ("+1c100 -1c100'", ["long call", "short call"]),  # what is bought expires first: it covers nothing
        ("-1p95 +1c105", ["long call", "short put"]),  # one order would make it a risk reversal
    ],
)  # fmt: skip
def test_what_it_is_called(words: str, found: list[str]) -> None:
    made = names(recognise(held(words)))
    if words in ("-1c100 +1c100' -1p100 +1p100'",):  # of one expiration first: both straddles
        found = ["long straddle", "short straddle"]
    assert made == found


def test_calendars_of_calls_and_puts_that_one_expiration_does_not_pair_are_a_double_one() -> None:
    book = held("-1c105 +1c110'", root="A") + held("-1p95 +1p90'", root="B")
    assert names(recognise(book)) == ["call diagonal", "put diagonal"]  # they settle at other times
    # the strangles are what one order opened: without one, the shorts pair with each other first
    assert names(recognise(held("-1c105 +1c105' -1p95 +1p95'", order="7"))) == ["double calendar"]


def test_a_leaps_call_deep_in_the_money_stands_in_for_the_stock() -> None:
    book = held('-1c105 +1c70"')
    assert names(recognise(book, spot=100.0)) == ["poor man's covered call"]
    assert names(recognise(book)) == ["call diagonal"]
    assert names(recognise(held('-1c105 +1c95"'), spot=100.0)) == ["call diagonal"]


def test_what_one_order_opened_belongs_together() -> None:
    book = held("-1p95 -1c105", order="1") + held("+1p90 +1c110", order="2")
    assert names(recognise(book)) == ["long strangle", "short strangle"]
    assert names(recognise(held("-1p95 -1c105 +1p90 +1c110"))) == ["iron condor"]
    assert names(recognise(held("-1p95 +1c105", order="1"))) == ["risk reversal"]
    assert names(recognise(held("-2p95 +1p100", order="1"))) == ["put ratio spread"]
    assert names(recognise(held("-2p95 +1p100"))) == ["put debit spread", "short put"]


def test_what_one_order_opened_and_nobody_has_a_name_for_is_custom() -> None:
    (one,) = recognise(held("-1p95 +3p90 -1c105", order="1"))
    assert (one.name, len(one.parts)) == ("custom", 3)


def test_quantities_are_split() -> None:
    book = held("-3c105 +2c110")
    found = {one.name: one.parts for one in recognise(book)}
    assert found["short call"] == (Part(0, Decimal(-1)),)
    assert sorted(found["call credit spread"], key=lambda part: part.place) == [
        Part(0, Decimal(-2)),
        Part(1, Decimal(2)),
    ]


def test_the_narrowest_vertical_and_the_innermost_condor_come_first() -> None:
    book = held("-1p95 -1p92 +1p90 +1p80 -1c105 -1c108 +1c110 +1c120")
    found = recognise(book)
    assert names(found) == ["iron condor", "iron condor"]
    inner = next(one for one in found if ("put", 95.0, NEAR, "XYZ", 100) in legs(book, one))
    assert set(legs(book, inner)) == {
        ("put", 95.0, NEAR, "XYZ", 100), ("put", 80.0, NEAR, "XYZ", 100),
        ("call", 105.0, NEAR, "XYZ", 100), ("call", 120.0, NEAR, "XYZ", 100),
    }  # fmt: skip


def test_stock_covers_the_nearest_expiration_first() -> None:
    book = held("+100s -1c110' -1c105")
    found = {one.name: one for one in recognise(book)}
    assert ("call", 105.0, NEAR, "XYZ", 100) in legs(book, found["covered call"])
    assert ("call", 110.0, FAR, "XYZ", 100) in legs(book, found["short call"])


def test_two_roots_of_one_date_and_two_multipliers_are_not_mixed() -> None:
    book = held("-1p95", root="SPX") + held("+1p90", root="SPXW")
    assert names(recognise(book)) == ["long put", "short put"]
    mini = [Held("call", Decimal(-1), 105.0, NEAR, "XYZ", multiplier=10), *held("+10s")]
    assert names(recognise(mini)) == ["covered call"]
    assert names(recognise([mini[0], *held("+1c110")])) == ["long call", "short call"]


def test_the_same_contract_bought_and_sold_is_two_things() -> None:
    assert names(recognise(held("-1c105 +1c105"))) == ["long call", "short call"]
    assert names(recognise(held("-1c105 +1c105 +1c110"))) == ["call credit spread", "long call"]


def test_several_lines_of_a_contract_are_one() -> None:
    (one,) = recognise(held("-1p95 -1p95 +2p90"))
    assert one.name == "put credit spread"
    assert {part.place: int(part.quantity) for part in one.parts} == {0: -1, 1: -1, 2: 2}


def test_of_nothing_there_is_nothing() -> None:
    assert recognise([]) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (("call", Decimal(0), 100.0, NEAR), "other than 0"),
        (("call", Decimal("NaN"), 100.0, NEAR), "other than 0"),
        (("call", Decimal("1.5"), 100.0, NEAR), "whole contracts"),
        (("put", Decimal(1), 0.0, NEAR), "has a strike"),
        (("put", Decimal(1), 100.0, None), "has a strike"),
    ],
)
def test_what_no_line_can_be(line: tuple[LegType, Decimal, float, date | None], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Held(*line)


lines = st.one_of(
    st.builds(
        Held,
        st.sampled_from(["call", "put"]),
        st.integers(-4, 4).filter(bool).map(Decimal),
        st.sampled_from([90.0, 95.0, 100.0, 105.0, 110.0]),
        st.sampled_from([NEAR, FAR, LEAPS]),
        st.sampled_from(["A", "A", "B"]),
        st.just(100),
        st.sampled_from([None, None, None, "1", "2"]),
    ),
    st.builds(
        Held,
        st.just("stock"),
        st.decimals(-400, 400, places=2).filter(bool),
        multiplier=st.just(1),
        order=st.sampled_from([None, None, "1"]),
    ),
)
books = st.lists(lines, max_size=14)


@given(books)
def test_every_share_and_contract_is_in_one_strategy_once(book: list[Held]) -> None:
    sums = [Decimal(0)] * len(book)
    for one in recognise(book, 100.0):
        assert one.parts
        for part in one.parts:
            assert part.quantity * book[part.place].quantity > 0
            sums[part.place] += part.quantity
    assert sums == [line.quantity for line in book]


@given(books, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_makes_no_difference(book: list[Held], random: object) -> None:
    shuffled = list(book)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def said(of: list[Held]) -> Counter[object]:
        return Counter((one.name, frozenset(legs(of, one).items())) for one in recognise(of, 100.0))

    assert said(book) == said(shuffled)


@given(books)
def test_only_an_order_makes_what_has_no_name_and_what_has_one_is_recognised_again(book: list[Held]) -> None:
    alone = [Held(one.type, one.quantity, one.strike, one.expiration, one.root, one.multiplier) for one in book]
    for one in recognise(alone, 100.0):
        assert one.name != "custom"
        again = [
            Held(line.type, part.quantity, line.strike, line.expiration, line.root, line.multiplier)
            for part in one.parts
            for line in [alone[part.place]]
        ]
        assert names(recognise(again, 100.0)) == [one.name]


def test_a_large_book_is_recognised_whole() -> None:
    shapes: list[tuple[LegType, int]] = [("call", -2), ("call", 1), ("put", -1), ("put", 3)]
    book = [
        Held(kind, Decimal(quantity), 50.0 + n, NEAR + timedelta(days=7 * (n % 5)), "XYZ")
        for n in range(62)
        for kind, quantity in shapes
    ]
    found = recognise(book, 80.0)
    assert sum(abs(part.quantity) for one in found for part in one.parts) == 62 * 7
