"""The risk of the whole book, worked out again by hand, and what it says when something is not known."""

from datetime import datetime
from time import monotonic
from typing import Any

import pytest
from pydantic_core import to_json

from tests.plugins.portfolio.test_accounts import RETIREMENT, TRADING, refused
from tests.plugins.portfolio.test_positions import deafened, lines_of
from ttai.answers import BUDGET
from ttai.clock import NEW_YORK
from ttai.quant.symbols import parse_occ
from ttai.testing import Harness, Reply, harness

SPY_LIKE = ("SPY", "SPX")


async def betas_of(h: Harness, symbols: set[str]) -> dict[str, float]:
    """What the metrics say; of SPY and its index it is 1 by definition."""
    asked = sorted(symbol for symbol in symbols if symbol.replace("/", "").isalpha() and symbol != "BTC/USD")
    rows = (await h.call("get_market_metrics", symbols=asked)).rows("metrics")
    found = {row["symbol"]: row["beta"] for row in rows if row["beta"] is not None}
    return {**found, **dict.fromkeys(SPY_LIKE, 1.0)}


def total(answer: Reply, when: str = "now") -> dict[str, Any]:
    return next(row for row in answer.rows("totals") if row["when"] == when)


async def test_every_underlying_is_the_sum_of_its_lines(demo: Harness) -> None:
    lines = await lines_of(demo)
    answer = await demo.call("get_portfolio_risk", limit=100)
    rows = answer.rows("underlyings")
    assert {row["underlying"] for row in rows} == {line["underlying"] for line in lines}
    for row in rows:
        own = [line for line in lines if line["underlying"] == row["underlying"]]
        assert row["positions"] == len(own)
        deltas = [line["delta"] for line in own]
        if None in deltas:
            assert (row["delta"], row["delta_dollars"], row["beta_delta"]) == (None, None, None)
            continue
        assert row["delta"] == pytest.approx(sum(deltas), abs=0.05)
        assert row["delta_dollars"] == pytest.approx(sum(deltas) * row["price"], abs=0.02 * row["price"] * len(own))
        for greek in ("theta", "vega"):
            assert row[greek] == pytest.approx(sum(line[greek] or 0 for line in own), abs=0.05)
        assert row["value"] == pytest.approx(sum(line["value"] for line in own), abs=0.1)


async def test_beta_weighted_delta_is_delta_times_beta_times_price_over_spy_s(demo: Harness) -> None:
    lines = [line for line in await lines_of(demo) if line["delta"] is not None]
    answer = await demo.call("get_portfolio_risk", limit=100)
    rows = {row["underlying"]: row for row in answer.rows("underlyings")}
    betas = await betas_of(demo, set(rows))
    spy = (await demo.call("get_quote", symbol="SPY")).data["mark"]
    assert answer.data["spy"] == spy
    by_hand = sum(line["delta"] * betas[line["underlying"]] * rows[line["underlying"]]["price"] / spy for line in lines)
    assert total(answer)["beta_delta"] == pytest.approx(by_hand, abs=1.5)  # betas are told to two digits
    assert total(answer)["beta_delta_dollars"] == pytest.approx(total(answer)["beta_delta"] * spy, abs=5)
    for name, row in rows.items():
        if row["beta_delta"] is not None:
            assert row["beta"] == pytest.approx(betas[name], abs=0.006)
            hand = row["delta"] * row["beta"] * row["price"] / spy
            assert row["beta_delta"] == pytest.approx(hand, abs=0.02 + abs(hand) * 0.03)


async def test_totals_are_the_sums_of_the_underlyings(h: Harness) -> None:
    answer = await h.call("get_portfolio_risk", limit=100)
    rows, whole = answer.rows("underlyings"), total(answer)
    for name in ("beta_delta", "delta_dollars", "theta", "vega", "margin"):
        known = [row[name] for row in rows if row[name] is not None]
        assert whole[name] == pytest.approx(sum(known), abs=0.5), name
    shares = [row["variance_percent"] for row in rows if row["variance_percent"] is not None]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    dollars = {row["underlying"]: abs(row["delta_dollars"] or 0) for row in rows}
    assert answer.data["largest"] == max(dollars, key=lambda name: dollars[name])
    share = max(dollars.values()) / sum(dollars.values()) * 100
    assert answer.data["concentration_percent"] == pytest.approx(share, abs=0.01)
    assert [abs(row["delta_dollars"] or 0) for row in rows] == sorted(dollars.values(), reverse=True)


async def test_money_is_that_of_the_balances(h: Harness) -> None:
    balances = await h.call("get_balances")
    rows = balances.rows("balances")
    answer = await h.call("get_portfolio_risk")
    assert answer.data["net_liq"] == pytest.approx(balances.data["net_liquidating_value"], abs=0.01)
    used = sum(row["used_derivative_buying_power"] for row in rows)
    left = sum(row["derivative_buying_power"] for row in rows)
    assert answer.data["buying_power_used"] == pytest.approx(used, abs=0.02)
    assert answer.data["buying_power_used_percent"] == pytest.approx(used / (used + left) * 100, abs=0.01)
    whole = total(answer)
    assert whole["theta_of_net_liq_percent"] == pytest.approx(whole["theta"] / answer.data["net_liq"] * 100, abs=0.006)
    share = whole["day_deviation"] / answer.data["net_liq"] * 100
    assert whole["day_deviation_of_net_liq_percent"] == pytest.approx(share, abs=0.006)
    assert 0 < whole["diversification"] <= 1


async def test_what_expires_is_counted_by_date(demo: Harness) -> None:
    options = [line for line in await lines_of(demo) if line["type"] == "Equity Option"]
    rows = (await demo.call("get_portfolio_risk")).rows("expirations")
    assert [row["expiration"] for row in rows] == sorted({f"{parse_occ(one['symbol']).expiration}" for one in options})
    for row in rows:
        due = [one for one in options if f"{parse_occ(one['symbol']).expiration}" == row["expiration"]]
        short = [one for one in due if one["quantity"] < 0]
        assert row["long"] == sum(one["quantity"] for one in due if one["quantity"] > 0)
        assert row["short"] == -sum(one["quantity"] for one in short)
        assert row["short_in_the_money"] == -sum(one["quantity"] for one in short if one["distance_percent"] < 0)
        assert {one["dte"] for one in due} == {row["dte"]}


async def test_the_radar_sees_what_may_be_assigned(h: Harness) -> None:
    rows = (await h.call("get_portfolio_risk")).rows("radar")
    assert [(row["position"], row["likely"]) for row in rows] == [
        ("MSFT -1 595p 2026-12-31", True),
        ("QQQ -1 605p 2026-11-20", False),
    ]
    assert rows[1]["risk"].startswith("expires today 0.08 from its strike")


@pytest.mark.parametrize("account", ["all", "Trading", "Retirement"])
async def test_a_default_answer_is_small(h: Harness, account: str) -> None:
    answer = await h.call("get_portfolio_risk", account=account)
    assert len(answer.text.encode()) <= BUDGET
    assert len(to_json(answer.data)) <= BUDGET


async def test_what_is_cut_comes_when_it_is_asked_as_said(h: Harness) -> None:
    assert "24 of 34 underlyings; ask limit=34" in (await h.call("get_portfolio_risk")).text
    whole = await h.call("get_portfolio_risk", limit=34)
    assert len(whole.rows("underlyings")) == 34
    few = await h.call("get_portfolio_risk", limit=1)
    assert [row["underlying"] for row in few.rows("underlyings")] == ["MSFT"]
    assert few.rows("totals") == whole.rows("totals")


@pytest.mark.parametrize("limit", [0, 101, "x"])
async def test_a_limit_is_a_number_of_rows(h: Harness, limit: Any) -> None:
    assert (await refused(h, "get_portfolio_risk", limit=limit)).startswith("VALIDATION: limit: should be ")


async def test_an_empty_account_has_no_risk_and_nothing_is_made_up() -> None:
    async with harness() as h:
        h.simulator.empty(TRADING)
        answer = await h.call("get_portfolio_risk", account="Trading")
        assert "nothing is held" in answer.data["notes"]
        for table in ("underlyings", "expirations", "radar"):
            assert answer.rows(table) == []
        (row,) = answer.rows("totals")
        assert {value for name, value in row.items() if name != "when"} == {None}
        assert answer.data["buying_power_used"] == 0


async def test_balances_that_fail_cost_what_is_told_of_them() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", f"/accounts/{TRADING}/balances*", status=403)
        answer = await h.call("get_portfolio_risk")
        for name in ("net_liq", "buying_power_used", "buying_power_used_percent"):
            assert answer.data[name] is None
        assert total(answer)["theta_of_net_liq_percent"] is None
        assert total(answer)["theta"] is not None
        assert f"balances of {TRADING} unknown: net liq and buying power null" in answer.data["notes"]


async def test_an_account_that_can_not_be_read_is_not_in_the_money_either() -> None:
    async with harness() as h:
        whole = await h.call("get_balances")
        h.simulator.faults.add("status", f"/accounts/{TRADING}/positions", status=403)
        answer = await h.call("get_portfolio_risk")
        assert [row["account"] for row in answer.rows("failed")] == [TRADING]
        others = sum(row["net_liquidating_value"] for row in whole.rows("balances") if row["account"] != TRADING)
        assert answer.data["net_liq"] == pytest.approx(others, abs=0.02)
        assert "balances" not in answer.text  # they are known of all that is in it
        h.simulator.faults.add("status", "/accounts/*/positions", status=403)
        h.clock.advance(6)
        assert (await refused(h, "get_portfolio_risk")).startswith("AUTHORIZATION: ")


async def test_without_metrics_there_are_no_betas_and_no_deviation() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/market-metrics*", status=403)
        answer = await h.call("get_portfolio_risk", account="Retirement", limit=100)
        betas = {row["underlying"]: row["beta"] for row in answer.rows("underlyings")}
        assert {name for name, beta in betas.items() if beta is not None} == {"SPY"}
        row = total(answer)
        assert (row["day_deviation"], row["day_deviation_of_net_liq_percent"]) == (None, None)
        notes = answer.data["notes"]
        assert any(note.startswith("beta unknown, not in the sums: ") and "COST" in note for note in notes)
        assert any(note.startswith("the deviation is unknown") for note in notes)
        assert row["theta"] is not None


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/market-metrics*", "/accounts/*/balances*"])
async def test_what_is_known_beside_the_book_is_not_waited_for_until_the_call_ends(path: str) -> None:
    async with harness() as h:
        h.simulator.faults.add("status", path, status=503)  # tried again as long as the call lasts
        start = monotonic()
        answer = await h.call("get_portfolio_risk", account="Trading")
        assert monotonic() - start < 25  # of 40, and twice 8 of them waited
        assert total(answer)["theta"] is not None
        known = {row["beta"] for row in answer.rows("underlyings")}
        assert (answer.data["net_liq"] is None, known <= {None, 1}) == ("balances" in path, "metrics" in path)


@pytest.mark.slow
async def test_without_bars_what_moves_together_is_known_by_beta() -> None:
    async with harness() as h:
        whole = await h.call("get_portfolio_risk", account="Retirement", limit=100)
    async with harness() as h:
        h.simulator.faults.add("missing", "/dxlink", symbols=["COST{=d,tho=true}"])
        answer = await h.call("get_portfolio_risk", account="Retirement", limit=100)
        assert "correlated by their beta alone, no history: COST" in answer.data["notes"]
        assert total(answer)["day_deviation"] == pytest.approx(total(whole)["day_deviation"], rel=0.05)


@pytest.mark.slow
async def test_without_a_market_the_calendar_is_known_and_the_rest_is_said_to_lack() -> None:
    async with harness() as h:
        open_market = await h.call("get_portfolio_risk")
    async with harness() as h:
        await deafened(h)
        answer = await h.call("get_portfolio_risk")
        known = ("expiration", "dte", "long", "short", "underlyings")
        told, before = answer.rows("expirations"), open_market.rows("expirations")
        assert [[row[name] for name in known] for row in told] == [[row[name] for name in known] for row in before]
        assert any(row["short_in_the_money"] is None for row in told)
        assert (answer.data["spy"], total(answer)["beta_delta"], total(answer)["margin"]) == (None, None, None)
        assert any(note.startswith("delta, gamma, theta, vega unknown") for note in answer.data["notes"])


async def test_at_night_the_risk_is_stale_and_what_has_expired_is_gone() -> None:
    async with harness(sessions="real") as h:
        await h.simulator.prepare()
        h.clock.set(datetime(2026, 11, 20, 22, 0, tzinfo=NEW_YORK))
        answer = await h.call("get_portfolio_risk")
        assert answer.data["stale"] is True
        assert "2026-11-20" not in {row["expiration"] for row in answer.rows("expirations")}
        assert not [row for row in answer.rows("radar") if row["position"].startswith("QQQ -1 605p")]
        assert total(answer)["theta"] > 0


async def test_a_cash_account_is_asked_for_what_has_to_be_there(h: Harness) -> None:
    rows = (await h.call("get_portfolio_risk", account=RETIREMENT)).rows("underlyings")
    margin = {row["underlying"]: row["margin"] for row in rows}
    assert margin["KO"] == 3 * 65 * 100
    assert margin["PFE"] == 4 * 24.5 * 100
    assert margin["CVX"] == 0  # the calls are covered
