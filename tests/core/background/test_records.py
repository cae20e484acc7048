"""How jobs went, written down for every process, and remembered while there is no database."""

from datetime import timedelta
from pathlib import Path

from ttai.background.records import Records
from ttai.storage.database import Database
from ttai.testing import FrozenClock

LONGEST = timedelta(minutes=10)


async def test_what_could_not_be_written_down_counts_and_is_written_with_the_next(tmp_path: Path) -> None:
    home, clock = tmp_path / "home", FrozenClock()
    home.write_text("in the way")
    database = Database(home, clock)
    records = Records(database.of("core"))
    await records.keep("work", last_outcome="failed", failures=2)
    assert (await records.read("work")).failures == 2
    home.unlink()
    clock.advance(5)  # until it is tried again
    await records.keep("work", told=True)
    await database.close()
    again = Database(home, clock)
    kept = await Records(again.of("core")).read("work")
    assert (kept.last_outcome, kept.failures, kept.told) == ("failed", 2, True)
    await again.close()


async def test_a_release_that_comes_late_leaves_the_run_to_who_has_it_by_now(tmp_path: Path) -> None:
    clock = FrozenClock()
    database = Database(tmp_path, clock)
    one, other = Records(database.of("core")), Records(database.of("core"))
    assert await one.claim("work", clock.now(), LONGEST)
    assert not await other.claim("work", clock.now(), LONGEST)
    clock.advance(LONGEST.total_seconds())
    assert await other.claim("work", clock.now(), LONGEST)
    await one.release("work", last_outcome="ok")
    record = await one.read("work")
    assert (record.last_outcome, record.running_since) == ("ok", clock.now())
    assert not await one.claim("work", clock.now(), LONGEST)
    await other.release("work")
    assert await one.claim("work", clock.now(), LONGEST)
    await database.close()
