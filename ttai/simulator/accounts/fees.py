"""What the broker, the exchanges and the regulators take of a trade.

The broker's part as its price list has it (tastytrade.com/commissions-and-fees): options $1 a contract to open, at
most $10 a leg but for index options, nothing to close; clearing $0.10 a contract, $0.0008 a share, $0.10 where there
is a fraction of one; micro futures $0.85 and $0.30 a side; bitcoin nothing. Of sales the SEC and FINRA have their
part. What exchanges and regulators take changes with the years: these are of the size of 2026's.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from ttai.simulator.accounts.assets import Asset

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
DELIVERY = Decimal("5.00")
"""Dollars for an assignment or an exercise, whatever its size."""

_MOST = Decimal(10)  # dollars of commission on a leg
_OPTIONS_REGULATORY = Decimal("0.02")  # a contract
_ACTIVITY = Decimal("0.00329"), Decimal("0.000195")  # a contract sold, a share sold
_SEC = Decimal("0.0000206")  # of what is sold
_INDICES = {"SPX": Decimal("0.65"), "NDX": Decimal("0.18"), "RUT": Decimal("0.18"), "VIX": Decimal("0.37")}


class Fees(NamedTuple):
    """Dollars, to the cent, none below 0."""

    commission: Decimal = ZERO
    clearing: Decimal = ZERO
    regulatory: Decimal = ZERO
    proprietary: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All that is taken."""
        return self.commission + self.clearing + self.regulatory + self.proprietary


def cents(value: Decimal) -> Decimal:
    """Dollars to the cent, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def fees(asset: Asset, quantity: Decimal, price: Decimal, *, opening: bool) -> Fees:
    """The fees of a trade of `quantity` (below 0 a sale) at a price a share."""
    count, sold = abs(quantity), quantity < 0
    if asset.is_option:
        return _option(asset, count, price, opening=opening, sold=sold)
    if asset.kind == "Equity":
        clearing = Decimal("0.10") if count % 1 else count * Decimal("0.0008")
        regulatory = count * _ACTIVITY[1] + count * price * _SEC if sold else ZERO
        return Fees(clearing=cents(clearing), regulatory=cents(regulatory))
    if asset.kind == "Future":
        return Fees(count * Decimal("0.85"), count * Decimal("0.30"), count * Decimal("0.37"))
    return Fees()


def _option(asset: Asset, count: Decimal, price: Decimal, *, opening: bool, sold: bool) -> Fees:
    index = _INDICES.get(asset.underlying, ZERO)
    commission = count * Decimal("1.00") if opening else ZERO
    regulatory = count * _OPTIONS_REGULATORY
    if sold:
        regulatory += count * _ACTIVITY[0] + count * price * asset.multiplier * _SEC
    return Fees(
        cents(commission if index else min(commission, _MOST)),
        cents(count * Decimal("0.10")),
        cents(regulatory),
        cents(count * index),
    )
