"""The chart as the eye has it: pixels of real PNGs; and the page that draws it in clients that show one."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import ttai_quotes
from tests.pixels import MOST, glaze, near, pixels, rgb
from tests.price_paths import DAY
from ttai.drawing.canvas import THEMES
from ttai.drawing.pages import page
from ttai.quant.bars import Bars
from ttai.quant.intervals import INTERVALS
from ttai_quotes.chart.draw import Line, draw
from ttai_quotes.chart.ticks import Tick, time_ticks
from ttai_quotes.models.chart import Shade

DARK = THEMES["dark"]
BOTH: tuple[Literal["dark", "light"], ...] = ("dark", "light")
PAGE = page((Path(ttai_quotes.__file__).parent / "chart" / "page.html").read_text("utf-8"))


def weekdays(start: str, offsets: NDArray[np.int64]) -> NDArray[np.datetime64]:
    days: NDArray[np.datetime64] = np.busday_offset(np.datetime64(start), offsets, roll="forward")
    return days.astype("datetime64[ms]")


def walk(count: int, start: float = 680, swing: float = 0.011, seed: int = 1) -> Bars:
    """Daily bars up to Friday, 2026-11-20."""
    random = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(random.normal(0, swing, count)))
    first = np.concatenate([[start], close[:-1]])
    high = np.maximum(first, close) * np.exp(np.abs(random.normal(0, swing / 2, count)))
    low = np.minimum(first, close) * np.exp(-np.abs(random.normal(0, swing / 2, count)))
    days = weekdays("2026-11-20", np.arange(1 - count, 1))
    return Bars(DAY, days, first, high, low, close, np.exp(random.normal(18, 0.3, count)).round())


def of(*rows: tuple[float, float, float, float], volume: float = np.nan) -> Bars:
    """Bars of these prices on the first weekdays of June 2026."""
    first, high, low, last = np.array(rows, dtype=float).T
    return Bars(DAY, weekdays("2026-06-01", np.arange(len(rows))), first, high, low, last, np.full(len(rows), volume))


def average(bars: Bars, count: int) -> NDArray[np.float64]:
    values = np.full(len(bars), np.nan)
    values[count - 1 :] = np.convolve(bars.close, np.ones(count) / count, "valid")
    return values


def shade(low: float, high: float, kind: Literal["support", "resistance"], label: str) -> Shade:
    return Shade(low=low, high=high, kind=kind, label=label)


def picture(bars: Bars, **options: Any) -> bytes:
    usual: dict[str, Any] = {"title": "SPY 1d", "lines": [], "zones": [], "volume": False, "theme": "dark"}
    return draw(bars, **(usual | options))


def inside(seen: NDArray[np.int16]) -> NDArray[np.int16]:
    """The part of a picture where the bars are: no header, no axes."""
    return seen[100:460, 16:828]


@pytest.mark.parametrize("theme", BOTH)
def test_a_picture_of_900_by_500_on_the_theme_s_paper(theme: Literal["dark", "light"]) -> None:
    seen = pixels(picture(walk(120), theme=theme))
    assert seen.shape == (500, 900, 3)
    assert (seen[2, 2] == rgb(THEMES[theme].paper)).all()
    assert near(seen, THEMES[theme].paper).mean() > 0.7
    assert near(seen[:28], THEMES[theme].ink).any()  # the title


@pytest.mark.parametrize(("width", "height"), [(400, 2000), (1155, 633), (2000, 250)])
def test_other_sizes_are_exact_too(width: int, height: int) -> None:
    assert pixels(picture(walk(60), width=width, height=height)).shape == (height, width, 3)


@pytest.mark.parametrize("theme", BOTH)
def test_a_rising_candle_is_hollow_and_a_falling_one_filled(theme: Literal["dark", "light"]) -> None:
    colours = THEMES[theme]
    rising = inside(pixels(picture(of((10, 13, 9, 12), (12, 15, 11, 14)), theme=theme)))
    falling = inside(pixels(picture(of((14, 15, 11, 12), (12, 13, 9, 10)), theme=theme)))
    up, down = near(rising, colours.up), near(falling, colours.down)
    assert up.any()
    assert not near(rising, colours.down).any()
    assert down.any()
    assert not near(falling, colours.up).any()
    assert down.sum() > 3 * up.sum()


def test_candles_stand_apart_also_when_there_are_400() -> None:
    seen = inside(pixels(picture(walk(400))))
    assert near(seen, DARK.up).sum() > 500
    assert near(seen, DARK.down).sum() > 500


@pytest.mark.parametrize("theme", BOTH)
def test_every_overlay_has_its_own_colour(theme: Literal["dark", "light"]) -> None:
    bars = walk(120)
    lines = [Line(f"sma:{n}", average(bars, n)) for n in (5, 10, 20, 30, 40, 50)]
    with_lines, without = (inside(pixels(picture(bars, lines=some, theme=theme))) for some in (lines, []))
    for colour in THEMES[theme].lines:
        assert near(with_lines, colour).sum() > near(without, colour).sum() + 40


def test_the_lines_of_one_indicator_share_a_colour() -> None:
    bars = walk(60)
    lines = [Line(f"bbands:20,2 {name}", average(bars, 20) * k) for name, k in (("upper", 1.05), ("lower", 0.95))]
    seen = inside(pixels(picture(bars, lines=lines)))
    assert near(seen, DARK.lines[0]).sum() > 100
    assert not near(seen, DARK.lines[1]).any()


def test_a_legend_that_is_full_counts_the_lines_it_leaves_out() -> None:
    """The twelve names stay as they are; one short word in muted ink is all that follows."""
    nowhere = [Line(f"sma:{n}", np.full(60, NAN)) for n in range(15)]
    names, counted = (pixels(picture(walk(60), lines=some))[28:80] for some in (nowhere[:12], nowhere))
    rows, columns = np.nonzero(np.abs(names - counted).max(axis=2) > 60)
    assert 6 < np.ptp(rows) < 16
    assert 30 < np.ptp(columns) < 60
    assert near(counted[rows, columns][:, None], DARK.muted).any()


@pytest.mark.parametrize(("name", "joined"), [("supertrend:10,3", False), ("sar:0.02,0.2", False), ("sma:20", True)])
def test_a_stop_breaks_off_where_it_changes_sides(name: str, joined: bool) -> None:
    bars = of(*[(10, 11.5, 8.5, 10)] * 40)
    values = np.where(np.arange(40) < 20, 9.0, 11.0)
    columns = near(inside(pixels(picture(bars, lines=[Line(name, values)]))), DARK.lines[0]).any(axis=0)
    drawn = np.flatnonzero(columns)
    assert np.ptp(drawn) > 600
    assert bool((np.diff(drawn) > 10).any()) is not joined


def test_a_gap_in_an_overlay_stays_empty() -> None:
    bars = walk(120)
    values = bars.close.copy()
    values[40:80] = np.nan
    seen = inside(pixels(picture(bars, lines=[Line("gap", values)])))
    columns: NDArray[np.bool_] = np.any(near(seen, DARK.lines[0]), axis=0)
    assert columns[20:230].mean() > 0.8
    assert not columns[280:490].any()
    assert columns[560:740].mean() > 0.8


def test_an_overlay_far_away_does_not_flatten_the_bars() -> None:
    bars = walk(60)
    alone, beside = (
        near(inside(pixels(picture(bars, lines=lines))), DARK.down).any(axis=1).sum()
        for lines in ([], [Line("sma:200", np.full(60, 68.0))])
    )
    assert beside == pytest.approx(alone, rel=0.1)


@pytest.mark.parametrize(("kind", "colour"), [("support", DARK.up), ("resistance", DARK.down)])
def test_a_zone_is_a_band_with_its_label(kind: Literal["support", "resistance"], colour: str) -> None:
    bars = of((10, 13, 9, 12), (12, 15, 11, 14))
    labelled, bare, none = (
        inside(pixels(picture(bars, zones=zones)))
        for zones in ([shade(9.5, 10.5, kind, "held 4 times")], [shade(9.5, 10.5, kind, "")], [])
    )
    tint = glaze(colour, 0.16, DARK.paper)
    band = near(bare, tint, 5).mean(axis=1) > 0.8
    assert 30 < band.sum() < 80
    assert near(none, tint, 5).mean() < 0.001
    assert near(labelled, colour, 60).sum() > near(bare, colour, 60).sum() + 100


def test_a_zone_out_of_sight_is_left_out() -> None:
    bars = walk(60)
    assert picture(bars, zones=[shade(1, 2, "support", "far")]) == picture(bars)


def test_volume_has_a_panel_where_any_is_known() -> None:
    prices = ((10, 13, 9, 12), (12, 15, 11, 14))
    assert picture(of(*prices), volume=True) == picture(of(*prices), volume=False)
    seen = pixels(picture(of(*prices, volume=5e6), volume=True))[440:464, 16:840]
    blend = glaze(DARK.up, 0.55, DARK.paper)
    assert near(seen, blend, 12).sum() > 300


def test_a_bar_without_all_its_prices_is_a_gap() -> None:
    bars = walk(90)
    low = bars.low.copy()
    low[30:60] = np.nan
    gapped = Bars(DAY, bars.time, bars.open, bars.high, low, bars.close, bars.volume)
    seen = inside(pixels(picture(gapped)))
    inked = (near(seen, DARK.up) | near(seen, DARK.down)).sum(axis=0)
    assert inked[10:240].max() > 10
    assert inked[290:520].max() <= 2  # the dashes of the last price


@pytest.mark.parametrize("theme", BOTH)
def test_dense_charts_stay_below_150_kilobytes(theme: Literal["dark", "light"]) -> None:
    bars = walk(400, swing=0.03)
    noise = np.random.default_rng(5)
    lines = [Line(f"line {n}", bars.close * np.exp(noise.normal(0, 0.05, 400))) for n in range(20)]
    zones = [shade(bars.low.min() * k, bars.low.min() * (k + 0.01), "support", f"zone {k}") for k in (1, 1.1, 1.2)]
    assert len(picture(bars, lines=lines[:6], zones=zones, volume=True, theme=theme)) < MOST / 2
    assert len(picture(bars, lines=lines, zones=zones, volume=True, theme=theme)) < MOST


def test_the_same_input_gives_the_same_bytes_which_hold_nothing_but_the_picture() -> None:
    bars = walk(60)
    first, second = picture(bars, volume=True), picture(bars, volume=True)
    assert first == second
    chunks, at = [], 8
    while at < len(first):
        chunks.append(first[at + 4 : at + 8])
        at += 12 + int.from_bytes(first[at : at + 4], "big")
    assert set(chunks) == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def test_two_threads_draw_at_once() -> None:
    bars = walk(120)

    def drawn(theme: Literal["dark", "light"]) -> bytes:
        return picture(bars, lines=[Line("sma:20", average(bars, 20))], theme=theme, width=400, height=250)

    wanted = {theme: drawn(theme) for theme in BOTH}
    together = Barrier(2)

    def work(theme: Literal["dark", "light"]) -> list[bytes]:
        together.wait(5)
        return [drawn(theme) for _ in range(4)]

    with ThreadPoolExecutor(2) as pool:
        for theme, pictures in zip(BOTH, pool.map(work, BOTH), strict=True):
            assert pictures == [wanted[theme]] * 4


def test_a_style_of_the_user_s_changes_nothing() -> None:
    import matplotlib as mpl

    bars = walk(60)
    plain_one = picture(bars, title="SPY", subtitle="as of now")
    style: dict[Any, Any] = {
        "font.family": "serif", "font.size": 30, "text.usetex": True, "text.color": "red", "lines.linewidth": 9,
        "figure.facecolor": "red", "savefig.dpi": 300, "figure.dpi": 40, "lines.antialiased": False,
    }  # fmt: skip
    with mpl.rc_context(style):
        assert picture(bars, title="SPY", subtitle="as of now") == plain_one


NAN = float("nan")
HOSTILE: dict[str, Callable[[], bytes]] = {
    "one bar": lambda: picture(of((10, 11, 9, 10.5)), lines=[Line("sma:20", np.array([NAN]))]),
    "all prices equal": lambda: picture(of(*[(600_000.0,) * 4] * 30), lines=[Line("x", np.full(30, 600_000.0))]),
    "all prices zero": lambda: picture(of((0, 0, 0, 0), (0, 0, 0, 0))),
    "negative prices": lambda: picture(of((-37.6, 10, -40, 9), (9, 12, 8, 11))),
    "huge prices": lambda: picture(walk(90, start=600_000), lines=[Line("x", np.full(90, 6e5))], volume=True),
    "tiny prices": lambda: picture(walk(90, start=0.0004), volume=True),
    "a range of a cent": lambda: picture(of((680, 680.01, 680, 680.01), (680.01, 680.01, 680, 680))),
    "infinite": lambda: picture(of((10, np.inf, 9, 10), (10, 12, 9, 11)), lines=[Line("x", np.array([np.inf, 1e300]))]),
    "beyond all prices": lambda: picture(of((1e300, 1e300, 1, 2), (10, 12, 9, 11))),
    "no volume": lambda: picture(walk(90), volume=True, title=""),
    "zero volume": lambda: picture(of((10, 12, 9, 11), volume=0), volume=True),
    "high below low": lambda: picture(of((10, 9, 12, 11), (11, 10, 13, 12))),
    "odd zones": lambda: picture(
        walk(20),
        zones=[shade(700, 600, "support", "upside down"),
               shade(-1e300, 1e300, "resistance", "all"), shade(680, 680, "support", "a point")],
    ),
    "words": lambda: picture(
        walk(20),
        title="$x^2$ 日本 \u202e evil \n\t \x00 " + "long " * 400,
        subtitle="\\frac{1}{0}$" * 99,
        lines=[Line("_hidden $\\alpha$ " + "y" * 500, walk(20).close), Line("", walk(20).close)],
        zones=[shade(670, 690, "support", "z" * 900)],
    ),
    "2,000 bars": lambda: picture(walk(2000), volume=True),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_comes_there_is_a_picture(what: str) -> None:
    png = HOSTILE[what]()
    seen = pixels(png)
    assert seen.shape == (500, 900, 3)
    assert (near(seen, DARK.up) | near(seen, DARK.down)).any()
    assert len(png) < MOST


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: picture(walk(20)[:0]), "no bar has all of its prices"),
        (lambda: picture(of((NAN, 1, 1, 1), (1, NAN, 1, 1))), "no bar has all of its prices"),
        (lambda: picture(walk(20), lines=[Line("sma:5", np.zeros(19))]), "sma:5 has 19 values for 20 bars"),
        (lambda: picture(walk(20), width=10**9), "pixels, not 1000000000"),
        (lambda: picture(walk(20), height=0), "pixels, not 900 × 0"),
    ],
)
def test_what_can_t_be_drawn_is_said(call: Callable[[], bytes], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_days_are_marked_by_week_and_months_by_month() -> None:
    assert [tick.words for tick in time_ticks(walk(30), pitch=27, apart=82)] == [
        "Oct 12, 2026", "Oct 19", "Oct 26", "Nov 2", "Nov 9", "Nov 16",
    ]  # fmt: skip
    months = time_ticks(walk(252), pitch=4, apart=82)
    january = int(np.flatnonzero(walk(252).time == np.datetime64("2026-01-01"))[0])
    assert months[0] == Tick(january, "Jan 2026", major=True)
    assert [tick.words for tick in months if not tick.major][-2:] == ["Oct", "Nov"]


def test_marks_keep_their_distance() -> None:
    for count in (1, 5, 40, 130, 400, 2000):
        at = [tick.bar for tick in time_ticks(walk(count), pitch=800 / count, apart=82)]
        assert at
        assert (np.diff(at) * 800 / count >= 82).all()


def test_the_clock_is_new_york_s_on_both_sides_of_a_change_of_the_clocks() -> None:
    """Summer time ends on Sunday, 2026-11-01: the opening bell moves from 13:30 to 14:30 UTC."""
    opens = [np.datetime64("2026-10-30T13:30"), np.datetime64("2026-11-02T14:30")]
    time = np.concatenate([start + np.arange(13) * np.timedelta64(30, "m") for start in opens]).astype("datetime64[ms]")
    flat = np.full(26, 10.0)
    ticks = time_ticks(Bars(INTERVALS["30m"], time, flat, flat, flat, flat, flat), pitch=60, apart=82)
    assert [(tick.bar, tick.words) for tick in ticks if tick.major] == [(0, "Oct 30"), (13, "Nov 2")]
    assert {tick.words for tick in ticks if not tick.major} <= {"11:00", "12:00", "13:00", "14:00", "15:00"}


def test_the_page_is_one_file_that_needs_nothing_from_outside() -> None:
    assert len(PAGE.encode()) <= 40 * 1024
    assert not re.search(r"https?:|//\w|\bsrc=|\bhref=|@import|url\(|\bimport\b|fetch\(|XMLHttpRequest|WebSocket", PAGE)
    assert PAGE.count("<script>") == PAGE.count("</script>") == 1


def test_the_page_takes_nothing_it_is_told_for_code_or_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\bon\w+=", PAGE)
    assert "textContent" in PAGE


@pytest.mark.parametrize(
    "method",
    [
        "ui/initialize", "ui/notifications/initialized", "ui/notifications/tool-input", "ui/notifications/tool-result",
        "ui/notifications/tool-cancelled", "ui/notifications/host-context-changed", "ui/notifications/size-changed",
        "ui/resource-teardown", "ping",
    ],
)  # fmt: skip
def test_the_page_speaks_the_protocol(method: str) -> None:
    assert f'"{method}"' in PAGE


@pytest.mark.parametrize("theme", BOTH)
def test_overlays_have_the_same_colours_on_page_and_picture(theme: Literal["dark", "light"]) -> None:
    lines = next(line for line in PAGE.splitlines() if line.strip().startswith(f"{theme}: ["))
    assert tuple(re.findall(r"#\w{6}", lines)) == THEMES[theme].lines
