"""An account's transactions as the broker writes them, and the questions that can be asked of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from ttai.clock import NEW_YORK
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.ledger import MONEY, TRADE, Entry


class Query(NamedTuple):
    """What a query string asks for: single values, lists, and the order."""

    values: Mapping[str, str]
    lists: Mapping[str, list[str]]

    def said(self, key: str) -> str | None:
        """A single value; None where it isn't asked for."""
        return self.values.get(key) or None

    def day(self, key: str) -> date | None:
        """A date; ValueError for what is none."""
        return None if (value := self.said(key)) is None else date.fromisoformat(value[:10])

    def moment(self, key: str) -> float | None:
        """A moment, in seconds since the epoch; ValueError for what is none."""
        if (value := self.said(key)) is None:
            return None
        # a plus sign that nobody escaped is a space by now
        moment = datetime.fromisoformat(value.replace(" 0", "+0") if "T" in value else value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    def within(self, at: float) -> bool:
        """Whether a moment is in the asked time; ValueError for dates that are none."""
        day = datetime.fromtimestamp(at, NEW_YORK).date()
        start, end, since, until = (
            self.day("start-date"),
            self.day("end-date"),
            *map(self.moment, ("start-at", "end-at")),
        )
        return (
            (start is None or day >= start)
            and (end is None or day <= end)
            and (since is None or at >= since)
            and (until is None or at <= until)
        )


def asked(entries: Sequence[Entry], query: Query) -> list[Entry]:
    """The entries a query is about, newest first unless it says Asc; ValueError for what it can't ask."""
    exact: dict[str, Callable[[Entry], str | None]] = {
        "type": lambda entry: entry.type,
        "symbol": lambda entry: entry.asset and entry.asset.symbol,
        "underlying-symbol": lambda entry: entry.asset and entry.asset.underlying,
        "instrument-type": lambda entry: entry.asset and entry.asset.kind,
        "futures-symbol": lambda entry: entry.asset and entry.asset.symbol,
        "action": lambda entry: entry.action,
    }
    wanted = {key: value for key in exact if (value := query.said(key)) is not None}
    types, sub_types = query.lists.get("types", []), query.lists.get("sub-type", [])
    found = [
        entry
        for entry in entries
        if all(exact[key](entry) == value for key, value in wanted.items())
        and (not types or entry.type in types)
        and (not sub_types or entry.sub_type in sub_types)
        and query.within(entry.at)
    ]
    sort = query.said("sort") or "Desc"
    if sort not in ("Asc", "Desc"):
        raise ValueError("sort is Asc or Desc")
    return found if sort == "Asc" else found[::-1]


def transaction_row(number: str, entry: Entry) -> Json:
    """One transaction."""
    at = datetime.fromtimestamp(entry.at, UTC)
    row = {
        "id": entry.id,
        "account-number": number,
        "executed-at": at.isoformat(timespec="milliseconds"),
        "transaction-date": f"{at.astimezone(NEW_YORK).date()}",
        "transaction-type": entry.type,
        "transaction-sub-type": entry.sub_type,
        "description": entry.description,
        **_signed("value", entry.value),
        **_signed("net-value", entry.net),
        "is-estimated-fee": entry.type == TRADE,
    }
    if (asset := entry.asset) is not None:
        row |= {"symbol": asset.symbol, "instrument-type": asset.kind, "underlying-symbol": asset.underlying}
    if entry.type == MONEY:
        return row
    taken = entry.fees
    return row | {
        "action": entry.action,
        "quantity": f"{abs(entry.change).normalize():f}",
        "price": f"{_price(entry)}",
        **_signed("commission", -taken.commission),
        **_signed("clearing-fees", -taken.clearing),
        **_signed("regulatory-fees", -taken.regulatory),
        **_signed("proprietary-index-option-fees", -taken.proprietary),
        "order-id": entry.order,
        "leg-count": entry.legs,
    }


def _price(entry: Entry) -> Decimal | None:
    """A cash settlement is told at the strike, whatever it paid."""
    if entry.sub_type.startswith("Cash Settled") and entry.asset is not None:
        return Decimal(str(entry.asset.strike))
    return entry.price


def total_fees(entries: Sequence[Entry], day: date) -> Json:
    """All fees of a date."""
    of_day = (entry for entry in entries if datetime.fromtimestamp(entry.at, NEW_YORK).date() == day)
    return _signed("total-fees", -sum((entry.fees.total for entry in of_day), Decimal(0)))


def _signed(name: str, value: Decimal) -> Json:
    """Dollars without a sign, and which way they went beside them."""
    return {name: f"{abs(value)}", f"{name}-effect": "Debit" if value < 0 else "Credit" if value else "None"}
