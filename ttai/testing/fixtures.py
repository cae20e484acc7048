"""pytest fixtures for whoever has ttai installed (entry point `pytest11`)."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ttai.testing import FrozenClock


@pytest.fixture
def ttai_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the user's: an empty data dir, no keyring, no TTAI_ and TASTYTRADE_ variables."""
    estrange(monkeypatch, tmp_path_factory)


def estrange(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `ttai_environment` does, for fixtures that live longer than a test."""
    import os
    from uuid import uuid4

    folder = tmp_path_factory.getbasetemp() / f"ttai-{uuid4().hex}"  # made by whoever writes to it
    for name in list(os.environ):
        if name.startswith(("TTAI_", "TASTYTRADE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("TTAI_DATA_DIR", str(folder))
    monkeypatch.setenv("MPLCONFIGDIR", str(folder / "matplotlib"))


@pytest.fixture
def frozen_clock() -> "FrozenClock":
    """A clock that stands still on a Friday morning."""
    from ttai.testing.clock import FrozenClock

    return FrozenClock()
