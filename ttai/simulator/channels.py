"""The channels of the stream: what a client subscribed to, and how it wants it told."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Any

from ttai.simulator.boards import Board, Boards
from ttai.simulator.candles import CandleSymbol, Series
from ttai.simulator.events import EVENTS, FIELDS, OPTION_ROWS, UNKNOWN, Row
from ttai.simulator.faults import Fault, Faults
from ttai.simulator.world import World

PATH = "/dxlink"
LARGEST = 65_536  # bytes in a message, either way
_ROWS = 250  # events in a message: far below the largest, checked all the same
_CANDLES = 100  # candles made at a time: some are parts of days that must be drawn first

_OPTION = re.compile(r"(\.[A-Z0-9]+[0-9]{6})[CP][0-9.]+")

Json = dict[str, Any]


class Refused(Exception):
    """A message the feed does not understand; the text is for the client."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Contracts:
    """What a channel hears of the options of one series, by event type and symbol."""

    def __init__(self) -> None:
        self.sent: dict[tuple[str, str], Row | None] = {}
        self.told: Board | None = None  # the last board of which nothing is left to tell

    def changes(self, board: Board, hiding: list[Fault]) -> dict[str, list[Row]]:
        """What is new on the board, by event type."""
        new: dict[str, list[Row]] = {}
        if board is self.told:
            return new
        places, hidden = board.series.places, False
        for key, before in self.sent.items():
            name, symbol = key
            if (place := places.get(symbol)) is None or (make := OPTION_ROWS.get(name)) is None:
                continue
            if hiding and any(fault.concerns(symbol) for fault in hiding):
                hidden = True
            elif (row := make(board, place)) is not None and row != before:
                self.sent[key] = row
                new.setdefault(name, []).append(row)
        self.told = None if hidden else board
        return new


class Channel:
    """One feed channel: what is subscribed, in which fields and format, and what was sent of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.compact = False
        self.period = 0.1
        self.fields = dict(FIELDS)
        self.sent: dict[tuple[str, str], Row | None] = {}
        self.contracts: dict[str, Contracts] = {}  # the options, by what the symbols of a series begin with
        self.series: dict[str, Series] = {}  # the candles, by symbol as the feed writes it
        self.pushed = 0.0

    def setup(self, message: Json) -> Json:
        """Agree on fields and format; fields unknown here are left out."""
        self.compact = message.get("acceptDataFormat") == "COMPACT"
        self.period = float(message.get("acceptAggregationPeriod") or self.period)
        accepted = {name: f for name, f in (message.get("acceptEventFields") or {}).items() if name in FIELDS}
        for name, fields in accepted.items():
            self.fields[name] = tuple(field for field in fields if field in FIELDS[name])
        return {
            "type": "FEED_CONFIG",
            "channel": self.number,
            "aggregationPeriod": self.period,
            "dataFormat": "COMPACT" if self.compact else "FULL",
            "eventFields": {name: self.fields[name] for name in accepted},
        }

    def subscribe(self, message: Json) -> set[str]:
        """Take a subscription message in; the symbols it added."""
        if message.get("reset"):
            self.sent.clear()
            self.contracts.clear()
            self.series.clear()
        for entry in message.get("remove", ()):
            self.sent.pop((entry["type"], entry["symbol"]), None)
            if (option := _OPTION.fullmatch(entry["symbol"])) and option[1] in self.contracts:
                self.contracts[option[1]].sent.pop((entry["type"], entry["symbol"]), None)
                if not self.contracts[option[1]].sent:
                    del self.contracts[option[1]]
            if entry["type"] == "Candle" and (symbol := CandleSymbol.parse(entry["symbol"])) is not None:
                self.series.pop(str(symbol), None)
        added: set[str] = set()
        for entry in message.get("add", ()):
            added.update(self._add(entry))
        return added

    def _add(self, entry: Json) -> tuple[str, ...]:
        """Subscribe to one thing; the names by which a fault may know it."""
        name, symbol = str(entry["type"]), str(entry["symbol"])
        if name != "Candle" and (option := _OPTION.fullmatch(symbol)):
            contracts = self.contracts.setdefault(option[1], Contracts())
            contracts.sent[name, symbol] = contracts.told = None
        elif name != "Candle":
            self.sent[name, symbol] = None
        elif (candles := CandleSymbol.parse(symbol)) is not None:
            self.series[str(candles)] = Series(candles, int(entry.get("fromTime", 0)))
            return symbol, str(candles), candles.underlying
        return (symbol,)

    def changes(self, world: World, at: float, faults: Faults) -> dict[str, list[Row]]:
        """What is new since the last time, by event type, spoiled where a fault wants it."""
        hiding, spoiling = faults.on(PATH, "missing"), faults.on(PATH, "nan")
        new: dict[str, list[Row]] = {}
        for key, before in self.sent.items():
            name, symbol = key
            if name not in EVENTS or (snapshot := world.snapshot(symbol, at)) is None:
                continue
            row = EVENTS[name].row(snapshot)
            if row is None or row == before or any(fault.concerns(symbol) for fault in hiding):
                continue
            self.sent[key] = row
            new.setdefault(name, []).append(row)
        return _all_spoiled(new, spoiling, faults)

    def option_changes(self, boards: Boards, at: float, faults: Faults) -> Iterator[dict[str, list[Row]]]:
        """What is new of the options, series by series: others may have a turn."""
        for name, contracts in list(self.contracts.items()):
            if (board := boards.named(name, at)) is not None:
                new = contracts.changes(board, faults.on(PATH, "missing"))
                yield _all_spoiled(new, faults.on(PATH, "nan"), faults)

    def candles(self, world: World, at: float, faults: Faults, most: int) -> Iterator[list[Row]]:
        """What is new of the candles, spoiled where a fault wants it, a few at a time: others may have a turn."""
        rows = self._candles(world, at, faults, most)
        while some := list(islice(rows, _CANDLES)):
            for fault in faults.on(PATH, "nan"):
                some = [_spoiled("Candle", row, fault, faults) for row in some]
            yield some

    def _candles(self, world: World, at: float, faults: Faults, most: int) -> Iterator[Row]:
        hiding = faults.on(PATH, "missing")
        for symbol, series in list(self.series.items()):
            if any(_concerned(fault, symbol) for fault in hiding):
                continue
            for row in series.rows(world, at, most):
                if self.series.get(symbol) is not series:  # let go meanwhile
                    break
                yield row

    def messages(self, name: str, rows: list[Row]) -> Iterator[str]:
        """The rows as messages of one event type, none larger than a client takes."""
        fields, known = self.fields[name], FIELDS[name]
        # one index more keeps itemgetter at tuples where a single field was agreed on
        pick = itemgetter(*(known.index(field) for field in fields), 0)
        for start in range(0, len(rows), _ROWS):
            yield from self._packed(name, [pick(row)[:-1] for row in rows[start : start + _ROWS]])

    def _packed(self, name: str, rows: list[Row]) -> Iterator[str]:
        if self.compact:
            data: list[Any] = [name, [value for row in rows for value in row]]
        else:
            data = [{"eventType": name, **dict(zip(self.fields[name], row, strict=True))} for row in rows]
        text = json.dumps({"type": "FEED_DATA", "channel": self.number, "data": data}, separators=(",", ":"))
        if len(text) <= LARGEST or len(rows) == 1:
            yield text
        else:
            half = len(rows) // 2
            yield from self._packed(name, rows[:half])
            yield from self._packed(name, rows[half:])


def names_options(message: Json) -> bool:
    """Whether a message subscribes to contracts."""
    return any(str(entry["symbol"]).startswith(".") for entry in message.get("add", ()))


def _concerned(fault: Fault, symbol: str) -> bool:
    """Whether a fault strikes a symbol, candles also by what they are candles of."""
    return fault.concerns(symbol) or fault.concerns(symbol.partition("{")[0])


def _all_spoiled(new: dict[str, list[Row]], spoiling: list[Fault], faults: Faults) -> dict[str, list[Row]]:
    """The rows by event type, with what the faults make of them."""
    for fault in spoiling:
        for name, rows in new.items():
            new[name] = [_spoiled(name, row, fault, faults) for row in rows]
    return new


def _spoiled(name: str, row: Row, fault: Fault, faults: Faults) -> Row:
    """The row with NaN in the fault's field, as long as the fault lasts."""
    fields = FIELDS[name]
    if fault not in faults or fault.field not in fields or not _concerned(fault, row[0]):
        return row
    faults.spend(fault)
    place = fields.index(fault.field)
    return (*row[:place], UNKNOWN, *row[place + 1 :])
