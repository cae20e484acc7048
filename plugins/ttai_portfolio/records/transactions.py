"""The entries of accounts put into an answer: which of them, their sums, the newest rows; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ttai import Transaction, cut
from ttai.quant.symbols import normalize, underlying
from ttai_portfolio.gathering import Gathered
from ttai_portfolio.models.records import TransactionRow, Transactions
from ttai_portfolio.records.periods import Period
from ttai_portfolio.records.wording import as_name, option_of, summed

Type = Literal["trade", "receive_deliver", "money_movement"]
KEPT, MOST = 24, 100  # rows
LONGEST = 90  # characters of a description
MORE = "export_portfolio writes all of them to a file"


@dataclass(frozen=True)
class Wanted:
    """Which entries are meant: of a type, and of an underlying or one contract; None are all."""

    type: Type | None = None
    symbol: str | None = None

    @classmethod
    def of(cls, type_: Type | None, symbol: str | None) -> "Wanted":
        """With the symbol as the project writes it; ValueError for what is none."""
        return cls(type_, None if symbol is None else spelled(symbol))

    def fits(self, one: Transaction) -> bool:
        """Whether an entry is among them."""
        if self.type is not None and as_name(one.type) != self.type:
            return False
        return self.symbol is None or self.symbol in (one.symbol, one.underlying)


def spelled(symbol: str) -> str:
    """An underlying or a contract in the project's spelling; ValueError for what is no symbol."""
    name = normalize(symbol)
    return name if option_of(name) is not None else underlying(name)


def newest_first(entries: Sequence[Transaction]) -> list[Transaction]:
    """The last first; of one moment as the broker numbered them."""
    return sorted(entries, key=lambda one: (one.executed_at, one.id), reverse=True)


def answer(
    read: Gathered[Sequence[Transaction]], wanted: Wanted, days: Period, limit: int | None, now: datetime
) -> Transactions:
    """The whole answer."""
    found = newest_first([one for entries in read.answers.values() for one in entries if wanted.fits(one)])
    most, unread = min(len(found), MOST), read.unread("transactions")
    kept, said = cut(found, keep=limit or KEPT, ask=f"limit={most}", noun="transactions")
    if said and limit and limit >= most:
        said = said.replace(f"ask limit={most}", MORE)
    notes = [said] if said else []
    if len(found) > MOST and kept and MORE not in (said or ""):
        notes.append(MORE)
    blind = bool(unread) and not found  # then nobody knows
    return Transactions.model_validate(
        {
            **read.facts(now),
            "start": days.start,
            "end": days.end,
            "type": wanted.type,
            "symbol": wanted.symbol,
            "count": len(found),
            "value": None if blind else summed(one.value for one in found),
            "fees": None if blind else sum((one.fees for one in found), Decimal(0)),
            "net_value": None if blind else summed(one.net_value for one in found),
            "transactions": [_row(one) for one in kept],
            "notes": [*notes, *days.notes, *read.notes, *unread, *([] if blind else _gaps(found))],
        }
    )


def _row(one: Transaction) -> TransactionRow:
    text = one.description
    return TransactionRow.model_validate(
        {
            **{name: getattr(one, name) for name in _AS_THEY_ARE},
            "transaction_type": one.type,
            "transaction_sub_type": one.sub_type,
            "description": text if len(text) <= LONGEST else text[: LONGEST - 1] + "…",
        }
    )


def _gaps(found: Sequence[Transaction]) -> list[str]:
    """What the sums lack."""
    if not found:
        return ["nothing happened"]
    unknown = sum(one.value is None or one.net_value is None for one in found)
    estimated = sum(one.estimated for one in found)
    return [
        *([f"{unknown} of {len(found)} have no value: the sums are without them"] if unknown else []),
        *([f"fees of {estimated} of them are estimates by the broker's word"] if estimated else []),
    ]


_AS_THEY_ARE = (
    "id", "account", "executed_at", "symbol", "action", "quantity", "price", "value", "fees", "net_value", "order_id",
)  # fmt: skip
