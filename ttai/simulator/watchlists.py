"""The lists of symbols that the simulated broker publishes, and those its customer keeps there."""

from typing import Any

from ttai.simulator.accounts import Json

GROUP = "default"
LAST = 9999  # the order index of a list that was given none


def _made(name: str, symbols: str, *, group: str, order: int) -> Json:
    return {
        "name": name,
        "group-name": group,
        "order-index": order,
        "watchlist-entries": [_entry(symbol) for symbol in symbols.split()],
    }


def _entry(symbol: str) -> Json:
    return {"symbol": symbol, "instrument-type": "Index" if symbol in {"SPX", "NDX", "RUT", "VIX"} else "Equity"}


PUBLIC = (
    _made("Broad Market ETFs", "SPY QQQ IWM", group="Markets", order=1),
    _made("Cash-Settled Indices", "SPX NDX RUT VIX", group="Markets", order=2),
    _made("Gold and Bonds", "GLD TLT", group="Markets", order=3),
    _made("High Options Volume", "SPY QQQ NVDA TSLA AAPL AMD AMZN IWM META MSFT", group="Liquidity", order=1),
    _made("Quarterly Dividends", "AAPL MSFT XOM JPM F META", group="Income", order=1),
)


class Watchlists:
    """The customer's own lists, which can be changed, beside the public ones."""

    def __init__(self) -> None:
        own = (
            _made("Core Holdings", "SPY QQQ AAPL MSFT BRK/B", group=GROUP, order=1),
            _made("Earnings / Swing", "NVDA AMD META TSLA", group="Trades", order=2),
        )
        self._private = {one["name"]: one for one in own}

    def all(self, *, public: bool) -> list[Json]:
        """Every list, in order."""
        return list(PUBLIC if public else self._private.values())

    def get(self, name: str, *, public: bool) -> Json | None:
        """One list."""
        return next((one for one in self.all(public=public) if one["name"] == name), None)

    def create(self, body: Any) -> Json:
        """A new list; ValueError where the name is taken or the body is none."""
        made = _read(body)
        if made["name"] in self._private:
            raise ValueError(f"A watchlist named {made['name']} exists already.")
        self._private[made["name"]] = made
        return made

    def replace(self, name: str, body: Any) -> Json | None:
        """The list as the body has it, all of it: what the body leaves out is gone. None where there is none."""
        if name not in self._private:
            return None
        made = _read(body)
        self._private = {made["name"] if key == name else key: one for key, one in self._private.items()}
        self._private[made["name"]] = made
        return made

    def delete(self, name: str) -> Json | None:
        """Forget a list; what it was."""
        return self._private.pop(name, None)


def _read(body: Any) -> Json:
    """A list as a client sent it, with what is optional filled in."""
    name = body.get("name") if isinstance(body, dict) else None
    entries = body.get("watchlist-entries") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name.strip() or not isinstance(entries, list):
        raise ValueError("A watchlist needs a name and watchlist-entries.")
    if not all(isinstance(one, dict) and isinstance(one.get("symbol"), str) for one in entries):
        raise ValueError("Every entry of a watchlist needs a symbol.")
    return {"group-name": GROUP, "order-index": LAST, **body}
