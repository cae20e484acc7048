"""The strikes of some deltas, as an answer."""

import math
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from ttai import BadArgument, ExpirationQuotes
from ttai.quant import pricing
from ttai_chains import analysis
from ttai_chains.analysis import TYPES, Place
from ttai_chains.models.chain import UNITS, greeks_from, values
from ttai_chains.models.strikes import StrikeRow, Strikes
from ttai_chains.service import Chains
from ttai_chains.tools.arguments import Days, On, Side, Snapshot, Underlying

MOST = 20
FAR = 0.05  # a delta off by more is said
FROM_CHAIN = (
    "bid", "ask", "mid", "iv", "delta", "theta", "vega", "open_interest", "volume", "spread_percent",
)  # fmt: skip


class StrikeTools:
    """Strikes by delta."""

    def __init__(self, service: Chains) -> None:
        self._service = service

    async def find_strikes(
        self,
        symbol: Underlying = None,
        deltas: Annotated[list[float], Field(description="0 to 1, without sign")] = [0.16, 0.30],  # noqa: B006
        dte: Days = 45,
        option_type: Side = "put",
        expiration: On = None,
        snapshot: Snapshot = None,
    ) -> Strikes:
        """Find the contract nearest each delta in one expiration, with quote, probabilities and breakeven.
        Use it for questions such as "the 30-delta put 45 days out"."""
        asked = _deltas(deltas)
        read = await self._service.read(await self._service.chain(symbol, snapshot), expiration, dte)
        quotes, row = read.quotes, TYPES.index(option_type)
        found = [(delta, analysis.nearest_delta(quotes, row, delta)) for delta in asked]
        places = [(delta, place) for delta, place in found if place is not None]
        one = quotes.expiration
        return Strikes(
            **Strikes.facts(read),
            root=one.root,
            expiration=one.date,
            dte=quotes.dte,
            settled=one.settled,
            type=option_type,
            atm_iv=quotes.smile.atm,
            expected_move=analysis.straddle_move(quotes),
            greeks=greeks_from(quotes, [place for _, place in places]),
            strikes=[StrikeRow(**_facts(quotes, delta, place)) for delta, place in places],
            notes=[*read.notes, *_notes(quotes, places, one.symbols[row]), UNITS],
        )


def _deltas(deltas: list[float]) -> list[float]:
    asked = list(dict.fromkeys(abs(delta) for delta in deltas))
    if not asked or len(asked) > MOST:
        raise BadArgument(f"{len(asked)} deltas were given", f"Send 1 to {MOST}, such as 0.16, 0.30")
    for delta in asked:
        if not 0 < delta < 1:
            hint = f"{delta / 100:g} is {delta:g} in percent" if delta > 1 else "0.30 is a 30-delta option"
            raise BadArgument(f"a delta is between 0 and 1, not {delta:g}", hint)
    return asked


def _facts(quotes: ExpirationQuotes, delta: float, place: Place) -> dict[str, Any]:
    """All that the row of one contract says."""
    found = values(quotes, place, FROM_CHAIN)
    del found["type"]
    is_call, strike = place.row == 0, found["strike"]
    market = (is_call, quotes.spot, strike, quotes.years, found["iv"], quotes.rate, quotes.dividend_yield)
    return {
        **found,
        "target_delta": delta,
        "symbol": quotes.expiration.symbols[place.row][place.column],
        "distance_percent": (strike / quotes.spot - 1) * 100,
        "prob_itm": float(pricing.probability_itm(*market)),
        "prob_touch": float(pricing.probability_touch(*market)),
        "breakeven": strike + (found["mid"] if is_call else -found["mid"]),
    }


def _notes(quotes: ExpirationQuotes, places: Iterable[tuple[float, Place]], symbols: Iterable[str]) -> list[str]:
    """What is far from what was asked for, or not there at all."""
    notes = []
    for delta, place in places:
        there = abs(float(quotes.delta[place.row, place.column]))
        if abs(there - delta) > FAR:
            notes.append(f"no strike is nearer a delta of {delta:g} than {there:.2f}")
    if bare := sum(not math.isfinite(quotes.mid[place.row, place.column]) for _, place in places):
        notes.append(f"{bare} with mid and breakeven null: no two-sided quote")
    if not any(math.isfinite(delta) for delta in quotes.delta.ravel()):
        notes.append(f"none of its {sum(map(bool, symbols))} contracts of this type has a known delta")
    notes.append("prob_itm, prob_touch: risk neutral, lognormal at the strike's own IV; breakeven at the mid")
    return notes
