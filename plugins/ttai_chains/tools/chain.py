"""A part of a chain, as an answer: never the whole of it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ttai import BadArgument
from ttai_chains import analysis
from ttai_chains.analysis import TYPES, Place
from ttai_chains.models.chain import COLUMNS, NAMING, OptionChain
from ttai_chains.service import Chains, Read, gaps
from ttai_chains.tools.arguments import Days, On, Side, Snapshot, Underlying

USUAL = 45  # days
MOST_STRIKES = 60  # each side, of both types: as many as an answer may hold
MOST_EXPIRATIONS = 12
FIRST = 4  # of the summary: the nearest, then the monthly ones

Delta = Annotated[float | None, Field(ge=0, le=1, description="Without its sign: 0.16 for a put of −0.16")]


class ChainTools:
    """The contracts of an expiration."""

    def __init__(self, service: Chains) -> None:
        self._service = service

    async def get_option_chain(
        self,
        symbol: Underlying = None,
        expiration: On = None,
        dte: Days | None = None,
        strikes: Annotated[int, Field(ge=0, le=MOST_STRIKES, description="Strikes each side of the money")] = 10,
        option_type: Side | None = None,
        min_delta: Delta = None,
        max_delta: Delta = None,
        columns: Annotated[list[str] | None, Field(description=f"Some of {' '.join(COLUMNS)}; all without")] = None,
        snapshot: Snapshot = None,
    ) -> OptionChain:
        """Option contracts of one expiration (else the one nearest 45 days), around the money or in a range of deltas.
        Use it to look at quotes and greeks; find_strikes answers for one delta, get_expirations for dates."""
        wanted = _columns(columns)
        low, high = _range(min_delta, max_delta)
        chain = await self._service.chain(symbol, snapshot)
        unfiltered = expiration is None and dte is None
        read = await self._service.read(chain, expiration, USUAL if dte is None else dte)
        rows = [0, 1] if option_type is None else [TYPES.index(option_type)]
        if low is None:
            places, notes = _around(read, strikes, rows)
        else:
            places, notes = _between(read, low, high, strikes, rows)
        others = _summary(await self._service.at_the_money(chain), read) if unfiltered else []
        notes += gaps(others) if others else []
        if unfiltered and len(others) < len(chain.expirations):
            notes.append(f"{len(others)} of {len(chain.expirations)} expirations; get_expirations lists all")
        return OptionChain.of(read, places, wanted, others, notes)


def _columns(columns: Sequence[str] | None) -> list[str]:
    """The columns asked for, in any spelling with commas; all without."""
    asked = [part.strip().lower() for text in columns or () for part in text.split(",") if part.strip()]
    if unknown := [name for name in asked if name not in COLUMNS]:
        raise BadArgument(f"{', '.join(unknown)[:80]} is no column", f"There are {' '.join(COLUMNS)}")
    return [name for name in asked if name not in NAMING] or list(COLUMNS)


def _range(low: float | None, high: float | None) -> tuple[float | None, float]:
    if low is None and high is None:
        return None, 1.0
    low, high = low or 0.0, 1.0 if high is None else high
    if low > high:
        raise BadArgument(f"min_delta={low} is above max_delta={high}", "Swap them")
    return low, high


def _around(read: Read, strikes: int, rows: Sequence[int]) -> tuple[list[Place], list[str]]:
    """So many strikes each side of the money; what was left out is said."""
    first, last = analysis.around_the_money(read.quotes, strikes)
    there = len(read.quotes.strikes)
    places = analysis.listed(read.quotes, rows, range(first, last))
    if last - first == there:
        return places, []
    more = min(max(2 * strikes, strikes + 10), MOST_STRIKES)
    ask = f"strikes={more}" if more > strikes else "min_delta and max_delta"
    return places, [f"{last - first} of {there} strikes; ask {ask}"]


def _between(read: Read, low: float, high: float, strikes: int, rows: Sequence[int]) -> tuple[list[Place], list[str]]:
    """The contracts in a range of deltas, of each type at most as many as around the money."""
    most = 2 * strikes + 1
    found = analysis.by_delta(read.quotes, low, high, rows)
    spot, prices = read.quotes.spot, read.quotes.strikes
    places: list[Place] = []
    for row in rows:
        of_type = sorted((place for place in found if place.row == row), key=lambda p: abs(prices[p.column] - spot))
        places += sorted(of_type[:most], key=lambda place: place.column)
    notes = []
    if len(places) < len(found):
        more = min(-(-len(found) // 2), MOST_STRIKES)
        ask = f"strikes={more}" if more > strikes else "a narrower range of deltas"
        notes.append(f"{len(places)} of {len(found)} contracts, those nearest the money; ask {ask}")
    if not found:
        notes.append(f"no contract has a delta between {low:g} and {high:g}")
    return places, notes


def _summary(reads: Sequence[Read], shown: Read) -> list[Read]:
    """The nearest expirations, then the monthly ones, as many as fit; the one that is shown among them."""
    monthly = [read for read in reads[FIRST:] if read.quotes.expiration.kind == "monthly"]
    keys = [read.quotes.expiration.key for read in (shown, *reads[:FIRST], *monthly)]
    kept = list(dict.fromkeys(keys))[:MOST_EXPIRATIONS]
    return [read for read in reads if read.quotes.expiration.key in kept]
