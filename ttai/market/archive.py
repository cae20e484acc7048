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

DAY_MS = 86_400_000
RECENT = 7 * DAY_MS  # days that may still be corrected
PATIENCE = 5.0  # s the database may take: fetching is the other way

_log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """Bars of past days, whole from `since` to before `until` (ms since the epoch)."""

    frame: "pl.DataFrame"
    since: int
    until: int
    simulated: bool


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
        return Kept(frame_of([tuple(row) for row in rows]), known.since, known.until, known.simulated)

    async def keep(self, origin: str, symbol: str, days: Kept, *, anew: bool) -> bool:
        """Add these days to what is kept, or replace it (`anew`); whether that was done.

        What is kept is read in the same transaction: another process may have written meanwhile. Days that do not
        adjoin it replace it, so that what is kept is never with a hole.
        """
        tables, sql = await warm("ttai.storage.tables"), await warm("sqlmodel")
        span, bar = tables.HistoryRow, tables.BarRow
        try:
            async with self._store.write() as session:
                connection = await session.connection()
                known = await session.get(span, (origin, symbol))
                frame, since, until, simulated = days
                if known and not anew and known.since <= until and since <= known.until:
                    frame = _without(frame, known.since, known.until - RECENT)
                    since, until = min(since, known.since), max(until, known.until)
                else:
                    await connection.execute(sql.delete(bar).where(bar.origin == origin, bar.symbol == symbol))
                if rows := [{"origin": origin, "symbol": symbol, **row} for row in frame.to_dicts()]:
                    await connection.execute(sql.insert(bar).prefix_with("OR REPLACE"), rows)
                whole = {
                    "origin": origin, "symbol": symbol, "since": since, "until": until, "simulated": simulated,
                }  # fmt: skip
                await connection.execute(sql.insert(span).prefix_with("OR REPLACE"), [whole])
        except TtaiError as error:
            _log.warning("daily bars are not kept: %s", error.message)
            return False
        return True


def _without(frame: "pl.DataFrame", since: int, until: int) -> "pl.DataFrame":
    """The bars before and after a span."""
    import polars as pl

    return frame.filter(~pl.col("time").is_between(since, until, closed="left"))
