"""One leg of a strategy, as every tool takes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ttai.quant.symbols import Option, normalize, parse_occ, parse_streamer

_TYPES = {
    "c": "call",
    "calls": "call",
    "p": "put",
    "puts": "put",
    "shares": "stock",
    "share": "stock",
    "equity": "stock",
}


def _type(said: Any) -> Any:
    return _TYPES.get(said.strip().lower(), said.strip().lower()) if isinstance(said, str) else said


def _briefly(schema: dict[str, Any]) -> None:
    """What every tool that takes legs tells of them: bounds are said by whoever refuses what lies beyond."""
    schema.pop("description", None)
    for field in schema["properties"].values():
        for branch in (field, *field.get("anyOf", ())):
            for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                branch.pop(bound, None)


class Leg(BaseModel):
    """An option, named by its OCC `symbol` or by type, strike and expiration, or shares of the stock."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra=_briefly)

    quantity: Annotated[float, Field(description="Below 0 is short")]
    type: Annotated[Literal["call", "put", "stock"] | None, BeforeValidator(_type)] = None
    strike: Annotated[float | None, Field(gt=0, lt=100_000)] = None
    expiration: Annotated[str | None, Field(description="2026-12-18")] = None
    years: Annotated[float | None, Field(gt=0, le=100)] = None
    symbol: Annotated[str | None, Field(description="OCC, in place of these")] = None
    price: Annotated[float | None, Field(ge=0, lt=1e9, description="$ a share")] = None
    volatility: Annotated[float | None, Field(ge=0, le=5, description="A fraction: 0.32")] = None

    @model_validator(mode="after")
    def _complete(self) -> "Leg":
        """Type, strike and expiration of the symbol; the stock of any other; what contradicts itself is refused."""
        if self.quantity == 0:
            raise ValueError("a quantity of 0 is no leg; below 0 is short")
        if self.symbol is not None:
            self._named(self.symbol)
        if self.type is None:
            raise ValueError("a leg has a type (call, put or stock), or an OCC option symbol")
        if self.type == "stock":
            if (self.strike, self.expiration, self.years) != (None, None, None):
                raise ValueError("stock has neither strike nor expiration")
        elif self.strike is None:
            raise ValueError(f"a {self.type} needs its strike")
        elif self.years is not None and self.expiration is not None:
            raise ValueError("an option has an expiration or years, not both")
        elif self.quantity != int(self.quantity):
            raise ValueError(f"options come in whole contracts, not {self.quantity:g}")
        return self

    @property
    def option(self) -> Option | None:
        """The listed option behind its OCC symbol; None without one."""
        return parse_occ(self.symbol) if self.symbol is not None and self.type != "stock" else None

    def _named(self, symbol: str) -> None:
        name = normalize(symbol)
        option = _option(name)
        if option is None:
            if self.type not in (None, "stock"):
                raise ValueError(f"{symbol[:40]!r} is no option symbol; one looks like 'SPY   261218P00600000'")
            self.symbol, self.type = name, "stock"
            return
        said = {"type": "call" if option.type == "C" else "put", "strike": float(option.strike)}
        for field, value in said.items():
            given = getattr(self, field)
            if given not in (None, value):
                raise ValueError(f"{field} is {given}, and {option.occ!r} has {value}; send one of the two")
        day = f"{option.expiration}"
        if self.expiration is not None and not self.expiration.startswith(day):
            raise ValueError(f"expiration is {self.expiration[:20]}, and {option.occ!r} has {day}; send one of the two")
        self.symbol, self.type, self.strike = option.occ, said["type"], said["strike"]  # type: ignore[assignment]
        self.expiration = self.expiration or f"{day} {option.root}"


def _option(name: str) -> Option | None:
    try:
        return parse_occ(name)
    except ValueError:
        pass
    try:
        return parse_streamer(name)
    except ValueError:
        return None
