"""Readings: what a trader would say of the last bar."""

import numpy as np
import pytest

from tests.core.quant.test_indicators import ask, within_the_day
from tests.price_paths import bars_of, closes, days, path, random_walk
from ttai.quant.bars import PRICES, Bars

rising, falling = path((0, 100), (99, 199), wick=0.5), path((0, 200), (99, 101), wick=0.5)
turning_up = path((0, 200), (99, 101), (104, 160), wick=0.5)


def one_more(bars: Bars, close: float) -> Bars:
    columns = {name: np.append(getattr(bars, name), close) for name in PRICES}
    return Bars(bars.interval, days(len(bars) + 1), **columns)


@pytest.mark.parametrize(
    ("bars", "text", "reading"),
    [
        (rising, "sma:20", "above its 20-day average"),
        (falling, "ema:21", "below its 21-day average"),
        (one_more(rising, 50.0), "sma:20", "crossed below its 20-day average"),
        (one_more(falling, 300.0), "wma:20", "crossed above its 20-day average"),
        (closes(np.full(30, 7.0)), "sma:20", "at its 20-day average"),
        (rising, "rsi", "overbought (above 70)"),
        (falling, "rsi", "oversold (below 30)"),
        (one_more(rising, 180.0), "rsi", "neutral, fell back below 70"),
        (one_more(falling, 130.0), "rsi", "neutral, rose back above 30"),
        (closes([100.0, 101] * 20), "rsi", "neutral"),
        (rising, "willr", "overbought (above -20)"),
        (falling, "cci", "oversold (below -100)"),
        (rising, "stoch", "overbought (above 80), %K at %D"),
        (one_more(rising, 190.0), "stoch", "neutral, fell back below 80, %K below %D"),
        (turning_up, "macd", "above its signal line, above zero"),
        (one_more(rising, 50.0), "macd", "below its signal line, crossed below zero"),
        (one_more(rising, 300.0), "bbands", "above the upper band"),
        (one_more(falling, 50.0), "keltner", "below the lower band"),
        (rising, "bbands", "in the upper half"),
        (falling, "bbands", "in the lower half"),
        (closes(np.full(30, 7.0)), "bbands", "at the middle"),
        (closes(100 + np.cos(np.arange(200.0)) * np.arange(200, 0, -1) / 100), "bbands:20,2", "squeeze"),
        (rising, "donchian", "a new 20-day high"),
        (falling, "donchian", "a new 20-day low"),
        (bars_of([2.0, 2, 2, 3], [1.0, 1, 1, 0.5], [1.5, 1.5, 1.5, 1.5]), "donchian:3", "a new 3-day high and low"),
        (closes([1.0, 3, 1, 3, 2.5], wick=0.1), "donchian:4", "in the upper half"),
        (rising, "supertrend", "uptrend"),
        (falling, "supertrend", "downtrend"),
        (one_more(rising, 50.0), "supertrend", "turned down"),
        (one_more(falling, 300.0), "sar", "turned up"),
        (closes(np.full(30, 7.0)), "supertrend", "at its stop"),
        (rising, "ichimoku", "above the cloud, conversion line above the base line"),
        (falling, "ichimoku", "below the cloud, conversion line below the base line"),
        (closes(np.full(100, 7.0)), "ichimoku", "in the cloud, conversion line at the base line"),
        (rising, "adx", "trend is strong (above 25), +DI above −DI"),
        (closes(100 + np.sin(np.arange(80) / 1.3), wick=0.5), "adx", "trend is weak (below 20), +DI below −DI"),
        (rising, "aroon", "uptrend"),
        (falling, "aroon", "downtrend"),
        (closes([100.0, 101] * 40, wick=0.1), "aroon", "no clear trend"),
        (rising, "roc", "above zero"),
        (one_more(rising, 50.0), "mom", "crossed below zero"),
        (closes(np.full(100, 7.0)), "trix", "at zero"),
        (path((0, 100), (50, 100), wick=1.0), "atr", "2.0% of the price a day"),
        (path((0, 100), (50, 100), wick=0.0031), "atr", "0.0062% of the price a day"),
        (path((0, 100), (50, 100), wick=0.0031), "natr", "0.0062% of the price a day"),
        (path((0, 100), (50, 100), wick=6.25), "natr", "12.5% of the price a day"),
        (closes(np.full(30, 7.0)), "atr", "0.0% of the price a day"),
        (path((0, 100), (50, 100), wick=1.0), "natr", "2.0% of the price a day"),
        (closes([100.0, 101] * 20 + [100.0, 110]), "hv:30", "31.9% a year, rising"),
        (closes([100.0, 110] * 3 + [100.0, 101] * 20), "hv:30", "16.1% a year, not rising"),
        (closes([100.0, 101] * 100 + [100.0, 110]), "hv:30", "31.9% a year, higher than 100% of the last 171 days"),
        (closes(np.linspace(100, 200, 60), volume=1e3), "obv", "rising over 20 days, the price is rising"),
        (closes([1.0, 2], volume=1e3), "obv", "rising over 1 day, the price is rising"),
        (closes([1.0], volume=1e3), "obv", "one bar says nothing"),
        (closes(np.full(30, 7.0), volume=1e3), "obv", "flat over 20 days, the price is flat"),
        (
            closes([100.0, 101, 102, 103, 90], volume=np.array([1e3, 1e3, 1e3, 1e3, 10])),
            "obv",
            "rising over 4 days while the price is falling: divergence",
        ),
        (within_the_day(closes(np.arange(10.0, 60), volume=1e3), 25), "vwap", "above the session's VWAP"),
        (within_the_day(rising), "sma:20", "above its 20-bar average"),
    ],
)  # fmt: skip
def test_a_reading_says_what_a_trader_would(bars: Bars, text: str, reading: str) -> None:
    said = ask(bars, text).reading
    assert said is not None
    assert reading in said


def test_a_moderate_trend_has_a_name() -> None:
    bars = random_walk(6, 300)
    strength = ask(bars, "adx").lines["adx"]
    moderate = int(np.flatnonzero((strength > 20) & (strength < 25))[0])
    assert "moderate (20 to 25)" in str(ask(bars[: moderate + 1], "adx").reading)
