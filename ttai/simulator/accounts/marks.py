"""What the holdings of an account are worth now."""

from decimal import Decimal
from typing import NamedTuple

from ttai.quant.strategies.legs import Leg
from ttai.simulator.accounts.assets import Asset, listed, shares
from ttai.simulator.accounts.ledger import Holding
from ttai.simulator.accounts.past import YEAR, tape, tick
from ttai.simulator.boards import Boards


class Mark(NamedTuple):
    """What an asset is worth, and was as the last session closed; dollars a share."""

    price: Decimal
    close: Decimal
    natural: tuple[Decimal, Decimal]  # what a seller gets and a buyer pays
    volatility: float
    spot: float  # of the underlying


class Valued(NamedTuple):
    """A holding at its mark."""

    asset: Asset
    quantity: Decimal
    mark: Mark
    value: Decimal
    """Dollars, below 0 short; a future's is what it has gained."""

    def leg(self, at: float) -> Leg | None:
        """A leg of a strategy; None for what margin rules for options don't speak of."""
        shares = float(self.quantity * self.asset.multiplier)
        if self.asset.is_option:
            return Leg(
                type="call" if self.asset.is_call else "put",
                shares=shares,
                price=float(self.mark.price),
                strike=self.asset.strike,
                years=max(self.asset.settles - at, 0.0) / YEAR,
                volatility=self.mark.volatility,
            )
        return Leg("stock", shares, float(self.mark.price)) if self.asset.kind == "Equity" else None


class Marks:
    """The broker's marks of anything an account can hold."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._world = boards.world

    def asset(self, symbol: str, at: float) -> Asset | None:
        """What can be traded under a symbol now."""
        if (contract := self._boards.options.contract(symbol, at)) is not None:
            return listed(contract)
        instrument = self._world.instruments.get(symbol)
        return None if instrument is None or instrument.kind == "Index" else shares(instrument)

    def mark(self, asset: Asset, at: float) -> Mark:
        """The mark of an asset that is listed, or that the market has a price for."""
        symbol, times = tape(asset)
        snapshot = self._world.snapshot(symbol if symbol in self._world.instruments else "SPX", at)
        assert snapshot is not None  # noqa: S101 - the books hold what is traded
        if asset.is_option:
            return self._option(asset, at, snapshot.last)
        if asset.kind == "Equity" and snapshot.bid is not None and snapshot.ask is not None:
            middle, sides = (snapshot.bid + snapshot.ask) / 2, (_exact(snapshot.bid), _exact(snapshot.ask))
            return Mark(_exact(middle), _exact(snapshot.close_before), sides, 0.0, snapshot.last)
        price, close = (tick(asset, worth * times) for worth in (snapshot.last, snapshot.close_before))
        return Mark(price, close, (price, price), 0.0, snapshot.last)

    def _option(self, asset: Asset, at: float, spot: float) -> Mark:
        contract = self._boards.options.contract(asset.symbol, at)
        if contract is None:
            raise ValueError(f"{asset.symbol} is not listed here.")
        board, place = self._boards.board(contract.series, at), contract.place
        bid, ask = board.bid[place], board.ask[place]
        sides, close = (_exact(bid), _exact(ask)), board.sheet.prev_close[place]
        return Mark(_exact((bid + ask) / 2), _exact(close), sides, board.volatility[place], spot)

    def valued(self, holding: Holding, at: float) -> Valued:
        """A holding at its mark."""
        asset, quantity, mark = holding.asset, holding.quantity, self.mark(holding.asset, at)
        price = mark.price - holding.average if asset.kind == "Future" else mark.price
        return Valued(asset, quantity, mark, quantity * price * asset.multiplier)


def _exact(price: float) -> Decimal:
    return Decimal(str(round(price, 3)))
