"""What the chains plugin works out of quotes: values in and values out."""

import math
from datetime import date, datetime

import numpy as np
import pytest

from ttai import Expiration, ExpirationQuotes
from ttai.clock import NEW_YORK
from ttai.quant import pricing
from ttai_chains import analysis
from ttai_chains.analysis import Place

NOW = datetime(2026, 11, 20, 10, 31, tzinfo=NEW_YORK)
STRIKES = np.arange(80.0, 121.0, 5.0)
SIDES = np.array([[True], [False]])


def expiration(day: date, root: str = "SPX", settled: str = "PM", deliverable: str | None = None) -> Expiration:
    names = [f"{root}{side}{strike:g}" for side in "CP" for strike in STRIKES]
    sides = (names[: len(STRIKES)], names[len(STRIKES) :])
    return Expiration(
        root=root, date=day, settled="AM" if settled == "AM" else "PM", kind="monthly", multiplier=100,
        strikes=STRIKES, symbols=sides, streamers=sides, deliverable=deliverable,
    )  # fmt: skip


def quotes(volatility: float = 0.2, years: float = 0.25, spot: float = 101.0) -> ExpirationQuotes:
    """Quotes of ten cents each side of a flat smile."""
    market = (SIDES, spot, STRIKES, years, volatility)
    mid, greeks = pricing.price(*market), pricing.greeks(*market)
    flat = np.full(mid.shape, volatility)
    return ExpirationQuotes(
        expiration=expiration(date(2027, 2, 19)), as_of=NOW, source="simulator", spot=spot, forward=spot, years=years,
        rate=0.0, strikes=STRIKES, bid=mid - 0.1, ask=mid + 0.1, iv=flat, open_interest=flat, volume=flat,
        streamed=np.zeros(mid.shape, dtype=bool), **greeks._asdict(),
    )  # fmt: skip


CHAIN = [
    expiration(date(2026, 11, 20), "SPXW"),
    expiration(date(2026, 12, 18), "SPX", "AM"),
    expiration(date(2026, 12, 18), "SPXW"),
    expiration(date(2027, 1, 4), "SPX1", deliverable="100 SPX and 12 dollars"),
    expiration(date(2027, 1, 15), "SPX", "AM"),
]


@pytest.mark.parametrize(
    ("text", "dte", "root", "day"),
    [
        (None, 0, "SPXW", "2026-11-20"),
        (None, 27, "SPXW", "2026-12-18"),
        (None, 45, "SPX", "2027-01-15"),  # not the adjusted one, which is nearer
        ("2026-12-18", 0, "SPXW", "2026-12-18"),
        (" 2026-12-18 am ", 0, "SPX", "2026-12-18"),
        ("2026-12-18 SPX", 0, "SPX", "2026-12-18"),
        ("2026-12-18 pm", 0, "SPXW", "2026-12-18"),
        ("2027-01-04 SPX1", 0, "SPX1", "2027-01-04"),
        ("2027-01-04", 0, "SPX1", "2027-01-04"),  # there is nothing else on that date
    ],
)
def test_an_expiration_is_named_or_nearest(text: str | None, dte: int, root: str, day: str) -> None:
    found = analysis.chosen(CHAIN, NOW, text, dte)
    assert (found.root, f"{found.date}") == (root, day)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-12-17", "nothing expires on 2026-12-17; the nearest do on 2026-12-18 and 2027-01-04"),
        ("2026-11-13", "2026-11-13 is past"),
        ("Friday", "'Friday' is no expiration; one looks like 2026-12-18"),
        ("2026-12-18 QQQ", r"on 2026-12-18 nothing is called 'QQQ'; there are SPX \(AM\), SPXW \(PM\)"),
        ("2027-01-04 PM", "nothing is called 'PM'"),
    ],
)
def test_a_wrong_expiration_is_answered_with_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        analysis.chosen(CHAIN, NOW, text, 45)


def test_adjusted_contracts_alone_have_no_nearest() -> None:
    with pytest.raises(ValueError, match="only adjusted"):
        analysis.chosen(CHAIN[3:4], NOW, None, 45)


def test_around_the_money_ends_where_the_strikes_do() -> None:
    made = quotes(spot=101.0)
    assert analysis.around_the_money(made, 2) == (2, 7)  # 90 to 110
    assert analysis.around_the_money(made, 50) == (0, 9)
    assert analysis.around_the_money(quotes(spot=79.0), 1) == (0, 2)


def test_contracts_are_found_by_the_size_of_their_delta() -> None:
    made = quotes()
    found = analysis.by_delta(made, 0.1, 0.3, [1])
    assert [made.strikes[place.column] for place in found] == [90.0, 95.0]
    place = analysis.nearest_delta(made, 0, 0.3)
    assert place is not None
    assert abs(abs(made.delta[0, place.column]) - 0.3) == np.min(abs(abs(made.delta[0]) - 0.3))
    made.delta[:] = math.nan
    assert analysis.nearest_delta(made, 0, 0.3) is None


def test_why_a_volatility_is_unknown() -> None:
    made = quotes()
    made.iv[:, :4] = math.nan
    made.bid[1, 0] = 0.0
    made.bid[1, 1] = made.ask[1, 1] = math.nan
    made.bid[1, 2] = made.ask[1, 2] + 1  # crossed
    places = [Place(row, column) for row in (0, 1) for column in range(len(STRIKES))]
    assert analysis.unknown_volatility(made, places) == {
        "nothing is bid for their strike's put": 2,
        "their strike's put has no two-sided quote": 4,
        "the mid of their strike's put violates arbitrage": 2,
    }


def test_the_two_expected_moves() -> None:
    """At the money a straddle is worth nearly √(2/π) of a standard deviation."""
    made = quotes(spot=100.0)
    assert analysis.iv_move(made) == pytest.approx(100 * 0.2 * 0.5)
    move = analysis.straddle_move(made)
    assert move == pytest.approx(0.85 * math.sqrt(2 / math.pi) * 10, rel=0.01)
    made.bid[:, 4] = 0.0
    assert analysis.straddle_move(quotes(spot=100.0)) == move
    bare = quotes(spot=100.0)
    bare.bid[0, 4] = math.nan
    assert analysis.straddle_move(bare) is None
    bare.iv[:] = math.nan
    assert analysis.iv_move(bare) is None


def test_forward_volatility_is_what_lies_between() -> None:
    term = [(0.1, 0.3), (0.2, 0.25), (0.3, None), (0.4, 0.2), (0.5, 0.1)]
    forwards = analysis.forward_volatilities(term)
    assert forwards[0] == 0.3
    assert forwards[1] == pytest.approx(math.sqrt((0.2 * 0.0625 - 0.1 * 0.09) / 0.1))
    assert forwards[2:] == [None, None, None]  # unknown, after an unknown one, and less variance later
    assert analysis.forward_volatilities([]) == []
    assert analysis.forward_volatilities([(0.0, None), (0.1, 0.3)]) == [None, 0.3]  # the first is settled


def test_the_volatility_of_thirty_days_lies_between_expirations() -> None:
    flat = [(years, 0.2) for years in (0.02, 0.1, 0.3)]
    assert analysis.constant_maturity(flat, 30) == pytest.approx(0.2)
    falling = [(23 / 365, 0.3), (37 / 365, 0.2)]
    halfway = (0.09 * 23 + 0.04 * 37) / 2 / 30
    assert analysis.constant_maturity(falling, 30) == pytest.approx(math.sqrt(halfway))
    assert analysis.constant_maturity(falling, 60) is None
    assert analysis.constant_maturity([(0.0, 0.2), (0.1, None)], 30) is None


def test_a_smile_is_thinned_out_between_the_far_deltas() -> None:
    made = quotes(volatility=0.1)
    shown = list(analysis.spread_out(made, 5))
    assert len(shown) <= 5
    assert all(iv == 0.1 for _, iv in shown)
    assert [strike for strike, _ in shown] == sorted(strike for strike, _ in shown)
    assert shown[0][0] >= 90
    assert shown[-1][0] <= 115
