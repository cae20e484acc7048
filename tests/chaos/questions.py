"""What clients ask: a seeded mix of every tool that reads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.truth import FOLLOWERS, LEADERS

KNOWN = (*LEADERS, *FOLLOWERS)
OTHERS = ("IWM", "GLD", "TLT", "VIX", "AMD", "META", "F", "JPM", "XLF", "SMH", "HYG", "GOOGL", "NFLX", "DIS", "PFE")
UNKNOWN = ("NOSUCH", "ZZZZ", "QQQQX", "SPY261218C00680000")
NONSENSE = ("", "???", "A" * 80, "BTC/USD", "/ESZ6")
# Bars are kept in memory, six hundred series of them: a run that is to see what leaks asks for few, all of them early.
BARS = (*LEADERS[:4], "SPX", "F")
INTERVALS = ("1m", "30m", "1d", "1w")


@dataclass(frozen=True)
class Question:
    """A tool and its arguments; `default` where nothing but what must be given is given."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    default: bool = False

    @property
    def symbol(self) -> str:
        """The one it is about, as the server spells it; empty where it is about several, or more than symbols."""
        given = self.arguments.get("symbol", "") if not self.arguments.get("indicators") else ""
        return str(given).strip().upper().replace(".", "/")

    def __str__(self) -> str:
        return f"{self.tool}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"[:200]


def ask(dice: Random) -> Question:
    """The next question."""
    (make,) = dice.choices(list(_MIX), weights=list(_MIX.values()))
    return make(dice)


def one_of_each(symbol: str) -> list[Question]:
    """Every tool once, with the least that must be given."""
    of = {"symbol": symbol}
    several = {"symbols": [*KNOWN]}
    tools = ("get_market_session", "get_watchlists", "ping", "get_status", "list_jobs", "list_notifications")
    books = ("list_accounts", "get_balances", "get_positions", "get_portfolio_risk", "stress_test")
    return [
        *(Question(tool, of) for tool in ("get_quote", "get_price_history", "get_indicators", "find_levels")),
        Question("render_chart", of),
        *(Question(tool, several) for tool in ("get_quotes", "get_market_metrics", "get_events")),
        Question("search_symbols", {"query": symbol}),
        *(Question(tool) for tool in (*tools, *books)),
    ]


def all_bars() -> list[Question]:
    """Every series that is ever asked for."""
    return [
        Question("get_price_history", {"symbol": symbol, "interval": interval})
        for symbol in BARS
        for interval in INTERVALS
    ]


def _barred(dice: Random) -> str:
    return dice.choice(BARS) if dice.random() < 0.9 else dice.choice(UNKNOWN)


def _symbol(dice: Random) -> str:
    kinds = (KNOWN, OTHERS, UNKNOWN, NONSENSE)
    (kind,) = dice.choices(kinds, weights=(12, 5, 1, 0.5))
    symbol = dice.choice(kind)
    return dice.choice((symbol, symbol.lower(), symbol.replace("/", "."), f" {symbol} "))


def _symbols(dice: Random) -> list[str]:
    return [_symbol(dice) for _ in range(dice.choice((1, 2, 5, 12, 40)))]


def _quote(dice: Random) -> Question:
    return Question("get_quote", {"symbol": _symbol(dice)}, default=True)


def _quotes(dice: Random) -> Question:
    return Question("get_quotes", {"symbols": _symbols(dice)})


def _history(dice: Random) -> Question:
    if dice.random() < 0.3:
        return Question("get_price_history", {"symbol": _barred(dice)}, default=True)
    return Question("get_price_history", {
        "symbol": _barred(dice), "interval": dice.choice(INTERVALS), "limit": dice.choice((1, 5, 60, 300)),
        "sample": dice.random() < 0.2,
    })  # fmt: skip


def _indicators(dice: Random) -> Question:
    if dice.random() < 0.3:
        return Question("get_indicators", {"symbol": _barred(dice)}, default=True)
    names = dice.sample(("rsi:14", "macd", "sma:200", "obv", "bbands", "atr", "vwap", "hv:30", "nosuch:1"), 3)
    more = {"indicators": names, "series": dice.choice((0, 0, 20))}
    return Question("get_indicators", {"symbol": _barred(dice), "interval": dice.choice(INTERVALS), **more})


def _levels(dice: Random) -> Question:
    interval = dice.choice(("1d", "1d", "30m", "1m"))
    return Question("find_levels", {"symbol": _barred(dice), "interval": interval}, default=interval == "1d")


def _chart(dice: Random) -> Question:
    lookback = dice.choice((30, 120, 400))
    return Question("render_chart", {"symbol": _barred(dice), "lookback": lookback, "theme": "light"})


def _metrics(dice: Random) -> Question:
    return Question("get_market_metrics", {"symbols": _symbols(dice)})


def _events(dice: Random) -> Question:
    return Question("get_events", {"symbols": _symbols(dice)[:10], "days": dice.choice((7, 60, 365))})


def _lists(dice: Random) -> Question:
    name = dice.choice((None, None, "Tech", "no such list"))
    return Question("get_watchlists", {} if name is None else {"name": name}, default=name is None)


def _search(dice: Random) -> Question:
    return Question("search_symbols", {"query": dice.choice(("A", "SP", "Q", "ZZZ", "BRK", ""))}, default=True)


def _book(dice: Random) -> Question:
    tool = dice.choice(("get_positions", "get_positions", "get_balances", "get_portfolio_risk", "stress_test"))
    account = dice.choice((None, None, "Trading", "5WT00934", "no such account"))
    return Question(tool, {} if account is None else {"account": account}, default=account is None)


def _bare(*tools: str) -> Callable[[Random], Question]:
    return lambda dice: Question(dice.choice(tools), default=True)


_MIX: dict[Callable[[Random], Question], float] = {
    _quote: 8,
    _quotes: 6,
    _history: 5,
    _indicators: 3,
    _levels: 2,
    _chart: 0.7,
    _metrics: 2,
    _events: 1.5,
    _lists: 1.5,
    _search: 1,
    _book: 2,
    _bare("get_status", "get_market_session", "ping", "list_jobs", "list_notifications"): 3,
}
