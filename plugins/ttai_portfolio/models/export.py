"""The answer about a file that was written."""

from datetime import date
from typing import Literal

from ttai_portfolio.models.records import Records

What = Literal["positions", "balances", "transactions", "orders", "net_liq", "performance"]


class Export(Records):
    """A new file on this machine, of the user's alone: `columns` in its order; `path` None where there was nothing to
    write."""

    what: What
    format: str
    start: date | None
    end: date | None
    path: str | None
    rows: int
    columns: list[str]
    bytes: int
