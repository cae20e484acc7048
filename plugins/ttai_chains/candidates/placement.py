"""Where the legs of a strategy lie on a chain: one choice of strikes, or thousands at once; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from ttai import ExpirationQuotes
from ttai_chains.analysis import TYPES, nearest_delta
from ttai_chains.candidates.templates import Beside, ByDelta, Part, Template

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]
    T = TypeVar("T", bound=np.generic)

USUAL_WIDTH, MOST_WIDTH = 0.02, 0.05  # of the price
WIDTHS = 8  # different ones in a search
AROUND = 0.03  # of the delta asked for
_SAME = 1e-6  # dollars: strikes no farther apart are one


@dataclass(frozen=True, eq=False)
class Chosen:
    """A leg on a chain: the contract at `row` and `column` of an expiration, `quantity` of it, below 0 sold.

    Of stock the row is None, and the quantity is shares.
    """

    quotes: ExpirationQuotes
    row: int | None
    column: int
    quantity: int


def legs_of(
    template: Template,
    front: ExpirationQuotes,
    back: ExpirationQuotes | None = None,
    deltas: Sequence[float] | None = None,
    width: float | None = None,
) -> list[Chosen]:
    """The legs of a strategy nearest the deltas, without sign, and the width in dollars asked for.

    One delta is meant for what is sold (else bought), several for each part that has one; without, the usual ones,
    and a width of 2 % of the price. `back` is the later expiration of a calendar or diagonal. ValueError says what
    can't be found.
    """
    import numpy as np

    wanted = _wanted(template, deltas)
    picks = [
        _nearest(template, place, delta, front, back) for place, delta in zip(template.by_delta, wanted, strict=True)
    ]
    apart = USUAL_WIDTH * front.spot if width is None else width
    if not apart > 0:
        raise ValueError(f"a width is above 0 dollars, not {apart:g}")
    row = columns(template, front, back, np.array([picks], np.intp), np.array([apart]), exactly=False)[0]
    if (row < 0).any():
        missing = template.parts[int((row < 0).argmax())]
        side = "sold" if missing.ratio < 0 else "bought"
        day = dated(missing, front, back).expiration.date
        raise ValueError(f"no strike of {day} suits the {missing.type} of {template.name} that is {side}")
    return [
        Chosen(dated(part, front, back), part.row, int(column), part.ratio * (1 if part.row is not None else shares))
        for part, column, shares in zip(template.parts, row, [front.expiration.multiplier] * len(row), strict=True)
    ]


def _nearest(
    template: Template, place: int, delta: float, front: ExpirationQuotes, back: ExpirationQuotes | None
) -> int:
    """The column whose delta is nearest, of strikes that the legs at the same strike have, too."""
    import numpy as np

    part = template.parts[place]
    quotes = dated(part, front, back)
    columns = np.arange(len(quotes.strikes))
    for other in template.parts:
        if other.strike == Beside(place) and other.row is not None:
            there = dated(other, front, back)
            columns = columns[np.isin(quotes.strikes[columns], there.strikes[listed(there, other.row)])]
    found = nearest_delta(quotes, TYPES.index(part.type), delta, columns.tolist())
    if found is None:
        raise ValueError(f"no {part.type} of {quotes.expiration.date} has a known delta where all its legs are listed")
    return found.column


def _wanted(template: Template, deltas: Sequence[float] | None) -> list[float]:
    """The delta of each part that has one of its own."""
    usual = {place: template.parts[place].strike.usual for place in template.by_delta}  # type: ignore[union-attr]
    given = [abs(delta) for delta in deltas or ()]
    if bad := [delta for delta in given if not 0 < delta < 1]:
        raise ValueError(f"a delta is between 0 and 1, not {bad[0]:g}")
    if len(given) == 1:
        return [*(usual | dict.fromkeys(template.led, given[0])).values()]
    if given and len(given) != len(usual):
        raise ValueError(f"{len(given)} deltas were given, {template.name} takes 1 or {len(usual)}")
    return given or [*usual.values()]


def dated(part: Part, front: ExpirationQuotes, back: ExpirationQuotes | None) -> ExpirationQuotes:
    """The expiration a part is of; ValueError where it is the later one, and there is none."""
    if not part.back:
        return front
    if back is None:
        raise ValueError("this strategy needs a second, later expiration")
    return back


def listed(quotes: ExpirationQuotes, row: int) -> "Places":
    """The columns whose contract of one type there is, ascending."""
    import numpy as np

    return np.flatnonzero([bool(name) for name in quotes.expiration.symbols[row]])


def columns(
    template: Template,
    front: ExpirationQuotes,
    back: ExpirationQuotes | None,
    picks: "Places",
    widths: "Numbers",
    *,
    exactly: bool,
) -> "Places":
    """The columns (n, m) of n choices for m parts, −1 where no strike suits; stock has 0.

    `picks` (n, d) are the columns of the parts found by delta, `widths` (n,) dollars. What lies beside another is a
    width away `exactly`, or at the nearest strike on that side. Strikes must ascend.
    """
    import numpy as np

    found = np.zeros((len(widths), len(template.parts)), np.intp)
    strikes = np.zeros(found.shape)
    for pick, place in enumerate(template.by_delta):
        found[:, place] = picks[:, pick]
        strikes[:, place] = dated(template.parts[place], front, back).strikes[picks[:, pick]]
    for place in sorted(range(len(template.parts)), key=lambda one: _steps(template, one)):
        part = template.parts[place]
        if isinstance(part.strike, Beside) and part.row is not None:
            quotes = dated(part, front, back)
            there = listed(quotes, part.row)
            anchor = strikes[:, part.strike.part]
            at = _beside(quotes.strikes[there], anchor, part.strike.times * widths, exactly=exactly)
            found[:, place] = np.where(at >= 0, there[at], -1) if len(there) else -1
            strikes[:, place] = quotes.strikes[found[:, place]]
    _ascending(template, found, strikes)
    return found


def _steps(template: Template, place: int) -> int:
    """How many parts must have their strike before this one."""
    strike = template.parts[place].strike
    return 1 + _steps(template, strike.part) if isinstance(strike, Beside) else 0


def _beside(there: "Numbers", anchor: "Numbers", away: "Numbers", *, exactly: bool) -> "Places":
    """Of each anchor the place of the strike nearest so far away, on that side of it; −1 for none."""
    import numpy as np

    if not len(there):
        return np.full(len(anchor), -1)
    target, side = anchor + away, np.sign(away).astype(np.intp)
    after = np.clip(np.searchsorted(there, target), 1, max(len(there) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(there) - 1)
    at = np.where(target - there[before] < there[after] - target, before, after)
    at = at + np.where((there[at] - anchor) * side < _SAME, side, 0)  # no nearer than its neighbour
    inside = (at >= 0) & (at < len(there))
    at = np.where(inside, at, 0)
    right = np.where(side == 0, np.abs(there[at] - anchor) < _SAME, (there[at] - anchor) * side >= _SAME)
    fits = inside & right & (np.abs(there[at] - target) < _SAME if exactly else True)
    return np.where(fits, at, -1)


def _ascending(template: Template, found: "Places", strikes: "Numbers") -> None:
    """What does not ascend is none: the strikes of two parts are one only where the template says so."""
    import numpy as np

    options = [place for place, part in enumerate(template.parts) if part.row is not None]
    for low, high in pairwise(options):
        same = any(
            isinstance(template.parts[one].strike, Beside) and template.parts[one].strike == Beside(other)
            for one, other in ((low, high), (high, low))
        )
        step = strikes[:, high] - strikes[:, low]
        fits = np.abs(step) < _SAME if same else step >= _SAME
        found[~fits, high] = -1


@dataclass(frozen=True, eq=False)
class Choices:
    """Many choices of strikes, the columns (n, m) of their legs; `notes` say what was left out, or is not there."""

    columns: "Places"
    notes: tuple[str, ...] = ()


def choices(
    template: Template,
    front: ExpirationQuotes,
    back: ExpirationQuotes | None,
    most: int,
    target_delta: float | None = None,
    max_width: float | None = None,
) -> Choices:
    """At most so many of the choices there are: by deltas in the template's range, and all widths.

    With a `target_delta` what is sold (else bought) lies within 0.03 of it, or is the nearest; widths reach to
    `max_width` dollars, without to 5 % of the price. Where there are more, strikes and widths are thinned out evenly.
    """
    import numpy as np

    none = np.zeros((0, len(template.parts)), np.intp)
    sought = [_sought(template, place, dated(template.parts[place], front, back), target_delta) for place in
              template.by_delta]  # fmt: skip
    for place, found in zip(template.by_delta, sought, strict=True):
        if not len(found):
            part = template.parts[place]
            rule = part.strike
            assert isinstance(rule, ByDelta)  # noqa: S101 - that is what by_delta says
            return Choices(none, (f"no {part.type} has a delta between {rule.low:g} and {rule.high:g}",))
    widths, notes = np.zeros(1), []
    if template.has_width:
        limit = MOST_WIDTH * front.spot if max_width is None else max_width
        widths = _widths(template, front, sought)
        narrowest, widths = widths[:1], widths[widths <= limit + _SAME]
        if not len(widths):
            there = f"the narrowest wing there is has {narrowest[0]:g}" if len(narrowest) else "there are no wings"
            return Choices(none, (f"no strikes lie up to {limit:.6g} apart; {there}",))
        if len(widths) > WIDTHS:
            kept = np.unique(np.round(np.geomspace(1, len(widths), WIDTHS)).astype(int)) - 1
            notes.append(f"widths {', '.join(f'{one:g}' for one in widths[kept])} of {len(widths)} up to {limit:.6g}")
            widths = widths[kept]
    side = max(int((most / len(widths)) ** (1 / len(sought)) + _SAME), 1)
    if any(len(found) > side for found in sought):
        notes.append(f"at most {side} strikes a leg, evenly spread; target_delta narrows")
        sought = [thinned(found, side) for found in sought]
    grid = np.meshgrid(*sought, np.arange(len(widths)), indexing="ij")
    *picks, which = (axis.ravel() for axis in grid)
    found = columns(template, front, back, np.column_stack(picks), widths[which], exactly=True)
    return Choices(found[(found >= 0).all(axis=1)], tuple(notes))


def _sought(template: Template, place: int, quotes: ExpirationQuotes, target: float | None) -> "Places":
    """The columns of a part that is found by delta, ascending."""
    import numpy as np

    part = template.parts[place]
    rule, row = part.strike, TYPES.index(part.type)
    assert isinstance(rule, ByDelta)  # noqa: S101 - asked of such parts alone
    there: Places = listed(quotes, row)
    there = there[np.isfinite(quotes.delta[row, there])]
    deltas = np.abs(quotes.delta[row, there])
    if target is None or place not in template.led:
        between: Places = there[(deltas >= rule.low) & (deltas <= rule.high)]
        return between
    inside = np.abs(deltas - target) <= AROUND
    if len(there) and not inside.any():
        inside[np.abs(deltas - target).argmin()] = True
    near: Places = there[inside]
    return near


def _widths(template: Template, front: ExpirationQuotes, sought: "Sequence[Places]") -> "Numbers":
    """The distances, ascending, at which legs can lie from those found by delta."""
    import numpy as np

    anchors = np.concatenate([front.strikes[found] for found in sought])
    rows = {part.row for part in template.parts if isinstance(part.strike, Beside) and part.strike.times}
    there = np.concatenate([front.strikes[listed(front, row)] for row in rows if row is not None])
    apart = np.unique(np.abs(anchors[:, np.newaxis] - there).round(4))
    return apart[apart > _SAME]


def thinned(found: "NDArray[T]", most: int) -> "NDArray[T]":
    """At most so many of them, the first and the last among them."""
    import numpy as np

    kept: NDArray[T] = found[np.unique(np.round(np.linspace(0, len(found) - 1, min(most, len(found)))).astype(int))]
    return kept
