"""Watchlists kept on this computer, for who has no login: each change is one transaction."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ttai import BadArgument, Host, NotFound

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from ttai_quotes.tables import WatchlistRow


class LocalLists:
    """Lists of symbols by name; capitals make no difference to which list is meant."""

    def __init__(self, host: Host) -> None:
        self._database = host.database

    async def all(self) -> dict[str, list[str]]:
        """Every list, by name."""
        async with self._database.read() as session:
            return {row.name: _symbols(row) for row in await _rows(session)}

    async def create(self, name: str, symbols: Iterable[str]) -> None:
        """Make a list; BadArgument where there is one of that name."""
        async with self._database.write() as session:
            from ttai_quotes.tables import WatchlistRow

            if await _find(session, name) is not None:
                raise BadArgument(f"there is a local watchlist {name!r} already", "Use add to put symbols on it")
            session.add(WatchlistRow(name=name, symbols=",".join(symbols)))

    async def change(self, name: str, add: Iterable[str], remove: Iterable[str]) -> list[str]:
        """Take symbols out, append those that are not in it; what it is then. NotFound where there is none."""
        async with self._database.write() as session:
            row = await _needed(session, name)
            gone = set(remove)
            symbols = list(dict.fromkeys([*(one for one in _symbols(row) if one not in gone), *add]))
            row.symbols = ",".join(symbols)
            session.add(row)
        return symbols

    async def delete(self, name: str) -> None:
        """Delete a list with all that is on it; NotFound where there is none."""
        async with self._database.write() as session:
            await session.delete(await _needed(session, name))


async def _rows(session: "AsyncSession") -> "list[WatchlistRow]":
    from sqlmodel import select

    from ttai_quotes.tables import WatchlistRow

    return sorted(await session.exec(select(WatchlistRow)), key=lambda row: row.name.casefold())


async def _find(session: "AsyncSession", name: str) -> "WatchlistRow | None":
    return next((row for row in await _rows(session) if row.name.casefold() == name.casefold()), None)


async def _needed(session: "AsyncSession", name: str) -> "WatchlistRow":
    if (row := await _find(session, name)) is None:
        raise NotFound(f"there is no local watchlist {name!r}", "get_watchlists lists what there is")
    return row


def _symbols(row: "WatchlistRow") -> list[str]:
    return [symbol for symbol in row.symbols.split(",") if symbol]
