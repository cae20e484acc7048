"""The calculator of one option as a client meets it, held to textbooks and to arithmetic of its own."""

import math
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from ttai.testing import Harness, harness

GREEKS = ("delta", "gamma", "theta", "vega", "rho")
BASE = {"option_type": "put", "spot": 100, "strike": 95, "volatility": 0.32, "days": 45, "rate": 0.04}


async def refused(h: Harness, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call("price_option", **arguments)
    return str(error.value)


def black_scholes(spot: float, strike: float, years: float, sigma: float, rate: float, paid: float) -> float:
    """A call, by the error function."""
    d1 = (math.log(spot / strike) + (rate - paid + sigma * sigma / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    share, owed = (0.5 * (1 + math.erf(d / math.sqrt(2))) for d in (d1, d2))
    return spot * math.exp(-paid * years) * share - strike * math.exp(-rate * years) * owed


async def test_hull_knows_the_price(demo: Harness) -> None:
    """Options, Futures and Other Derivatives, example 15.6: 42, 40, 10 %, 20 %, half a year: 4.76 and 0.81."""
    hull = {"spot": 42, "strike": 40, "rate": 0.1, "volatility": 0.2, "years": 0.5}
    call = await demo.call("price_option", option_type="call", **hull)
    put = await demo.call("price_option", option_type="put", **hull)
    assert round(call.data["price"], 2) == 4.76
    assert round(put.data["price"], 2) == 0.81
    assert call.data["price"] - put.data["price"] == pytest.approx(42 - 40 * math.exp(-0.05), abs=1e-6)
    assert "price: 4.7594" in call.text


async def test_the_structure_has_eight_digits(h: Harness) -> None:
    found = (await h.call("price_option", **(BASE | {"option_type": "call", "dividend_yield": 0.01}))).data
    assert found["price"] == pytest.approx(black_scholes(100, 95, 45 / 365, 0.32, 0.04, 0.01), rel=1e-7)


async def test_the_greeks_are_what_the_price_changes_by(h: Harness) -> None:
    """Central differences of the tool's own prices: a dollar, a day, a point, a percent."""

    async def price(**changed: float) -> float:
        value: float = (await h.call("price_option", **(BASE | changed))).data["price"]
        return value

    found = (await h.call("price_option", **BASE)).data
    assert found["delta"] == pytest.approx((await price(spot=100.01) - await price(spot=99.99)) / 0.02, abs=1e-4)
    assert found["theta"] == pytest.approx((await price(days=44.5) - await price(days=45.5)), abs=2e-5)
    assert found["vega"] == pytest.approx(await price(volatility=0.325) - await price(volatility=0.315), abs=1e-5)
    assert found["rho"] == pytest.approx(await price(rate=0.045) - await price(rate=0.035), abs=1e-5)
    assert found["prob_itm"] < found["prob_touch"] < 1


@pytest.mark.parametrize("style", ["european", "american"])
async def test_a_price_gives_back_its_volatility(demo: Harness, style: str) -> None:
    priced = (await demo.call("price_option", **BASE, style=style)).data
    asked = {name: value for name, value in BASE.items() if name != "volatility"}
    found = (await demo.call("price_option", **asked, price=priced["price"], style=style)).data
    assert found["volatility"] == pytest.approx(0.32, abs=1e-6)
    assert all(found[name] == pytest.approx(priced[name], abs=1e-4) for name in GREEKS)


async def test_early_exercise_is_worth_what_the_american_costs_more(h: Harness) -> None:
    """Andersen, Lake and Offengenden's put at 100: r = q = 5 %, σ = 25 %, a year: the premium is 0.106952702747."""
    asked = {"option_type": "put", "spot": 100, "strike": 100, "rate": 0.05, "dividend_yield": 0.05, "years": 1}
    american = (await h.call("price_option", **asked, volatility=0.25, style="american")).data
    european = (await h.call("price_option", **asked, volatility=0.25)).data
    assert american["early_exercise_premium"] == pytest.approx(0.1069527, abs=1e-6)
    assert american["price"] - european["price"] == pytest.approx(american["early_exercise_premium"], abs=1e-6)
    assert "QuantLib" in american["method"]
    assert european["early_exercise_premium"] is None
    assert [american["vanna"], american["charm"], american["vomma"]] == [None, None, None]


async def test_cross_greeks_come_on_request(h: Harness) -> None:
    found = (await h.call("price_option", **BASE, cross_greeks=True)).data
    up, down = [(await h.call("price_option", **(BASE | {"volatility": sigma}))).data for sigma in (0.325, 0.315)]
    assert found["vanna"] == pytest.approx(up["delta"] - down["delta"], abs=1e-6)
    assert found["vomma"] == pytest.approx(up["vega"] - down["vega"], abs=1e-6)
    sooner, later = [(await h.call("price_option", **(BASE | {"days": days}))).data for days in (44.5, 45.5)]
    assert found["charm"] == pytest.approx(sooner["delta"] - later["delta"], abs=1e-6)


async def test_the_time_to_an_expiration_is_to_the_minute_of_its_settlement(h: Harness) -> None:
    """At 10:31: 329 minutes to 16:00 of the day, and a half day ends at 13:00."""
    asked = {name: value for name, value in BASE.items() if name != "days"}

    async def years(expiration: str) -> float:
        found: float = (await h.call("price_option", **asked, expiration=expiration)).data["years"]
        return found

    assert await years("2026-11-20") * 525_600 == pytest.approx(329, rel=1e-6)
    assert await years("2026-11-27") * 525_600 == pytest.approx(7 * 1440 + 149, rel=1e-6)
    assert await years("2026-12-18 AM") * 525_600 == pytest.approx(28 * 1440 - 61, rel=1e-6)


async def test_the_rate_is_the_brokers_or_an_assumed_one_and_said(demo: Harness) -> None:
    asked = {name: value for name, value in BASE.items() if name != "rate"}
    answer = await demo.call("price_option", **asked)
    assert answer.data["rate"] == 0.0375
    assert "rate 0.0375: what TastyTrade prices options with" in answer.text
    async with harness() as h:
        h.simulator.faults.add("status", path="/margin*", status=404)
        answer = await h.call("price_option", **asked)
        assert answer.data["rate"] == 0.04
        assert "rate 0.04 assumed: the broker's is not known; send rate=" in answer.text


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"price": 9, "strike": 110}, "below intrinsic value: 9 < 9.458869637"),
        ({"price": 120}, "above the bound: 120"),
        ({"price": 0}, "a price of 0 is not above 0"),
        ({"price": 3, "days": 0}, "expired"),
        ({"price": 9, "strike": 110, "style": "american"}, "below exercise value: 9, and the put is worth 10 at once"),
    ],
)
async def test_a_price_no_volatility_makes_has_none_and_the_reason(
    demo: Harness, changed: dict[str, Any], why: str
) -> None:
    asked = {name: value for name, value in (BASE | changed).items() if name != "volatility"}
    answer = await demo.call("price_option", **asked)
    assert answer.data["price"] == changed["price"]
    assert [answer.data[name] for name in ("volatility", *GREEKS, "prob_itm", "prob_touch")] == [None] * 8
    assert f"no implied volatility: {why}" in answer.data["reason"]


async def test_nothing_left_to_move_is_worth_its_intrinsic_value(h: Harness) -> None:
    for style in ("european", "american"):
        for changed in ({"days": 0}, {"volatility": 0, "rate": 0}):
            found = (await h.call("price_option", **(BASE | {"strike": 103, "style": style} | changed))).data
            assert (found["price"], found["gamma"], found["vega"]) == (3, 0, 0)
            assert found["delta"] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"price": 4}, "either volatility or price is needed, not both"),
        ({"volatility": None}, "either volatility or price is needed"),
        ({"volatility": -0.1}, "volatility: should be greater than or equal to 0"),
        ({"volatility": "NaN"}, "volatility must be a finite number"),
        ({"volatility": 32}, "a volatility of 32 is 3200% a year. Send a fraction: 0.32 is 32 %"),
        ({"spot": 0}, "spot: should be greater than 0"),
        ({"years": 1}, "one of expiration, days and years is needed"),
        ({"days": None}, "one of expiration, days and years is needed"),
        ({"days": None, "expiration": "2026-11-19"}, "2026-11-19 is past"),
        ({"days": None, "expiration": "soon"}, "'soon' is no date; one looks like 2026-12-18"),
        ({"days": None, "expiration": "2999-12-18"}, "more than 100 years away"),
        ({"rate": 4}, "rate: should be less than or equal to 1"),
        ({"style": "american", "rate": 0.5, "days": 18_250}, "no price for a spot so far from the strike"),
        ({"volatility": 16}, "Send a fraction: 0.16 is 16 %"),
        ({"style": "bermudan"}, "style: should be 'european' or 'american'"),
        ({"option_type": "straddle"}, "option_type: should be 'call' or 'put'"),
    ],
)
async def test_wrong_inputs_say_what_to_do(demo: Harness, changed: dict[str, Any], said: str) -> None:
    answer = await refused(demo, **(BASE | changed))
    assert answer.startswith("VALIDATION: ")
    assert said in answer
