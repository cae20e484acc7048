"""A watchlist of the wire as ours, and what to send to change one."""

from collections.abc import Iterable, Mapping
from typing import Any

from ttai.listing import Watchlist
from ttai.tastytrade.parse import instrument_type, symbol

Json = dict[str, Any]


def watchlist(item: Any, source: str) -> Watchlist | None:
    """One list; None where its name or its entries can't be read."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        return None
    entries = item.get("watchlist-entries")
    if not isinstance(entries, list | None):
        return None
    read = [symbol(entry) for entry in entries or []]
    return Watchlist(item["name"], [one for one in read if one], unreadable=read.count(None), source=source)


def created(name: str, symbols: Iterable[str]) -> Json:
    """A new list; ValueError for what is no symbol."""
    return {"name": name, "watchlist-entries": [_entry(one) for one in symbols]}


def changed(item: Json, add: Iterable[str], remove: Iterable[str]) -> Json:
    """The list with these symbols taken out and those appended that are not in it; all else stays as it was.

    `item` has its entries. What is sent replaces them all, so those nobody could read are in it too. ValueError for
    what is no symbol.
    """
    gone = set(remove)
    kept = [entry for entry in item["watchlist-entries"] if symbol(entry) not in gone]
    there = {symbol(entry) for entry in kept}
    fresh = [_entry(one) for one in dict.fromkeys(add) if one not in there]
    same: Json = {key: item[key] for key in ("name", "group-name", "order-index") if key in item}
    return same | {"watchlist-entries": kept + fresh}


def _entry(name: str) -> Json:
    return {"symbol": name, "instrument-type": instrument_type(name)}
