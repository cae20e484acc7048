"""Quotes: what something costs now, whether the market is open, what a company's symbol is."""

from ttai import Host
from ttai_quotes.tools import QuoteTools


def register(host: Host) -> None:
    """Declare the tools and the resource of this plugin."""
    tools = QuoteTools(host)
    read = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": True}
    host.tool(tools.get_quote, annotations=read, tags={"market"})
    host.tool(tools.get_quotes, annotations=read, tags={"market"})
    host.tool(tools.search_symbols, annotations=read, tags={"market"})
    host.tool(tools.get_market_session, annotations=read, tags={"market"})
    host.resource("quote://{symbol*}", description="The quote of one symbol, as get_quote gives it.")(tools.get_quote)
