"""Which process runs the jobs; how fast another one takes over is in tests/wire/test_survival.py."""

import asyncio
from pathlib import Path

import pytest

from tests.desk import until
from ttai.background import leader as module
from ttai.background.leader import Leader
from ttai.testing import harness


async def test_one_leads_and_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)
    first, second = Leader(tmp_path / "home"), Leader(tmp_path / "home")
    await first.wait()
    waiting = asyncio.create_task(second.wait())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.1)
    assert (first.held, second.held) == (True, False)
    assert second.problem is None
    first.release()
    await asyncio.wait_for(waiting, 5)
    assert (first.held, second.held) == (False, True)
    second.release()
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    assert (tmp_path / "home" / "jobs.lock").stat().st_mode & 0o077 == 0


async def test_who_never_tried_releases_nothing(tmp_path: Path) -> None:
    Leader(tmp_path).release()
    assert not Leader(tmp_path).held


async def test_a_data_dir_that_cannot_be_written_is_said_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)
    (tmp_path / "home").write_text("")
    leader = Leader(tmp_path / "home")
    waiting = asyncio.create_task(leader.wait())
    await until(lambda: leader.problem)
    assert leader.problem is not None
    assert leader.problem.startswith(f"no job runs here: {tmp_path / 'home' / 'jobs.lock'} can't be locked (")
    assert leader.problem.endswith("Make the data dir writable")
    (tmp_path / "home").unlink()
    await asyncio.wait_for(waiting, 5)
    assert leader.held
    assert not leader.problem
    leader.release()


async def test_the_status_says_why_no_job_runs(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    async with harness(serving=True, data_dir=tmp_path) as h:
        await until(lambda: h.app.leader.problem)
        status = (await h.call("get_status")).data
        assert status["phases"]["jobs"] == "failed"
        assert any(problem.startswith("no job runs here: ") for problem in status["problems"])
        assert "pong" in (await h.call("ping")).text


async def test_the_status_says_who_runs_them(tmp_path: Path) -> None:
    async with harness(serving=True, data_dir=tmp_path) as h:
        await until(lambda: h.app.leader.held)
        assert (await h.call("get_status")).data["phases"]["jobs"] == "ready"
        async with harness(serving=True, data_dir=tmp_path) as other:
            assert (await other.call("get_status")).data["phases"]["jobs"] == "another process runs them"
            assert (await other.call("list_jobs")).data["run_in_this_process"] is False
