"""The warm-up door: heavy libraries come in off the loop, once, and a broken one is not remembered."""

import asyncio
import sys
import threading
from pathlib import Path

import pytest

from ttai.warm import warm


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
