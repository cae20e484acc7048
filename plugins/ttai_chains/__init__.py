"""Option chains an assistant can think with: expirations, strikes, volatility, the price of a single option."""

from ttai import Host
from ttai_chains.history import VolatilityHistory
from ttai_chains.prompts import Prompts
from ttai_chains.service import Chains
from ttai_chains.settings import ChainsSettings
from ttai_chains.tools.candidates import CandidateTools
from ttai_chains.tools.chain import ChainTools
from ttai_chains.tools.expirations import ExpirationTools
from ttai_chains.tools.payoff import PAGE, PayoffTools
from ttai_chains.tools.price import PriceTools
from ttai_chains.tools.rolls import RollTools
from ttai_chains.tools.strategy import StrategyTools
from ttai_chains.tools.strikes import StrikeTools
from ttai_chains.tools.volatility import VolatilityTools
from ttai_portfolio import Portfolio
from ttai_quotes import Quotes

__all__ = ["Chains", "register"]

READS = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": True}
COMPUTES = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}


def register(host: Host) -> None:
    """Declare the tools, the job, the table and the service of this plugin."""
    settings = host.settings(ChainsSettings)
    service = Chains(host)
    payoffs = PayoffTools(host, service)
    portfolio = host.require(Portfolio, optional=True)
    history = VolatilityHistory(host, service, settings.watch, host.require(Quotes, optional=True), portfolio)
    options = host.tool(annotations=READS, tags={"market", "options"})
    options(ExpirationTools(service).get_expirations)
    options(ChainTools(service).get_option_chain)
    options(StrikeTools(service).find_strikes)
    options(VolatilityTools(host, service, history).get_volatility)
    options(StrategyTools(host, service).analyze_strategy)
    options(CandidateTools(host, service, settings).find_strategies)
    options(RollTools(host, service, settings, portfolio).find_rolls)
    host.tool(payoffs.render_payoff, annotations=READS, tags={"market", "options"}, meta={"ui": {"resourceUri": PAGE}})
    host.tool(PriceTools(host).price_option, annotations=COMPUTES, tags={"options"})

    host.prompt(Prompts(host).analyze_for_csp, name="analyze-for-csp")
    html = "text/html;profile=mcp-app"
    host.resource(PAGE, mime_type=html, description="The page that draws what render_payoff found.")(payoffs.page)
    host.job("session", name="volatility_snapshot", at="close", plus=15, needs="market")(history.keep_watched)
    host.tables("ttai_chains.tables")
    host.provide(Chains, service)
