"""What was paid into an account, or out of it; pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ttai import Transaction

WORDS = ("deposit", "withdrawal", "transfer", "acat", "wire", "journal")


class Flow(NamedTuple):
    """Dollars that came on a day; below 0 they went."""

    entry: Transaction
    day: date
    amount: Decimal


def is_flow(one: Transaction) -> bool:
    """Whether it moves money between the account and elsewhere, so that it is neither won nor lost."""
    said = one.sub_type.lower()
    return any(word in said for word in WORDS)


def flows(entries: Iterable[Transaction]) -> list[Flow]:
    """What came and went, in order; securities that came are not among them, for nobody says their worth."""
    return [
        Flow(one, one.day, amount)
        for one in entries
        if is_flow(one) and (amount := one.net_value if one.net_value is not None else one.value)
    ]
