"""Options as the broker writes them: chains and market data over REST, events of the feed."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from ttai.simulator.accounts import Json
from ttai.simulator.events import UNKNOWN, Row, day_number
from ttai.simulator.options import Contract, Quotes, Series

SHARES = 100
_EXTRA = {"DIS1": "1450.00"}  # the cash an adjusted root delivers besides


def nested(symbol: str, series: Iterable[Series]) -> list[Json]:
    """The chains of an underlying, one a root, as /option-chains/{symbol}/nested has them."""
    chains: dict[str, Json] = {}
    for one in series:
        root = one.expiry.root
        chain = chains.setdefault(root, _chain(symbol, root))
        chain["expirations"].append(
            {
                "expiration-type": one.expiry.kind,
                "expiration-date": f"{one.expiry.day}",
                "days-to-expiration": (one.expiry.day - one.today).days,
                "settlement-type": one.expiry.settled,
                "strikes": [_strike(one, place) for place in range(len(one.strikes))],
            }
        )
    return list(chains.values())


def _chain(symbol: str, root: str) -> Json:
    chain: Json = {
        "underlying-symbol": symbol,
        "root-symbol": root,
        "option-chain-type": "Non-standard" if root in _EXTRA else "Standard",
        "shares-per-contract": SHARES,
        "tick-sizes": [{"value": "0.01", "threshold": "3.0"}, {"value": "0.05"}],
        "expirations": [],
    }
    shares = _delivered(1, root, "Shares", f"{SHARES} {symbol}", f"{SHARES}.0")
    rows = [{**shares, "symbol": symbol, "instrument-type": "Equity", "percent": "100"}]
    if root in _EXTRA:
        rows.append(_delivered(2, root, "Cash", f"{_EXTRA[root]} US dollars", _EXTRA[root]))
    return {**chain, "deliverables": rows}


def _delivered(number: int, root: str, kind: str, description: str, amount: str) -> Json:
    return {
        "id": number, "root-symbol": root, "deliverable-type": kind, "description": description, "amount": amount,
        "percent": "0",
    }  # fmt: skip


def _strike(series: Series, place: int) -> Json:
    call, put = (series.option(side, place) for side in (0, 1))
    return {
        "strike-price": f"{series.strikes[place]}",
        "call": call.occ,
        "call-streamer-symbol": call.streamer,
        "put": put.occ,
        "put-streamer-symbol": put.streamer,
    }


def described(contract: Contract) -> Json:
    """A contract as /instruments/equity-options has it."""
    series = contract.series
    option, expiry = series.option(contract.side, contract.place), series.expiry
    settles = datetime.fromtimestamp(series.settles, UTC).isoformat()
    return {
        "symbol": option.occ,
        "instrument-type": "Equity Option",
        "active": True,
        "strike-price": f"{option.strike}",
        "root-symbol": option.root,
        "underlying-symbol": series.instrument.symbol,
        "expiration-date": f"{expiry.day}",
        "exercise-style": "European" if series.instrument.kind == "Index" else "American",
        "shares-per-contract": SHARES,
        "option-type": option.type,
        "option-chain-type": "Non-standard" if option.root in _EXTRA else "Standard",
        "expiration-type": expiry.kind,
        "settlement-type": expiry.settled,
        "stops-trading-at": settles,
        "expires-at": settles,
        "market-time-instrument-collection": "Equity",
        "days-to-expiration": (expiry.day - series.today).days,
        "is-closing-only": option.root in _EXTRA,
        "streamer-symbol": option.streamer,
    }


def market_row(contract: Contract, now: Quotes) -> Json:
    """What is quoted of a contract; one that never traded has no last price."""
    side, place = contract.side, contract.place
    bid, ask, last = now.bid[side][place], now.ask[side][place], now.last[side][place]
    middle = f"{(bid + ask) / 2:.3f}"
    today = contract.series.today
    row: Json = {
        "symbol": contract.symbol,
        "instrument-type": "Equity Option",
        "updated-at": datetime.fromtimestamp(now.time, UTC).isoformat(timespec="milliseconds"),
        "bid": f"{bid}",
        "bid-size": f"{now.size[side][place]}.0",
        "ask": f"{ask}",
        "ask-size": f"{now.size[side][place]}.0",
        "mid": middle,
        "mark": middle,
        "open-interest": f"{now.open_interest[side][place]}",
        "volume": f"{now.volume[side][place]}.0",
        "prev-close": f"{now.before[side][place]}",
        "prev-close-price-type": "Regular",
        "close-price-type": "Unknown",
        "summary-date": f"{today}",
        "prev-close-date": f"{today}",
        "is-trading-halted": False,
        "halt-start-time": -1,
        "halt-end-time": -1,
    }
    return row if last is None else {**row, "last": f"{last}", "last-mkt": f"{last}"}


def _quote(contract: Contract, now: Quotes) -> Row:
    side, place = contract.side, contract.place
    size = now.size[side][place]
    return (contract.streamer, 0, 0, 0, 0, "C", now.bid[side][place], size, 0, "C", now.ask[side][place], size)


def _trade(contract: Contract, now: Quotes) -> Row | None:
    side, place = contract.side, contract.place
    if (last := now.last[side][place]) is None:
        return None
    moment, volume, day = int(now.time * 1000), now.volume[side][place], day_number(contract.series.today)
    change = round(last - now.before[side][place], 2)
    head = (contract.streamer, 0, moment, 0, 0, "C", last, change, 1, day)
    return (*head, volume, round(volume * last * SHARES), "ZERO_UP", False)


def _summary(contract: Contract, now: Quotes) -> Row:
    side, place = contract.side, contract.place
    day = day_number(contract.series.today)
    traded = now.last[side][place]
    price = UNKNOWN if traded is None else traded
    head = (contract.streamer, 0, day, price, price, price, UNKNOWN, "INDICATIVE", day - 1, now.before[side][place])
    return (*head, "REGULAR", 0, now.open_interest[side][place])


def _greeks(contract: Contract, now: Quotes) -> Row:
    side, place = contract.side, contract.place
    moment = int(now.time * 1000)
    return (
        contract.streamer, 0, 0, moment, moment, 0, now.worth[side][place], now.volatility[place],
        now.delta[side][place], now.gamma[side][place], now.theta[side][place], now.rho[side][place],
        now.vega[side][place],
    )  # fmt: skip


EVENTS: dict[str, Callable[[Contract, Quotes], Row | None]] = {
    "Quote": _quote, "Trade": _trade, "Summary": _summary, "Greeks": _greeks,
}  # fmt: skip
"""The feed's events of an option, its fields in the feed's order."""
