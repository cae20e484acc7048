"""The heat map of a stress: moves across, IV up, one panel a day."""

from typing import TYPE_CHECKING

from ttai.drawing.canvas import THEMES, Canvas, plain
from ttai_portfolio.stress.sheet import StressSheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WIDTH = 1080
LEFT, RIGHT, TOP, FOOT = 92, 24, 70, 46
CELL, GAP, HEAD = 34, 26, 24
SIZE, SMALL, TITLE = 9.5, 9.0, 14.0  # points


def draw(sheet: StressSheet, theme: str) -> bytes:
    """The PNG."""
    grid, asked, look = sheet.grid, sheet.asked, THEMES[theme]
    rows, panels = len(asked.ivs), len(asked.days)
    height = TOP + panels * (HEAD + rows * CELL + GAP) + FOOT
    canvas = Canvas(WIDTH, height, look)
    canvas.text(LEFT, height - 24, "P/L of the book, $", TITLE, look.ink, bold=True)
    what = "SPY moves, each underlying by its beta" if asked.beta_weighted else "every underlying moves alike"
    canvas.text(WIDTH - RIGHT, height - 24, plain(what, 80), SIZE, look.muted, align="right")
    most = max(abs(float(grid.pnl.min())), abs(float(grid.pnl.max())), 1.0)
    left, width = LEFT, (WIDTH - LEFT - RIGHT) / len(asked.moves)
    worst = grid.worst
    for day, elapsed in enumerate(asked.days):
        top = height - TOP - day * (HEAD + rows * CELL + GAP)
        canvas.text(left, top + 8, _when(elapsed), SIZE, look.ink, bold=True)
        for iv in range(rows):
            row = rows - 1 - iv  # the highest IV on top
            bottom = top - HEAD + 14 - (iv + 1) * CELL
            canvas.text(left - 10, bottom + CELL / 2, f"IV {_signed(asked.ivs[row])}", SMALL, look.muted, align="right")
            for spot in range(len(asked.moves)):
                pnl = float(grid.pnl[day, row, spot])
                _cell(canvas, left + spot * width, bottom, width, pnl, most, marked=(day, row, spot) == worst[:3])
    for spot, move in enumerate(asked.moves):
        canvas.text(
            left + (spot + 0.5) * width, FOOT - 6, _signed(move), SIZE, look.ink, align="center", bold=move == 0
        )
    canvas.text(left, FOOT - 28, plain(_said(sheet), 140), SMALL, look.muted)
    return canvas.png()


def _cell(canvas: Canvas, left: float, bottom: float, width: float, pnl: float, most: float, *, marked: bool) -> None:
    """One market: blue where it wins, orange where it loses, the deeper the more; the worst has a frame."""
    import numpy as np

    look = canvas.theme
    strength = min(abs(pnl) / most, 1.0) ** 0.6  # small losses show, too
    colour = look.up if pnl > 0 else look.down
    box = [np.array([float(edge)]) for edge in (left + 1, bottom + 1, left + width - 1, bottom + CELL - 1)]
    canvas.boxes(*box, face=look.grid)
    canvas.boxes(*box, face=colour, alpha=0.06 + 0.72 * strength)
    if marked:
        canvas.boxes(*box, face="none", edge=look.ink)
    canvas.text(left + width / 2, bottom + CELL / 2, _dollars(pnl), SIZE, look.ink, align="center", bold=marked)


def _dollars(pnl: float) -> str:
    """Thousands from ten of them on: a cell is narrow."""
    return f"{pnl / 1000:+,.1f}k" if abs(pnl) >= 10_000 else f"{pnl:+,.0f}"


def _signed(percent: float) -> str:
    return f"{percent:+g} %" if percent else "0 %"


def _when(days: float) -> str:
    return "now" if days == 0 else f"in {days:g} day{'' if days == 1 else 's'}"


def _said(sheet: StressSheet) -> str:
    worst = sheet.cell(sheet.grid.worst)
    book = sheet.book
    return (
        f"framed: the worst, {worst.pnl:,.0f} $ · {len(sheet.grid.legs)} positions · source {book.source or 'unknown'}"
    )
