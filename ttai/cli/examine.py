"""Whether a plugin would load, and what its author may want to mend: tried in a process of its own.

What is examined comes first on that process's path, before whatever of it is installed; nothing is installed. A plugin
that hangs, or ends the process, ends that one alone.
"""

import asyncio
import importlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ttai.cli import wheels
from ttai.errors import BadArgument
from ttai.files import replace
from ttai.settings import GROUP

if TYPE_CHECKING:
    from ttai.app import App
    from ttai.plugins import PluginReport
    from ttai.tools import AnswerTool

PATIENCE = 30.0  # s loading may take
ROOM = 50  # characters of a tool's name: some clients put the server's in front, and 64 is the end
DESCRIPTION = 600  # characters; every one of them is read by the model in every conversation
_HINT = f'A plugin names its function in [project.entry-points."{GROUP}"]; `ttai plugins new` shows how'


@dataclass
class Finding:
    """What came of one plugin; `line` is its PluginReport's."""

    line: str
    loaded: bool = False
    declared: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trace: str = ""


@dataclass(frozen=True)
class Candidate:
    """What is examined: a distribution, its plugins, and the folders it is imported from."""

    distribution: str
    version: str
    plugins: Sequence[str]
    folders: Sequence[Path]
    warnings: Sequence[str] = ()


def examine(path: Path, data_dir: Path, patience: float = PATIENCE) -> list[Finding]:
    """Try the plugins of a project folder, a wheel or a folder with installed packages; nothing is installed.

    BadArgument where there is none. Blocks for as long as they take to load, at most `patience` seconds each.
    """
    with TemporaryDirectory(prefix="ttai-check-") as scratch:
        found = _candidates(path.absolute(), Path(scratch))
        return [finding for one in found for finding in _try(one, data_dir, Path(scratch), patience)]


def look(folders: Iterable[str], distribution: str, report: Path, data_dir: str) -> None:
    """Load that distribution's plugins from these folders, write what came of it, and end this process."""
    found = load(folders, distribution, data_dir)
    replace(report, json.dumps([asdict(finding) for finding in found]).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # whatever threads the plugin has left behind


def load(folders: Iterable[str], distribution: str, data_dir: str) -> list[Finding]:
    """Load that distribution's plugins from these folders, into this process."""
    from ttai.cli.terminal import make_app

    sys.path[:0] = folders
    importlib.invalidate_caches()
    logging.getLogger("ttai.plugins").propagate = False  # the report says it
    app = make_app(data_dir, plugins="")
    return asyncio.run(_findings(app, distribution))


def _candidates(path: Path, scratch: Path) -> list[Candidate]:
    if path.is_file():
        return [_of_wheel(path, scratch)]
    installed = [one for one in distributions(path=[str(path)]) if _plugins(one)] if path.is_dir() else []
    if (path / "pyproject.toml").is_file():
        return [_of_project(path, scratch)]
    if not installed:
        raise BadArgument(
            f"there is no plugin at {path}",
            "Name a project's folder (with a pyproject.toml), a wheel, or a folder of installed packages",
        )
    return [_of_distribution(one, [path]) for one in installed]


def _of_wheel(path: Path, scratch: Path) -> Candidate:
    wheel = wheels.read(path)
    folder = scratch / "wheel"
    folder.mkdir()
    wheels.unpack(wheel, folder)
    if not wheel.plugins:
        raise BadArgument(f"{path.name} brings no plugin", _HINT)
    return next(_of_distribution(one, [folder]) for one in distributions(path=[str(folder)]))


def _of_distribution(distribution: Distribution, folders: Sequence[Path]) -> Candidate:
    needs = wheels.requirements(distribution)
    return Candidate(
        distribution.name, distribution.version, _plugins(distribution), folders, wheels.unmet(needs, wheels.beside())
    )


def _of_project(path: Path, scratch: Path) -> Candidate:
    """A project as pip would lay it out: metadata in the scratch folder, modules where they are."""
    try:
        project = tomllib.loads((path / "pyproject.toml").read_text("utf-8")).get("project", {})
        points = {str(name): str(value) for name, value in project["entry-points"][GROUP].items()}
        name, version = str(project["name"]), str(project.get("version", "0"))
        needs = [Requirement(need) for need in project.get("dependencies", [])]
        python = SpecifierSet(project.get("requires-python", ""))
    except KeyError as error:
        raise BadArgument(f"pyproject.toml of {path} has no {error}", _HINT) from None
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadArgument(f"pyproject.toml of {path} can't be used ({error})", "Correct it") from None
    if not points:
        raise BadArgument(f"pyproject.toml of {path} names no plugin", _HINT)
    info = scratch / "project" / f"{canonicalize_name(name).replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    lines = [f"[{GROUP}]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    warnings = wheels.unmet((need for need in needs if not need.marker or need.marker.evaluate()), wheels.beside())
    here = ".".join(map(str, sys.version_info[:3]))
    if not python.contains(here, prereleases=True):
        warnings.append(f"it needs Python {python}; this is {here}")
    return Candidate(name, version, sorted(points), [info.parent, path / "src", path], warnings)


def _plugins(distribution: Distribution) -> list[str]:
    return sorted(point.name for point in distribution.entry_points if point.group == GROUP)


def _try(one: Candidate, data_dir: Path, scratch: Path, patience: float) -> list[Finding]:
    """One distribution's plugins in a process of their own."""
    report = scratch / f"{canonicalize_name(one.distribution)}.json"
    ttai = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ttai"]
    words = [*ttai, "plugins", "look", one.distribution, "--report", str(report), "--data-dir", str(data_dir)]
    said = _run([*words, *map(str, filter(Path.is_dir, one.folders))], patience)
    try:
        findings = [Finding(**finding) for finding in json.loads(report.read_bytes())]
    except FileNotFoundError:
        said = said or "it ended the process while it was loaded; report it to its author"
        findings = []
    if not findings:
        said = said or "its metadata can't be read; build it anew"
        findings = [Finding(f"{name} ({one.distribution} {one.version}): failed: {said}") for name in one.plugins]
    for finding in findings:
        finding.warnings[:0] = one.warnings
    return findings


def _run(words: Sequence[str], patience: float) -> str | None:
    """Run a command, its stdout as ours goes to stderr; why it did not end well, None where it did."""
    sys.stderr.flush()
    with subprocess.Popen(  # noqa: S603 - this program
        words, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
    ) as process:
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            _kill(process)
            return f"it took longer than {patience:.0f} s to load; report it to its author"
        except BaseException:
            _kill(process)
            raise
    if code == 0:
        return None
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"it ended the process {how} while it was loaded; report it to its author"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End it and what it has started."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


async def _findings(app: "App", distribution: str) -> list[Finding]:
    asked = [report for report in app.plugins.reports if _is(report, distribution)]
    return [await _finding(app, report) for report in asked]


def _is(report: "PluginReport", distribution: str) -> bool:
    return canonicalize_name(report.distribution) == canonicalize_name(distribution)


async def _finding(app: "App", report: "PluginReport") -> Finding:
    if report.state != "loaded":
        return Finding(report.line, trace=report.trace)
    if said := await _no_tables(app, report.name):
        return Finding(f"{report.name} ({report.distribution} {report.version}): would not start: {said}")
    tools: dict[str, Any] = {tool.name: tool for tool in await app.mcp.list_tools()}
    mine = [tools[name[5:]] for name in report.declared if name.startswith("tool ")]
    warnings = [warning for tool in mine for warning in _warnings(tool)]
    warnings += [
        f"with it, this does not load any more: {other.line}"
        for other in app.plugins.reports
        if other is not report and other.problem and report.name in (other.name, other.clashes_with)
    ]
    declared = [_described(app, name, tools) for name in report.declared]
    return Finding(report.line, True, declared + _settings(app, report.name), warnings)


async def _no_tables(app: "App", plugin: str) -> str | None:
    """Why the tables it declared can't be used, their modules imported; None where they can or there are none."""
    owners = app.database._owners  # noqa: SLF001 - opening the database would make one
    if plugin not in owners.guests:
        return None
    await owners.read(plugin)
    return app.database.problems.get(plugin)


def _described(app: "App", name: str, tools: dict[str, Any]) -> str:
    """One declared thing in one line: its kind, its name, and when or what for."""
    kind, _, called = name.partition(" ")
    if kind == "tool":
        return f"{name}: {' '.join((tools[called].description or 'no description').split())}"
    if kind == "job":
        job = app.scheduler.jobs[called]
        limits = [f"{word} {value}" for word, value in (("during", job.during), ("needs", job.needs)) if value]
        return f"{name}: {', '.join([str(job.schedule), *limits])}"
    return name


def _settings(app: "App", plugin: str) -> list[str]:
    section = app.config.sections.get(plugin)
    fields = section.model_fields if section else {}
    return [
        f"setting {str(field.validation_alias or f'TTAI_{plugin}_{name}').upper()}: "
        + ("required" if field.is_required() else f"{field.get_default(call_default_factory=True)!r} by default")
        for name, field in fields.items()
    ]


def _warnings(tool: "AnswerTool") -> list[str]:
    """What a reviewer would say of a tool."""
    from pydantic import BaseModel

    said = []
    text = " ".join((tool.description or "").split())
    if tool.annotations is None or tool.annotations.read_only_hint is None:
        said.append('does not say whether it only reads: @host.tool(annotations={"readOnlyHint": True})')
    if len(re.findall(r"[.!?](?=\s|$)", text)) < 2:
        said.append("is not described in two sentences: what it does, and when to use it")
    if len(text) > DESCRIPTION:
        said.append(f"has a description of {len(text)} characters, which the model reads every time")
    answer = getattr(tool, "return_type", None)
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        said.append("does not return a model (a subclass of ttai.Answer), so its answer has no schema, units or notes")
    if len(tool.name) > ROOM:
        said.append(f"has a name of {len(tool.name)} characters; clients that put the server's in front cut it at 64")
    return [f"{tool.name} {warning}" for warning in said]
