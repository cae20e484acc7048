"""What a plugin's tests need: the real app on the simulated market, with a clock that stands still."""

from ttai.testing.clock import FrozenClock
from ttai.testing.harness import Harness, Reply, harness

__all__ = ["FrozenClock", "Harness", "Reply", "harness"]
