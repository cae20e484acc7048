"""Every test is a stranger to the user's settings."""

import pytest


@pytest.fixture(autouse=True)
def _stranger(ttai_environment: None) -> None:
    """See `ttai.testing.fixtures`."""
