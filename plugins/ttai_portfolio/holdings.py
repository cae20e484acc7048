"""A book as the mathematics of portfolios takes it; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttai import Metrics
from ttai.quant.portfolio.exposure import Sensitivity, Underlying
from ttai.quant.portfolio.holdings import Holding, implied
from ttai.quant.strategies.legs import Leg
from ttai.quant.strategies.position import Setting
from ttai_portfolio.lines import Greek, Line

Measured = Mapping[str, Metrics]


def sensitivities(lines: Sequence[Line]) -> list[Sensitivity]:
    """The greeks a share of stocks and options; of what is neither nothing is known."""
    greeks: tuple[Greek, ...] = ("delta", "gamma", "theta", "vega")
    return [
        Sensitivity(
            line.position.underlying,
            line.shares,
            *(math.nan if (of_all := line.greek(name)) is None else of_all / line.shares for name in greeks),
        )
        for line in lines
    ]


def underlyings(lines: Sequence[Line], measured: Measured) -> dict[str, Underlying]:
    """Price and beta of each underlying."""
    return {
        line.position.underlying: Underlying(line.spot, beta_of(line.position.underlying, measured)) for line in lines
    }


def beta_of(symbol: str, measured: Measured) -> float | None:
    """An underlying's beta to SPY; that of SPY itself, and of the index it follows, is 1 by definition."""
    if symbol in ("SPY", "SPX", "XSP"):
        return 1.0
    return measured[symbol].beta if symbol in measured else None


@dataclass(frozen=True)
class Held:
    """What can be revalued, an underlying each; the line behind each leg; and what can't be."""

    holdings: Sequence[Holding]
    legs: Sequence[tuple[Leg, Line]]
    left_out: Sequence[Line]


def holdings(lines: Sequence[Line], measured: Measured) -> Held:
    """A book as holdings; an option's volatility is the one that makes its mark, where none does that of the feed."""
    heaps: dict[str, list[Line]] = {}
    left_out = []
    for line in lines:
        if line.mark is None or not _is_known(line):
            left_out.append(line)
        else:
            heaps.setdefault(line.position.underlying, []).append(line)
    found: list[Holding] = []
    pairs: list[tuple[Leg, Line]] = []
    for symbol, heap in heaps.items():
        setting = _setting(heap)
        legs = tuple(_leg(line, setting) for line in heap)
        found.append(Holding(symbol, legs, setting, beta_of(symbol, measured)))
        pairs += zip(legs, heap, strict=True)
    return Held(found, pairs, left_out)


def _is_known(line: Line) -> bool:
    """Whether it moves with an underlying whose price is known."""
    if line.spot is None:
        return False
    contract = line.contract
    return line.position.kind == "equity" or (contract is not None and not contract.adjusted and contract.years > 0)


def _setting(lines: Sequence[Line]) -> Setting:
    """What the options of an underlying are priced in; of stock alone its price is all."""
    contract = next((line.contract for line in lines if line.contract is not None), None)
    setting = contract.setting if contract is not None else None
    return setting or Setting(lines[0].spot or 0.0)


def _leg(line: Line, setting: Setting) -> Leg:
    mark = line.mark.price if line.mark is not None else 0.0
    contract = line.contract
    if contract is None:
        return Leg("stock", line.shares, max(mark, 0.0))
    option = contract.option
    kind, strike = "call" if option.type == "C" else "put", float(option.strike)
    volatility = implied(kind, mark, setting, strike, contract.years, contract.dividend_yield)  # type: ignore[arg-type]
    if math.isnan(volatility) and contract.iv is not None:
        volatility = contract.iv
    return Leg(kind, line.shares, max(mark, 0.0), strike, contract.years, volatility, contract.dividend_yield)  # type: ignore[arg-type]
