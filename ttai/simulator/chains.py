"""Chains, contracts and their market data as the broker writes them."""

from datetime import UTC, datetime

from ttai.simulator.accounts import Json
from ttai.simulator.boards import Boards
from ttai.simulator.days import hours, session_before
from ttai.simulator.expirations import Expiration
from ttai.simulator.options import SHARES, Contract, Root, Series
from ttai.simulator.rows import ticks


class Chains:
    """What the broker tells of the options of a market, now."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._options = boards.options

    def nested(self, underlying: str) -> list[Json] | None:
        """The chain of an underlying, one entry a root; None where it is unknown."""
        by_root: dict[Root, list[Series]] = {}
        for series in self._options.series(underlying, self._now):
            by_root.setdefault(series.root, []).append(series)
        return [_nested(root, listed) for root, listed in by_root.items()] or None

    def contract(self, symbol: str) -> Json | None:
        """One contract, by the OCC's symbol; None where it isn't listed."""
        found = self._options.contract(symbol, self._now)
        return None if found is None else _described(found)

    def market_row(self, symbol: str) -> Json | None:
        """What is quoted of a contract; None where it isn't listed."""
        if (found := self._options.contract(symbol, self._now)) is None:
            return None
        board, place = self._boards.board(found.series, self._now), found.place
        bid, ask, last = board.bid[place], board.ask[place], board.last[place]
        middle = f"{round((bid + ask) / 2, 3)}"
        row = {
            "symbol": symbol,
            "instrument-type": "Equity Option",
            "updated-at": _stamp(board.time, "milliseconds"),
            "bid": f"{bid}",
            "bid-size": f"{board.sizes[0][place]}.0",
            "ask": f"{ask}",
            "ask-size": f"{board.sizes[1][place]}.0",
            "mid": middle,
            "mark": middle,
            "volume": f"{board.traded[place]}.0",
            "open-interest": f"{board.held[place]}.0",
            "close-price-type": "Unknown",
            "prev-close": f"{board.sheet.prev_close[place]}",
            "prev-close-price-type": "Regular",
            "summary-date": f"{board.sheet.day}",
            "prev-close-date": f"{board.sheet.day_before}",
            "is-trading-halted": False,
            "halt-start-time": -1,
            "halt-end-time": -1,
        }
        if last is not None:
            row |= {"last": f"{last}", "last-mkt": f"{last}", "last-trade-time": int(board.last_time(place) * 1000)}
        return row

    @property
    def _now(self) -> float:
        return self._boards.world.clock.now().timestamp()


def _nested(root: Root, listed: list[Series]) -> Json:
    return {
        "underlying-symbol": root.underlying.symbol,
        "root-symbol": root.symbol,
        "option-chain-type": _chain_type(root),
        "shares-per-contract": SHARES,
        "tick-sizes": ticks(*map(str, root.underlying.option_ticks)),
        **({} if root.underlying.kind == "Index" else {"deliverables": _deliverables(root)}),
        "expirations": [
            {
                "expiration-type": series.expiration.kind,
                "expiration-date": f"{series.expiration.day}",
                "days-to-expiration": _days(series),
                "settlement-type": series.expiration.settlement,
                "strikes": _strikes(series),
            }
            for series in listed
        ],
    }


def _strikes(series: Series) -> list[Json]:
    occ, streamer, count = series.occ, series.streamer, len(series.strikes)
    return [
        {
            "strike-price": f"{float(strike)}",
            "call": occ[place],
            "call-streamer-symbol": streamer[place],
            "put": occ[place + count],
            "put-streamer-symbol": streamer[place + count],
        }
        for place, strike in enumerate(series.strikes)
    ]


def _deliverables(root: Root) -> list[Json]:
    """What the holder of a contract gets: shares, and dollars beside them where the root was adjusted."""
    symbol = root.underlying.symbol
    shares = {
        "id": 1,
        "root-symbol": root.symbol,
        "deliverable-type": "Shares",
        "description": f"{SHARES} shares of {symbol}",
        "amount": f"{SHARES}.0",
        "symbol": symbol,
        "instrument-type": "Equity",
        "percent": "100",
    }
    cash = {
        "id": 2,
        "root-symbol": root.symbol,
        "deliverable-type": "Cash",
        "description": f"${root.cash:.2f} in cash",
        "amount": f"{root.cash}",
        "percent": "100",
    }
    return [shares, cash] if root.cash else [shares]


def _described(contract: Contract) -> Json:
    series, place = contract.series, contract.place
    root, expiration = series.root, series.expiration
    return {
        "symbol": series.occ[place],
        "instrument-type": "Equity Option",
        "active": True,
        "strike-price": f"{float(contract.strike)}",
        "root-symbol": root.symbol,
        "underlying-symbol": root.underlying.symbol,
        "expiration-date": f"{expiration.day}",
        "exercise-style": "European" if root.underlying.kind == "Index" else "American",
        "shares-per-contract": SHARES,
        "option-type": "C" if contract.is_call else "P",
        "option-chain-type": _chain_type(root),
        "expiration-type": expiration.kind,
        "settlement-type": expiration.settlement,
        "stops-trading-at": _stamp(_last_trade(expiration)),
        "expires-at": _stamp(expiration.settles),
        "market-time-instrument-collection": "Equity Option",
        "days-to-expiration": _days(series),
        "is-closing-only": bool(root.cash),
        "streamer-symbol": series.streamer[place],
    }


def _last_trade(expiration: Expiration) -> float:
    """What settles with the open is traded until the day before."""
    if expiration.settlement == "PM":
        return expiration.settles
    return hours(session_before(expiration.day)).close.timestamp()


def _chain_type(root: Root) -> str:
    return "Non-standard" if root.cash else "Standard"


def _days(series: Series) -> int:
    return (series.expiration.day - series.listed).days


def _stamp(at: float, precision: str = "seconds") -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=precision)
