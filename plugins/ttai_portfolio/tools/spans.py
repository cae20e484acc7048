"""The arguments of the tools that read records."""

from typing import Annotated

from pydantic import Field

Start = Annotated[str | None, Field(description="First day, 2026-11-20")]
End = Annotated[str | None, Field(description="Last day; today without")]
Symbol = Annotated[str | None, Field(description="An underlying, or an OCC option")]
