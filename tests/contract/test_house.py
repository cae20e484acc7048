"""The house stays walkable."""

import graphlib
import re
import subprocess
import tomllib
from pathlib import Path

import grimp
import pytest

import ttai

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("ttai", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
CEILING = 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_and_every_one_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= CEILING
    assert text.startswith('"""')


def test_there_is_no_import_circle() -> None:
    """Inside a room neither, nor for the sake of an annotation."""
    house = grimp.build_graph("ttai", "ttai_quotes", "ttai_chains", "ttai_portfolio", cache_dir=None)
    imports = {module: house.find_modules_directly_imported_by(module) for module in house.modules}
    graphlib.TopologicalSorter(imports).prepare()  # CycleError names the circle


def test_the_top_of_the_tree_is_as_agreed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {name.split("/")[0] for name in listed.stdout.splitlines()} <= {
        ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "build", "constraints.txt",
        "plugins", "pyproject.toml", "tests", "ttai",
    }  # fmt: skip


def test_every_dependency_has_a_reason_and_an_exact_version() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    declared = tomllib.loads(text)["project"]["dependencies"]
    exact = (ROOT / "constraints.txt").read_text("utf-8")
    assert "://" not in exact
    for requirement in declared:
        name = re.split(r"[\[><=]", requirement)[0]
        assert re.search(rf'"{re.escape(requirement)}",\s+# \w', text), f"{name} has no reason"
        assert re.search(rf"^{re.escape(name)}==", exact, re.MULTILINE), f"{name} is not in constraints.txt"


def test_the_version_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", ttai.__version__)


@pytest.mark.parametrize("word", ["Manager", "Helper", "Util", "Impl"])
def test_no_class_is_named_for_what_it_is_not(word: str) -> None:
    for path in SOURCES:
        assert not re.search(rf"^class \w*{word}(?![a-z])", path.read_text("utf-8"), re.MULTILINE), path


def test_the_tests_of_the_core_are_twins_of_its_modules() -> None:
    """test_candles.py tries candles.py of the same room; so may a test_candles_notes.py."""
    core = ROOT / "tests/core"
    for path in core.rglob("test_*.py"):
        room = ROOT / "ttai" / path.parent.relative_to(core)
        names = {module.stem for module in room.glob("*.py")}
        said = path.stem.removeprefix("test_")
        assert any(said == name or said.startswith(f"{name}_") for name in names), path
