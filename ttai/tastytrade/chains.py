"""The nested option chain of the wire as expirations: what can't be read costs its strike, or its expiration."""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ttai.listing import Listing
from ttai.market.options import Expiration, ExpirationKind, Ticks
from ttai.tastytrade.parse import number

_KINDS: dict[str, ExpirationKind] = {"Regular": "monthly", "Quarterly": "quarterly", "End-Of-Month": "end_of_month"}
_Strike = tuple[float, str, str, str, str]  # and the OCC's and the feed's names of call and put
_STANDARD = 100  # shares a contract delivers unless it was adjusted


def expirations(items: list[Any], source: str) -> Listing[Expiration]:
    """Every root's expirations by date; `unreadable` counts the strikes, roots and expirations that are not."""
    read: list[Expiration] = []
    bad = 0
    for item in items:
        rows = item.get("expirations") if isinstance(item, Mapping) else None
        if not isinstance(rows, list) or not isinstance(item.get("root-symbol"), str):
            bad += 1
            continue
        deliverable = _deliverable(item)
        multiplier = int(number(item.get("shares-per-contract")) or _STANDARD)
        ticks = _ticks(item.get("tick-sizes"))
        for row in rows:
            one, lost = _expiration(row, item["root-symbol"].strip(), multiplier, deliverable, ticks)
            bad += lost
            read += [one] if one is not None else []
    return Listing(sorted(read, key=lambda one: one.key), unreadable=bad, source=source)


def _expiration(
    row: Any, root: str, multiplier: int, deliverable: str | None, ticks: Ticks | None
) -> tuple[Expiration | None, int]:
    """One expiration and how many of its strikes can't be read; itself counts as one where it can't."""
    import numpy as np

    strikes = row.get("strikes") if isinstance(row, Mapping) else None
    try:
        day = date.fromisoformat(str(row["expiration-date"]))
    except (KeyError, TypeError, ValueError):
        return None, 1
    if not isinstance(strikes, list):
        return None, 1
    read = sorted(_strikes(strikes))
    lost = len(strikes) - len(read)
    read = _each_once(read)
    if not read:
        return None, 1
    prices, calls, puts, call_streamers, put_streamers = zip(*read, strict=True)
    one = Expiration(
        root=root,
        date=day,
        settled="AM" if row.get("settlement-type") == "AM" else "PM",
        kind=_KINDS.get(str(row.get("expiration-type")), "weekly"),
        multiplier=multiplier,
        strikes=np.array(prices),
        symbols=(calls, puts),
        streamers=(call_streamers, put_streamers),
        deliverable=deliverable,
        ticks=ticks,
    )
    return one, lost


def _strikes(rows: list[Any]) -> Iterator[_Strike]:
    """Strike and the names of its contracts; one is missing from the wire as an empty text, a strike without any is
    none."""
    for row in rows:
        strike = number(row.get("strike-price")) if isinstance(row, Mapping) else None
        if strike is None or strike <= 0:
            continue
        names = [name if isinstance(name, str) else "" for name in map(row.get, _NAMES)]
        if names[0] or names[1]:
            yield strike, names[0], names[1], names[2], names[3]


def _each_once(rows: list[_Strike]) -> list[_Strike]:
    """Strikes in order, each once: two rows of one are put together, the call from the one that has it."""
    found: dict[float, _Strike] = {}
    for row in rows:
        strike, call, put, call_streamer, put_streamer = found.get(row[0], row)
        if not call:
            call, call_streamer = row[1], row[3]
        if not put:
            put, put_streamer = row[2], row[4]
        found[row[0]] = strike, call, put, call_streamer, put_streamer
    return list(found.values())


_NAMES = ("call", "put", "call-streamer-symbol", "put-streamer-symbol")


def _ticks(rows: Any) -> Ticks | None:
    """What prices are multiples of; None unless all of it can be read: a wrong tick is worse than none."""
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    steps = []
    for row in rows:
        size, end = number(row.get("value")), number(row.get("threshold"))
        if size is None or size <= 0 or (end is None and row.get("threshold") is not None):
            return None
        steps.append((math.inf if end is None else end, size))
    steps.sort()
    return Ticks(tuple(steps)) if [end for end, _ in steps].count(math.inf) == 1 else None


def _deliverable(item: Mapping[str, Any]) -> str | None:
    """What an adjusted contract delivers, in the broker's words; None for a standard one."""
    shares = number(item.get("shares-per-contract"))
    root = item["root-symbol"].strip()
    if item.get("option-chain-type") in (None, "Standard") and shares in (None, _STANDARD) and not root[-1:].isdigit():
        return None
    rows = item.get("deliverables")
    said = [str(row.get("description") or "").strip() for row in rows or () if isinstance(row, Mapping)]
    return " ".join("; ".join(filter(None, said)).split())[:200] or "not 100 shares of the underlying"
