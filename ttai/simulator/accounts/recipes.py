"""What the simulated customer trades: the books as they stand, and the habits of a year, by strategy."""

from typing import Literal, NamedTuple

Kind = Literal["call", "put", "stock"]
Exit = Literal["managed", "rolled", "expired"]


class Leg(NamedTuple):
    """One leg: how far from the money, in deviations until it expires, or so many dollars from the leg before."""

    kind: Kind
    quantity: float
    away: float = 0.0
    step: float | None = None
    days: int | None = None  # to its expiration, where it isn't the recipe's


class Recipe(NamedTuple):
    """A position that stands: chosen among what is listed today, opened so many sessions ago."""

    name: str
    symbol: str
    days: int  # to its expiration
    opened: int
    legs: tuple[Leg, ...]
    now: bool = False  # strikes around today's price, not the opening's
    target: bool = False  # an order to take half of the credit as profit stands
    dividend: bool = False  # expires next after the next ex-date, where that is near
    trimmed: bool = False  # one lot was closed today


class Habit(NamedTuple):
    """A trade that was made again and again: closed at half the credit or at 21 days, rolled then, or left alone."""

    name: str
    symbol: str
    days: int
    legs: tuple[Leg, ...]
    exit: Exit = "managed"
    pause: int = 3  # sessions between an end and the next beginning


def _stock(name: str, symbol: str, quantity: float, opened: int) -> Recipe:
    return Recipe(name, symbol, 0, opened, (Leg("stock", quantity),))


def _condor(lots: int, away: float, width: float) -> tuple[Leg, ...]:
    return (
        Leg("put", -lots, -away),
        Leg("put", lots, step=-width),
        Leg("call", -lots, away),
        Leg("call", lots, step=width),
    )


def _strangle(lots: int, put: float, call: float) -> tuple[Leg, ...]:
    return Leg("put", -lots, -put), Leg("call", -lots, call)


def _spread(kind: Kind, lots: int, away: float, step: float) -> tuple[Leg, ...]:
    """Sold at a distance, bought a step on; bought and sold where `lots` is below 0."""
    return Leg(kind, -lots, away), Leg(kind, lots, step=step)


BOOKS: dict[str, tuple[Recipe, ...]] = {
    "5WT00718": (
        Recipe("iron condor", "SPX", 35, 8, _condor(1, 1.1, 50), target=True),
        Recipe("short strangle, its put tested", "TSLA", 38, 12, _strangle(1, 0.1, 1.5), now=True),
        _stock("shares", "AAPL", 200, 170),
        Recipe(
            "covered calls in the money before a dividend",
            "AAPL",
            24,
            14,
            (Leg("call", -2, -1.7),),
            now=True,
            dividend=True,
        ),
        Recipe("call calendar", "NVDA", 28, 6, (Leg("call", -3, 0.0), Leg("call", 3, 0.0, days=63)), now=True),
        Recipe("put credit spread at 21 days", "QQQ", 21, 17, _spread("put", 3, -0.9, -10), target=True),
        Recipe("jade lizard", "AMZN", 33, 9, (Leg("put", -1, -0.9), Leg("call", -1, 0.9), Leg("call", 1, step=2.5))),
        Recipe(
            "broken-wing butterfly",
            "META",
            30,
            5,
            (Leg("put", 1, -0.4), Leg("put", -2, step=-15), Leg("put", 1, step=-35)),
        ),
        _stock("short stock", "IWM", -100, 11),
        Recipe("short put at the money, about to expire", "QQQ", 0, 3, (Leg("put", -1, 0.0),), now=True),
        Recipe("short put deep in the money", "MSFT", 45, 24, (Leg("put", -1, 1.9),), now=True),
        Recipe("iron butterfly", "GLD", 42, 4, _condor(2, 0.0, 15), target=True),
        Recipe("call credit spread", "PLTR", 27, 7, _spread("call", 4, 0.8, 10), target=True, trimmed=True),
        Recipe("strangle over its report", "NFLX", 40, 6, (Leg("put", 1, -0.6), Leg("call", 1, 0.6))),
        Recipe("ratio", "JPM", 48, 10, (Leg("call", 1, 0.2), Leg("call", -2, 1.1))),
        Recipe("long calls", "XLK", 90, 20, (Leg("call", 2, 0.3),)),
        Recipe("short put opened today", "SMH", 44, 0, (Leg("put", -1, -1.0),)),
    ),
    "5WT00934": (
        Recipe("cash-secured puts", "KO", 31, 13, (Leg("put", -3, -0.6),), target=True),
        _stock("shares", "CVX", 200, 140),
        Recipe("covered calls", "CVX", 34, 10, (Leg("call", -2, 0.8),)),
        _stock("fractional shares", "SPY", 37.4182, 200),
        _stock("fractional shares", "COST", 3.25, 95),
        _stock("shares", "GLD", 60, 180),
        _stock("shares", "JNJ", 75, 120),
        _stock("shares", "BRK/B", 30, 210),
        _stock("shares", "TLT", 150, 75),
        Recipe("put credit spread", "XLF", 44, 6, _spread("put", 5, -0.7, -2), target=True),
        Recipe("cash-secured puts", "PFE", 24, 16, (Leg("put", -4, -0.4),)),
    ),
    "5WT01122": (
        Recipe("wheel: the call against assigned shares", "INTC", 26, 7, (Leg("call", -2, 0.7),)),
        Recipe("wheel: the put", "XLE", 29, 9, (Leg("put", -2, -0.7),), target=True),
        Recipe("call debit spread", "UBER", 52, 15, _spread("call", -3, -0.1, 5)),
        Recipe("poor man's covered call", "GOOGL", 30, 8, (Leg("call", 1, -1.1, days=365), Leg("call", -1, 0.9))),
        _stock("collared shares", "WMT", 300, 60),
        Recipe("collar", "WMT", 55, 12, (Leg("put", 3, -0.9), Leg("call", -3, 1.0))),
        Recipe("adjusted calls", "DIS1", 80, 35, (Leg("call", 2, 0.2),)),
        Recipe("short puts", "WFC", 36, 5, (Leg("put", -2, -0.8),), target=True),
        _stock("micro futures", "/MES", 2, 9),
        _stock("bitcoin", "BTC/USD", 0.3517, 88),
        _stock("treasury bill", "BILL", 25_000, 66),
    ),
}

HABITS: dict[str, tuple[Habit, ...]] = {
    "5WT00718": (
        Habit("iron condor", "SPX", 45, _condor(1, 1.1, 50)),
        Habit("put credit spread", "QQQ", 45, _spread("put", 2, -0.9, -10)),
        Habit("iron condor", "IWM", 45, _condor(3, 1.0, 5)),
        Habit("short strangle", "TSLA", 45, _strangle(1, 1.1, 1.2)),
        Habit("put credit spread", "NVDA", 38, _spread("put", 3, -0.8, -10)),
        Habit("short strangle", "AMZN", 45, _strangle(1, 1.1, 1.1), pause=6),
        Habit("short strangle", "GLD", 45, _strangle(1, 1.0, 1.0), "rolled"),
        Habit("short strangle", "TLT", 45, _strangle(4, 0.9, 0.9), "rolled", 8),
        Habit("iron condor", "META", 40, _condor(1, 1.0, 10), pause=9),
        Habit("put credit spread", "SPX", 7, _spread("put", 1, -1.0, -25), "expired", 4),
        Habit("short put", "XLE", 30, (Leg("put", -2, -0.7),), "expired", 5),
    ),
    "5WT00934": (
        Habit("cash-secured put", "PFE", 30, (Leg("put", -3, -0.6),), "expired", 6),
        Habit("put credit spread", "XLF", 45, _spread("put", 5, -0.7, -2), pause=5),
        Habit("cash-secured put", "WFC", 35, (Leg("put", -1, -0.8),), pause=10),
    ),
    "5WT01122": (
        Habit("short put", "KO", 30, (Leg("put", -2, -0.5),), "expired", 4),
        Habit("short put", "WFC", 35, (Leg("put", -2, -0.7),), "rolled", 4),
        Habit("short put", "C", 40, (Leg("put", -2, -0.8),), pause=7),
    ),
}

ASSIGNED, CALLED_AWAY = "INTC", "XOM"
"""Whose puts ended in the money, and whose call was assigned early."""

DEPOSITS: dict[str, tuple[tuple[int, int], ...]] = {
    "5WT00718": ((133, 15_000), (37, 10_000)),
    "5WT00934": ((190, 7_000), (40, 7_000)),
    "5WT01122": ((118, -6_000), (52, 12_500)),
}
"""Dollars that came (below 0: went), so many sessions ago."""

RESERVES = {"5WT00718": 30_000, "5WT00934": 13_000, "5WT01122": 34_000}
"""Dollars that an account was opened with beside what its book came to cost: prices drift with the years."""
