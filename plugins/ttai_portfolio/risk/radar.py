"""Which short options of a book may be assigned; pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import date

from ttai import Contract, Metrics
from ttai.quant.portfolio.radar import Short, assignment_risk
from ttai_portfolio.groups import Part, said
from ttai_portfolio.lines import Line
from ttai_portfolio.models.risk import RadarRow


def radar(lines: Sequence[Line], measured: Mapping[str, Metrics], today: date) -> list[RadarRow]:
    """The short options with a reason to look at them: those that are likely to be assigned first, then by date."""
    found = []
    for line in lines:
        contract = line.contract
        if contract is None or line.shares >= 0 or contract.adjusted or not contract.spot:
            continue
        risk = assignment_risk(_short(contract, measured.get(contract.underlying), today))
        if risk is None or (risk.kind == "cash settlement" and contract.dte > 0):
            continue
        position = f"{said([Part(line, line.position.quantity)])} {contract.option.expiration}"
        row = RadarRow(
            account=line.position.account,
            position=f"{contract.underlying} {position}",
            dte=contract.dte,
            likely=risk.likely,
            risk=risk.reason,
        )
        found.append((not risk.likely, contract.dte, row.position, row))
    return [row for *_, row in sorted(found, key=lambda one: one[:3])]


def unchecked(lines: Sequence[Line], measured: Mapping[str, Metrics]) -> list[str]:
    """What the radar can't say of sold options, and why."""
    sold = [line for line in lines if line.is_option and line.shares < 0]
    adjusted = [line.position.symbol for line in sold if line.contract is None or line.contract.adjusted]
    blind = [line.position.underlying for line in sold if line.contract is not None and not line.contract.spot]
    silent = [
        line.position.underlying
        for line in sold
        if line.contract is not None and line.contract.option.type == "C" and not line.contract.european
        and line.position.underlying not in measured
    ]  # fmt: skip
    found = []
    for names, why in (
        (adjusted, "not in the radar, adjusted"),
        (blind, "not in the radar, no price of the underlying"),
        (silent, "dividends unknown, calls not looked at for them"),
    ):
        if names:
            found.append(f"{why}: {', '.join(dict.fromkeys(names))}")
    return found


def dividend_of(metrics: Metrics | None, today: date, until: date) -> tuple[float | None, date | None]:
    """What goes ex after today and by a date, dollars a share; None where nothing does, or nobody knows."""
    dividend = metrics.dividend if metrics is not None else None
    days = [day for day in (dividend.ex_dates if dividend else ()) if today < day <= until]
    return (dividend.amount, min(days)) if dividend is not None and days else (None, None)


def _short(one: Contract, metrics: Metrics | None, today: date) -> Short:
    amount, day = dividend_of(metrics, today, one.option.expiration)
    mark = one.quote.mark
    return Short(
        type="call" if one.option.type == "C" else "put",
        strike=float(one.option.strike),
        spot=one.spot or math.nan,
        mid=math.nan if mark is None else mark,
        years=one.years,
        rate=one.rate,
        volatility=math.nan if one.iv is None else one.iv,
        dividend=amount,
        ex_date=day,
        days_to_ex=None if day is None else (day - today).days,
        expires_today=one.dte == 0 and one.years > 0,
        european=one.european,
    )
