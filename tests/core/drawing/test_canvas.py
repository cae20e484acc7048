"""The sheet of pixels: what a mark leaves on it, and the words its font can write."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pixels import near, pixels
from ttai.drawing.canvas import THEMES, Canvas, Panel, plain


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (plain("a\nb\t c", 9), "a b c"),
        (plain("日本", 9), "??"),
        (plain("abcdef", 4), "abc…"),
    ],
)
def test_words_are_one_line_that_the_font_can_write(said: str, wanted: str) -> None:
    assert said == wanted


def drawn(**options: Any) -> NDArray[np.bool_]:
    """Where the area under a level line is, in a picture of 60 × 40 pixels counted from the lower left."""
    theme = THEMES["light"]
    canvas = Canvas(60, 40, theme)
    x = np.array([10.0, 20, 30, 40, 50])
    canvas.area(x, options.pop("y", np.full(5, 30.0)), options.pop("base", 10.0), theme.up, **options)
    return near(pixels(canvas.png()), theme.up, 2)[::-1]


def test_an_area_fills_what_is_between_its_curve_and_its_base() -> None:
    seen = drawn()
    assert seen[11:29, 11:49].all()
    assert seen.sum() == pytest.approx(20 * 40, abs=60)


def test_an_area_between_two_curves_may_cross() -> None:
    seen = drawn(y=np.array([10.0, 15, 20, 25, 30]), base=np.array([30.0, 25, 20, 15, 10]))
    assert seen[20, 12]
    assert seen[20, 47]
    assert not seen[12, 29:32].any()
    assert not seen[28, 29:32].any()


def test_an_area_breaks_off_where_a_point_is_unknown() -> None:
    seen = drawn(y=np.array([30.0, 30, np.nan, 30, 30]))
    assert seen[12:28, 12:19].all()
    assert not seen[:, 21:39].any()
    assert seen[12:28, 42:49].all()


def test_an_area_of_unknown_points_alone_is_nothing() -> None:
    assert not drawn(y=np.full(5, np.nan)).any()


def test_an_area_is_cut_off_at_its_box() -> None:
    seen = drawn(within=(25, 15, 35, 35))
    assert seen[16:29, 26:34].all()
    assert seen.sum() == pytest.approx(15 * 10, abs=30)


def test_a_panel_places_values_in_pixels() -> None:
    panel = Panel(10, 110, 20, 220, low=-100, high=100, first=50, last=150)
    assert panel.x(np.array([50.0, 100, 150])).tolist() == [10, 60, 110]
    assert panel.y(np.array([-100.0, 0, 100])).tolist() == [20, 120, 220]
