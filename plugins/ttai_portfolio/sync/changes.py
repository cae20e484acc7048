"""What changed between two snapshots of an account; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ttai import Position, Transaction

What = Literal["opened", "closed", "changed", "assigned", "exercised", "expired"]
_ENDINGS: tuple[tuple[str, What], ...] = (
    ("assign", "assigned"),
    ("exercise", "exercised"),
    ("expir", "expired"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One position before and after: contracts or shares, below 0 short, 0 none."""

    account: str
    symbol: str
    underlying: str
    what: What
    before: Decimal
    after: Decimal

    def __str__(self) -> str:
        """In a few words."""
        quantity = f"{self.before.normalize():f} → {self.after.normalize():f}"
        return f"{self.what}: {self.symbol} ({quantity})"


def changes(
    account: str,
    before: Mapping[str, tuple[str, Decimal]],
    now: Iterable[Position],
    ledger: Iterable[Transaction],
) -> list[Change]:
    """What became of each position; `before` has underlying and quantity by symbol.

    How options ended the `ledger` since then says: so many were assigned, exercised, or expired. The rest of what is
    gone was closed.
    """
    held: dict[str, tuple[str, Decimal]] = {}
    for position in now:
        there = held.get(position.symbol, (position.underlying, Decimal(0)))[1]
        held[position.symbol] = (position.underlying, there + position.quantity)
    endings: dict[str, list[tuple[What, Decimal]]] = {}
    for entry in ledger:
        if entry.symbol is not None and entry.quantity and (what := _ending(entry)) is not None:
            endings.setdefault(entry.symbol, []).append((what, abs(entry.quantity)))
    found = []
    for symbol in sorted(before.keys() | held.keys()):
        underlying, after = held.get(symbol, (before.get(symbol, ("", Decimal(0)))[0], Decimal(0)))
        was = before.get(symbol, (underlying, Decimal(0)))[1]
        if was != after:
            steps = _steps(was, after, endings.get(symbol, ()))
            found += [Change(account, symbol, underlying, *step) for step in steps]
    return found


def _steps(
    before: Decimal, after: Decimal, endings: Iterable[tuple[What, Decimal]]
) -> list[tuple[What, Decimal, Decimal]]:
    """What happened, in order: what ended first, then what was traded."""
    steps: list[tuple[What, Decimal, Decimal]] = []
    there = before
    for what, quantity in endings:
        left = there - min(quantity, abs(there)).copy_sign(there)
        if left != there:
            steps.append((what, there, left))
        there = left
    if there != after:
        steps.append(("opened" if not there else "changed" if after else "closed", there, after))
    return steps


def _ending(entry: Transaction) -> What | None:
    """How an option ended by the ledger; None for anything else, the stock that came of it too."""
    if entry.type.lower() != "receive deliver" or entry.kind != "option":
        return None
    said = entry.sub_type.lower()
    return next((what for word, what in _ENDINGS if word in said), None)
