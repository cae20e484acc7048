"""The answers about watchlists."""

from ttai import Answer, Count


class WatchlistSummary(Answer):
    """A list and how many symbols it has; `kind` is private, local (kept on this computer) or public."""

    name: str
    kind: str
    symbols: Count
    source: str | None


class Watchlists(Answer):
    """All lists: the user's own first."""

    watchlists: list[WatchlistSummary]


class Watchlist(Answer):
    """One list: `count` symbols in all, in the list's order."""

    name: str
    kind: str
    source: str | None
    count: Count
    symbols: list[str]


class WatchlistChange(Answer):
    """What was done to a list, where it is kept, how many are on it now; a note says where names are left out.

    `done` is created, changed, unchanged, deleted, or contested: another program undid some or all of it.
    """

    name: str
    kind: str
    kept_at: str
    source: str | None
    done: str
    count: Count
    added: list[str]
    removed: list[str]
