"""Whose tables there are: modules are imported aside, so that one that hangs or raises costs its owner alone."""

import asyncio
import logging
from typing import TYPE_CHECKING

from ttai.errors import TtaiError
from ttai.storage.errors import TablesUnusable
from ttai.warm import aside, warm

if TYPE_CHECKING:
    from ttai.storage.ledger import Claim

CORE = "core"
LONGEST = 15.0  # s an owner's modules may take to be imported

_log = logging.getLogger(__name__)


class Owners:
    """What each owner declared, and what came of it."""

    def __init__(self, longest: float = LONGEST) -> None:
        """`longest` is how many seconds the modules of one owner may take."""
        self._longest = longest
        self._declared: dict[str, tuple[str, str | None]] = {}
        self._over: dict[str, asyncio.Event] = {}
        self.claims: dict[str, Claim] = {}
        self.broken: dict[str, TtaiError] = {}  # they stay out until the next start

    @property
    def guests(self) -> list[str]:
        """All but the core."""
        return [owner for owner in self._declared if owner != CORE]

    def declare(self, owner: str, tables: str, migrations: str | None) -> None:
        """Take note of its modules; nothing is imported here."""
        if owner in self._declared:
            raise ValueError(f"{owner} has declared its tables already")
        self._declared[owner] = (tables, migrations)
        if owner != CORE:
            self._over[owner] = asyncio.Event()

    def is_over(self, owner: str) -> bool:
        """Whether it is known if the owner's tables can be used; the core's are known with the file."""
        return owner not in self._over or self._over[owner].is_set()

    async def over(self, owner: str) -> None:
        """Until that is known."""
        if not self.is_over(owner):
            await self._over[owner].wait()

    def end(self, owner: str) -> None:
        """It is known now."""
        self._over[owner].set()

    async def read(self, owner: str) -> None:
        """Import its modules, once: afterwards it is in `claims` or in `broken`."""
        if owner in self.claims or owner in self.broken:
            return
        ledger = await warm("ttai.storage.ledger")
        tables, migrations = self._declared[owner]
        limit = None if owner == CORE else self._longest
        found: Claim | TtaiError
        try:
            async with asyncio.timeout(limit):
                found = await aside(lambda: ledger.study(owner, tables, migrations), f"tables of {owner}")
        except TimeoutError:
            found = TablesUnusable(owner, f"its modules took longer than {self._longest:g} s to import")
        if isinstance(found, TtaiError):
            self.broken[owner] = found
        else:
            self.claims[owner] = found
