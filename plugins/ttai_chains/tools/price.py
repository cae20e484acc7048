"""One option worked out from its inputs, as an answer."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from ttai import BadArgument, Host, understood
from ttai.quant import american, pricing
from ttai_chains.analysis import OptionType
from ttai_chains.inputs import LONGEST, Inputs, Positive, Rate, fraction
from ttai_chains.models.price import OptionPrice

Style = Literal["european", "american"]
EUROPEAN = "Black-Scholes-Merton with a continuous dividend yield; prob_itm, prob_touch risk neutral"
AMERICAN = "Andersen-Lake-Offengenden (QuantLib); prob_itm, prob_touch risk neutral, of the European option"


class PriceTools:
    """The calculator of a single option."""

    def __init__(self, host: Host) -> None:
        self._inputs = Inputs(host)
        self._compute = host.tasks.compute

    async def price_option(
        self,
        option_type: OptionType,
        spot: Positive,
        strike: Positive,
        volatility: Annotated[float | None, Field(ge=0, description="A fraction a year: 0.32")] = None,
        price: Annotated[float | None, Field(ge=0, lt=1e9, description="For its implied volatility")] = None,
        expiration: Annotated[str | None, Field(description="2026-12-18, to 16:00 New York; with AM to 9:30")] = None,
        days: Annotated[float | None, Field(ge=0, le=36500)] = None,
        years: Annotated[float | None, Field(ge=0, le=LONGEST)] = None,
        rate: Rate | None = None,
        dividend_yield: Rate = 0.0,
        style: Style = "european",
        cross_greeks: Annotated[bool, Field(description="With vanna, charm and vomma")] = False,
    ) -> OptionPrice:
        """Work out one option: price and greeks from a volatility, or the implied volatility from a price.
        Use it for what-ifs with inputs of your own; get_option_chain has what is quoted now."""
        if (volatility is None) == (price is None):
            raise BadArgument(
                "either volatility or price is needed, not both", "Send volatility=0.32 for a price, or price=4.10"
            )
        volatility = fraction(volatility)
        left = await self._inputs.years(expiration, days, years)
        rate, notes = await self._inputs.rate(rate)
        market = (option_type == "call", spot, strike, left)
        costs = (rate, dividend_yield)
        work = _american if style == "american" else _european
        facts = await self._compute(work, market, volatility, price, costs)
        if cross_greeks and facts["volatility"] is not None:
            crossed = pricing.cross_greeks(*market, facts["volatility"], *costs)
            facts |= {name: float(value) for name, value in crossed._asdict().items()}
            notes += ["vanna, charm, vomma: the European option's"] if style == "american" else []
        return OptionPrice(**facts, years=left, rate=rate, dividend_yield=dividend_yield, notes=notes)


Market = tuple[bool, float, float, float]


def _european(
    market: Market, volatility: float | None, price: float | None, costs: tuple[float, float]
) -> dict[str, Any]:
    is_call, spot, strike, years = market
    if volatility is None:
        assert price is not None  # noqa: S101 - one of them is given
        if why := pricing.no_volatility(is_call, price, spot, strike, years, *costs):
            return _unknown(price, why, EUROPEAN)
        volatility = float(pricing.implied_volatility(is_call, price, spot, strike, years, *costs))
    given = (*market, volatility, *costs)
    value = float(pricing.price(*given)) if price is None else price
    greeks = {name: float(value) for name, value in pricing.greeks(*given)._asdict().items()}
    return {"price": value, "volatility": volatility, **greeks, **_chances(given), "method": EUROPEAN}


def _american(
    market: Market, volatility: float | None, price: float | None, costs: tuple[float, float]
) -> dict[str, Any]:
    if volatility is None:
        assert price is not None  # noqa: S101 - one of them is given
        try:
            volatility = american.implied_volatility(market[0], price, *market[1:], *costs)
        except ValueError as error:
            return _unknown(price, str(error), AMERICAN)
    given = (*market, volatility, *costs)
    value = understood(lambda: american.price(*given)) if price is None else price
    return {
        "price": value,
        "volatility": volatility,
        **understood(lambda: american.greeks(*given))._asdict(),
        **_chances(given),
        "early_exercise_premium": max(value - float(pricing.price(*given)), 0.0),
        "method": AMERICAN,
    }


def _chances(given: tuple[Any, ...]) -> dict[str, float | None]:
    """Probabilities, None where there are none."""
    found = {"prob_itm": pricing.probability_itm(*given), "prob_touch": pricing.probability_touch(*given)}
    return {name: float(value) if math.isfinite(value) else None for name, value in found.items()}


def _unknown(price: float, why: str, method: str) -> dict[str, Any]:
    """A price no volatility makes: all else is unknown."""
    names = ("volatility", "delta", "gamma", "theta", "vega", "rho", "prob_itm", "prob_touch")
    return {"price": price, **dict.fromkeys(names), "reason": f"no implied volatility: {why}", "method": method}
