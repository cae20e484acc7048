"""What the tests of logs, plugins and the command line change in this process, put back."""

import logging
import sys
from collections.abc import Iterator

import pytest

from ttai import logs


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
        one.setLevel(level)


@pytest.fixture
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has imported no plugin of a third party, and forgets those of the test."""

    def strangers() -> list[str]:
        return [name for name in sys.modules if name.startswith("ttai_") and not name.startswith("ttai_quotes")]

    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in strangers():
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in strangers():
        del sys.modules[name]
