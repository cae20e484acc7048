"""The database, through real files: who may write what, how tables change, what is said when it can't be used."""

# ruff: noqa: ASYNC240, PT012, S608 - files are the subject, transactions are blocks, SQL is made up

import asyncio
import importlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlmodel import SQLModel, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from ttai import warm
from ttai.clock import NEW_YORK, deadline
from ttai.errors import Stopping
from ttai.storage.backups import restore
from ttai.storage.database import Database
from ttai.storage.errors import (
    DatabaseDamaged,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseUnavailable,
    DatabaseUnwritable,
    DiskFull,
    TablesUnusable,
)
from ttai.storage.file import connect
from ttai.storage.ledger import Claim, Ledger, shut_out
from ttai.storage.tables import JobRow, NotificationRow
from ttai.testing import FrozenClock

LEVEL = """
    from sqlmodel import Field, SQLModel

    class Level(SQLModel, table=True):
        __tablename__ = "vix_level"
        id: int | None = Field(default=None, primary_key=True)
        value: float
"""
LEVEL_2 = LEVEL + "        source: str = Field(index=True, sa_column_kwargs={'server_default': 'cboe'})\n"
GROW = "ALTER TABLE vix_level ADD COLUMN source TEXT NOT NULL DEFAULT 'cboe'"
INDEX = "CREATE INDEX ix_vix_level_source ON vix_level (source)"
STEPS_2 = f'STEPS = {{"vix_level": [["{GROW}", "{INDEX}"]]}}'


class Modules:
    """Importable modules of plugins, forgotten when an update replaces them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: list[str] = []
        folder.mkdir()

    def lay(self, source: str) -> str:
        name = f"trial_{uuid4().hex}"
        (self.folder / f"{name}.py").write_text(dedent(source), "utf-8")
        self._names.append(name)
        return name

    def forget(self) -> None:
        for name in self._names:
            shut_out(name)
            sys.modules.pop(name, None)
            warm._loaded.pop(name, None)
        self._names.clear()


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Modules]:
    laid = Modules(tmp_path / "modules")
    monkeypatch.syspath_prepend(str(laid.folder))
    yield laid
    laid.forget()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "my home #1 50%20?"


@asynccontextmanager
async def opened(
    home: Path, clock: FrozenClock | None = None, patience: float = 0.1, /, **owners: tuple[str, ...]
) -> AsyncIterator[Database]:
    """A database as one process has it, with the modules of each owner declared."""
    database = Database(home, clock or FrozenClock(), patience=patience)
    for owner, names in owners.items():
        database.declare(owner, *names)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def plain(home: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What another program sees of the file, or does to it."""
    with closing(sqlite3.connect(home / "ttai.db", timeout=1)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def versions(home: Path) -> dict[str, int]:
    return dict(plain(home, "SELECT name, version FROM core_ledger WHERE owner != 'core'"))


async def run(session: AsyncSession, sql: str) -> list[tuple[Any, ...]]:
    result = await (await session.connection()).exec_driver_sql(sql)
    return [tuple(row) for row in result] if result.returns_rows else []


async def add_job(database: Database, name: str) -> None:
    async with database.of("core").write() as session:
        session.add(JobRow(name=name))


async def jobs(database: Database) -> list[str]:
    async with database.of("core").read() as session:
        return list(await session.exec(select(JobRow.name).order_by(JobRow.name)))


async def levels(database: Database) -> list[tuple[Any, ...]]:
    async with database.of("vix").read() as session:
        return await run(session, "SELECT * FROM vix_level ORDER BY id")


async def put_level(database: Database, value: float) -> None:
    async with database.of("vix").write() as session:
        await run(session, f"INSERT INTO vix_level (value) VALUES ({value})")


class TestSessions:
    async def test_what_one_process_wrote_another_reads(self, home: Path) -> None:
        async with opened(home) as one, opened(home) as other:
            assert one.problems == {}
            await add_job(one, "sync")
            assert await jobs(other) == ["sync"]
        assert {path.name: path.stat().st_mode & 0o777 for path in home.glob("ttai.db*")} == {"ttai.db": 0o600}
        assert home.stat().st_mode & 0o777 == 0o700

    async def test_moments_come_back_aware_in_utc(self, home: Path) -> None:
        moment = datetime(2026, 7, 1, 16, 0, 0, 250_000, tzinfo=NEW_YORK)
        async with opened(home) as database:
            async with database.of("core").write() as session:
                session.add(JobRow(name="a", last_run=moment))
                session.add(JobRow(name="b"))
            async with database.of("core").read() as session:
                back, never = await session.exec(select(JobRow.last_run).order_by(JobRow.name))
                earlier = select(JobRow.name).where(col(JobRow.last_run) <= moment)
                assert list(await session.exec(earlier)) == ["a"]
            assert (back, never) == (moment, None)
            assert back is not None
            assert back.tzinfo is UTC
            with pytest.raises(StatementError, match="no time zone"):
                async with database.of("core").write() as session:
                    session.add(JobRow(name="c", last_run=datetime(2026, 7, 1)))  # noqa: DTZ001

    async def test_a_failure_inside_undoes_all_of_it(self, home: Path) -> None:
        async with opened(home) as database:
            with pytest.raises(LookupError):
                async with database.of("core").write() as session:
                    session.add(JobRow(name="sync"))
                    await session.flush()
                    raise LookupError
            assert await jobs(database) == []

    async def test_a_cancelled_write_is_undone_and_the_next_one_works(self, home: Path) -> None:
        async with opened(home) as database:
            wrote = asyncio.Event()

            async def write() -> None:
                async with database.of("core").write() as session:
                    session.add(JobRow(name="half"))
                    await session.flush()
                    wrote.set()
                    await asyncio.Event().wait()

            writing = asyncio.create_task(write())
            await wrote.wait()
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            await add_job(database, "whole")
            assert await jobs(database) == ["whole"]

    async def test_a_write_cancelled_in_the_middle_of_a_statement_leaves_no_lock(self, home: Path) -> None:
        count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
        async with opened(home) as database:
            begun = asyncio.Event()

            async def write() -> None:
                async with database.of("core").write() as session:
                    session.add(JobRow(name="half"))
                    await session.flush()
                    begun.set()
                    await run(session, count)

            writing = asyncio.create_task(write())
            await begun.wait()
            await asyncio.sleep(0)  # the statement is on its way
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            await add_job(database, "whole")
            assert await jobs(database) == ["whole"]

    async def test_fifty_writers_of_two_processes_lose_nothing(self, home: Path) -> None:
        async with opened(home, None, 10) as one, opened(home, None, 10) as other:
            await add_job(one, "sync")

            async def fail_once_more(database: Database) -> None:
                async with database.of("core").write() as session:
                    job = (await session.exec(select(JobRow))).one()
                    job.failures += 1

            await asyncio.gather(*(fail_once_more(database) for database in [one, other] * 25))
            async with one.of("core").read() as session:
                assert (await session.exec(select(JobRow.failures))).one() == 50

    async def test_a_read_sees_one_moment(self, home: Path) -> None:
        async with opened(home) as database:
            async with database.of("core").read() as session:
                count = select(func.count()).select_from(JobRow)
                assert (await session.exec(count)).one() == 0
                await add_job(database, "sync")
                assert (await session.exec(count)).one() == 0
            assert await jobs(database) == ["sync"]

    async def test_a_read_never_writes_and_that_is_the_callers_mistake(self, home: Path) -> None:
        async with opened(home) as database:
            with pytest.raises(OperationalError, match="readonly"):
                async with database.of("core").read() as session:
                    session.add(JobRow(name="sync"))
                    await session.flush()
            assert database.problems == {}
            assert await jobs(database) == []

    async def test_a_broken_constraint_is_the_callers_to_handle(self, home: Path) -> None:
        async with opened(home) as database:
            await add_job(database, "sync")
            with pytest.raises(IntegrityError):
                await add_job(database, "sync")

    async def test_what_was_written_stays_readable_and_ids_are_never_given_again(self, home: Path) -> None:
        async with opened(home) as database:
            ids = []
            for uid in "ab":
                async with database.of("core").write() as session:
                    row = NotificationRow(
                        uid=uid, notification_type="info", title="t", body="b", created_at=FrozenClock().now()
                    )
                    session.add(row)
                ids.append(row.id)
                async with database.of("core").write() as session:
                    await session.delete(row)
            assert ids == [1, 2]

    async def test_a_write_in_a_write_is_refused_instead_of_waiting_for_itself(self, home: Path) -> None:
        async with opened(home) as database, database.of("core").write():
            with pytest.raises(RuntimeError, match="inside"):
                async with database.of("core").write():
                    pass

    async def test_who_waits_for_a_turn_waits_no_longer_than_its_call_may_take(self, home: Path) -> None:
        async with opened(home) as database:

            async def late() -> None:
                with deadline(0.05):
                    await add_job(database, "late")

            async with database.of("core").write():
                with pytest.raises(DatabaseLocked):
                    await asyncio.create_task(late())
            await add_job(database, "next")
            assert await jobs(database) == ["next"]

    async def test_its_own_transaction_is_not_cut_short(self, home: Path) -> None:
        async with opened(home) as database:
            with deadline(0.5):
                async with database.of("core").write() as session:
                    session.add(JobRow(name="slow"))
                    await asyncio.sleep(0.55)  # what is over can't be waited for otherwise
            assert await jobs(database) == ["slow"]

    async def test_a_timeout_inside_stays_the_callers(self, home: Path) -> None:
        async with opened(home) as database:
            with pytest.raises(TimeoutError, match="mine"):
                async with database.of("core").read():
                    raise TimeoutError("mine")


class TestOpening:
    async def test_whoever_needs_it_first_opens_it(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        writing = asyncio.create_task(add_job(database, "early"))
        waiting = asyncio.create_task(database.ready())
        await asyncio.gather(writing, waiting)
        assert await jobs(database) == ["early"]
        await database.close()

    async def test_they_wait_no_longer_than_the_call_may_take(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        with deadline(0):
            with pytest.raises(DatabaseUnavailable, match="still being opened"):
                await database.ready()
            with pytest.raises(DatabaseUnavailable, match="still being opened"):
                await jobs(database)
        assert await jobs(database) == []  # it was opened all the same
        await database.close()

    async def test_closed_it_is_closed_for_those_who_still_write_too(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        await database.open()
        wrote = asyncio.Event()

        async def stuck() -> None:
            async with database.of("core").write() as session:
                session.add(JobRow(name="half"))
                await session.flush()
                wrote.set()
                await asyncio.Event().wait()

        writing = asyncio.create_task(stuck())
        await wrote.wait()
        await database.close(seconds=0.05)
        assert not (home / "ttai.db-wal").exists()  # the last connection took it along
        assert plain(home, "SELECT * FROM core_job") == []
        with pytest.raises(Stopping):
            await jobs(database)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

    async def test_who_is_about_to_finish_may(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        await database.open()
        wrote = asyncio.Event()

        async def short() -> None:
            async with database.of("core").write() as session:
                session.add(JobRow(name="whole"))
                wrote.set()
                await asyncio.sleep(0.01)

        writing = asyncio.create_task(short())
        await wrote.wait()
        await database.close(seconds=5)
        await writing
        assert plain(home, "SELECT name FROM core_job") == [("whole",)]

    async def test_closed_before_it_was_open_it_leaves_nothing_behind(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        opening = asyncio.create_task(database.open())
        await asyncio.sleep(0)
        await database.close()
        await opening
        with pytest.raises(Stopping):
            await jobs(database)

    async def test_closing_does_not_wait_for_another_process(self, home: Path) -> None:
        from filelock import FileLock

        home.mkdir()
        with FileLock(home / "database.lock"):
            database = Database(home, FrozenClock(), patience=60)
            opening = asyncio.create_task(database.open())
            await asyncio.wait([opening], timeout=0.1)
            begun = monotonic()
            await database.close()
            assert monotonic() - begun < 1
            await opening
        assert not (home / "ttai.db").exists()

    async def test_an_owner_declares_once(self, home: Path) -> None:
        database = Database(home, FrozenClock())
        database.declare("vix", "ttai_vix.tables")
        with pytest.raises(ValueError, match="vix has declared"):
            database.declare("vix", "ttai_vix.more")


class TestTheFile:
    async def test_it_is_for_its_owners_eyes(self, home: Path) -> None:
        home.mkdir()
        (home / "ttai.db").touch(0o644)
        async with opened(home) as database:
            await add_job(database, "sync")
            assert {path.stat().st_mode & 0o777 for path in home.glob("ttai.db*")} == {0o600}

    async def test_locked_by_another_program(self, home: Path) -> None:
        async with opened(home) as database:
            with closing(sqlite3.connect(home / "ttai.db", isolation_level=None)) as browser:
                browser.execute("BEGIN IMMEDIATE")
                with pytest.raises(DatabaseLocked, match="DATABASE: another program") as locked:
                    await add_job(database, "sync")
                assert locked.value.retryable
                assert await jobs(database) == []  # reading goes on
                browser.execute("ROLLBACK")
            await add_job(database, "sync")
            assert database.problems == {}

    async def test_locked_when_it_is_opened_it_is_tried_again(self, home: Path) -> None:
        clock = FrozenClock()
        home.mkdir()
        with closing(sqlite3.connect(home / "ttai.db", isolation_level=None)) as browser:
            browser.execute("BEGIN EXCLUSIVE")
            async with opened(home, clock) as database:
                assert "locked" in database.problems[""]
                assert database.of("vix").problem == database.problems[""]
                browser.execute("ROLLBACK")
                with pytest.raises(DatabaseLocked):
                    await jobs(database)  # not every call tries
                clock.advance(5)
                assert await jobs(database) == []
                assert database.problems == {}

    async def test_another_ttai_at_work_on_it_is_waited_for(self, home: Path) -> None:
        from filelock import FileLock

        home.mkdir()
        clock = FrozenClock()
        with FileLock(home / "database.lock"):
            async with opened(home, clock) as database:
                assert "another ttai" in database.problems[""]
        async with opened(home, clock) as database:
            assert database.problems == {}

    async def test_a_full_disk_costs_the_write_and_no_more(self, home: Path) -> None:
        async with opened(home) as database:
            with pytest.raises(DiskFull, match="is full"):
                async with database.of("core").write() as session:
                    await run(session, "PRAGMA max_page_count = 1")  # as many as there are
                    session.add(JobRow(name="big", last_error="x" * 200_000))
            assert "is full" in database.problems[""]  # until a write succeeds
            assert await jobs(database) == []  # which is no reason not to read
            async with database.of("core").write() as session:
                await run(session, "PRAGMA max_page_count = 100000")
            assert await jobs(database) == []
            await add_job(database, "sync")
            assert database.problems == {}

    async def test_a_disk_that_is_full_while_tables_change_leaves_the_old_ones(
        self, home: Path, modules: Modules, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(home, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
        modules.forget()
        clock = FrozenClock()
        steps = modules.lay(f"""
            import os

            def grow(connection):
                connection.execute("{GROW}")
                if "TRIAL_FULL" in os.environ:
                    connection.execute("PRAGMA max_page_count = 1")
                connection.execute("UPDATE vix_level SET source = ?", ("x" * 200_000,))

            STEPS = {{"vix_level": [grow]}}
        """)
        monkeypatch.setenv("TRIAL_FULL", "1")
        async with opened(home, clock, vix=(modules.lay(LEVEL_2), steps)) as database:
            assert "is full" in database.problems["vix"]
            assert "is full" in database.problems[""]
            assert await jobs(database) == []
            assert plain(home, "SELECT * FROM vix_level") == [(1, 21.0)]
            monkeypatch.delenv("TRIAL_FULL")
            clock.advance(5)
            assert len((await levels(database))[0][2]) == 200_000
        assert len(list((home / "backups").iterdir())) == 1

    async def test_a_data_dir_that_can_not_be_one_is_named_and_tried_again(self, home: Path) -> None:
        clock = FrozenClock()
        home.write_text("a file")
        async with opened(home, clock) as database:
            assert str(home) in database.problems[""]
            assert "--data-dir" in database.problems[""]
            with pytest.raises(DatabaseUnwritable):
                await jobs(database)
            assert home.read_text() == "a file"
            home.unlink()
            clock.advance(5)
            assert await jobs(database) == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
    async def test_a_read_only_file_is_reported(self, home: Path) -> None:
        async with opened(home) as database:
            await add_job(database, "sync")
        (home / "ttai.db").chmod(0o400)
        clock = FrozenClock()
        async with opened(home, clock) as database:
            assert "read-only" in database.problems[""]
            (home / "ttai.db").chmod(0o600)
            clock.advance(5)
            assert await jobs(database) == ["sync"]

    async def test_a_file_that_vanishes_is_made_anew_when_it_is_noticed(self, home: Path) -> None:
        clock = FrozenClock()
        async with opened(home, clock) as database:
            (home / "ttai.db").unlink()
            with pytest.raises(DatabaseUnwritable):
                await jobs(database)
            assert not (home / "ttai.db").exists()
            clock.advance(5)
            assert await jobs(database) == []

    async def test_what_is_no_database_is_reported_and_left_alone(self, home: Path) -> None:
        home.mkdir()
        (home / "ttai.db").write_bytes(b"a letter to my broker\n" * 500)
        clock = FrozenClock()
        async with opened(home, clock) as database:
            assert "damaged" in database.problems[""]
            assert "no backup" in database.problems[""]
            clock.advance(5)
            with pytest.raises(DatabaseDamaged):
                await add_job(database, "sync")
        assert (home / "ttai.db").read_bytes() == b"a letter to my broker\n" * 500

    async def test_damage_met_while_reading_is_reported_until_a_backup_is_back(self, home: Path) -> None:
        clock = FrozenClock()
        async with opened(home) as database:
            async with database.of("core").write() as session:
                session.add_all(JobRow(name=f"{number:05}", last_error="x" * 500) for number in range(500))
            with closing(sqlite3.connect(home / "ttai.db")) as connection:
                (home / "backups").mkdir()
                saved = home / "backups" / "ttai-20261119-120000.db"
                connection.execute("VACUUM INTO ?", (str(saved),))
        body = bytearray((home / "ttai.db").read_bytes())
        body[50_000:] = os.urandom(len(body) - 50_000)  # the tables' roots stay
        (home / "ttai.db").write_bytes(body)

        async with opened(home, clock) as database:
            with pytest.raises(DatabaseDamaged, match=saved.name):
                await jobs(database)
            assert "`ttai restore`" in database.problems[""]
            clock.advance(5)
            with pytest.raises(DatabaseDamaged):  # though neither opening nor this would meet the damage
                async with database.of("core").read():
                    pass
            assert (home / "ttai.db").read_bytes() == body

            aside = await restore(home, saved, clock)
            assert aside is not None
            assert aside.read_bytes() == body
            clock.advance(5)
            assert len(await jobs(database)) == 500
            assert database.problems == {}

    async def test_an_older_backup_restored_under_it_is_brought_up_to_date(self, home: Path, modules: Modules) -> None:
        clock = FrozenClock()
        async with opened(home):
            pass
        old = home / "old.db"
        (home / "ttai.db").rename(old)
        async with opened(home, clock, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
            await restore(home, old, clock)
            with pytest.raises(OperationalError, match="no such table"):
                await levels(database)
            clock.advance(5)
            assert await levels(database) == []

    async def test_an_older_one_without_tables_of_the_core_is_a_sentence_until_it_is_mended(self, home: Path) -> None:
        clock = FrozenClock()
        async with opened(home):
            pass
        plain(home, "DROP TABLE core_job")
        plain(home, "DELETE FROM core_ledger WHERE name = 'core_job'")
        old = home / "old.db"
        (home / "ttai.db").rename(old)
        async with opened(home, clock) as database:
            await restore(home, old, clock)
            with pytest.raises(DatabaseUnavailable, match="an older database was put in its place"):
                await jobs(database)
            clock.advance(5)
            assert await jobs(database) == []


class TestOwners:
    async def test_a_newer_core_means_hands_off(self, home: Path, modules: Modules) -> None:
        async with opened(home):
            pass
        plain(home, "UPDATE core_ledger SET version = 7 WHERE name = 'core_job'")
        before = (home / "ttai.db").read_bytes()
        clock = FrozenClock()
        async with opened(home, clock, vix=(modules.lay(LEVEL),)) as database:
            assert "newer version of ttai" in database.problems[""]
            for owner in ("core", "vix"):
                with pytest.raises(DatabaseNewer, match="ttai restore"):
                    async with database.of(owner).write():
                        pass
            assert (home / "ttai.db").read_bytes() == before
            plain(home, "UPDATE core_ledger SET version = 0 WHERE name = 'core_job'")
            clock.advance(5)
            assert await levels(database) == []

    async def test_a_newer_plugin_is_refused_alone(self, home: Path, modules: Modules) -> None:
        tables = modules.lay(LEVEL)
        async with opened(home, vix=(tables,)):
            pass
        plain(home, "UPDATE core_ledger SET version = 2 WHERE name = 'vix_level'")
        async with opened(home, vix=(tables,)) as database:
            assert "newer version of the plugin vix" in database.problems["vix"]
            with pytest.raises(DatabaseNewer):
                await levels(database)
            assert await jobs(database) == []
        assert versions(home) == {"vix_level": 2}

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            (LEVEL.replace("vix_level", "level"), "'level' does not begin with vix_"),
            (LEVEL.replace("vix_level", "core_job"), "table 'core_job' is another plugin's"),
            ("raise RuntimeError('no licence')", "no licence"),
            ("raise SystemExit('bye')", "bye"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt"),
            ("raise GeneratorExit", "GeneratorExit"),
            ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
            (LEVEL + "\n    raise LookupError('halfway')", "halfway"),
            (
                LEVEL.replace("import", "import Relationship,") + "        owner: 'Nobody' = Relationship()\n",
                "Nobody",
            ),
        ],
        ids=["prefix", "clash", "raises", "exits", "ctrl-c", "generator", "cancelled", "halfway", "relationship"],
    )
    async def test_tables_that_can_not_be_imported_cost_their_owner_alone(
        self, home: Path, modules: Modules, source: str, said: str
    ) -> None:
        other = LEVEL.replace("vix_level", "fear_level")
        async with opened(home, vix=(modules.lay(source),), fear=(modules.lay(other),)) as database:
            assert list(database.problems) == ["vix"]
            assert said in database.problems["vix"]
            with pytest.raises(TablesUnusable, match="tables of vix can't be used"):
                await levels(database)
            await add_job(database, "sync")
            async with database.of("fear").read() as session:
                assert await run(session, "SELECT * FROM fear_level") == []
        assert versions(home) == {"fear_level": 0}

    async def test_a_name_that_is_not_its_own_does_not_keep_the_owner_of_it_out(
        self, home: Path, modules: Modules
    ) -> None:
        thief, rightful = modules.lay(LEVEL), modules.lay(LEVEL)
        for _ in range(2):
            async with opened(home, thief=(thief,), vix=(rightful,)) as database:
                assert list(database.problems) == ["thief"]
                assert await levels(database) == []
            assert "vix_level" in SQLModel.metadata.tables

    async def test_a_table_of_another_owner_or_of_nobody_is_left_alone(self, home: Path, modules: Modules) -> None:
        async with opened(home, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
        plain(home, "UPDATE core_ledger SET owner = 'fear' WHERE name = 'vix_level'")
        modules.forget()
        tables = modules.lay(LEVEL)
        async with opened(home, vix=(tables,)) as database:
            assert "belongs to fear" in database.problems["vix"]
        plain(home, "DELETE FROM core_ledger WHERE name = 'vix_level'")
        async with opened(home, vix=(tables,)) as database:
            assert "ttai did not make it" in database.problems["vix"]
        assert plain(home, "SELECT value FROM vix_level") == [(21.0,)]

    @pytest.mark.parametrize(
        ("steps", "said"),
        [
            ("", "STEPS"),
            (f"STEPS = {{'vix_level': {GROW!r}}}", "the steps of vix_level are no list"),
            ("STEPS = {'core_job': ['DROP TABLE core_job']}", "'core_job' does not begin with vix_"),
            ("import ttai_nowhere", "ttai_nowhere"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ],
        ids=["none", "text", "foreign", "import", "ctrl-c"],
    )
    async def test_migrations_that_break_the_rules_cost_their_owner_alone(
        self, home: Path, modules: Modules, steps: str, said: str
    ) -> None:
        async with opened(home, vix=(modules.lay(LEVEL), modules.lay(steps))) as database:
            assert said in database.problems["vix"]
            assert await jobs(database) == []

    @pytest.mark.slow
    async def test_modules_that_hang_cost_their_owner_alone(self, home: Path, modules: Modules) -> None:
        hangs = LEVEL.replace("import", "import Relationship,") + (
            "        friend: 'Later' = Relationship()\n\n    import time; time.sleep(3)"
        )
        other = LEVEL.replace("vix_level", "fear_level")
        database = Database(home, FrozenClock(), longest=1.5)
        database.declare("vix", modules.lay(hangs))
        database.declare("fear", modules.lay(other))
        begun = monotonic()
        await database.ready("core")
        for number in range(5):
            await add_job(database, f"job {number}")  # while a model whose neighbour is missing is there
            await asyncio.sleep(0.1)
        assert len(await jobs(database)) == 5
        assert database.problems == {}
        with deadline(0.05), pytest.raises(DatabaseUnavailable, match="still being opened"):
            await levels(database)
        await database.ready("fear")
        assert monotonic() - begun < 1.5
        with pytest.raises(TablesUnusable, match=r"tables of vix can't be used: .* took longer than 1.5 s to import"):
            await levels(database)
        await database.open()
        assert list(database.problems) == ["vix"]
        await asyncio.sleep(0)
        assert len(await jobs(database)) == 5
        await database.close()

    async def test_slow_modules_are_waited_for_and_whole(self, home: Path, modules: Modules) -> None:
        slow = """
            import time
            from sqlmodel import Field, Relationship, SQLModel

            class SlowNote(SQLModel, table=True):
                __tablename__ = "vix_note"
                id: int | None = Field(default=None, primary_key=True)
                levels: list["SlowLevel"] = Relationship(back_populates="note")

            time.sleep(0.4)

            class SlowLevel(SQLModel, table=True):
                __tablename__ = "vix_level"
                id: int | None = Field(default=None, primary_key=True)
                value: float
                note_id: int | None = Field(default=None, foreign_key="vix_note.id")
                note: SlowNote | None = Relationship(back_populates="levels")
        """
        name = modules.lay(slow)
        database = Database(home, FrozenClock())
        database.declare("vix", name)
        reading = asyncio.create_task(levels(database))
        await database.ready("core")
        for _ in range(10):
            assert await jobs(database) == []  # its models are half made
            await asyncio.sleep(0.02)
        assert await reading == []
        assert database.problems == {}
        async with database.of("vix").write() as session:
            session.add(sys.modules[name].SlowNote(levels=[sys.modules[name].SlowLevel(value=3)]))
        assert await levels(database) == [(1, 3.0, 1)]
        await database.close()


class TestMigrating:
    @pytest.fixture
    async def old(self, home: Path, modules: Modules) -> Path:
        """The file as the plugin's first version left it."""
        async with opened(home, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
        modules.forget()
        assert not (home / "backups").exists()
        return home

    async def test_a_table_not_there_yet_is_made_in_its_newest_shape(self, home: Path, modules: Modules) -> None:
        async with opened(home, vix=(modules.lay(LEVEL_2), modules.lay(STEPS_2))) as database:
            await put_level(database, 21)
            assert await levels(database) == [(1, 21.0, "cboe")]
        assert versions(home) == {"vix_level": 1}
        assert plain(home, "SELECT name FROM sqlite_master WHERE tbl_name = 'vix_level' AND type = 'index'") == [
            ("ix_vix_level_source",)
        ]
        assert not (home / "backups").exists()

    async def test_an_older_one_runs_what_it_has_missed_once_after_a_backup(self, old: Path, modules: Modules) -> None:
        names = modules.lay(LEVEL_2), modules.lay(STEPS_2)
        for _ in range(2):
            async with opened(old, vix=names) as database:
                assert database.problems == {}
                assert await levels(database) == [(1, 21.0, "cboe")]
        assert versions(old) == {"vix_level": 1}
        (saved,) = (old / "backups").iterdir()
        assert saved.name == "ttai-20261120-153100.db"
        assert saved.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(saved)) as connection:
            assert connection.execute("SELECT * FROM vix_level").fetchall() == [(1, 21.0)]

    async def test_a_column_without_a_step_is_named_with_the_step_it_needs(self, old: Path, modules: Modules) -> None:
        async with opened(old, vix=(modules.lay(LEVEL_2),)) as database:
            with pytest.raises(TablesUnusable, match=r"table vix_level has no column source. Add a step to STEPS"):
                await levels(database)

    async def test_a_table_that_is_gone_from_the_program_may_be_dropped(self, old: Path, modules: Modules) -> None:
        other = LEVEL.replace("vix_level", "vix_reading")
        steps = modules.lay(
            "STEPS = {'vix_level': ['INSERT INTO vix_reading SELECT * FROM vix_level', 'DROP TABLE vix_level'],"
            " 'vix_never': ['DROP TABLE vix_never']}"
        )
        for _ in range(2):
            async with opened(old, vix=(modules.lay(other), steps)) as database:
                assert database.problems == {}
                async with database.of("vix").read() as session:
                    assert await run(session, "SELECT * FROM vix_reading") == [(1, 21.0)]
            shut_out(modules._names[-1])

    async def test_a_step_that_fails_is_undone_and_those_before_it_stay(self, old: Path, modules: Modules) -> None:
        steps = f"STEPS = {{'vix_level': [{GROW!r}, ['DELETE FROM vix_level', 'DELETE FROM vix_levle']]}}"
        names = modules.lay(LEVEL_2), modules.lay(steps)
        other = LEVEL.replace("vix_level", "wave_level")
        async with opened(old, vix=names, wave=(modules.lay(other),)) as database:
            assert "step 2 of vix_level failed and was undone" in database.problems["vix"]
            assert "vix_levle" in database.problems["vix"]
            with pytest.raises(TablesUnusable):
                await levels(database)
            async with database.of("wave").read() as session:
                assert await run(session, "SELECT * FROM wave_level") == []
        assert plain(old, "SELECT * FROM vix_level") == [(1, 21.0, "cboe")]
        assert versions(old) == {"vix_level": 1, "wave_level": 0}

    @pytest.mark.parametrize(
        "body",
        [
            "connection.executescript('DELETE FROM vix_level; SELECT 1')",
            "connection.execute('DELETE FROM vix_level'); connection.commit()",
            "connection.execute('DELETE FROM vix_level'); raise SystemExit(3)",
        ],
        ids=["script", "commit", "exit"],
    )
    async def test_a_step_can_not_end_its_transaction(self, old: Path, modules: Modules, body: str) -> None:
        steps = f"def step(connection):\n    {body}\nSTEPS = {{'vix_level': [step]}}"
        async with opened(old, vix=(modules.lay(LEVEL), modules.lay(steps))) as database:
            assert "was undone" in database.problems["vix"]
        assert plain(old, "SELECT * FROM vix_level") == [(1, 21.0)]

    async def test_a_step_that_can_not_be_recorded_is_undone(self, old: Path, modules: Modules) -> None:
        plain(old, "CREATE TRIGGER no BEFORE INSERT ON core_ledger BEGIN SELECT RAISE(ABORT, 'no room'); END")
        async with opened(old, vix=(modules.lay(LEVEL_2), modules.lay(STEPS_2))):
            pass
        assert [row[1] for row in plain(old, "PRAGMA table_info(vix_level)")] == ["id", "value"]
        assert versions(old) == {"vix_level": 0}

    async def test_a_table_may_be_rebuilt_but_leaves_no_row_pointing_nowhere(self, old: Path, modules: Modules) -> None:
        child = """
            class Note(SQLModel, table=True):
                __tablename__ = "vix_note"
                id: int | None = Field(default=None, primary_key=True)
                level: int = Field(foreign_key="vix_level.id", ondelete="CASCADE")
        """
        both = dedent(LEVEL) + dedent(child)
        async with opened(old, vix=(modules.lay(both),)) as database:
            async with database.of("vix").write() as session:
                await run(session, "INSERT INTO vix_note (level) VALUES (1)")
            with pytest.raises(IntegrityError):
                async with database.of("vix").write() as session:
                    await run(session, "INSERT INTO vix_note (level) VALUES (2)")
        modules.forget()
        rebuild = [
            "CREATE TABLE vix_new (id INTEGER PRIMARY KEY, value REAL NOT NULL)",
            "INSERT INTO vix_new SELECT * FROM vix_level",
            "DROP TABLE vix_level",
            "ALTER TABLE vix_new RENAME TO vix_level",
        ]
        steps = modules.lay(f"STEPS = {{'vix_level': [{rebuild!r}, 'DELETE FROM vix_level']}}")
        async with opened(old, vix=(modules.lay(both), steps)) as database:
            assert "rows of vix_note point to rows that are not there" in database.problems["vix"]
        assert plain(old, "SELECT * FROM vix_note") == [(1, 1)]
        assert plain(old, "SELECT * FROM vix_level") == [(1, 21.0)]
        assert versions(old) == {"vix_level": 1, "vix_note": 0}

    async def test_where_the_lock_between_processes_fails_the_ledger_decides(self, old: Path, modules: Modules) -> None:
        tables = modules.lay(LEVEL)
        importlib.import_module(tables)
        claim = Claim.of("vix", tables, {"vix_level": ["UPDATE vix_level SET value = 2 * value"]})

        def ledger(connection: sqlite3.Connection, before: Callable[[], None]) -> Ledger:
            return Ledger(connection, old / "ttai.db", FrozenClock(), before, lambda: False)

        with closing(connect(old / "ttai.db")) as slow, closing(connect(old / "ttai.db")) as quick:
            other = ledger(quick, lambda: None)
            ledger(slow, lambda: other.settle(claim)).settle(claim)
        assert plain(old, "SELECT * FROM vix_level") == [(1, 42.0)]
        assert versions(old) == {"vix_level": 1}

    async def test_only_the_newest_backups_stay(self, old: Path, modules: Modules) -> None:
        clock = FrozenClock()
        steps: list[str] = []
        for number in range(7):
            modules.forget()
            steps.append(f"UPDATE vix_level SET value = {number}")
            names = modules.lay(LEVEL), modules.lay(f"STEPS = {{'vix_level': {steps!r}}}")
            async with opened(old, clock, vix=names) as database:
                assert database.problems == {}
            clock.advance(60 if number < 5 else 0)  # the last two in one second
        saved = sorted((old / "backups").iterdir(), key=lambda path: path.stem)
        assert [path.name[-9:-3] for path in saved[:4]] == ["153300", "153400", "153500", "153600"]
        with closing(sqlite3.connect(saved[-1])) as connection:
            assert connection.execute("SELECT value FROM vix_level").fetchall() == [(5.0,)]


PROGRAM = """
    import asyncio, json, sys
    from pathlib import Path
    from ttai.clock import Clock
    from ttai.storage.database import Database

    async def main(home, *names):
        database = Database(Path(home), Clock())
        database.declare("vix", *names)
        print("ready", flush=True)
        sys.stdin.readline()
        await database.open()
        print(json.dumps(database.problems), flush=True)
        await database.close()

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
class TestProcesses:
    @pytest.fixture
    def start(self, modules: Modules, home: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
        """Start a process that opens the database when it is told to."""
        running: list[subprocess.Popen[str]] = []

        def start(*names: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-c", dedent(PROGRAM), str(home), *names],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(modules.folder)},
            )
            running.append(process)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            return process

        yield start
        for process in running:
            process.kill()
            process.communicate()

    async def test_killed_in_the_middle_of_a_step_it_begins_again(
        self, home: Path, modules: Modules, start: Callable[..., "subprocess.Popen[str]"]
    ) -> None:
        async with opened(home, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
        modules.forget()
        steps = modules.lay(f"""
            import sys

            def double(connection):
                connection.execute("UPDATE vix_level SET value = 2 * value")
                if "pytest" not in sys.modules:
                    print("halfway", flush=True)
                    sys.stdin.read()

            STEPS = {{"vix_level": [{GROW!r}, double]}}
        """)
        names = modules.lay(LEVEL_2), steps
        process = start(*names)
        assert process.stdin
        assert process.stdout
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "halfway\n"
        process.kill()
        process.wait()
        async with opened(home, vix=names) as database:
            assert database.problems == {}
            assert await levels(database) == [(1, 42.0, "cboe")]
        assert versions(home) == {"vix_level": 2}

    async def test_two_that_start_at_once_migrate_once(
        self, home: Path, modules: Modules, start: Callable[..., "subprocess.Popen[str]"]
    ) -> None:
        async with opened(home, vix=(modules.lay(LEVEL),)) as database:
            await put_level(database, 21)
        modules.forget()
        steps = f"STEPS = {{'vix_level': [{GROW!r}, 'UPDATE vix_level SET value = 2 * value']}}"
        names = modules.lay(LEVEL_2), modules.lay(steps)
        both = [start(*names), start(*names)]
        begun = monotonic()
        for process in both:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate()[0] for process in both] == ["{}\n", "{}\n"]
        assert monotonic() - begun < 8
        assert plain(home, "SELECT * FROM vix_level") == [(1, 42.0, "cboe")]
        assert len(list((home / "backups").iterdir())) == 1

    async def test_two_that_start_at_once_on_nothing_make_it_once(
        self, home: Path, modules: Modules, start: Callable[..., "subprocess.Popen[str]"]
    ) -> None:
        names = modules.lay(LEVEL_2), modules.lay(STEPS_2)
        both = [start(*names), start(*names)]
        for process in both:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate()[0] for process in both] == ["{}\n", "{}\n"]
        assert versions(home) == {"vix_level": 1}
