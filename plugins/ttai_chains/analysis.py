"""What is worked out of a chain's quotes: which expiration, which strikes, what move; pure."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

from ttai import Expiration, ExpirationQuotes
from ttai.quant.calendar import days_to_expiration

OptionType = Literal["call", "put"]
TYPES: tuple[OptionType, OptionType] = ("call", "put")
STRADDLE_SHARE = 0.85
STRADDLE = f"{STRADDLE_SHARE} × straddle at the strike nearest the price"
IV_ROOT = "price × ATM IV × √t"


@dataclass(frozen=True)
class Place:
    """One contract of an expiration: its row (0 calls, 1 puts) and its strike's column."""

    row: int
    column: int


def chosen(expirations: Sequence[Expiration], now: datetime, text: str | None, dte: int) -> Expiration:
    """The expiration a date names ("2026-12-18", "2026-12-18 AM", "2026-12-18 DIS1"), else that nearest so many days.

    Of two on a date the one that settles in the afternoon, unless the text says otherwise; adjusted contracts only by
    their root. ValueError names those near.
    """
    if text is None:
        standard = [one for one in expirations if not one.adjusted]
        if not standard:
            there = ", ".join(dict.fromkeys(f"'{one.date} {one.root}'" for one in expirations[:5]))
            raise ValueError(f"there are only adjusted contracts; ask expiration={there}")
        return min(standard, key=lambda one: (abs(days_to_expiration(one.date, now) - dte), one.settled == "AM"))
    day, which = _asked(text)
    on_it = [one for one in expirations if one.date == day]
    if not on_it:
        raise ValueError(_no_such(day, expirations, now))
    named = [one for one in on_it if which in ({one.root, one.settled} if not one.adjusted else {one.root})]
    standard = [one for one in on_it if not one.adjusted]
    found = named if which else standard or on_it
    if not found:
        there = ", ".join(f"{one.root} ({one.settled})" for one in on_it)
        raise ValueError(f"on {day} nothing is called {which!r}; there are {there}")
    return min(found, key=lambda one: one.settled == "AM")


def _asked(text: str) -> tuple[date, str]:
    day, _, which = text.strip().partition(" ")
    try:
        return date.fromisoformat(day), which.strip().upper()
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no expiration; one looks like 2026-12-18, or 2026-12-18 AM") from None


def _no_such(day: date, expirations: Sequence[Expiration], now: datetime) -> str:
    if days_to_expiration(day, now) < 0:
        return f"{day} is past"
    dates = sorted({one.date for one in expirations})
    near = sorted(dates, key=lambda other: abs((other - day).days))[:2]
    return f"nothing expires on {day}; the nearest do on {' and '.join(map(str, sorted(near)))}"


def around_the_money(quotes: ExpirationQuotes, each_side: int) -> tuple[int, int]:
    """The columns from `each_side` below the strike nearest the price to as many above: first, and after the last."""
    if not len(quotes.strikes):
        return 0, 0
    middle = int(abs(quotes.strikes - quotes.spot).argmin())
    return max(middle - each_side, 0), min(middle + each_side + 1, len(quotes.strikes))


def unknown_volatility(quotes: ExpirationQuotes, places: Iterable[Place]) -> dict[str, int]:
    """Why contracts have no volatility, and how many: it is that of their strike's out-of-the-money side."""
    reasons: dict[str, int] = {}
    for place in places:
        column = place.column
        if math.isfinite(quotes.iv[place.row, column]):
            continue
        side = quotes.out_of_the_money[column]
        option = TYPES[side]
        if math.isfinite(quotes.mid[side, column]):
            why = f"the mid of their strike's {option} violates arbitrage"
        elif quotes.bid[side, column] == 0:
            why = f"nothing is bid for their strike's {option}"
        else:
            why = f"their strike's {option} has no two-sided quote"
        reasons[why] = reasons.get(why, 0) + 1
    return reasons


def listed(quotes: ExpirationQuotes, rows: Iterable[int], columns: Iterable[int]) -> list[Place]:
    """The contracts there are among these: not every strike has both."""
    columns, symbols = list(columns), quotes.expiration.symbols
    return [Place(row, column) for row in rows for column in columns if symbols[row][column]]


def by_delta(quotes: ExpirationQuotes, low: float, high: float, rows: Iterable[int]) -> list[Place]:
    """The contracts whose delta is between two, without its sign; by type and strike."""
    sizes = abs(quotes.delta)
    return [
        Place(row, column) for row in rows for column in range(len(quotes.strikes)) if low <= sizes[row, column] <= high
    ]


def nearest_delta(
    quotes: ExpirationQuotes, row: int, delta: float, columns: Iterable[int] | None = None
) -> Place | None:
    """The contract of one type, of these columns or all, whose delta is nearest, without its sign; None unknown."""
    off = abs(abs(quotes.delta[row]) - delta)
    known = [
        one
        for one in listed(quotes, [row], range(len(off)) if columns is None else columns)
        if math.isfinite(off[one.column])
    ]
    return min(known, key=lambda one: off[one.column]) if known else None


def straddle_move(quotes: ExpirationQuotes) -> float | None:
    """Dollars: 0.85 of the straddle's mid."""
    return None if quotes.straddle is None else STRADDLE_SHARE * quotes.straddle


def iv_move(quotes: ExpirationQuotes) -> float | None:
    """Dollars: price × at-the-money volatility × √years, one standard deviation."""
    atm = quotes.smile.atm
    return None if atm is None else quotes.spot * atm * math.sqrt(quotes.years)


def forward_volatilities(term: Sequence[tuple[float, float | None]]) -> list[float | None]:
    """What is priced between each expiration and the one before it, from (years, volatility), in order.

    √((σ₂²T₂ − σ₁²T₁) / (T₂ − T₁)); the first is its own; None where one is unknown or the later one prices less;
    after what is settled nothing is before.
    """
    if not term:
        return []
    forwards = [term[0][1]]
    for (t1, iv1), (t2, iv2) in pairwise(term):
        if t1 <= 0:
            forwards.append(iv2)
            continue
        between = iv2 * iv2 * t2 - iv1 * iv1 * t1 if iv1 is not None and iv2 is not None else -1.0
        forwards.append(math.sqrt(between / (t2 - t1)) if between >= 0 and t2 > t1 else None)
    return forwards


def constant_maturity(term: Iterable[tuple[float, float | None]], days: float) -> float | None:
    """The volatility of so many days, total variance linear between the expirations beside; None outside them."""
    wanted = days / 365
    known = [(years, iv * iv * years) for years, iv in term if iv is not None and years > 0]
    for (t1, v1), (t2, v2) in pairwise(known):
        if t1 <= wanted <= t2 and t2 > t1:
            return math.sqrt((v1 + (v2 - v1) * (wanted - t1) / (t2 - t1)) / wanted)
    return None


def spread_out(quotes: ExpirationQuotes, most: int) -> Iterator[tuple[float, float]]:
    """Strikes and volatilities of the smile between the 2-delta put and the 2-delta call, `most` of them."""
    smile = quotes.smile
    low, high = smile.at_delta(-0.02), smile.at_delta(0.02)
    inside = [
        (float(strike), float(iv))
        for strike, iv in zip(smile.strikes, smile.iv, strict=True)
        if (low is None or strike >= low.strike) and (high is None or strike <= high.strike)
    ]
    step = max(1.0, (len(inside) - 1) / (most - 1))
    places = dict.fromkeys(round(n * step) for n in range(most) if round(n * step) < len(inside))
    return (inside[place] for place in places)
