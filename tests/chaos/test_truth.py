"""The judge itself: what it lets pass and what it does not."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.chaos.notes import Notes
from tests.chaos.rules import Reply, Rules
from tests.chaos.truth import MOMENT, OLDEST, Truth

START = 1_790_000_000.0


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def truth(notes: Notes) -> Truth:
    """SPY was 600, and is 640 since a minute after the start."""
    truth = Truth(notes, Random(1), 0)
    truth.begin({"SPY": 600.0, "SPX": 6000.0})
    truth.was_set("SPY", 640.0, START + 60, START + 60.1)
    return truth


def quote(last: float, as_of: float, **more: Any) -> dict[str, Any]:
    moment = datetime.fromtimestamp(as_of, UTC).isoformat(timespec="seconds")
    return {"symbol": "SPY", "last": last, "as_of": moment, "source": "simulator", "stale": False, **more}


def rules_of(notes: Notes) -> list[str]:
    return [finding.rule for finding in notes.findings]


@pytest.mark.parametrize(
    ("told", "after", "rules"),
    [
        (quote(640, START + 90), 90, []),
        (quote(643, START + 90), 90, []),  # the market walks on
        (quote(600, START + 59), 60 + OLDEST - 1, []),  # the watchdog has not seen it yet
        (quote(600, START + 59), 60 + OLDEST + 1, ["stale"]),
        (quote(600, START + 59, stale=True), 600, []),
        (quote(600, START + 90, stale=True), 600, ["as_of"]),
        (quote(600, START + 60 + MOMENT + 2), 60 + MOMENT + 3, ["as_of"]),
        (quote(640, START + 50), 90, ["as_of"]),
        (quote(620, START + 90), 90, ["as_of", "stale"]),  # never true
        (quote(640, START + 99), 90, ["as_of"]),
        (quote(640, START + 90, stale=None), 90, ["provenance"]),
        (quote(640, START + 90, bid=600.0, ask=None), 120, ["as_of", "stale"]),
        (quote(6400, START + 90, symbol="SPX"), 90, []),
        (quote(6000, START + 59, symbol="SPX"), 120, ["stale"]),
        (quote(1, START, symbol="XYZ"), 90, []),  # nobody watches it
    ],
)
def test_a_price_is_held_against_what_was_true(
    truth: Truth, notes: Notes, told: dict[str, Any], after: float, rules: list[str]
) -> None:
    truth.judge("a client", "get_quote", told, START + after, START + after + 0.1)
    assert rules_of(notes) == rules


def test_a_market_that_starts_again_is_where_it_began(truth: Truth, notes: Notes) -> None:
    truth.began_anew(START + 100)
    truth.judge("a client", "get_quote", quote(600, START + 150), START + 150, START + 151)
    assert rules_of(notes) == []
    truth.judge("a client", "get_quote", quote(640, START + 99), START + 150, START + 151)
    assert rules_of(notes) == ["stale"]


@pytest.mark.parametrize(
    ("symbol", "said", "rules"),
    [
        ("SPY", "BROKER: TastyTrade does not answer.", []),
        ("SPY", "NOT_FOUND: no market data for SPY.", ["untrue"]),
        ("NOSUCH", "NOT_FOUND: no market data for NOSUCH.", []),
        ("NOSUCH", "AUTHENTICATION: TastyTrade at x refused the credentials (no).", ["untrue"]),
    ],
)
def test_a_failure_is_held_against_what_is(
    truth: Truth, notes: Notes, symbol: str, said: str, rules: list[str]
) -> None:
    truth.doubt("a call", [symbol], [said])
    assert rules_of(notes) == rules


def test_a_level_is_not_used_again_soon(truth: Truth) -> None:
    levels = [truth.next_level("SPY") for _ in range(8)]
    assert len(set(levels)) == 8
    assert all(abs(a / b - 1) > 0.03 for a in levels for b in (*levels, 600.0) if a != b)


@pytest.mark.parametrize(
    ("text", "failed", "rules"),
    [
        ("BROKER: TastyTrade does not answer. Try again in a minute.", True, []),
        ("INTERNAL: something unexpected went wrong (reference 1a).", True, ["sentence", "surprise"]),
        ("Error calling tool", True, ["sentence"]),
        ("x" * 70_000, False, ["budget"]),
        ("the key is hunter2hunter2", False, ["secret"]),
        ("Traceback (most recent call last):", False, ["surprise"]),
    ],
)
def test_an_answer_is_held_against_the_rules(notes: Notes, text: str, failed: bool, rules: list[str]) -> None:
    Rules(notes, ["hunter2hunter2"]).look("a call", Reply(text, failed=failed), default=False)
    assert rules_of(notes) == rules


def test_the_reasons_for_what_is_missing_are_sentences_too(notes: Notes) -> None:
    table = {"columns": ["symbol", "reason"], "rows": [["A", "NOT_FOUND: no A."], ["B", "oh no"]]}
    Rules(notes, []).look("a call", Reply("", {"missing": table}), default=False)
    assert rules_of(notes) == ["sentence"]
