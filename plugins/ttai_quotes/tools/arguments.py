"""The arguments of several tools."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from ttai import BadArgument

Symbol = Annotated[str, Field(description="Such as SPY, BRK/B, SPX or an OCC option symbol")]
Underlyings = Annotated[list[str], Field(description="Up to 100 stocks, ETFs or indices, such as SPY, BRK/B, SPX")]
IntervalName = Annotated[str, Field(description="1m 5m 15m 30m 1h 1d 1w")]
Extended = Annotated[bool, Field(description="With pre-market and after hours")]


def parts(symbols: Iterable[str]) -> list[str]:
    """The symbols one by one, of which several may stand in one text, with commas between them."""
    return [part.strip() for text in symbols for part in text.split(",") if part.strip()]


def several(symbols: Iterable[str]) -> list[str]:
    """The same; BadArgument where there is none."""
    if not (asked := parts(symbols)):
        raise BadArgument("no symbol was given", "Send symbols such as SPY, AAPL")
    return asked
