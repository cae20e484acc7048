"""Pages for clients that show one (MCP Apps): what every page needs, put into a plugin's own."""

from functools import cache
from importlib.resources import files

_SHARED = ("page.css", "page.js")


@cache
def _shared(name: str) -> str:
    return files("ttai.drawing").joinpath(name).read_text("utf-8")


def page(html: str) -> str:
    """A whole page that needs nothing from elsewhere: `/* page.css */` and `/* page.js */` become what all pages share.

    ValueError where one of the two does not stand in it exactly once.
    """
    for name in _SHARED:
        mark = f"/* {name} */"
        if html.count(mark) != 1:
            raise ValueError(f"a page has {mark} once, this one {html.count(mark)} times")
        html = html.replace(mark, _shared(name))
    return html
