"""Plugins: which are found, which are let in, and what a failing one costs (itself)."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastmcp.exceptions import ToolError

from tests.plugin_files import lay
from ttai import Host, Settings
from ttai.app import App
from ttai.plugins import PluginReport
from ttai.settings import Config, CoreSettings
from ttai.testing import Harness, harness

OURS = ("quotes", "chains", "portfolio")


@pytest.fixture
def folder(own_plugins: None, tmp_path: Path) -> Path:
    """A folder for plugins."""
    return tmp_path / "plugins"


def line_of(h: Harness, name: str) -> PluginReport:
    (report,) = [report for report in h.app.plugins.reports if report.name == name]
    return report


async def tools_of(h: Harness) -> set[str]:
    return {tool.name for tool in await h.client.list_tools()}


async def status_problem(h: Harness, name: str) -> str:
    rows = (await h.call("get_status")).rows("plugins")
    return str(next(row["problem"] for row in rows if row["name"] == name))


async def test_a_plugin_on_the_path_is_found_named_and_called(folder: Path) -> None:
    async with harness(plugin_path=lay(folder, "vix")) as h:
        report = line_of(h, "vix")
        assert report.line == "vix (ttai-vix 1.2): loaded"
        assert report.declared == ["tool vix_level"]
        assert (await h.call("vix_level")).data == {"result": 21.5}
        assert sys.path[-1] == str(folder)  # nothing of ttai's is shadowed


async def test_a_path_may_name_several_folders_one_that_is_none_is_said(folder: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    path = os.pathsep.join([str(missing), lay(folder, "vix"), lay(tmp_path / "more", "vox")])
    async with harness(plugin_path=path) as h:
        assert line_of(h, "vix").state == line_of(h, "vox").state == "loaded"
        assert f"TTAI_PLUGIN_PATH names {missing}, which is no folder" in (await h.call("get_status")).text


async def test_a_path_may_begin_at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(folder, "vix")
    monkeypatch.setenv("HOME", str(folder.parent))
    async with harness(plugin_path=f"~/{folder.name}") as h:
        assert line_of(h, "vix").state == "loaded"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library_at_all", "it needs the library no_such_library_at_all: pip install no_such_library"),
        ("import no_such.part.of_it", "pip install no_such"),
        (None, "its entry point names the module ttai_bad, which is not there; reinstall it"),
        ("1 / 0", "ZeroDivisionError: division by zero; report it to its author, or leave it out: TTAI_PLUGINS=-bad"),
        ("def register(host:", "SyntaxError"),
        ("import sys; sys.exit(3)", "it tried to end the server while loading"),
        ("import sys\ndef register(host): sys.exit('bye')", "it tried to end the server while loading"),
        ("raise GeneratorExit", "it tried to end the server while loading"),
        ("import asyncio\ndef register(host): raise asyncio.CancelledError", "CancelledError"),
        ("def register(host): raise KeyError('x')", "KeyError: 'x'"),
        ("def register(host): raise ValueError('two\\nlines')", "ValueError: two lines; report"),
        ("def register(host): raise ValueError('token=abcdefgh1234')", "ValueError: token=[hidden]"),
        ("def register(): pass", "TypeError"),
        ("register = 7", "TypeError: 'int' object is not callable"),
        ("async def register(host): pass", "its register is `async def`; its author must make it a plain `def`"),
        ("from ttai import Nothing", "ImportError"),
        ("def register(host): host.nothing()", "AttributeError"),
    ],
)
async def test_a_plugin_that_fails_to_load_costs_itself_and_says_the_cure(
    folder: Path, source: str | None, said: str
) -> None:
    path = lay(folder, "vix")
    lay(folder, "bad", source)
    async with harness(plugin_path=path) as h:
        assert said in await status_problem(h, "bad")
        assert line_of(h, "bad").line.startswith("bad (ttai-bad 1.2): failed: ")
        assert len(line_of(h, "bad").line) < 400
        assert "\n" not in line_of(h, "bad").line
        assert (await h.call("vix_level")).data == {"result": 21.5}
        assert (await h.call("get_quote", symbol="SPY")).data["symbol"] == "SPY"


async def test_what_was_declared_before_the_failure_is_not_there() -> None:
    def register(host: Host) -> None:
        @host.tool
        async def level() -> int:
            """Too early."""
            return 1

        @host.resource("vix://now")
        async def now() -> str:
            return "too early"

        @host.prompt
        async def brief() -> str:
            """Too early."""
            return ""

        raise RuntimeError("after all")

    async with harness(register, name="vix", failing=True) as h:
        assert "RuntimeError: after all" in await status_problem(h, "vix")
        assert not {name for name in await tools_of(h) if name.startswith("vix")}
        assert "vix://now" not in {str(one.uri) for one in await h.client.list_resources()}
        assert {prompt.name for prompt in await h.client.list_prompts()} == {
            "analyze-for-csp",
            "morning-briefing",
            "position-review",
        }
        with pytest.raises(ToolError, match="NOT_FOUND: there is no tool vix_level"):
            await h.call("vix_level")


def declares(*names: str, uri: str | None = None) -> Callable[[Host], None]:
    async def answer() -> str:
        """An answer."""
        return "mine"

    def register(host: Host) -> None:
        for name in names:
            host.tool(answer, name=name)
        if uri:
            host.resource(uri)(answer)

    return register


async def added(*plugins: tuple[str, Callable[[Host], None]], **config: object) -> App:
    """An app with these plugins of third parties, in this order, and no other."""
    app = App(CoreSettings(plugins="-quotes", demo=True), Config(config))
    for name, register in plugins:
        report = PluginReport(name, f"by-{len(app.plugins.reports)}", "1")
        app.plugins.add([(report, lambda register=register: register)])  # type: ignore[misc]
    return app


async def test_a_name_that_is_taken_costs_the_newcomer() -> None:
    app = await added(
        ("vix", declares("curve_now", uri="vix://vix_curve/now")),
        ("vix_curve", declares("now", "later")),
        ("vix_other", declares("fine", uri="other://now")),
    )
    first, second, third = app.plugins.reports[-3:]
    assert (first.state, second.state, third.state) == ("loaded", "failed", "loaded")
    assert second.problem == "tool vix_curve_now is taken by vix; leave one out: TTAI_PLUGINS=-vix_curve"
    assert {"vix_curve_now", "vix_other_fine"} <= {tool.name for tool in await app.mcp.list_tools()}
    assert "vix_curve_later" not in {tool.name for tool in await app.mcp.list_tools()}


async def test_a_second_plugin_of_a_name_is_refused_and_both_are_reported() -> None:
    app = await added(("vix", declares("one")), ("vix", declares("two")))
    first, second = app.plugins.reports[-2:]
    assert (first.state, second.state) == ("loaded", "failed")
    assert second.problem == "a plugin of this name is loaded already; uninstall one of them"
    assert {tool.name for tool in await app.mcp.list_tools()} & {"vix_one", "vix_two"} == {"vix_one"}


async def test_a_second_plugin_of_a_name_is_let_in_where_the_first_failed() -> None:
    def bad(host: Host) -> None:
        raise RuntimeError(host.name)

    app = await added(("vix", bad), ("vix", declares("two")))
    assert [report.state for report in app.plugins.reports[-2:]] == ["failed", "loaded"]


@pytest.mark.parametrize(
    "name", ["host", "port", "get", "list", "core", "ttai", "data", "Vix", "my vix", "3vix", "vix-2"]
)
async def test_a_reserved_or_unspeakable_name_is_refused(name: str) -> None:
    app = await added((name, declares("quote")))
    report = app.plugins.reports[-1]
    assert report.state == "failed"
    assert "its author must choose another" in (report.problem or "")
    assert not [tool.name for tool in await app.mcp.list_tools() if tool.name.endswith("quote")]


@pytest.mark.parametrize(
    ("selection", "loaded", "problems"),
    [
        ("", {"core", *OURS, "vix"}, []),
        ("quotes", {"core", "quotes"}, []),
        (" vix , quotes,", {"core", "quotes", "vix"}, []),
        ("-quotes", {"core", "chains", "portfolio", "vix"}, []),
        ("-quotes,-vix", {"core", "chains", "portfolio"}, []),
        ("vix,-vix", {"core"}, []),
        ("quotes,nosuch", {"core", "quotes"}, ["TTAI_PLUGINS names nosuch, which is not installed"]),
        ("nosuch", {"core"}, ["TTAI_PLUGINS names nosuch, which is not installed"]),
        (
            "-nosuch",
            {"core", *OURS, "vix"},
            ["TTAI_PLUGINS names nosuch, which is not installed"],
        ),
    ],
)
async def test_ttai_plugins_chooses(folder: Path, selection: str, loaded: set[str], problems: list[str]) -> None:
    async with harness(plugin_path=lay(folder, "vix"), plugins=selection) as h:
        reports = h.app.plugins.reports
        assert {report.name for report in reports if report.state == "loaded"} == loaded
        assert {report.name for report in reports if report.state == "left out"} == {"core", *OURS, "vix"} - loaded
        assert [problem.partition(";")[0] for problem in h.app.list_problems()] == problems
        assert ("vix_level" in await tools_of(h)) == ("vix" in loaded)


async def test_what_is_left_out_is_not_even_imported(folder: Path) -> None:
    lay(folder, "vix", "1 / 0")
    async with harness(plugin_path=str(folder), plugins="-vix", config={"vix": {"alarm": 3}}) as h:
        assert line_of(h, "vix").line == "vix (ttai-vix 1.2): left out"
        assert "ttai_vix" not in sys.modules
        assert h.app.list_problems() == []  # a section of what is left out is no mistake


async def test_damaged_metadata_costs_its_plugin(folder: Path) -> None:
    lay(folder, "worse", points="[ttai.plugins]\nthis line says nothing\n")
    lay(folder, "nameless", metadata=False)
    async with harness(plugin_path=lay(folder, "vix")) as h:
        status = await h.call("get_status")
        assert "the metadata of an installed package can't be read" in status.text
        assert (await h.call("vix_level")).data == {"result": 21.5}
        assert line_of(h, "nameless").distribution == "?"


async def test_the_first_of_two_copies_counts(folder: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([lay(folder, "vix"), lay(tmp_path / "second", "vix")])
    async with harness(plugin_path=path) as h:
        assert line_of(h, "vix").state == "loaded"


async def test_what_a_plugin_prints_while_loading_stays_off_stdout(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(folder, "vix", "print('hello from import')\ndef register(host): print('hello from register')")
    async with harness(plugin_path=str(folder)) as h:
        assert line_of(h, "vix").state == "loaded"
    out, err = capsys.readouterr()
    assert out == ""
    assert "hello from import" in err
    assert "hello from register" in err


async def test_a_plugin_reads_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    class VixSettings(Settings):
        alarm: float = 30

    alarms: list[float] = []
    monkeypatch.setenv("TTAI_TRIAL2_ALARM", "12")  # whoever runs the tests may have set it for real
    async with harness(
        lambda host: alarms.append(host.settings(VixSettings).alarm),
        lambda host: alarms.append(host.settings(VixSettings).alarm),
        config={"trial": {"alarm": 11}},
    ) as h:
        assert alarms == [11, 30]
        assert h.app.list_problems() == []
