"""The broker's calls, made by the broker's own SDK."""

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx2
import pytest
from httpx2.websockets import ASGIWebSocketTransport
from tastytrade import Account, Session
from tastytrade.instruments import Equity
from tastytrade.market_data import MarketData, get_market_data, get_market_data_by_type
from tastytrade.market_sessions import ExchangeType, MarketStatus, get_market_holidays, get_market_sessions
from tastytrade.order import InstrumentType
from tastytrade.search import symbol_search
from tastytrade.utils import TastytradeError

from ttai.clock import NEW_YORK, Clock
from ttai.simulator import STAMP, Simulator


class Standing(Clock):
    """A clock that is moved by hand."""

    def __init__(self, *moment: int) -> None:
        self.moment = datetime(*moment, tzinfo=NEW_YORK).astimezone(UTC)  # type: ignore[misc,arg-type]
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds


def connected(simulator: Simulator, secret: str | None = None, token: str | None = None) -> Session:
    secrets = secret or simulator.CLIENT_SECRET, token or simulator.REFRESH_TOKEN
    session = Session(*secrets, transport=ASGIWebSocketTransport(simulator.app))
    session._client.base_url = httpx2.URL("http://simulator")
    return session


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def session(simulator: Simulator) -> Session:
    return connected(simulator)


def by_symbol(rows: list[MarketData]) -> dict[str, MarketData]:
    return {row.symbol: row for row in rows}


async def test_one_login_serves_many_calls(simulator: Simulator, session: Session) -> None:
    assert (await session.get_customer()).email == "dana.whitfield@example.com"
    assert await session.validate()
    assert simulator.requests == {"/oauth/token": 1, "/customers/me": 1, "/sessions/validate": 1}


@pytest.mark.parametrize("wrong", [("another", None), (None, "another")])
async def test_wrong_secrets_are_the_brokers_oauth_error(
    simulator: Simulator, wrong: tuple[str | None, str | None]
) -> None:
    with pytest.raises(TastytradeError, match="invalid_grant"):
        await connected(simulator, *wrong).refresh()


async def test_expired_tokens_cost_one_forced_refresh(simulator: Simulator, session: Session) -> None:
    await session.get_customer()
    simulator.expire_tokens()
    with pytest.raises(TastytradeError, match="token_invalid"):
        await session.get_customer()
    await session.refresh(force=True)
    assert (await session.get_customer()).id == "me"
    assert simulator.requests["/oauth/token"] == 2


async def test_a_token_lives_fifteen_minutes() -> None:
    clock = Standing(2026, 11, 20, 12)
    session = connected(Simulator(clock=clock))
    await session.refresh()
    clock.seconds = 899
    assert await session.validate()
    clock.seconds = 900
    assert not await session.validate()


async def test_a_client_names_itself(session: Session) -> None:
    await session.refresh()
    refused = await session._client.get("/customers/me", headers={"User-Agent": "curl"})
    assert refused.status_code == 401
    assert "product/version" in refused.json()["error"]["message"]


async def test_accounts(session: Session) -> None:
    accounts = await Account.get(session)
    assert [(a.margin_or_cash, a.account_type_name) for a in accounts] == [
        ("Margin", "Individual"),
        ("Cash", "Roth IRA"),
        ("Margin", "Individual"),
    ]
    one = await Account.get(session, accounts[1].account_number)
    assert one == accounts[1]
    with pytest.raises(TastytradeError, match="not_found"):
        await Account.get(session, "5WT00000")


async def test_quotes_by_type(session: Session) -> None:
    rows = by_symbol(
        await get_market_data_by_type(session, equities=["SPY", "BRK/B", "SPX", "NOPE"], indices=["SPX", "VIX", "SPY"])
    )
    assert rows.keys() == {"SPY", "BRK/B", "SPX", "VIX"}  # each under its own type, unknown ones left out
    for row in rows.values():
        assert row.last is not None
        assert row.day_low_price is not None
        assert row.day_high_price is not None
        assert row.year_low_price is not None
        assert row.year_high_price is not None
        assert row.year_low_price <= row.day_low_price <= row.last <= row.day_high_price <= row.year_high_price
    spy, spx = rows["SPY"], rows["SPX"]
    assert spy.bid is not None
    assert spy.ask is not None
    assert spy.last is not None
    assert spy.bid <= spy.last <= spy.ask
    assert spy.ask - spy.bid == Decimal("0.01")
    assert spy.mark == (spy.bid + spy.ask) / 2
    assert spx.bid is spx.ask is spx.volume is None
    assert spx.mark == spx.last


async def test_at_most_a_hundred_symbols(session: Session) -> None:
    assert len(await get_market_data_by_type(session, equities=["SPY", *map(str, range(99))])) == 1
    with pytest.raises(TastytradeError, match=r"validation_error: .*not 101"):
        await get_market_data_by_type(session, equities=["SPY", *map(str, range(99))], indices=["SPX"])


@pytest.mark.parametrize("query", ["equity=SPY&equity=QQQ", "equity[]=SPY&equity[]=QQQ", "equity=SPY,QQQ"])
async def test_every_spelling_of_a_list(session: Session, query: str) -> None:
    await session.refresh()
    answer = await session._client.get(f"/market-data/by-type?{query}")
    assert [row["symbol"] for row in answer.json()["data"]["items"]] == ["SPY", "QQQ"]


async def test_one_quote(session: Session) -> None:
    assert (await get_market_data(session, "AAPL", InstrumentType.EQUITY)).symbol == "AAPL"
    assert (await get_market_data(session, "VIX", InstrumentType.INDEX)).bid is None
    assert (await get_market_data(session, "BRK%2FB", InstrumentType.EQUITY)).symbol == "BRK/B"
    for unknown in ("BRK/B", "NOPE"):  # the broker takes an unescaped slash for a path
        with pytest.raises(TastytradeError, match="not_found"):
            await get_market_data(session, unknown, InstrumentType.EQUITY)


async def test_instruments(session: Session) -> None:
    found = {i.symbol: i for i in await Equity.get(session, ["SPY", "SPX", "BRK/B", "NOPE"])}
    assert found.keys() == {"SPY", "SPX", "BRK/B"}
    assert (found["SPY"].is_etf, found["SPX"].is_index, found["BRK/B"].streamer_symbol) == (True, True, "BRK/B")
    assert (found["SPX"].active, found["SPX"].tick_sizes, found["SPY"].active) == (False, None, True)
    assert (await Equity.get(session, "BRK/B")) == found["BRK/B"]
    with pytest.raises(TastytradeError, match="not_found"):
        await Equity.get(session, "NOPE")


async def test_search(session: Session) -> None:
    await session.refresh()
    assert [found.symbol for found in await symbol_search(session, "aa")] == ["AAPL"]
    assert [found.symbol for found in await symbol_search(session, "BRK/B")] == ["BRK/B"]
    assert await symbol_search(session, "ZZZ") == []


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ((2026, 11, 20, 7, 59), MarketStatus.CLOSED),
        ((2026, 11, 20, 9, 29), MarketStatus.PRE_MARKET),
        ((2026, 11, 20, 9, 30), MarketStatus.OPEN),
        ((2026, 11, 20, 16, 0), MarketStatus.EXTENDED),
        ((2026, 11, 27, 13, 0), MarketStatus.EXTENDED),  # the day after Thanksgiving is a half day
        ((2026, 11, 26, 12, 0), MarketStatus.CLOSED),
        ((2026, 11, 22, 12, 0), MarketStatus.CLOSED),
    ],
)
async def test_sessions_follow_new_york(moment: tuple[int, ...], status: MarketStatus) -> None:
    session = connected(Simulator(clock=Standing(*moment), sessions="real"))
    (now,) = await get_market_sessions(session, [ExchangeType.NYSE])
    assert now.status is status
    assert now.next_session is not None
    assert now.next_session.session_date == date(2026, 11, {20: 23, 22: 23, 26: 27, 27: 30}[moment[2]])


async def test_always_open() -> None:
    session = connected(Simulator(clock=Standing(2026, 11, 22, 3)))
    (now,) = await get_market_sessions(session, [ExchangeType.NYSE])
    assert now.status is MarketStatus.OPEN
    assert now.close_at == datetime(2026, 11, 23, tzinfo=NEW_YORK)


@pytest.mark.filterwarnings("ignore:.*weekday is deprecated")  # pandas_market_calendars on pandas 3.1
async def test_holidays_are_the_exchanges() -> None:
    from tastytrade.utils import NYSE  # pandas_market_calendars knows them from another source

    calendar = await get_market_holidays(connected(Simulator(clock=Standing(2027, 1, 4))))
    schedule = NYSE.schedule("2027-01-01", "2028-12-31")
    open_days = {day.date() for day in schedule.index}
    weekdays = {date.fromordinal(n) for n in range(date(2027, 1, 1).toordinal(), date(2029, 1, 1).toordinal())}
    assert set(calendar.holidays) == {day for day in weekdays if day.weekday() < 5} - open_days
    assert set(calendar.half_days) == {day.date() for day in NYSE.early_closes(schedule).index}


async def test_everything_is_stamped(session: Session) -> None:
    await session.refresh()
    for path, status in (("/customers/me", 200), ("/nowhere", 404)):
        answer = await session._client.get(path)
        assert (answer.status_code, answer.headers[STAMP]) == (status, "1")
    assert answer.json()["error"]["code"] == "not_found"


async def test_the_stream_is_where_the_client_called(session: Session) -> None:
    await session.refresh()
    token = await session._client.get("/api-quote-tokens", headers={"Host": "127.0.0.1:8123"})
    assert token.json()["data"]["dxlink-url"] == "ws://127.0.0.1:8123/dxlink"
