"""What the options of a book are worth in many markets: European ones at once, American ones where it matters."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ttai.quant import pricing
from ttai.quant.american import Engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_AT_ONCE = 16_384  # prices in one call: about two milliseconds, so that other threads get their turn
_FINEST, _WIDEST = 1e-6, 16.0  # of σ√T: less is no movement, more nothing else


@dataclass(frozen=True, eq=False)
class Options:
    """Options as arrays (n,) of one length: units as in `pricing`.

    `exercise`: worth at least what exercise brings; `american`: worth what the right to exercise early is, too, which
    takes a rate above 0 of a put and a dividend yield above 0 of a call.
    """

    is_call: "NDArray[np.bool_]"
    exercise: "NDArray[np.bool_]"
    american: "NDArray[np.bool_]"
    strike: "Numbers"
    years: "Numbers"
    volatility: "Numbers"
    rate: "Numbers"
    dividend_yield: "Numbers"

    def __len__(self) -> int:
        return len(self.strike)

    def __getitem__(self, part: slice) -> "Options":
        return Options(*(getattr(self, column.name)[part] for column in fields(self)))


def worth(options: Options, spots: "Numbers", ivs: "Numbers", days: "Numbers") -> "Numbers":
    """Dollars a share, (d, i, s, n): at `spots` (s, n) dollars, volatilities `ivs` (i,) times theirs, `days` (d,)
    calendar days from now.

    European options by Black, Scholes and Merton, American ones by Andersen, Lake and Offengenden's method, within
    0.01 % of the strike. Past its expiry an option is worth its intrinsic value.
    """
    import numpy as np

    value = np.empty((len(days), len(ivs), len(spots), len(options)))
    engines = {is_call: Engine(is_call, quick=True) for is_call in {*options.is_call[options.american].tolist()}}
    width = max(_AT_ONCE // (len(ivs) * len(spots)), 1)
    for start in range(0, len(options), width):
        part = slice(start, start + width)
        for day, elapsed in enumerate(days.tolist()):
            value[day, :, :, part] = _on_one_day(options[part], spots[:, part], ivs, elapsed, engines)
    return value


def _on_one_day(
    options: Options, spots: "Numbers", ivs: "Numbers", elapsed: float, engines: dict[bool, Engine]
) -> "Numbers":
    """Dollars a share, (i, s, n)."""
    import numpy as np

    left = np.maximum(options.years - elapsed / pricing.DAYS, 0.0)
    volatility = options.volatility * ivs[:, np.newaxis, np.newaxis]
    rates = options.rate, options.dividend_yield
    value = pricing.price(options.is_call, spots, options.strike, left, volatility, *rates)
    intrinsic = np.maximum(np.where(options.is_call, spots - options.strike, options.strike - spots), 0.0)
    value = np.where(options.exercise | (left <= 0), np.maximum(value, intrinsic), value)
    deviation = np.broadcast_to(volatility * np.sqrt(left), value.shape)
    moves = options.american & (deviation > _FINEST)
    for place in np.flatnonzero(moves.any(axis=(0, 1))).tolist():
        is_call, strike = bool(options.is_call[place]), float(options.strike[place])
        rate, dividend_yield = (float(one[place] * left[place]) for one in rates)
        for iv, spot in np.argwhere(moves[:, :, place]).tolist():
            price, movement = float(spots[spot, place]), min(float(deviation[iv, spot, place]), _WIDEST)
            percent = engines[is_call].price(100 * price / strike, movement, rate, dividend_yield)
            worth_early = min(percent / 100 * strike, price if is_call else strike)
            value[iv, spot, place] = max(float(value[iv, spot, place]), worth_early)
    return value
