"""How tables are made and come to their newest shape.

A plugin's tables begin with its name. What changed in them since they first shipped stands in its migrations module:

    STEPS = {"vix_level": ["ALTER TABLE vix_level ADD COLUMN source TEXT", fill_source]}

A step is SQL, a list of SQL, or a function of the `sqlite3.Connection`. It runs once, in a transaction of its own
that it can't end, with foreign keys checked when it is over. Steps are only ever added at the end; a table that isn't
there yet is made in its newest shape.

Imports SQLAlchemy: only through `await warm("ttai.storage.ledger")`.
"""

import logging
import sqlite3
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import Any

from sqlalchemy import Table, event, inspect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Mapper, configure_mappers
from sqlalchemy.orm.interfaces import EXT_SKIP
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel

from ttai.clock import Clock
from ttai.errors import Stopping, TtaiError
from ttai.isolation import ENDS
from ttai.storage.errors import DatabaseNewer, TablesUnusable
from ttai.storage.file import told, transaction

Step = str | list[str] | Callable[[sqlite3.Connection], None]

LEDGER = (
    "CREATE TABLE IF NOT EXISTS core_ledger "
    "(name TEXT PRIMARY KEY, owner TEXT NOT NULL, version INTEGER NOT NULL, applied_at TEXT NOT NULL)"
)

_in_work: dict[str, int] = {}  # packages whose models are being made, each with the thread that does it
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """The tables that one owner declared, and what changed in each."""

    owner: str
    tables: Mapping[str, Table]
    steps: Mapping[str, Sequence[Step]]

    @classmethod
    def of(cls, owner: str, module: str, steps: Mapping[str, Sequence[Step]]) -> "Claim":
        """What the imported `module` says; TablesUnusable where it breaks the rules."""
        tables = {table.name: table for _, table in _models(module)}
        for name in (*tables, *steps):
            if not name.startswith(f"{owner}_"):
                raise TablesUnusable(owner, f"the name of table {name!r} does not begin with {owner}_")
            if isinstance(steps.get(name), str):
                raise TablesUnusable(owner, f"the steps of {name} are no list")
        configure_mappers()  # one that can't be would stop everyone's queries
        return cls(owner, tables, steps)

    def names(self) -> list[str]:
        """Every table it has or once had."""
        return sorted({*self.tables, *self.steps})

    def version(self, name: str) -> int:
        """How many steps a table in its newest shape has behind it."""
        return len(self.steps.get(name, ()))


class Ledger:
    """What each table has been through, and the way to its newest shape; works in a thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        clock: Clock,
        save: Callable[[], object],
        stop: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._path = path
        self._clock = clock
        self._save = save
        self._stop = stop

    def _refuse_newer(self, claim: Claim) -> None:
        """DatabaseNewer where a table of the claim has more steps behind it than the claim knows."""
        rows = self._rows()
        for name in claim.names():
            owner, version = rows.get(name, (claim.owner, 0))
            if owner != claim.owner:
                raise TablesUnusable(claim.owner, f"table {name} belongs to {owner}")
            if version > claim.version(name):
                raise DatabaseNewer(claim.owner)

    def settle(self, claim: Claim) -> None:
        """Make what is missing, then run the steps that are pending."""
        self._refuse_newer(claim)
        if not claim.tables.keys() <= self._present():
            with transaction(self._connection):
                self._connection.execute(LEDGER)
                present = self._present()  # another process may have been quicker
                for name in claim.tables.keys() - present:
                    self._make(claim, name)
        rows = self._rows()
        for name in claim.names():
            if name in rows:
                for number in range(rows[name][1], claim.version(name)):
                    self._advance(claim, name, number)
            elif name in claim.tables:
                raise TablesUnusable(claim.owner, f"table {name} is there, but ttai did not make it", "Rename it")
        for name, table in claim.tables.items():
            there = {row[1] for row in self._connection.execute(f'PRAGMA table_info("{name}")')}
            if lacking := [column.name for column in table.columns if column.name not in there]:
                cure = f"Add a step to STEPS[{name!r}]: ALTER TABLE {name} ADD COLUMN {lacking[0]} …"
                raise TablesUnusable(claim.owner, f"table {name} has no column {', '.join(lacking)}", cure)

    def _rows(self) -> dict[str, tuple[str, int]]:
        if "core_ledger" not in self._present():
            return {}
        found = self._connection.execute("SELECT name, owner, version FROM core_ledger")
        return {name: (owner, version) for name, owner, version in found}

    def _present(self) -> set[str]:
        return {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _make(self, claim: Claim, name: str) -> None:
        table = claim.tables[name]
        clauses: list[CreateTable | CreateIndex] = [CreateTable(table), *map(CreateIndex, table.indexes)]
        for clause in clauses:
            self._connection.execute(str(clause.compile(dialect=sqlite_dialect())))
        self._record(claim, name, claim.version(name))

    def _advance(self, claim: Claim, name: str, number: int) -> None:
        if self._stop():
            raise Stopping
        self._save()
        with transaction(self._connection):
            if self._rows()[name][1] != number:
                return  # another process did it
            try:
                self._run(claim, claim.steps[name][number])
            except (Exception, CancelledError, *ENDS) as error:
                if isinstance(error, sqlite3.Error) and told(error, self._path):
                    raise  # the file's trouble, not the step's
                why = f"step {number + 1} of {name} failed and was undone ({briefly(error)})"
                raise TablesUnusable(claim.owner, why) from error
            self._record(claim, name, number + 1)

    def _run(self, claim: Claim, step: Step) -> None:
        # A COMMIT in a step, `executescript` begins with one, would leave half of it behind after a crash.
        self._connection.set_authorizer(_no_transaction)
        try:
            if callable(step):
                step(self._connection)
            else:
                for statement in [step] if isinstance(step, str) else step:
                    self._connection.execute(statement)
        finally:
            self._connection.set_authorizer(None)
        broken = {table for table, *_ in self._connection.execute("PRAGMA foreign_key_check")}
        if mine := sorted(table for table in broken if table.startswith(f"{claim.owner}_")):
            raise ValueError(f"rows of {mine[0]} point to rows that are not there")

    def _record(self, claim: Claim, name: str, version: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO core_ledger VALUES (?, ?, ?, ?)",
            (name, claim.owner, version, self._clock.now().isoformat()),
        )


def study(owner: str, tables: str, migrations: str | None) -> Claim | TtaiError:
    """Import an owner's modules: its claim, or why there is none. Whatever they raise, nothing is raised here."""
    package = tables.partition(".")[0]
    _in_work[package] = get_ident()
    try:
        import_module(tables)
        steps = import_module(migrations).STEPS if migrations else {}
        return Claim.of(owner, tables, steps)
    except BaseException as error:  # noqa: BLE001 - in a thread: nobody's Ctrl-C, nobody's cancellation
        _log.info("The tables of %s", owner, exc_info=True)
        shut_out(tables)
        return unusable(owner, error)
    finally:
        _in_work.pop(package, None)


@event.listens_for(Mapper, "before_mapper_configured", retval=True)
def _wait_for_the_rest(_: object, model: type) -> Any:
    """Others' queries leave a model alone whose neighbours are not made yet: it would count as broken for good."""
    maker = _in_work.get(model.__module__.partition(".")[0])
    return None if maker in {None, get_ident()} else EXT_SKIP


def unusable(owner: str, error: BaseException) -> TtaiError:
    """Why what an owner's modules did when imported keeps its tables out."""
    if isinstance(error, TtaiError):
        return error
    said = str(error)
    if isinstance(error, InvalidRequestError) and "already defined" in said:
        taken = said.partition(" is already defined")[0]
        return TablesUnusable(
            owner, f"{taken[:1].lower()}{taken[1:]} is another plugin's", "Leave one of the two out with TTAI_PLUGINS"
        )
    return TablesUnusable(owner, briefly(error))


def shut_out(module: str) -> None:
    """Forget the models of a module that can't be used: half a model stops the queries of all others."""
    for model, table in list(_models(module)):
        event.listen(model, "before_mapper_configured", lambda *_: EXT_SKIP, retval=True)
        if SQLModel.metadata.tables.get(table.name) is table:  # the name may be the rightful owner's by now
            SQLModel.metadata.remove(table)


def briefly(error: BaseException) -> str:
    """What went wrong, on one line of bearable length."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:300]


def _models(module: str, above: type = SQLModel) -> Iterator[tuple[type, Table]]:
    # Not the registry's list: it can't be read any more once a class was refused halfway.
    model: type
    for model in above.__subclasses__():
        yield from _models(module, model)
        home = model.__module__
        mapper: Any = inspect(model, raiseerr=False)
        if mapper and (home == module or home.startswith(f"{module}.")) and isinstance(mapper.local_table, Table):
            yield model, mapper.local_table


def _no_transaction(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION else sqlite3.SQLITE_OK
