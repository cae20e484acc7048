"""Tables as the bytes of files; pure."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, localcontext
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from ttai.quant.calendar import NEW_YORK
from ttai_portfolio.exports.tables import Kind, Table

if TYPE_CHECKING:
    import polars as pl

Format = Literal["csv", "parquet", "json"]
_PLACES = Decimal("0.00000001")
_LARGEST = Decimal(10) ** 29  # what has more digits before the point is a float in parquet
_MOST = 2**63 - 1  # what is larger is a text in parquet
_FORMULA = ("=", "+", "-", "@")


def csv(table: Table) -> bytes:
    """With a header; nothing where a value is unknown, times with New York's offset.

    The broker's decimals are there digit by digit, what was worked out in 10 digits. A text that a spreadsheet would
    take for a formula has an apostrophe in front.
    """
    import polars as pl

    cells = {
        name: pl.Series(name, [_written(row.get(name), kind) for row in table.rows], pl.String)
        for name, kind in table.columns.items()
    }
    return pl.DataFrame(cells).write_csv().encode()


def jsons(table: Table) -> bytes:
    """A list of objects, one a line; numbers are JSON's, as `csv` has them."""
    lines = [
        "{" + ", ".join(f"{json.dumps(name)}: {_said(row.get(name))}" for name in table.columns) + "}"
        for row in table.rows
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode() if lines else b"[]\n"


def parquet(table: Table) -> bytes:
    """Typed columns: decimals of 8 places, times of New York."""
    import polars as pl

    frame = pl.DataFrame([_column(name, kind, table) for name, kind in table.columns.items()])
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


FORMATS: Mapping[Format, Callable[[Table], bytes]] = {"csv": csv, "json": jsons, "parquet": parquet}


def _written(value: Any, kind: Kind) -> str | None:
    """A cell of a csv file."""
    if value is None:
        return None
    if kind == "text":
        text = str(value)
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return _digits(value)


def _said(value: Any) -> str:
    """A value as JSON."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value)
    return _digits(value) if isinstance(value, bool | int | float | Decimal) else json.dumps(_digits(value))


def _digits(value: Any) -> str:
    """What is no text, written out; a moment with New York's offset."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, datetime):
        return _local(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _local(at: datetime) -> datetime:
    try:
        return at.astimezone(NEW_YORK)
    except OverflowError:  # the first or the last day there is
        return at


def _column(name: str, kind: Kind, table: Table) -> "pl.Series":
    import polars as pl

    values = [row.get(name) for row in table.rows]
    if kind == "decimal":
        return _decimals(name, values)
    if kind == "moment":
        utc = pl.Series(name, values, pl.Datetime("us", "UTC"))
        return utc.dt.convert_time_zone(str(NEW_YORK))
    if kind == "whole" and any(value is not None and abs(value) > _MOST for value in values):
        return pl.Series(name, [None if value is None else str(value) for value in values], pl.String)
    types = {"whole": pl.Int64, "number": pl.Float64, "flag": pl.Boolean, "day": pl.Date, "text": pl.String}
    return pl.Series(name, values if kind != "text" else [value and str(value) for value in values], types[kind])


def _decimals(name: str, values: list[Decimal | None]) -> "pl.Series":
    import polars as pl

    known = [value for value in values if value is not None]
    if any(abs(value) >= _LARGEST for value in known):
        return pl.Series(name, [None if value is None else float(value) for value in values], pl.Float64)
    with localcontext(prec=40):
        exact = [None if value is None else value.quantize(_PLACES) for value in values]
    return pl.Series(name, exact, pl.Decimal(38, 8))
