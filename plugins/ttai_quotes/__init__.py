"""Quotes and charts: what something costs, what its price did, what is known of it, and lists of symbols."""

from ttai import Host
from ttai_quotes.lists import LocalLists
from ttai_quotes.service import Quotes
from ttai_quotes.tools.chart import PAGE, ChartTools
from ttai_quotes.tools.events import EventTools
from ttai_quotes.tools.history import HistoryTools
from ttai_quotes.tools.metrics import MetricsTools
from ttai_quotes.tools.quotes import QuoteTools
from ttai_quotes.tools.watchlists import WatchlistTools

__all__ = ["Quotes", "register"]

READS = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": True}
EDITS = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}


def register(host: Host) -> None:
    """Declare the tools, the resources, the table and the service of this plugin."""
    lists = LocalLists(host)
    service = Quotes(host, lists)
    quotes, metrics, events = QuoteTools(host), MetricsTools(host), EventTools(host)
    history, charts, watchlists = HistoryTools(host, service), ChartTools(host, service), WatchlistTools(host, lists)
    market = host.tool(annotations=READS, tags={"market"})
    market(quotes.get_quote)
    market(quotes.get_quotes)
    market(quotes.search_symbols)
    market(quotes.get_market_session)
    market(metrics.get_market_metrics)
    market(events.get_events)
    market(watchlists.get_watchlists)
    host.tool(watchlists.edit_watchlist, annotations=EDITS, tags={"market"})
    chart = host.tool(annotations=READS, tags={"market", "chart"})
    chart(history.get_price_history)
    chart(history.get_indicators)
    chart(history.find_levels)
    host.tool(charts.render_chart, annotations=READS, tags={"market", "chart"}, meta={"ui": {"resourceUri": PAGE}})

    said = "The quote of one symbol, as get_quote gives it."
    host.resource("quote://{symbol*}", changes=host.market.changes, description=said)(quotes.get_quote)
    html = "text/html;profile=mcp-app"
    host.resource(PAGE, mime_type=html, description="The page that draws what render_chart found.")(charts.page)
    host.tables("ttai_quotes.tables")
    host.provide(Quotes, service)
