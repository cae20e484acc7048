"""A payoff to look at: pixels of real PNGs, lines of text, and the page of clients that show one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pixels import MOST, glaze, near, pixels, rgb
from ttai.drawing.canvas import THEMES
from ttai_chains.payoff.draw import bound, dollars, draw
from ttai_chains.payoff.scene import Scene
from ttai_chains.payoff.spark import sparkline

Numbers = NDArray[np.float64]
BOTH: tuple[Literal["dark", "light"], ...] = ("dark", "light")
DARK = THEMES["dark"]
NAN = float("nan")
PRICES = np.linspace(50, 150, 301)


def scene(expiry: Numbers, prices: Numbers = PRICES, **changes: Any) -> Scene:
    """A position with this P/L at expiry and half of it today, on a price of 100 that may become anything."""
    usual: dict[str, Any] = {
        "title": "XYZ", "subtitle": "as of now", "spot": 100.0, "prices": prices, "expiry": expiry,
        "today": expiry / 2, "expiry_label": "at expiry, Dec 18, 2026", "today_label": "today", "breakevens": (),
        "strikes": (), "density": None, "one_deviation": None, "two_deviations": None, "max_profit": None,
        "max_loss": None,
    }  # fmt: skip
    return Scene(**(usual | changes))


def call(prices: Numbers = PRICES, strike: float = 100, paid: float = 5) -> Numbers:
    return 100 * (np.maximum(prices - strike, 0) - paid)


def bell(middle: float = 100, width: float = 15) -> Numbers:
    density: Numbers = np.exp(-(((PRICES - middle) / width) ** 2) / 2)
    return density


def long_call(**changes: Any) -> Scene:
    usual: dict[str, Any] = {"density": bell(), "one_deviation": (85, 115), "two_deviations": (70, 130)}
    usual |= {"breakevens": (105.0,), "strikes": (100.0,), "max_loss": 500.0}
    return scene(call(), **(usual | changes))


def iron_condor() -> Scene:
    spread = np.clip(np.abs(PRICES - 100) - 15, 0, 10)
    return scene(100 * (3 - spread), breakevens=(82.0, 118.0), strikes=(75, 85, 115, 125), max_profit=300, max_loss=700)


def shown(scene: Scene, theme: Literal["dark", "light"] = "dark", **size: int) -> NDArray[np.int16]:
    return pixels(draw(scene, theme, **size))


def below_header(seen: NDArray[np.int16]) -> NDArray[np.int16]:
    """Curves and cone: what is below the words of the header and left of the axis."""
    return seen[106:466, 14:810]


def columns(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where, from left to right, it is at some height."""
    found: NDArray[np.bool_] = np.any(there, axis=0)
    return found


def shaded(seen: NDArray[np.int16], theme: Literal["dark", "light"], side: Literal["up", "down"]) -> NDArray[np.bool_]:
    colours = THEMES[theme]
    return near(below_header(seen), glaze(getattr(colours, side), 0.28, colours.paper), 6)


@pytest.mark.parametrize("theme", BOTH)
def test_profit_is_shaded_above_zero_and_loss_below(theme: Literal["dark", "light"]) -> None:
    """A long call wins at the right and loses at the left; the two meet at zero and at the breakeven."""
    seen = shown(long_call(), theme)
    assert seen.shape == (500, 900, 3)
    assert (seen[2, 2] == rgb(THEMES[theme].paper)).all()
    won, lost = (np.argwhere(shaded(seen, theme, side)) for side in ("up", "down"))
    assert len(won) > 5000
    assert len(lost) > 1000
    assert won[:, 0].max() <= lost[:, 0].min()
    assert won[:, 1].min() >= lost[:, 1].max() - 2


def test_an_iron_condor_wins_in_the_middle_and_loses_on_both_sides() -> None:
    seen = shown(iron_condor())
    won, lost = columns(shaded(seen, "dark", "up")), columns(shaded(seen, "dark", "down"))
    middle = slice(300, 490)
    assert won[middle].mean() > 0.95
    assert not lost[middle].any()
    assert lost[:200].mean() > 0.95
    assert lost[-200:].mean() > 0.95


@pytest.mark.parametrize(("level", "there", "not_there"), [(50, "up", "down"), (-50, "down", "up")])
def test_what_only_wins_or_only_loses_has_one_colour(
    level: float, there: Literal["up", "down"], not_there: Literal["up", "down"]
) -> None:
    seen = shown(scene(np.full(301, float(level))))
    assert shaded(seen, "dark", there).mean() > 0.5
    assert not shaded(seen, "dark", not_there).any()


def test_the_curve_of_today_is_dashed_and_has_a_gap_where_it_is_unknown() -> None:
    today = PRICES * 4 - 400
    drawn = columns(near(shown(long_call(today=today)), DARK.lines[0])[90:])
    assert 0.4 < drawn[20:820].mean() < 0.95
    gap = np.where(np.abs(PRICES - 100) < 20, NAN, today)
    drawn = columns(near(shown(long_call(today=gap)), DARK.lines[0])[90:])
    assert not drawn[270:560].any()
    assert drawn[20:240].any()
    assert drawn[600:800].any()


def test_breakevens_are_upright_dashes_with_their_price_above() -> None:
    bare, marked = (below_header(shown(iron_condor_with(ends))) for ends in ((), (82.0, 118.0)))
    differs = np.abs(bare - marked).max(axis=2) > 60
    upright = np.flatnonzero(differs[60:].sum(axis=0) > 60)
    assert len(upright) >= 2
    assert np.ptp(upright) == pytest.approx(36 / 100 * 825, abs=12)
    assert 0.4 < differs[60:, upright].mean() < 0.75


def iron_condor_with(breakevens: tuple[float, ...]) -> Scene:
    """One whose picture has no other marks."""
    return scene(iron_condor().expiry, breakevens=breakevens, max_profit=300, max_loss=700)


def test_strikes_are_named_in_ink_and_marked_at_the_foot_of_the_curves() -> None:
    bare, marked = (shown(long_call(breakevens=(), strikes=some)) for some in ((), (87.0, 133.0)))
    new = near(marked, DARK.ink, 40) & ~near(bare, DARK.ink, 40)
    words, foot = columns(new[466:]), columns(new[330:380])
    assert len(np.flatnonzero(np.diff(np.flatnonzero(words)) > 100)) == 1
    assert np.ptp(np.flatnonzero(foot)) == pytest.approx(46 / 100 * 806, abs=4)


def test_the_ranges_of_the_price_are_named() -> None:
    """Below the hill two level strokes, each with some letters in its middle."""
    drawn = ~near(shown(long_call(strikes=()), "dark")[438:466, 14:820], DARK.paper, 30)
    assert (drawn[:, 240:].mean(axis=1) > 0.25).sum() >= 2
    lettered = np.flatnonzero(drawn.sum(axis=0) > 6)
    assert ((lettered > 380) & (lettered < 430)).sum() > 8


def test_the_cone_is_darker_where_the_price_is_likelier() -> None:
    violet = DARK.lines[5]
    seen = shown(long_call(spot=1.0, breakevens=(), strikes=()))[380:440, 14:820]
    shades = [glaze(violet, 1 - 0.75**layers, DARK.paper) for layers in (3, 2, 1)]
    first = [np.flatnonzero(near(seen, shade, 6).any(axis=0)).min() for shade in shades]
    assert first[0] > first[1] > first[2]
    assert np.ptp(np.flatnonzero(near(seen, shades[0], 6).sum(axis=0) > 3)) == pytest.approx(0.3 * 806, abs=12)
    assert near(shown(long_call()), violet).sum() > 500


def test_without_a_density_the_curves_have_the_room_of_the_cone() -> None:
    seen = shown(scene(call()))
    assert not near(seen, DARK.lines[5]).any()
    assert shaded(seen, "dark", "down")[-40:].any()


def test_unlimited_and_limited_are_said_in_their_colours() -> None:
    """The header's words are all that changes."""
    one, other = (shown(long_call(max_loss=loss)) for loss in (500.0, None))
    rows, columns = np.nonzero(np.abs(one - other).max(axis=2) > 60)
    assert rows.max() < 70
    assert columns.min() > 400
    assert near(one[rows.min() : rows.max(), columns.min() : columns.max()], DARK.down).any()


def test_a_slope_that_runs_off_does_not_hide_the_other_side() -> None:
    """A short call wins 50 dollars at most and loses a hundred thousand far away."""
    far = np.linspace(50, 1100, 400)
    seen = shown(scene(-call(far, paid=0.5), far))
    won = shaded(seen, "dark", "up")
    assert won.any(axis=1).sum() > 20
    assert shaded(seen, "dark", "down").any()


def test_a_plateau_is_shown_however_deep() -> None:
    """A spread that wins 10 and loses 990 dollars: the loss ends at a line, and does not run off."""
    expiry = 100 * (0.1 - np.clip(100 - PRICES, 0, 10))
    seen = below_header(shown(scene(expiry)))
    ink = near(seen[:, 40:200], DARK.ink, 40).mean(axis=1)
    assert np.flatnonzero(ink > 0.9).max() < 350


def test_the_same_scene_gives_the_same_bytes_also_in_threads() -> None:
    alone = draw(long_call(), "dark")
    assert draw(long_call(), "dark") == alone
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda _: draw(long_call(), "dark"), range(6))) == {alone}
    assert draw(long_call(), "light") != alone


@pytest.mark.parametrize("theme", BOTH)
@pytest.mark.parametrize(("width", "height"), [(400, 250), (900, 500), (2000, 2000)])
def test_sizes_are_exact_and_pictures_small(theme: Literal["dark", "light"], width: int, height: int) -> None:
    png = draw(iron_condor(), theme, width, height)
    assert pixels(png).shape == (height, width, 3)
    assert len(png) < MOST


SPX = np.linspace(5500, 8500, 400)
PENNY = np.linspace(0.1, 1, 300)
STEP = np.where(PRICES < 100, -50.0, 50.0)
HOSTILE: dict[str, Callable[[], Scene]] = {
    "two prices": lambda: scene(np.array([-1.0, 1]), np.array([1.0, 2])),
    "nothing to win or lose": lambda: scene(np.zeros(301), max_profit=0, max_loss=0),
    "a box": lambda: scene(np.full(301, 1.25), strikes=(90, 110), max_profit=1.25, max_loss=-1.25),
    "an index": lambda: scene(100 * (7000 - SPX), SPX, spot=7000, breakevens=(7000.0,), strikes=(6900.0, 7100.0)),
    "a penny": lambda: scene(call(PENNY, 0.5, 0.02), PENNY, spot=0.5, breakevens=(0.52,), strikes=(0.5,)),
    "no today": lambda: scene(STEP, today=np.full(301, NAN)),
    "gaps": lambda: scene(np.where(abs(PRICES - 80) < 5, NAN, STEP)),
    "infinite": lambda: scene(np.where(PRICES > 140, np.inf, STEP), today=np.full(301, 1e300)),
    "huge": lambda: scene(1e7 * STEP, max_profit=5e8, max_loss=5e8),
    "marks out of sight": lambda: scene(
        STEP, spot=1e9, breakevens=(-5, NAN, 1e9), strikes=(NAN, -1), one_deviation=(NAN, NAN), two_deviations=(-1, 1e9)
    ),
    "a spike of a density": lambda: scene(
        STEP, density=np.where(PRICES == 100, 1e9, 0.0), one_deviation=(120, 80), two_deviations=(100, 100)
    ),
    "an unknown density": lambda: scene(STEP, density=np.full(301, NAN), one_deviation=(90, 110)),
    "marks on marks": lambda: scene(STEP, breakevens=tuple(np.linspace(60, 140, 60)), strikes=tuple(PRICES)),
    "words": lambda: scene(
        STEP, title="$x^2$ 日本 \u202e evil \n\t \x00 " + "long " * 400, subtitle="Ünïcödé \\frac{1}{0}$" * 99,
        expiry_label="y" * 500, today_label="",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_comes_there_is_a_picture(what: str) -> None:
    png = draw(HOSTILE[what](), "dark")
    seen = pixels(png)
    assert seen.shape == (500, 900, 3)
    assert near(below_header(seen), DARK.ink, 60).sum() > 300  # the curve at expiry
    assert len(png) < MOST


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scene(STEP[:-1]), "expiry has 300 values for 301 prices"),
        (lambda: scene(STEP, density=np.ones(3)), "density has 3 values for 301 prices"),
        (lambda: scene(STEP, PRICES[::-1]), "two or more that ascend"),
        (lambda: scene(np.ones(1), np.ones(1)), "two or more that ascend"),
        (lambda: scene(np.ones(2), np.array([1, NAN])), "two or more that ascend"),
        (lambda: scene(np.full(301, NAN)), "no P/L at expiry is known"),
        (lambda: draw(scene(STEP), "dark", 10**9), "pixels, not 1000000000"),
        (lambda: draw(scene(STEP), "dark", height=0), "pixels, not 900 × 0"),
    ],
)
def test_what_can_t_be_drawn_is_said(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (dollars(1250, 0), "$1,250"),
        (dollars(-1250, 0), "−$1,250"),
        (dollars(1250, 0, sign=True), "+$1,250"),
        (dollars(-0.001, 2, sign=True), "$0.00"),
        (dollars(0.5, 2, sign=True), "+$0.50"),
        (bound("profit", "loss", None), "max profit unlimited"),
        (bound("profit", "loss", 132.47), "max profit $132.47"),
        (bound("loss", "profit", 86_753.2), "max loss $86,753"),
        (bound("loss", "profit", -1.25), "least profit $1.25"),
        (bound("loss", "profit", -1e-9), "max loss $0.00"),
    ],
)
def test_words_of_the_header_and_the_axis(said: str, wanted: str) -> None:
    assert said == wanted


def test_a_line_of_text_tells_profit_from_loss() -> None:
    """A long call at 20 columns: each is 5 dollars wide, the middle of the twelfth is 107.50."""
    assert sparkline(PRICES, call(), 100, width=20).splitlines() == [
        "profit ···········▁▂▃▄▅▅▆▇█ up to $4,500",
        "loss   ██████████▅········· down to −$500.00",
        "spot   ··········▲········· 100.00, from 50.00 to 150.00",
    ]


@pytest.mark.parametrize(
    ("values", "profit", "loss"),
    [
        (np.zeros(301), "·" * 10 + " none", "·" * 10 + " none"),
        (np.full(301, 50.0), "█" * 10 + " up to $50.00", "·" * 10 + " none"),
        (np.full(301, -50.0), "·" * 10 + " none", "█" * 10 + " down to −$50.00"),
        (np.where(abs(PRICES - 75) < 11, NAN, 5.0), "█   ██████ up to $5.00", "·   ······ none"),
        (np.where(PRICES > 99, np.inf, 5.0), "█████      up to $5.00", "·····      none"),
    ],
)
def test_a_line_of_text_of_odd_payoffs(values: Numbers, profit: str, loss: str) -> None:
    assert sparkline(PRICES, values, 100, width=10).splitlines()[:2] == [f"profit {profit}", f"loss   {loss}"]


@pytest.mark.parametrize(("spot", "at"), [(50, 0), (150, 39), (149, 39), (20, -1), (1e9, -1), (NAN, -1)])
def test_the_spot_is_marked_where_the_prices_have_it(spot: float, at: int) -> None:
    *_, line = sparkline(PRICES, call(), spot).splitlines()
    assert line[7:].find("▲") == at


@pytest.mark.parametrize(("values", "width"), [(np.full(301, NAN), 40), (call(), 9)])
def test_a_line_of_text_of_nothing_is_refused(values: Numbers, width: int) -> None:
    with pytest.raises(ValueError, match="10 or more columns of P/L, some of it known"):
        sparkline(PRICES, values, 100, width)
