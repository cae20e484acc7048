"""The commands about plugins; whole processes of them are in tests/contract/test_plugin.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.core.cli.test_wheels import build
from ttai.cli import examine
from ttai.cli.plugins import plugins_cli
from ttai.errors import TtaiError

Run = Callable[..., Any]


@pytest.fixture
def run(own_logging: None, own_plugins: None) -> Run:
    return lambda *words: CliRunner().invoke(plugins_cli, [str(word) for word in words])


def test_a_project_is_written_and_checked(run: Run, tmp_path: Path) -> None:
    said = run("new", "vix", "--to", tmp_path)
    assert said.exit_code == 0
    assert f"cd {tmp_path / 'ttai-vix'} && pip install -e" in said.stdout
    said = run("check", tmp_path / "ttai-vix", "--data-dir", tmp_path)
    assert said.exit_code == 0
    assert said.stdout.splitlines()[0] == "vix (ttai-vix 0.1.0): loaded"
    assert said.stdout.splitlines()[1].startswith("  tool vix_move: Tell how far")


def test_what_would_not_load_ends_with_1(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examine.Finding("own (ttai-own 1): failed: it is broken", warnings=["mend it"], trace="the traceback")
    monkeypatch.setattr(examine, "examine", lambda *_: [found])
    said = run("check", tmp_path)
    assert (said.exit_code, said.stdout) == (1, "own (ttai-own 1): failed: it is broken\n! mend it\n")
    assert said.stderr == "the traceback\n"


def test_a_wheel_is_installed_listed_and_removed(run: Run, tmp_path: Path) -> None:
    home = ("--data-dir", tmp_path / "home")
    said = run("install", build(tmp_path), *home)
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        "installed ttai-trial 1.0 (plugin trial)",
        "It takes effect when ttai is started again; `ttai plugins` says whether it loads.",
    ]
    assert "trial (ttai-trial 1.0): loaded" in run("list", *home).stdout
    assert run("remove", "ttai_trial", *home).stdout.splitlines()[0] == "removed ttai-trial 1.0"
    assert "trial" not in run("list", *home).stdout


def test_what_can_not_be_is_an_error_of_ours(run: Run, tmp_path: Path) -> None:
    for words in (("install", "x.zip"), ("remove", "x"), ("check", tmp_path / "x"), ("new", "X")):
        assert isinstance(run(*words).exception, TtaiError)


def test_the_data_dir_may_be_said_before_the_command(run: Run, tmp_path: Path) -> None:
    home = ("--data-dir", tmp_path / "home")
    assert run(*home, "install", build(tmp_path)).exit_code == 0
    assert (tmp_path / "home" / "plugins").is_dir()
    for words in (home, (*home, "list"), ("list", *home)):
        assert "trial (ttai-trial 1.0): loaded" in run(*words).stdout
    assert "trial" not in run(*home, "--plugins", "core").stdout.replace("trial (ttai-trial 1.0): left out", "")
