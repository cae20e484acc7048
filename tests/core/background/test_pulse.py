"""A blocked loop is noticed while it is blocked."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.desk import until
from ttai.background.pulse import LIBRARIES, Pulse


def compute_where_it_should_wait(pulse: Pulse, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def test_what_blocks_the_loop_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pulse = Pulse(every=0.01, late=0.05)
    pulse.start()
    compute_where_it_should_wait(pulse, 0.3)
    await until(lambda: pulse.problem)
    pulse.stop()
    await asyncio.to_thread(pulse.join, 2)
    assert "test_pulse.py" in str(pulse.problem)
    assert "in compute_where_it_should_wait" in str(pulse.problem)
    assert "the server is blocked, every call waits" in caplog.text


async def test_a_loop_that_turns_is_left_alone() -> None:
    pulse = Pulse(every=0.001, late=2)
    pulse.start()
    for _ in range(20):
        await asyncio.sleep(0.001)
    pulse.stop()
    await asyncio.to_thread(pulse.join, 2)
    assert pulse.problem is None
    assert not pulse.is_alive()


def calling(module: str, inner: Callable[[], object]) -> Callable[[], object]:
    """A function of that module that calls `inner`, in a file where pip puts libraries."""
    there: dict[str, Any] = {"__name__": module, "inner": inner}
    name = f"of_{module.replace('.', '_')}"
    exec(compile(f"def {name}(): inner()", "/v/lib/python3.12/site-packages/x.py", "exec"), there)  # noqa: S102
    return cast("Callable[[], object]", there[name])


@pytest.mark.parametrize(
    ("modules", "blamed"),
    [
        ("asyncio.events ttai.tools ttai_vix.level fastmcp.client json", "ttai_vix.level"),
        ("ttai.tools vix_library ttai.storage.database sqlalchemy.engine", "vix_library"),
        ("ttai.tools ttai.storage.database sqlalchemy.engine", "ttai.storage.database"),
        ("__main__ asyncio.events uvicorn", "__main__"),
    ],
)
async def test_an_installed_plugin_is_named_and_no_library(
    modules: str, blamed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttai.background.pulse.LIBRARIES", LIBRARIES | {"tests"})
    there, enough = threading.Event(), threading.Event()

    def block() -> None:
        there.set()
        enough.wait()

    call: Callable[[], object] = block
    for module in reversed(modules.split()):
        call = calling(module, call)
    pulse = Pulse()
    blocked = threading.Thread(target=call)
    blocked.start()
    there.wait()
    pulse._of = blocked.ident or 0
    where = pulse._where()
    enough.set()
    blocked.join()
    assert where.endswith(f"x.py:1 in of_{blamed.replace('.', '_')}")


async def test_a_block_of_long_ago_is_no_problem_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse()
    pulse._said = time.monotonic(), "blocked"
    assert pulse.problem == "blocked"
    monkeypatch.setattr("ttai.background.pulse.FRESH", 0)
    assert pulse.problem is None
