"""The risk of a book, worked out and put into an answer; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from ttai import History, cut
from ttai.quant.portfolio.exposure import Book as Exposures
from ttai.quant.portfolio.exposure import Exposure, exposure
from ttai.quant.portfolio.variance import Risk as Deviation
from ttai.quant.portfolio.variance import concentration
from ttai.quant.symbols import parse_occ
from ttai_portfolio.holdings import sensitivities, underlyings
from ttai_portfolio.lines import Book, Line, total
from ttai_portfolio.models.risk import ExpirationRow, Risk, TotalRow, UnderlyingRisk
from ttai_portfolio.risk.deviation import deviation
from ttai_portfolio.risk.margin import Margins, margins
from ttai_portfolio.risk.radar import radar, unchecked
from ttai_portfolio.risk.reading import Reading
from ttai_portfolio.sheet import notes

KEPT, MOST = 24, 100  # underlyings
MOST_EXPIRATIONS, MOST_RADAR = 12, 12
METHODS = (
    "beta_delta: shares × beta × price / SPY's; deviation: delta dollars at 30-day IV, correlated as daily returns",
    "margin: Regulation T, each underlying by itself, in a cash account what it must hold; not the broker's own",
)


@dataclass(frozen=True)
class _Side:
    """One of the two books, before or after a trade."""

    book: Book
    reading: Reading
    histories: Mapping[str, History]

    @cached_property
    def exposures(self) -> Exposures:
        """Net and beta-weighted greeks."""
        lines = self.book.lines
        return exposure(sensitivities(lines), underlyings(lines, self.reading.measured), self.reading.spy)

    @cached_property
    def deviation(self) -> Deviation | None:
        """How much it moves in a day."""
        found = deviation(self.exposures.underlyings, self.reading.measured, self.histories)
        return found if found is not None and found.shares else None  # of nothing that is known it is no 0

    @cached_property
    def margins(self) -> Margins:
        """What is asked for each underlying."""
        return margins(self.book.lines, self.book.accounts)

    def row(self, when: str) -> TotalRow:
        """All of it together."""
        one, moves, net_liq = self.exposures.total, self.deviation, self.reading.net_liq
        spy = self.reading.spy
        return TotalRow(
            when=when,
            beta_delta=one.beta_delta,
            beta_delta_dollars=None if one.beta_delta is None or spy is None else one.beta_delta * spy,
            beta_gamma=one.beta_gamma,
            delta_dollars=one.delta_dollars,
            theta=one.theta,
            theta_of_net_liq_percent=_share(one.theta, net_liq),
            vega=one.vega,
            day_deviation=None if moves is None else moves.day,
            day_deviation_of_net_liq_percent=None if moves is None else _share(moves.day, net_liq),
            diversification=None if moves is None or not moves.together_day else moves.day / moves.together_day,
            margin=self.margins.total,
        )


@dataclass(frozen=True)
class RiskSheet:
    """All that is worked out of a reading."""

    reading: Reading
    histories: Mapping[str, History]
    today: date
    limit: int

    def answer(self) -> Risk:
        """The whole answer."""
        before, after = (
            _Side(book, self.reading, self.histories) for book in (self.reading.before, self.reading.after)
        )
        rows = [before.row("now"), after.row("after the trade")] if self.reading.changed else [after.row("now")]
        found = self._rows(after)
        kept, said_of_cut = cut(found, keep=self.limit, ask=f"limit={min(len(found), MOST)}", noun="underlyings")
        expirations, more = cut(_expirations(after.book.lines), keep=MOST_EXPIRATIONS, ask="account=…", noun="dates")
        risks = radar(after.book.lines, self.reading.measured, self.today)
        others = f"{MOST_RADAR} of {len(risks)} options in the radar, the gravest" if len(risks) > MOST_RADAR else None
        weights = {one.symbol or "": one.delta_dollars or 0.0 for one in after.exposures.underlyings}
        leans = concentration(weights, 1)
        used, whole = self._buying_power
        return Risk(
            **Risk.facts(after.book),
            net_liq=self.reading.net_liq,
            buying_power_used=used,
            buying_power_used_percent=_share(used, whole),
            spy=self.reading.spy,
            largest=leans.largest[0][0] if leans else None,
            concentration_percent=leans.largest[0][1] * 100 if leans else None,
            totals=rows,
            underlyings=kept,
            expirations=expirations,
            radar=risks[:MOST_RADAR],
            notes=[*(one for one in (said_of_cut, more, others) if one), *self._notes(after), *METHODS],
        )

    @property
    def _buying_power(self) -> tuple[float | None, float | None]:
        """What options tie up, and with what is left all there is; None where an account's is not known."""
        balances = self.reading.balances
        if not balances:
            return None, None
        used = total([_dollars(one.used_derivative_buying_power) for one in balances])
        left = total([_dollars(one.derivative_buying_power) for one in balances])
        return used, None if used is None or left is None else used + left

    def _rows(self, side: _Side) -> list[UnderlyingRisk]:
        """Each underlying, those that move the book most first."""
        shares = {one.symbol: one.share for one in (side.deviation.shares if side.deviation else ())}
        rows = [self._row(side, one, shares.get(one.symbol or "")) for one in side.exposures.underlyings]
        return sorted(rows, key=lambda row: -abs(row.delta_dollars or 0.0))

    def _row(self, side: _Side, one: Exposure, share: float | None) -> UnderlyingRisk:
        symbol = one.symbol or ""
        lines = [line for line in side.book.lines if line.position.underlying == symbol]
        known = underlyings(lines, self.reading.measured)[symbol]
        return UnderlyingRisk(
            underlying=symbol,
            price=known.spot,
            beta=known.beta,
            positions=one.legs,
            value=total([line.value for line in lines]),
            delta=one.delta,
            delta_dollars=one.delta_dollars,
            beta_delta=one.beta_delta,
            gamma=one.gamma,
            theta=one.theta,
            vega=one.vega,
            margin=side.margins.dollars.get(symbol),
            variance_percent=None if share is None else share * 100,
        )

    def _notes(self, side: _Side) -> list[str]:
        """What the sums leave out."""
        found: list[str] = []
        alike: dict[tuple[str, ...], list[str]] = {}
        for what, symbols in side.exposures.total.lacking.items():
            alike.setdefault(symbols, []).append("price" if what == "spot" else what)
        found += [f"{', '.join(what)} unknown, not in the sums: {', '.join(names)}" for names, what in alike.items()]
        if side.deviation is None and side.book.lines:
            found.append("the deviation is unknown: no volatility, or no delta, of anything held is known")
        if side.deviation is not None and side.deviation.left_out:
            found.append(f"not in the deviation: {', '.join(side.deviation.left_out)}")
        if side.deviation is not None and (by_beta := [one.symbol for one in side.deviation.shares if one.by_beta]):
            found.append(f"correlated by their beta alone, no history: {', '.join(by_beta)}")
        found += unchecked(side.book.lines, self.reading.measured)
        if side.margins.refused:
            why = "; ".join(f"{name}: {said}" for name, said in side.margins.refused.items())
            found.append(f"margin of all together null: {why}")
        if side.margins.others:
            found.append(f"not in margin: {', '.join(side.margins.others)}")
        return [*found, *notes(side.book)]


def _dollars(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole or whole < 0 else part / whole * 100


def _expirations(lines: Sequence[Line]) -> list[ExpirationRow]:
    """What expires, by date."""
    days: dict[date, list[Line]] = {}
    for line in lines:
        if line.is_option:
            days.setdefault(parse_occ(line.position.symbol).expiration, []).append(line)
    return [_expiration(day, days[day]) for day in sorted(days)]


def _expiration(day: date, lines: Sequence[Line]) -> ExpirationRow:
    long, short = ([line for line in lines if (line.position.quantity > 0) == bought] for bought in (True, False))
    away = [line.distance_percent for line in short]
    inside = [line for line in short if line.distance_percent is not None and line.distance_percent < 0]
    return ExpirationRow(
        expiration=day,
        dte=lines[0].dte or 0,
        long=float(sum(line.position.quantity for line in long)),
        short=float(-sum(line.position.quantity for line in short)),
        short_in_the_money=None if None in away else float(-sum(line.position.quantity for line in inside)),
        underlyings=", ".join(dict.fromkeys(line.position.underlying for line in lines)),
    )
