"""Legs as somebody gave them, made a position: quoted in a chain, or with the numbers that were sent along."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from ttai import BadArgument, ExpirationQuotes, Host, Leg, understood
from ttai.quant.strategies.legs import Leg as Part
from ttai.quant.strategies.odds import Implied
from ttai.quant.strategies.position import MOST_LEGS, Position, Setting
from ttai.quant.symbols import MORNING_ROOTS, is_european, kind
from ttai.quant.symbols import underlying as whose
from ttai_chains.analysis import TYPES, Place
from ttai_chains.candidates.placement import Chosen, legs_of
from ttai_chains.candidates.ranking import APART, later, on_each_day
from ttai_chains.candidates.templates import named
from ttai_chains.inputs import Inputs, fraction
from ttai_chains.service import Chains, Read
from ttai_chains.strategy import by_hand
from ttai_chains.strategy.studies import Given, Listed, Study, brief

FAR = 0.05  # a delta off by more is said


class Positions:
    """Makes positions of legs."""

    def __init__(self, host: Host, service: Chains) -> None:
        self._service = service
        self._inputs = Inputs(host)
        self._compute = host.tasks.compute
        self._clock = host.clock

    async def study(self, legs: Sequence[Leg], given: Given) -> Study:
        """The position that these legs are, or that a strategy by name is; BadArgument says which leg lacks what."""
        if given.strategy is not None:
            if legs:
                raise BadArgument("both legs and a strategy were sent", "Send one of the two")
            if given.spot is not None:
                raise BadArgument(
                    "a strategy by name is found in the chain, at its price", "Leave spot out, or send legs"
                )
            symbol = underlying((), given.symbol)
            given = replace(given, symbol=symbol, volatility=fraction(given.volatility))
            listed = await self.template(given)
            return self.quoted(listed, given, _compromises(listed, given))
        if not 1 <= len(legs) <= MOST_LEGS:
            raise BadArgument(f"a strategy has 1 to {MOST_LEGS} legs, not {len(legs)}", "Send legs=[…], or strategy=…")
        if all(leg.type == "stock" for leg in legs):
            raise BadArgument(
                "there is no option among the legs", "Stock alone is no strategy: get_quote has its price"
            )
        given = replace(given, symbol=underlying(legs, given.symbol), volatility=fraction(given.volatility))
        if given.spot is None and (given.symbol is not None or given.snapshot is not None):
            return self.quoted(await self.find(legs, given), given)
        return await self._by_hand(legs, given)

    async def find(self, legs: Sequence[Leg], given: Given) -> list[Listed]:
        """Where each leg is listed; BadArgument for one that is not, with the strikes there are beside it."""
        chain = await self._service.chain(given.symbol, given.snapshot)
        _held_in_shares(chain.symbol, any(leg.type == "stock" for leg in legs))
        reads: dict[int, Read] = {}
        for number, leg in enumerate(legs, 1):
            on = leg.expiration or given.expiration
            if leg.type == "stock":
                continue
            if leg.years is not None:
                raise BadArgument(f"leg {number} has years, and a listed option a date", "Send its expiration, or spot")
            if on is None:
                raise BadArgument(f"leg {number} has no expiration", "Send it with the leg, or expiration=… for all")
            reads[number] = await self._service.read(chain, on)
        front = min(reads.values(), key=lambda read: read.quotes.years)
        return [
            _listed(leg, reads[number], number) if number in reads else Listed(leg, front, None)
            for number, leg in enumerate(legs, 1)
        ]

    async def template(self, given: Given) -> list[Listed]:
        """The legs of a strategy by name, nearest the deltas and the width asked for, usual ones without."""
        template = understood(lambda: named(given.strategy or ""))
        if given.symbol is None and given.snapshot is None:
            raise BadArgument(
                "a strategy by name needs its underlying", "Send symbol=TSLA, or the snapshot of an answer"
            )
        chain = await self._service.chain(given.symbol, given.snapshot)
        _held_in_shares(chain.symbol, any(part.row is None for part in template.parts))
        front = await self._service.read(chain, given.expiration, given.dte)
        back = None
        if template.two_dated:
            after = later(on_each_day(chain.expirations), front.quotes.expiration, APART)
            if after is None:
                raise BadArgument(
                    f"nothing expires after {front.quotes.expiration.date}, and a {template.name} needs it",
                    "Send a smaller dte",
                )
            back = await self._service.read(chain, f"{after.date} {after.root}")
        quotes = back.quotes if back else None
        chosen = understood(lambda: legs_of(template, front.quotes, quotes, given.deltas, given.width))
        reads = [back if back and one.quotes is back.quotes else front for one in chosen]
        return [_chosen(one, read) for one, read in zip(chosen, reads, strict=True)]

    def quoted(self, listed: Sequence[Listed], given: Given, said: Iterable[str] = ()) -> Study:
        """The position of listed legs at their mids, or at the prices sent with them; `said` is known already."""
        front = min((one.read for one in listed if one.place is not None), key=lambda read: read.quotes.years)
        quotes = front.quotes
        notes = list(dict.fromkeys([*front.notes, *(note for one in listed for note in one.read.notes), *said]))
        multiplier = given.multiplier or quotes.expiration.multiplier
        setting = Setting(
            quotes.spot,
            quotes.rate if given.rate is None else given.rate,
            _yield(quotes, given),
            european=is_european(front.chain.symbol),
        )
        parts = [_part(one, number, given, multiplier, notes) for number, one in enumerate(listed, 1)]
        volatility = quotes.smile.atm if given.volatility is None else given.volatility
        return Study(
            legs=tuple(one.leg for one in listed),
            position=understood(lambda: Position(tuple(parts), setting)),
            volatility=volatility,
            volatility_from="ATM IV of the expiration" if given.volatility is None else "the volatility given",
            symbol=front.chain.symbol,
            listed=tuple(listed),
            implied=_implied(quotes, notes),
            notes=tuple(notes),
            multiplier=multiplier,
        )

    async def _by_hand(self, legs: Sequence[Leg], given: Given) -> Study:
        """The position of legs with numbers of their own."""
        if given.spot is None:
            raise BadArgument(
                "neither symbol nor spot was given", "Send symbol=TSLA for live quotes, or spot=… with the legs' prices"
            )
        rate, notes = await self._inputs.rate(given.rate)
        now = self._clock.now()  # of all legs: those of one date expire together
        years = [await self._years(leg, number, given, now) for number, leg in enumerate(legs, 1)]
        if given.symbol is not None:
            _held_in_shares(given.symbol, any(leg.type == "stock" for leg in legs))
        european = given.symbol is not None and is_european(given.symbol)
        setting = Setting(given.spot, rate, given.dividend_yield or 0.0, european)
        return await self._compute(lambda: understood(lambda: by_hand.study(legs, years, setting, given, notes)))

    async def _years(self, leg: Leg, number: int, given: Given, now: datetime) -> float:
        if leg.type == "stock":
            return math.inf
        if leg.years is not None:
            return leg.years
        if leg.expiration is not None:
            day, _, which = leg.expiration.partition(" ")
            morning = which.strip().upper() in {"AM", *MORNING_ROOTS}
            left = await self._inputs.years(f"{day} AM" if morning else day, now=now)
        elif given.expiration is None and given.days is None and given.years is None:
            raise BadArgument(f"leg {number} has no expiration", "Send it with the leg, or days=45 for all")
        else:
            left = await self._inputs.years(given.expiration, given.days, given.years, now)
        if left <= 0:
            raise BadArgument(f"leg {number} has expired", "Send a later expiration")
        return left


def underlying(legs: Iterable[Leg], symbol: str | None) -> str | None:
    """What all legs are about, by the symbol given and their own; BadArgument where they differ."""
    named: dict[str, str] = {}
    if symbol is not None:
        named[understood(lambda: whose(symbol))] = "symbol"
    for number, leg in enumerate(legs, 1):
        if leg.symbol is not None:
            root = leg.option.root.rstrip("0123456789") if leg.option else leg.symbol
            named.setdefault(whose(root), f"leg {number}")
    if len(named) > 1:
        (first, one), (second, other), *_ = named.items()
        raise BadArgument(f"{one} is about {first}, {other} about {second}", "Ask for one underlying at a time")
    return next(iter(named), None)


def _held_in_shares(symbol: str, has_stock: bool) -> None:
    """BadArgument for shares of what has none."""
    if has_stock and kind(symbol) == "index":
        raise BadArgument(
            f"{symbol} is an index, it has no shares to hold", "Ask an ETF such as SPY, or leave them out"
        )


def _compromises(listed: Sequence[Listed], given: Given) -> list[str]:
    """Where a strategy by name is not as it was asked for: there were no such strikes."""
    options = [one for one in listed if one.place is not None]
    deltas = [abs(one.quoted("delta")) for one in options]
    notes = [
        f"no strike is nearer a delta of {delta:g} than {near:.2f}"
        for delta in map(abs, given.deltas)
        if (near := min(deltas, key=lambda there: abs(there - delta))) and abs(near - delta) > FAR
    ]
    strikes = [(one.leg.type, one.leg.strike or 0.0) for one in options]
    apart = {abs(a - b) for (one, a), (other, b) in combinations(strikes, 2) if one == other and a != b}
    if given.width is not None and all(abs(width - given.width) > 1e-6 for width in apart):
        there = ", ".join(f"{width:g}" for width in sorted(apart)) or "none"
        notes.append(f"no strikes lie {given.width:g} apart where they are needed; the width is {there}")
    return notes


def _chosen(one: Chosen, read: Read) -> Listed:
    """A leg of a template as one that was sent."""
    if one.row is None:
        return Listed(Leg(quantity=one.quantity, type="stock"), read, None)
    place = Place(one.row, one.column)
    return _listed(
        Leg(quantity=one.quantity, type=TYPES[place.row], strike=float(one.quotes.strikes[place.column])), read, 1
    )


def _listed(leg: Leg, read: Read, number: int) -> Listed:
    """The place of an option among the contracts of its expiration."""
    quotes = read.quotes
    one = quotes.expiration
    if one.adjusted:
        raise BadArgument(
            f"leg {number} is of {one.root}, which delivers {one.deliverable}", "Adjusted contracts are not analysed"
        )
    if quotes.years <= 0:
        raise BadArgument(f"leg {number} has expired", "Send a later expiration")
    row = TYPES.index(leg.type)
    there = [strike for strike, name in zip(quotes.strikes.tolist(), one.symbols[row], strict=True) if name]
    strike = leg.strike or 0.0
    if strike not in there:
        near = sorted(sorted(there, key=lambda other: abs(other - strike))[:2])
        said = " and ".join(f"{other:g}" for other in near) or "none"
        raise BadArgument(
            f"leg {number}: there is no {strike:g} {leg.type} on {one.date}; the nearest strikes are {said}",
            "Choose one of them",
        )
    return Listed(leg, read, Place(row, quotes.strikes.tolist().index(strike)))


def _part(one: Listed, number: int, given: Given, multiplier: int, notes: list[str]) -> Part:
    """A listed leg in numbers; what stands in for a missing one is said."""
    leg, quotes = one.leg, one.read.quotes
    if one.place is None:
        return Part("stock", leg.quantity, quotes.spot if leg.price is None else leg.price)
    price = one.quoted("mid") if leg.price is None else leg.price
    if not math.isfinite(price):
        price = one.natural
        if not math.isfinite(price):
            raise BadArgument(f"leg {number}, {brief(leg)}, has no quote", "Send a price with the leg")
        notes.append(f"leg {number} has no two-sided quote: counted at its {'ask' if leg.quantity > 0 else 'bid'}")
    volatility = next((v for v in (leg.volatility, given.volatility) if v is not None), one.quoted("iv"))
    if not math.isfinite(volatility):
        volatility = quotes.smile.nearest(leg.strike or 0.0) or math.nan
        notes.append(f"leg {number} has no IV of its own: the smile's at the nearest strike is used")
    strike, shares = leg.strike or 0.0, leg.quantity * multiplier
    return Part(leg.type or "call", shares, price, strike, quotes.years, volatility, _yield(quotes, given))


def _yield(quotes: ExpirationQuotes, given: Given) -> float:
    """The yield given, else that of the expiration's own forward, which another rate does not move."""
    if given.dividend_yield is not None:
        return given.dividend_yield
    return quotes.dividend_yield + (0.0 if given.rate is None else given.rate - quotes.rate)


def _implied(quotes: ExpirationQuotes, notes: list[str]) -> Implied | None:
    try:
        return Implied(quotes.smile)
    except ValueError as error:
        notes.append(f"pop_skew, expected_value_skew null: {error}")
        return None
