"""Every test is a stranger to the user's settings, and every property is tried on the same examples."""

import gc

import pytest
from hypothesis import settings

settings.register_profile("ttai", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("ttai")


@pytest.fixture(autouse=True)
def _stranger(ttai_environment: None) -> None:
    """See `ttai.testing.fixtures`."""


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no collection of garbage need look through it again."""
    gc.collect()
    gc.freeze()
