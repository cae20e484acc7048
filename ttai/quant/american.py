"""American options by QuantLib's engine of Andersen, Lake and Offengenden: prices, greeks, implied volatility.

One option at a time, in plain numbers; units as in `pricing`: dollars, years, annual fractions. ValueError for what is
no number, a spot or strike not above 0, and years or a volatility below 0. Source: Andersen, Lake and Offengenden, High
Performance American Option Pricing (2016). An option whose exercise has two boundaries, as both rates are negative,
falls to finite differences on a grid, to about 0.003 % of the strike.
"""

import math
from functools import partial
from typing import NamedTuple

from ttai.quant import pricing

_FINEST = 1e-6  # of σ√T: less is no movement
_FARTHEST = 20.0  # of rates × years and ln(spot / strike): a factor of 500 million
_WIDEST = 8.0  # of σ√T: an option is within a hundredth of a percent of its bound


class Greeks(NamedTuple):
    """What a price changes by: `delta` $ per $ of the spot, `gamma` delta per $, `theta` $ per calendar day,
    `vega` $ per volatility point (0.01), `rho` $ per 0.01 of the rate."""

    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def price(
    is_call: bool,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float:
    """Dollars a share, within 0.0001 % of the strike; never below the European option's price or the exercise value.

    Where exercise before expiry can't pay, as for a call without dividends, it is the European price exactly.
    """
    _checked(spot=spot, strike=strike, years=years, volatility=volatility, rate=rate, dividend_yield=dividend_yield)
    still = _still(is_call, spot, strike, years, rate, dividend_yield)
    european = float(pricing.price(is_call, spot, strike, years, volatility, rate, dividend_yield))
    deviation = volatility * math.sqrt(years)
    if _european(is_call, rate, dividend_yield):
        return european
    if deviation < _FINEST:
        return max(european, still)
    percent = _engine(is_call, 100 * (spot / strike), min(deviation, 2 * _WIDEST), rate * years, dividend_yield * years)
    return min(
        max(strike * (percent / 100), european, still), _bound(is_call, spot, strike, years, rate, dividend_yield)
    )


def greeks(
    is_call: bool,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> Greeks:
    """The derivatives of `price`, to about four digits by central differences; the European ones where it is European.

    Units in `Greeks`. Where nothing can move any more, because years or volatility are 0, gamma and vega are 0 and
    delta exactly at the money is half of one in the money; at expiry theta is 0, too.
    """
    _checked(spot=spot, strike=strike, years=years, volatility=volatility, rate=rate, dividend_yield=dividend_yield)
    if _european(is_call, rate, dividend_yield):
        return Greeks(*map(float, pricing.greeks(is_call, spot, strike, years, volatility, rate, dividend_yield)))

    def worth(spot: float = spot, years: float = years, volatility: float = volatility, rate: float = rate) -> float:
        return price(is_call, spot, strike, years, volatility, rate, dividend_yield)

    now = worth()
    deviation = volatility * math.sqrt(years)
    moves = deviation >= _FINEST
    # A hundredth of a deviation, but more than rounding makes of the price and less than the spot.
    step = min(max(0.01 * deviation * spot, 1e-6 * max(spot, strike)), 0.1 * spot)
    day, point, percent = 0.003 * years, 0.003 * volatility, 5e-4
    up, down = worth(spot=spot + step), worth(spot=spot - step)
    aged = worth(years=years - day) - worth(years=years + day)
    stirred = worth(volatility=volatility + point) - worth(volatility=volatility - point)
    return Greeks(
        delta=(up - down) / (2 * step),
        gamma=(up - 2 * now + down) / step**2 if moves else 0.0,
        theta=aged / (2 * day * pricing.DAYS) if day else 0.0,
        vega=stirred / (200 * point) if moves else 0.0,
        rho=(worth(rate=rate + percent) - worth(rate=rate - percent)) / (200 * percent),
    )


def implied_volatility(
    is_call: bool,
    price: float,
    spot: float,
    strike: float,
    years: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float:
    """The volatility at which an American option is worth `price` dollars; ValueError says why there is none.

    By Brent's method, up to the volatility that the price would imply for a European option.
    """
    from scipy.optimize import brentq

    _checked(spot=spot, strike=strike, years=years, price=price, rate=rate, dividend_yield=dividend_yield)
    option, root = "call" if is_call else "put", math.sqrt(years)
    bound = _bound(is_call, spot, strike, years, rate, dividend_yield)
    if years == 0:
        raise ValueError("expired")
    if price < (exercise := spot - strike if is_call else strike - spot):
        raise ValueError(f"below exercise value: {price:.10g}, and the {option} is worth {exercise:.10g} at once")
    if price >= bound:
        raise ValueError(f"above the bound: {price:.10g}, and no such {option} is worth {bound:.10g}")

    def excess(volatility: float) -> float:
        return _price(is_call, spot, strike, years, volatility, rate, dividend_yield) - price

    if excess(_FINEST / root) >= 0:
        raise ValueError(f"no time value left: {price:.10g} is no more than the {option} is worth without any movement")
    european = float(pricing.implied_volatility(is_call, price, spot, strike, years, rate, dividend_yield))
    highest = _WIDEST / root if math.isnan(european) else european
    if excess(highest) > 0:
        return float(brentq(excess, _FINEST / root, highest, xtol=1e-12))
    if math.isnan(european):
        raise ValueError(f"above the bound: {price:.10g} is too near to {bound:.10g}, which no such {option} is worth")
    return european


class Engine:
    """QuantLib's price of an option struck at 100, over a year to which all is scaled; built once, asked often.

    QuantLib knows time in whole days only. That year lies so far ahead that its global date of evaluation never makes
    the option an expired one, and nothing here is shared between instances: threads need no lock. `quick` takes a
    seventh of the time, off by up to 0.01 % of the strike, mostly below 0.001 %, instead of 0.0001 %.
    """

    def __init__(self, is_call: bool, *, quick: bool = False) -> None:
        """Build the option and its market."""
        import QuantLib as ql  # noqa: N813 – as its documentation does

        today, days = ql.Date(1, 1, 2198), ql.Actual365Fixed()
        self._quotes = [ql.SimpleQuote(0.0) for _ in range(4)]
        spot, deviation, rate, dividend_yield = (ql.QuoteHandle(quote) for quote in self._quotes)
        process = ql.BlackScholesMertonProcess(
            spot,
            ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield, days)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), deviation, days)),
        )
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, 100)
        self._option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365))
        # The fast scheme of its authors and one more iteration, which halves what it is off by.
        scheme = [ql.QdFpLegendreScheme(7, 3, 7, 27)] if quick else []
        self._engine = ql.QdFpAmericanEngine(process, *scheme)
        self._option.setPricingEngine(self._engine)
        self._grid = partial(ql.FdBlackScholesVanillaEngine, process, 400, 400)

    def price(self, spot: float, deviation: float, rate: float, dividend_yield: float) -> float:
        """Percent of the strike: `spot` is percent of it, too, the others are σ√T, rT and qT."""
        for quote, value in zip(self._quotes, (spot, deviation, rate, dividend_yield), strict=True):
            quote.setValue(value)  # what did not change is not told on
        try:
            return float(self._option.NPV())
        except RuntimeError:  # two boundaries, or none that it finds
            self._option.setPricingEngine(self._grid())
            found = float(self._option.NPV())
            self._option.setPricingEngine(self._engine)
            return found


_price = price


def _european(is_call: bool, rate: float, dividend_yield: float) -> bool:
    """Whether to wait never costs: what exercise would bring early earns no more than what it takes."""
    return dividend_yield <= min(0.0, rate) if is_call else rate <= min(0.0, dividend_yield)


def _engine(is_call: bool, spot: float, deviation: float, rate: float, dividend_yield: float) -> float:
    """The price at a strike of 100, over a year to which all is scaled."""
    return Engine(is_call).price(spot, deviation, rate, dividend_yield)


def _still(is_call: bool, spot: float, strike: float, years: float, rate: float, dividend_yield: float) -> float:
    """What the option is worth if the spot only drifts: the best discounted payoff of any moment."""
    moments = [0.0, years]
    if rate * dividend_yield > 0 and rate != dividend_yield:
        best = math.log(rate * strike / (dividend_yield * spot)) / (rate - dividend_yield)
        moments.append(min(max(best, 0.0), years))
    sign = 1 if is_call else -1
    payoffs = (sign * (spot * math.exp(-dividend_yield * t) - strike * math.exp(-rate * t)) for t in moments)
    return max(0.0, *payoffs)


def _bound(is_call: bool, spot: float, strike: float, years: float, rate: float, dividend_yield: float) -> float:
    """What no such option is worth: the stock or the strike, at once or discounted from expiry."""
    return max(1.0, math.exp(-dividend_yield * years)) * spot if is_call else max(1.0, math.exp(-rate * years)) * strike


def _checked(*, spot: float, strike: float, years: float, rate: float, dividend_yield: float, **others: float) -> None:
    figures = (spot, strike, years, rate, dividend_yield, *others.values())
    if not all(map(math.isfinite, figures)) or min(spot, strike) <= 0 or min(years, *others.values()) < 0:
        names = ", ".join(others)
        raise ValueError(
            f"an option has spot and strike above 0, years and {names} not below, all of them known numbers"
        )
    if max(abs(rate), abs(dividend_yield)) * years > _FARTHEST or abs(math.log(spot / strike)) > _FARTHEST:
        raise ValueError("no price for a spot so far from the strike, or for rates so far from 0 for so long")
