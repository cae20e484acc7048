"""The sheet of pixels: what a mark leaves on it, and the words its font can write."""

import pytest

from ttai.drawing.canvas import plain


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
