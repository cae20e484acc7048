"""Find the plugins, register each, and keep a failing one from costing more than itself."""

import contextlib
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Literal, cast

from fastmcp import FastMCP

from ttai.errors import TtaiError
from ttai.host import Declarations, Host, Services
from ttai.isolation import ENDS, is_ctrl_c
from ttai.logs import redact
from ttai.settings import RESERVED, Config, expand

GROUP = "ttai.plugins"
OURS = "ttai"

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

    @property
    def line(self) -> str:
        """The report as one line of text."""
        head = f"{self.name} ({self.distribution} {self.version}): {self.state}"
        return f"{head}: {self.problem}" if self.problem else head


class Plugins:
    """The plugins of one app, by what became of them."""

    def __init__(self, mcp: FastMCP, services: Services, config: Config) -> None:
        self._mcp = mcp
        self._services = services
        self._config = config
        self._owners: dict[str, str] = {}
        self._problems: list[str] = []
        self.reports: list[PluginReport] = []

    @property
    def problems(self) -> list[str]:
        """What is wrong with how plugins were asked for, one sentence each."""
        return [*self._problems, *self._config.strangers(report.name for report in self.reports)]

    def load(self, selection: str, path: str) -> None:
        """Register what is installed and on `path`, ours first; `selection` is TTAI_PLUGINS."""
        self._extend(path)
        found = sorted(self._installed(), key=lambda plugin: (plugin[0].distribution != OURS, plugin[0].line))
        chosen = self._choice(selection, {report.name for report, _ in found})
        for report, point in found:
            if chosen(report.name):
                self.add(report, lambda point=point: _find(point))  # type: ignore[misc]
            else:
                report.state = "left out"
                self.reports.append(report)

    def add(self, report: PluginReport, find: Callable[[], Callable[[Host], None]]) -> None:
        """Register one plugin: all it declares, or nothing and the reason."""
        self.reports.append(report)
        ours = report.distribution == OURS
        declared = Declarations()
        host = Host(report.name, self._services, self._config, declared, ours=ours)
        try:
            self._check_name(report, ours=ours)
            with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to the protocol
                _plain(find())(host)
            self._check_clashes(report, declared.names)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            report.state = "failed"
            report.problem = _problem(report, error)
            _log.warning("plugin %s", report.line)
            _log.debug("plugin %s", "".join(traceback.format_exception(error)))
            return
        finally:
            declared.close()
        report.declared = declared.names
        self._owners.update(dict.fromkeys(declared.names, report.name))
        declared.serve(self._mcp)

    def _check_name(self, report: PluginReport, *, ours: bool) -> None:
        if not ours and (report.name in RESERVED or not report.name.isidentifier() or not report.name.islower()):
            raise Refused("this name is reserved or no lower-case identifier; its author must choose another")
        if any(other.name == report.name and other.state == "loaded" for other in self.reports if other is not report):
            raise Refused("a plugin of this name is loaded already; uninstall one of them")

    def _check_clashes(self, report: PluginReport, names: Iterable[str]) -> None:
        for name in names:
            if name in self._owners:
                owner = self._owners[name]
                raise Refused(f"{name} is taken by {owner}; leave one out: TTAI_PLUGINS=-{report.name}")

    def _extend(self, path: str) -> None:
        for folder in filter(None, path.split(os.pathsep)):
            absolute = str(expand(Path(folder)))
            if not Path(absolute).is_dir():
                self._problems.append(f"TTAI_PLUGIN_PATH names {folder}, which is no folder; correct it")
            elif absolute not in sys.path:
                sys.path.append(absolute)

    def _installed(self) -> Iterator[tuple[PluginReport, EntryPoint]]:
        """Every plugin that a distribution names; a damaged distribution costs itself alone."""
        seen = set()
        for distribution in distributions():
            try:
                points = [point for point in distribution.entry_points if point.group == GROUP]
                if not points:
                    continue
                name, version = distribution.metadata["Name"] or "?", distribution.version or "?"
            except Exception as error:  # noqa: BLE001 - isolation is the point
                self._problems.append(f"the metadata of an installed package can't be read ({error!r}); reinstall it")
                continue
            if name not in seen:  # the first on the path is the one that is imported
                seen.add(name)
                yield from ((PluginReport(point.name, name, version), point) for point in points)

    def _choice(self, selection: str, installed: set[str]) -> Callable[[str], bool]:
        words = [word.strip() for word in selection.split(",") if word.strip()]
        out = {word[1:] for word in words if word.startswith("-")}
        only = {word for word in words if not word.startswith("-")}
        for name in sorted((out | only) - installed):
            self._problems.append(f"TTAI_PLUGINS names {name}, which is not installed; `ttai plugins` lists what is")
        return lambda name: name not in out and (not only or name in only)


def _find(point: EntryPoint) -> Callable[[Host], None]:
    """A plugin's register function, imported."""
    try:
        return cast("Callable[[Host], None]", point.load())
    except ModuleNotFoundError as error:
        if error.name and f"{point.module}.".startswith(f"{error.name}."):
            raise Refused(f"its own module {error.name} is missing; reinstall it") from error
        raise


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
