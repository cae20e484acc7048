"""Records as tables: one row each, every fact of it in a column; pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from ttai import Account, Balances, NetLiq, PlacedOrder, Position, Transaction
from ttai.quant.portfolio.lots import Realised
from ttai_portfolio.lines import Line
from ttai_portfolio.performance.results import Results
from ttai_portfolio.records.orders import average, done

Kind = Literal["text", "whole", "decimal", "number", "flag", "day", "moment"]
_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "flag"), (int, "whole"), (Decimal, "decimal"), (float, "number"), (datetime, "moment"), (date, "day"),
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of plain values under named columns; what kind of value stands in each."""

    columns: Mapping[str, Kind]
    rows: Sequence[Mapping[str, Any]]


def table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Table:
    """A table of these columns, what is no number left out; a column without any value is of text."""
    known = [{name: _known(row.get(name)) for name in names} for row in rows]
    return Table({name: _kind(row[name] for row in known) for name in names}, known)


def transactions(entries: Iterable[Transaction]) -> Table:
    """Every entry with all of its fees."""
    names = [field.name for field in fields(Transaction)]
    place = names.index("net_value")
    names[place:place] = ["fees"]
    return table([{name: getattr(one, name) for name in names} for one in entries], names)


def balances(each: Iterable[Balances]) -> Table:
    """An account a row."""
    names = [field.name for field in fields(Balances)]
    return table([{name: getattr(one, name) for name in names} for one in each], names)


def positions(lines: Iterable[Line]) -> Table:
    """A position a row, with its mark, its value and its greeks."""
    held = [field.name for field in fields(Position)]
    own = ["cost", "value", "pnl_day", "pnl_open", "dte", "distance_percent"]
    greeks = ["delta", "gamma", "theta", "vega"]
    rows = [
        {
            **{name: getattr(one.position, name) for name in held},
            "mark": one.mark and one.mark.price,
            "mark_of": one.mark and one.mark.whose,
            "stale": one.mark and one.mark.stale,
            **{name: getattr(one, name) for name in own},
            "underlying_price": one.spot,
            "iv": one.contract and one.contract.iv,
            **{name: one.greek(name) for name in greeks},  # type: ignore[arg-type]
        }
        for one in lines
    ]
    return table(rows, [*held, "mark", "mark_of", "stale", *own, "underlying_price", "iv", *greeks])


def orders(each: Iterable[PlacedOrder]) -> Table:
    """A leg a row, with what its order says."""
    whole = [field.name for field in fields(PlacedOrder) if field.name != "legs"]
    rows = [
        {
            **{name: getattr(one, name) for name in whole},
            "leg": number,
            "symbol": leg.symbol,
            "quantity": leg.quantity,
            "opening": leg.opening,
            "filled": done(leg),
            "average_price": average(leg),
        }
        for one in each
        for number, leg in enumerate(one.legs, 1)
    ]
    return table(rows, [*whole, "leg", "symbol", "quantity", "opening", "filled", "average_price"])


def net_liq(histories: Mapping[str, Sequence[NetLiq]]) -> Table:
    """A stretch of time of an account a row."""
    names = [field.name for field in fields(NetLiq)]
    rows = [
        {"account": account, **{name: getattr(one, name) for name in names}}
        for account, each in histories.items()
        for one in each
    ]
    return table(rows, ["account", *names])


def performance(accounts: Mapping[str, Results]) -> Table:
    """A close a row, with its opening; what has none says why."""
    names = [
        "symbol", "quantity", "kind", "opened_at", "closed_at", "closed_on", "open_price", "close_price", "gross",
        "fees", "net", "open_order_id", "close_order_id", "unmatched",
    ]  # fmt: skip
    rows = []
    for account, made in accounts.items():
        for trade in made.trades:
            whose = {"underlying": trade.underlying, "strategy": trade.name, "section_1256": trade.is_1256}
            rows += [{"account": account, **whose, **_close(one, names)} for one in trade.records]
        rows += [{"account": account, **_close(one, names)} for one in made.unmatched]
    rows.sort(key=lambda row: row["closed_at"])
    return table(rows, ["account", "underlying", "strategy", *names, "section_1256"])


def file_name(what: str, accounts: Sequence[Account], now: datetime, ending: str) -> str:
    """What a file is called: what is in it, whose it is, when."""
    numbers = "-".join(one.number for one in accounts) if len(accounts) <= 3 else f"{len(accounts)}-accounts"
    return f"{what}-{numbers}-{now:%Y%m%dT%H%M%SZ}.{ending}"


def _facts(one: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _close(one: Realised, names: Sequence[str]) -> dict[str, Any]:
    """A close without the prices of a future: it is booked by what it was settled with."""
    facts = _facts(one, names)
    return {**facts, "open_price": None, "close_price": None} if one.symbol.lstrip(".").startswith("/") else facts


def _known(value: Any) -> Any:
    return None if isinstance(value, float | Decimal) and not math.isfinite(value) else value


def _kind(values: Iterable[Any]) -> Kind:
    first = next((value for value in values if value is not None), None)
    return next((kind for type_, kind in _KINDS if isinstance(first, type_)), "text")
