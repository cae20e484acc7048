"""How much a book moves in a day if its underlyings move together as they did; pure."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ttai import History, Metrics
from ttai.quant.portfolio.exposure import Exposure
from ttai.quant.portfolio.variance import Risk, risk
from ttai_portfolio.holdings import beta_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MARKET = "SPY"


def deviation(
    exposures: Sequence[Exposure], measured: Mapping[str, Metrics], histories: Mapping[str, History]
) -> Risk | None:
    """The standard deviation of the P/L to first order, at implied volatilities; None where nothing has a delta."""
    import numpy as np

    known = [one for one in exposures if one.symbol is not None and one.delta_dollars is not None]
    if not known:
        return None
    symbols = [one.symbol or "" for one in known]
    days = sorted({day for history in histories.values() for day in _closes(history)})
    returns = np.column_stack([_returns(histories.get(symbol), days) for symbol in (*symbols, MARKET)])
    return risk(
        symbols,
        [one.delta_dollars or 0.0 for one in known],
        [_volatility(measured.get(symbol)) for symbol in symbols],
        returns[:, :-1],
        returns[:, -1],
        [_or_nan(beta_of(symbol, measured)) for symbol in symbols],
        _known(_volatility(measured.get(MARKET))),
    )


def _volatility(metrics: Metrics | None) -> float:
    """Implied for 30 days, else realised; NaN unknown."""
    found = None if metrics is None else next((v for v in (metrics.iv_30, metrics.hv_30) if v is not None), None)
    return _or_nan(found)


def _closes(history: History) -> dict[str, float]:
    """The closes by date."""
    days = history.frame["time"].dt.strftime("%Y-%m-%d").to_list()
    closes = history.frame["close"].to_list()
    return {day: close for day, close in zip(days, closes, strict=True) if close}


def _returns(history: History | None, days: Sequence[str]) -> "Numbers":
    """Daily log returns on these days, NaN where a close lacks; the first day has none."""
    import numpy as np

    closes = _closes(history) if history is not None else {}
    logs = np.log(np.array([closes.get(day, math.nan) for day in days], np.float64))
    return np.diff(logs)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
