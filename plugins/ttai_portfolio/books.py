"""Reads what accounts hold and what it is worth now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from ttai import Contracts, Host, Position, Quote, TtaiError, understood
from ttai.quant.symbols import parse_occ, underlying
from ttai_portfolio.gathering import of_each
from ttai_portfolio.lines import Book, Line, marked

PART = 100  # symbols the market is asked for at once


class Books:
    """The books of accounts, valued; raises what all of them failed with."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._market = host.market
        self._clock = host.clock

    async def read(self, account: str | None = None, symbol: str | None = None) -> Book:
        """What is held in an account (None: as TASTYTRADE_ACCOUNT says, else in all of them), of one underlying alone
        where a `symbol` is given; NotFound for an account that there is not."""
        name = None if symbol is None else understood(lambda: underlying(symbol))
        accounts = await self._broker.chosen(account)
        held = await of_each(accounts, self._broker.positions)
        positions = [one for each in held.answers.values() for one in each]
        notes = [f"{number}: {note}" for number, each in held.answers.items() for note in each.notes("positions")]
        if name is not None:
            positions = [one for one in positions if _is_of(one, name)]
        valued = await self.valued(positions, accounts.source)
        return replace(valued, accounts=accounts, failed=held.failures, notes=[*notes, *valued.notes])

    async def valued(self, positions: Sequence[Position], told_by: str = "rest") -> Book:
        """Positions at their marks now, whoever holds them; `told_by` is the source of the broker's own marks."""
        listed = [one.symbol for one in positions if one.kind == "option"]
        others = [one.underlying for one in positions if one.kind in ("equity", "option")]
        contracts, (quotes, missing), session = await asyncio.gather(
            self._market.contracts(listed), self._quotes(others), self._market.session()
        )
        quotes = {**contracts.underlyings, **quotes}
        closed = session.state != "open"
        today = self._clock.new_york().date()
        held = [_of_today(one, today) for one in positions if one.quantity]
        why = {**missing, **contracts.missing}
        lines = [_line(one, contracts, quotes, why, told_by, closed=closed) for one in held]
        seen = [line.mark.as_of for line in lines if line.mark is not None and line.mark.as_of is not None]
        as_of = max(seen, default=self._clock.now())
        return Book((), lines, session.label, as_of, quotes, {}, contracts.notes)

    async def _quotes(self, symbols: Sequence[str]) -> tuple[dict[str, Quote], dict[str, str]]:
        """The quotes of stocks that could be had, and why others could not."""
        names = list(dict.fromkeys(symbols))
        parts = [names[start : start + PART] for start in range(0, len(names), PART)]
        answers = await asyncio.gather(*map(self._market.quotes, parts), return_exceptions=True)
        found: dict[str, Quote] = {}
        missing: dict[str, str] = {}
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, TtaiError):
                missing |= dict.fromkeys(part, answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found |= {quote.symbol: quote for quote in answer.quotes}
                missing |= {one.symbol: one.reason for one in answer.missing}
        return found, missing


def _is_of(position: Position, name: str) -> bool:
    """Whether a position is what a symbol names: the underlying, itself, a root (DIS1), a future without its month."""
    root = parse_occ(position.symbol).root if position.kind == "option" else position.symbol
    month = name.startswith("/") and position.symbol.lstrip(".").startswith(name)
    return name in (position.underlying, position.symbol, root) or month


def _of_today(position: Position, today: date) -> Position:
    """Without what was realised on another day."""
    return position if position.realized_on in (None, today) else replace(position, realized_day_gain=None)


def _line(
    position: Position,
    contracts: Contracts,
    quotes: Mapping[str, Quote],
    missing: Mapping[str, str],
    told_by: str,
    *,
    closed: bool,
) -> Line:
    """One position with its mark, and what is known of it; `missing` says why of some the market told nothing."""
    contract = contracts.contracts.get(position.symbol)
    quote = contract.quote if contract is not None else quotes.get(position.symbol)
    mark = marked(quote, position, told_by, closed=closed)
    of = quotes.get(position.underlying)
    spot = (of.mark or of.last) if of is not None else None
    why = None if mark is not None and mark.whose == "market" else _why(position, missing)
    return Line(position, mark, contract, spot, why)


def _why(position: Position, missing: Mapping[str, str]) -> str:
    """Why the market has no mark for a position."""
    if position.kind in ("option", "equity"):
        return missing.get(position.symbol, "no two-sided market now")
    return f"{position.instrument_type.lower()} is not quoted here"
