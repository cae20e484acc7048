"""Quotes, the session and symbols: the market's words made answers."""

from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Host, cut
from ttai_quotes.models.quotes import MarketSession, Match, Matches, Missing, QuoteAnswer, QuoteTable
from ttai_quotes.tools.arguments import Symbol, several

MOST_MATCHES = 20
BY_SYMBOL = "symbols are found by their beginning, not by a company's name"


class QuoteTools:
    """What the market says, as answers."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def get_quote(self, symbol: Symbol) -> QuoteAnswer:
        """Quote one stock, ETF, index or option: last, bid, ask, the day's range, change, volume.
        Use it for a current price; use get_quotes for several at once."""
        return QuoteAnswer.of(await self._market.quote(symbol))

    async def get_quotes(
        self, symbols: Annotated[list[str], Field(description="Up to 100, such as SPY, BRK/B, SPX or OCC options")]
    ) -> QuoteTable:
        """Quote several symbols in one table, with the reason for each that could not be had.
        Use it instead of repeated get_quote calls."""
        answer = await self._market.quotes(several(symbols))
        holders: dict[str, list[str]] = {}
        for quote in answer.quotes:
            for note in quote.notes:
                holders.setdefault(note, []).append(quote.symbol)
        return QuoteTable(
            quotes=[QuoteAnswer.of(quote).model_copy(update={"notes": []}) for quote in answer.quotes],
            missing=[Missing(symbol=missing.symbol, reason=missing.reason) for missing in answer.missing],
            notes=[f"{', '.join(symbols)}: {note}" for note, symbols in holders.items()],
        )

    async def search_symbols(
        self, query: Annotated[str, Field(description="The beginning of a symbol, such as BRK")]
    ) -> Matches:
        """Find the symbols that begin like this, with what each one is.
        Use it when a quote was not found or a symbol is half known."""
        text = query.strip()
        if not text or len(text) > 50:
            raise BadArgument("query must be 1 to 50 characters", "Send the beginning of a symbol")
        found = await self._market.search(text)
        kept, note = cut(found, keep=MOST_MATCHES, ask="a longer query", noun="matches")
        return Matches(
            source=found.source,
            matches=[Match(symbol=match.symbol, description=match.description) for match in kept],
            notes=[*([note] if note else []), *found.notes("matches"), *([] if kept else [BY_SYMBOL])],
        )

    async def get_market_session(self) -> MarketSession:
        """Tell whether the US stock and options market trades now, why or why not, and when that changes.
        Use it before calling a price current or suggesting a trade for today."""
        session = await self._market.session()
        return MarketSession(
            session=session.state,
            tradable=session.state == "open",
            why=session.why,
            now=self._clock.now(),
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            next_open=session.next_open,
        )
