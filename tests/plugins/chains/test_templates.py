"""The strategies that have a name, and where their legs lie on a chain."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.plugins.chains.test_analysis import STRIKES, expiration, quotes
from ttai import ExpirationQuotes
from ttai_chains.candidates.placement import choices, columns, legs_of
from ttai_chains.candidates.templates import TEMPLATES, ByDelta, named

FRONT = quotes()
BACK = replace(quotes(years=0.5), expiration=expiration(date(2027, 5, 21)))


def spelled(name: str, front: ExpirationQuotes = FRONT, **asked: Any) -> str:
    legs = legs_of(named(name), front, BACK, **asked)
    said = []
    for leg in legs:
        kind = "" if leg.row is None else f" {leg.quotes.strikes[leg.column]:g}{'cp'[leg.row]}"
        said.append(f"{leg.quantity:+d}{kind}{' back' if leg.quotes is BACK else ''}")
    return ", ".join(said)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Iron Condor", "iron_condor"),
        ("iron-condor", "iron_condor"),
        ("cash secured put", "csp"),
        ("CSP", "csp"),
        ("bull put spread", "put_spread"),
        ("Bear-Call spread", "call_spread"),
        ("short strangle", "strangle"),
        ("poor man's covered call", "diagonal"),
        (" bull call spread ", "debit_spread"),
        ("bear put spread", "put_debit_spread"),
        *((name, name) for name in TEMPLATES),
    ],
)
def test_a_strategy_is_known_in_every_spelling(text: str, name: str) -> None:
    assert named(text) is TEMPLATES[name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "iron cndor",
            "'iron cndor' is no strategy known here; did you mean iron_condor? There are csp, covered_call,",
        ),
        ("strangel", "did you mean strangle?"),
        ("", "'' is no strategy known here; There are csp"),
        ("💥" * 50, "is no strategy known here; There are csp"),
    ],
)
def test_what_is_no_strategy_is_told_which_is_nearest(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="There are") as error:
        named(text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "asked", "legs"),
    [
        ("csp", {"deltas": [0.25]}, "-1 95p"),
        ("covered_call", {"deltas": [0.3]}, "+100, -1 105c"),
        ("put_spread", {"deltas": [0.3], "width": 10}, "+1 85p, -1 95p"),
        ("put_spread", {"deltas": [0.3], "width": 0.5}, "+1 90p, -1 95p"),  # no nearer than the next strike
        ("call_spread", {"deltas": [0.3], "width": 6}, "-1 105c, +1 110c"),
        ("iron_condor", {"deltas": [0.16], "width": 5}, "+1 85p, -1 90p, -1 110c, +1 115c"),
        ("iron_condor", {"deltas": [-0.3, 0.16], "width": 5}, "+1 90p, -1 95p, -1 110c, +1 115c"),
        ("iron_butterfly", {"width": 10}, "+1 90p, -1 100p, -1 100c, +1 110c"),
        ("strangle", {}, "-1 90p, -1 110c"),
        ("straddle", {}, "-1 100p, -1 100c"),
        ("jade_lizard", {"deltas": [0.3, 0.2]}, "-1 95p, -1 110c, +1 115c"),
        ("calendar", {}, "-1 100c, +1 100c back"),
        ("diagonal", {}, "+1 95c back, -1 105c"),
        ("collar", {}, "+100, +1 95p, -1 105c"),
        ("long_straddle", {}, "+1 100p, +1 100c"),
        ("debit_spread", {"deltas": [0.5], "width": 5}, "+1 100c, -1 105c"),
        ("put_debit_spread", {"deltas": [0.5], "width": 5}, "-1 95p, +1 100p"),
        ("put_ratio", {}, "-2 95p, +1 100p"),
        ("broken_wing_butterfly", {"deltas": [0.4], "width": 5}, "+1 85p, -2 95p, +1 100p"),
    ],
)
def test_one_choice_is_the_nearest_there_is(name: str, asked: dict[str, Any], legs: str) -> None:
    assert spelled(name, **asked) == legs


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_strategy_lies_on_a_chain_with_its_strikes_ascending(name: str) -> None:
    template = TEMPLATES[name]
    legs = legs_of(template, FRONT, BACK)
    assert [np.sign(leg.quantity) for leg in legs] == [np.sign(part.ratio) for part in template.parts]
    strikes = [leg.quotes.strikes[leg.column] for leg in legs if leg.row is not None]
    assert strikes == sorted(strikes)
    for place in template.by_delta:
        rule, leg = template.parts[place].strike, legs[place]
        assert isinstance(rule, ByDelta)
        assert rule.low < rule.usual < rule.high
        assert leg.row is not None
        deltas = abs(leg.quotes.delta[leg.row])
        assert abs(deltas[leg.column] - rule.usual) == abs(deltas - rule.usual).min()


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("csp", {"deltas": [30]}, "a delta is between 0 and 1, not 30"),
        ("iron_condor", {"deltas": [0.1, 0.2, 0.3]}, "3 deltas were given, iron_condor takes 1 or 2"),
        ("put_spread", {"width": -5}, "a width is above 0 dollars, not -5"),
        ("put_spread", {"deltas": [0.001]}, "no strike of 2027-02-19 suits the put of put_spread that is bought"),
        ("strangle", {"deltas": [0.45, 0.6]}, "no strike of 2027-02-19 suits the call of strangle that is sold"),
    ],
)
def test_what_cannot_be_found_is_said(name: str, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        spelled(name, **asked)


def test_without_deltas_or_a_second_expiration_there_are_no_legs() -> None:
    with pytest.raises(ValueError, match="no put of 2027-02-19 has a known delta"):
        spelled("csp", replace(FRONT, delta=np.full(FRONT.delta.shape, np.nan)))
    with pytest.raises(ValueError, match="needs a second, later expiration"):
        legs_of(named("calendar"), FRONT)


def test_of_many_choices_those_a_width_apart_exactly_are_there() -> None:
    picks = np.array([[column] for column in range(len(STRIKES))])
    spread = columns(named("put_spread"), FRONT, None, picks, np.full(len(picks), 10.0), exactly=True)
    assert spread[:, 0].tolist() == [-1, -1, 0, 1, 2, 3, 4, 5, 6]
    odd = columns(named("put_spread"), FRONT, None, picks, np.full(len(picks), 7.5), exactly=True)
    assert (odd[:, 0] == -1).all()


def test_a_strike_without_its_put_has_none() -> None:
    names = list(FRONT.expiration.symbols[1])
    names[1] = ""
    bare = replace(FRONT, expiration=replace(FRONT.expiration, symbols=(FRONT.expiration.symbols[0], names)))
    assert spelled("put_spread", bare, deltas=[0.14], width=5) == "+1 80p, -1 90p"
    assert spelled("call_spread", bare, deltas=[0.9], width=5) == spelled("call_spread", deltas=[0.9], width=5)


def test_many_choices_are_thinned_out_evenly() -> None:
    everything = choices(named("long_strangle"), FRONT, None, 10_000)
    few = choices(named("long_strangle"), FRONT, None, 4)
    assert len(few.columns) == 4 < len(everything.columns)
    assert {tuple(row) for row in few.columns} <= {tuple(row) for row in everything.columns}
    assert few.columns.min(axis=0).tolist() == everything.columns.min(axis=0).tolist()
    assert few.columns.max(axis=0).tolist() == everything.columns.max(axis=0).tolist()
    assert few.notes == ("at most 2 strikes a leg, evenly spread; target_delta narrows",)
    assert everything.notes == ()


def test_a_target_between_two_strikes_has_the_nearest() -> None:
    (row,) = choices(named("csp"), FRONT, None, 100, target_delta=0.34).columns
    assert STRIKES[row[0]] == 95
    assert abs(FRONT.delta[1, row[0]]) < 0.31


def test_without_deltas_there_are_no_choices() -> None:
    none = choices(named("csp"), replace(FRONT, delta=np.full(FRONT.delta.shape, np.nan)), None, 100)
    assert (len(none.columns), none.notes) == (0, ("no put has a delta between 0.05 and 0.5",))
