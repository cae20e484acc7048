"""Find the plugins, register each, and keep a failing one from costing more than itself."""

import asyncio
import contextlib
import inspect
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Literal, cast

from fastmcp import FastMCP

from ttai.declarations import Declarations, Later, Offer
from ttai.errors import PluginFailed, TookTooLong, TtaiError
from ttai.host import Host, Place, Services
from ttai.isolation import ENDS, is_ctrl_c
from ttai.logs import redact
from ttai.settings import GROUP, OURS, RESERVED, Config, expand
from ttai.starts import Start, end_all

SLOW = 2.0  # s a plugin may take to load without a word

_log = logging.getLogger(__name__)


class Refused(Exception):
    """A plugin that works and still can't be let in; the text says why and what to do."""


@dataclass
class PluginReport:
    """One line about one plugin: whether it is there, why not, and what cures it."""

    name: str
    distribution: str
    version: str
    state: Literal["loaded", "failed", "left out"] = "loaded"
    problem: str | None = None
    declared: list[str] = field(default_factory=list)
    clashes_with: str | None = None  # the plugin that has a name it wants
    trace: str = ""  # where its own code failed

    @property
    def line(self) -> str:
        """The report as one line of text."""
        head = f"{self.name} ({self.distribution} {self.version}): {self.state}"
        return f"{head}: {self.problem}" if self.problem else head


Find = Callable[[], Callable[[Host], None]]


class Plugins:
    """The plugins of one app, by what became of them."""

    def __init__(self, mcp: FastMCP, services: Services, config: Config) -> None:
        self._mcp = mcp
        self._services = services
        self._config = config
        self._owners: dict[str, str] = {}
        self._offers: dict[type, Offer] = {}
        self._starts: dict[str, Start] = {}
        self._ours: set[str] = set()
        self._problems: list[str] = []
        self.reports: list[PluginReport] = []

    @property
    def problems(self) -> list[str]:
        """What is wrong with how plugins were asked for, one sentence each."""
        return [*self._problems, *self._config.strangers(report.name for report in self.reports)]

    def load(self, selection: str, path: str, folder: Path) -> None:
        """Register what is installed, in `folder` and on `path`, ours first; `selection` is TTAI_PLUGINS."""
        self._extend(path, folder)
        found = sorted(installed(self._problems), key=lambda plugin: (plugin[0].distribution != OURS, plugin[0].line))
        chosen = self._choice(selection, {report.name for report, _ in found})
        candidates: list[tuple[PluginReport, Find]] = []
        for report, point in found:
            if chosen(report.name):
                candidates.append((report, partial(_find, point)))
            else:
                report.state = "left out"
                self.reports.append(report)
        self.add(candidates)

    def add(self, candidates: Sequence[tuple[PluginReport, Find]]) -> None:
        """Register plugins, those that require something after those that provide it."""
        self.reports += [report for report, _ in candidates]
        waiting = list(candidates)
        while waiting:
            later: list[tuple[PluginReport, Find, bool]] = []
            for report, find in waiting:
                if missing := self._register(report, find, last_call=False):
                    later.append((report, find, missing.optional))
            if len(later) == len(waiting):  # nobody will provide it: those who can do without come first
                later.sort(key=lambda plugin: not plugin[2])
                report, find, _ = later.pop(0)
                self._register(report, find, last_call=True)
            waiting = [(report, find) for report, find, _ in later]

    async def start(self) -> None:
        """Bring all of them up, each when those it takes from have started."""
        await asyncio.gather(*(start.begin(self._services.database) for start in self._starts.values()))

    async def stop(self) -> None:
        """Bring them down, in the time there is."""
        await end_all(list(self._starts.values()))

    async def obstacle(self, plugin: str) -> str | None:
        """Why a plugin's jobs can't run, once it has started or the call can't wait for that."""
        try:
            await self._starts[plugin].ready()
        except PluginFailed as error:
            return error.message
        except TookTooLong:
            return f"{plugin} is starting"
        return None

    def why_absent(self, tool: str) -> str | None:
        """The plugin whose tool that would be, where it was not let in, and why."""
        return next(
            (one.line for one in self.reports if one.state == "failed" and tool.startswith(f"{one.name}_")), None
        )

    def phase(self, report: PluginReport) -> str:
        """A plugin's state with its start: loaded ones are `starting` until they are `ready`."""
        return self._starts[report.name].phase if report.state == "loaded" else report.state

    def _register(self, report: PluginReport, find: Find, *, last_call: bool) -> Later | None:
        """Register one plugin: all it declares, or nothing and the reason; or what it wants to wait for."""
        ours = report.distribution == OURS
        declared = Declarations()

        async def ready() -> None:
            await self._starts[report.name].ready()

        place = Place(self._offers, last_call, ready)
        host = Host(report.name, self._services, self._config, declared, place, ours=ours)
        try:
            self._check_name(report, ours=ours)
            with contextlib.redirect_stdout(sys.stderr), _watched(report.name):  # stdout belongs to the protocol
                _plain(find())(host)
            self._check_clashes(report, declared)
        except Later as missing:
            return missing
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            report.state = "failed"
            report.problem = _problem(report, error)
            _log.warning("plugin %s", report.line)
            if not isinstance(error, Refused | TtaiError):
                report.trace = "".join(traceback.format_exception(error)).strip()
                _log.debug("plugin %s: %s", report.name, report.trace)
            return None
        finally:
            declared.close()
        self._accept(report, declared)
        return None

    def _accept(self, report: PluginReport, declared: Declarations) -> None:
        name = report.name
        report.state = "loaded"
        report.declared = declared.names
        self._owners.update(dict.fromkeys(_shared(declared), name))
        self._offers.update({kind: Offer(name, service) for kind, service in declared.offers.items()})
        takes = {self._starts[other]: needed for other, needed in declared.takes.items()}
        if report.distribution == OURS:
            self._ours.add(name)
        self._starts[name] = Start(name, declared, takes, failed=partial(_failed, report))
        if declared.tables:
            self._services.database.declare(name, declared.tables.module, declared.tables.migrations)
        for job in declared.jobs:
            self._services.scheduler.add(job)
        for address, changes in declared.changes.items():
            self._services.subscriptions.offer(address, changes)
        declared.serve(self._mcp)

    def _check_name(self, report: PluginReport, *, ours: bool) -> None:
        if not ours and report.name in RESERVED:
            raise Refused("its name is one of ttai's own words; its author must choose another")
        if not ours and not re.fullmatch(r"[a-z_][a-z0-9_]*", report.name):
            raise Refused("its name is no lower-case identifier; its author must choose another")
        if report.name in self._starts:
            cure = "its author must choose another" if report.name in self._ours else "uninstall one of them"
            raise Refused(f"a plugin of this name is loaded already; {cure}")

    def _check_clashes(self, report: PluginReport, declared: Declarations) -> None:
        for name in _shared(declared):
            if name in self._owners:
                report.clashes_with = owner = self._owners[name]
                raise Refused(f"{name} is taken by {owner}; leave one out: TTAI_PLUGINS=-{report.name}")

    def _extend(self, path: str, own: Path) -> None:
        for folder in filter(None, [*path.split(os.pathsep), str(own) if own.is_dir() else ""]):
            absolute = str(expand(Path(folder)))
            if not Path(absolute).is_dir():
                self._problems.append(f"TTAI_PLUGIN_PATH names {folder}, which is no folder; correct it")
            elif absolute not in sys.path:
                sys.path.append(absolute)

    def _choice(self, selection: str, installed: set[str]) -> Callable[[str], bool]:
        words = [word.strip() for word in selection.split(",") if word.strip()]
        out = {word[1:] for word in words if word.startswith("-")}
        only = {word for word in words if not word.startswith("-")}
        for name in sorted((out | only) - installed):
            self._problems.append(f"TTAI_PLUGINS names {name}, which is not installed; `ttai plugins` lists what is")
        return lambda name: name not in out and (not only or name in only)


def installed(problems: list[str]) -> Iterator[tuple[PluginReport, EntryPoint]]:
    """Every plugin that a distribution names; a damaged distribution costs itself alone, and is a problem."""
    seen = set()
    for distribution in distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == GROUP]
            if not points:
                continue
        except Exception as error:  # noqa: BLE001 - isolation is the point
            problems.append(f"the metadata of an installed package can't be read ({error!r}); reinstall it")
            continue
        name, version = _told(distribution, "Name"), _told(distribution, "Version")
        if name not in seen:  # the first on the path is the one that is imported
            seen.add(name)
            yield from ((PluginReport(point.name, name, version), point) for point in points)


def _shared(declared: Declarations) -> list[str]:
    """The names that no two plugins can have; tables and lifespans are each plugin's own."""
    return [name for name in declared.names if name.startswith(("tool ", "resource ", "prompt ", "job ", "service "))]


def _failed(report: PluginReport, why: str) -> None:
    report.state = "failed"
    report.problem = why


def _told(distribution: Distribution, key: str) -> str:
    """What a distribution says of itself; "?" where it says nothing, or has no metadata to say it in."""
    with contextlib.suppress(Exception):  # the libraries that read metadata disagree on what that is
        return distribution.metadata[key] or "?"
    return "?"


def _find(point: EntryPoint) -> Callable[[Host], None]:
    """A plugin's register function, imported."""
    try:
        return cast("Callable[[Host], None]", point.load())
    except ModuleNotFoundError as error:
        if error.name and f"{point.module}.".startswith(f"{error.name}."):
            said = f"its entry point names the module {error.name}, which is not there"
            raise Refused(f"{said}; reinstall it, or tell its author") from error
        raise


@contextlib.contextmanager
def _watched(name: str) -> Iterator[None]:
    """Say it, while it lasts, when a plugin keeps the server from starting."""
    timer = threading.Timer(SLOW, _log.warning, ("plugin %s is still loading; the server waits for it", name))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _plain(register: Callable[[Host], None]) -> Callable[[Host], None]:
    if inspect.iscoroutinefunction(register):
        raise Refused("its register is `async def`; its author must make it a plain `def`")
    return register


def _problem(report: PluginReport, error: BaseException) -> str:
    """What went wrong and what cures it, in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the library {error.name}: pip install {error.name.split('.')[0]}"
    if isinstance(error, ENDS):
        return "it tried to end the server while loading; report it to its author"
    if isinstance(error, TtaiError):
        return f"{error.message} {error.hint}".strip()
    if isinstance(error, Refused):
        return str(error)
    said = redact(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
    return f"{said}; report it to its author, or leave it out: TTAI_PLUGINS=-{report.name}"
