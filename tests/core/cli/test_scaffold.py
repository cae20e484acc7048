"""A new plugin's project; that it builds, installs and serves is in tests/contract/test_plugin.py."""

import tomllib
from pathlib import Path

import pytest

from ttai.cli.scaffold import new, unusable
from ttai.errors import BadArgument


def test_a_project_has_all_that_a_plugin_needs(tmp_path: Path) -> None:
    folder = new("fear_index", tmp_path)
    assert folder == tmp_path / "ttai-fear-index"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        ".gitignore", "README.md", "pyproject.toml", "tests/test_fear_index.py", "ttai_fear_index/__init__.py",
        "ttai_fear_index/py.typed",
    ]  # fmt: skip
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "ttai-fear-index"
    assert project["entry-points"]["ttai.plugins"] == {"fear_index": "ttai_fear_index:register"}
    for path in folder.rglob("*.*"):
        assert path.is_dir() or "$" not in path.read_text("utf-8"), path
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Vix", "lower-case identifier"),
        ("2x", "lower-case identifier"),
        ("a-b", "lower-case identifier"),
        ("a_", "lower-case identifier"),
        ("größe", "lower-case identifier"),
        ("../x", "lower-case identifier"),
        ("", "lower-case identifier"),
        ("host", "ttai's own words"),
        ("get", "ttai's own words"),
        ("quotes", "ttai has a plugin of this name"),
        ("x" * 31, "longer than 30"),
    ],
)
def test_a_name_that_would_not_load_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(BadArgument, match=why):
        new(name, tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["vix", "v", "vix2", "fear_index"])
def test_a_name_that_loads(name: str) -> None:
    assert unusable(name) is None


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    theirs = tmp_path / "ttai-vix"
    theirs.mkdir()
    (theirs / "mine").write_text("precious")
    with pytest.raises(BadArgument, match="is there already"):
        new("vix", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["ttai-vix", "mine"]


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="can't be written"):
        new("vix", tmp_path / "nosuch")


def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, *args: str, **options: str) -> int:
        if path.name == "test_vix.py":
            raise OSError(28, "No space left on device")
        return write(path, text, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadArgument, match="No space left"):
        new("vix", tmp_path)
    assert not any(tmp_path.iterdir())
