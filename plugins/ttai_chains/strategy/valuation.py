"""A position put into an answer: its figures, its way to expiry, its margin, and what must be said; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ttai import BadArgument, BuyingPower
from ttai.quant import pricing
from ttai.quant.strategies.figures import Figures, Odds, figures, scenario
from ttai.quant.strategies.margin import Margin, reg_t
from ttai.quant.strategies.naming import cancelling, crossed, named
from ttai.quant.strategies.paths import OnTheWay, on_the_way
from ttai.quant.strategies.position import Position
from ttai.quant.symbols import BROAD_INDICES
from ttai_chains.models.strategy import LegRow, PnlRow, ShiftRow, Strategy
from ttai_chains.strategy.studies import Listed, Study

MOVES = (-20.0, -10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0, 20.0)  # percent
MOST_MOVES = 25
SHIFTS = (-10.0, -5.0, 5.0, 10.0)  # volatility points
FAR = 0.05  # two probabilities of profit that differ by more are said to
YEAR = 365
POP = "pop, expected_value: risk neutral, lognormal in closed form, drift r − q, at {volatility}"
CARRY = "expected_value leaves out interest on what is paid or taken, and dividends of stock"
INTEREST = "interest on what is {} makes ${:,.2f} until then, what goes beyond violates arbitrage"
WIDE = "what is there at once (natural) is ${:,.2f} worse than the mid it counts at: the market is wide"
WIDEST = 0.25  # of the debit or credit, between mid and natural
SKEW = "…_skew: as the chain's options imply (Breeden-Litzenberger)"
PATHS = "prob_half_profit, prob_touch: seeded Monte Carlo of 8,192 paths, ±{error:.1%}, before expiry"
MODEL = "P/L before expiry and greeks: Black-Scholes-Merton at each leg's IV"


@dataclass(frozen=True)
class Valuation:
    """All that is worked out of a study; `moves` in percent of the price, `later` in days from now."""

    study: Study
    moves: tuple[float, ...] = MOVES
    later: float | None = None

    def answer(self, broker: BuyingPower | None = None, said: Sequence[str] = ()) -> Strategy:
        """The whole answer, with what the broker says it would take, or why it does not."""
        study, one = self.study, self.figures
        position = study.position
        front = study.front
        facts: dict[str, Any] = {}
        if front is not None:
            quotes = front.quotes
            facts = {
                "as_of": quotes.as_of, "source": quotes.source, "session": front.session, "stale": front.stale,
                "snapshot": front.chain.id, "expiration": quotes.expiration.date, "net_debit_natural": self._natural,
            }  # fmt: skip
        return Strategy(
            **facts,
            symbol=study.symbol,
            strategy=self.name,
            price=position.setting.spot,
            days=position.front * YEAR,
            net_debit=one.debit,
            max_profit=one.max_profit,
            max_profit_unlimited=one.max_profit is None,
            max_loss=one.max_loss,
            max_loss_unlimited=one.max_loss is None,
            breakevens=list(one.breakevens),
            level_zones=[_zone(*zone) for zone in one.level] or None,
            **_odds("", one.lognormal),
            **_odds("_skew", one.implied),
            **self._on_the_way,
            **{name: float(value) for name, value in one.greeks._asdict().items()},
            capital=self.capital,
            **self._returns,
            **_margins(self.margin, broker),
            volatility=study.volatility,
            rate=position.setting.rate,
            dividend_yield=position.setting.dividend_yield,
            later_days=self._later,
            legs=self._legs,
            pnl=self._pnl,
            iv_shifts=self._shifts,
            notes=[*self._notes, *said],
        )

    @cached_property
    def figures(self) -> Figures:
        """What it wins and loses, and how likely."""
        return figures(self.study.position, self.study.volatility, self.study.implied)

    @cached_property
    def name(self) -> str:
        """What traders call it."""
        return named(self.study.position.legs)

    @cached_property
    def capital(self) -> float | None:
        """Dollars at stake: the most it can lose, without end the buying power it takes; None where it is nothing."""
        most = self.figures.max_loss
        return (max(self.margin.buying_power, 0.0) if most is None else most) or None

    @cached_property
    def margin(self) -> Margin:
        """What Regulation T asks for."""
        study = self.study
        return reg_t(study.position.legs, study.position.setting.spot, broad_index=study.symbol in BROAD_INDICES)

    @property
    def _natural(self) -> float | None:
        shares = [leg.shares for leg in self.study.position.legs]
        cost = math.fsum(n * one.natural for n, one in zip(shares, self.study.listed, strict=True))
        return cost if math.isfinite(cost) else None

    @property
    def _slippage(self) -> float:
        """Dollars between what it counts at and what is there at once; 0 unknown."""
        natural = self._natural if self.study.listed else None
        return 0.0 if natural is None else natural - self.figures.debit

    @cached_property
    def _later(self) -> float:
        """Days from now, before the first expiration."""
        days = self.study.position.front * YEAR
        if self.later is None:
            return days / 2
        if self.later >= days:
            raise BadArgument(
                f"later={self.later:g} days is not before the first expiration, in {days:.4g}", "Send a smaller number"
            )
        return self.later

    @property
    def _returns(self) -> dict[str, float | None]:
        """The most it can win on the capital, and as if that were earned all year."""
        most, capital = self.figures.max_profit, self.capital
        if most is None or capital is None:
            return {"return_on_capital": None, "annualised": None}
        share = most / capital
        return {"return_on_capital": share, "annualised": share / self.study.position.front}

    @cached_property
    def _way(self) -> tuple[OnTheWay | None, str]:
        """What may happen before expiry, and which prices it touches, in words."""
        position, volatility = self.study.position, self.study.volatility
        short = sorted({leg.strike for leg in position.legs if leg.is_option and leg.shares < 0})
        touched, said = (short, "a short strike") if short else (list(self.figures.breakevens), "a breakeven")
        said = f"{said}: {', '.join(f'{one:.6g}' for one in touched)}"
        if volatility is None:
            return None, said
        most = self.figures.max_profit
        half = most / 2 if most is not None and most > 0 else None
        way = on_the_way(position, volatility, half, touched)
        return (replace(way, touch=1.0), f"{said}; in the money already") if self._tested else (way, said)

    @property
    def _tested(self) -> bool:
        """Whether a short option is in the money now."""
        spot = self.study.position.setting.spot
        short = [leg for leg in self.study.position.legs if leg.is_option and leg.shares < 0]
        return any(spot >= leg.strike if leg.type == "call" else spot <= leg.strike for leg in short)

    @property
    def _on_the_way(self) -> dict[str, Any]:
        way, said = self._way
        if way is None:
            return {}
        return {
            "prob_half_profit": way.profit,
            "prob_touch": way.touch,
            "touch_of": None if way.touch is None else said,
        }

    @property
    def _legs(self) -> list[LegRow]:
        position = self.study.position
        one = position.setting
        rows = []
        listed: tuple[Listed | None, ...] = self.study.listed or (None,) * len(position.legs)
        for asked, leg, place in zip(self.study.legs, position.legs, listed, strict=True):
            stock = not leg.is_option
            delta = pricing.greeks(
                leg.type == "call",
                one.spot,
                leg.strike,
                leg.years,
                leg.volatility,
                one.rate,
                one.dividend_yield if leg.dividend_yield is None else leg.dividend_yield,
            ).delta
            rows.append(
                LegRow(
                    quantity=asked.quantity,
                    type=leg.type,
                    strike=None if stock else leg.strike,
                    expiration=place.read.quotes.expiration.date if place and not stock else None,
                    price=leg.price,
                    natural=place.natural if place else None,
                    iv=None if stock else leg.volatility,
                    delta=1.0 if stock else float(delta),
                    symbol=place.symbol if place else asked.symbol,
                )
            )
        return rows

    @property
    def _pnl(self) -> list[PnlRow]:
        position = self.study.position
        moves = sorted({float(move) for move in self.moves})
        if not 1 <= len(moves) <= MOST_MOVES:
            raise BadArgument(f"{len(moves)} moves were sent", f"Send 1 to {MOST_MOVES}, in percent")
        if moves[0] <= -100:
            raise BadArgument(f"no price falls by {-moves[0]:g} %", "Send moves above -100")
        found = scenario(position, [position.setting.spot * (1 + move / 100) for move in moves], self._later / YEAR)
        columns = (found.prices, moves, found.now, found.later, found.expiry)
        return [
            PnlRow(price=price, move_percent=move, now=now, later=later, expiry=expiry)
            for price, move, now, later, expiry in zip(*columns, strict=True)
        ]

    @property
    def _shifts(self) -> list[ShiftRow]:
        position = self.study.position
        return [
            ShiftRow(iv_points=points, now=float(position.pnl([position.setting.spot], 0.0, points / 100)[0]))
            for points in SHIFTS
        ]

    @property
    def _notes(self) -> list[str]:
        study, one = self.study, self.figures
        way, _ = self._way
        notes = [*study.notes, *flaws(study.position, one)]
        if one.lognormal is None:
            notes.append("pop, expected_value, greeks and P/L before expiry null: no volatility is known")
        elif one.implied is not None and abs(one.lognormal.pop - one.implied.pop) > FAR:
            notes.append(f"the two disagree: {one.lognormal.pop:.0%} lognormal, {one.implied.pop:.0%} with the skew")
        if one.max_profit is None and way is not None:
            notes.append("prob_half_profit null: the profit has no end")
        if self.capital is None:
            notes.append("return_on_capital null: there is nothing to lose")
        elif one.max_loss is None:
            notes.append("capital: the loss has no end, so it is the buying power under Regulation T")
        if self._slippage > WIDEST * abs(one.debit):
            notes.append(WIDE.format(self._slippage))
        if not study.position.exact:
            notes.append("it is valued at the first expiration, later legs by the model at their own IV")
        notes += [POP.format(volatility=study.volatility_from)] if one.lognormal is not None else []
        notes += [SKEW] if one.implied is not None else []
        notes += [CARRY] if one.lognormal is not None else []
        notes += [PATHS.format(error=way.error), MODEL] if way is not None else []
        return list(dict.fromkeys(notes))


def flaws(position: Position, one: Figures) -> list[str]:
    """What is odd about a position: it contradicts itself, or nobody would sell it."""
    notes = []
    for first, second in cancelling(position.legs):
        notes.append(f"legs {first + 1} and {second + 1} are the same contract bought and sold: they cancel out")
    if crossed(position.legs):
        notes.append("a short call is struck below a short put: one of them is in the money at any price")
    interest = abs(one.debit) * math.expm1(position.setting.rate * position.front)
    if one.least > 0:
        notes.append(f"it wins ${one.least:,.2f} or more at any price; {INTEREST.format('paid', interest)}")
    if one.most < 0:
        notes.append(f"it loses ${-one.most:,.2f} or more at any price; {INTEREST.format('taken', interest)}")
    return notes


def _margins(margin: Margin, broker: BuyingPower | None) -> dict[str, Any]:
    """Regulation T, and the broker's word; an account margined by its risk has only that."""
    theirs = (
        {}
        if broker is None
        else {
            "broker_account": broker.account,
            "broker_buying_power": float(broker.change),
            "broker_requirement": float(broker.requirement),
        }
    )
    if broker is not None and broker.portfolio_margin:
        return theirs | {"margin_rules": ["the account has portfolio margin: only the broker's dry run counts"]}
    return theirs | {
        "margin_requirement": margin.requirement,
        "buying_power": margin.buying_power,
        "margin_rules": ["Regulation T", *margin.rules],
    }


def _zone(low: float, high: float | None) -> str:
    return f"{low:g} and above" if high is None else f"{low:g} to {high:g}"


def _odds(suffix: str, odds: Odds | None) -> dict[str, float | None]:
    names = (f"pop{suffix}", f"expected_value{suffix}")
    return dict(zip(names, (odds.pop, odds.expected_value) if odds else (None, None), strict=True))
