"""What is held of one underlying, and the volatilities that explain its marks."""

import math
from dataclasses import dataclass

from ttai.quant import american, pricing
from ttai.quant.strategies.legs import Leg, LegType
from ttai.quant.strategies.position import Setting


@dataclass(frozen=True)
class Holding:
    """What is held of one underlying, in one setting.

    A leg's `price` is its mark, dollars a share; its volatility the one that makes that mark, NaN unknown. `beta` is to
    the S&P 500 (SPY), None unknown.
    """

    symbol: str
    legs: tuple[Leg, ...]
    setting: Setting
    beta: float | None = None


def implied(
    leg_type: LegType, mark: float, setting: Setting, strike: float, years: float, dividend_yield: float | None = None
) -> float:
    """The annual volatility at which the model is worth exactly `mark` dollars a share; 0 for stock.

    The model is an American option by Andersen, Lake and Offengenden, by Black, Scholes and Merton in a setting that
    is European. `dividend_yield` is the leg's own, None the setting's. NaN where no volatility makes that mark: below
    what the option is worth without movement, above its bound, expired, figures unknown.
    """
    if leg_type == "stock":
        return 0.0
    rate, q = setting.rate, setting.dividend_yield if dividend_yield is None else dividend_yield
    asked = (leg_type == "call", mark, setting.spot, strike, years, rate, q)
    if setting.european:
        known = all(map(math.isfinite, asked)) and min(setting.spot, strike) > 0
        return float(pricing.implied_volatility(*asked)) if known else math.nan
    try:
        return american.implied_volatility(*asked)
    except ValueError:
        return math.nan
