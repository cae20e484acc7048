"""What all answers about accounts say."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from ttai import Account, Answer, Count, MarketAnswer, Money
from ttai_portfolio.lines import Book

Shares = Annotated[Count, AfterValidator(lambda n: n and round(n, 2))]  # delta: shares of the underlying
Gamma = Annotated[Count, AfterValidator(lambda n: n and float(f"{n:.3g}"))]


class Failed(BaseModel):
    """An account that could not be read, and why: nothing of it is in the answer."""

    account: str
    reason: str


class BookAnswer(MarketAnswer):
    """What is made from books valued now: `accounts` are those in it, `failed` those that should be."""

    accounts: list[str]
    failed: list[Failed] | None = None

    @staticmethod
    def facts(book: Book) -> dict[str, Any]:
        """The fields of this class."""
        return {
            "as_of": book.as_of,
            "source": book.source,
            "session": book.session,
            "stale": book.stale,
            "accounts": [name_of(one) for one in book.accounts if one.number not in book.failed],
            "failed": failed(book.failed),
        }


class RecordAnswer(Answer):
    """What is made from an account's records: no market data is in it."""

    as_of: datetime
    accounts: list[str]
    failed: list[Failed] | None = None


def failed(reasons: Any) -> list[Failed] | None:
    """The accounts that failed; None where none did."""
    return [Failed(account=number, reason=reason) for number, reason in reasons.items()] or None


def name_of(account: Account) -> str:
    """An account's number and nickname."""
    return f"{account.number} {account.nickname}".rstrip()


class Totals(BaseModel):
    """Dollars of everything whose mark is known."""

    value: Money | None
    pnl_day: Money | None
    pnl_open: Money | None
