"""A leg as clients spell it: completed from its symbol, refused where it contradicts itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ttai import Leg


@pytest.mark.parametrize(
    ("said", "is_read"),
    [
        ({"symbol": "SPY   261218P00600000"}, ("put", 600, "2026-12-18 SPY", "SPY   261218P00600000")),
        ({"symbol": ".SPXW261218C6500"}, ("call", 6500, "2026-12-18 SPXW", "SPXW  261218C06500000")),
        (
            {"symbol": "spy261218p00600000", "expiration": "2026-12-18"},
            ("put", 600, "2026-12-18", "SPY   261218P00600000"),
        ),
        ({"type": "Put ", "strike": 95}, ("put", 95, None, None)),
        ({"type": "C", "strike": "95.5", "expiration": "2026-12-18 AM"}, ("call", 95.5, "2026-12-18 AM", None)),
        ({"type": "shares"}, ("stock", None, None, None)),
        ({"symbol": "brk.b"}, ("stock", None, None, "BRK/B")),
    ],
)
def test_a_leg_is_completed(said: dict[str, Any], is_read: tuple[Any, ...]) -> None:
    leg = Leg(quantity=-1, **said)
    assert (leg.type, leg.strike, leg.expiration, leg.symbol) == is_read
    assert (leg.option is None) == (leg.symbol is None or leg.type == "stock")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"quantity": 0, "type": "put", "strike": 95}, "a quantity of 0 is no leg"),
        ({"quantity": 1.5, "type": "put", "strike": 95}, "whole contracts, not 1.5"),
        ({"quantity": 1}, "a leg has a type"),
        ({"quantity": 1, "type": "put"}, "a put needs its strike"),
        ({"quantity": 1, "type": "straddle", "strike": 95}, "'call', 'put' or 'stock'"),
        ({"quantity": 1, "type": "stock", "strike": 95}, "neither strike nor expiration"),
        ({"quantity": 1, "type": "put", "strike": 95, "years": 1, "expiration": "2026-12-18"}, "or years, not both"),
        ({"quantity": 1, "type": "put", "symbol": "SPY"}, "'SPY' is no option symbol"),
        ({"quantity": 1, "type": "call", "symbol": "SPY   261218P00600000"}, "type is call, and"),
        ({"quantity": 1, "strike": 610, "symbol": "SPY   261218P00600000"}, "strike is 610.0, and"),
        ({"quantity": 1, "expiration": "2027-01-15", "symbol": "SPY   261218P00600000"}, "expiration is 2027-01-15"),
        ({"quantity": 1, "symbol": "SPY   261318P00600000"}, "is not a date"),
        ({"quantity": 1, "symbol": "???"}, "is not a symbol"),
        ({"quantity": 1, "type": "put", "strike": 95, "premium": 2}, "Extra inputs"),
        ({"quantity": "NaN", "type": "stock"}, "finite number"),
        ({"quantity": 1, "type": "put", "strike": 95, "volatility": 32}, "less than or equal to 5"),
    ],
)
def test_what_is_no_leg_says_why(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Leg.model_validate(said)


@given(st.dictionaries(st.sampled_from([*Leg.model_fields]), st.none() | st.floats() | st.text(max_size=24)))
def test_whatever_is_sent_is_a_leg_or_refused(said: dict[str, Any]) -> None:
    try:
        leg = Leg.model_validate(said)
    except ValidationError:
        return
    assert leg.quantity
    assert leg.type == "stock" or leg.strike
