"""The page of a payoff in clients that show one, and what it is sent."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic_core import to_json

import ttai_chains
from tests.plugins.chains.test_payoff_picture import BOTH, NAN, PRICES, call, iron_condor, long_call
from ttai.answers import BUDGET, PAGE, render, rows, structured
from ttai.drawing.canvas import THEMES
from ttai.drawing.pages import page
from ttai_chains.models.payoff import Payoff, PayoffPage
from ttai_chains.payoff.draw import draw
from ttai_chains.payoff.scene import Scene

HTML = page((Path(ttai_chains.__file__).parent / "payoff" / "page.html").read_text("utf-8"))


def sent(scene: Scene) -> dict[str, Any]:
    whole = PayoffPage.of(scene, symbol="XYZ", theme="dark", summary="what it is", source="simulator")
    found = structured(whole, PAGE)
    assert found is not None
    return found


def test_the_page_is_one_file_that_needs_nothing_from_outside() -> None:
    assert len(HTML.encode()) <= 40 * 1024
    assert not re.search(r"https?:|//\w|\bsrc=|\bhref=|@import|url\(|\bimport\b|fetch\(|XMLHttpRequest|WebSocket", HTML)
    assert HTML.count("<script>") == HTML.count("</script>") == 1


def test_the_page_takes_nothing_it_is_told_for_code_or_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\bon\w+=", HTML)


@pytest.mark.parametrize("theme", BOTH)
def test_page_and_picture_have_the_same_colours(theme: str) -> None:
    line = next(line for line in HTML.splitlines() if line.strip().startswith(f"{theme}: {{"))
    assert dict(re.findall(r'(\w+): "(#\w{6})"', line)) == {
        "today": THEMES[theme].lines[0],
        "likely": THEMES[theme].lines[5],
    }


@pytest.mark.parametrize("name", [*PayoffPage.model_fields, "as_of", "session", "price", "expiry", "today", "density"])
def test_the_page_reads_all_that_it_is_sent(name: str) -> None:
    script = HTML[HTML.index("<script>") :]
    label = name.endswith("_label") and "facts[`${key}_label`]" in script
    assert label or re.search(rf'facts\.{name}\b|"{name}"', script), name


def test_the_page_is_sent_every_price_with_profit_today_and_density() -> None:
    found = sent(long_call(today=np.where(PRICES < 60, NAN, call() / 2)))
    curve = rows(found, "curve")
    assert [row["price"] for row in curve] == pytest.approx(PRICES, abs=1e-4)
    assert [row["expiry"] for row in curve] == pytest.approx(call(), abs=0.01)
    assert curve[0]["today"] is None
    assert curve[-1] == {"price": 150, "expiry": 4500, "today": 2250, "density": 0.003866}
    assert (found["breakevens"], found["strikes"]) == ([105], [100])
    assert (found["one_deviation"], found["two_deviations"]) == ([85, 115], [70, 130])
    assert (found["max_profit"], found["max_loss"]) == (None, 500)


def test_what_is_unknown_is_null_or_nothing() -> None:
    found = sent(iron_condor())
    assert {row["density"] for row in rows(found, "curve")} == {None}
    assert (found["one_deviation"], found["two_deviations"]) == ([], [])


def test_a_small_density_of_a_large_price_is_kept() -> None:
    """1 in 100,000 a dollar would be nothing to four decimals."""
    found = sent(long_call(density=np.full(301, 1.23456e-5)))
    assert {row["density"] for row in rows(found, "curve")} == {1.235e-5}


def test_the_figures_keep_to_the_budget_and_leave_out_picture_and_page() -> None:
    scene = iron_condor()
    answer = Payoff(
        png=draw(scene, "dark"),
        said=["XYZ iron condor"],
        page=PayoffPage.of(scene, symbol="XYZ", theme="dark", summary="", source="simulator"),
        symbol="XYZ",
        strategy="iron condor",
        spot=100,
        net_debit=-300,
        breakevens=list(np.linspace(50, 150, 40)),
        max_profit=300,
        max_profit_unlimited=False,
        max_loss=None,
        max_loss_unlimited=True,
        pop=0.68123,
        one_deviation_low=85.123456,
        one_deviation_high=115,
        two_deviations_low=None,
        two_deviations_high=None,
    )
    facts = render(answer).structured
    assert len(to_json(facts)) < BUDGET / 4
    assert not {"png", "said", "page"} & facts.keys()
    assert (facts["pop"], facts["one_deviation_low"], facts["breakevens"][1]) == (0.6812, 85.1235, 52.5641)
    assert (facts["net_debit"], facts["max_loss"], facts["max_loss_unlimited"]) == (-300, None, True)
