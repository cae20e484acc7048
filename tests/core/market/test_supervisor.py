"""The supervisor's rules, on a port written by hand: subscribing, silence, backing off, hunting a bad symbol."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from time import monotonic

import pytest

from tests.desk import until
from ttai.clock import Clock
from ttai.errors import BadCredentials, BrokerUnavailable, NotLoggedIn
from ttai.listing import Listing, Watchlist
from ttai.market.book import Book
from ttai.market.hub import Hub
from ttai.market.metrics import Metrics
from ttai.market.options import Expiration
from ttai.market.ports import CandleSink, Heard, MarketPort, Stream
from ttai.market.supervisor import CHUNK, Supervisor, Timing
from ttai.market.types import KINDS, Event, Instrument, Kind, QuoteEvent, Row, Rows, TradeEvent

Q, T = QuoteEvent, TradeEvent
QUICK = Timing(enter=1, settled=0.02, first_delay=0.002, last_delay=0.02, look=0.01)


class Socket:
    """One open socket: notes what it is told, ends when told to."""

    def __init__(self, port: "Port", heard: Heard) -> None:
        self._port = port
        self.heard = heard
        self.subscribed: set[tuple[Kind, str]] = set()
        self.said: list[tuple[str, Kind, list[str]]] = []
        self.end = asyncio.Event()

    async def subscribe(self, kind: Kind, symbols: Sequence[str]) -> None:
        self.said.append(("add", kind, list(symbols)))
        if self._port.stuck:
            await asyncio.Event().wait()
        self.subscribed |= {(kind, symbol) for symbol in symbols}
        if self._port.poison.intersection(symbols):
            self.end.set()

    async def unsubscribe(self, kind: Kind, symbols: Sequence[str]) -> None:
        self.said.append(("remove", kind, list(symbols)))
        self.subscribed -= {(kind, symbol) for symbol in symbols}

    def say(self, *events: Event) -> None:
        self.heard(events)


class Port:
    """A broker's market and the way to it, with what shall go wrong."""

    simulated = False
    login = "1"
    origin = "here"

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.tries: list[float] = []
        self.poison: set[str] = set()
        self.stuck = False
        self.refuse: BaseException | None = None
        self.never = False

    async def market(self) -> MarketPort:
        return self

    def stream(self, heard: Heard, candles: CandleSink) -> AbstractAsyncContextManager[Stream]:  # noqa: ARG002
        return self._stream(heard)

    @asynccontextmanager
    async def _stream(self, heard: Heard) -> AsyncIterator[Stream]:
        self.tries.append(monotonic())
        if self.refuse:
            raise self.refuse
        if self.never:
            await asyncio.Event().wait()
        socket = Socket(self, heard)
        self.sockets.append(socket)
        # As the SDK: the socket's end cancels who stands inside, and comes out in a group.
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._die(socket)).add_done_callback(lambda task: task.cancelled() or task.exception())
            yield socket

    async def _die(self, socket: Socket) -> None:
        await socket.end.wait()
        raise ConnectionResetError("the socket's end")

    async def rows(self, symbols: Sequence[str]) -> Rows[Row]:
        raise NotImplementedError

    async def metrics(self, symbols: Sequence[str]) -> Rows[Metrics]:
        raise NotImplementedError

    async def expirations(self, symbol: str) -> Listing[Expiration]:
        raise NotImplementedError

    async def risk_free_rate(self) -> float:
        raise NotImplementedError

    async def public_watchlists(self) -> Listing[Watchlist]:
        raise NotImplementedError

    async def search(self, text: str) -> Listing[Instrument]:
        raise NotImplementedError


@asynccontextmanager
async def running(
    port: Port, hub: Hub, timing: Timing = QUICK, *, is_open: Callable[[], bool] = lambda: False
) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(hub, port, Book(hub, Clock()), is_open, timing)
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert not hub.live
    assert asyncio.all_tasks() == {asyncio.current_task()}


def agree(port: Port, hub: Hub) -> Callable[[], bool]:
    """Whether the open socket has just what is wanted."""
    return lambda: bool(hub.live and port.sockets[-1].subscribed == hub.wanted and not hub.changed.is_set())


async def test_the_defaults_are_those_of_the_design() -> None:
    hub = Hub()
    hub.connected()
    opened = Supervisor(hub, Port(), Book(hub, Clock()), lambda: True)
    closed = Supervisor(hub, Port(), Book(hub, Clock()), lambda: False)
    assert 64 < opened.left <= 65
    with hub.hold(["SPY"], [T]):
        assert 9 < opened.left <= 10
        assert 64 < closed.left <= 65
    assert (Timing().first_delay, Timing().last_delay) == (0.25, 30)


async def test_what_is_wanted_is_subscribed_in_messages_of_at_most_500() -> None:
    hub, port = Hub(), Port()
    with hub.hold([f"S{n:04}" for n in range(1201)], [Q]):
        async with running(port, hub):
            await until(agree(port, hub))
    sizes = [len(symbols) for _, _, symbols in port.sockets[0].said]
    assert sizes == [500, 500, 201]
    assert CHUNK == 500


async def test_what_nobody_wants_any_more_is_unsubscribed() -> None:
    hub, port = Hub(linger=0), Port()
    async with running(port, hub):
        with hub.hold(["SPY", "QQQ"], [T]), hub.hold(["IWM"], [T]):
            await until(agree(port, hub))
        await until(lambda: port.sockets[0].subscribed == set())
    assert port.sockets[0].said[-1][0] == "remove"


async def test_what_lingers_is_given_up_in_time_without_anybody_asking() -> None:
    hub, port = Hub(linger=0.03), Port()
    async with running(port, hub):
        with hub.hold(["SPY"], [T]):
            await until(agree(port, hub))
        assert hub.wanted
        await until(lambda: not port.sockets[0].subscribed)


async def test_dropped_and_wanted_again_at_once_is_asked_for_anew() -> None:
    hub, port = Hub(linger=0), Port()
    async with running(port, hub):
        with hub.hold(["SPY"], [T]):
            await until(agree(port, hub))
        with hub.hold(["SPY"], [T]):  # the supervisor had no turn between
            await until(lambda: len(port.sockets[0].said) == 3)
    assert [verb for verb, _, _ in port.sockets[0].said] == ["add", "remove", "add"]


async def test_after_a_drop_all_is_subscribed_again_and_the_old_values_are_gone() -> None:
    hub, port = Hub(), Port()
    with hub.hold(["SPY"], [T]):
        async with running(port, hub) as supervisor:
            await until(agree(port, hub))
            port.sockets[0].say(TradeEvent("SPY", 671, 1))
            port.sockets[0].end.set()
            await until(lambda: len(port.sockets) == 2 and agree(port, hub)())
            assert hub.line("SPY").events == {}  # type: ignore[union-attr]
            assert supervisor.hub.sockets == 2
            assert supervisor.problem is None


async def test_a_silent_socket_is_given_up() -> None:
    hub, port = Hub(), Port()
    timing = Timing(quiet=0.2, look=0.02, first_delay=0.1, settled=0.01)
    async with running(port, hub, timing) as supervisor:
        await until(lambda: hub.live)
        assert supervisor.fresh
        await until(lambda: not supervisor.fresh)
        await until(lambda: len(port.sockets) == 2)


async def test_any_message_counts_as_a_sign_of_life() -> None:
    hub, port = Hub(), Port()
    async with running(port, hub, Timing(quiet=0.1, look=0.01)):
        await until(lambda: hub.live)
        for _ in range(20):
            port.sockets[0].say()
            await asyncio.sleep(0.01)
        assert len(port.sockets) == 1


async def test_with_something_liquid_and_the_market_open_less_silence_is_allowed() -> None:
    hub, port = Hub(), Port()
    market = {"open": False}
    timing = Timing(quiet=60, quiet_open=0.05, look=0.01)
    with hub.hold(["SPY"], [T]):
        async with running(port, hub, timing, is_open=lambda: market["open"]) as supervisor:
            await until(agree(port, hub))
            await asyncio.sleep(0.06)
            hub.heard(())  # a keepalive is no price
            assert supervisor.fresh
            market["open"] = True  # noticed without anything else happening
            assert not supervisor.fresh
            await until(lambda: len(port.sockets) == 2)


async def test_what_was_asked_for_just_now_may_take_its_time_on_a_socket_that_had_nothing_to_say() -> None:
    hub, port = Hub(), Port()
    timing = Timing(quiet=60, quiet_open=0.5, look=0.01)
    async with running(port, hub, timing, is_open=lambda: True) as supervisor:
        await until(lambda: hub.live)
        hub._heard -= 30
        hub._fed -= 30
        with hub.hold(["SPY"], [T]):
            await until(agree(port, hub))
            assert supervisor.fresh
            assert len(port.sockets) == 1
            await until(lambda: len(port.sockets) == 2)


async def test_after_a_night_asleep_nothing_is_fresh() -> None:
    hub, port = Hub(), Port()
    async with running(port, hub) as supervisor:
        await until(lambda: hub.live)
        hub._heard_on -= 8 * 3600  # the monotonic clock has not moved
        assert not supervisor.fresh
        await until(lambda: len(port.sockets) == 2)


async def test_the_pauses_between_refusals_double_and_end_at_the_longest() -> None:
    hub, port = Hub(), Port()
    port.refuse = BrokerUnavailable("503")
    async with running(port, hub, Timing(first_delay=0.01, last_delay=0.08)):
        await until(lambda: len(port.tries) == 7)
    pauses = [b - a for a, b in pairwise(port.tries)]
    for pause, most in zip(pauses, (0.01, 0.02, 0.04, 0.08, 0.08, 0.08), strict=True):
        assert most / 2 <= pause  # with jitter, never less than half
    supervisor = Supervisor(hub, port, Book(hub, Clock()), lambda: False)
    delays = [supervisor._delay() for _ in range(40)]
    assert all(0.125 <= delays[0] <= 0.25 and delay <= 30 for delay in delays)
    assert len(set(delays)) == 40
    assert min(delays[10:]) >= 15


async def test_a_socket_that_worked_is_replaced_at_once_however_many_failed_before() -> None:
    hub, port = Hub(), Port()
    port.refuse = BrokerUnavailable("503")
    async with running(port, hub, Timing(first_delay=0.001, last_delay=9, settled=0)) as supervisor:
        await until(lambda: len(port.tries) == 6)
        port.refuse = None
        await until(lambda: hub.live)
        port.sockets[0].end.set()
        await until(lambda: len(port.sockets) == 2, 0.5)
        assert supervisor.hub.sockets == 2


@pytest.mark.parametrize(
    "end",
    [
        KeyError("dxlink-url"),
        RuntimeError("a bug"),
        TimeoutError(),
        ExceptionGroup("outer", [ExceptionGroup("inner", [ConnectionResetError("far away")])]),
    ],
)
async def test_any_exception_is_survived_and_said(end: Exception, caplog: pytest.LogCaptureFixture) -> None:
    hub, port = Hub(), Port()
    port.refuse = end
    async with running(port, hub) as supervisor:
        await until(lambda: len(port.tries) == 3)
        if isinstance(end, TimeoutError):
            assert supervisor.problem == "no answer in time"
            assert "market data socket: no answer in time" in caplog.text
        else:  # its text may hold a token
            assert supervisor.problem == "the market data socket failed (the log says why)"
            name = "ConnectionResetError" if isinstance(end, ExceptionGroup) else type(end).__name__
            assert f"market data socket: {name}" in caplog.text
            assert not any(text in caplog.text for text in ("dxlink-url", "a bug", "far away"))
        port.refuse = None
        await until(lambda: hub.live)


async def test_a_socket_that_never_opens_is_given_up() -> None:
    hub, port = Hub(), Port()
    port.never = True
    async with running(port, hub, Timing(enter=0.02, first_delay=0.001)) as supervisor:
        await until(lambda: len(port.tries) == 2)
        assert supervisor.problem == "no answer in time"
        port.never = False
        await until(lambda: hub.live)


async def test_a_subscription_that_never_leaves_is_given_up() -> None:
    hub, port = Hub(), Port()
    port.stuck = True
    with hub.hold(["SPY"], [T]):
        async with running(port, hub, Timing(enter=0.02, settled=0.01, first_delay=0.001)):
            await until(lambda: len(port.sockets) == 2)
            port.stuck = False
            await until(agree(port, hub))


@pytest.mark.parametrize("refusal", [NotLoggedIn(), BadCredentials("invalid_grant", "https://example.com")])
async def test_refused_credentials_are_not_tried_again_until_told(refusal: Exception) -> None:
    hub, port = Hub(), Port()
    port.refuse = ExceptionGroup("sdk", [refusal])
    async with running(port, hub) as supervisor:
        await until(lambda: supervisor._parked)
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert len(port.tries) == 1
        supervisor.let_in()  # REST was answered
        await until(lambda: len(port.tries) == 2 and supervisor._parked)
        port.refuse = None
        supervisor.let_in()
        await until(lambda: hub.live)


async def test_refused_credentials_are_tried_again_after_a_long_while() -> None:
    hub, port = Hub(), Port()
    port.refuse = NotLoggedIn()
    assert Timing().again == 900
    async with running(port, hub, replace(QUICK, again=0.02)):
        await until(lambda: len(port.tries) == 3)
        port.refuse = None
        await until(lambda: hub.live)


async def test_requests_that_are_answered_do_not_make_refused_credentials_a_storm() -> None:
    hub, port = Hub(), Port()
    port.refuse = NotLoggedIn()
    async with running(port, hub, Timing(first_delay=60, last_delay=60)) as supervisor:
        await until(lambda: supervisor._parked)
        for _ in range(10):
            supervisor.let_in()
            await asyncio.sleep(0.001)
        assert len(port.tries) == 1


async def test_a_login_that_ends_while_it_is_parked_is_no_longer() -> None:
    hub, port = Hub(), Port()
    port.refuse = NotLoggedIn()
    async with running(port, hub) as supervisor:
        await until(lambda: supervisor._parked)
    assert not supervisor._parked


async def test_rests_success_does_not_hurry_who_backs_off() -> None:
    hub, port = Hub(), Port()
    port.refuse = BrokerUnavailable("503")
    async with running(port, hub, Timing(first_delay=60, last_delay=60)) as supervisor:
        await until(lambda: supervisor.problem and "503" in supervisor.problem)
        for _ in range(10):
            supervisor.let_in()
            await asyncio.sleep(0.001)
        assert len(port.tries) == 1


@pytest.mark.parametrize("place", [0, 199])
async def test_one_bad_symbol_is_found_and_the_rest_streams(place: int, caplog: pytest.LogCaptureFixture) -> None:
    hub, port = Hub(), Port()
    symbols = [f"S{n:03}" for n in range(200)]
    bad = symbols[place]
    port.poison = {bad}
    with hub.hold(symbols, [Q]):
        async with running(port, hub):
            await until(lambda: hub.rejects(bad))
            await until(agree(port, hub))
            good = {(Q, symbol) for symbol in symbols if symbol != bad}
            assert port.sockets[-1].subscribed == good
            assert not any(hub.rejects(symbol) for symbol in symbols if symbol != bad)
    assert len(port.sockets) <= 24  # in company, alone, a half at a time, and once more beside one that lives: 12
    assert caplog.text.count("left out") == 1


async def test_what_streams_goes_on_while_a_suspect_waits_for_its_turn() -> None:
    hub, port = Hub(), Port()
    port.poison = {"BAD"}
    timing = Timing(settled=0.1, first_delay=0.001, last_delay=0.01)
    with hub.hold(["SPY"], [T]):
        async with running(port, hub, timing) as supervisor:
            await until(agree(port, hub))
            await until(lambda: not supervisor._recent)  # SPY is beyond suspicion
            with hub.hold(["BAD"], [T]):
                await until(lambda: len(port.sockets) == 2 and port.sockets[1].subscribed)
                assert port.sockets[1].subscribed == {(T, "SPY")}
                await until(lambda: hub.rejects("BAD"))
                await until(lambda: port.sockets[-1].subscribed == {(T, "SPY")})
    assert len(port.sockets) == 3


async def test_two_bad_symbols_are_both_found() -> None:
    hub, port = Hub(), Port()
    symbols = [f"S{n:02}" for n in range(40)]
    port.poison = {"S03", "S31"}
    with hub.hold(symbols, KINDS):
        async with running(port, hub):
            await until(lambda: hub.rejects("S03") and hub.rejects("S31"))
            await until(agree(port, hub))
            assert len(port.sockets[-1].subscribed) == 38 * 3


@pytest.mark.slow
@pytest.mark.parametrize("symbols", [["SPY"], ["SPY", "TSLA", "AAPL"], [f"S{n:03}" for n in range(400)]])
async def test_a_broker_that_ends_every_socket_costs_no_symbol_its_stream(symbols: list[str]) -> None:
    hub, port = Hub(), Port()
    port.poison = set(symbols)
    with hub.hold(symbols, KINDS):
        async with running(port, hub):
            await until(lambda: len(port.sockets) == 60)
            assert not any(hub.rejects(symbol) for symbol in symbols)
            port.poison = set()
            await until(agree(port, hub))
            assert len(port.sockets[-1].subscribed) == 3 * len(symbols)
            assert len(port.sockets[-1].said) <= 20  # not one by one: the hunt began anew again and again


async def test_an_outage_between_hides_no_bad_symbol() -> None:
    hub, port = Hub(), Port()
    symbols = [f"S{n:02}" for n in range(40)]
    port.poison = set(symbols)
    with hub.hold(symbols, KINDS):
        async with running(port, hub):
            await until(lambda: len(port.sockets) == 20)
            port.poison = {"S17"}
            await until(lambda: hub.rejects("S17"))
            await until(agree(port, hub))
            assert len(port.sockets[-1].subscribed) == 39 * 3


@pytest.mark.slow
async def test_a_suspect_is_not_convicted_of_an_end_it_shares_with_another() -> None:
    hub, port = Hub(), Port()
    timing = Timing(settled=0.2, first_delay=0.001, last_delay=0.01)
    with hub.hold(["SPY"], [T]):
        async with running(port, hub, timing) as supervisor:
            await until(agree(port, hub))
            await until(lambda: not supervisor._recent)
            with hub.hold(["QQQ"], [T]):
                await until(agree(port, hub))
                port.sockets[0].end.set()
                await until(lambda: len(port.sockets) == 2 and (T, "QQQ") in port.sockets[1].subscribed)
                with hub.hold(["IWM"], [T]):
                    await until(agree(port, hub))
                    port.sockets[1].end.set()
                    await until(lambda: len(port.sockets) == 3 and agree(port, hub)())
                    assert not hub.rejects("QQQ")


async def test_a_broker_that_ends_every_socket_is_not_hammered() -> None:
    hub, port = Hub(), Port()
    symbols = [f"S{n:03}" for n in range(400)]
    port.poison = set(symbols)
    timing = Timing(settled=5, first_delay=0.0002, last_delay=60)
    with hub.hold(symbols, [Q]):
        async with running(port, hub, timing):
            await until(lambda: len(port.sockets) == 13)
            await until(lambda: len(port.sockets) == 14, 8)
    pauses = [b - a for a, b in pairwise(port.tries)]
    assert pauses[-1] >= 0.0002 * 2**12 / 2  # as after twelve refusals
    assert pauses[-1] > max(pauses[:-1])


async def test_a_bad_symbol_costs_itself_the_stream_for_a_while_only() -> None:
    hub, port = Hub(forgive=0.2), Port()
    port.poison = {"SPY"}
    with hub.hold(["SPY", "QQQ"], [T]):
        async with running(port, hub) as supervisor:
            await until(lambda: hub.rejects("SPY"))
            await until(agree(port, hub))
            assert port.sockets[-1].subscribed == {(T, "QQQ")}
            assert supervisor.streams("QQQ", [T])
            assert not supervisor.streams("SPY", [T])
            port.poison = set()
            await until(lambda: port.sockets[-1].subscribed == {(T, "SPY"), (T, "QQQ")})
            assert supervisor.streams("SPY", [T])


async def test_cancelled_in_the_very_moment_the_socket_ends_it_ends() -> None:
    hub, port = Hub(), Port()
    for turns in range(8):
        async with running(port, hub):
            await until(lambda: hub.live)
            port.sockets[-1].end.set()
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_cancelled_while_it_waits_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    hub, port = Hub(), Port()
    port.refuse = BrokerUnavailable("503")
    async with running(port, hub, Timing(first_delay=60, last_delay=60)):
        await until(lambda: port.tries)
    port.refuse, port.never = None, True
    async with running(port, hub):
        await until(lambda: len(port.tries) == 2)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
