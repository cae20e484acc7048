"""Backups: whole copies of a database in use, and the way back from them."""

# ruff: noqa: ASYNC240 - files are the subject

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from ttai.errors import BadArgument, NotFound
from ttai.storage.backups import backup, restore
from ttai.storage.database import Database
from ttai.storage.errors import DatabaseDamaged, DatabaseLocked, DatabaseUnwritable, NotABackup
from ttai.storage.file import newest
from ttai.storage.tables import JobRow
from ttai.testing import FrozenClock


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def home(tmp_path: Path, clock: FrozenClock) -> Path:
    """A data dir with one job in its database."""
    home = tmp_path / "home"
    database = Database(home, clock)
    await database.open()
    async with database.of("core").write() as session:
        session.add(JobRow(name="first"))
    await database.close()
    return home


def jobs(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM core_job ORDER BY name")]


def add_job(home: Path, *names: str) -> None:
    with closing(sqlite3.connect(home / "ttai.db")) as connection, connection:
        for name in names:
            connection.execute("INSERT INTO core_job (name, failures, told, paused) VALUES (?, 0, 0, 0)", (name,))


@pytest.fixture
def onlooker(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with the file open, which tells the jobs it sees for every line it gets."""
    program = """
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        for line in sys.stdin:
            if line.startswith("add"):
                connection.execute("INSERT INTO core_job (name, failures, told, paused) VALUES ('theirs', 0, 0, 0)")
            print(*[name for name, in connection.execute("SELECT name FROM core_job ORDER BY name")], flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(program), str(home / "ttai.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def ask(process: "subprocess.Popen[str]", line: str) -> list[str]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline().split()


async def test_a_backup_goes_where_it_is_told_and_over_nothing(home: Path, tmp_path: Path, clock: FrozenClock) -> None:
    to = tmp_path / "mine.db"
    assert await backup(home, to, clock) == to
    assert jobs(to) == ["first"]
    assert to.stat().st_mode & 0o777 == 0o600
    add_job(home, "second")
    with pytest.raises(BadArgument, match="exists already"):
        await backup(home, to, clock)
    assert jobs(to) == ["first"]
    (tmp_path / "stick").mkdir()
    assert await backup(home, tmp_path / "stick", clock) == tmp_path / "stick" / "ttai-20261120-153100.db"
    with pytest.raises(BadArgument, match="exists already"):
        await backup(home, tmp_path / "stick", clock)


async def test_without_a_place_it_joins_the_others_of_which_five_stay(home: Path, clock: FrozenClock) -> None:
    for number in range(7):
        kept = await backup(home, None, clock)
        add_job(home, f"later{number}")
        clock.advance(1)
    saved = sorted((home / "backups").iterdir())
    assert [path.name for path in saved] == [f"ttai-20261120-15310{number}.db" for number in range(2, 7)]
    assert kept == saved[-1]
    assert len(jobs(kept)) == 7
    assert (home / "backups").stat().st_mode & 0o777 == 0o700


async def test_what_a_killed_backup_left_is_cleared_away(home: Path, clock: FrozenClock) -> None:
    (home / "backups").mkdir()
    (home / "backups" / "ttai-20261120-150000.db.99.part").touch()
    kept = await backup(home, None, clock)
    assert list((home / "backups").iterdir()) == [kept]


async def test_a_backup_while_someone_writes_has_what_was_committed(home: Path, clock: FrozenClock) -> None:
    with closing(sqlite3.connect(home / "ttai.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM core_job")
        assert jobs(await backup(home, None, clock)) == ["first"]


async def test_where_there_is_nothing_to_back_up_it_says_so(tmp_path: Path, clock: FrozenClock) -> None:
    with pytest.raises(NotFound, match="no database in"):
        await backup(tmp_path, None, clock)
    assert list(tmp_path.iterdir()) == []


async def test_where_it_can_not_be_written_nothing_is_left(home: Path, clock: FrozenClock) -> None:
    (home / "backups").write_text("a file")
    with pytest.raises(DatabaseUnwritable):
        await backup(home, None, clock)
    for nowhere in (home / "nowhere", home / "backups"):
        with pytest.raises(BadArgument, match=f"^VALIDATION: {nowhere} is no folder that can be written. Name another"):
            await backup(home, nowhere / "mine.db", clock)
    with pytest.raises(BadArgument, match=r"can't be written .* Name another file"):
        await backup(home, home / f"{'x' * 300}.db", clock)


async def test_damage_is_not_copied_over_good_backups(home: Path, tmp_path: Path, clock: FrozenClock) -> None:
    add_job(home, *(f"{number} {'x' * 200}" for number in range(500)))
    saved = await backup(home, None, clock)
    body = bytearray((home / "ttai.db").read_bytes())
    for page in range(15 * 4096, len(body), 4096):
        body[page + 2000 : page + 4096] = b"\1" * 2096  # VACUUM makes do with that
    (home / "ttai.db").write_bytes(body)
    for to in (None, tmp_path / "mine.db"):
        with pytest.raises(DatabaseDamaged, match=saved.name):
            await backup(home, to, clock)
    assert list((home / "backups").iterdir()) == [saved]
    assert not (tmp_path / "mine.db").exists()
    aside = await restore(home, saved, clock)
    assert aside == home / "ttai-damaged-20261120-153100.db"
    assert len(jobs(home / "ttai.db")) == 501


async def test_restoring_brings_back_what_was_and_keeps_what_is(home: Path, clock: FrozenClock) -> None:
    saved = await backup(home, None, clock)
    add_job(home, "second")
    clock.advance(60)
    previous = await restore(home, saved, clock)
    assert previous == home / "backups" / "replaced-20261120-153200.db"
    assert jobs(previous) == ["first", "second"]
    assert jobs(home / "ttai.db") == ["first"]
    assert newest(home) == saved  # restoring once more does not undo it
    clock.advance(60)
    await restore(home, previous, clock)
    assert jobs(home / "ttai.db") == ["first", "second"]


async def test_the_oldest_backup_outlives_being_restored(home: Path, clock: FrozenClock) -> None:
    oldest = await backup(home, None, clock)
    for _ in range(5):
        clock.advance(1)
        await restore(home, oldest, clock)
    assert oldest.exists()
    assert len(list((home / "backups").iterdir())) == 6


async def test_into_an_empty_data_dir(home: Path, tmp_path: Path, clock: FrozenClock) -> None:
    saved = await backup(home, None, clock)
    new = tmp_path / "new"
    assert await restore(new, saved, clock) is None
    assert jobs(new / "ttai.db") == ["first"]
    assert (new / "ttai.db").stat().st_mode & 0o777 == 0o600
    database = Database(new, clock)
    await database.open()
    assert database.problems == {}
    await database.close()


async def test_a_damaged_file_is_moved_aside_with_all_that_belongs_to_it(home: Path, clock: FrozenClock) -> None:
    saved = await backup(home, None, clock)
    (home / "ttai.db").write_bytes(b"nonsense" * 1000)
    (home / "ttai.db-wal").write_bytes(b"more of it")
    aside = await restore(home, saved, clock)
    assert aside == home / "ttai-damaged-20261120-153100.db"
    assert aside.read_bytes() == b"nonsense" * 1000
    assert (home / "ttai-damaged-20261120-153100.db-wal").exists()
    assert jobs(home / "ttai.db") == ["first"]


async def test_without_a_source_the_newest_backup_is_restored(home: Path, clock: FrozenClock) -> None:
    with pytest.raises(NotFound, match=f"^NOT_FOUND: there is no backup in {home / 'backups'}. Name the file"):
        await restore(home, None, clock)
    for name in ("second", "third"):
        add_job(home, name)
        clock.advance(60)
        await backup(home, None, clock)
    add_job(home, "unwanted")
    clock.advance(60)
    await restore(home, None, clock)
    assert jobs(home / "ttai.db") == ["first", "second", "third"]


@pytest.mark.parametrize("what", ["missing", "text", "foreign", "damaged", "itself"])
async def test_what_is_no_backup_of_ttai_changes_nothing(
    home: Path, tmp_path: Path, clock: FrozenClock, what: str
) -> None:
    source = tmp_path / "source.db"
    if what == "text":
        source.write_text("not a database, but long enough to look like one" * 20)
    elif what == "foreign":
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
    elif what == "damaged":
        await backup(home, source, clock)
        body = bytearray(source.read_bytes())
        body[4096:] = os.urandom(len(body) - 4096)
        source.write_bytes(body)
    elif what == "itself":
        source = home / "ttai.db"
    before = (home / "ttai.db").read_bytes()
    with pytest.raises(NotABackup, match="can't be restored"):
        await restore(home, source, clock)
    assert (home / "ttai.db").read_bytes() == before
    assert not (home / "backups").exists()


async def test_a_process_that_has_the_file_open_sees_the_restored_one(
    home: Path, clock: FrozenClock, onlooker: "subprocess.Popen[str]"
) -> None:
    saved = await backup(home, None, clock)
    add_job(home, "second")
    assert ask(onlooker, "look") == ["first", "second"]
    await restore(home, saved, clock)
    assert ask(onlooker, "look") == ["first"]
    assert ask(onlooker, "add") == ["first", "theirs"]
    assert jobs(home / "ttai.db") == ["first", "theirs"]


async def test_copying_keeps_this_process_s_hold_on_the_file(
    home: Path, clock: FrozenClock, onlooker: "subprocess.Popen[str]"
) -> None:
    database = Database(home, clock)
    await database.open()
    async with database.of("core").read() as session:
        assert await session.get(JobRow, "first")
    await backup(home, None, clock)
    assert ask(onlooker, "add") == ["first", "theirs"]
    onlooker.communicate()
    assert (home / "ttai.db-wal").exists()  # the other one knew that it was not the last
    await database.close()
    assert not (home / "ttai.db-wal").exists()


async def test_while_another_program_writes_nothing_is_restored(home: Path, clock: FrozenClock) -> None:
    saved = await backup(home, None, clock)
    with closing(sqlite3.connect(home / "ttai.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO core_job (name, failures, told, paused) VALUES ('second', 0, 0, 0)")
        with pytest.raises(DatabaseLocked):
            await restore(home, saved, clock, patience=0.1)
        writer.execute("COMMIT")
    assert jobs(home / "ttai.db") == ["first", "second"]
