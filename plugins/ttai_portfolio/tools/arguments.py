"""The arguments of several tools."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, WithJsonSchema

from ttai import Leg

Account = Annotated[str | None, Field(description='Number, nickname or "all"')]
Underlying = Annotated[str | None, Field(description="Only what is held of it")]
Whose = Annotated[str | None, Field(description="Underlying of legs without OCC symbol")]
Added = Annotated[Sequence[Leg], Field(description="Legs as if they were held, too")]
_HELD = {"type": "object", "properties": {"symbol": {"type": "string"}, "quantity": {"type": "number"}}}
Removed = Annotated[
    Sequence[Leg],
    WithJsonSchema({"type": "array", "items": _HELD}),
    Field(description="Held legs as if they were closed"),
]
