"""What a model must read stays small."""

from typing import Any

from fastmcp import Client
from pydantic_core import to_json

from ttai.answers import BUDGET
from ttai.testing import harness

TOOLS_LIST = 45 * 1024  # with all six plugins
DEFAULTS: dict[str, dict[str, Any]] = {
    "ping": {},
    "get_status": {},
    "get_quote": {"symbol": "SPY"},
    "get_quotes": {"symbols": ["SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "SPX", "VIX", "NOPE"]},
    "get_market_session": {},
    "list_jobs": {},
    "list_notifications": {},
    "search_symbols": {"query": "A"},
    "get_market_metrics": {
        "symbols": ["SPY,QQQ,IWM,GLD,TLT,AAPL,MSFT,NVDA,AMZN,META,TSLA,AMD,F,XOM,JPM,BRK/B,SPX,NDX,VIX"]
    },
    "get_events": {"symbols": ["SPY,QQQ,IWM,GLD,TLT,AAPL,MSFT,NVDA,AMZN,META,TSLA,AMD,F,XOM,JPM,BRK/B,SPX,NDX,VIX"]},
    "get_price_history": {"symbol": "SPY"},
    "get_indicators": {"symbol": "SPY"},
    "find_levels": {"symbol": "SPY"},
    "render_chart": {"symbol": "SPY"},
    "get_expirations": {"symbol": "SPX"},
    "get_option_chain": {"symbol": "SPX"},
    "find_strikes": {"symbol": "SPX"},
    "get_volatility": {"symbol": "SPX"},
    "find_strategies": {"symbol": "SPX", "strategy": "iron_condor"},
    "find_rolls": {
        "symbol": "SPX",
        "legs": [
            {"type": "put", "strike": 6400, "quantity": 1, "expiration": "2026-12-18 PM"},
            {"type": "put", "strike": 6500, "quantity": -1, "expiration": "2026-12-18 PM"},
            {"type": "call", "strike": 6900, "quantity": -1, "expiration": "2026-12-18 PM"},
            {"type": "call", "strike": 7000, "quantity": 1, "expiration": "2026-12-18 PM"},
        ],
    },
    "price_option": {"option_type": "put", "spot": 100, "strike": 95, "volatility": 0.3, "days": 45},
    "analyze_strategy": {
        "spot": 100,
        "days": 45,
        "legs": [
            {"type": "put", "strike": 90, "quantity": 1, "price": 1.1},
            {"type": "put", "strike": 95, "quantity": -1, "price": 2.05},
            {"type": "call", "strike": 105, "quantity": -1, "price": 1.95},
            {"type": "call", "strike": 110, "quantity": 1, "price": 0.9},
        ],
    },
    "render_payoff": {"symbol": "SPX", "strategy": "iron_condor"},
    "list_accounts": {},
    "get_balances": {},
    "get_positions": {},
    "get_portfolio_risk": {},
    "stress_test": {},
    "get_watchlists": {},
    "edit_watchlist": {"name": "Mine", "action": "create", "symbols": ["SPY"]},
    "get_transactions": {},
    "get_orders": {"status": "all"},
    "get_net_liq_history": {"range": "all"},
    "get_performance": {"by": "underlying"},
    "export_portfolio": {"what": "positions"},
    "preview_order": {"legs": [{"symbol": "WFC   261224P00077000", "quantity": 2}], "price": "1.20"},
}


async def test_the_list_of_tools_is_small() -> None:
    async with harness() as h, Client(h.app.mcp) as client:
        listed = await client.list_tools_mcp()
    size = len(to_json(listed.model_dump(by_alias=True, exclude_none=True, mode="json")))
    assert size < TOOLS_LIST
    assert size / len(listed.tools) < 1024  # a tool's share: 45 KB for some 60 tools leaves no more


async def test_every_default_answer_fits_its_budget() -> None:
    async with harness() as h:
        for number in range(200):
            await h.app.notifier.send("A price alert", f"TSLA is at {number}, " + "far above what was agreed. " * 4)
        needs_more = {"control_job", "get_task", "cancel_task"}
        assert {tool.name for tool in await h.client.list_tools()} == set(DEFAULTS) | needs_more
        for tool, arguments in DEFAULTS.items():
            reply = await h.call(tool, **arguments)
            assert len(reply.text.encode()) <= BUDGET, tool
            assert len(to_json(reply.data)) <= BUDGET, tool
