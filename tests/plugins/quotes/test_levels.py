"""Levels as a client meets them, on the simulated market."""

from datetime import datetime

from tests.plugins.quotes.test_history import refused
from ttai.clock import NEW_YORK
from ttai.testing import FrozenClock, Harness, harness


async def test_levels_lie_around_the_price_in_order_of_distance(demo: Harness) -> None:
    reply = await demo.call("find_levels", symbol="SPY")
    close = reply.data["close"]
    supports, resistances = reply.rows("supports"), reply.rows("resistances")
    assert supports
    assert resistances
    assert all(row["price"] <= close for row in supports)
    assert all(row["price"] > close for row in resistances)
    for zones in (supports, resistances):
        distances = [abs(row["distance_percent"]) for row in zones]
        assert distances == sorted(distances)
        assert all(reply.data["range_low"] <= row["low"] <= row["high"] <= reply.data["range_high"] for row in zones)
        assert all(0 < row["strength"] <= 100 and row["kinds"] for row in zones)
    assert reply.data["trend"]["direction"] in {"up", "down", "sideways"}
    assert reply.data["bars_used"] == 180
    assert reply.data["atr_14"] > 0


async def test_a_ceiling_of_two_weeks_and_a_low_of_today_are_levels() -> None:
    """NVDA's highs from 12 to 20 November were 193.11 to 194.40; TSLA fell to the day's low."""
    async with harness(clock=FrozenClock(datetime(2026, 11, 24, 20, 10, tzinfo=NEW_YORK))) as h:
        nvidia = await h.call("find_levels", symbol="NVDA")
        (ceiling,) = [row for row in nvidia.rows("resistances") if row["low"] <= 194.40 <= row["high"]]
        assert "range high" in ceiling["kinds"]
        assert (ceiling["touches"], ceiling["last_touch"]) == (2, "2026-11-20")
        assert "2026-11-16" in {row["time"] for row in nvidia.rows("swings")}
        assert any(row["low"] == nvidia.data["range_low"] for row in nvidia.rows("supports"))
        tesla = await h.call("find_levels", symbol="TSLA", lookback=120)
        assert tesla.rows("supports")[0]["kinds"] == "range low"
        for symbol, level in (("NVDA", "194.32"), ("TSLA", f"{tesla.data['range_low']}")):
            assert level in (await h.call("render_chart", symbol=symbol)).text


async def test_levels_are_in_cents_and_say_their_scales(demo: Harness) -> None:
    reply = await demo.call("find_levels", symbol="SPY")
    for zone in (*reply.rows("supports"), *reply.rows("resistances")):
        assert all(round(zone[name], 2) == zone[name] for name in ("price", "low", "high", "distance_atr"))
    assert "strength, quality: 0–100" in reply.text
    low, high = reply.data["range_low"], reply.data["range_high"]
    for row in reply.rows("fibonacci_extensions"):
        assert 2 * low - high < row["price"] < 2 * high - low


async def test_levels_of_too_few_bars_say_what_is_missing(h: Harness) -> None:
    reply = await h.call("find_levels", symbol="SPY", lookback=5)
    assert reply.data["bars_used"] == 5
    assert reply.data["trend"] is None
    assert "a trend needs 20 bars, here are 5" in reply.text
    assert "VALIDATION: lookback" in await refused(h, "find_levels", symbol="SPY", lookback=0)
