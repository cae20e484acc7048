"""The baseline: a bare FastMCP server with the same tools, whose bodies do nothing."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastmcp import FastMCP
from pydantic import BaseModel, Field

mcp = FastMCP("bare", version="1")


class Plain(BaseModel):
    notes: list[str] = []


class Quote(Plain):
    as_of: datetime | None = None
    source: str | None = None
    session: str | None = None
    stale: bool | None = None
    symbol: str
    last: float | None
    bid: float | None
    ask: float | None
    mid: float | None
    mark: float | None
    open: float | None
    high: float | None
    low: float | None
    prev_close: float | None
    volume: float | None
    change: float | None
    change_percent: float | None


class Missing(Plain):
    symbol: str
    reason: str


class Quotes(Plain):
    quotes: list[Quote]
    missing: list[Missing]


class Match(Plain):
    symbol: str
    description: str


class Matches(Plain):
    matches: list[Match]


class Session(Plain):
    session: str
    tradable: bool
    why: str
    now: datetime


class Pong(Plain):
    reply: str
    version: str
    now: datetime


class Status(Plain):
    version: str
    mode: str
    now: datetime
    problems: list[str]


class Job(Plain):
    name: str
    job_plugin: str
    schedule: str
    state: str
    next_run: datetime | None
    last_run: datetime | None
    last_outcome: str | None
    failures_in_a_row: int
    why: str | None


class Jobs(Plain):
    here: bool
    jobs: list[Job]


class Done(Plain):
    said: str


class Notification(Plain):
    at: datetime
    notification_type: str
    title: str
    body: str
    delivered: bool


class Notifications(Plain):
    notifications: list[Notification]


class Task(Plain):
    id: str
    name: str
    state: str
    progress: float | None
    message: str | None
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    result: dict[str, Any] | None


READ = {"readOnlyHint": True, "idempotentHint": True}
NOW = datetime(2026, 11, 20, 15, 31, tzinfo=UTC)
QUOTE = Quote(
    as_of=NOW, source="bare", session="open", stale=False, symbol="SPY", last=672.75, bid=672.74, ask=672.76,
    mid=672.75, mark=672.75, open=672, high=674.62, low=671.99, prev_close=672, volume=9806849, change=0.75,
    change_percent=0.11,
)  # fmt: skip


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def ping() -> Pong:
    """Answer at once, with the server's version and time. Use it to see whether the server is there."""
    return Pong(reply="pong", version="1", now=NOW)


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def get_status() -> Status:
    """Tell how the server is: login, stream, session, plugins, problems and their cures.
    Use it when another tool fails or data looks old."""
    return Status(version="1", mode="bare", now=NOW, problems=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_quote(symbol: Annotated[str, Field(description="Such as SPY or BRK/B")]) -> Quote:
    """Quote one stock, ETF, index or option: last, bid, ask, the day's range, change, volume.
    Use it for a current price; use get_quotes for several at once."""
    return QUOTE.model_copy(update={"symbol": symbol})


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_quotes(symbols: Annotated[list[str], Field(description="Up to 100 symbols")]) -> Quotes:
    """Quote several symbols in one table, with the reason for each that could not be had.
    Use it instead of repeated get_quote calls."""
    return Quotes(quotes=[QUOTE.model_copy(update={"symbol": symbol}) for symbol in symbols], missing=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def search_symbols(query: Annotated[str, Field(description="The beginning of a symbol")]) -> Matches:
    """Find the symbols that begin like this, with what each one is.
    Use it when a quote was not found or a symbol is half known."""
    return Matches(matches=[Match(symbol=query, description="")])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_market_session() -> Session:
    """Tell whether the US stock and options market trades now, why or why not, and when that changes.
    Use it before calling a price current or suggesting a trade for today."""
    return Session(session="open", tradable=True, why="bare", now=NOW)


class Bar(BaseModel):
    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


class Summary(BaseModel):
    bars: int
    first: float | None
    last: float | None
    high: float | None
    low: float | None
    change_percent: float | None
    realised_volatility: float | None


class Studied(Plain):
    as_of: datetime | None = None
    source: str | None = None
    session: str | None = None
    stale: bool | None = None
    symbol: str
    interval: str


class History(Studied):
    bars: list[Bar]
    summary: Summary | None = None


class Value(BaseModel):
    indicator: str
    value: float | None
    previous: float | None
    reading: str | None


class Values(Studied):
    indicators: list[Value]


class Zone(BaseModel):
    side: str
    price: float
    strength: int
    touches: int
    kinds: str


class Zones(Studied):
    supports: list[Zone]
    resistances: list[Zone]


class Metrics(BaseModel):
    symbol: str
    iv_index: float | None
    iv_rank: float | None
    iv_percentile: float | None
    hv_30: float | None
    beta: float | None


class AllMetrics(Plain):
    metrics: list[Metrics]
    missing: list[Missing]


class Event(BaseModel):
    date: datetime
    symbol: str | None
    kind: str
    detail: str | None


class Events(Plain):
    events: list[Event]
    missing: list[Missing]


class Lists(Plain):
    watchlists: list[str]


Symbol = Annotated[str, Field(description="Such as SPY, BRK/B, SPX or an OCC option symbol")]
Symbols = Annotated[list[str], Field(description="Up to 100 stocks, ETFs or indices, such as SPY, BRK/B, SPX")]
Interval = Annotated[str, Field(description="1m 5m 15m 30m 1h 1d 1w")]
When = Annotated[str | None, Field(description="2026-01-31 or 2026-01-31T09:30, New York")]
Extended = Annotated[bool, Field(description="With pre-market and after hours")]


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_price_history(
    symbol: Symbol, interval: Interval = "1d", start: When = None, end: When = None,
    limit: Annotated[int, Field(ge=1, le=300, description="Rows")] = 60,
    sample: Annotated[bool, Field(description="Rows spread evenly over the range, not the newest")] = False,
    extended: Extended = False,
) -> History:  # fmt: skip
    """Price bars of a symbol, and the whole range summed up: change, high, low, realised volatility, ATR, volume.
    Use it for what a price did; get_indicators and find_levels say what to make of it."""
    return History(symbol=symbol, interval=interval, bars=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_indicators(
    symbol: Symbol, interval: Interval = "1d",
    indicators: Annotated[list[str] | None, Field(description='Such as "rsi:14"; a default set without')] = None,
    series: Annotated[int, Field(ge=0, le=100, description="Newest values of each line")] = 0,
    extended: Extended = False,
) -> Values:  # fmt: skip
    """Technical indicators of a symbol, latest and previous value, each with a plain reading.
    Use it for momentum, trend and volatility; an unknown name is answered with all there are."""
    return Values(symbol=symbol, interval=interval, indicators=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def find_levels(
    symbol: Symbol, interval: Interval = "1d",
    lookback: Annotated[int, Field(ge=1, le=5000, description="Bars looked at")] = 180, extended: Extended = False,
) -> Zones:  # fmt: skip
    """Support and resistance zones with touches and evidence, swings, trend, distance from the mean.
    Use it to place strikes and stops, or to say where a move may end."""
    return Zones(symbol=symbol, interval=interval, supports=[], resistances=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def render_chart(
    symbol: Symbol, interval: Interval = "1d", lookback: Annotated[int, Field(ge=2, le=400, description="Bars")] = 120,
    overlays: Annotated[list[str], Field(description="Price overlays")] = ["sma:20"],  # noqa: B006
    theme: Literal["dark", "light"] = "dark",
) -> History:  # fmt: skip
    """Draw a candlestick chart with moving averages, levels and volume; two lines of text say what it shows.
    Use it when the user wants to see a chart; get_indicators and find_levels have the numbers."""
    return History(symbol=symbol, interval=interval, bars=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_market_metrics(symbols: Symbols) -> AllMetrics:
    """Compare underlyings in one table: IV index, rank and percentile, IV and HV, beta, liquidity, earnings date.
    Use it to see whether options are dear or cheap before choosing a strategy."""
    return AllMetrics(metrics=[], missing=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_events(
    symbols: Symbols, days: Annotated[int, Field(ge=1, le=365, description="How far to look")] = 60
) -> Events:
    """List what is coming by date: earnings with the expected move, ex-dividends, expirations, market holidays.
    Use it before holding a position over a date."""
    return Events(events=[], missing=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def get_watchlists(
    name: Annotated[str | None, Field(description="One list, for its symbols")] = None,
    skip: Annotated[int, Field(ge=0, description="Symbols to leave out at the beginning")] = 0,
) -> Lists:
    """List the user's watchlists and TastyTrade's public ones, or the symbols on the one of that name.
    Use it to find which symbols to look at."""
    return Lists(watchlists=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"market"})
async def edit_watchlist(
    name: Annotated[str, Field(min_length=1, max_length=60)], action: Literal["create", "add", "remove", "delete"],
    symbols: Annotated[list[str] | None, Field(description="Which to add or remove")] = None,
) -> Lists:  # fmt: skip
    """Create a watchlist, add symbols to it, remove symbols from it, or delete it whole.
    It changes the user's list at TastyTrade, or, without a login, one kept on this computer."""
    return Lists(watchlists=[])


class Contract(BaseModel):
    type: str
    strike: float
    bid: float | None
    ask: float | None
    iv: float | None
    delta: float | None


class Contracts(Plain):
    symbol: str
    snapshot: str
    contracts: list[Contract]


class Dates(Plain):
    symbol: str
    snapshot: str
    expirations: list[Event]


class Smile(Plain):
    symbol: str
    reading: str
    iv_30: float | None
    iv_rank: float | None
    term: list[Event]


class Priced(Plain):
    price: float | None
    volatility: float | None
    delta: float | None
    reason: str | None


Underlying = Annotated[str | None, Field(description="Such as SPY, BRK/B, SPX; not needed with snapshot")]
On = Annotated[str | None, Field(description="2026-12-18; also 2026-12-18 AM, or with the root")]
Days = Annotated[int, Field(ge=0, le=1200, description="Calendar days; the nearest expiration is taken")]
Snapshot = Annotated[str | None, Field(description="Of an earlier answer: the same quotes, nothing fetched twice")]
Side = Literal["call", "put"]
Delta = Annotated[float | None, Field(ge=0, le=1, description="Without its sign: 0.16 for a put of −0.16")]
Positive = Annotated[float, Field(gt=0, lt=1e9)]
Rate = Annotated[float, Field(ge=-0.5, le=1, description="A continuous fraction a year: 0.04 is 4 %")]


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def get_expirations(
    symbol: Underlying = None, limit: Annotated[int, Field(ge=1, le=60, description="Rows, the nearest first")] = 40,
    snapshot: Snapshot = None,
) -> Dates:  # fmt: skip
    """List the option expirations of an underlying: days left, weekly or monthly, ATM IV and expected move of each.
    Use it to choose an expiration, or to tell what move the market expects by a date."""
    return Dates(symbol=symbol or "", snapshot="", expirations=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def get_option_chain(
    symbol: Underlying = None, expiration: On = None, dte: Days | None = None,
    strikes: Annotated[int, Field(ge=0, le=60, description="Strikes each side of the money")] = 10,
    option_type: Side | None = None, min_delta: Delta = None, max_delta: Delta = None,
    columns: Annotated[list[str] | None, Field(description="Some of the columns; all without")] = None,
    snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Option contracts of one expiration (else the one nearest 45 days), around the money or in a range of deltas.
    Use it to look at quotes and greeks; find_strikes answers for one delta, get_expirations for dates."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def find_strikes(
    symbol: Underlying = None,
    deltas: Annotated[list[float], Field(description="0 to 1, without sign")] = [0.16, 0.30],  # noqa: B006
    dte: Days = 45, option_type: Side = "put", expiration: On = None, snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Find the contract nearest each delta in one expiration, with quote, probabilities and breakeven.
    Use it for questions such as "the 30-delta put 45 days out"."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def get_volatility(
    symbol: Underlying = None, expiration: On = None, dte: Days = 30,
    window: Annotated[int | None, Field(ge=30, le=3650, description="Calendar days to rank IV in")] = None,
    snapshot: Snapshot = None,
) -> Smile:  # fmt: skip
    """Tell whether options are dear: IV rank, IV against realised, term structure, skew and smile, expected moves,
    the move priced for earnings. Use it before choosing between buying and selling options."""
    return Smile(symbol=symbol or "", reading="", iv_30=None, iv_rank=None, term=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def find_strategies(
    symbol: Underlying = None,
    strategy: Annotated[str, Field(
        description="csp covered_call put_spread call_spread iron_condor iron_butterfly strangle straddle "
        "jade_lizard calendar diagonal collar long_call debit_spread …"
    )] = "csp",
    dte: Annotated[list[int], Field(description="From, to; one number: the nearest expiration")] = [30, 60],  # noqa: B006
    target_delta: Annotated[float | None, Field(description="Of what is sold, without sign")] = None,
    min_pop: Annotated[float | None, Field(description="A fraction: 0.7")] = None,
    max_width: Annotated[float | None, Field(gt=0, description="Dollars between the strikes of a spread")] = None,
    sort: Literal["expected_value", "pop", "return_on_capital", "credit"] = "expected_value",
    limit: Annotated[int, Field(ge=1, le=40)] = 10, snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Find the best strikes for a strategy: every choice on the chain priced, sifted by liquidity, and ranked.
    Use it for questions such as "which put should I sell"; analyze_strategy then looks at one of them closely."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


class Leg(BaseModel):
    quantity: Annotated[float, Field(description="Below 0 is short")]
    type: Literal["call", "put", "stock"] | None = None
    strike: float | None = None
    expiration: Annotated[str | None, Field(description="2026-12-18")] = None
    years: float | None = None
    symbol: Annotated[str | None, Field(description="OCC, in place of these")] = None
    price: Annotated[float | None, Field(description="$ a share")] = None
    volatility: Annotated[float | None, Field(description="A fraction: 0.32")] = None


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def find_rolls(
    legs: Annotated[list[Leg], Field(description="1 to 12; an option by symbol, or type, strike, expiration")] = [],  # noqa: B006
    symbol: Annotated[str | None, Field(description="Alone: what you hold of it is rolled")] = None,
    account: Annotated[str | None, Field(description="Where it is held; number or nickname")] = None,
    min_days: Annotated[int, Field(ge=0, le=1200, description="Days added")] = 7,
    max_days: Annotated[int, Field(ge=0, le=1200)] = 60,
    strikes: Annotated[
        Literal["away", "same", "down", "up", "any"],
        Field(description="away: same or further out of the money; widths are kept"),
    ] = "away",
    max_debit: Annotated[float | None, Field(description="$ a share; 0: credits only; null: any")] = 0.0,
    max_delta: Annotated[float | None, Field(description="Of what is sold, without sign")] = None,
    max_spread_percent: Annotated[float | None, Field(description="Of a leg's mid")] = None,
    sort: Literal["credit", "delta_cut", "days", "buying_power"] = "credit",
    limit: Annotated[int, Field(ge=1, le=40)] = 10, snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Find where to roll the short options of a position (with their wings): later expirations and other strikes
    with credit, delta, PoP and buying power, beside closing it and doing nothing."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


Legs = Annotated[list[Leg], Field(description="1 to 12; an option by symbol, or type, strike, expiration")]
Named = Annotated[str | None, Field(description="In place of legs, with symbol: iron_condor, csp …")]
Deltas = Annotated[list[float], Field(description="Of the strategy's strikes, 0 to 1, ascending strikes; or one")]
Width = Annotated[float | None, Field(gt=0, description="Of its spreads, in dollars")]
Spot = Annotated[float | None, Field(gt=0, lt=1e9, description="With it nothing is fetched")]
Sigma = Annotated[float | None, Field(ge=0, description="A fraction: 0.32")]
Left = Annotated[float | None, Field(gt=0, le=36500, description="To expiry, with spot")]
Live = Annotated[str | None, Field(description="For live quotes")]


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def analyze_strategy(
    legs: Legs = [], strategy: Named = None, symbol: Live = None, expiration: On = None, dte: Days = 45,  # noqa: B006
    deltas: Deltas = [], width: Width = None, days: Left = None,  # noqa: B006
    years: Annotated[float | None, Field(gt=0, le=100)] = None, spot: Spot = None, volatility: Sigma = None,
    rate: Rate | None = None, dividend_yield: Rate | None = None,
    multiplier: Annotated[int | None, Field(ge=1, le=10_000)] = None,
    moves: Annotated[list[float], Field(description="Of the price, in percent")] = [-10, 0, 10],  # noqa: B006
    later: Annotated[float | None, Field(gt=0, description="Days from now; half the time without")] = None,
    snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Analyse option legs, or a strategy by name: max profit and loss, breakevens, probability of profit, expected
    value, greeks, margin, P/L by price and time. Use it before a trade, or for "what if it gaps 10 %"."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def render_payoff(
    legs: Legs = [], strategy: Named = None, symbol: Live = None, expiration: On = None, dte: Days = 45,  # noqa: B006
    deltas: Deltas = [], width: Width = None, days: Left = None, spot: Spot = None,  # noqa: B006
    volatility: Sigma = None, theme: Literal["dark", "light"] = "dark", snapshot: Snapshot = None,
) -> Contracts:  # fmt: skip
    """Draw what option legs, or a strategy by name, win and lose at expiry and today, with breakevens and odds.
    Use it when the user wants to see a trade; analyze_strategy has all its numbers."""
    return Contracts(symbol=symbol or "", snapshot="", contracts=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"options"})
async def price_option(
    option_type: Side, spot: Positive, strike: Positive,
    volatility: Annotated[float | None, Field(ge=0, description="A fraction a year: 0.32")] = None,
    price: Annotated[float | None, Field(ge=0, lt=1e9, description="For its implied volatility")] = None,
    expiration: Annotated[str | None, Field(description="2026-12-18, to 16:00 New York; with AM to 9:30")] = None,
    days: Annotated[float | None, Field(ge=0, le=36500)] = None,
    years: Annotated[float | None, Field(ge=0, le=100)] = None,
    rate: Rate | None = None, dividend_yield: Rate = 0.0, style: Literal["european", "american"] = "european",
    cross_greeks: Annotated[bool, Field(description="With vanna, charm and vomma")] = False,
) -> Priced:  # fmt: skip
    """Work out one option: price and greeks from a volatility, or the implied volatility from a price.
    Use it for what-ifs with inputs of your own; get_option_chain has what is quoted now."""
    return Priced(price=price, volatility=volatility, delta=None, reason=None)


class Row(BaseModel):
    account: str
    underlying: str
    strategy: str
    value: float | None
    delta: float | None
    theta: float | None


class Book(Plain):
    as_of: datetime | None = None
    source: str | None = None
    session: str | None = None
    stale: bool | None = None
    accounts: list[str]
    rows: list[Row]


Whose = Annotated[str | None, Field(description='Number, nickname or "all"')]
Added = Annotated[list[Leg], Field(description="Legs as if they were held, too")]
Removed = Annotated[list[dict[str, Any]], Field(description="Held legs as if they were closed")]
Named_ = Annotated[str | None, Field(description="Underlying of legs without OCC symbol")]


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def list_accounts() -> Book:
    """List the accounts with their numbers, nicknames and kind. Use it when a tool should be asked of one of them:
    its number or nickname is the `account` of every other tool."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_balances(account: Whose = None) -> Book:
    """Get net liq, cash, buying power and margin of accounts. Use it for "how much can I still trade?"."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_positions(
    account: Whose = None, group_by: Literal["strategy", "underlying", "none"] = "strategy",
    symbol: Annotated[str | None, Field(description="Only what is held of it")] = None,
    limit: Annotated[int | None, Field(ge=1, le=120, description="Rows")] = None,
) -> Book:  # fmt: skip
    """Get what is held, valued now, as the strategies it makes: P/L, percent of max profit, breakevens, PoP, what
    needs a look. Use it for "what do I have?" and, with symbol, "what should I do about my TSLA puts?"."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_portfolio_risk(
    account: Whose = None, add: Added = [], remove: Removed = [], symbol: Named_ = None,  # noqa: B006
    limit: Annotated[int, Field(ge=1, le=100, description="Underlyings")] = 24,
) -> Book:  # fmt: skip
    """Get net and SPY-beta-weighted greeks, theta, buying power, concentration, expirations, possible assignments
    of the whole book. Use it for "how exposed am I?"; add and remove ask what a trade would do."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def stress_test(
    account: Whose = None,
    spot: Annotated[list[float], Field(description="Of the price, in percent")] = [-20, -10, 0, 10, 20],  # noqa: B006
    iv: Annotated[list[float], Field(description="Of each IV itself, in percent")] = [-25, 0, 50],  # noqa: B006
    days: Annotated[list[float], Field(description="From now")] = [0, 7, 21],  # noqa: B006
    beta_weighted: Annotated[bool, Field(description="SPY moves, each by its beta; else all alike")] = True,
    add: Added = [], remove: Removed = [], symbol: Named_ = None,  # noqa: B006
    picture: Annotated[bool, Field(description="Also as a heat map")] = False,
    theme: Literal["dark", "light"] = "dark",
) -> Book:  # fmt: skip
    """Revalue the whole live book over moves of the market, changes of IV and days: a grid of P/L, and the worst
    cell by position. Use it for "what could hurt me?"; add and remove ask it of a trade."""
    return Book(accounts=[], rows=[])


First = Annotated[str | None, Field(description="First day, 2026-11-20")]
Last = Annotated[str | None, Field(description="Last day; today without")]
Of = Annotated[str | None, Field(description="An underlying, or an OCC option")]
Rows = Annotated[int | None, Field(ge=1, le=120, description="Rows")]


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_transactions(
    account: Whose = None, start: First = None, end: Last = None,
    type: Literal["trade", "receive_deliver", "money_movement"] | None = None,  # noqa: A002
    symbol: Of = None, limit: Rows = None,
) -> Book:  # fmt: skip
    """Get what happened in the accounts, the newest first: trades, expirations, assignments, dividends, deposits,
    with fees; the last 30 days without start. Use it for "what did I do?"; get_performance adds up P/L."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_orders(
    account: Whose = None, status: Literal["live", "filled", "cancelled", "rejected", "all"] | None = None,
    start: First = None, end: Last = None, symbol: Of = None, limit: Rows = None,
) -> Book:  # fmt: skip
    """Get orders with their legs, prices, fills and why they were rejected: today's and those that work, or by
    status or start those of the last 30 days. Use it for "is my order filled?"."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_net_liq_history(
    account: Whose = None, range: Literal["1d", "1m", "3m", "6m", "1y", "all"] = "1m",  # noqa: A002
    picture: Annotated[bool, Field(description="Draw it")] = False, theme: Literal["dark", "light"] = "dark",
) -> Book:  # fmt: skip
    """Get what the accounts were worth over time: change, deposits, time-weighted return, worst fall, up to 40
    points. Use it for "how am I doing?"; picture=true draws it."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def get_performance(
    account: Whose = None, start: First = None, end: Last = None,
    by: Literal["strategy", "underlying", "month"] = "strategy",
) -> Book:  # fmt: skip
    """Get realised P/L by FIFO with fees, win rate and days held, reconciled with the broker's entries and
    positions; this year without start. Use it for "what did my iron condors make?"."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"account"})
async def preview_order(
    legs: Annotated[list[Leg], Field(description="1 to 4; whether they open or close is told by what is held")],
    price: Annotated[str, Field(description="$ a share for one unit, above 0: 1.25")],
    effect: Literal["debit", "credit"] | None = None, symbol: Named_ = None, account: Whose = None,
) -> Book:  # fmt: skip
    """Ask what a limit order would do to an account, without placing it: buying power, fees, and whether price,
    tick, signs and size make sense. Use it before the user places an order elsewhere."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations={"readOnlyHint": False}, output_schema=None, tags={"account"})
async def export_portfolio(
    what: Literal["positions", "balances", "transactions", "orders", "net_liq", "performance"],
    format: Literal["csv", "parquet", "json"] = "csv",  # noqa: A002
    account: Whose = None, start: First = None, end: Last = None,
) -> Book:  # fmt: skip
    """Write positions, balances, transactions, orders, net liq or realised P/L to a new file of the user's and say
    its path; this year without start. Use it for taxes, spreadsheets, and what is too long to read here."""
    return Book(accounts=[], rows=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def list_jobs() -> Jobs:
    """List the background jobs: schedule, next and last run, why one does not run.
    Use it when an alert or a briefing did not come."""
    return Jobs(here=True, jobs=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def control_job(
    name: Annotated[str, Field(description="As list_jobs tells it")], action: Literal["run", "pause", "resume"]
) -> Done:
    """Run a background job now, or pause or resume it for good.
    Use it when the user asks for a briefing or a check at once, or wants one to stop."""
    return Done(said=f"{name} {action}")


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def list_notifications(
    status: Literal["all", "new", "delivered"] = "all", limit: Annotated[int, Field(ge=1, le=200)] = 30
) -> Notifications:
    """List what the user was told in the background: alerts, finished analyses, warnings.
    Use it when asked what happened, or whether an alert went off."""
    return Notifications(notifications=[])


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def get_task(id: Annotated[str, Field(description="As the tool that began it told")]) -> Task:  # noqa: A002
    """Tell how a long-running task is going, with its result once it is done.
    Use it with the id that a tool answered instead of a result."""
    return Task(id=id, name="", state="done", progress=None, message=None, started_at=NOW, finished_at=None, error=None,
                result=None)  # fmt: skip


@mcp.tool(annotations=READ, output_schema=None, tags={"core"})
async def cancel_task(id: Annotated[str, Field(description="As the tool that began it told")]) -> Task:  # noqa: A002
    """Stop a long-running task; what it has done so far may be lost.
    Use it when the user no longer wants the result."""
    return await get_task(id)


@mcp.resource("ttai://status", description="How the server is.")
async def status() -> str:
    return "{}"


@mcp.resource("quote://{symbol*}", description="The quote of one symbol.")
async def quote(symbol: str) -> str:
    return symbol


@mcp.resource("portfolio://positions", description="What is held in all accounts, line by line.")
async def positions() -> str:
    return "{}"


@mcp.resource("portfolio://balances", description="The balances of all accounts.")
async def balances() -> str:
    return "{}"


@mcp.prompt(name="morning-briefing")
async def morning_briefing() -> str:
    """Ask for the day ahead: what needs a decision, how the book stands, what is to come."""
    return ""


@mcp.prompt(name="position-review")
async def position_review(symbol: str) -> str:
    """Ask what to do about what is held of an underlying."""
    return symbol


@mcp.prompt(name="analyze-for-csp")
async def analyze_for_csp(symbol: str) -> str:
    """Ask whether a cash-secured put on a stock is worth selling, step by step."""
    return symbol


@mcp.resource("ui://bare/payoff", mime_type="text/html;profile=mcp-app", description="Another page.")
async def payoff() -> str:
    return ""


@mcp.resource("ui://bare/chart", mime_type="text/html;profile=mcp-app", description="A page.")
async def page() -> str:
    return ""


if __name__ == "__main__":
    mcp.run(show_banner=False)
