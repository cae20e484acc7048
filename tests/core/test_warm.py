"""The warm-up door: heavy libraries come in off the loop, once, and a broken one is not remembered."""

import asyncio
import gc
import os
import sys
import threading
from pathlib import Path

import pytest

from ttai.app import create_app
from ttai.clock import Clock
from ttai.logs import Logs
from ttai.settings import Config, CoreSettings
from ttai.warm import aside, warm


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


async def test_a_library_is_imported_in_another_thread_and_once(room: Path) -> None:
    (room / "heavy_one.py").write_text("import threading\nTHREAD = threading.current_thread()\n")
    modules = await asyncio.gather(*(warm("heavy_one") for _ in range(20)))
    assert len(set(map(id, modules))) == 1
    assert modules[0].THREAD is not threading.current_thread()
    assert modules[0] is sys.modules["heavy_one"]


async def test_a_library_that_fails_can_be_asked_for_again(room: Path) -> None:
    (room / "heavy_two.py").write_text("raise ImportError('half installed')\n")
    with pytest.raises(ImportError, match="half installed"):
        await warm("heavy_two")
    (room / "heavy_two.py").write_text("WHOLE = 'now it is whole'\n")
    assert (await warm("heavy_two")).WHOLE == "now it is whole"


def test_each_loop_may_use_the_door(room: Path) -> None:
    async def crowd(name: str) -> None:
        await asyncio.gather(*(warm(name) for _ in range(5)))

    for number in range(5):
        (room / f"heavy_loop{number}.py").write_text("")
        asyncio.run(crowd(f"heavy_loop{number}"))
        assert f"heavy_loop{number}" in sys.modules


async def test_quant_brings_the_calendars() -> None:
    assert (await warm("quant")).__name__ == "pandas_market_calendars"


async def test_what_hangs_aside_keeps_nobody_waiting(room: Path) -> None:
    go = threading.Event()
    hanging = asyncio.create_task(aside(go.wait, "hangs"))
    await asyncio.sleep(0)
    (thread,) = [one for one in threading.enumerate() if one.name == "hangs"]
    assert thread.daemon  # the process may end
    (room / "heavy_three.py").write_text("")
    assert (await asyncio.wait_for(warm("heavy_three"), 5)).__name__ == "heavy_three"
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    go.set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, ValueError])
async def test_what_is_raised_aside_is_raised_to_who_waits(error: type[BaseException]) -> None:
    def end() -> None:
        raise error

    with pytest.raises(error):
        await aside(end, "ends")


async def test_what_was_imported_is_no_longer_looked_through_for_garbage(room: Path) -> None:
    (room / "heavy_kept.py").write_text("KEPT = [[] for _ in range(10_000)]\n")
    gc.unfreeze()
    await warm("heavy_kept")
    assert gc.get_freeze_count() > 10_000


@pytest.mark.parametrize("given", [None, "/somewhere"])
def test_matplotlib_keeps_its_fonts_in_the_data_dir_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_logging: None, given: str | None
) -> None:
    monkeypatch.delenv("MPLCONFIGDIR")
    if given:
        monkeypatch.setenv("MPLCONFIGDIR", given)
    create_app(CoreSettings(data_dir=tmp_path), Config({}, tmp_path / "config.toml"), Logs("ERROR", None, Clock()))
    assert os.environ["MPLCONFIGDIR"] == (given or str(tmp_path / "matplotlib"))
