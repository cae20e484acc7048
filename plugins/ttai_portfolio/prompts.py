"""What an assistant is asked to do about the user's book, in steps that name the tools there are."""

from ttai import Host, understood
from ttai.quant.symbols import underlying

# Each step, and the tool that it takes: a step without its tool is left out.
BRIEFING_STEPS = (
    ("get_market_session", "get_market_session: is the market open, and until when."),
    ("get_quotes", "get_quotes SPY, QQQ, IWM, VIX: how the market stands."),
    ("get_positions", "get_positions: the strategies held, those that need a look first."),
    ("get_portfolio_risk", "get_portfolio_risk: beta-weighted delta, theta, buying power, what expires, assignments."),
    ("stress_test", "stress_test, days [0, 1]: the worst of the next day."),
    ("get_events", "get_events of the underlyings held, 10 days: earnings and dividends ahead."),
    ("get_orders", "get_orders, status live: what is working already."),
    ("list_alerts", "list_alerts: what was asked to be watched."),
)
BRIEFING = """Brief me before the market opens, or as it stands now.

Work through these tools first:
{steps}

Then answer in this order, short, every number with its tool's as_of, and say when it is stale or simulated:
1. The one thing to do today, or that there is none.
2. What needs a decision: positions tested or breached, at half of their profit or at 21 days, options that expire or \
may be assigned, each with one line why and what the choices are.
3. The book: net liq, P/L of the day, beta-weighted delta, theta a day, buying power used, the worst of the stress \
test and which positions make it.
4. What is ahead: earnings, dividends, expirations of this week.
What a tool says is null is unknown: say so, do not estimate it. Nothing is ordered: the user decides."""

REVIEW_STEPS = (
    ("get_positions", "get_positions, symbol {symbol}: the strategies, their P/L, breakevens, PoP and state."),
    ("get_quote", "get_quote {symbol}: the price now, and whether the market is open."),
    ("find_levels", "find_levels {symbol}: support and resistance around the strikes and breakevens."),
    ("get_volatility", "get_volatility {symbol}: is premium dear or cheap now, and what move is expected."),
    ("get_events", "get_events {symbol}, 60 days: earnings and dividends before the expirations."),
    ("find_rolls", "find_rolls, symbol {symbol}, where an option is sold: rolls beside closing and doing nothing."),
    ("get_transactions", "get_transactions, symbol {symbol}: what was done before."),
    ("run_full_analysis", "run_full_analysis {symbol}: the analysts' view, where the thesis is in doubt."),
)
REVIEW = """What should I do about my position in {symbol}?

Work through these tools first:
{steps}

Then answer in this order, short, every number with its tool's as_of, and say when it is stale or simulated:
1. Verdict: hold, close, roll or take the shares, and the one reason that decides.
2. Where it stands: each strategy with P/L in dollars and percent of its maximum, days left, breakevens and how far \
the price is from them, probability of profit.
3. The choices side by side: doing nothing, closing (cost), the best roll (credit or debit, new breakeven, new dates).
4. What would change the verdict: a price, a date, an event.
What a tool says is null is unknown: say so, do not estimate it. Nothing is ordered: the user decides."""


class Prompts:
    """The prompts of this plugin."""

    def __init__(self, host: Host) -> None:
        self._tools = host.tools

    async def morning_briefing(self) -> str:
        """Ask for the day ahead: what needs a decision, how the book stands, what is to come."""
        return BRIEFING.format(steps=await self._tools.steps(BRIEFING_STEPS))

    async def position_review(self, symbol: str) -> str:
        """Ask what to do about what is held of an underlying."""
        name = understood(lambda: underlying(symbol))
        steps = await self._tools.steps((tool, said.format(symbol=name)) for tool, said in REVIEW_STEPS)
        return REVIEW.format(symbol=name, steps=steps)
