"""Asks several accounts the same question: one that fails costs itself, all of them the question."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from ttai import Account, TtaiError
from ttai_portfolio.models.common import failed, name_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Gathered(Generic[T_co]):
    """What was answered, by account number, and why some accounts did not answer."""

    accounts: Sequence[Account]
    answers: Mapping[str, T_co]
    failures: Mapping[str, str]

    def facts(self, now: datetime) -> dict[str, Any]:
        """What every answer made of records says."""
        return {
            "as_of": now,
            "source": next((said for one in self.answers.values() if (said := getattr(one, "source", None))), None),
            "accounts": [name_of(one) for one in self.accounts if one.number in self.answers],
            "failed": failed(self.failures),
        }

    @property
    def notes(self) -> list[str]:
        """Which accounts are not in what is said of the others; `failed` says why."""
        names = list(self.failures)
        return [f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not in it"] if names else []

    def unread(self, noun: str) -> list[str]:
        """Which rows could not be read, of which account where there are several."""
        said = []
        for number, answer in self.answers.items():
            whose = f"{number}: " if len(self.answers) > 1 else ""
            said += [f"{whose}{note}" for note in getattr(answer, "notes", lambda _: [])(noun)]
        return said


async def of_each(accounts: Sequence[Account], ask: Callable[[str], Awaitable[T]]) -> Gathered[T]:
    """The answers of all accounts, asked at once by their numbers; raises the first failure where all of them fail."""
    read, failures = await _asked(accounts, ask)
    if failures and not read.answers:
        raise next(iter(failures.values()))
    return read


async def of_any(accounts: Sequence[Account], ask: Callable[[str], Awaitable[T]], patience: float) -> Gathered[T]:
    """The same for what is done without: it may be none at all, and what has not come in so many seconds failed."""

    async def patient(number: str) -> T:
        try:
            async with asyncio.timeout(patience):
                return await ask(number)
        except TimeoutError:
            raise Late(patience) from None

    return (await _asked(accounts, patient))[0]


class Late(TtaiError):
    """What did not come in the time there is for it."""

    code = "TIMEOUT"
    retryable = True

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it did not come within {seconds:g} s", "Ask again")


async def _asked(
    accounts: Sequence[Account], ask: Callable[[str], Awaitable[T]]
) -> tuple[Gathered[T], dict[str, TtaiError]]:
    answers = await asyncio.gather(*(ask(one.number) for one in accounts), return_exceptions=True)
    had: dict[str, T] = {}
    failures: dict[str, TtaiError] = {}
    for account, answer in zip(accounts, answers, strict=True):
        if isinstance(answer, TtaiError):
            failures[account.number] = answer
        elif isinstance(answer, BaseException):
            raise answer
        else:
            had[account.number] = answer
    reasons = {number: f"{error.message} {error.hint}".rstrip() for number, error in failures.items()}
    return Gathered(accounts, had, reasons), failures
