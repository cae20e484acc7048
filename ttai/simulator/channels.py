"""The channels of the stream: what a client subscribed to, and how it wants it told."""

import json
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Any

from ttai.simulator.candles import CandleSymbol, Series
from ttai.simulator.events import EVENTS, FIELDS, UNKNOWN, Row
from ttai.simulator.faults import Fault, Faults
from ttai.simulator.option_rows import EVENTS as OPTION_EVENTS
from ttai.simulator.options import Options
from ttai.simulator.world import World

PATH = "/dxlink"
LARGEST = 65_536  # bytes in a message, either way
_ROWS = 250  # events in a message: far below the largest, checked all the same
_CANDLES = 100  # candles made at a time: some are parts of days that must be drawn first

Json = dict[str, Any]


class Refused(Exception):
    """A message the feed does not understand; the text is for the client."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Channel:
    """One feed channel: what is subscribed, in which fields and format, and what was sent of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.compact = False
        self.period = 0.1
        self.fields = dict(FIELDS)
        self.sent: dict[tuple[str, str], Row | None] = {}
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
            self.series.clear()
        for entry in message.get("remove", ()):
            self.sent.pop((entry["type"], entry["symbol"]), None)
            if entry["type"] == "Candle" and (symbol := CandleSymbol.parse(entry["symbol"])) is not None:
                self.series.pop(str(symbol), None)
        added: set[str] = set()
        for entry in message.get("add", ()):
            added.update(self._add(entry))
        return added

    def _add(self, entry: Json) -> tuple[str, ...]:
        """Subscribe to one thing; the names by which a fault may know it."""
        name, symbol = str(entry["type"]), str(entry["symbol"])
        if name != "Candle":
            self.sent[name, symbol] = None
        elif (candles := CandleSymbol.parse(symbol)) is not None:
            self.series[str(candles)] = Series(candles, int(entry.get("fromTime", 0)))
            return symbol, str(candles), candles.underlying
        return (symbol,)

    def changes(self, world: World, options: Options, at: float, faults: Faults) -> dict[str, list[Row]]:
        """What is new since the last time, by event type, spoiled where a fault wants it."""
        hiding, spoiling = faults.on(PATH, "missing"), faults.on(PATH, "nan")
        new: dict[str, list[Row]] = {}
        for key, before in self.sent.items():
            name, symbol = key
            row = _option_row(options, name, symbol) if symbol.startswith(".") else _row(world, at, name, symbol)
            if row is None or row == before or any(fault.concerns(symbol) for fault in hiding):
                continue
            self.sent[key] = row
            new.setdefault(name, []).append(row)
        for fault in spoiling:
            for name, rows in new.items():
                new[name] = [_spoiled(name, row, fault, faults) for row in rows]
        return new

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


def _row(world: World, at: float, name: str, symbol: str) -> Row | None:
    """An instrument's event of a type; None where there is none."""
    snapshot = world.snapshot(symbol, at) if name in EVENTS else None
    return None if snapshot is None else EVENTS[name].row(snapshot)


def _option_row(options: Options, name: str, symbol: str) -> Row | None:
    contract = options.find(symbol) if name in OPTION_EVENTS else None
    return None if contract is None else OPTION_EVENTS[name](contract, options.quotes(contract.series))


def _concerned(fault: Fault, symbol: str) -> bool:
    """Whether a fault strikes a symbol, candles also by what they are candles of."""
    return fault.concerns(symbol) or fault.concerns(symbol.partition("{")[0])


def _spoiled(name: str, row: Row, fault: Fault, faults: Faults) -> Row:
    """The row with NaN in the fault's field, as long as the fault lasts."""
    fields = FIELDS[name]
    if fault not in faults or fault.field not in fields or not _concerned(fault, row[0]):
        return row
    faults.spend(fault)
    place = fields.index(fault.field)
    return (*row[:place], UNKNOWN, *row[place + 1 :])
