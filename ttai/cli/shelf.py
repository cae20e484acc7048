"""The folder `<data dir>/plugins`: how plugins come to the desktop binary, where there is no pip.

It is last on the path. A distribution brings plugins once its entry_points.txt is there, so that file is the first to
go and the last to come; `manifest.json` says which files are whose, and a change is done when that is written.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ttai.cli.wheels import BadWheel, Wheel, beside, listed, read, requirements, unmet, unpack
from ttai.errors import BadArgument, TtaiError
from ttai.files import alone, replace

MANIFEST = "manifest.json"
WAIT = 10.0  # s another command may take
_JOURNAL = "journal.json"
_CHANGE = ".change-"
_CARELESS = frozenset({"test", "tests", "docs", "examples"})  # in wheels by mistake; nobody imports them


class PluginsBusy(TtaiError):
    """Another process is changing the folder."""

    code = "PLUGIN"
    retryable = True

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another ttai is just changing {folder}", "Try again in a few seconds")


class PluginsUnwritable(TtaiError):
    """The disk does not let us change the folder."""

    code = "PLUGIN"

    def __init__(self, folder: Path, said: str) -> None:
        super().__init__(
            f"{folder} can't be changed ({said}); what was there is still there",
            "Make the data dir yours and see that its disk isn't full, or choose another --data-dir",
        )


@dataclass(frozen=True)
class Entry:
    """One distribution in the manifest; `files` are relative to the folder."""

    name: str
    version: str
    sha256: str
    files: list[str]
    plugins: list[str] = field(default_factory=list)


def install(paths: Sequence[Path], folder: Path) -> list[str]:
    """Put wheels into `<data dir>/plugins`, each whole or not at all, none if one is unfit; a sentence on each."""
    wheels = [read(path) for path in paths]
    with _changing(folder) as shelf:
        shelf.check(wheels)
        return [shelf.put(wheel) for wheel in wheels]


def remove(name: str, folder: Path) -> list[str]:
    """Take a distribution, or the one that brings this plugin, out again; what was done, a sentence each."""
    with _changing(folder) as shelf:
        entry = shelf.find(name)
        shelf.change(entry.name, None, None, [])
        orphans = [other for other, needs in _needs(folder).items() if entry.name in map(_name, needs)]
        return [f"removed {entry.name} {entry.version}", *(f"{other} needs it and will not load" for other in orphans)]


class _Shelf:
    """The folder while this process alone changes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = self._read()
        for change in folder.glob(f"{_CHANGE}*"):
            self._finish(change)

    @cached_property
    def _beside(self) -> dict[str, str]:
        return beside(self._folder)

    def find(self, name: str) -> Entry:
        """The distribution of this name, or the one that brings the plugin of this name."""
        asked = canonicalize_name(name)
        if entry := self._entries.get(asked):
            return entry
        for entry in self._entries.values():
            if name in entry.plugins:
                return entry
        other = next((one for one in (asked, f"ttai-{asked}") if one in self._beside), None)
        cure = f"It was installed by pip: pip uninstall {other}" if other else "`ttai plugins` lists what is"
        raise BadArgument(f"{name} is not in {self._folder}", cure)

    def check(self, wheels: Sequence[Wheel]) -> None:
        """BadWheel for the first of them that can't stand here, with the others."""
        coming = {wheel.name: str(wheel.version) for wheel in wheels}
        there = {**dict(listed([self._folder])), **self._beside, **coming}
        for wheel in wheels:
            if [other.name for other in wheels].count(wheel.name) > 1:
                raise BadWheel(wheel.path, f"is not the only wheel of {wheel.name} here", "Name one of them")
        for wheel in wheels:
            self._check_shadow(wheel)
            self._check_age(wheel)
            if problems := unmet(wheel.requires, there):
                raise BadWheel(wheel.path, f"can't be used here: {'; '.join(problems)}", "Then install it again")
        for other, needs in _needs(self._folder).items():
            touched = [need for need in needs if _name(need) in coming]
            if other not in coming and (problems := unmet(touched, there)):
                raise BadWheel(wheels[0].path, f"would break {other}: {'; '.join(problems)}", "Update both at once")

    def put(self, wheel: Wheel) -> str:
        """Put one wheel there, or leave all as it was."""
        old = self._entries.get(wheel.name)
        if old and old.sha256 == wheel.sha256:
            return f"{wheel.label} is there already"
        change = Path(mkdtemp(prefix=_CHANGE, dir=self._folder))
        try:
            (change / "new").mkdir()
            files = unpack(wheel, change / "new")
            self._check_room(wheel, files, old)
        except BaseException:
            shutil.rmtree(change, ignore_errors=True)
            raise
        self.change(wheel.name, wheel, change, files)
        return f"replaced {old.name} {old.version} by {wheel.label}" if old else f"installed {wheel.label}"

    def change(self, name: str, wheel: Wheel | None, change: Path | None, files: list[str]) -> None:
        """Let `files`, unpacked in `change`/new, take the place of what the distribution has here."""
        old = self._entries.get(name)
        change = change or Path(mkdtemp(prefix=_CHANGE, dir=self._folder))
        came = Entry(name, str(wheel.version), wheel.sha256, files, list(wheel.plugins)) if wheel else None
        journal = {"name": name, "sha256": came.sha256 if came else None, "files": files}
        entries = {**self._entries, name: came}
        try:
            replace(change / _JOURNAL, json.dumps(journal).encode())
            _move(sorted(old.files if old else [], key=_is_metadata, reverse=True), self._folder, change / "old")
            _move(sorted(files, key=_is_metadata), change / "new", self._folder)
            self._write([entry for entry in entries.values() if entry])
        finally:
            self._finish(change)
        _tidy(self._folder, old.files if old else [])

    def _finish(self, change: Path) -> None:
        """Leave a change done where the manifest says so, else undone: its own, or that of a process that died."""
        self._entries = self._read()
        try:
            journal = json.loads((change / _JOURNAL).read_bytes())
        except (OSError, ValueError):  # nothing was moved yet
            shutil.rmtree(change, ignore_errors=True)
            return
        entry = self._entries.get(journal["name"])
        if (entry.sha256 if entry else None) != journal["sha256"]:
            for name in sorted(journal["files"], key=_is_metadata, reverse=True):
                if not (change / "new" / name).exists():  # it was put there
                    (self._folder / name).unlink(missing_ok=True)
            old = [path.relative_to(change / "old").as_posix() for path in (change / "old").rglob("*")]
            kept = [name for name in old if (change / "old" / name).is_file()]
            _move(sorted(kept, key=_is_metadata), change / "old", self._folder)
            _tidy(self._folder, journal["files"])
        shutil.rmtree(change, ignore_errors=True)

    def _check_shadow(self, wheel: Wheel) -> None:
        """The folder is last on the path: what is installed elsewhere would be loaded in the wheel's place."""
        if version := self._beside.get(wheel.name):
            raise BadWheel(
                wheel.path,
                f"would never be loaded: {wheel.name} {version} is installed beside ttai and comes first",
                f"Leave the wheel out, or uninstall that one (pip uninstall {wheel.name})",
            )
        for module in set(wheel.modules) - _CARELESS:
            if place := _elsewhere(module, self._folder):
                raise BadWheel(
                    wheel.path, f"would never be loaded: its module {module} is at {place} too, which comes first",
                    "Leave the wheel out, or uninstall what that belongs to",
                )  # fmt: skip

    def _check_age(self, wheel: Wheel) -> None:
        old = self._entries.get(wheel.name)
        if old and Version(old.version) > wheel.version:
            raise BadWheel(
                wheel.path, f"is older than what is there, {old.version}", f"First `ttai plugins remove {wheel.name}`"
            )

    def _check_room(self, wheel: Wheel, files: Sequence[str], old: Entry | None) -> None:
        mine = set(old.files) if old else set()
        owners = {name: entry.name for entry in self._entries.values() for name in entry.files}
        for name in files:
            if name not in mine and os.path.lexists(self._folder / name):
                whose = f" and belongs to {owners[name]}" if name in owners else ""
                cure = f"First `ttai plugins remove {owners[name]}`" if name in owners else "Move that away"
                raise BadWheel(wheel.path, f"brings {name}, which is in {self._folder} already{whose}", cure)

    def _read(self) -> dict[str, Entry]:
        path = self._folder / MANIFEST
        try:
            told = json.loads(path.read_bytes())["distributions"]
            return {one["name"]: Entry(**one) for one in told}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise BadArgument(
                f"{path} is damaged ({error!r})", f"Empty {self._folder} and install its plugins again"
            ) from None

    def _write(self, entries: Iterable[Entry]) -> None:
        told: list[dict[str, Any]] = [asdict(entry) for entry in sorted(entries, key=lambda entry: entry.name)]
        replace(self._folder / MANIFEST, json.dumps({"distributions": told}, indent=1).encode())


@contextmanager
def _changing(folder: Path) -> Iterator[_Shelf]:
    """The folder, made where it was missing and locked against other processes."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(folder / ".lock", WAIT):
            yield _Shelf(folder)
    except TimeoutError:
        raise PluginsBusy(folder) from None
    except (OSError, NotImplementedError) as error:
        raise PluginsUnwritable(folder, str(error)) from None


def _needs(folder: Path) -> dict[str, list[Requirement]]:
    """What each distribution in the folder requires."""
    return {canonicalize_name(one.name): requirements(one) for one in distributions(path=[str(folder)])}


def _elsewhere(module: str, folder: Path) -> str | None:
    """Where else a module would be imported from; the current folder is nobody's installation."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent
    root = place.parent if spec.submodule_search_locations else place
    return None if root in (folder, Path.cwd()) else spec.origin


def _move(names: Iterable[str], source: Path, target: Path) -> None:
    for name in names:
        if (source / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).replace(target / name)


def _tidy(folder: Path, names: Iterable[str]) -> None:
    """Remove the folders that these files leave empty, and the bytecode of what is gone."""
    parents = {parent for name in names for parent in PurePosixPath(name).parents if parent.parts}
    for parent in sorted(parents, key=lambda parent: len(parent.parts), reverse=True):
        place = folder / parent
        left = {child.name for child in place.iterdir()} if place.is_dir() else {""}
        if left <= {"__pycache__"}:
            shutil.rmtree(place, ignore_errors=True)


def _name(need: Requirement) -> str:
    return canonicalize_name(need.name)


def _is_metadata(name: str) -> tuple[bool, bool]:
    """What makes a distribution be found, the file that names the plugins last of all."""
    return ".dist-info/" in name, name.endswith("/entry_points.txt")
