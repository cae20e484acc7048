"""What an assistant is asked to do about an underlying, in steps that name the tools there are."""

from ttai import BadArgument, Host, understood
from ttai.quant.symbols import kind, normalize

# Each step, and the tool that it takes: a step without its tool is left out.
STEPS = (
    ("get_quote", "get_quote {symbol}: the price now, and whether the market is open."),
    ("get_market_metrics", "get_market_metrics {symbol}: IV rank and percentile, IV against realised, liquidity."),
    ("get_events", "get_events {symbol}, 60 days: earnings and ex-dividend dates before a likely expiration."),
    ("get_volatility", "get_volatility {symbol}: is a premium paid for downside (skew), and what move is expected."),
    ("find_levels", "find_levels {symbol}: which support a strike could lie below."),
    ("find_strategies", "find_strategies {symbol}, strategy csp, dte [25, 50]: candidates at a fill that can be had."),
    ("analyze_strategy", "analyze_strategy of the best, with that answer's snapshot: odds, margin, a fall of 20 %."),
    ("get_positions", "get_positions: what of {symbol} is held already, and how much it would add up to."),
    ("get_balances", "get_balances: whether strike × 100 a contract is there in cash."),
    ("run_full_analysis", "run_full_analysis {symbol}: the analysts' view, where the trade looks worth it."),
)  # fmt: skip
ASKED = """Is selling a cash-secured put on {symbol} worth it now?

{steps}

Then answer in this order, short, every number with its tool's as_of and source:
1. Verdict: sell, wait or leave it, and the one reason that decides.
2. The put: expiration, strike, delta, credit at the fill and at the natural price, breakeven and how far below the \
price, return on the cash and annualised, probability of profit (lognormal and with the skew).
3. What can go wrong: events before expiration, the loss at −10 % and −20 %, assignment, liquidity.
4. The plan: close at half of the profit, what to do at 21 days, when to roll, when to take the shares.
What a tool says is null is unknown: say so, do not estimate it. Nothing is ordered: the user decides."""


class Prompts:
    """The prompts of this plugin."""

    def __init__(self, host: Host) -> None:
        self._tools = host.tools

    async def analyze_for_csp(self, symbol: str) -> str:
        """Ask whether a cash-secured put on a stock is worth selling, step by step."""
        name = understood(lambda: normalize(symbol))
        if kind(name) != "equity":
            raise BadArgument(f"{name} has no shares to be assigned", "Ask about a stock or an ETF")
        steps = await self._tools.steps((tool, said.format(symbol=name)) for tool, said in STEPS)
        return ASKED.format(symbol=name, steps=f"Work through these tools first:\n{steps}")
