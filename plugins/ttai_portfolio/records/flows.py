"""What was paid into an account, or out of it; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ttai import Transaction

WORDS = ("deposit", "withdrawal", "transfer", "acat", "wire", "journal")
BETWEEN = ("transfer", "journal")  # the words of what may go from one account of the user's to another


class Flow(NamedTuple):
    """Dollars that came on a day; below 0 they went."""

    entry: Transaction
    day: date
    amount: Decimal


@dataclass(frozen=True)
class Flows:
    """What came and went, in order; `unpriced` came or went, too, and nobody says its worth: securities, as a rule.

    `unread` says that there may be more.
    """

    known: Sequence[Flow] = ()
    unpriced: Sequence[Transaction] = ()
    unread: str = ""


def is_flow(one: Transaction) -> bool:
    """Whether it moves money between the account and elsewhere, so that it is neither won nor lost."""
    said = one.sub_type.lower()
    return any(word in said for word in WORDS)


def flows(entries: Iterable[Transaction]) -> Flows:
    """What came and went among these entries."""
    known, unpriced = [], []
    for one in filter(is_flow, entries):
        amount = one.net_value if one.net_value is not None else one.value
        if amount:
            known.append(Flow(one, one.day, amount))
        elif amount is None or (one.symbol is not None and one.quantity != 0):
            unpriced.append(one)
    return Flows(known, unpriced, "; ".join(getattr(entries, "notes", _nothing)("transactions")))


def without_own(each: Sequence[Flow]) -> list[Flow]:
    """Without what went from one of these accounts to another on the same day."""
    left = list(each)
    for one in each:
        other = next((two for two in left if _is_other_side(one, two)), None)
        if one in left and other is not None:
            left.remove(one)
            left.remove(other)
    return left


def _is_other_side(one: Flow, two: Flow) -> bool:
    words = [any(word in flow.entry.sub_type.lower() for word in BETWEEN) for flow in (one, two)]
    return all(words) and one.entry.account != two.entry.account and (one.day, one.amount) == (two.day, -two.amount)


def _nothing(_noun: str) -> list[str]:
    return []
