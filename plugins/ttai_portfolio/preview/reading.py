"""Finds what an order's legs are listed as, what is quoted and what is held of them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from ttai import BadArgument, Contracts, Expiration, Host, Leg, Position, Quote, TtaiError, understood
from ttai.quant.symbols import kind, underlying
from ttai.quant.texts import brief
from ttai_portfolio.naming import listed, told_apart
from ttai_portfolio.preview.drafts import Draft, DraftLeg
from ttai_portfolio.records.wording import option_of

MOST_LEGS = 4
MOST = 100_000  # contracts or shares
Place = tuple[str, Expiration | None]  # a symbol and what it is listed under


@dataclass(frozen=True)
class Listed:
    """Legs where they are listed, all on one underlying."""

    underlying: str
    places: Sequence[Place]
    quantities: Sequence[int]
    notes: Sequence[str] = ()

    def holds(self, held: Iterable[Position]) -> bool:
        """Whether one of them is held."""
        return not {place[0] for place in self.places}.isdisjoint(one.symbol for one in held if one.quantity)


class Drafts:
    """Makes drafts of legs."""

    def __init__(self, host: Host) -> None:
        self._market = host.market

    async def listed(self, legs: Sequence[Leg], symbol: str | None) -> Listed:
        """What these legs are; BadArgument or NotFound says which of them is nothing."""
        if not 1 <= len(legs) <= MOST_LEGS:
            raise BadArgument(f"an order has 1 to {MOST_LEGS} legs, not {len(legs)}", "Send each contract once")
        for number, leg in enumerate(legs, 1):
            if leg.quantity != int(leg.quantity):
                cure = "Send a whole number; parts of shares the broker takes, and only this preview does not"
                raise BadArgument(f"leg {number}: {leg.quantity:g} can't be asked about", cure)
            if abs(leg.quantity) > MOST:
                raise BadArgument(f"leg {number}: {leg.quantity:g} is no number to order", f"Send {MOST:,} at most")
        name = _underlying(legs, symbol)
        places, notes = await self._places(name, legs)
        if len({place[0] for place in places}) < len(places):
            raise BadArgument("two legs are the same contract", "Send each contract once, with the sum")
        return Listed(name, places, [int(leg.quantity) for leg in legs], notes)

    async def draft(self, legs: Listed, price: Decimal, effect: str | None, held: Sequence[Position]) -> Draft:
        """The order that these legs are at a price, for an account that holds this."""
        contracts, quotes = await self._quoted(legs.places)
        drafted = [
            _leg(quantity, place, held, contracts, quotes)
            for quantity, place in zip(legs.quantities, legs.places, strict=True)
        ]
        return Draft(legs.underlying, drafted, price, effect)

    async def _places(self, name: str, legs: Sequence[Leg]) -> tuple[list[Place], list[str]]:
        """Each leg where it is listed, and which of several expirations on its day that is."""
        if all(leg.type == "stock" for leg in legs):
            return [_stock(name) for _ in legs], []
        chain = await self._market.chain(name)
        places = [
            _stock(name) if leg.type == "stock" else listed(chain, leg, f"leg {number}")
            for number, leg in enumerate(legs, 1)
        ]
        told = [told_apart(chain, one) for _, one in places if one is not None]
        return places, list(dict.fromkeys(note for note in told if note is not None))

    async def _quoted(self, places: Sequence[Place]) -> tuple[Contracts, Mapping[str, Quote]]:
        """The quotes of the legs; what can't be had is told in the draft."""
        options = [symbol for symbol, listed in places if listed is not None]
        stocks = [symbol for symbol, listed in places if listed is None]
        return await asyncio.gather(self._contracts(options), self._quotes(stocks))

    async def _contracts(self, symbols: Sequence[str]) -> Contracts:
        if not symbols:
            return Contracts({}, {}, {})
        try:
            return await self._market.contracts(symbols)
        except TtaiError as error:
            return Contracts({}, {}, dict.fromkeys(symbols, error.message))

    async def _quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        if not symbols:
            return {}
        try:
            return {quote.symbol: quote for quote in (await self._market.quotes(symbols)).quotes}
        except TtaiError:
            return {}


def price_of(text: str) -> Decimal:
    """A price above 0 with at most four decimals; ValueError for anything else."""
    try:
        price = Decimal(text.strip().removeprefix("$"))
    except DecimalException:
        price = Decimal(0)
    if not (price.is_finite() and 0 < price < 1_000_000) or price != round(price, 4):
        raise ValueError(f"price is dollars a share above 0 such as 1.25, not {brief(text)}; effect says who pays")
    return price


def _underlying(legs: Sequence[Leg], symbol: str | None) -> str:
    """What all legs are on, by the symbol given and their own."""
    named = [] if symbol is None else [understood(lambda: underlying(symbol))]
    for leg in legs:
        if leg.symbol is not None:
            option = option_of(leg.symbol)
            named.append(underlying(option.root.rstrip("0123456789") if option else leg.symbol))
    each = list(dict.fromkeys(named))
    if len(each) > 1:
        raise BadArgument(f"the legs are on {' and '.join(each)}", "An order is on one underlying")
    if not each:
        raise BadArgument("no leg says its underlying", "Send symbol=…, or the legs' OCC symbols")
    if kind(each[0]) not in ("equity", "index"):
        raise BadArgument(f"{each[0]} is neither stock nor index", "Only stocks and listed options can be asked about")
    return each[0]


def _stock(name: str) -> Place:
    if kind(name) == "index":
        raise BadArgument(f"{name} is an index, it has no shares", "Send options, or an ETF such as SPY")
    return name, None


def _leg(
    quantity: int, place: Place, held: Sequence[Position], contracts: Contracts, quotes: Mapping[str, Quote]
) -> DraftLeg:
    symbol, expiration = place
    contract = contracts.contracts.get(symbol)
    return DraftLeg(
        symbol=symbol,
        quantity=quantity,
        held=sum((one.quantity for one in held if one.symbol == symbol), Decimal(0)),
        quote=quotes.get(symbol) if contract is None else contract.quote,
        why=contracts.missing.get(symbol),
        expiration=expiration,
    )
