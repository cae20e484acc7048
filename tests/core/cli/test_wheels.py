"""Wheels looked over: what is whole and fits, and a sentence for each that is not."""

import base64
import hashlib
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ttai import __version__
from ttai.cli.wheels import BadWheel, beside, listed, read, unmet, unpack

PLUGIN = "def register(host):\n    pass\n"


def build(
    folder: Path,
    name: str = "ttai-trial",
    version: str = "1.0",
    files: Mapping[str, str] | None = None,
    *,
    requires: Iterable[str] = (),
    python: str = ">=3.11",
    plugin: str = "trial",
    tag: str = "py3-none-any",
    unlisted: Mapping[str, str] | None = None,
    metadata: str | None = None,
) -> Path:
    """A wheel as a build backend makes it; a distribution without a `plugin` is a library."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    said = [f"Name: {name}", f"Version: {version}", f"Requires-Python: {python}"]
    said += [f"Requires-Dist: {need}" for need in requires]
    inside = {
        **(files if files is not None else {f"{name.replace('-', '_')}/__init__.py": PLUGIN}),
        f"{info}/METADATA": metadata or "\n".join(["Metadata-Version: 2.1", *said, ""]),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: trial\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if plugin:
        inside[f"{info}/entry_points.txt"] = f"[ttai.plugins]\n{plugin} = {name.replace('-', '_')}:register\n"
    record = "".join(f"{path},sha256={_hash(text)},{len(text.encode())}\n" for path, text in inside.items())
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, text in {**inside, **(unlisted or {})}.items():
            archive.writestr(place, text)
    return path


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def test_what_a_wheel_says_of_itself(tmp_path: Path) -> None:
    path = build(tmp_path, "Ttai-Trial", requires=["ttai", "colorama; sys_platform == 'none'", "rich; extra == 'x'"])
    wheel = read(path)
    assert (wheel.name, str(wheel.version), wheel.plugins) == ("ttai-trial", "1.0", ["trial"])
    assert wheel.label == "ttai-trial 1.0 (plugin trial)"
    assert [str(need) for need in wheel.requires] == ["ttai"]
    assert wheel.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read(build(tmp_path, "lib", plugin="")).label == "lib 1.0 (a library, no plugin)"


def test_modules_are_unpacked_and_nothing_else(tmp_path: Path) -> None:
    files = {
        "ttai_trial/__init__.py": PLUGIN,
        "ttai_trial-1.0.data/purelib/ttai_more.py": "x = 1\n",
        "ttai_trial-1.0.data/scripts/trial": "#!python\n",
        "ttai_trial-1.0.data/data/share/trial.txt": "text\n",
    }
    wheel = read(build(tmp_path, files=files))
    assert wheel.modules == ["ttai_more", "ttai_trial"]
    target = tmp_path / "there"
    target.mkdir()
    assert [name for name in unpack(wheel, target) if "dist-info" not in name] == [
        "ttai_more.py",
        "ttai_trial/__init__.py",
    ]
    assert list(listed([target])) == [("ttai-trial", "1.0")]
    assert "scripts" not in (target / "ttai_trial-1.0.dist-info/RECORD").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tag": "cp311-cp311-win_arm64"}, "is made for cp311-cp311-win_arm64; this is"),
        ({"tag": "py2-none-any"}, "is made for py2-none-any"),
        ({"python": ">=3.99"}, "needs Python >=3.99; this is 3."),
        ({"python": "soon"}, "is damaged"),
        ({"name": "ttai"}, "is ttai itself"),
        ({"unlisted": {"sneaked.py": "x"}}, "is damaged .*sneaked.py is not mentioned in RECORD"),
        ({"files": {"../escaped.py": "x"}}, "would write outside of its place: ../escaped.py"),
        ({"files": {"/etc/escaped.py": "x"}}, "would write outside of its place"),
        ({"files": {"a\\..\\b.py": "x"}}, "would write outside of its place"),
        ({"files": {"c:/b.py": "x"}}, "would write outside of its place"),
        ({"files": {"manifest.json": "{}"}}, "brings manifest.json"),
        ({"files": {".change-x/journal.json": "{}"}}, "brings .change-x"),
        ({"files": {"ttai_trial-1.0.data/purelib/.change-x/journal.json": "{}"}}, "brings .change-x"),
        ({"files": {"ttai_trial-1.0.data/platlib/manifest.json": "{}"}}, "brings manifest.json"),
        ({"metadata": "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"}, "says that it is other 1.0"),
        ({"metadata": "Metadata-Version: 2.1\nName: ttai-trial\nVersion: 2\n"}, "says that it is ttai-trial 2"),
        ({"metadata": "Metadata-Version: 2.1\n"}, "does not say what it is"),
        ({"requires": ["not a requirement!"]}, "is damaged"),
        ({"files": {"other-1.dist-info/METADATA": "x"}}, "is damaged"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(tmp_path: Path, options: dict[str, str], said: str) -> None:
    path = build(tmp_path, **options)  # type: ignore[arg-type]
    with pytest.raises(BadWheel, match=said):
        read(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = build(tmp_path)
    good = path.read_bytes()
    for spoilt in (good[: len(good) // 2], b"", good.replace(b"ttai_trial/__init__", b"ttai_trial/__in1t__")):
        path.write_bytes(spoilt)
        with pytest.raises(BadWheel, match="is damaged"):
            read(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "is not a wheel"),
        ("ttai-trial-1.0.tar.gz", "is not a wheel"),
        ("half.whl", "is not a wheel"),
        ("ttai_trial-1.0-py3-none-any.whl", "is not in"),
    ],
)
def test_what_is_no_wheel_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(BadWheel, match=said):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ("ttai", None),
        (f"ttai>={__version__}", None),
        ("ttai>=99", f"it needs ttai>=99 and this is {__version__}: update ttai"),
        ("pydantic", None),
        ("Pydantic>=2", None),
        ("pydantic<1", "it needs pydantic<1 and .* is here"),
        ("no-such-library>=2", "it needs no-such-library>=2, which is not here: get its wheel"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(need: str, said: str | None) -> None:
    problems = unmet([Requirement(need)], beside())
    if said is None:
        assert problems == []
    else:
        (problem,) = problems
        assert re.search(said, problem)


def test_what_the_desktop_binary_carries_without_metadata_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmet([Requirement("this")], {})
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert unmet([Requirement("this")], {}) == []
    assert unmet([Requirement("no-such-library")], {})


def test_what_lies_in_the_folder_itself_is_not_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack(read(build(tmp_path / "wheels")), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "ttai-trial" in beside()
    assert "ttai-trial" not in beside(tmp_path)
