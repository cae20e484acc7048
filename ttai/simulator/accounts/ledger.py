"""An account's ledger: every entry there was, and the holdings and the cash that they leave."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ttai.simulator.accounts.assets import Asset
from ttai.simulator.accounts.fees import DELIVERY, ZERO, Fees, cents, fees
from ttai.simulator.options import SHARES

TRADE, DELIVERED, MONEY = "Trade", "Receive Deliver", "Money Movement"


class Entry(NamedTuple):
    """One transaction; `change` is signed, `value` what it brought in, before fees."""

    id: int
    at: float  # seconds since the epoch
    type: str
    sub_type: str
    description: str
    value: Decimal
    fees: Fees = Fees()
    asset: Asset | None = None
    change: Decimal = Decimal(0)
    price: Decimal | None = None
    action: str | None = None
    order: int | None = None
    legs: int | None = None

    @property
    def net(self) -> Decimal:
        """Dollars that the cash changed by."""
        return self.value - self.fees.total


@dataclass
class Lot:
    """What was opened at once, and what is left of it."""

    quantity: Decimal  # below 0 short
    price: Decimal
    at: float


class Closed(NamedTuple):
    """A part of a lot that was closed: dollars a share, and when."""

    asset: Asset
    quantity: Decimal  # below 0 it was short
    opened: Decimal
    opened_at: float
    price: Decimal
    at: float


@dataclass
class Holding:
    """The open lots of an asset, the oldest first; all on one side."""

    asset: Asset
    lots: list[Lot]
    updated: float

    @property
    def quantity(self) -> Decimal:
        """Contracts or shares, below 0 short."""
        return sum((lot.quantity for lot in self.lots), Decimal(0))

    @property
    def average(self) -> Decimal:
        """Dollars a share that it was opened at."""
        return sum((lot.quantity * lot.price for lot in self.lots), Decimal(0)) / self.quantity


@dataclass
class Ledger:
    """Entries in the order of time; lots are closed first in, first out."""

    first: int  # the number of the first entry
    entries: list[Entry] = field(default_factory=list)
    holdings: dict[str, Holding] = field(default_factory=dict)
    closed: list[Closed] = field(default_factory=list)
    cash: Decimal = ZERO

    def quantity(self, asset: Asset) -> Decimal:
        """What is held of an asset, below 0 short."""
        holding = self.holdings.get(asset.symbol)
        return Decimal(0) if holding is None else holding.quantity

    def move(self, at: float, sub_type: str, amount: Decimal, description: str, asset: Asset | None = None) -> None:
        """Money that comes or goes without a trade."""
        self._write(Entry(self._next, at, MONEY, sub_type, description, amount, asset=asset))

    def fill(
        self, at: float, asset: Asset, change: Decimal, price: Decimal, order: int | None = None, legs: int = 1
    ) -> None:
        """A trade; one that goes through zero is booked as two, of which the first closes."""
        for part, opening in self._parts(asset, change):
            action = _action(part, opening=opening)
            self._write(
                Entry(
                    id=self._next,
                    at=at,
                    type=TRADE,
                    sub_type=action,
                    description=f"{action.split(' ', maxsplit=1)[0].replace('Buy', 'Bought').replace('Sell', 'Sold')} "
                    f"{_plain(abs(part))} {_named(asset)} @ {price}",
                    value=ZERO if asset.kind == "Future" else -cents(part * price * asset.multiplier),
                    fees=fees(asset, part, price, opening=opening),
                    asset=asset,
                    change=part,
                    price=price,
                    action=_short(part) if asset.kind == "Future" else action,
                    order=order,
                    legs=legs,
                )
            )

    def settle(self, asset: Asset, spot: float) -> None:
        """Let what is held of an option end with its underlying at this price."""
        held = self.quantity(asset)
        if not asset.intrinsic(spot) > 0:
            said = f"Removal of {_plain(abs(held))} {_named(asset)} due to expiration."
            self._remove(asset.settles, asset, -held, "Expiration", said)
        else:
            self.deliver(asset.settles, asset, -held, spot)

    def deliver(self, at: float, asset: Asset, change: Decimal, spot: float | None = None) -> None:
        """Take `change` contracts out of the account for what they deliver; a cash settlement needs the price."""
        what = "Assignment" if change > 0 else "Exercise"
        said = f"Removal of {_plain(abs(change))} {_named(asset)} due to {what.lower()}."
        if spot is not None and asset.expiration is not None and asset.underlying in _CASH_SETTLED:
            value = -cents(change * Decimal(str(round(asset.intrinsic(spot), 2))) * asset.multiplier)
            self._remove(at, asset, change, f"Cash Settled {what}", said, value, DELIVERY)
            return
        self._remove(at, asset, change, what, said)
        bought = (change < 0) == asset.is_call
        stock = Asset(asset.underlying, asset.underlying, "Equity", Decimal(1))
        self._stock(at, stock, abs(change) * SHARES * (1 if bought else -1), Decimal(str(asset.strike)))
        if asset.cash:
            amount = cents(abs(change) * Decimal(str(asset.cash))) * (1 if bought else -1)
            self.move(at, "Balance Adjustment", amount, f"Cash deliverable of {asset.symbol.strip()}", asset)

    def _stock(self, at: float, stock: Asset, change: Decimal, strike: Decimal) -> None:
        """Shares that an option delivered; its fee falls on them."""
        taken = DELIVERY
        for part, opening in self._parts(stock, change):
            action = _action(part, opening=opening)
            self._write(
                Entry(
                    id=self._next,
                    at=at,
                    type=DELIVERED,
                    sub_type=action,
                    description=f"{action} {_plain(abs(part))} {stock.symbol} @ {strike:.2f}",
                    value=-cents(part * strike),
                    fees=Fees(clearing=taken),
                    asset=stock,
                    change=part,
                    price=strike,
                    action=action,
                )
            )
            taken = ZERO

    def _remove(
        self,
        at: float,
        asset: Asset,
        change: Decimal,
        sub_type: str,
        description: str,
        value: Decimal = ZERO,
        taken: Decimal = ZERO,
    ) -> None:
        # what the settlement paid is the price that its lots were closed at; a removal as such has none
        price = abs(value / (change * asset.multiplier))
        action = _action(change, opening=False)
        self._write(
            Entry(
                id=self._next,
                at=at,
                type=DELIVERED,
                sub_type=sub_type,
                description=description,
                value=value,
                fees=Fees(clearing=taken),
                asset=asset,
                change=change,
                price=price,
                action=action,
            )
        )

    def _parts(self, asset: Asset, change: Decimal) -> list[tuple[Decimal, bool]]:
        """What of a change closes and what opens."""
        held = self.quantity(asset)
        if held * change >= 0:
            return [(change, True)]
        closing = min(abs(held), abs(change)).copy_sign(change)
        return [(closing, False)] + ([(change - closing, True)] if change != closing else [])

    @property
    def _next(self) -> int:
        return self.first + len(self.entries)

    def _write(self, entry: Entry) -> None:
        self.entries.append(entry)
        asset, price = entry.asset, entry.price
        worth = entry.net
        if asset is not None and entry.change and price is not None:
            worth += self._turn(asset, entry.change, price, entry.at)
        self.cash += worth
        if worth != entry.net:  # what a future has gained is booked with the trade that ends it
            self.entries[-1] = entry._replace(value=entry.value + worth - entry.net)

    def _turn(self, asset: Asset, change: Decimal, price: Decimal, at: float) -> Decimal:
        """Change a holding; what a future is settled with."""
        holding = self.holdings.setdefault(asset.symbol, Holding(asset, [], at))
        holding.updated, left, gained = at, change, ZERO
        while left and holding.lots and holding.lots[0].quantity * left < 0:
            lot = holding.lots[0]
            part = min(abs(lot.quantity), abs(left)).copy_sign(lot.quantity)
            self.closed.append(Closed(asset, part, lot.price, lot.at, price, at))
            gained += part * (price - lot.price) * asset.multiplier
            lot.quantity, left = lot.quantity - part, left + part
            if not lot.quantity:
                holding.lots.pop(0)
        if left:
            holding.lots.append(Lot(left, price, at))
        if not holding.lots:
            del self.holdings[asset.symbol]
        return cents(gained) if asset.kind == "Future" else ZERO


_CASH_SETTLED = frozenset({"SPX", "NDX", "RUT", "VIX"})


def _action(change: Decimal, *, opening: bool) -> str:
    return f"{_short(change)} to {'Open' if opening else 'Close'}"


def _short(change: Decimal) -> str:
    return "Buy" if change > 0 else "Sell"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _named(asset: Asset) -> str:
    """An asset as the broker's descriptions call it."""
    if asset.expiration is None:
        return asset.symbol
    kind = "Call" if asset.is_call else "Put"
    return f"{asset.symbol[:6].strip()} {asset.expiration.day:%m/%d/%y} {kind} {asset.strike:.2f}"
