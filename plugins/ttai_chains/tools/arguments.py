"""The arguments of several tools."""

from typing import Annotated

from pydantic import Field

from ttai_chains.analysis import OptionType

Underlying = Annotated[str | None, Field(description="Such as SPY, BRK/B, SPX; not needed with snapshot")]
On = Annotated[str | None, Field(description="2026-12-18; also 2026-12-18 AM, or with the root")]
Days = Annotated[int, Field(ge=0, le=1200, description="Calendar days; the nearest expiration is taken")]
Snapshot = Annotated[str | None, Field(description="Of an earlier answer: the same quotes, nothing fetched twice")]
Side = OptionType
