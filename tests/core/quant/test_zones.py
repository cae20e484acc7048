"""Zones: what lies together is one level, as strong as what it is made of."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.evidence import Evidence, Kind
from ttai.quant.zones import find_zones

EARLY, LATE = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)


def evidence(price: float, weight: float = 0.1, kind: Kind = "pivot", time: datetime | None = None) -> Evidence:
    return Evidence(kind, kind, price, weight, time)


pieces = st.lists(st.builds(evidence, st.floats(1, 100), st.floats(0.01, 0.4)), max_size=60)


def test_what_meets_is_one_zone_that_names_its_kinds() -> None:
    [zone] = find_zones(
        [
            evidence(100.4, 0.1, "pivot"),
            evidence(100.0, 0.3, "swing", EARLY),
            evidence(100.2, 0.2, "moving average"),
            evidence(100.0, 0.1, "swing", LATE),
        ],
        close=105,
        reach=0.5,
    )
    assert (zone.side, zone.low, zone.high, zone.touches, zone.last_touch) == ("support", 100, 100.4, 2, LATE)
    assert zone.kinds == ("swing", "moving average", "pivot")
    assert zone.strength == pytest.approx(100 * (1 - 0.7 * 0.9 * (1 - 0.5 * (1 - 0.6 * 0.8))))
    assert zone.price == pytest.approx((0.3 * 100 + 0.1 * 100 + 0.2 * 100.2 + 0.1 * 100.4) / 0.7)


def test_a_zone_gathers_around_the_most_evidence() -> None:
    found = find_zones([evidence(price) for price in (99.3, 99.9, 100.0, 100.1, 100.7)], close=200, reach=1)
    assert [(zone.low, zone.high) for zone in found] == [(99.3, 99.3), (99.9, 100.1), (100.7, 100.7)]


def test_the_close_parts_support_from_resistance() -> None:
    found = find_zones([evidence(price) for price in (99.9, 100.0, 100.1)], close=100, reach=1)
    assert [(zone.side, zone.low, zone.high) for zone in found] == [
        ("support", 99.9, 100.0),
        ("resistance", 100.1, 100.1),
    ]


def test_no_evidence_no_zones() -> None:
    assert find_zones([], close=100, reach=1) == []


def test_three_kinds_make_a_confluence_and_turns_are_one_kind() -> None:
    turns = [evidence(99, 0.3, "swing", EARLY), evidence(99, 0.3, "range low", LATE), evidence(99, 0.1, "gap", LATE)]
    [pair] = find_zones(turns, close=100, reach=1)
    [three] = find_zones([*turns, evidence(99)], close=100, reach=1)
    assert (pair.touches, pair.confluence, three.confluence) == (2, False, True)


def test_what_never_turned_price_was_never_touched() -> None:
    [zone] = find_zones([evidence(99, kind="gap", time=EARLY)], close=100, reach=1)
    assert (zone.touches, zone.last_touch) == (0, None)


def test_what_never_turned_price_is_never_strong_and_a_touch_makes_it_so() -> None:
    """A first average weighs what it says; a crowd of averages and pivots comes near to 50."""
    kinds: list[Kind] = ["volume node", "moving average", "gap", "fibonacci", "pivot", "round number"]
    crowd = [evidence(99, 0.2, kind) for kind in kinds * 5]
    [one] = find_zones(crowd[:1], close=100, reach=1)
    [untouched] = find_zones(crowd, close=100, reach=1)
    [touched] = find_zones([*crowd, evidence(99, 0.3, "swing", LATE)], close=100, reach=1)
    assert one.strength == pytest.approx(20)
    assert 49 < untouched.strength < 50
    assert touched.strength > 64


@given(pieces, st.floats(1, 100), st.floats(0.01, 20))
def test_zones_part_the_evidence_without_overlap(found: list[Evidence], close: float, reach: float) -> None:
    zones = find_zones(found, close, reach)
    assert sorted(one.price for zone in zones for one in zone.evidence) == sorted(one.price for one in found)
    assert all(below.high < above.low for below, above in pairwise(zones))
    for zone in zones:
        assert zone.low <= zone.price <= zone.high
        assert zone.high - zone.low <= reach * (1 + 1e-9)
        assert zone.high <= close if zone.side == "support" else zone.low > close
        assert 0 < zone.strength < 100


@given(pieces.filter(len), st.data())
def test_more_evidence_never_weakens_a_zone(found: list[Evidence], data: st.DataObject) -> None:
    near = [evidence(50, one.weight) for one in found]
    [zone] = find_zones(near, close=60, reach=1)
    [less] = find_zones([*near[1:], evidence(50, 0.005)], close=60, reach=1)
    assert less.strength < zone.strength
