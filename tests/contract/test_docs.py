"""The documentation tells what is."""

import inspect
import re
from pathlib import Path

import pytest

from tests.contract.docs import PAGES, ROOT, filled
from ttai.host import Host
from ttai.settings import CoreSettings
from ttai.testing import harness

SERVICES = (
    "market", "broker", "database", "notifier", "tasks", "scheduler", "tools", "llm", "cache", "clock", "log", "name"
)  # fmt: skip
README = (ROOT / "README.md").read_text("utf-8")
CONTRACT = (ROOT / "plugins/README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_examples_are_what_the_demo_answers(page: Path) -> None:
    text = page.read_text("utf-8")  # noqa: ASYNC240 - a small file of ours
    assert await filled(text) == text, "run `make fix`"


async def test_every_tool_is_in_the_readme_and_in_its_plugin_s() -> None:
    async with harness() as h:
        tools = {tool.name: set(tool.tags) for tool in await h.app.mcp.list_tools()}
    for name, tags in tools.items():
        assert f"`{name}`" in README, name
        for plugin in tags & {folder.name.removeprefix("ttai_") for folder in (ROOT / "plugins").glob("ttai_*")}:
            page = ROOT / f"plugins/ttai_{plugin}/README.md"
            assert f"**{name}**" in page.read_text("utf-8"), name


@pytest.mark.parametrize("name", sorted(CoreSettings.model_fields))
def test_every_setting_is_in_the_readme(name: str) -> None:
    alias = CoreSettings.model_fields[name].validation_alias
    assert f"`{alias or f'TTAI_{name.upper()}'}`" in README


def test_the_environment_variables_of_the_readme_exist() -> None:
    known = {str(f.validation_alias or f"TTAI_{n.upper()}") for n, f in CoreSettings.model_fields.items()}
    known |= {"TASTYTRADE_CLIENT_SECRET", "TASTYTRADE_REFRESH_TOKEN", "TTAI_MASTER_KEY"}
    assert set(re.findall(r"\b(?:TTAI|TASTYTRADE)_[A-Z_]+\b", README)) <= known


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) - {"are", "alone"} <= targets


def test_the_contract_names_every_verb_and_service_of_the_host() -> None:
    verbs = [name for name, _ in inspect.getmembers(Host, inspect.isfunction) if not name.startswith("_")]
    for name in [*verbs, *SERVICES]:
        assert re.search(rf"host\.{name}\b", CONTRACT), name


def test_the_files_that_the_readme_names_exist() -> None:
    for folder, page in ((ROOT, README), (ROOT / "plugins", CONTRACT)):
        for path in re.findall(r"\]\(([^)#]+)\)", page):
            assert path.startswith("http") or (folder / path).exists(), path
    for name in re.findall(r"`(ttai/[a-z_/]+(?:\.py)?)`", README):
        assert (ROOT / name).exists(), name


async def test_the_plugin_of_the_contract_works_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own code, laid out as an installed package, found by its entry point, called in both eras."""
    module = re.findall(r"```python\n(.*?)```", CONTRACT, re.DOTALL)[0]
    package = tmp_path / "ttai_vix.py"
    package.write_text(module, "utf-8")
    info = tmp_path / "ttai_vix-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ttai-vix\nVersion: 0.1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[ttai.plugins]\nvix = ttai_vix:register\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    async with harness(mode="legacy", plugins="", config={"vix": {"alarm": 5}}) as h:
        report = next(report for report in h.app.plugins.reports if report.name == "vix")
        assert report.line == "vix (ttai-vix 0.1.0): loaded"
        assert (await h.call("vix_level")).data["result"] > 0
        assert (await h.call("control_job", name="vix_alarm", action="run")).text == "said: vix_alarm ran"
        assert "VIX is high" in (await h.call("list_notifications")).text
    async with harness(plugins="") as h:
        await h.call("control_job", name="vix_alarm", action="run")
        assert "VIX is high" not in (await h.call("list_notifications")).text


def test_the_tables_of_the_contract_are_claimed_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ttai.storage.ledger import Claim, shut_out, study

    *_, tables, migrations = re.findall(r"```python\n(.*?)```", CONTRACT, re.DOTALL)
    (tmp_path / "ttai_vix_tables.py").write_text(tables, "utf-8")
    (tmp_path / "ttai_vix_migrations.py").write_text(migrations, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        claim = study("vix", "ttai_vix_tables", "ttai_vix_migrations")
        assert isinstance(claim, Claim)
        assert (claim.names(), claim.version("vix_level")) == (["vix_level"], 1)
    finally:
        shut_out("ttai_vix_tables")


async def test_the_test_of_the_contract_passes_as_written() -> None:
    plugin, test, *_ = re.findall(r"```python\n(.*?)```", CONTRACT, re.DOTALL)
    scope: dict[str, object] = {"__name__": "ttai_vix"}
    exec(plugin, scope)  # noqa: S102 - our own page
    exec(test.replace("from ttai_vix import register\n", ""), scope)  # noqa: S102
    check = scope["test_level"]
    assert inspect.iscoroutinefunction(check)
    await check()
