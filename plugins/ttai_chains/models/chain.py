"""The answers about contracts: a part of a chain, and the strikes of some deltas."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from ttai import Count, ExpirationQuotes, Greek, Percent, Price, Strike
from ttai_chains.analysis import TYPES, Place, unknown_volatility
from ttai_chains.models.common import ChainAnswer, ExpirationRow, Gamma, Hours
from ttai_chains.service import Read

UNITS = "prices and greeks a share: theta $ a day, vega $ a volatility point; spread_percent: of the mid"


class Contract(BaseModel):
    """One contract as it was quoted; prices and greeks a share, theta $ a day, vega $ a volatility point."""

    type: str
    strike: Strike
    bid: Price | None = None
    ask: Price | None = None
    mid: Price | None = None
    iv: Percent | None = None
    delta: Greek | None = None
    gamma: Gamma | None = None
    theta: Greek | None = None
    vega: Greek | None = None
    open_interest: Count | None = None
    volume: Count | None = None
    spread_percent: Percent | None = None


COLUMNS = tuple(Contract.model_fields)
NAMING = ("type", "strike")  # always there


@cache
def _narrow(columns: tuple[str, ...]) -> type[BaseModel]:
    """A contract with these columns alone."""
    fields: dict[str, Any] = {
        name: (info.rebuild_annotation(), info.default if not info.is_required() else ...)
        for name, info in Contract.model_fields.items()
        if name in columns
    }
    return create_model("Contract", **fields)


def values(quotes: ExpirationQuotes, place: Place, columns: Iterable[str]) -> dict[str, Any]:
    """These columns of one contract."""
    found: dict[str, Any] = {"type": TYPES[place.row], "strike": float(quotes.strikes[place.column])}
    for name in columns:
        if name not in NAMING:
            found[name] = float(getattr(quotes, name)[place.row, place.column])
    return found


def contracts(quotes: ExpirationQuotes, places: Iterable[Place], columns: Sequence[str]) -> list[BaseModel]:
    """The rows of a table of contracts."""
    wanted = tuple(name for name in COLUMNS if name in (*NAMING, *columns))
    model = _narrow(wanted)
    return [model(**values(quotes, place, wanted)) for place in places]


def greeks_from(quotes: ExpirationQuotes, places: Sequence[Place]) -> str:
    """Whose greeks these contracts have: the feed's, the model's, or so many of each."""
    streamed = sum(bool(quotes.streamed[place.row, place.column]) for place in places)
    if streamed == len(places):
        return "stream" if places else "none"
    return f"stream, {len(places) - streamed} of {len(places)} model" if streamed else "model"


def nulls(quotes: ExpirationQuotes, places: Iterable[Place]) -> list[str]:
    """Why some of these contracts have neither volatility nor greeks; of all of them it is said elsewhere."""
    if quotes.expiration.adjusted or quotes.years <= 0:
        return []
    return [f"{count} with iv and greeks null: {why}" for why, count in unknown_volatility(quotes, places).items()]


class OptionChain(ChainAnswer):
    """A part of the contracts of one expiration; `greeks` says whose they are: the feed's (stream) or ours (model)."""

    root: str
    expiration: date
    dte: int
    hours: Hours | None
    settled: str
    atm_iv: Percent | None
    greeks: str
    contracts: list[BaseModel]
    expirations: list[ExpirationRow] | None = None

    @classmethod
    def of(
        cls,
        read: Read,
        places: Sequence[Place],
        columns: Sequence[str],
        expirations: Sequence[Read],
        notes: Iterable[str],
    ) -> "OptionChain":
        """The contracts at these places, and what other expirations there are."""
        quotes = read.quotes
        one = quotes.expiration
        return cls(
            **cls.facts(read),
            root=one.root,
            expiration=one.date,
            dte=quotes.dte,
            hours=quotes.hours,
            settled=one.settled,
            atm_iv=quotes.smile.atm,
            greeks=greeks_from(quotes, places),
            contracts=contracts(quotes, places, columns),
            expirations=[ExpirationRow.of(other) for other in expirations] or None,
            notes=list(dict.fromkeys([*read.notes, *notes, *nulls(quotes, places), UNITS])),
        )
