"""What `ttai plugins check` says of a plugin, tried in a process of its own."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.core.cli.test_wheels import build
from tests.plugin_files import lay
from ttai.cli.examine import Finding, examine, load
from ttai.cli.scaffold import new
from ttai.cli.wheels import BadWheel
from ttai.errors import BadArgument

pytestmark = pytest.mark.timeout(60)  # each starts a ttai
whole = pytest.mark.slow

CARELESS = """
    from ttai import Host, Settings

    class Own(Settings):
        token: str = "x"

    def register(host: Host) -> None:
        host.settings(Own)

        @host.tool
        async def a_name_that_is_much_longer_than_a_model_needs_to_call_it() -> float:
            return 1.0

        @host.tool(annotations={"readOnlyHint": True})
        async def fine() -> dict[str, float]:
            "Count the things. Use it when asked."
            return {}

        @host.resource("own://now")
        async def now() -> str:
            "The time."
            return ""

        @host.prompt
        async def think() -> str:
            "Think."
            return ""

        @host.job("session", at="close", plus=5, needs="broker")
        async def close() -> None:
            pass
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def project(folder: Path, source: str, *, extra: str = "", layout: str = "ttai_own.py") -> Path:
    """A project whose pyproject.toml names `own`."""
    path = folder / "project" / layout
    path.parent.mkdir(parents=True)
    path.write_text(dedent(source), "utf-8")
    text = f'[project]\nname = "ttai-own"\nversion = "0.3"\n{extra}\n'
    text += '[project.entry-points."ttai.plugins"]\nown = "ttai_own:register"\n'
    (folder / "project/pyproject.toml").write_text(text, "utf-8")
    return folder / "project"


def test_the_scaffolded_project_has_nothing_to_mend(tmp_path: Path, home: Path) -> None:
    (found,) = examine(new("vix", tmp_path), home)
    assert (found.line, found.loaded, found.warnings) == ("vix (ttai-vix 0.1.0): loaded", True, [])
    tool, job, *settings = found.declared
    assert tool.startswith("tool vix_move: Tell how far a symbol has moved")
    assert job == "job vix_alarm: interval minutes=5, during open, needs market"
    assert settings == [
        "setting TTAI_VIX_SYMBOL: 'SPY' by default",
        "setting TTAI_VIX_ALARM_PERCENT: 2.0 by default",
    ]
    assert not any(home.iterdir())


@whole
def test_what_a_reviewer_would_say(tmp_path: Path, home: Path) -> None:
    extra = 'requires-python = ">=3.99"\ndependencies = ["no-such-library", "ttai>=99"]'
    (found,) = examine(project(tmp_path, CARELESS, extra=extra, layout="src/ttai_own/__init__.py"), home)
    assert found.loaded
    long = "own_a_name_that_is_much_longer_than_a_model_needs_to_call_it"
    assert found.declared == [
        f"tool {long}: no description",
        "tool own_fine: Count the things. Use it when asked.",
        "resource own://now",
        "prompt own_think",
        "job own_close: session at=close plus=5, needs broker",
        "setting TTAI_OWN_TOKEN: 'x' by default",
    ]
    said = "\n".join(found.warnings)
    for warning in (
        "it needs no-such-library, which is not here",
        "it needs ttai>=99 and this is",
        "it needs Python >=3.99",
        f"{long} does not say whether it only reads",
        f"{long} is not described in two sentences",
        f"{long} does not return a model",
        f"{long} has a name of 60 characters",
        "own_fine does not return a model",
    ):
        assert warning in said
    assert len(found.warnings) == 8


def test_loading_it_in_this_process_says_the_same(
    tmp_path: Path, home: Path, own_logging: None, own_plugins: None
) -> None:
    """The other tests' processes are not measured."""
    folder = Path(lay(tmp_path / "there", "own", CARELESS))
    lay(folder, "bad", "1 / 0")
    (own,) = load([str(folder)], "ttai-own", str(home))
    assert own == next(one for one in examine(folder, home) if one.loaded)
    (bad,) = load([], "Ttai_Bad", str(home))
    assert bad.line.startswith("bad (ttai-bad 1.2): failed: ZeroDivisionError")
    assert bad.trace.endswith("ZeroDivisionError: division by zero")


@whole
def test_a_plugin_that_fails_is_said_in_the_words_of_its_report_with_the_traceback(tmp_path: Path, home: Path) -> None:
    (found,) = examine(project(tmp_path, "def register(host):\n    1 / 0\n"), home)
    assert found.line == (
        "own (ttai-own 0.3): failed: ZeroDivisionError: division by zero; report it to its author, "
        "or leave it out: TTAI_PLUGINS=-own"
    )
    assert not found.loaded
    assert "ttai_own.py" in found.trace
    assert found.trace.endswith("ZeroDivisionError: division by zero")


@whole
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos._exit(3)", "it ended the process with exit code 3 while it was loaded"),
        ("import os\nos._exit(0)", "it ended the process while it was loaded"),
        ("import os\nos.kill(os.getpid(), 9)", "it ended the process by signal 9 while it was loaded"),
        ("raise SystemExit", "it tried to end the server while loading"),
        ("import no_such_library", "it needs the library no_such_library: pip install no_such_library"),
    ],
)
def test_a_plugin_that_kills_its_process_costs_that_one(tmp_path: Path, home: Path, source: str, said: str) -> None:
    if sys.platform == "win32" and "kill" in source:
        pytest.skip("no such signal")
    (found,) = examine(project(tmp_path, source), home)
    assert found.line.startswith(f"own (ttai-own 0.3): failed: {said}")
    assert not found.loaded


TABLES = """
    def register(host):
        host.tables("{module}", migrations="{module}")
"""


@whole
@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit", "SystemExit"),
        ("", "module 'own_models' has no attribute 'STEPS'"),
        ("STEPS = {'other_level': []}", "the name of table 'other_level' does not begin with own_"),
        (None, "No module named 'own_models'"),
    ],
)
def test_tables_that_can_not_be_used_are_said(tmp_path: Path, home: Path, models: str | None, said: str) -> None:
    path = project(tmp_path, TABLES.format(module="own_models"))
    if models is not None:
        (path / "own_models.py").write_text(models)
    (found,) = examine(path, home)
    assert found.line.startswith("own (ttai-own 0.3): would not start: the tables of own can't be used: ")
    assert said in found.line
    assert not found.loaded
    assert not any(home.iterdir())


@whole
def test_tables_that_can_be_used_are_no_obstacle(tmp_path: Path, home: Path) -> None:
    path = project(tmp_path, TABLES.format(module="own_models"))
    source = """
        from sqlmodel import Field, SQLModel

        class Level(SQLModel, table=True):
            __tablename__ = "own_level"
            id: int | None = Field(None, primary_key=True)

        STEPS = {}
    """
    (path / "own_models.py").write_text(dedent(source))
    (found,) = examine(path, home)
    assert (found.line, found.declared) == ("own (ttai-own 0.3): loaded", ["tables"])
    (path / "own_models.py").write_text("import time\ntime.sleep(600)")
    (found,) = examine(path, home, patience=4)
    assert found.line.endswith("failed: it took longer than 4 s to load; report it to its author")


@whole
def test_a_plugin_that_hangs_is_ended(tmp_path: Path, home: Path) -> None:
    (found,) = examine(project(tmp_path, "import time\ntime.sleep(600)"), home, patience=3)
    assert found == Finding("own (ttai-own 0.3): failed: it took longer than 3 s to load; report it to its author")


@whole
def test_what_is_checked_comes_before_what_is_installed(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = lay(tmp_path / "there", "own", "raise RuntimeError('the installed one')")
    monkeypatch.setenv("PYTHONPATH", installed)
    (found,) = examine(project(tmp_path, "def register(host):\n    print('said while it loads')\n"), home)
    assert found.line == "own (ttai-own 0.3): loaded"


@whole
def test_what_another_plugin_loses_by_it_is_said(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
        def register(host):
            @host.tool(name="fear_level")
            async def level():
                pass
    """
    monkeypatch.setenv("PYTHONPATH", lay(tmp_path / "there", "own_fear", source.replace("fear_level", "level")))
    (found,) = examine(project(tmp_path, source), home)
    assert any(w.startswith("with it, this does not load any more: own_fear (ttai-own_fear") for w in found.warnings)


@whole
def test_a_wheel_and_a_folder_of_installed_packages(tmp_path: Path, home: Path) -> None:
    (found,) = examine(build(tmp_path, requires=["no-such-library"]), home)
    assert (found.line, found.loaded) == ("trial (ttai-trial 1.0): loaded", True)
    assert [warning.split(":")[0] for warning in found.warnings] == ["it needs no-such-library, which is not here"]
    lay(tmp_path / "there", "one")
    found, other = examine(Path(lay(tmp_path / "there", "two", "oops")), home)
    one, two = sorted([found.line, other.line])
    assert one == "one (ttai-one 1.2): loaded"
    assert two.startswith("two (ttai-two 1.2): failed: NameError")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "pyproject.toml of .* has no 'entry-points'"),
        ('[project]\nname = "x"\n', "has no 'entry-points'"),
        ('[project]\n[project.entry-points."ttai.plugins"]\nx = "x:y"\n', "has no 'name'"),
        ("[project", "can't be used"),
        ("project = 1", "can't be used"),
        ('[project]\nname = "x"\ndependencies = ["?"]\n[project.entry-points."ttai.plugins"]\n', "can't be used"),
        ('[project]\nname = "x"\n[project.entry-points."ttai.plugins"]\n', "names no plugin"),
    ],
)
def test_a_project_that_names_no_plugin(tmp_path: Path, home: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(BadArgument, match=said):
        examine(tmp_path, home)


def test_what_is_no_plugin_at_all(tmp_path: Path, home: Path) -> None:
    for path in (tmp_path, tmp_path / "nosuch"):
        with pytest.raises(BadArgument, match="there is no plugin at"):
            examine(path, home)
    with pytest.raises(BadArgument, match="brings no plugin"):
        examine(build(tmp_path, "library", plugin=""), home)
    (tmp_path / "note.txt").touch()
    with pytest.raises(BadWheel, match="is not a wheel"):
        examine(tmp_path / "note.txt", home)
