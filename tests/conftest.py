"""Every test is a stranger to the user's settings, and every property is tried on the same examples."""

import pytest
from hypothesis import settings

settings.register_profile("ttai", deadline=None, derandomize=True, database=None)
settings.load_profile("ttai")


@pytest.fixture(autouse=True)
def _stranger(ttai_environment: None) -> None:
    """See `ttai.testing.fixtures`."""
