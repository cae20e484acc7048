"""What is cut of a book, and what is said of its marks."""

from dataclasses import replace

from tests.plugins.portfolio.books import book, option, stock
from ttai_portfolio.sheet import answer


def test_no_more_is_offered_than_can_be_asked_for() -> None:
    many = book(*(stock(f"X{number}", "1", "5") for number in range(201)))
    assert "30 of 201 lines; ask limit=120" in answer(many, [], "none", None, None).notes


def test_greeks_that_are_unknown_for_many_reasons_are_one_note() -> None:
    strikes = ("00090000", "00095000", "00105000", "00110000")
    lines = [option(f"XYZ   261218P{strike}", "1", "1", iv=None) for strike in strikes]
    several = [replace(line, contract=None, why=f"because {number}") for number, line in enumerate(lines)]
    (note,) = [one for one in answer(book(*several), [], "none", None, None).notes if one.startswith("greeks null")]
    assert note.endswith("(4 reasons, the first: because 0)")
    notes = answer(book(*several[:3]), [], "none", None, None).notes
    assert [one.rpartition(" (")[2] for one in notes if one.startswith("greeks null")] == [
        "because 0)",
        "because 1)",
        "because 2)",
    ]
