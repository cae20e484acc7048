"""The arguments of several tools."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ttai import Leg
from ttai_chains.analysis import OptionType

Underlying = Annotated[str | None, Field(description="Such as SPY, BRK/B, SPX; not needed with snapshot")]
On = Annotated[str | None, Field(description="2026-12-18; also 2026-12-18 AM, or with the root")]
Days = Annotated[int, Field(ge=0, le=1200, description="Calendar days; the nearest expiration is taken")]
Snapshot = Annotated[str | None, Field(description="Of an earlier answer: the same quotes, nothing fetched twice")]
Side = OptionType

Legs = Annotated[Sequence[Leg], Field(description="1 to 12; an option by symbol, or type, strike, expiration")]
Named = Annotated[str | None, Field(description="In place of legs, with symbol: iron_condor, csp …")]
Deltas = Annotated[Sequence[float], Field(description="Of the strategy's strikes, 0 to 1, ascending strikes; or one")]
Width = Annotated[float | None, Field(gt=0, description="Of its spreads, in dollars")]
Spot = Annotated[float | None, Field(gt=0, lt=1e9, description="With it nothing is fetched")]
Volatility = Annotated[float | None, Field(ge=0, description="A fraction: 0.32")]
