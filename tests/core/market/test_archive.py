"""Daily bars in the database: added to, replaced, never with a hole, whoever else writes."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from ttai.market.archive import DAY_MS, RECENT, Archive, Kept
from ttai.market.series import frame_of
from ttai.storage.database import Database
from ttai.storage.file import FILE
from ttai.testing import FrozenClock

HERE, NAME = "https://broker", "SPY{=d,tho=true}"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    database = Database(tmp_path, FrozenClock(), patience=0.1)
    yield Archive(database.of("core"))
    await database.close()


def days(first: int, until: int, price: float = 100) -> Kept:
    rows: list[tuple[int | float | None, ...]] = [
        (day * DAY_MS, price, price + 1, price - 1, price, None) for day in range(first, until)
    ]
    return Kept(frame_of(rows), first * DAY_MS, until * DAY_MS, simulated=True)


async def span(archive: Archive) -> tuple[int, int, list[int]]:
    kept = await archive.load(HERE, NAME)
    assert kept is not None
    there = [time // DAY_MS for time in kept.frame["time"]]
    return kept.since // DAY_MS, kept.until // DAY_MS, there


async def test_what_is_kept_comes_back(archive: Archive) -> None:
    assert await archive.load(HERE, NAME) is None
    assert await archive.keep(HERE, NAME, days(10, 20), anew=False)
    kept = await archive.load(HERE, NAME)
    assert kept is not None
    assert kept.frame.equals(days(10, 20).frame)
    assert await archive.load("https://another", NAME) is None


async def test_days_that_adjoin_are_added_and_the_newest_may_be_corrected(archive: Archive) -> None:
    await archive.keep(HERE, NAME, days(10, 50), anew=False)
    await archive.keep(HERE, NAME, days(5, 60, price=200), anew=False)
    assert await span(archive) == (5, 60, list(range(5, 60)))
    kept = await archive.load(HERE, NAME)
    assert kept is not None
    old = kept.frame.filter(pl.col("close") == 100)["time"]
    assert (old.min(), old.max()) == (10 * DAY_MS, 50 * DAY_MS - RECENT - DAY_MS)


async def test_a_process_that_knows_less_takes_nothing_from_what_is_kept(archive: Archive) -> None:
    await archive.keep(HERE, NAME, days(1, 100), anew=False)
    await archive.keep(HERE, NAME, days(60, 101), anew=False)
    assert await span(archive) == (1, 101, list(range(1, 101)))


async def test_days_that_do_not_adjoin_replace_what_is_kept(archive: Archive) -> None:
    await archive.keep(HERE, NAME, days(1, 50), anew=False)
    await archive.keep(HERE, NAME, days(60, 70), anew=False)
    assert await span(archive) == (60, 70, list(range(60, 70)))


async def test_a_restated_history_replaces_all_of_it(archive: Archive) -> None:
    await archive.keep(HERE, NAME, days(1, 100), anew=False)
    await archive.keep(HERE, NAME, days(50, 100, price=10), anew=True)
    assert await span(archive) == (50, 100, list(range(50, 100)))
    kept = await archive.load(HERE, NAME)
    assert kept is not None
    assert set(kept.frame["close"]) == {10}


async def test_what_could_not_be_written_is_not_taken_for_written(archive: Archive, tmp_path: Path) -> None:
    await archive.keep(HERE, NAME, days(1, 10), anew=False)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not await archive.keep(HERE, NAME, days(1, 50), anew=False)
        other.rollback()
    assert await span(archive) == (1, 10, list(range(1, 10)))
    assert await archive.keep(HERE, NAME, days(1, 50), anew=False)
    assert await span(archive) == (1, 50, list(range(1, 50)))
