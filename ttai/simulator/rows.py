"""Instruments and their market data as the broker writes them."""

from datetime import UTC, datetime

from ttai.simulator.accounts import Json
from ttai.simulator.instruments import Instrument
from ttai.simulator.prices import DailyBar
from ttai.simulator.world import Snapshot


def _price(value: float) -> str:
    return f"{value:.2f}"


def instrument_type(instrument: Instrument) -> str:
    """The type a symbol must be asked under."""
    return "Index" if instrument.kind == "Index" else "Equity"


def market_row(instrument: Instrument, now: Snapshot, year: list[DailyBar]) -> Json:
    """What is quoted of an instrument; `year` gives the highest and lowest price."""
    return {
        **_traded(instrument, now),
        **(_quoted(now) if now.bid is not None else {"mark": _price(now.last)}),
        **(_dividend(instrument) if instrument.dividend else {}),
        "year-low-price": _price(min(now.low, *(bar.low for bar in year))),
        "year-high-price": _price(max(now.high, *(bar.high for bar in year))),
    }


def _traded(instrument: Instrument, now: Snapshot) -> Json:
    """The part of a row every instrument has."""
    last = _price(now.last)
    row = {
        "symbol": now.symbol,
        "instrument-type": instrument_type(instrument),
        "updated-at": datetime.fromtimestamp(now.time, UTC).isoformat(timespec="milliseconds"),
        "bid-size": f"{now.bid_size}.0",
        "ask-size": f"{now.ask_size}.0",
        "last": last,
        "last-mkt": last,
        "last-trade-time": int(now.time * 1000),
        "beta": str(instrument.beta),
        "open": _price(now.open),
        "day-high-price": _price(now.high),
        "day-low-price": _price(now.low),
        "close-price-type": "Regular" if now.closed else "Unknown",
        "prev-close": _price(now.close_before),
        "prev-close-price-type": "Regular",
        "summary-date": f"{now.day}",
        "prev-close-date": f"{now.day_before}",
        "is-trading-halted": False,
        "halt-start-time": -1,
        "halt-end-time": -1,
    }
    if now.closed:
        row["close"] = last
    if instrument.kind != "Index":
        row["volume"] = f"{now.volume}.0"
    return row


def _quoted(now: Snapshot) -> Json:
    """The part of a row that needs two sides."""
    bid, ask = now.bid or 0.0, now.ask or 0.0
    middle = f"{(bid + ask) / 2:.3f}"
    return {"bid": _price(bid), "ask": _price(ask), "mid": middle, "mark": middle}


def _dividend(instrument: Instrument) -> Json:
    return {
        "dividend-amount": str(instrument.dividend),
        "dividend-frequency": f"{instrument.payments}.0",
    }


def described(instrument: Instrument) -> Json:
    """An instrument as the broker lists it: an index is an inactive equity."""
    index = instrument.kind == "Index"
    row = {
        "id": 1000 + sum(ord(letter) * 31**place for place, letter in enumerate(instrument.symbol)),
        "symbol": instrument.symbol,
        "instrument-type": "Equity",
        "short-description": instrument.description.partition(" - ")[0],
        "description": instrument.description,
        "is-index": index,
        "is-etf": instrument.kind == "ETF",
        "listed-market": instrument.market,
        "lendability": "Locate Required" if index else "Easy To Borrow",
        "borrow-rate": "0.0",
        "market-time-instrument-collection": "Equity Index" if index else "Equity",
        "is-closing-only": False,
        "is-options-closing-only": False,
        "is-illiquid": False,
        "is-fractional-quantity-eligible": not index,
        "active": not index,
        "streamer-symbol": instrument.symbol,
        "option-tick-sizes": ticks(*map(str, instrument.option_ticks)),
    }
    return row if index else {**row, "tick-sizes": ticks("0.0001", "1.0", "0.01")}


def ticks(below: str, threshold: str, above: str) -> list[Json]:
    """What a price is a multiple of, below a threshold and above."""
    return [{"value": below, "threshold": threshold}, {"value": above}]
