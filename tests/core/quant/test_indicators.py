"""Indicators: TA-Lib's numbers where it has them, the textbook's where not, and nothing where there is nothing."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.price_paths import DAY, FIVE_MINUTES, Numbers, bars_of, closes, random_walk, recorded, scaled
from ttai.quant.bars import PRICES, Bars
from ttai.quant.indicators import CATALOGUE, DEFAULT, DEFAULT_INTRADAY, Indicator, Spec, compute, parse
from ttai.quant.intervals import INTERVALS

MINUTE = np.timedelta64(1, "m")
ALL = sorted(CATALOGUE)
seeds = st.integers(0, 10_000)

DIRECT: dict[str, Callable[[Bars], tuple[Numbers, ...]]] = {
    "sma:20": lambda b: (talib.SMA(b.close, 20),),
    "sma:200": lambda b: (talib.SMA(b.close, 200),),
    "ema:21": lambda b: (talib.EMA(b.close, 21),),
    "wma:20": lambda b: (talib.WMA(b.close, 20),),
    "rsi:14": lambda b: (talib.RSI(b.close, 14),),
    "macd:12,26,9": lambda b: talib.MACD(b.close, 12, 26, 9),
    "bbands:20,2": lambda b: talib.BBANDS(b.close, 20, 2, 2),
    "atr:14": lambda b: (talib.ATR(b.high, b.low, b.close, 14),),
    "natr:14": lambda b: (talib.NATR(b.high, b.low, b.close, 14),),
    "adx:14": lambda b: (
        talib.ADX(b.high, b.low, b.close, 14),
        talib.PLUS_DI(b.high, b.low, b.close, 14),
        talib.MINUS_DI(b.high, b.low, b.close, 14),
    ),
    "stoch:14,3,3": lambda b: talib.STOCH(b.high, b.low, b.close, fastk_period=14, slowk_period=3, slowd_period=3),
    "stochrsi:14,14,3": lambda b: talib.STOCHRSI(b.close, 14, 14, 3),
    "obv": lambda b: (talib.OBV(b.close, b.volume),),
    "cci:20": lambda b: (talib.CCI(b.high, b.low, b.close, 20),),
    "mfi:14": lambda b: (talib.MFI(b.high, b.low, b.close, b.volume, 14),),
    "willr:14": lambda b: (talib.WILLR(b.high, b.low, b.close, 14),),
    "roc:10": lambda b: (talib.ROC(b.close, 10),),
    "mom:10": lambda b: (talib.MOM(b.close, 10),),
    "trix:15": lambda b: (talib.TRIX(b.close, 15),),
    "aroon:25": lambda b: talib.AROON(b.high, b.low, 25)[::-1],
    "sar:0.02,0.2": lambda b: (talib.SAR(b.high, b.low, 0.02, 0.2),),
    "keltner:20,2,10": lambda b: talib.KC(b.high, b.low, b.close, 20, 10, 2.0),
    "donchian:20": lambda b: talib.DONCHIAN(b.high, b.low, 20),
    "supertrend:10,3": lambda b: (talib.SUPERTREND(b.high, b.low, b.close, 10, 3.0)[0],),
}


def ask(bars: Bars, text: str) -> Indicator:
    return compute(bars, parse(text))


def same(got: Numbers, wanted: Numbers) -> None:
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=0)


def within_the_day(bars: Bars, a_day: int = 78) -> Bars:
    """The same prices as five-minute bars from 9:30 New York in winter, so many a day."""
    starts = np.arange(len(bars))
    time = np.datetime64("2026-01-05T14:30", "ms") + (starts // a_day) * np.timedelta64(1, "D")
    return Bars(FIVE_MINUTES, time + (starts % a_day) * 5 * MINUTE, *(getattr(bars, name) for name in PRICES))


def with_gap(bars: Bars, column: str, place: int) -> Bars:
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    columns[column][place] = np.nan
    return Bars(bars.interval, bars.time, **columns)


def asked(name: str, bars: Bars) -> Indicator:
    """An indicator with its defaults, on an interval it is for; of several days where there are bars enough."""
    return ask(within_the_day(bars, max(len(bars) // 4, 1)) if name == "vwap" else bars, name)


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
@pytest.mark.parametrize("text", DIRECT)
def test_values_are_talibs(symbol: str, text: str) -> None:
    bars = recorded(symbol)
    found = ask(bars, text)
    assert found.reason is None
    assert found.reading
    for got, wanted in zip(found.lines.values(), DIRECT[text](bars), strict=True):
        same(got, wanted)


def test_every_indicator_is_held_to_talib_or_to_a_textbook() -> None:
    assert {parse(text).name for text in DIRECT} | {"hv", "vwap", "ichimoku"} == set(CATALOGUE)


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_vwap_is_talibs_of_each_session(symbol: str) -> None:
    bars = within_the_day(recorded(symbol)[-300:])
    wanted = [
        talib.VWAP(part.high, part.low, part.close, part.volume) for part in (bars[n : n + 78] for n in (0, 78, 156))
    ]
    same(ask(bars, "vwap").lines["vwap"][:234], np.concatenate(wanted))


def test_vwap_by_hand() -> None:
    bars = within_the_day(bars_of([3, 6, 9, 12.0], [1, 2, 3, 4.0], [2, 4, 6, 8.0], np.array([10.0, 30, 5, 5])), 2)
    assert list(ask(bars, "vwap").lines["vwap"]) == [2, 3.5, 6, 7]


def test_a_first_day_that_begins_later_than_the_others_has_no_vwap() -> None:
    """Its beginning is not among the bars; the days after it are whole."""
    bars = within_the_day(random_walk(3, 200))
    line = ask(bars[10:], "vwap").lines["vwap"]
    assert np.isnan(line[:68]).all()
    same(line[68:], ask(bars, "vwap").lines["vwap"][78:])


def test_days_begin_alike_in_new_york_when_the_clocks_change() -> None:
    """9:30 is 13:30 UTC on Friday, 2026-10-30, and 14:30 on the Monday after."""
    starts = [np.datetime64(start, "ms") for start in ("2026-10-30T13:30", "2026-11-02T14:30")]
    walk = random_walk(3, 20)
    time = np.concatenate([start + np.arange(10) * MINUTE for start in starts])
    bars = Bars(INTERVALS["1m"], time, *(getattr(walk, name) for name in PRICES))
    assert not np.isnan(ask(bars, "vwap").lines["vwap"]).any()
    assert np.isnan(ask(bars[1:], "vwap").lines["vwap"][:9]).all()


@pytest.mark.parametrize("lost", [0, 5])
def test_a_single_day_is_not_known_to_be_whole(lost: int) -> None:
    found = ask(within_the_day(random_walk(3, 78))[lost:], "vwap")
    assert found.latest == {"vwap": None}
    assert found.reason == "needs the whole session: the bars begin within it"


def test_a_gap_within_the_day_leaves_it_without_a_vwap() -> None:
    found = ask(with_gap(within_the_day(random_walk(3, 200)), "close", 170), "vwap")
    assert found.reason == "needs the whole session: the bars begin within it"


def test_vwap_is_unknown_until_something_is_traded() -> None:
    bars = within_the_day(closes([10.0, 10, 11, 12], volume=np.array([5.0, 5, 0, 0])), 2)
    found = ask(bars, "vwap")
    assert found.latest == {"vwap": None}
    assert found.reason == "nothing was traded yet in this session"
    assert list(found.lines["vwap"][:2]) == [10, 10]


def true_ranges(bars: Bars) -> list[float]:
    return [
        max(high - low, abs(high - before), abs(low - before))
        for high, low, before in zip(bars.high[1:], bars.low[1:], bars.close, strict=False)
    ]


def wilder(values: list[float], period: int) -> list[float]:
    """The averages from the first whole period on."""
    averages = [sum(values[:period]) / period]
    for value in values[period:]:
        averages.append((averages[-1] * (period - 1) + value) / period)
    return averages


def test_supertrend_by_its_rules() -> None:
    """Bands only tighten while the close respects them; the side changes when the close is beyond its stop."""
    bars, period, wanted = recorded("IBM")[:400], 10, [math.nan] * 10
    upper = lower = side = None
    for n, average in enumerate(wilder(true_ranges(bars), period), period):
        middle = (bars.high[n] + bars.low[n]) / 2
        high, low = middle + 3 * average, middle - 3 * average
        if upper is not None and lower is not None:
            high = high if high < upper or bars.close[n - 1] > upper else upper
            low = low if low > lower or bars.close[n - 1] < lower else lower
        upper, lower = high, low
        if side is None or (side == "up" and bars.close[n] < lower) or (side == "down" and bars.close[n] > upper):
            side = "down" if side == "up" else "up"
        wanted.append(lower if side == "up" else upper)
    same(ask(bars, "supertrend").lines["supertrend"], np.array(wanted))


def test_keltner_is_an_average_of_typical_prices_and_of_ranges() -> None:
    bars, period = recorded("AAPL")[:300], 20
    typical = (bars.high + bars.low + bars.close) / 3
    middle = [float(typical[:period].mean())]
    for price in typical[period:]:
        middle.append(middle[-1] + 2 / (period + 1) * (price - middle[-1]))
    ranges = wilder(true_ranges(bars)[9:], 10)
    lines = ask(bars, "keltner:20,1.5,10").lines
    same(lines["middle"][period - 1 :], np.array(middle))
    same(lines["upper"][period - 1 :], np.array(middle) + 1.5 * np.array(ranges))
    same(lines["lower"][period - 1 :], np.array(middle) - 1.5 * np.array(ranges))


def test_donchian_holds_the_extremes_of_its_bars() -> None:
    bars = recorded("IBM")[:100]
    lines = ask(bars, "donchian:20").lines
    for n in range(19, 100):
        high, low = max(bars.high[n - 19 : n + 1]), min(bars.low[n - 19 : n + 1])
        assert (lines["upper"][n], lines["lower"][n]) == (high, low)
        assert lines["middle"][n] == pytest.approx((high + low) / 2)


def test_the_cloud_stands_where_it_is_drawn() -> None:
    bars = recorded("AAPL")[:150]

    def middle(period: int, n: int) -> float:
        return float(max(bars.high[n - period + 1 : n + 1]) + min(bars.low[n - period + 1 : n + 1])) / 2

    lines = ask(bars, "ichimoku").lines
    for n in range(77, 150):
        assert lines["conversion"][n] == pytest.approx(middle(9, n))
        assert lines["base"][n] == pytest.approx(middle(26, n))
        assert lines["span_a"][n] == pytest.approx((middle(9, n - 26) + middle(26, n - 26)) / 2)
        assert lines["span_b"][n] == pytest.approx(middle(52, n - 26))


def test_historical_volatility_is_the_sample_deviation_of_log_returns() -> None:
    bars = recorded("IBM")[:120]
    returns = [math.log(after / before) for before, after in zip(bars.close, bars.close[1:], strict=False)]
    line = ask(bars, "hv:30").lines["hv"]
    assert np.isnan(line[:30]).all()
    for n in range(30, 120):
        window = returns[n - 30 : n]
        mean = sum(window) / 30
        assert line[n] == pytest.approx(math.sqrt(sum((x - mean) ** 2 for x in window) / 29 * 252), rel=1e-9)


def test_within_the_day_volatility_is_annualised_by_the_bars_of_a_year() -> None:
    bars = random_walk(3, 400)
    daily, short = ask(bars, "hv:30").latest["hv"], ask(within_the_day(bars), "hv:30").latest["hv"]
    assert daily is not None
    assert short == pytest.approx(daily * math.sqrt(78))


@pytest.mark.parametrize("name", ALL)
def test_an_indicator_says_how_many_bars_it_needs(name: str) -> None:
    """One bar less than it asks for and a line is unknown; with them all are known."""
    spec, definition = parse(name), CATALOGUE[name]
    needed = definition.needs(*spec.parameters)
    enough, short = asked(name, random_walk(5, needed)), asked(name, random_walk(5, needed - 1))
    assert enough.reason is None
    assert None not in enough.latest.values()
    assert None in short.latest.values()
    verb = "is" if needed == 2 else "are"
    few = f"needs {needed} bars, there {verb} {needed - 1}" if needed > 1 else "there are no bars"
    assert short.reason == few
    assert short.reading is None


@pytest.mark.parametrize("text", ["keltner:5,2,30", "macd:3,5,1", "stoch:4,1,1", "stochrsi:2,2,1", "ichimoku:2,3,4"])
def test_the_need_follows_the_parameters(text: str) -> None:
    spec = parse(text)
    needed = CATALOGUE[spec.name].needs(*spec.parameters)
    assert compute(random_walk(5, needed), spec).reason is None
    assert compute(random_walk(5, needed - 1), spec).reason == f"needs {needed} bars, there are {needed - 1}"


def test_a_line_that_needs_less_is_known_before_the_others() -> None:
    found = ask(random_walk(5, 20), "adx:14")
    assert found.latest["adx"] is None
    assert found.latest["plus_di"] is not None
    assert found.reason == "needs 28 bars, there are 20"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("count", [0, 1, 3, 250])
def test_every_line_is_as_long_as_the_bars(name: str, count: int) -> None:
    found = asked(name, random_walk(8, count))
    assert tuple(found.lines) == CATALOGUE[name].lines
    assert {len(values) for values in found.lines.values()} == {count}
    assert (found.reason is None) == (None not in found.latest.values())
    assert (found.reading is None) == (found.reason is not None)


UNMOVED = {
    "rsi": "prices did not move",
    "stoch": "prices did not move",
    "stochrsi": "its RSI did not move, or not for long enough",
    "willr": "prices did not move",
    "cci": "prices did not move",
    "mfi": "prices did not move or nothing was traded",
    "adx": "prices did not move, or not for long enough",
    "aroon": "prices did not move",
}


@pytest.mark.parametrize("price", [5.0, 100.1, 0.0003])
@pytest.mark.parametrize("name", ALL)
def test_prices_that_do_not_move_have_no_oscillator(name: str, price: float) -> None:
    found = asked(name, closes(np.full(300, price), volume=1_000))
    assert found.reason == UNMOVED.get(name)
    if name in UNMOVED:
        assert set(found.latest.values()) == {None}
        assert all(np.isnan(values).all() for values in found.lines.values())
    else:
        wanted = {"obv": 1_000.0}.get(name, price if found.unit == "price" else 0.0)
        assert list(found.latest.values()) == pytest.approx([wanted] * len(found.lines), abs=1e-10)


@pytest.mark.parametrize("name", ["willr", "stoch", "aroon", "cci", "mfi", "rsi", "adx"])
def test_a_standstill_ends_when_prices_move(name: str) -> None:
    """A halt of 60 bars in a walk: what has no memory beyond its window knows nothing during it, and again after it."""
    walk = random_walk(11, 400)
    columns = {key: getattr(walk, key).copy() for key in PRICES}
    for key in ("open", "high", "low", "close"):
        columns[key][200:260] = walk.close[199]
    found = ask(Bars(walk.interval, walk.time, **columns), name)
    assert found.reason is None
    for values in found.lines.values():
        assert not np.isnan(values[100:200]).any()
        assert not np.isnan(values[300:]).any()
        assert np.isnan(values[250]) == (name not in ("rsi", "adx"))


def after_a_standstill(bars: Bars, count: int) -> Bars:
    """The same after so many bars at the first close."""
    high, low, close = (np.concatenate([[bars.close[0]] * count, part]) for part in (bars.high, bars.low, bars.close))
    return bars_of(high, low, close)


@pytest.mark.parametrize("count", [20, 400])
def test_adx_after_a_standstill_is_that_of_the_bars_that_moved(count: int) -> None:
    walk = random_walk(11, 200)
    bars = after_a_standstill(walk, count)
    found = ask(bars, "adx")
    for line, values in found.lines.items():
        assert np.isnan(values[:count]).all()
        same(values[count - 1 :], ask(bars[count - 1 :], "adx").lines[line])
    assert talib.ADX(bars.high, bars.low, bars.close, 14)[count + 30] != pytest.approx(found.lines["adx"][count + 30])
    young = ask(bars[: count + 20], "adx")
    assert young.latest["adx"] is None
    assert young.reason == "prices did not move, or not for long enough"


def test_a_first_bar_without_a_direction_changes_nothing() -> None:
    """The second bar lies within the first: that is no standstill."""
    walk = random_walk(11, 100)
    high, low = walk.high.copy(), walk.low.copy()
    high[0], low[0] = 1.1 * high[1], 0.9 * low[1]
    same(ask(replace(walk, high=high, low=low), "adx").lines["adx"], talib.ADX(high, low, walk.close, 14))


@pytest.mark.parametrize("count", [20, 400])
def test_stochrsi_after_a_standstill_is_of_the_rsi_that_is_known(count: int) -> None:
    bars = after_a_standstill(random_walk(11, 100), count)
    found, strength = ask(bars, "stochrsi"), ask(bars, "rsi").lines["rsi"]
    k, d = found.lines["k"], found.lines["d"]
    first = int(np.flatnonzero(~np.isnan(strength))[0])
    assert list(np.flatnonzero(~np.isnan(k))) == [*range(first + 13, len(bars))]
    assert list(np.flatnonzero(~np.isnan(d))) == [*range(first + 15, len(bars))]
    for n in range(first + 13, len(bars)):
        low, high = min(strength[n - 13 : n + 1]), max(strength[n - 13 : n + 1])
        assert k[n] == pytest.approx(100 * (strength[n] - low) / (high - low))
    assert ask(bars[: first + 10], "stochrsi").reason == "its RSI did not move, or not for long enough"


def test_a_standstill_takes_only_the_averages_it_reaches() -> None:
    columns = random_walk(11, 100)
    high, low, close = columns.high.copy(), columns.low.copy(), columns.close.copy()
    for prices in (high, low, close):
        prices[40:55] = 100.0
    lines = ask(Bars(DAY, columns.time, close, high, low, close, columns.volume), "stoch:14,3,3").lines
    assert list(np.flatnonzero(np.isnan(lines["k"]))) == [*range(17), *range(53, 57)]
    assert list(np.flatnonzero(np.isnan(lines["d"]))) == [*range(17), *range(53, 59)]


def test_prices_that_only_fall_are_oversold_not_unknown() -> None:
    bars = bars_of(np.arange(200.0, 100, -1), np.arange(199.0, 99, -1), np.arange(199.0, 99, -1), 100.0)
    for name in ("rsi", "mfi"):
        found = ask(bars, name)
        assert found.latest[name] == pytest.approx(0)
        assert "oversold" in str(found.reading)


def test_what_is_traded_at_no_volume_has_no_money_flow() -> None:
    bars = random_walk(2, 60)
    silent = bars.volume.copy()
    silent[30:] = 0
    found = ask(Bars(DAY, bars.time, bars.open, bars.high, bars.low, bars.close, silent), "mfi:14")
    assert found.reason == "prices did not move or nothing was traded"
    assert not np.isnan(found.lines["mfi"][14:40]).any()


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_price_starts_everything_anew(name: str) -> None:
    walk = random_walk(4, 400)
    whole, broken = within_the_day(walk, 100) if name == "vwap" else walk, with_gap(walk, "high", 150)
    found = asked(name, broken)
    assert found.reason is None
    for line, values in found.lines.items():
        assert np.isnan(values[:151]).all()
        same(values[151:], ask(whole[151:], name).lines[line])


@pytest.mark.parametrize("name", ALL)
def test_a_last_bar_without_a_price_has_no_indicator(name: str) -> None:
    found = asked(name, with_gap(random_walk(4, 300), "close", 299))
    assert set(found.latest.values()) == {None}
    assert found.reason == "the last bar lacks a price"


def test_bars_are_counted_from_the_gap() -> None:
    assert ask(with_gap(random_walk(4, 300), "open", 280), "sma:20").reason == (
        "needs 20 bars, there are 19 since the last gap"
    )
    assert ask(with_gap(random_walk(4, 300), "open", 298), "sma:20").reason == (
        "needs 20 bars, there is 1 since the last gap"
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("volume", [np.nan, 0.0])
def test_only_what_needs_volume_misses_it(name: str, volume: float) -> None:
    bars = random_walk(4, 300)
    index = Bars(DAY, bars.time, bars.open, bars.high, bars.low, bars.close, np.full(300, volume))
    found = asked(name, index)
    missed = "there is no volume (an index has none)" if name in ("obv", "mfi", "vwap") else None
    assert found.reason == missed


def test_a_last_bar_without_volume_has_no_obv() -> None:
    assert ask(with_gap(random_walk(4, 300), "volume", 299), "obv").reason == "the last bar lacks its volume"


def test_vwap_is_of_a_session() -> None:
    assert "interval within the day" in str(ask(random_walk(4, 300), "vwap").reason)


@pytest.mark.parametrize("name", ALL)
@given(seed=seeds, factor=st.floats(0.01, 1000))
@settings(max_examples=15)
def test_a_rescaled_series_gives_rescaled_prices_and_the_same_oscillators(name: str, seed: int, factor: float) -> None:
    bars = random_walk(seed, 120)
    before, after = asked(name, bars), asked(name, scaled(bars, factor))
    rescaled = before.unit in ("price", "dollars")
    for line, values in before.lines.items():
        wanted = values * factor if rescaled else values
        size = np.nanmax(np.abs(wanted)) if np.isfinite(wanted).any() else 1.0
        np.testing.assert_allclose(after.lines[line], wanted, rtol=1e-6, atol=1e-6 * size)
    assert before.reading == after.reading


@given(seed=seeds, count=st.integers(30, 300))
@settings(max_examples=40)
def test_bands_are_in_order_and_oscillators_in_range(seed: int, count: int) -> None:
    bars = random_walk(seed, count)
    for text in ("bbands", "keltner", "donchian"):
        lines = ask(bars, text).lines
        known = ~np.isnan(lines["middle"])
        assert (lines["lower"][known] <= lines["middle"][known]).all()
        assert (lines["middle"][known] <= lines["upper"][known]).all()
    for text, low, high in (
        ("rsi", 0, 100), ("stoch", 0, 100), ("stochrsi", 0, 100), ("mfi", 0, 100), ("adx", 0, 100),
        ("aroon", 0, 100), ("willr", -100, 0), ("atr", 0, math.inf), ("hv", 0, math.inf),
    ):  # fmt: skip
        for values in ask(bars, text).lines.values():
            known = values[~np.isnan(values)]
            assert ((known >= low - 1e-9) & (known <= high + 1e-9)).all(), text


def test_latest_and_previous_are_of_the_last_two_bars() -> None:
    found = ask(closes([1.0, 2, 3, 4, 5]), "sma:2")
    assert (found.latest, found.previous) == ({"sma": 4.5}, {"sma": 3.5})
    assert ask(closes([1.0, 2]), "sma:2").previous == {"sma": None}
    assert ask(closes([1.0]), "obv").previous == {"obv": None}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("rsi", "rsi:14"),
        (" RSI : 21 ", "rsi:21"),
        ("RSI(9)", "rsi:9"),
        ("sma200", "sma:200"),
        ("ema 21.0", "ema:21"),
        ("macd:12,26,9", "macd:12,26,9"),
        ("MACD( 5, 35 , 5 )", "macd:5,35,5"),
        ("stoch 5 3 3", "stoch:5,3,3"),
        ("bbands:20,2.5", "bbands:20,2.5"),
        ("bb:50", "bbands:50,2"),
        ("bollinger", "bbands:20,2"),
        ("psar", "sar:0.02,0.2"),
        ("keltner", "keltner:20,2,10"),
        ("supertrend:", "supertrend:10,3"),
        ("obv", "obv"),
        ("vwap()", "vwap"),
    ],
)
def test_a_spec_is_understood_and_written_one_way(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "14", "rsi:14:3", "rsi;drop", "ｒｓｉ", "rsi:１４", "rsi" * 100, "rsi(1)(2)", "%"]
)
def test_junk_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "guess"), [("rsj", "rsi"), ("macdd:1", "macd"), ("bolinger", "bbands"), ("supertend", "supertrend")]
)
def test_an_unknown_name_gets_the_nearest_and_the_list(text: str, guess: str) -> None:
    with pytest.raises(
        ValueError, match=rf"' is not an indicator; did you mean {guess}\? There are adx, aroon, atr"
    ) as refused:
        parse(text)
    assert all(name in str(refused.value) for name in CATALOGUE)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(ValueError, match=r"'xyzzy' is not an indicator\. There are adx"):
        parse("xyzzy")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rsi:0", "period of rsi is a whole number from 2 to 5000, not 0"),
        ("rsi:-14", "whole number from 2 to 5000, not -14"),
        ("rsi:1e9", "from 2 to 5000, not 1000000000"),
        ("rsi:nan", "not nan"),
        ("rsi:inf", "not inf"),
        ("rsi:14.5", "whole number from 2 to 5000, not 14.5"),
        ("rsi:1_4", "'1_4' in 'rsi:1_4' is not a number"),
        ("rsi:x", "'x' in 'rsi:x' is not a number"),
        ("rsi:14,", "'' in 'rsi:14,' is not a number"),
        ("rsi:14,3", r"rsi takes 1 parameter \(period\), not 2"),
        ("macd:1,2,3,4", r"macd takes 3 parameters \(fast, slow, signal\), not 4"),
        ("obv:3", "obv takes no parameters, not 1"),
        ("bbands:20,0", "deviations of bbands is a number from 0.1 to 10, not 0"),
        ("macd:26,12", "fast of macd must be less than slow: macd:26,12,9"),
        ("ichimoku:9,60", "base of ichimoku must be less than span"),
        ("sar:0.3", "acceleration of sar must be less than maximum"),
    ],
)
def test_parameters_are_held_to_their_range(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)


def test_a_spec_is_whole() -> None:
    assert Spec("rsi", (14,)) == parse("rsi:14")
    with pytest.raises(ValueError, match="rsi takes 1 parameter"):
        Spec("rsi")
    with pytest.raises(ValueError, match="is not an indicator"):
        Spec("nothing", (14,))


@given(text=st.text(max_size=30) | st.from_regex(r"[a-z]{2,6}[:( ]?[0-9.,e\-]{0,12}\)?", fullmatch=True))
@settings(max_examples=300)
def test_any_text_is_a_spec_or_a_value_error(text: str) -> None:
    try:
        spec = parse(text)
    except ValueError as refused:
        message = str(refused)
    else:
        message = ""
        assert parse(str(spec)) == spec
    assert len(message) < 400


@pytest.mark.parametrize("name", ALL)
def test_the_defaults_are_within_the_ranges_and_so_is_what_they_say(name: str) -> None:
    definition, spec = CATALOGUE[name], parse(name)
    assert spec.parameters == definition.defaults
    assert parse(str(spec)) == spec
    assert definition.about
    for parameter in definition.parameters:
        assert parameter.range in {
            f"a whole number from {parameter.least} to {parameter.most}",
            f"a number from {parameter.least:g} to {parameter.most:g}",
        }


@pytest.mark.parametrize("name", ALL)
def test_the_extremes_of_a_range_compute(name: str) -> None:
    """What is allowed is what TA-Lib takes."""
    definition, bars = CATALOGUE[name], random_walk(9, 60)
    for end in ("least", "most"):
        values = [getattr(parameter, end) for parameter in definition.parameters]
        steps = [1 if parameter.whole else 0.001 for parameter in definition.parameters]
        if end == "least":
            for n in range(1, definition.rising):
                values[n] = max(values[n], values[n - 1] + steps[n])
        for n in reversed(range(1, definition.rising)):
            values[n - 1] = min(values[n - 1], values[n] - steps[n])
        spec = Spec(name, tuple(values))
        found = compute(within_the_day(bars) if definition.intraday else bars, spec)
        assert {len(line) for line in found.lines.values()} == {60}


def test_what_is_asked_for_by_default_is_known_on_a_year_of_days() -> None:
    bars = recorded("AAPL")[-252:]
    assert [str(found.spec) for found in (compute(bars, spec) for spec in DEFAULT) if found.reason] == []
    assert DEFAULT_INTRADAY[-1] == parse("vwap")


def test_the_module_comes_in_without_its_libraries() -> None:
    code = "import sys, ttai.quant.indicators; print([m for m in ('numpy', 'talib', 'polars') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
