"""What the user holds: positions a trader recognises, balances, the risk of the whole book."""

from ttai import Host
from ttai_portfolio.changes import BookChanges
from ttai_portfolio.groups import Group
from ttai_portfolio.lines import Book, Line
from ttai_portfolio.prompts import Prompts
from ttai_portfolio.risk.reading import Readings
from ttai_portfolio.service import Portfolio
from ttai_portfolio.sync.job import PositionSync
from ttai_portfolio.tools.accounts import AccountTools
from ttai_portfolio.tools.export import ExportTools
from ttai_portfolio.tools.net_liq import NetLiqTools
from ttai_portfolio.tools.performance import PerformanceTools
from ttai_portfolio.tools.positions import PositionTools
from ttai_portfolio.tools.preview import PreviewTools
from ttai_portfolio.tools.records import RecordTools
from ttai_portfolio.tools.risk import RiskTools
from ttai_portfolio.tools.stress import StressTools

__all__ = ["Book", "Group", "Line", "Portfolio", "register"]

READS = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": True}
WRITES = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True}


def register(host: Host) -> None:
    """Declare the tools, the resources, the prompts, the job, the tables and the service of this plugin."""
    service = Portfolio(host)
    readings = Readings(host, service.books)
    accounts, positions, records = AccountTools(host), PositionTools(host, service), RecordTools(host)
    reads = host.tool(annotations=READS, tags={"account"})
    reads(accounts.list_accounts)
    reads(accounts.get_balances)
    reads(positions.get_positions)
    reads(RiskTools(host, readings).get_portfolio_risk)
    reads(StressTools(host, service, readings).stress_test)
    reads(records.get_transactions)
    reads(records.get_orders)
    reads(NetLiqTools(host).get_net_liq_history)
    reads(PerformanceTools(host).get_performance)
    reads(PreviewTools(host).preview_order)
    host.tool(ExportTools(host, service).export_portfolio, annotations=WRITES, tags={"account"})

    changes = BookChanges(host)
    said = "What is held in all accounts, line by line."
    host.resource("portfolio://positions", changes=changes, description=said)(positions.resource)
    said = "The balances of all accounts."
    host.resource("portfolio://balances", changes=changes, description=said)(accounts.resource)
    prompts = Prompts(host)
    host.prompt(prompts.morning_briefing, name="morning-briefing")
    host.prompt(prompts.position_review, name="position-review")
    sync = PositionSync(host)
    host.job("interval", name="position_sync", minutes=5, during="open", needs="broker")(sync.run)
    host.tables("ttai_portfolio.tables")
    host.provide(Portfolio, service)
