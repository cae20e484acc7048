"""Daily bars in the database, so that a restart does not fetch years of them again."""

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from ttai.errors import TtaiError
from ttai.market.series import frame_of
from ttai.warm import warm

if TYPE_CHECKING:
    import polars as pl

    from ttai.storage.database import Store

PATIENCE = 5.0  # s the database may take: fetching is the other way

_log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """Bars of past days, whole from `since` to before `until` (ms since the epoch)."""

    frame: "pl.DataFrame"
    since: int
    until: int


class Archive:
    """What is kept of each symbol of each origin; a database that can't be used costs the keeping alone."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    async def load(self, origin: str, symbol: str) -> Kept | None:
        """What is kept; None where nothing is, or the database can't say."""
        tables, sql = await warm("ttai.storage.tables"), await warm("sqlmodel")
        span, bar = tables.HistoryRow, tables.BarRow
        columns = [getattr(bar, name) for name in ("time", "open", "high", "low", "close", "volume")]
        query = sql.select(*columns).where(bar.origin == origin, bar.symbol == symbol).order_by(bar.time)
        try:
            async with asyncio.timeout(PATIENCE) as limit, self._store.read() as session:
                known = await session.get(span, (origin, symbol))
                if known is None:
                    return None
                rows = (await (await session.connection()).execute(query)).all()
        except (TtaiError, TimeoutError) as error:
            if not isinstance(error, TtaiError) and not limit.expired():
                raise
            _log.warning("daily bars are fetched, not read: %s", getattr(error, "message", "the database is busy"))
            return None
        return Kept(frame_of([tuple(row) for row in rows]), known.since, known.until)

    async def keep(self, origin: str, symbol: str, new: Kept, *, anew: bool) -> None:
        """Add bars of whole days, or replace what is kept by them (`anew`)."""
        tables, sql = await warm("ttai.storage.tables"), await warm("sqlmodel")
        span, bar = tables.HistoryRow, tables.BarRow
        rows = [{"origin": origin, "symbol": symbol, **row} for row in new.frame.to_dicts()]
        try:
            async with self._store.write() as session:
                connection = await session.connection()
                if anew:
                    await connection.execute(sql.delete(bar).where(bar.origin == origin, bar.symbol == symbol))
                if rows:
                    await connection.execute(sql.insert(bar).prefix_with("OR REPLACE"), rows)
                whole = {"origin": origin, "symbol": symbol, "since": new.since, "until": new.until}
                await connection.execute(sql.insert(span).prefix_with("OR REPLACE"), [whole])
        except TtaiError as error:
            _log.warning("daily bars are not kept: %s", error.message)
