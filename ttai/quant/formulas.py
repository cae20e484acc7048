"""What the indicators compute: sound bars and parameters in, one array a line out, NaN where there is no value.

TA-Lib does the recurrences. Where nothing moved it divides 0 by 0 and says 0 (Aroon 100): such values are NaN here.
"""

from typing import TYPE_CHECKING

from ttai.quant.bars import Bars

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ttai.quant.bars import Numbers

    Lines = tuple[Numbers, ...]
    Mask = NDArray[np.bool_]
    Place = slice | NDArray[np.intp]


def sma(bars: Bars, period: int) -> "Lines":
    """Mean of the last closes."""
    import talib

    return (talib.SMA(bars.close, period),)


def ema(bars: Bars, period: int) -> "Lines":
    """Exponential average, α = 2 / (period + 1), seeded with the mean of the first closes."""
    import talib

    return (talib.EMA(bars.close, period),)


def wma(bars: Bars, period: int) -> "Lines":
    """Linearly weighted mean, the newest close the heaviest."""
    import talib

    return (talib.WMA(bars.close, period),)


def bbands(bars: Bars, period: int, deviations: float) -> "Lines":
    """Bollinger: SMA ± deviations × population standard deviation (divided by n, as Bollinger does)."""
    import talib

    return talib.BBANDS(bars.close, period, deviations, deviations)


def keltner(bars: Bars, period: int, multiplier: float, range_period: int) -> "Lines":
    """EMA of the typical price ± multiplier × Wilder's ATR, whose seed is the mean of the ranges up to the first band.

    The typical price is Keltner's; charts that take the EMA of the close differ a little.
    """
    import talib

    return talib.KC(bars.high, bars.low, bars.close, period, range_period, multiplier)


def donchian(bars: Bars, period: int) -> "Lines":
    """Highest high and lowest low, the bar itself included, and the middle between them."""
    import talib

    return talib.DONCHIAN(bars.high, bars.low, period)


def supertrend(bars: Bars, period: int, multiplier: float) -> "Lines":
    """(high + low) / 2 ∓ multiplier × Wilder's ATR, ratcheted; below the close in an uptrend, else above it."""
    import talib

    return (talib.SUPERTREND(bars.high, bars.low, bars.close, period, multiplier)[0],)


def ichimoku(bars: Bars, conversion: int, base: int, span: int) -> "Lines":
    """Middles of high and low over three periods; the cloud is shifted `base` bars (some charts shift one less).

    The cloud's value at a bar is the one drawn there, worked out `base` bars before. The lagging span is left out:
    it is the close itself, drawn in the past.
    """
    import talib

    fast, slow, far = (talib.MIDPRICE(bars.high, bars.low, period) for period in (conversion, base, span))
    return fast, slow, _shifted((fast + slow) / 2, base), _shifted(far, base)


def sar(bars: Bars, acceleration: float, maximum: float) -> "Lines":
    """Wilder's parabolic stop and reverse; the first direction is that of the first directional movement."""
    import talib

    return (talib.SAR(bars.high, bars.low, acceleration, maximum),)


def vwap(bars: Bars) -> "Lines":
    """Typical price weighted with volume since the day's first bar, New York; NaN until something is traded.

    The bars may begin within their first day: it is unknown unless it starts at the time of day of every later one.
    """
    import numpy as np
    import talib

    starts = np.flatnonzero(bars.day[1:] != bars.day[:-1]) + 1
    prices = (bars.high, bars.low, bars.close, bars.volume)
    days = zip(*(np.split(column, starts) for column in prices), strict=True)
    average = np.concatenate([talib.VWAP(*day) for day in days])
    average[average == 0.0] = np.nan
    first, later = bars.clock[0] - bars.day[0], bars.clock[starts] - bars.day[starts]
    if not len(starts) or (later != first).any():
        average[: starts[0] if len(starts) else None] = np.nan
    return (average,)


def rsi(bars: Bars, period: int) -> "Lines":
    """Wilder's relative strength index, seeded with the mean of the first changes; 0–100."""
    import numpy as np
    import talib

    values = talib.RSI(bars.close, period)
    if (zero := values == 0.0).any():
        # Prices that only fell have an RSI of 0 and, mirrored, 100; prices that stood still have 0 in both.
        values[zero & (talib.RSI(-bars.close, period) == 0.0)] = np.nan
    return (values,)


def stochrsi(bars: Bars, period: int, window: int, smoothing: int) -> "Lines":
    """Where the RSI stands in its own range, and the mean of that; %K is not smoothed; 0–100.

    NaN while a window holds an RSI that is unknown, or stands still.
    """
    import numpy as np
    import talib

    # What talib.STOCHRSI does, with the RSI in hand.
    strength = talib.RSI(bars.close, period)
    k, d = talib.STOCHF(strength, strength, strength, fastk_period=window, fastd_period=smoothing)
    if (strength == 0.0).any():
        nothing = np.isnan(rsi(bars, period)[0])
        nothing[:period] = False
        k, d = _unknown(nothing, k, window), _unknown(nothing, d, window + smoothing - 1)
    noise = 1e-9  # points: what rounding leaves of no change
    # Two neighbours of the coarser series lie in every window: where none are equal, no window stands still.
    if not (np.abs(np.diff(strength[:: window // 2])) < noise).any():
        return k, d
    still = talib.MAX(strength, window) - talib.MIN(strength, window) < noise
    return _unknown(still, k, 1), _unknown(still, d, smoothing)


def macd(bars: Bars, fast: int, slow: int, signal: int) -> "Lines":
    """EMA(fast) − EMA(slow), its EMA, and their difference.

    TA-Lib seeds the fast EMA at the slow one's first bar and shows the line once the signal is known, so that the
    first values differ from EMA(fast) − EMA(slow).
    """
    import talib

    return talib.MACD(bars.close, fast, slow, signal)


def stoch(bars: Bars, period: int, smoothing: int, signal: int) -> "Lines":
    """Lane's slow stochastic: where the close stands in the range, averaged (%K), and averaged again (%D); 0–100."""
    import talib

    high, low = bars.high, bars.low
    k, d = talib.STOCH(high, low, bars.close, fastk_period=period, slowk_period=smoothing, slowd_period=signal)
    if bars.has_ranges:
        return k, d
    still = _still(high, low, period)
    return _unknown(still, k, smoothing), _unknown(still, d, smoothing + signal - 1)


def willr(bars: Bars, period: int) -> "Lines":
    """Williams %R: how far the close is below the highest high, in percent of the range; −100–0."""
    import talib

    values = talib.WILLR(bars.high, bars.low, bars.close, period)
    return (values if bars.has_ranges else _unknown(_still(bars.high, bars.low, period), values, 1),)


def cci(bars: Bars, period: int) -> "Lines":
    """Lambert's commodity channel index: typical price from its mean, in 0.015 mean absolute deviations."""
    import talib

    values = talib.CCI(bars.high, bars.low, bars.close, period)
    if (values == 0.0).any():
        typical = talib.TYPPRICE(bars.high, bars.low, bars.close)
        values = _unknown(_still(typical, typical, period), values, 1)
    return (values,)


def mfi(bars: Bars, period: int) -> "Lines":
    """Money flow index: typical price × volume of rising bars in percent of all that moved; 0–100."""
    import numpy as np
    import talib

    values = talib.MFI(bars.high, bars.low, bars.close, bars.volume, period)
    zero = np.flatnonzero(values == 0.0)
    zero = zero[~_flows(bars, zero, zero - 1)]  # most have moved themselves: spare the whole series
    if len(zero):
        moves = 1 + np.flatnonzero(_flows(bars, slice(1, None), slice(-1)))
        then, now = (np.searchsorted(moves, place, side="right") for place in (zero - period, zero))
        values[zero[then == now]] = np.nan
    return (values,)


def adx(bars: Bars, period: int) -> "Lines":
    """Wilder's average directional index and the directional indicators +DI and −DI; 0–100.

    Bars that begin with a standstill of `period` changes or more are taken from the first directional movement on:
    TA-Lib's averages would be seeded with it, and the ADX be too low for long.
    """
    import numpy as np
    import talib

    prices = (bars.high, bars.low, bars.close)
    lines = talib.ADX(*prices, period), talib.PLUS_DI(*prices, period), talib.MINUS_DI(*prices, period)
    if (zero := lines[1] == 0.0).any():
        still = zero & (lines[2] == 0.0)
        if still[period] and (start := _first_direction(bars)):
            moving = adx(bars[start:], period)
            return tuple(np.concatenate([np.full(start, np.nan), line]) for line in moving)
        for line in lines:
            line[still] = np.nan
    return lines


def aroon(bars: Bars, period: int) -> "Lines":
    """How recent the highest high and the lowest low of `period` + 1 bars are; 0–100, 100 is now."""
    import talib

    down, up = talib.AROON(bars.high, bars.low, period)
    if not bars.has_ranges:
        still = _still(bars.high, bars.low, period + 1)
        up, down = _unknown(still, up, 1), _unknown(still, down, 1)
    return up, down


def roc(bars: Bars, period: int) -> "Lines":
    """Change of the close in percent."""
    import talib

    return (talib.ROC(bars.close, period),)


def mom(bars: Bars, period: int) -> "Lines":
    """Change of the close in dollars."""
    import talib

    return (talib.MOM(bars.close, period),)


def trix(bars: Bars, period: int) -> "Lines":
    """Change of a triple EMA from bar to bar, in percent."""
    import talib

    return (talib.TRIX(bars.close, period),)


def atr(bars: Bars, period: int) -> "Lines":
    """Wilder's average true range in dollars, seeded with the mean of the first true ranges (the second bar's on)."""
    import talib

    return (talib.ATR(bars.high, bars.low, bars.close, period),)


def natr(bars: Bars, period: int) -> "Lines":
    """The average true range in percent of the close."""
    import talib

    return (talib.NATR(bars.high, bars.low, bars.close, period),)


def hv(bars: Bars, period: int) -> "Lines":
    """Historical volatility: sample deviation of the last `period` log returns × √(bars a year); a fraction."""
    import numpy as np
    import talib

    returns = np.diff(np.log(bars.close), prepend=np.nan)
    bessel = period / (period - 1)  # TA-Lib divides by n
    return (talib.STDDEV(returns, period) * np.sqrt(bessel * bars.per_year),)


def obv(bars: Bars) -> "Lines":
    """On-balance volume, which starts at the first bar's volume: its direction tells, not its level."""
    import talib

    return (talib.OBV(bars.close, bars.volume),)


def _first_direction(bars: Bars) -> int:
    """The bar before the first that has a directional movement; 0 where none has."""
    import numpy as np

    up, down = np.diff(bars.high), -np.diff(bars.low)
    return int(np.argmax((np.maximum(up, down) > 0) & (up != down)))


def _flows(bars: Bars, at: "Place", before: "Place") -> "Mask":
    """Where money flowed: the typical price is not that of the bar before, and something was traded."""
    now, then = ((bars.high[place] + bars.low[place] + bars.close[place]) / 3 for place in (at, before))
    flows: Mask = (now != then) & (bars.volume[at] > 0)
    return flows


def _still(high: "Numbers", low: "Numbers", period: int) -> "Mask":
    """Where the last `period` bars have no range."""
    import talib

    still: Mask = talib.MAX(high, period) == talib.MIN(low, period)
    return still


def _unknown(mask: "Mask", values: "Numbers", window: int) -> "Numbers":
    """The values, taken away in place where the mask held within the last `window` bars."""
    import numpy as np

    if mask.any():
        held: NDArray[np.int64] = np.cumsum(mask, dtype=np.int64)
        held[window:] -= held[:-window].copy()
        values[held > 0] = np.nan
    return values


def _shifted(values: "Numbers", by: int) -> "Numbers":
    import numpy as np

    later = np.full_like(values, np.nan)
    later[by:] = values[: max(len(values) - by, 0)]
    return later
