"""What a plugin's tests need: the real app on the simulated market, with a clock that stands still.

Names are resolved when first used: pytest loads the fixtures of this package in every run, of other projects too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttai.testing.clock import FrozenClock
    from ttai.testing.keyring import MemoryKeyring
    from ttai.testing.llm import ScriptedLLM
    from ttai.testing.notes import Recorder
    from ttai.testing.trial import Era, Harness, Reply, harness

_HOMES = {
    "FrozenClock": "clock", "MemoryKeyring": "keyring", "ScriptedLLM": "llm", "Recorder": "notes",
    "Era": "trial", "Harness": "trial", "Reply": "trial", "harness": "trial",
}  # fmt: skip

__all__ = ["Era", "FrozenClock", "Harness", "MemoryKeyring", "Recorder", "Reply", "ScriptedLLM", "harness"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ttai.testing' has no attribute {name!r}")
    return getattr(import_module(f"ttai.testing.{_HOMES[name]}"), name)
