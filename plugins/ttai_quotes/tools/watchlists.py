"""Watchlists: the broker's private and public ones, and local ones for who is not logged in."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Annotated, Any, Literal

from pydantic import Field

from ttai import BadArgument, Host, NotFound, NotLoggedIn, TtaiError, cut
from ttai.quant.symbols import normalize
from ttai_quotes.lists import LocalLists
from ttai_quotes.models.watchlists import Watchlist, WatchlistChange, Watchlists, WatchlistSummary
from ttai_quotes.tools.arguments import parts

MOST_LISTS = 100
MOST_SYMBOLS = 500  # on a list
MOST_NAMES = 8  # in an error
MOST_NAMED = 50  # symbols in an answer about a change
ROOM = 6000  # characters of symbols in one answer
LONGEST = 60  # characters of a name

Kind = Literal["private", "local", "public"]
Action = Literal["create", "add", "remove", "delete"]


@dataclass
class _Found:
    """A list, wherever it is kept; `unreadable` entries are on it too."""

    name: str
    kind: Kind
    symbols: list[str] = field(default_factory=list)
    unreadable: int = 0
    source: str | None = None


class WatchlistTools:
    """Lists of symbols, as answers."""

    def __init__(self, host: Host, local: LocalLists) -> None:
        self._broker = host.broker
        self._market = host.market
        self._local = local

    async def get_watchlists(
        self,
        name: Annotated[str | None, Field(description="One list, for its symbols; else all lists' names")] = None,
        skip: Annotated[int, Field(ge=0, description="Symbols to leave out at the beginning")] = 0,
    ) -> Watchlists | Watchlist:
        """List the user's watchlists and TastyTrade's public ones, or the symbols on the one of that name.
        Use it to find which symbols to look at."""
        known = await self._known()
        if name is not None:
            return _shown(known.named(name), skip)
        if not known.lists and known.failures and not known.logged_out:
            raise next(iter(known.failures.values()))
        kept, note = cut(known.lists, MOST_LISTS, "name=… for any of them", "lists")
        rows = [
            WatchlistSummary(name=one.name, kind=one.kind, symbols=len(one.symbols) + one.unreadable, source=one.source)
            for one in kept
        ]
        return Watchlists(watchlists=rows, notes=[*([note] if note else []), *known.notes])

    async def edit_watchlist(
        self,
        name: Annotated[str, Field(min_length=1, max_length=LONGEST)],
        action: Action,
        symbols: Annotated[list[str] | None, Field(description="Which to add or remove, or to create it with")] = None,
    ) -> WatchlistChange:
        """Create a watchlist, add symbols to it, remove symbols from it, or delete it whole.
        It changes the user's list at TastyTrade, or, without a login, one kept on this computer."""
        name, asked = name.strip(), _symbols(symbols)
        _check(name, action, asked)
        known = await self._known()
        if "private" in known.failures and not known.logged_out:
            raise known.failures["private"]
        if action == "create":
            return await self._create(known, name, asked)
        found = known.named(name)
        if found.kind == "public":
            raise BadArgument(
                f"{found.name!r} is a public watchlist, which TastyTrade alone changes",
                "Create one of your own with the symbols you want",
            )
        if action == "delete":
            delete = self._local.delete if found.kind == "local" else self._broker.delete_watchlist
            await delete(found.name)
            gone, keep = found.symbols, _fitting(found.symbols)
            cut_off = [f"the first {keep} of the {len(gone)} symbols that were on it are named"] if gone[keep:] else []
            return _change(found, "deleted", 0, removed=gone[:keep], keep=keep, notes=[*cut_off, *known.others(found)])
        return await self._change(found, action, asked, known.others(found))

    async def _create(self, known: "_Known", name: str, symbols: list[str]) -> WatchlistChange:
        if (there := known.find(name)) is not None:
            cure = "Choose another name" if there.kind == "public" else "Use add to put symbols on it"
            raise BadArgument(f"there is a {there.kind} watchlist {there.name!r} already", cure)
        _check_length(len(symbols))
        if known.logged_out:
            await self._local.create(name, symbols)
            made = _Found(name, "local")
        else:
            await self._broker.create_watchlist(name, symbols)
            made = _Found(name, "private", source=known.source)
        return _change(made, "created", len(symbols), added=symbols)

    async def _change(self, found: _Found, action: Action, symbols: list[str], others: list[str]) -> WatchlistChange:
        there = set(found.symbols)
        touched = [one for one in symbols if (one in there) == (action == "remove")]
        idle = [one for one in symbols if (one in there) != (action == "remove")]
        why = "already on it" if action == "add" else "not on it"
        notes = [*([f"{_some(idle)}: {why}"] if idle else []), *others]
        add, remove = (touched, []) if action == "add" else ([], touched)
        if not touched:
            return _change(found, "unchanged", len(found.symbols) + found.unreadable, notes=notes)
        if add:
            _check_length(len(found.symbols) + found.unreadable + len(add))
        if found.kind == "local":
            now = await self._local.change(found.name, add, remove)
            return _change(found, "changed", len(now), added=add, removed=remove, notes=notes)
        kept = await self._broker.change_watchlist(found.name, add=add, remove=remove)
        undone = [one for one in touched if (one in kept) == (action == "remove")]
        if undone:
            how = "not" if action == "add" else "still"
            said = f"another program is changing this list at the same time: {how} on it, though sent several times:"
            notes.append(f"{said} {_some(undone)}; on it now: {_some(kept) or 'nothing'}")
        add, remove = ([one for one in part if one not in undone] for part in (add, remove))
        done = "contested" if undone else "changed"
        return _change(found, done, len(kept) + kept.unreadable, added=add, removed=remove, notes=notes)

    async def _known(self) -> "_Known":
        """All lists there are, each kind asked for at the same time."""
        private, local, public = await asyncio.gather(
            self._broker.watchlists(), self._local.all(), self._market.public_watchlists(), return_exceptions=True
        )
        known = _Known()
        known.take("private", private)
        if isinstance(local, dict):
            known.lists += [_Found(name, "local", symbols) for name, symbols in local.items()]
        else:
            known.take("local", local)
        known.take("public", public)
        return known


class _Known:
    """The lists there are: private, local, public; and why some kind of them could not be read."""

    def __init__(self) -> None:
        self.lists: list[_Found] = []
        self.failures: dict[Kind, TtaiError] = {}
        self.notes: list[str] = []
        self.source: str | None = None

    @property
    def logged_out(self) -> bool:
        """Whether the user's own lists are those kept here."""
        return isinstance(self.failures.get("private"), NotLoggedIn)

    def take(self, kind: Kind, answer: Any) -> None:
        """Take in the broker's lists of a kind, or what was raised instead."""
        if isinstance(answer, TtaiError):
            self.failures[kind] = answer
            note = f"{kind} watchlists could not be read: {answer}"
            if isinstance(answer, NotLoggedIn):
                note = f"local watchlists only: {answer.message}"
            self.notes = list(dict.fromkeys([*self.notes, note]))
            return
        if isinstance(answer, BaseException):
            raise answer
        self.notes += answer.notes(f"{kind} watchlists")
        self.lists += [_Found(one.name, kind, list(one), one.unreadable, one.source) for one in answer]
        self.source = next((one.source for one in answer), self.source)

    def find(self, name: str) -> _Found | None:
        """The list of that name; one that differs in capitals where there is no other."""
        alike = [one for one in self.lists if _plain(one.name) == _plain(name)]
        return next((one for one in alike if one.name == name), next(iter(alike), None))

    def others(self, found: _Found) -> list[str]:
        """That a list of the user's with the same name is not the one that is changed."""
        alike = [one for one in self.lists if _plain(one.name) == _plain(found.name) and one.kind != "public"]
        return [
            f"this is the {found.kind} watchlist {found.name!r}; the {one.kind} one, {one.name!r}, is left as it is"
            for one in alike
            if one is not found
        ]

    def named(self, name: str) -> _Found:
        """The list of that name; else what could not be read, else NotFound with the names there are."""
        if (found := self.find(name)) is not None:
            return found
        for failure in self.failures.values():
            if not isinstance(failure, NotLoggedIn):
                raise failure
        meant = name[:LONGEST].casefold()  # comparing takes time that grows with the square of the length
        near = sorted(
            (one.name for one in self.lists),
            key=lambda other: -SequenceMatcher(None, meant, other[:LONGEST].casefold()).ratio(),
        )
        more = f" and {len(near) - MOST_NAMES} more" if len(near) > MOST_NAMES else ""
        names = ", ".join(map(repr, near[:MOST_NAMES])) + more
        raise NotFound(f"there is no watchlist {name[:LONGEST]!r}", f"There are {names or 'none yet'}")


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _fitting(symbols: list[str]) -> int:
    """How many of them an answer has room for."""
    return bisect_right(list(accumulate(len(symbol) + 3 for symbol in symbols)), ROOM)


def _shown(found: _Found, skip: int) -> Watchlist:
    """A list from its symbol number `skip` on, as far as an answer has room."""
    rest = found.symbols[skip:]
    keep = _fitting(rest)
    kept, note = cut(rest, keep, f"skip={skip + keep}", "symbols")
    unreadable = [f"{found.unreadable} entries could not be read and are left out"] if found.unreadable else []
    return Watchlist(
        name=found.name,
        kind=found.kind,
        source=found.source,
        count=len(found.symbols) + found.unreadable,
        symbols=kept,
        notes=[*([note] if note else []), *unreadable],
    )


def _some(symbols: Sequence[str]) -> str:
    """Their names, as many as a note has room for."""
    more = [f"{len(symbols) - MOST_NAMED} more"] if len(symbols) > MOST_NAMED else []
    return ", ".join([*symbols[:MOST_NAMED], *more])


def _change(
    found: _Found,
    done: str,
    count: int,
    *,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
    notes: Iterable[str] = (),
    keep: int = MOST_NAMED,
) -> WatchlistChange:
    """What was done to a list, with as many of the symbols as are worth reading."""
    there = f"get_watchlists name={found.name!r} for what is on it"
    left_out = [
        f"{len(symbols)} symbols {verb}, the first {keep} are named; {there}"
        for verb, symbols in (("added", added), ("removed", removed))
        if symbols[keep:]
    ]
    theirs = "the simulator, until it ends" if found.source == "simulator" else "TastyTrade"
    return WatchlistChange(
        name=found.name,
        kind=found.kind,
        kept_at="this computer" if found.kind == "local" else theirs,
        source=found.source,
        done=done,
        count=count,
        added=list(added[:keep]),
        removed=list(removed[:keep]),
        notes=[*left_out, *notes],
    )


def _symbols(symbols: list[str] | None) -> list[str]:
    """The symbols in our spelling, none twice."""
    try:
        return list(dict.fromkeys(map(normalize, parts(symbols or []))))
    except ValueError as error:
        raise BadArgument(str(error), "Nothing was changed") from None


def _check(name: str, action: Action, symbols: list[str]) -> None:
    """Refuse what can't be meant: nothing left out empties a list."""
    if not any(letter.isalnum() for letter in name) or not name.isprintable():
        raise BadArgument("a watchlist's name has letters or digits", f"Send a name of 1 to {LONGEST} characters")
    if action in ("add", "remove") and not symbols:
        raise BadArgument(f"{action} needs symbols", f"Send which symbols to {action}; delete removes a whole list")
    if action == "delete" and symbols:
        raise BadArgument(
            "delete removes the whole list, not single symbols", "Use remove for those, or delete without symbols"
        )


def _check_length(symbols: int) -> None:
    if symbols > MOST_SYMBOLS:
        raise BadArgument(f"a watchlist has at most {MOST_SYMBOLS} symbols, not {symbols}", "Make another list")
