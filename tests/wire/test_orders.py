"""Dry runs through the broker service: the broker's reckoning, asked once; numbers reckoned here by the rules."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.core.tastytrade.test_orders import ANSWER
from tests.desk import BRISK, HASTY, Desk, desk
from ttai.broker.types import Order, OrderLeg
from ttai.errors import BadArgument, BrokerRefused, BrokerUnavailable, NotFound, SessionRefused
from ttai.testing import harness

MARGIN, CASH = "5WT00718", "5WT00934"
DRY_RUN = f"/accounts/{MARGIN}/orders/dry-run"
STATUS = f"/accounts/{MARGIN}/trading-status"
OAUTH = "/oauth/token"


def spy(kind: str, strike: int, day: str = "261218") -> str:
    return f"SPY   {day}{kind}{strike * 1000:08}"


PUT = OrderLeg(spy("P", 640), -1)


def order(*legs: OrderLeg, price: str = "1", effect: Any = "credit") -> Order:
    return Order(legs, Decimal(price), effect)


async def marks(d: Desk, *symbols: str) -> list[float]:
    rows = (await d.adapter.rows(symbols)).rows
    return [float(rows[symbol].mark or 0) for symbol in symbols]


async def last(d: Desk, symbol: str) -> float:
    return float((await d.adapter.rows([symbol])).rows[symbol].last or 0)


def cents(value: float) -> Any:
    return pytest.approx(value, abs=0.011)


async def test_an_uncovered_put_asks_for_20_percent_less_what_it_is_out_of_the_money() -> None:
    async with desk(streaming=False) as d:
        spot, (mark,) = await last(d, "SPY"), await marks(d, PUT.symbol)
        assert spot > 640
        answer = await d.broker.dry_run(order(PUT, price="5.5"))
        asked = max(0.2 * spot - (spot - 640), 64)
        assert answer.account == MARGIN
        assert float(answer.requirement) == cents(100 * (mark + asked))
        assert float(answer.change) == cents(100 * (mark + asked) - 550)
        assert (answer.portfolio_margin, answer.warnings) == (False, ())


async def test_a_broad_index_asks_for_15_percent() -> None:
    async with desk(streaming=False) as d:
        symbol = "SPXW  261218P06000000"
        spot, (mark,) = await last(d, "SPX"), await marks(d, symbol)
        asked = max(0.15 * spot - (spot - 6000), 600)
        answer = await d.broker.dry_run(order(OrderLeg(symbol, -1), price="20"))
        assert float(answer.requirement) == cents(100 * (mark + asked))


@pytest.mark.parametrize(
    ("legs", "price", "effect", "requirement", "change"),
    [
        pytest.param([("P", 640, -1), ("P", 630, 1)], "2.10", "credit", 1000, 790, id="credit spread"),
        pytest.param([("P", 640, -10), ("P", 630, 10)], "2.10", "credit", 10_000, 7_900, id="ten of them"),
        pytest.param([("C", 680, 1), ("C", 690, -1)], "4.20", "debit", 0, 420, id="debit spread"),
        pytest.param(
            [("P", 625, 1), ("P", 640, -1), ("C", 700, -1), ("C", 710, 1)], "3", "credit", 1500, 1200, id="iron condor"
        ),
        pytest.param([("C", 680, 1), ("C", 690, -2), ("C", 700, 1)], "1.05", "debit", 0, 105, id="butterfly"),
        pytest.param([("C", 680, 1)], "12.34", "debit", 0, 1234, id="long call"),
    ],
)
async def test_limited_risk_asks_for_what_can_be_lost(
    legs: list[tuple[str, int, int]], price: str, effect: str, requirement: int, change: int
) -> None:
    async with desk(streaming=False) as d:
        sent = [OrderLeg(spy(kind, strike), quantity) for kind, strike, quantity in legs]
        answer = await d.broker.dry_run(order(*sent, price=price, effect=effect))
        assert answer.requirement == requirement
        assert answer.change == change


async def test_stock_asks_for_half_and_covers_a_call() -> None:
    async with desk(streaming=False) as d:
        spot = await last(d, "F")
        stock, call = OrderLeg("f", 100), OrderLeg(f"F     261218C{15_000:08}", -1)
        alone = await d.broker.dry_run(order(stock, price=f"{spot}", effect="debit"))
        covered = await d.broker.dry_run(order(stock, call, price=f"{spot - 0.25}", effect="debit"))
        assert float(alone.requirement) == float(covered.requirement) == cents(50 * spot)
        assert float(alone.change) == cents(50 * spot)
        assert float(covered.change) == cents(50 * spot - 25)


async def test_a_cash_account_holds_the_whole_strike() -> None:
    async with desk(streaming=False) as d:
        put = OrderLeg(f"F     261218P{13_000:08}", -1)
        answer = await d.broker.dry_run(order(put, price="0.50"), CASH)
        assert (answer.account, answer.change, answer.requirement) == (CASH, Decimal(1250), Decimal(1300))
        assert answer.before is not None
        assert answer.after == answer.before - 1250
        with pytest.raises(BrokerRefused, match="loss has no limit"):
            await d.broker.dry_run(order(OrderLeg(f"F     261218C{13_000:08}", -1)), CASH)


async def test_options_are_taken_in_any_spelling() -> None:
    async with desk(streaming=False) as d:
        spellings = [PUT.symbol, PUT.symbol.replace(" ", ""), ".SPY261218P640"]
        answers = [await d.broker.dry_run(order(OrderLeg(one, -1))) for one in spellings]
        assert answers[0] == answers[1] == answers[2]
        assert d.asked(DRY_RUN) == 3  # nothing is remembered


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (order(OrderLeg("SPY   261218P06401234", -1)), "can not be traded"),
        (order(OrderLeg("NOPE", 1), effect="debit"), "can not be traded"),
        (order(OrderLeg("SPX", 1), effect="debit"), "can not be traded"),
        (order(OrderLeg("/ESZ6", 1), effect="debit"), "can not be traded"),
        (order(*(OrderLeg(spy("P", strike), -1) for strike in range(600, 650, 10))), "legs must be 4 at most"),
        (order(PUT, PUT), "legs must have distinct symbols"),
        (order(PUT, OrderLeg("F", 1)), "same underlying"),
        (order(OrderLeg("F", 1)), "cannot buy for a credit"),
        (order(PUT, effect="debit"), "cannot sell for a debit"),
        (order(OrderLeg(spy("P", 640), -50)), "enough buying power: .* needed, [0-9.]+ available"),
    ],
)
async def test_what_the_broker_would_not_take_it_says_in_its_words(refused: Order, said: str) -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(BrokerRefused, match=said) as caught:
            await d.broker.dry_run(refused)
        assert caught.value.code == "BROKER"
        assert (d.asked(DRY_RUN), d.asked(STATUS)) == (1, 0)


async def test_what_an_adjusted_root_delivers_can_only_be_closed() -> None:
    async with desk(streaming=False) as d:
        roots = d.simulator._feed.boards.options.series("DIS", d.clock.now().timestamp())
        symbol = next(one.occ[0] for one in roots if one.root.cash)
        with pytest.raises(BrokerRefused, match="can only be closed"):
            await d.broker.dry_run(order(OrderLeg(symbol, -1)))
        assert (await d.broker.dry_run(order(OrderLeg(symbol, 1, opening=False), effect="debit"))).change == 100


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (order(), "at least one leg"),
        (order(OrderLeg("SPY", 0)), "other than 0"),
        (order(PUT, price="0"), "price is above 0"),
        (order(PUT, price="-1"), "price is above 0"),
        (order(PUT, price="NaN"), "price is above 0"),
        (order(OrderLeg("no symbol!", 1)), "is not a symbol"),
    ],
)
async def test_what_is_no_order_is_not_sent(bad: Order, said: str) -> None:
    async with desk(streaming=False) as d:
        with pytest.raises(BadArgument, match=said):
            await d.broker.dry_run(bad)
        assert d.asked(OAUTH) == 0


async def test_an_account_that_is_not_there_is_not_found() -> None:
    async with desk(streaming=False) as d:
        for number in ("5WT00000", "..", "../5WT00718", "a/b?c", "x" * 99):
            with pytest.raises(NotFound, match="no account"):
                await d.broker.dry_run(order(PUT), number)


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "html", "status": 504}, {"kind": "stall"}]
)
async def test_a_question_that_is_lost_is_not_repeated(fault: dict[str, Any]) -> None:
    async with desk({"path": DRY_RUN, **fault}, streaming=False, tries=HASTY) as d:
        with pytest.raises(BrokerUnavailable) as caught:
            await d.broker.dry_run(order(PUT))
        assert caught.value.hint == "Nothing was placed. Try again in a minute."
        assert (d.asked(DRY_RUN), d.asked(STATUS)) == (1, 0)


async def test_a_connection_that_is_cut_is_not_repeated() -> None:
    async with desk({"path": DRY_RUN, "kind": "drop"}, streaming=False, port=True, tries=BRISK) as d:
        with pytest.raises(BrokerUnavailable, match="RemoteProtocolError on /accounts/"):
            await d.broker.dry_run(order(PUT))
        assert d.asked(DRY_RUN) == 1


async def test_a_session_that_was_dropped_is_renewed_for_the_next_question() -> None:
    async with desk({"kind": "expire", "path": DRY_RUN, "count": 1}, streaming=False) as d:
        with pytest.raises(SessionRefused):
            await d.broker.dry_run(order(PUT))
        assert (d.asked(DRY_RUN), d.asked(OAUTH)) == (1, 2)
        assert (await d.broker.dry_run(order(PUT))).account == MARGIN
        assert (d.asked(DRY_RUN), d.asked(OAUTH)) == (2, 2)


@pytest.mark.parametrize("body", [[], {}, {"data": {}}, {"data": {"buying-power-effect": {}}}])
async def test_an_answer_of_another_shape_is_said(body: Any) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(DRY_RUN, body, 201)
        with pytest.raises(BrokerUnavailable, match="dry run"):
            await d.broker.dry_run(order(PUT))


async def test_a_body_that_is_no_json_is_said() -> None:
    async with desk({"path": DRY_RUN, "kind": "garbage"}, streaming=False) as d:
        with pytest.raises(BrokerUnavailable, match="dry run was answered without data"):
            await d.broker.dry_run(order(PUT))


async def test_a_rejected_order_may_carry_its_effect_too() -> None:
    """As the broker answers what it would reject: the reckoning, and why not."""
    error = {
        "code": "preflight_check_failure",
        "message": "One or more preflight checks failed",
        "errors": [{"code": "margin_check_failed", "message": "You do not have enough buying power."}],
    }
    async with desk(streaming=False) as d:
        d.tap.answer(DRY_RUN, {**ANSWER, "error": error}, 422)
        with pytest.raises(BrokerRefused, match=r"\(You do not have enough buying power\.\)"):
            await d.broker.dry_run(order(PUT))


async def test_portfolio_margin_is_told_and_remembered_for_5_minutes() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(DRY_RUN, ANSWER, 201)
        status = {"equities-margin-calculation-type": "Portfolio Margin", "is-portfolio-margin-enabled": True}
        d.tap.answer(STATUS, {"data": status, "context": STATUS})
        for passed, requests in ((0, 1), (299, 1), (2, 2)):
            d.clock.advance(passed)
            answer = await d.broker.dry_run(order(PUT))
            assert (answer.portfolio_margin, answer.change) == (True, Decimal("183.081"))
            assert d.asked(STATUS) == requests


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "stall"}, {"kind": "garbage"}])
async def test_an_account_whose_status_is_unknown_is_answered_all_the_same(fault: dict[str, Any]) -> None:
    async with desk({"path": STATUS, **fault}, streaming=False, tries=replace(HASTY, timeout=1.0)) as d:
        await d.simulator.prepare()
        assert (await d.broker.dry_run(order(PUT))).portfolio_margin is False


async def test_the_app_asks_for_the_first_account_of_its_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_ACCOUNT", "5WT99999")  # of the user's own, who tries the demo
    async with harness() as h:
        spread = order(PUT, OrderLeg(spy("P", 630), 1), price="2.1")
        answer = await h.app.broker.dry_run(spread)
        assert (answer.account, answer.change) == (MARGIN, Decimal(790))
