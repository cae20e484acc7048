"""Plugins put into the data dir and taken out again: whole or not at all, whatever happens in between."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.core.cli.test_wheels import PLUGIN, build
from ttai.cli import shelf
from ttai.cli.shelf import PluginsBusy, PluginsUnwritable, install, remove
from ttai.cli.wheels import BadWheel
from ttai.errors import BadArgument, TtaiError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data/plugins"


def files(folder: Path) -> dict[str, str]:
    """What lies there, without the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def modules(folder: Path) -> dict[str, str]:
    """What can be imported from there."""
    return {name: text for name, text in files(folder).items() if name.endswith(".py")}


def test_a_wheel_comes_and_goes(tmp_path: Path, folder: Path) -> None:
    wheel = build(tmp_path)  # another one of the same is another one: it has the time in it
    assert install([wheel], folder) == ["installed ttai-trial 1.0 (plugin trial)"]
    assert modules(folder) == {"ttai_trial/__init__.py": PLUGIN}
    (entry,) = json.loads((folder / "manifest.json").read_text())["distributions"]
    assert (entry["name"], entry["version"], entry["plugins"]) == ("ttai-trial", "1.0", ["trial"])
    assert sorted([*entry["files"], "manifest.json"]) == sorted(files(folder))
    assert install([wheel], folder) == ["ttai-trial 1.0 (plugin trial) is there already"]
    (folder / "ttai_trial/__pycache__").mkdir()
    (folder / "ttai_trial/__pycache__/x.pyc").touch()
    assert remove("trial", folder) == ["removed ttai-trial 1.0"]
    assert files(folder) == {"manifest.json": '{\n "distributions": []\n}'}
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "manifest.json"]


def test_a_newer_one_takes_the_place_of_an_older_one(tmp_path: Path, folder: Path) -> None:
    old = {"ttai_trial/__init__.py": PLUGIN, "ttai_trial/gone/deep.py": "x = 1\n"}
    install([build(tmp_path, files=old)], folder)
    new = {"ttai_trial/__init__.py": PLUGIN + "# new\n", "ttai_trial/more.py": "y = 2\n"}
    assert install([build(tmp_path, version="1.1", files=new)], folder) == [
        "replaced ttai-trial 1.0 by ttai-trial 1.1 (plugin trial)"
    ]
    assert modules(folder) == new
    assert [path.name for path in folder.glob("*.dist-info")] == ["ttai_trial-1.1.dist-info"]
    assert sorted(path.name for path in (folder / "ttai_trial").iterdir()) == ["__init__.py", "more.py"]
    with pytest.raises(BadWheel, match=r"is older than what is there, 1.1. First `ttai plugins remove ttai-trial`"):
        install([build(tmp_path, files=old)], folder)
    rebuilt = build(tmp_path, version="1.1", files=old)
    assert install([rebuilt], folder) == ["replaced ttai-trial 1.1 by ttai-trial 1.1 (plugin trial)"]
    assert modules(folder) == old


def test_a_plugin_comes_with_the_libraries_it_needs(tmp_path: Path, folder: Path) -> None:
    plugin = build(tmp_path, requires=["ttai", "trial-library>=2"])
    with pytest.raises(BadWheel, match="it needs trial-library>=2, which is not here: get its wheel and name it in"):
        install([plugin], folder)
    library = build(tmp_path, "trial-library", "2.0", plugin="")
    older = build(tmp_path, "trial-library", "1.0", plugin="")
    with pytest.raises(BadWheel, match="is not the only wheel of trial-library"):
        install([plugin, library, older], folder)
    with pytest.raises(BadWheel, match=r"it needs trial-library>=2 and 1.0 is here"):
        install([plugin, older], folder)
    assert files(folder) == {}
    said = ["installed ttai-trial 1.0 (plugin trial)", "installed trial-library 2.0 (a library, no plugin)"]
    assert install([plugin, library], folder) == said
    assert remove("trial_library", folder) == ["removed trial-library 2.0", "ttai-trial needs it and will not load"]


def test_an_update_that_breaks_another_plugin_is_refused(tmp_path: Path, folder: Path) -> None:
    library = build(tmp_path, "trial-library", "2.0", plugin="")
    install([build(tmp_path, requires=["trial-library<3"]), library], folder)
    with pytest.raises(BadWheel, match=r"would break ttai-trial: it needs trial-library<3 and 3.0 is here"):
        install([build(tmp_path, "trial-library", "3.0", plugin="")], folder)
    update = build(tmp_path, version="2.0", requires=["trial-library>=3"])
    assert len(install([build(tmp_path, "trial-library", "3.0", plugin=""), update], folder)) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "pydantic", "plugin": ""}, r"would never be loaded: pydantic \S+ is installed beside ttai"),
        ({"files": {"pydantic/__init__.py": ""}}, "its module pydantic is at .* too, which comes first"),
        ({"files": {"json.py": ""}}, "its module json is at"),
        ({"requires": ["ttai>=99"]}, "it needs ttai>=99 and this is .*: update ttai"),
        ({"requires": ["pydantic<1"]}, "it needs pydantic<1 and .* is here"),
    ],
)
def test_what_would_not_work_is_refused(tmp_path: Path, folder: Path, options: dict[str, str], said: str) -> None:
    with pytest.raises(BadWheel, match=said):
        install([build(tmp_path, **options)], folder)  # type: ignore[arg-type]
    assert files(folder) == {}


def test_an_upgrade_works_while_the_folder_is_on_the_path(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install([build(tmp_path)], folder)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    assert install([build(tmp_path, version="1.1")], folder)[0].startswith("replaced")


def test_one_unfit_wheel_and_none_is_installed(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BadWheel):
        install([build(tmp_path), build(tmp_path, "pydantic", plugin="")], folder)
    assert files(folder) == {}


def test_files_of_others_are_not_touched(tmp_path: Path, folder: Path) -> None:
    install([build(tmp_path, files={"shared/__init__.py": "", "shared/mine.py": ""})], folder)
    before = files(folder)
    with pytest.raises(BadWheel, match=r"brings shared/mine.py, .* belongs to ttai-trial. First `ttai plugins remove"):
        install([build(tmp_path, "ttai-other", files={"shared/mine.py": "theirs"}, plugin="other")], folder)
    (folder / "byhand.py").write_text("precious")
    with pytest.raises(BadWheel, match=r"brings byhand.py, which is in .* already. Move that away"):
        install([build(tmp_path, "ttai-other", files={"byhand.py": "theirs"}, plugin="other")], folder)
    assert files(folder) == {**before, "byhand.py": "precious"}


def test_a_namespace_is_shared(tmp_path: Path, folder: Path) -> None:
    install([build(tmp_path, files={"space/one.py": ""})], folder)
    install([build(tmp_path, "ttai-other", files={"space/two.py": ""}, plugin="other")], folder)
    remove("other", folder)
    assert modules(folder) == {"space/one.py": ""}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def after_moves(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """Let the disk fail, or the process end, after so many files were moved."""

    def plan(count: int, error: BaseException) -> None:
        rename = Path.replace
        moved = 0

        def limited(path: Path, target: Path) -> Path:
            nonlocal moved
            moved += 1
            if moved == count + 1:
                raise error
            return rename(path, target)

        monkeypatch.setattr(Path, "replace", limited)

    return plan


OLD = {"ttai_trial/__init__.py": PLUGIN, "ttai_trial/gone.py": "x = 1\n"}
NEW = {"ttai_trial/__init__.py": PLUGIN + "# new\n", "ttai_trial/more.py": "y = 2\n"}


@pytest.mark.slow
@pytest.mark.parametrize("moves", [0, 1, 4, 8, 9, 12, 15])
def test_a_disk_that_fails_leaves_the_old_one(
    tmp_path: Path, folder: Path, after_moves: Callable[[int, BaseException], None], moves: int
) -> None:
    install([build(tmp_path, files=OLD)], folder)
    before = files(folder)
    update = build(tmp_path, version="1.1", files=NEW)
    after_moves(moves, OSError(28, "No space left on device"))
    with pytest.raises(PluginsUnwritable, match="No space left on device"):
        install([update], folder)
    assert files(folder) == before


@pytest.mark.parametrize("moves", [0, 3, 8])
def test_a_removal_that_fails_leaves_all(
    tmp_path: Path, folder: Path, after_moves: Callable[[int, BaseException], None], moves: int
) -> None:
    install([build(tmp_path, files=OLD)], folder)
    before = files(folder)
    after_moves(moves, OSError(13, "Permission denied"))
    with pytest.raises(PluginsUnwritable, match="Permission denied"):
        remove("trial", folder)
    assert files(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("moves", [0, 1, 2, 4, 7, 8, 9, 12, 15])
def test_a_process_that_is_killed_leaves_what_the_next_command_mends(
    tmp_path: Path, folder: Path, moves: int, monkeypatch: pytest.MonkeyPatch,
    after_moves: Callable[[int, BaseException], None],
) -> None:  # fmt: skip
    install([build(tmp_path, files=OLD)], folder)
    before = files(folder)
    update = build(tmp_path, version="1.1", files=NEW)
    with monkeypatch.context() as patch:
        after_moves(moves, Killed())
        patch.setattr(shelf._Shelf, "_finish", lambda *_: None)
        with pytest.raises(Killed):
            install([update], folder)
    monkeypatch.undo()
    found = sorted(path.name for path in folder.glob("*.dist-info/entry_points.txt"))
    assert len(found) <= 1  # never two of them
    with pytest.raises(BadArgument):
        remove("nothing", folder)
    assert files(folder) == before
    assert not list(folder.glob(".change-*"))


def test_commands_take_turns(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    monkeypatch.setattr(shelf, "WAIT", 0.05)
    with FileLock(folder / ".lock"), pytest.raises(PluginsBusy):
        install([build(tmp_path)], folder)
    assert files(folder) == {}


def test_a_data_dir_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginsUnwritable, match="Make the data dir yours"):
        install([build(tmp_path)], tmp_path / "file/plugins")


def test_what_is_not_there_can_not_be_removed(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BadArgument, match=r"nothing is not in .*`ttai plugins` lists"):
        remove("nothing", folder)
    with pytest.raises(BadArgument, match="It was installed by pip: pip uninstall pydantic"):
        remove("Pydantic", folder)


@pytest.mark.parametrize("text", ["", "[]", '{"distributions": [{"name": "x"}]}'])
def test_a_damaged_manifest_is_said(tmp_path: Path, folder: Path, text: str) -> None:
    install([build(tmp_path)], folder)
    (folder / "manifest.json").write_text(text)
    before = files(folder)
    with pytest.raises(TtaiError, match=r"manifest.json is damaged"):
        install([build(tmp_path, version="2.0")], folder)
    assert files(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_it_is_the_user_s_alone(tmp_path: Path, folder: Path) -> None:
    install([build(tmp_path)], folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o600
