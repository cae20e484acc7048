"""What other plugins meet when they ask the quotes plugin's service for what there is not."""

from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from ttai import Host
from ttai.testing import harness
from ttai_quotes import Quotes


@pytest.mark.parametrize(
    ("method", "asked", "said"),
    [
        ("indicators", {"names": ["rsl"]}, "VALIDATION: 'rsl' is not an indicator; did you mean rsi?"),
        ("indicators", {"names": ["rsi"], "interval": "2d"}, "VALIDATION: there is no interval '2d'"),
        ("levels", {"lookback": 0}, "VALIDATION: lookback, width and keep are counts: 1 or more"),
    ],
)
async def test_what_cannot_be_asked_is_a_bad_argument(method: str, asked: dict[str, Any], said: str) -> None:
    def register(host: Host) -> None:
        quotes = host.require(Quotes)

        @host.tool
        async def ask() -> None:
            """Ask."""
            await getattr(quotes, method)("SPY", **asked)

    async with harness(register) as h:
        with pytest.raises(ToolError) as caught:
            await h.call("trial_ask")
    assert str(caught.value).startswith(said)
