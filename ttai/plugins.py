"""Find the plugins, register each, and keep a failing one from costing more than itself."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from fastmcp import FastMCP

from ttai.errors import TtaiError
from ttai.host import Host, Services
from ttai.settings import RESERVED, Config

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
        self.reports: list[PluginReport] = []
        self.problems: list[str] = []

    def load(self, selection: str, path: str) -> None:
        """Register what is installed and on `path`, ours first; `selection` is TTAI_PLUGINS."""
        self._extend(path)
        found = sorted(entry_points(group=GROUP), key=lambda point: (not _ours(point), point.name, _home(point)))
        chosen = self._choice(selection, {point.name for point in found})
        for point in found:
            version = point.dist.version if point.dist else "?"
            report = PluginReport(point.name, _home(point), version)
            if not chosen(point.name):
                report.state = "left out"
                self.reports.append(report)
                continue
            self.add(report, point.load)

    def add(self, report: PluginReport, find: Callable[[], Callable[[Host], None]]) -> None:
        """Register one plugin: all it declares, or nothing and the reason."""
        self.reports.append(report)
        ours = report.distribution == OURS
        host = Host(report.name, self._services, self._config, ours=ours)
        try:
            self._check_name(report, ours=ours)
            with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to the protocol
                find()(host)
            self._check_clashes(report, host)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - isolation is the point
            report.state = "failed"
            report.problem = _problem(report, error)
            _log.warning("plugin %s", report.line)
            _log.debug("plugin %s", "".join(traceback.format_exception(error)))
            return
        report.declared = host.declared
        self._owners.update(dict.fromkeys(host.declared, report.name))
        self._mcp.add_provider(host.provider)

    def _check_name(self, report: PluginReport, *, ours: bool) -> None:
        if any(other.name == report.name and other.state == "loaded" for other in self.reports if other is not report):
            raise Refused("a plugin of this name is loaded already; uninstall one of them")
        if not ours and (report.name in RESERVED or not report.name.isidentifier() or not report.name.islower()):
            raise Refused("this name is reserved or no lower-case identifier; its author must choose another")

    def _check_clashes(self, report: PluginReport, host: Host) -> None:
        for declared in host.declared:
            if declared in self._owners:
                owner = self._owners[declared]
                raise Refused(f"{declared} is taken by {owner}; leave one out: TTAI_PLUGINS=-{report.name}")

    def _extend(self, path: str) -> None:
        for folder in filter(None, path.split(os.pathsep)):
            if not Path(folder).is_dir():
                self.problems.append(f"TTAI_PLUGIN_PATH names {folder}, which is no folder; correct it")
            elif folder not in sys.path:
                sys.path.append(folder)

    def _choice(self, selection: str, installed: set[str]) -> Callable[[str], bool]:
        words = [word.strip() for word in selection.split(",") if word.strip()]
        out = {word[1:] for word in words if word.startswith("-")}
        only = {word for word in words if not word.startswith("-")}
        for name in sorted((out | only) - installed):
            self.problems.append(f"TTAI_PLUGINS names {name}, which is not installed; `ttai plugins` lists what is")
        return lambda name: name not in out and (not only or name in only)


def _home(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "?"


def _ours(point: EntryPoint) -> bool:
    return _home(point) == OURS


def _problem(report: PluginReport, error: BaseException) -> str:
    """What went wrong and what cures it, in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the library {error.name}: pip install {error.name.split('.')[0]}"
    if isinstance(error, SystemExit):
        return "it tried to end the server while loading; report it to its author"
    if isinstance(error, TtaiError):
        return f"{error.message} {error.hint}".strip()
    if isinstance(error, Refused):
        return str(error)
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"{said}; report it to its author, or leave it out: TTAI_PLUGINS=-{report.name}"
