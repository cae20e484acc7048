"""Errors: each reads `CODE: what happened. What to do.`"""

import inspect
from typing import Any

import pytest

from ttai import errors
from ttai.background import errors as background_errors
from ttai.errors import BadArgument, NotLoggedIn, TtaiError, UnknownSymbol
from ttai.login import errors as login_errors
from ttai.storage import errors as storage_errors

CODES = {
    "AUTHENTICATION", "AUTHORIZATION", "VALIDATION", "NOT_FOUND", "RATE_LIMIT", "BROKER", "ANALYSIS", "DATABASE",
    "LLM", "PLUGIN", "TIMEOUT", "INTERNAL",
}  # fmt: skip
ROOMS = [errors, background_errors, login_errors, storage_errors]
CASES = {case for room in ROOMS for _, case in inspect.getmembers(room, inspect.isclass) if issubclass(case, TtaiError)}


@pytest.mark.parametrize("case", sorted(CASES, key=str), ids=lambda case: case.__name__)
def test_every_case_has_a_code_of_the_design_and_says_a_sentence(case: type[TtaiError]) -> None:
    parameters = list(inspect.signature(case).parameters.values())
    words: list[Any] = [7 if one.annotation in (int, float) else "this word" for one in parameters]
    error = case(*words)
    assert case.code in CODES
    assert str(error).startswith(f"{case.code}: ")
    assert str(error)[-1] in ".!?`"
    assert not parameters or "7" in str(error) or "this word" in str(error)


def test_sentences_are_ended_once() -> None:
    assert str(BadArgument("no symbol", "Send one.")) == "VALIDATION: no symbol. Send one."
    assert str(BadArgument("what?")) == "VALIDATION: what?"


@pytest.mark.parametrize("quoted", ["x" * 100_000, "é" * 100_000, "\n" * 99_999 + "x", "\ud800" * 100_000])
def test_an_argument_that_is_quoted_does_not_make_it_long(quoted: str) -> None:
    said = str(BadArgument(f"there is no list {quoted}", f"Is it {quoted}?"))
    assert said.startswith("VALIDATION: there is no list ")
    assert "Is it" in said
    assert len(said.encode()) <= 1024


def test_the_first_things_that_go_wrong_say_what_to_do() -> None:
    assert "TASTYTRADE_CLIENT_SECRET" in str(NotLoggedIn())
    assert "--demo" in str(NotLoggedIn())
    assert "search_symbols" in str(UnknownSymbol("SPX5"))


def test_only_what_passes_by_itself_is_worth_a_second_try() -> None:
    assert {case.__name__ for case in CASES if case.retryable} == {
        "BrokerUnavailable", "DatabaseLocked", "DatabaseUnavailable", "DiskFull", "JobBusy", "JobSkipped",
        "LoginChanged", "LoginsBusy", "NoHistory", "RateLimited", "SessionRefused", "Stopping", "TookTooLong",
    }  # fmt: skip
