"""A book put into an answer: rows of strategies, underlyings or positions, and what must be said of them; pure."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from ttai import cut
from ttai.quant.symbols import parse_occ
from ttai_portfolio.groups import Group, said
from ttai_portfolio.lines import Book, Line, total
from ttai_portfolio.models.positions import GroupBy, PositionRow, Positions, StrategyRow, UnderlyingRow

KEPT: dict[GroupBy, int] = {"strategy": 38, "underlying": 60, "none": 30}
MOST_ROWS = 120  # that can be asked for: more would flood whoever reads it
MOST_NAMED = 8  # in a note
MOST_REASONS = 3  # a note each
HELD = "pnl_day is of what is held now; what was closed today get_performance knows"
PERCENT_OF_MAX = "breakevens, pop and of_max_percent count from the opening prices; pop: lognormal at the legs' IV"


def answer(book: Book, groups: Sequence[Group], by: GroupBy, symbol: str | None, limit: int | None) -> Positions:
    """The whole answer about what is held."""
    made, table, row = _MAKERS[by](book, groups)
    kept, said_of_cut = cut(made, keep=limit or KEPT[by], ask=f"limit={min(len(made), MOST_ROWS)}", noun=table)
    sums = {name: total_of(book.lines, name) for name in ("value", "pnl_day", "pnl_open")}
    return Positions(
        **Positions.facts(book),
        group_by=by,
        symbol=symbol,
        positions=len(book.lines),
        **sums,
        theta=known_sum([line.greek("theta") for line in book.lines if line.is_option]),
        **{table: [row(one) for one in kept]},
        notes=[
            *([said_of_cut] if said_of_cut else []),
            *notes(book, symbol),
            *_of_groups(groups),
            *([HELD] if made else []),
        ],
    )


def notes(book: Book, symbol: str | None = None) -> list[str]:
    """What is to be said of the marks and the accounts of a book, or of what it holds of one underlying."""
    found = [f"{number} is not in it: {reason}" for number, reason in book.failed.items()]
    if not book.lines:
        found.append("nothing is held" if symbol is None else f"nothing of {symbol} is held")
    unmarked = [line for line in book.lines if line.mark is None]
    if unmarked:
        found.append(f"without a mark, and not in the sums: {named(unmarked)}")
    own = [line for line in book.lines if line.mark is not None and line.mark.whose == "broker"]
    if own:
        found.append(f"marked by the broker, not by the market: {named(own, reason=False)}")
    for name, what in (("pnl_open", "an opening price"), ("pnl_day", "a last close")):
        if lacking := [line for line in book.lines if line.mark is not None and getattr(line, name) is None]:
            found.append(f"without {what}, not in {name}: {named(lacking, reason=False)}")
    found += _without_greeks(book.lines)
    old = [line for line in book.lines if line.mark is not None and line.mark.stale]
    if old and len(old) == sum(line.mark is not None for line in book.lines):
        found.append("the exchange is closed, or does not answer: marks are the last there were")
    elif old:
        found.append(f"marks of another moment: {named(old, reason=False)}")
    return [*found, *book.notes]


def known_sum(values: Sequence[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return total(known) if known else None


def total_of(lines: Sequence[Line], name: str) -> float | None:
    """The sum of a figure over the lines that know it."""
    return known_sum([getattr(line, name) for line in lines])


def named(lines: Sequence[Line], *, reason: bool = True) -> str:
    """The symbols of some lines, each with why, at most a few."""
    words = [f"{line.position.symbol}{f' ({line.why})' if reason and line.why else ''}" for line in lines[:MOST_NAMED]]
    more = f" and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else ""
    return ", ".join(words) + more


def _without_greeks(lines: Sequence[Line]) -> list[str]:
    """The options whose greeks are not known, by the reason."""
    blind: dict[str, list[Line]] = {}
    for line in lines:
        if line.is_option and line.greek("delta") is None and line.mark is not None:
            said = line.contract.notes[:1] if line.contract is not None else ()
            blind.setdefault(line.why or "".join(said) or "unknown", []).append(line)
    if len(blind) > MOST_REASONS:
        several = [line for held in blind.values() for line in held]
        blind = {f"{len(blind)} reasons, the first: {next(iter(blind))}": several}
    return [f"greeks null: {named(held, reason=False)} ({why})" for why, held in blind.items()]


def _of_groups(groups: Sequence[Group]) -> list[str]:
    return [PERCENT_OF_MAX] if any(group.figures is not None for group in groups) else []


def _strategy(group: Group) -> StrategyRow:
    options = [parse_occ(part.line.position.symbol) for part in group.options]
    found = group.figures
    odds = found.lognormal if found is not None else None
    return StrategyRow(
        account=group.account,
        underlying=group.underlying,
        price=group.parts[0].line.spot,
        strategy=group.name,
        legs=said([*group.options, *(part for part in group.parts if not part.line.is_option)]),
        expiration=min((one.expiration for one in options), default=None),
        dte=group.dte,
        net_debit=group.sum("cost"),
        value=group.sum("value"),
        pnl_day=group.sum("pnl_day"),
        pnl_open=group.sum("pnl_open"),
        of_max_percent=group.percent_of_max,
        breakevens=None if found is None else [round(price, 2) for price in found.breakevens],
        pop=None if odds is None else odds.pop,
        distance_percent=group.distance_percent,
        delta=group.greek("delta"),
        theta=group.greek("theta") if options else None,
        state=", ".join(group.state) or None,
    )


def _heaps(book: Book) -> list[tuple[str, list[Line]]]:
    heaps: dict[str, list[Line]] = {}
    for line in book.lines:
        heaps.setdefault(line.position.underlying, []).append(line)
    return sorted(heaps.items())


def _underlying(heap: tuple[str, list[Line]]) -> UnderlyingRow:
    name, lines = heap
    days = [day for line in lines if (day := _expires(line)) is not None]
    greeks = {greek: total([line.greek(greek) for line in lines]) for greek in ("delta", "gamma", "theta", "vega")}
    return UnderlyingRow(
        underlying=name,
        price=next((line.spot for line in lines if line.spot is not None), None),
        positions=len(lines),
        value=total([line.value for line in lines]),
        pnl_day=total([line.pnl_day for line in lines]),
        pnl_open=total([line.pnl_open for line in lines]),
        **greeks,
        next_expiration=min(days, default=None),
    )


def _expires(line: Line) -> date | None:
    return parse_occ(line.position.symbol).expiration if line.is_option else None


def _line(line: Line) -> PositionRow:
    one, mark = line.position, line.mark
    cost, made = line.cost, line.pnl_open
    return PositionRow(
        account=one.account,
        symbol=one.symbol,
        underlying=one.underlying,
        type=one.instrument_type,
        quantity=float(one.quantity),
        average_open_price=one.average_open_price,
        mark=None if mark is None else mark.price,
        mark_of=None if mark is None else mark.whose,
        source=None if mark is None else mark.source,
        stale=None if mark is None else mark.stale,
        close_price=one.close_price,
        cost=cost,
        value=line.value,
        pnl_day=line.pnl_day,
        pnl_open=made,
        pnl_open_percent=made / abs(cost) * 100 if made is not None and cost else None,
        realized_day_gain=one.realized_day_gain,
        dte=line.dte,
        distance_percent=line.distance_percent,
        iv=None if line.contract is None else line.contract.iv,
        delta=line.greek("delta"),
        gamma=line.greek("gamma") if line.is_option else None,
        theta=line.greek("theta") if line.is_option else None,
        vega=line.greek("vega") if line.is_option else None,
        opened_at=one.opened_at,
    )


_MAKERS: dict[GroupBy, Callable[[Book, Sequence[Group]], tuple[Sequence[Any], str, Callable[[Any], BaseModel]]]] = {
    "strategy": lambda _, groups: (groups, "strategies", _strategy),
    "underlying": lambda book, _: (_heaps(book), "underlyings", _underlying),
    "none": lambda book, _: (book.lines, "lines", _line),
}
