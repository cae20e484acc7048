"""Legs in a few words, days of New York, and sums that leave out what is not known; pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ttai.quant.calendar import NEW_YORK
from ttai.quant.symbols import Option, kind, parse_occ

Amounts = Sequence[tuple[str, Decimal]]  # symbols and how many, below 0 sold


def option_of(symbol: str) -> Option | None:
    """The option behind a symbol; None for anything else."""
    try:
        return parse_occ(symbol)
    except ValueError:
        return None


def local_day(at: datetime) -> date:
    """The day of a moment in New York."""
    try:
        return at.astimezone(NEW_YORK).date()
    except OverflowError:  # the first or the last day there is
        return at.date()


def first_expiration(symbols: Iterable[str]) -> date | None:
    """The first day on which one of them expires."""
    days = [option.expiration for symbol in symbols if (option := option_of(symbol)) is not None]
    return min(days, default=None)


def in_words(amounts: Amounts) -> str:
    """The legs as traders write them: "-1 190c, +1 200c", with dates where they differ."""
    options = {symbol: option_of(symbol) for symbol, _ in amounts}
    days = {option.expiration for option in options.values() if option is not None}
    form = "" if len(days) < 2 else " %b%d" if len({day.year for day in days}) == 1 else " %b%d'%y"
    return ", ".join(_leg(symbol, quantity, options[symbol], form) for symbol, quantity in amounts)


def as_name(said: Any) -> Any:
    """A choice as people and the broker write it: `Receive Deliver` is receive_deliver; what is no text stays."""
    return "_".join(said.lower().replace("-", " ").replace("_", " ").split()) if isinstance(said, str) else said


def money(value: Decimal) -> str:
    """`−$1,250.00`, to the cent."""
    return f"{'−' if value < 0 else ''}${abs(value):,.2f}"


def summed(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None where nothing is, or nothing but what is 0; 0 of no values at all."""
    each = list(values)
    known = [value for value in each if value is not None]
    return sum(known, Decimal(0)) if any(known) or len(known) == len(each) else None


def _leg(symbol: str, quantity: Decimal, option: Option | None, form: str) -> str:
    count = f"{quantity.normalize():+f}"
    if option is None:
        return f"{count} {'shares' if _is_stock(symbol) else symbol}"
    day = option.expiration.strftime(form) if form else ""
    return f"{count} {option.strike.normalize():f}{option.type.lower()}{day}"


def _is_stock(symbol: str) -> bool:
    try:
        return kind(symbol) == "equity"
    except ValueError:
        return False
