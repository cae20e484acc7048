"""What a customer did in the last year, from recipes: a list of events that a ledger can book in order."""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from ttai.simulator.accounts import assets
from ttai.simulator.accounts.assets import Asset, option, shares
from ttai.simulator.accounts.choice import Chain, chosen, offered
from ttai.simulator.accounts.past import Past, moment
from ttai.simulator.accounts.placed import Placed
from ttai.simulator.accounts.recipes import ASSIGNED, BOOKS, CALLED_AWAY, DEPOSITS, HABITS, RESERVES, Habit, Leg, Recipe
from ttai.simulator.days import session_after, sessions_before
from ttai.simulator.metrics import ex_dates
from ttai.simulator.options import Series
from ttai.simulator.prices import Span

SESSIONS = 252
_AWHILE = 47 * 60.0  # seconds ago: when today's orders were filled
_LATE = 0.97  # of a session: when positions are looked after
_TIME = 21  # days before an expiration at which a position is closed or rolled
_DIVIDEND = 60  # days in which a dividend is near


class Deal(NamedTuple):
    """An order that was filled: assets, signed quantities, prices."""

    at: float
    legs: tuple[tuple[Asset, Decimal, Decimal], ...]


class Money(NamedTuple):
    """Dollars that come or go."""

    at: float
    sub_type: str
    amount: Decimal
    description: str
    asset: Asset | None = None


class Early(NamedTuple):
    """An assignment before the expiration."""

    at: float
    asset: Asset
    contracts: int


class Target(NamedTuple):
    """An order that stands: to close all of this at half of its credit."""

    at: float
    legs: tuple[tuple[Asset, Decimal], ...]
    price: Decimal


Event = Deal | Money | Early


class _Trade(NamedTuple):
    """One round of a habit: the places of its days among the sessions, its legs, and whether time ended it."""

    opened: tuple[tuple[Asset, Decimal, Decimal], ...]
    closed: tuple[tuple[Asset, Decimal, Decimal], ...]
    end: int
    by_time: bool


class Story:
    """The year of one account."""

    def __init__(
        self, number: str, past: Past, listed: dict[str, Sequence[Series]], *, today: date, span: Span, now: float
    ) -> None:
        """`listed` is what can be traded of each underlying now, `span` the trading day that `now` is in."""
        self._number, self._past, self._listed = number, past, listed
        self._today, self._span = today, span
        self._dice = random.Random(f"{number}/{past.seed}")
        self._sessions = sessions_before(span.day, SESSIONS)
        ends = min(now, span.closes)
        self._now = ends
        self._lately = max(ends - _AWHILE, (span.opens + ends) / 2)
        self.targets: list[Target] = []

    def events(self) -> list[Event]:
        """All that happened, in no order."""
        standing = [deal for recipe in BOOKS[self._number] for deal in self._standing(recipe)]
        if self._number == "5WT01122":
            standing.extend(self._assigned(ASSIGNED))
        thousands = math.ceil((RESERVES[self._number] + sum(map(_cost, standing))) / 1000)
        opened = Money(moment(self._sessions[-251], 0.05), "Deposit", Decimal(1000 * thousands), "Wire Funds Received")
        found: list[Event] = [opened, *standing]
        found += [
            Money(moment(self._sessions[-ago], 0.05), "Deposit" if amount > 0 else "Withdrawal", Decimal(amount), said)
            for ago, amount in DEPOSITS[self._number]
            for said in ["Wire Funds Received" if amount > 0 else "ACH DISBURSEMENT"]
        ]
        for habit in HABITS[self._number]:
            found.extend(self._repeated(habit))
        if self._number == "5WT00718":
            found.extend(self._called_away(CALLED_AWAY))
            found.append(Money(moment(self._sessions[-88], 0.1), "Balance Adjustment", Decimal(-25), "Wire fee"))
        return found

    def failures(self) -> list[Placed]:
        """Today's orders that came to nothing: one was cancelled, one rejected."""
        if self._number != "5WT00718":
            return []
        step = (self._now - self._lately) / 8
        stock = shares(self._past.instrument("XOM"))
        bid = self._past.traded(stock, self._past.bar("XOM", self._sessions[-1]).close * 0.97, 100)
        cancelled = Placed(0, self._lately + step, ((stock, "Buy to Open", Decimal(100)),), -bid, "Cancelled")
        root, expiration, strikes = offered(self._past, "TSLA", self._sessions[-1], 45)
        call = option(root, expiration, strikes[len(strikes) // 2], is_call=True)
        rejected = Placed(
            0, self._lately + 3 * step, ((call, "Sell to Open", Decimal(40)),), Decimal("21.35"), "Rejected"
        )
        said = "You do not have enough buying power for this order."
        return [
            cancelled._replace(ended=self._lately + 4 * step),
            rejected._replace(ended=rejected.at, reason=said),
        ]

    def _repeated(self, habit: Habit) -> Iterator[Deal | Early]:
        """The rounds of a habit that are over."""
        place = self._dice.randint(3, 20)
        carried: tuple[tuple[Asset, Decimal, Decimal], ...] = ()
        part = self._part()
        trade = self._round(habit, place, part)
        while trade is not None:
            yield Deal(moment(self._sessions[place], part), (*carried, *trade.opened))
            carried, place, part = (), trade.end, _LATE
            following = self._round(habit, place, part) if habit.exit == "rolled" and trade.by_time else None
            if following is not None:
                carried = trade.closed
            elif trade.closed:
                yield Deal(moment(self._sessions[place], part), trade.closed)
            if following is None:
                place, part = trade.end + habit.pause, self._part()
                following = self._round(habit, place, part)
            trade = following

    def _round(self, habit: Habit, place: int, part: float) -> _Trade | None:
        """One round that begins on a session; None where it would not be over yet."""
        import numpy as np

        if place >= SESSIONS - 2:
            return None
        day = self._sessions[place]
        chain = offered(self._past, habit.symbol, day, habit.days)
        legs = chosen(self._past, habit.legs, day, part, lambda _: chain)
        settles = chain.expiration.day
        ends = [n for n in range(place + 1, SESSIONS - 1) if self._sessions[n] < settles]
        opened = self._dealt(legs, day, part)
        if habit.exit == "expired":
            last = ends[-1] + 1 if ends else SESSIONS
            if last >= SESSIONS - 1 or self._sessions[last] != settles:
                return None
            return _Trade(opened, self._delivered(legs, last), last + 1, by_time=True)
        credit = -sum(float(price * change) for _, change, price in opened)
        days = [self._sessions[n] for n in ends]
        worth = sum((self._past.prices(asset, days, _LATE) * change for asset, change in legs), np.zeros(len(days)))
        for n, value in zip(ends, worth, strict=True):
            taken = -value <= credit / 2
            if taken or (settles - self._sessions[n]).days <= _TIME:
                back = [(asset, -change) for asset, change in legs]
                return _Trade(opened, self._dealt(back, self._sessions[n], _LATE), n, by_time=not taken)
        return None

    def _delivered(self, legs: list[tuple[Asset, float]], last: int) -> tuple[tuple[Asset, Decimal, Decimal], ...]:
        """The trade that gets rid of what expired into shares, on the session after."""
        underlying = self._past.instrument(legs[0][0].underlying)
        if underlying.kind == "Index":
            return ()
        close = self._past.bar(underlying.symbol, self._sessions[last]).close
        held = sum(change * 100 * (1 if asset.is_call else -1) for asset, change in legs if asset.intrinsic(close) > 0)
        return self._dealt([(shares(underlying), -held)], self._sessions[last + 1], _LATE) if held else ()

    def _standing(self, recipe: Recipe) -> Iterator[Deal]:
        """How a position that stands came to be."""
        day = self._sessions[-recipe.opened] if recipe.opened else self._span.day
        part = self._part()
        at = moment(day, part) if recipe.opened else self._lately
        legs = self._held(recipe, day, part)
        opened = self._dealt(legs, day, part)
        yield Deal(at, opened)
        if recipe.trimmed:
            back = [(asset, -math.copysign(1, change)) for asset, change in legs]
            yield Deal(self._lately, self._dealt(back, self._span.day, part))
            legs = [(asset, change + back_) for (asset, change), (_, back_) in zip(legs, back, strict=True)]
        if recipe.target:
            size = math.gcd(*(int(change) for _, change in legs))
            credit = -sum((price * change for _, change, price in opened), Decimal(0)) / size
            worth = self._worth(legs) / size
            price = min(credit / 2, Decimal(str(round(max(worth * 0.6, 0.05), 2))))
            tick = Decimal("0.05")
            rounded = max((price / tick).to_integral_value(), Decimal(1)) * tick
            self.targets.append(Target(at + 60, tuple((asset, _exact(-change)) for asset, change in legs), rounded))

    def _worth(self, legs: list[tuple[Asset, float]]) -> float:
        """What closing would have cost as the last session closed."""
        before = self._sessions[-1]
        return -sum(float(self._past.prices(asset, [before], 1.0)[0]) * change for asset, change in legs)

    def _held(self, recipe: Recipe, day: date, part: float) -> list[tuple[Asset, float]]:
        leg = recipe.legs[0]
        if leg.kind == "stock":
            return [(self._asset(recipe.symbol), leg.quantity)]
        underlying = recipe.symbol.removesuffix("1")
        alive = [
            series
            for series in self._listed[underlying]
            if series.expiration.settlement == "PM" and bool(series.root.cash) == (underlying != recipe.symbol)
        ]
        wanted = self._today + timedelta(days=recipe.days)
        if recipe.dividend and (ahead := self._dividend(underlying)) is not None:
            alive = [series for series in alive if series.expiration.day > ahead]
            wanted = ahead

        def chain(leg: Leg) -> Chain:
            due = wanted if leg.days is None else self._today + timedelta(days=leg.days)
            found = min(alive, key=lambda series: abs((series.expiration.day - due).days))
            return Chain(found.root, found.expiration, found.strikes)

        if recipe.now:
            day, part = self._span.day, 1.0
        return chosen(self._past, recipe.legs, day, part, chain)

    def _dividend(self, symbol: str) -> date | None:
        """The next ex-date, where it is near."""
        ahead = [day for day in ex_dates(self._past.instrument(symbol), self._today) if day > self._today]
        return ahead[0] if ahead and (ahead[0] - self._today).days <= _DIVIDEND else None

    def _asset(self, symbol: str) -> Asset:
        special = {"/MES": lambda: assets.future(self._today), "BTC/USD": assets.coin, "BILL": assets.bill}
        return special[symbol]() if symbol in special else shares(self._past.instrument(symbol))

    def _dealt(
        self, legs: Sequence[tuple[Asset, float]], day: date, part: float
    ) -> tuple[tuple[Asset, Decimal, Decimal], ...]:
        """Legs with the prices they are traded at."""
        return tuple(
            (asset, _exact(change), self._past.traded(asset, float(value), change))
            for asset, change in legs
            for value in self._past.prices(asset, [day], part)
        )

    def _assigned(self, symbol: str) -> Iterator[Deal]:
        """Puts that ended in the money: the shares are still there."""
        place = SESSIONS - 48
        day, part = self._sessions[place], self._part()
        root, expiration, strikes = offered(self._past, symbol, day, 32)
        close = self._past.bar(symbol, expiration.day).close
        strike = min(strikes, key=lambda one: abs(one - close * 1.03) if one > close else math.inf)
        yield Deal(moment(day, part), self._dealt([(option(root, expiration, strike, is_call=False), -2)], day, part))

    def _called_away(self, symbol: str) -> Iterator[Deal | Early]:
        """A call in the money that was assigned early, and the shares bought back."""
        place, part = SESSIONS - 150, self._part()
        day, later = self._sessions[place], self._sessions[place + 12]
        root, expiration, strikes = offered(self._past, symbol, day, 40)
        spot = self._past.bar(symbol, later).close * 0.95
        call = option(root, expiration, min(strikes, key=lambda one: abs(one - spot)), is_call=True)
        yield Deal(moment(day, part), self._dealt([(call, -1)], day, part))
        yield Early(moment(later, 1.0) + 3600, call, 1)
        following, stock = self._sessions[place + 13], shares(root.underlying)
        yield Deal(moment(following, 0.02), self._dealt([(stock, 100)], following, 0.02))

    def _part(self) -> float:
        return round(self._dice.uniform(0.03, 0.9), 4)


def _exact(count: float) -> Decimal:
    """Contracts are whole, shares may be parts."""
    return Decimal(f"{count:.10g}")


def _cost(deal: Deal) -> float:
    """Dollars that a trade took, or may come to take: a put that is sold alone can be assigned."""
    paid = sum(float(change * price * asset.multiplier) for asset, change, price in deal.legs if asset.kind != "Future")
    (asset, change, _), *others = deal.legs
    is_put = asset.is_option and not asset.is_call
    return paid if others or not is_put else paid - float(change * asset.multiplier) * asset.strike


def payable(day: date) -> date:
    """When a dividend that was cut off on a day is paid."""
    paid = day + timedelta(days=20)
    return session_after(paid - timedelta(days=1))
