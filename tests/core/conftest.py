"""What the tests of logs, plugins and the command line change in this process, put back."""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from ttai import logs
from ttai.__main__ import main
from ttai.logs import Lane

OURS = ("ttai_quotes", "ttai_chains", "ttai_portfolio")


@pytest.fixture
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process of one's own, as far as logging and sys.stderr go."""
    manager = logging.Logger.manager.loggerDict
    loggers = [logging.getLogger(), *(one for one in manager.values() if isinstance(one, logging.Logger))]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    stderr = sys.stderr
    monkeypatch.setattr(logs, "_secrets", ())
    monkeypatch.setattr(logs, "_tokens", ())
    yield
    sys.stderr = stderr
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        if one.level != level:  # it empties the caches of all loggers
            one.setLevel(level)


@pytest.fixture
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has imported no plugin of a third party, and forgets those of the test."""

    def strangers() -> list[str]:
        return [name for name in sys.modules if name.startswith("ttai_") and not name.startswith(OURS)]

    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in strangers():
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in strangers():
        del sys.modules[name]


@dataclass
class Ended:
    """A command that ended: its exit code and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def ttai(
    own_logging: None, own_plugins: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    mask = os.umask(0o022)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(*words: str, entry: Callable[[], None] = main) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ttai", *words])
        with pytest.raises(SystemExit) as end:
            entry()
        for lane in threading.enumerate():  # as the end of the process would
            if isinstance(lane, Lane):
                lane.close()
        out, err = capfd.readouterr()
        code = end.value.code
        return Ended(1, out, err + code) if isinstance(code, str) else Ended(int(code or 0), out, err)

    yield run
    gc.enable()
    os.umask(mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)
