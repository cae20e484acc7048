"""A plugin's page with what all pages share in it."""

import re

import pytest

from ttai.drawing.canvas import THEMES
from ttai.drawing.pages import page

BARE = "<style>/* page.css */</style><p>mine</p><script>/* page.js */ begin(mine);</script>"


def test_a_page_is_whole_and_what_the_plugin_wrote_stays() -> None:
    whole = page(BARE)
    style, script = whole.split("<p>mine</p>")
    assert '[data-theme="dark"]' in style
    assert "function begin(" in script
    assert script.endswith("begin(mine);</script>")
    assert "/* page." not in whole


@pytest.mark.parametrize("html", [BARE.replace("/* page.css */", ""), BARE + "/* page.js */"])
def test_a_page_without_a_place_for_it_or_with_two_is_refused(html: str) -> None:
    with pytest.raises(ValueError, match=r"once, this one [02] times"):
        page(html)


@pytest.mark.parametrize("theme", THEMES)
def test_pages_have_the_colours_of_pictures(theme: str) -> None:
    style = next(line for line in page(BARE).splitlines() if f'[data-theme="{theme}"] {{ --paper' in line)
    named = dict(re.findall(r"--(\w+): (#\w{6})", style))
    assert named == {name: value for name, value in THEMES[theme]._asdict().items() if name != "lines"}
