"""Keeps snapshots of all accounts and tells what changed: every few minutes, and whenever the broker says so."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ttai import Account, Host, Position, Transaction, TtaiError
from ttai_portfolio.sync.changes import Change, changes

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

LOOK_BACK = timedelta(days=5)  # a weekend and a holiday: what ended meanwhile is in the ledger
SETTLE = 0.5  # s after the broker told of something: an order has several fills
KEPT = timedelta(days=400)  # of changes
MOST_TOLD = 12  # in one notification


class PositionSync:
    """Snapshots of what is held; the process that runs the jobs listens to the broker, too."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._database = host.database
        self._notifier = host.notifier
        self._clock = host.clock
        self._log = host.log
        self._listening: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Look at all accounts; an account that fails costs itself, all of them the run."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="position_sync")
        await self._all()

    async def _listen(self) -> None:
        """Look again whenever the broker tells of an account, once it is quiet; until the server stops."""
        try:
            async for event in self._broker.changes():
                if event.kind in ("position", "order", "connected"):
                    await asyncio.sleep(SETTLE)
                    await self._all(logging.DEBUG)
        except TtaiError as error:  # the server stops, or the next run listens again
            self._log.debug("the broker is not listened to: %s", error.message)

    async def _all(self, level: int = logging.WARNING) -> None:
        async with self._one:
            origin = await self._broker.origin()
            failures: list[TtaiError] = []
            accounts = await self._broker.accounts()
            for account in accounts:
                try:
                    await self._sync(origin, account)
                except TtaiError as error:
                    self._log.log(level, "%s is not in the snapshot: %s", account.number, error.message)
                    failures.append(error)
            if failures and len(failures) == len(accounts):
                raise failures[0]

    async def _sync(self, origin: str, account: Account) -> None:
        """One account: what it holds now against what it held, and the difference told, all in one transaction."""
        self._broker.forget(account.number)  # entries older than the positions would not say how one ended
        held = await self._broker.positions(account.number)
        if held.unreadable:  # what can't be read would look closed
            self._log.warning("%s has %d positions that can't be read: no snapshot", account.number, held.unreadable)
            return
        ledger = await self._ledger(account)
        async with self._database.write() as session:
            last = await _last_entry(session, origin, account.number)
            since = [entry for entry in ledger if last is not None and entry.id > last]
            known = await _known(session, origin, account.number)
            found = [] if last is None else changes(account.number, known, held, since)
            newest = max((entry.id for entry in ledger), default=0)
            await self._keep(session, origin, account.number, held, max(newest, last or 0))
            if found:
                await self._note(session, origin, found)
                title, body = _told(account, found)
                data = {"account": account.number, "changes": [str(change) for change in found]}
                await self._notifier.send(title, body, kind="position_update", data=data, session=session)

    async def _ledger(self, account: Account) -> Sequence[Transaction]:
        today = self._clock.new_york().date()
        try:
            return await self._broker.transactions(account.number, today - LOOK_BACK, today)
        except TtaiError as error:
            self._log.info("how options of %s ended is not known: %s", account.number, error.message)
            return []

    async def _keep(
        self, session: "AsyncSession", origin: str, account: str, held: Sequence[Position], last: int
    ) -> None:
        """Put a snapshot in the place of the one before."""
        from sqlmodel import col, delete

        from ttai_portfolio.tables import PositionRow, SnapshotRow

        there = (col(PositionRow.origin) == origin, col(PositionRow.account) == account)
        await session.exec(delete(PositionRow).where(*there))
        sums: dict[str, Decimal] = {}
        rows: dict[str, PositionRow] = {}
        for one in held:
            sums[one.symbol] = sums.get(one.symbol, Decimal(0)) + one.quantity
            price = one.average_open_price
            rows[one.symbol] = PositionRow(
                origin=origin, account=account, symbol=one.symbol, underlying=one.underlying,
                quantity=str(sums[one.symbol]), average_open_price=None if price is None else str(price),
            )  # fmt: skip
        session.add_all(rows.values())
        await session.merge(SnapshotRow(origin=origin, account=account, seen_at=self._clock.now(), last_entry=last))

    async def _note(self, session: "AsyncSession", origin: str, found: Sequence[Change]) -> None:
        """Write changes down, and forget those of long ago."""
        from sqlmodel import col, delete

        from ttai_portfolio.tables import ChangeRow

        now = self._clock.now()
        session.add_all(
            ChangeRow(
                origin=origin, account=change.account, seen_at=now, symbol=change.symbol,
                underlying=change.underlying, what=change.what, before=str(change.before), after=str(change.after),
            )
            for change in found
        )  # fmt: skip
        await session.exec(delete(ChangeRow).where(col(ChangeRow.seen_at) < now - KEPT))


async def _last_entry(session: "AsyncSession", origin: str, account: str) -> int | None:
    """The last entry of an account's ledger that was seen; None where the account never was."""
    from ttai_portfolio.tables import SnapshotRow

    row = await session.get(SnapshotRow, (origin, account))
    return None if row is None else row.last_entry


async def _known(session: "AsyncSession", origin: str, account: str) -> dict[str, tuple[str, Decimal]]:
    """Underlying and quantity by symbol of the last snapshot."""
    from sqlmodel import select

    from ttai_portfolio.tables import PositionRow

    wanted = select(PositionRow).where(PositionRow.origin == origin, PositionRow.account == account)
    return {row.symbol: (row.underlying, Decimal(row.quantity)) for row in await session.exec(wanted)}


def _told(account: Account, found: Sequence[Change]) -> tuple[str, str]:
    """Title and body of what the user is told; an assignment first."""
    order = ("assigned", "exercised", "expired", "closed", "opened", "changed")
    ranked = sorted(found, key=lambda change: order.index(change.what))
    lines = [str(change) for change in ranked[:MOST_TOLD]]
    if len(ranked) > MOST_TOLD:
        lines.append(f"and {len(ranked) - MOST_TOLD} more")
    name = f"{account.number} {account.nickname}".rstrip()
    counts = Counter(change.what for change in ranked)
    return f"{name}: {', '.join(f'{count} {what}' for what, count in counts.items())}", "\n".join(lines)
