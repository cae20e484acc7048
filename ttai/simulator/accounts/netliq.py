"""What an account was worth: its ledger replayed against the prices of the past."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ttai.simulator.accounts.assets import Asset
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.ledger import Entry
from ttai.simulator.accounts.past import Past, moment, tape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

STEP = 300.0  # seconds between two points of a day
BACK = {"1d": 0, "1m": 31, "3m": 92, "6m": 183, "1y": 366, "all": 10_000}
"""Days back of the names that can be asked for."""


class Replay:
    """A ledger's entries against moments: cash and quantities at each."""

    def __init__(self, entries: Sequence[Entry], moments: Sequence[float]) -> None:
        import numpy as np

        self._at = np.array([entry.at for entry in entries])
        self.moments = np.array(moments)
        self.cash = self._by_then([float(entry.net) for entry in entries], self._at)
        of: dict[Asset, list[Entry]] = {}
        for entry in entries:
            if entry.asset is not None and entry.change:
                of.setdefault(entry.asset, []).append(entry)
        self._of = of

    def _by_then(self, amounts: Sequence[float], at: "Numbers") -> "Numbers":
        import numpy as np

        sums = np.concatenate(([0.0], np.cumsum(amounts)))
        return sums[np.searchsorted(at, self.moments, side="right")]

    def held(self) -> "list[tuple[Asset, Numbers, Numbers]]":
        """Every asset that was ever held at one of the moments: how many, and what was paid for them."""
        import numpy as np

        found = []
        for asset, entries in self._of.items():
            at = np.array([entry.at for entry in entries])
            counts = np.round(self._by_then([float(entry.change) for entry in entries], at), 8)
            if counts.any():
                paid = self._by_then([float(entry.change * (entry.price or 0)) for entry in entries], at)
                found.append((asset, counts, paid))
        return found


def daily(entries: Sequence[Entry], days: Sequence[date], past: Past) -> "Numbers":
    """What an account was worth as each of these sessions closed."""
    import numpy as np

    replay = Replay(entries, [moment(day, 1.0) + 1 for day in days])
    total = replay.cash.copy()
    for asset, counts, paid in replay.held():
        places = np.flatnonzero(counts).tolist()
        prices = past.prices(asset, [days[place] for place in places], 1.0)
        basis = paid[places] if asset.kind == "Future" else 0.0
        total[places] += (counts[places] * prices - basis) * float(asset.multiplier)
    return np.round(total, 2)


def intraday(
    entries: Sequence[Entry], moments: Sequence[float], day: date, spots: "dict[str, Numbers]", past: Past
) -> "Numbers":
    """What an account was worth at moments of a day; `spots` are the prices of the tapes at them."""
    import numpy as np

    replay = Replay(entries, moments)
    total = replay.cash.copy()
    for asset, counts, paid in replay.held():
        symbol, times = tape(asset)
        if symbol not in spots:
            prices = past.prices(asset, [day] * len(moments), 1.0)
        elif asset.is_option:
            prices = past.values(asset, [day] * len(moments), spots[symbol], replay.moments)
        else:
            prices = spots[symbol] * times
        total += (counts * prices - (paid if asset.kind == "Future" else 0.0)) * float(asset.multiplier)
    return np.round(total, 2)


def bars(ends: Sequence[tuple[float, float]], before: float) -> list[Json]:
    """Bars of what an account was worth at the end of each, from the one before; pending cash is never any."""
    rows, opened = [], before
    for at, value in ends:
        four = {"open": opened, "high": max(opened, value), "low": min(opened, value), "close": value}
        prices = {key: f"{number:.2f}" for key, number in four.items()}
        rows.append(
            {
                **prices,
                **{f"pending-cash-{key}": "0.0" for key in prices},
                **{f"total-{key}": price for key, price in prices.items()},
                "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            }
        )
        opened = value
    return rows
