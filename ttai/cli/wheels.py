"""Wheels: whether one is whole and fits this ttai, and its modules unpacked into a folder."""

import hashlib
import os
import platform
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distributions
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import RecordEntry
from installer.sources import WheelFile
from installer.utils import Scheme
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from ttai import __version__
from ttai.errors import TtaiError
from ttai.settings import GROUP, OURS

RESERVED = frozenset({"manifest.json"})  # what the folder of the plugins has of its own


class BadWheel(TtaiError):
    """A file that can't be put among the plugins."""

    code = "VALIDATION"

    def __init__(self, path: Path, why: str, cure: str) -> None:
        super().__init__(f"{path.name} {why}", cure)


@dataclass(frozen=True)
class Wheel:
    """A wheel that is whole, and what it says of itself."""

    path: Path
    name: str  # in its canonical spelling
    version: Version
    sha256: str
    requires: Sequence[Requirement]
    python: SpecifierSet
    plugins: Sequence[str]
    modules: Sequence[str]

    @property
    def label(self) -> str:
        """Its name and version, and what it brings."""
        return f"{self.name} {self.version} ({_brings(self.plugins)})"


def read(path: Path) -> Wheel:
    """Look a wheel over, every hash of its RECORD; BadWheel for one that is damaged, dangerous or not for this ttai."""
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename:
        raise BadWheel(path, "is not a wheel", "Name a file such as ttai_vix-0.1.0-py3-none-any.whl") from None
    if name == OURS:
        raise BadWheel(path, "is ttai itself, no plugin", "Update ttai the way it was installed")
    if tags.isdisjoint(sys_tags()):
        ours, theirs = next(sys_tags()), ", ".join(sorted(map(str, tags)))
        raise BadWheel(path, f"is made for {theirs}; this is {ours}", "Get the wheel for this platform and Python")
    try:
        with zipfile.ZipFile(path) as archive:
            files = [file for file in archive.namelist() if not file.endswith("/")]
            for file in files:
                _check_place(path, file)
            source = WheelFile(archive)
            source.validate_record()
            places = list(_places(files, source.data_dir))
            for place in places:
                _check_place(path, place)
            said = PathDistribution(zipfile.Path(archive, f"{source.dist_info_dir}/"))
            wheel = _wheel(path, said, name, version, places)
    except FileNotFoundError:
        raise BadWheel(path, f"is not in {path.absolute().parent}", "Check the path") from None
    except TtaiError:
        raise
    except (zipfile.BadZipFile, zlib.error, InstallerError, OSError, ValueError, KeyError, ExceptionGroup) as error:
        raise BadWheel(path, f"is damaged ({' '.join(str(error).split())[:300]})", "Get it anew") from None
    if not wheel.python.contains(platform.python_version(), prereleases=True):
        why = f"needs Python {wheel.python}; this is {platform.python_version()}"
        raise BadWheel(path, why, "Get a version for this Python")
    return wheel


def unpack(wheel: Wheel, folder: Path) -> list[str]:
    """Write the modules of a wheel into an empty folder, without scripts and data; the files, relative to it."""
    with WheelFile.open(wheel.path) as source:
        install(source, _Folder(folder), {"INSTALLER": b"ttai\n"})
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def unmet(requires: Iterable[Requirement], there: Mapping[str, str]) -> list[str]:
    """What is missing or of a wrong version among `there` (versions by name), and what to do, a sentence each."""
    return [said for need in requires if (said := _unmet(need, there))]


def beside(folder: Path | None = None) -> dict[str, str]:
    """The versions of what is installed beside ttai, by name; what lies in `folder` does not count."""
    found: dict[str, str] = {}
    for distribution in listed(other for other in _path() if other != folder):
        found.setdefault(*distribution)
    return {**found, OURS: __version__}


def requirements(distribution: Distribution) -> list[Requirement]:
    """What a distribution requires on this platform and Python."""
    needs = [Requirement(need) for need in distribution.requires or []]
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]


def listed(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """The distributions in these folders: name and version; a damaged one counts as absent."""
    for distribution in distributions(path=[str(folder) for folder in folders]):
        try:
            said = distribution.metadata  # parsed anew at every look
        except Exception:  # noqa: BLE001, S112 - whatever is wrong with it, it is not what is asked about
            continue
        if {"Name", "Version"} <= set(said):
            yield canonicalize_name(said["Name"]), said["Version"]


class _Folder(SchemeDictionaryDestination):
    """One folder for everything that can be imported; scripts, headers and data have no place there."""

    def __init__(self, folder: Path) -> None:
        super().__init__({"purelib": str(folder), "platlib": str(folder)}, interpreter="", script_kind="posix")

    def write_script(self, name: str, *_: object, **__: object) -> RecordEntry:
        return RecordEntry(name, None, None)

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        if scheme in self.scheme_dict:
            return self.write_to_fs(scheme, os.fspath(path), stream, is_executable)
        return RecordEntry(os.fspath(path), None, None)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        here = [(where, record) for where, record in records if where in self.scheme_dict]
        super().finalize_installation(scheme, record_file_path, here)


def _wheel(path: Path, said: Distribution, name: str, version: Version, places: Iterable[str]) -> Wheel:
    if not {"Name", "Version"} <= set(said.metadata):
        raise BadWheel(path, "does not say what it is", "Tell its author")
    if (canonicalize_name(said.name), Version(said.version)) != (name, version):
        raise BadWheel(path, f"says that it is {said.name} {said.version}", "Get it under its own name")
    tops = {PurePosixPath(place).parts[0] for place in places}
    return Wheel(
        path=path,
        name=name,
        version=version,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        requires=requirements(said),
        python=SpecifierSet(next(iter(said.metadata.get_all("Requires-Python") or []), "")),
        plugins=sorted(point.name for point in said.entry_points.select(group=GROUP)),
        modules=sorted(top.partition(".")[0] for top in tops if not top.endswith(".dist-info")),
    )


def _places(files: Iterable[str], data_dir: str) -> Iterator[str]:
    """Where the files of a wheel come to lie: those of its data folder that are modules lie beside the others."""
    for file in files:
        if not file.startswith(f"{data_dir}/"):
            yield file
        elif file.startswith((f"{data_dir}/purelib/", f"{data_dir}/platlib/")):
            yield file.split("/", 2)[2]


def _check_place(path: Path, file: str) -> None:
    """A file must stay in the folder and out of what is the folder's own."""
    parts = file.split("/")
    if file.startswith("/") or any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
        raise BadWheel(path, f"would write outside of its place: {file}", "Don't use it; tell its author")
    if parts[0].startswith(".") or parts[0].lower() in RESERVED:
        raise BadWheel(path, f"brings {parts[0]}, which has no place among plugins", "Tell its author")


def _unmet(need: Requirement, there: Mapping[str, str]) -> str | None:
    name = canonicalize_name(need.name)
    version = there.get(name)
    if version is None:
        if getattr(sys, "frozen", False) and find_spec(name.replace("-", "_")):  # not all have their metadata there
            return None
        return f"it needs {need}, which is not here: get its wheel and name it in the same command"
    if need.specifier.contains(version, prereleases=True):
        return None
    if name == OURS:
        return f"it needs {need} and this is {version}: update ttai, or get a version of it for {version}"
    return f"it needs {need} and {version} is here: get a version of one of them that fits the other"


def _path() -> list[Path]:
    return [Path(folder or ".").absolute() for folder in sys.path]


def _brings(plugins: Sequence[str]) -> str:
    return f"plugin {', '.join(plugins)}" if plugins else "a library, no plugin"
