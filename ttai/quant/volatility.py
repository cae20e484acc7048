"""How much a price moved, and where a volatility stands in its own history; annualised fractions (0.32), or None."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeVar

from ttai.quant.bars import SESSIONS

E = TypeVar("E", tuple[date, float | None], tuple[date, float, float | None])

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Series = NDArray[np.float64] | Sequence[float]


def realised(close: "Series", window: int | None = None, periods: float = SESSIONS) -> float | None:
    """Close-to-close volatility: sample deviation of the last `window` log returns (all without) × √periods.

    `periods` is how many bars a year has. None with fewer returns, with fewer than two, and where a price among
    them is unknown or not above zero. ValueError for a window under 2 and periods not above 0.
    """
    import numpy as np

    _checked(window, periods)
    prices = np.asarray(close, dtype=np.float64)[-(window + 1) if window else 0 :]
    if len(prices) < (window or 2) + 1 or not _known(prices):
        return None
    return float(np.diff(np.log(prices)).std(ddof=1) * math.sqrt(periods))


def parkinson(high: "Series", low: "Series", window: int | None = None, periods: float = SESSIONS) -> float | None:
    """Volatility from the ranges of the last `window` bars: √(mean ln²(high / low) / (4 ln 2) × periods).

    Source: Parkinson, 1980. Blind to gaps between bars. None and ValueError as in `realised`, one bar being enough.
    """
    import numpy as np

    _checked(window, periods)
    tops, bottoms = (np.asarray(prices, dtype=np.float64)[-window if window else 0 :] for prices in (high, low))
    _one_length(tops, bottoms)
    if len(tops) < (window or 1) or not (_known(tops) and _known(bottoms)):
        return None
    return math.sqrt(float((np.log(tops / bottoms) ** 2).mean()) / (4 * math.log(2)) * periods)


def yang_zhang(
    open: "Series",  # noqa: A002 – the field's word
    high: "Series",
    low: "Series",
    close: "Series",
    window: int | None = None,
    periods: float = SESSIONS,
) -> float | None:
    """Volatility from open, high, low and close of the last `window` bars and the close before them.

    √((σ²(open / close before) + k σ²(close / open) + (1 − k) Rogers-Satchell) × periods), sample variances,
    k = 0.34 / (1.34 + (n + 1) / (n − 1)). Source: Yang and Zhang, 2000. None and ValueError as in `realised`.
    """
    import numpy as np

    _checked(window, periods)
    start = -(window + 1) if window else 0
    columns = [np.asarray(prices, dtype=np.float64)[start:] for prices in (open, high, low, close)]
    _one_length(*columns)
    if len(columns[0]) < (window or 2) + 1 or not all(map(_known, columns)):
        return None
    opens, highs, lows, closes = (np.log(column) for column in columns)
    gap, move = opens[1:] - closes[:-1], (closes - opens)[1:]
    up, down = (highs - opens)[1:], (lows - opens)[1:]
    n = len(gap)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    satchell = (up * (up - move) + down * (down - move)).mean()
    return math.sqrt(max(float(gap.var(ddof=1) + k * move.var(ddof=1) + (1 - k) * satchell), 0.0) * periods)


def rank(history: "Series", now: float) -> float | None:
    """IV rank, 0–100: (now − lowest) / (highest − lowest) of a year's daily values, today's included.

    As tastytrade defines it over 52 weeks. NaN days are left out; None where `now` is unknown or nothing in the
    history differs from it.
    """
    values = _days(history)
    if not math.isfinite(now) or not len(values):
        return None
    lowest, highest = min(float(values.min()), now), max(float(values.max()), now)
    return 100 * ((now - lowest) / (highest - lowest)) if highest > lowest else None


def percentile(history: "Series", now: float) -> float | None:
    """IV percentile, 0–100: the share of the history's days with a value below `now`; None where unknown.

    As brokers define it over 252 days. NaN days are left out.
    """
    values = _days(history)
    if not math.isfinite(now) or not len(values):
        return None
    return 100 * float((values < now).mean())


def event_move(
    expirations: Iterable[tuple[date, float | None]],
    event: date,
    today: date,
    same_day: Literal["before", "after"] | None = None,
) -> float:
    """The move that options price for an event, as a share of the price: √(IV₂²·T₂ − IV₁²·T₁), T in days / 365.

    `expirations` are dates, in order, with implied volatilities; 1 is the last before the event (none: today, where
    nothing has moved yet), 2 the first after it. One on the event's day is `same_day`, else neither. What else moves
    the price between the two is in it. Source: the forward variance of total implied variance, IV²·T, as in Gatheral,
    The Volatility Surface (2006). ValueError says why it is unknown.
    """
    before, after = _sides([one for one in expirations if one[0] > today], event, same_day)
    until = _variance(*before[-1], today) if before else 0.0
    through = _variance(*after[0], today) if after else None
    if until is None or through is None:
        which = "first expiration after" if through is None else "last expiration before"
        raise ValueError(f"no volatility of the {which} the event")
    if through < until:
        raise ValueError("the options price less movement until after the event than until before it")
    return math.sqrt(through - until)


def own_move(
    term: Sequence[tuple[date, float, float | None]], event: date, same_day: Literal["before", "after"] | None = None
) -> float:
    """The move that options price for the day of an event itself, as a share of the price.

    `term` are expirations in order: date, years left, implied volatility. √(IV₂²·T₂ − IV₁²·T₁ − σ²·(T₂ − T₁ − 1 day)),
    1 and 2 the expirations beside the event as in `event_move`, σ² what is priced a year of other days: between 1 and
    the one before it (today), or, where nothing expires before the event, between 2 and the one after it.
    Source: Dubinsky, Johannes, Kaeck and Seeger, Option Pricing of Earnings Announcement Risks (2019): an event adds
    to total variance once. ValueError says why it is unknown.
    """
    before, after = _sides(term, event, same_day)
    if not after:
        raise ValueError("no expiration after the event")
    until, through = before[-1:], after[0]
    usual = before[-2:] if until else after[:2]
    if not until and len(usual) < 2:
        raise ValueError("no other expiration says how much is priced of usual days")
    if any(iv is None for _, _, iv in (*until, through, *usual)):
        raise ValueError("no volatility of an expiration beside the event")
    (t1, w1), (t2, w2) = (_total(until), _total([through]))
    (first, low), (last, high) = (_total(usual[:-1]), _total(usual[-1:]))
    a_year = (high - low) / (last - first) if last > first else 0.0
    variance = w2 - w1 - max(a_year, 0.0) * max(t2 - t1 - 1 / 365, 0.0)
    if variance < 0:
        raise ValueError("the options price no more movement across the event than on usual days")
    return math.sqrt(variance)


def _sides(expirations: Sequence[E], event: date, same_day: str | None) -> tuple[list[E], list[E]]:
    """The expirations before an event and those after it; one on its day is `same_day`, else neither."""
    before = [one for one in expirations if one[0] < event or (one[0] == event and same_day == "before")]
    after = [one for one in expirations if one[0] > event or (one[0] == event and same_day == "after")]
    return before, after


def _total(expirations: Sequence[tuple[date, float, float | None]]) -> tuple[float, float]:
    """Years and total variance of an expiration; of none, today's."""
    for _, years, iv in expirations:
        return years, (iv or 0.0) ** 2 * years
    return 0.0, 0.0


def _variance(expiration: date, iv: float | None, today: date) -> float | None:
    """What options price until they expire, as the square of a share of the price."""
    return None if iv is None else iv * iv * (expiration - today).days / 365


def _days(history: "Series") -> "NDArray[np.float64]":
    import numpy as np

    values = np.asarray(history, dtype=np.float64)
    return values[np.isfinite(values)]


def _known(prices: "NDArray[np.float64]") -> bool:
    return bool(prices.min() > 0 and math.isfinite(prices.max()))


def _checked(window: int | None, periods: float) -> None:
    if window is not None and window < 2:
        raise ValueError(f"a window is at least 2 bars, not {window}")
    if not (math.isfinite(periods) and periods > 0):
        raise ValueError(f"the bars a year has are a number above 0, not {periods}")


def _one_length(*columns: "NDArray[np.float64]") -> None:
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"prices of one length are needed, not {', '.join(str(len(column)) for column in columns)}")
