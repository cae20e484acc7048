"""The contract, kept as a third party meets it: typed, built, installed by pip and by ttai itself, served, called."""

import asyncio
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError

from tests.processes import ttai
from ttai.cli.scaffold import new

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "plugins/README.md").read_text("utf-8")
BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
OFFLINE = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")
ERAS = ("auto", "legacy")
SECONDS = 120

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Place:
    """An environment of its own that sees the libraries of this one, and a folder for what is made."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / ("venv/Scripts/python.exe" if os.name == "nt" else "venv/bin/python"))

    def run(self, *words: str, cwd: Path | None = None, code: int = 0) -> str:
        """Run a module of its python; what it said."""
        done = subprocess.run(
            [self.python, "-m", *words], cwd=cwd or self.folder, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def wheel(self, project: Path) -> Path:
        """The project's wheel, built without a registry."""
        target = project / "dist"
        self.run("pip", "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(target), str(project))
        (wheel,) = target.iterdir()
        return wheel

    @contextmanager
    def installed(self, wheel: Path, name: str) -> Any:
        """The wheel installed by pip, for a while."""
        self.run("pip", "install", *OFFLINE, str(wheel))
        try:
            yield
        finally:
            self.run("pip", "uninstall", "--quiet", "--yes", name)

    def well_typed(self, project: Path, *paths: str) -> None:
        """mypy finds nothing, however strict; without the project's own settings of it."""
        cache = str(self.folder / "mypy")
        self.run("mypy", "--strict", "--config-file", os.devnull, "--cache-dir", cache, *paths, cwd=project)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place")
    venv.create(folder / "venv", with_pip=True, symlinks=os.name != "nt")
    made = Place(folder)
    words = [made.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    theirs = Path(subprocess.check_output(words, text=True).strip())
    ours = sysconfig.get_path("purelib")
    (theirs / "beside.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return made


@pytest.fixture(scope="module")
def vix(place: Place) -> Path:
    """The plugin of the contract page, laid out as the page says."""
    project = place.folder / "ttai-vix"
    project.mkdir()
    module = re.findall(r"```python\n(.*?)```", CONTRACT, re.DOTALL)[0]
    (project / "ttai_vix.py").write_text(module, "utf-8")
    described = re.findall(r"```toml\n(.*?)```", CONTRACT, re.DOTALL)[0]
    backend = "" if "[build-system]" in described else BACKEND
    (project / "pyproject.toml").write_text(backend + described, "utf-8")
    return project


@pytest.fixture(scope="module")
def scaffold(place: Place) -> Path:
    """A project as `ttai plugins new` writes it."""
    return new("fear_index", place.folder)


@asynccontextmanager
async def over_stdio(place: Place, home: Path, mode: Any, **env: str) -> AsyncIterator[Client[Any]]:
    words = ["-m", "ttai", "serve", "--demo", "--data-dir", str(home)]
    transport = StdioTransport(place.python, words, env={**os.environ, **env}, keep_alive=False, cwd=str(home.parent))
    async with Client(transport, mode=mode) as client:
        yield client


async def answers(client: Client[Any], tool: str, job: str) -> dict[str, Any]:
    """The tool's answer; the job has run beside it."""
    assert tool in {one.name for one in await client.list_tools()}
    answer = (await client.call_tool(tool, {})).structured_content
    assert answer is not None
    assert await ran(client, job) == f"{job} ran"
    listed = (await client.call_tool("list_jobs", {})).structured_content or {}
    jobs = [dict(zip(listed["jobs"]["columns"], row, strict=True)) for row in listed["jobs"]["rows"]]
    mine = next(one for one in jobs if one["name"] == job)
    assert mine.get("last_outcome", listed.get("last_outcome")) == "ok"
    return answer


async def ran(client: Client[Any], job: str) -> str:
    """What running the job at once came to; the stream to the market may need a moment."""
    end = monotonic() + 10
    while True:
        try:
            done = await client.call_tool("control_job", {"name": job, "action": "run"})
        except ToolError as error:
            if "can't run just now" not in str(error) or monotonic() > end:
                raise
            await asyncio.sleep(0.2)
        else:
            return str((done.structured_content or {})["said"])


async def told(client: Client[Any]) -> str:
    """What the user was told."""
    return str((await client.call_tool("list_notifications", {})).structured_content)


def test_the_plugin_of_the_contract_is_typed(place: Place, vix: Path) -> None:
    place.well_typed(vix, "ttai_vix.py")


async def test_the_plugin_of_the_contract_installed_by_pip(
    place: Place, vix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr(sys, "executable", place.python)
    with place.installed(place.wheel(vix), "ttai-vix"):
        assert "vix (ttai-vix 0.1.0): loaded" in place.run("ttai", "plugins")
        for mode in ERAS:
            async with over_stdio(place, home, mode, TTAI_VIX_ALARM="1") as client:
                assert (await answers(client, "vix_level", "vix_alarm"))["result"] > 1
                assert "VIX is high" in await told(client)
        with ttai("serve", "--demo", "--http", "--port", "0", home=tmp_path / "other") as server:
            for mode in ERAS:
                async with Client(StreamableHttpTransport(f"{server.url}/mcp"), mode=mode) as client:
                    assert (await answers(client, "vix_level", "vix_alarm"))["result"] > 1
                    assert "VIX is high" not in await told(client)  # its alarm is at 30
    assert "vix" not in place.run("ttai", "plugins")


def test_a_new_project_is_in_good_order(place: Place, scaffold: Path) -> None:
    place.well_typed(scaffold, ".")
    for config in ((), ("--config", str(ROOT / "pyproject.toml"))):
        place.run("ruff", "check", "--no-cache", *config, ".", cwd=scaffold)
        place.run("ruff", "format", "--no-cache", "--check", *config, ".", cwd=scaffold)
    assert "4 passed" in place.run("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=scaffold)
    said = place.run("ttai", "plugins", "check", str(scaffold))
    assert said.startswith("fear_index (ttai-fear-index 0.1.0): loaded\n")
    assert "!" not in said


async def test_a_new_project_installed_by_pip(place: Place, scaffold: Path, tmp_path: Path) -> None:
    wheel = place.wheel(scaffold)
    assert "(ttai-fear-index 0.1.0): loaded" in place.run("ttai", "plugins", "check", str(wheel))
    with place.installed(wheel, "ttai-fear-index"):
        assert "4 passed" in place.run("pytest", "-q", "-p", "no:cacheprovider", cwd=scaffold)
        refused = ("ttai", "plugins", "install", str(wheel), "--data-dir", str(tmp_path))
        place.run(*refused, code=1)
        async with over_stdio(place, tmp_path / "home", "auto", TTAI_FEAR_INDEX_ALARM_PERCENT="0") as client:
            assert (await answers(client, "fear_index_move", "fear_index_alarm"))["symbol"] == "SPY"
            assert "SPY is on the move" in await told(client)


async def test_a_new_project_installed_into_the_data_dir(place: Place, tmp_path: Path) -> None:
    wheel = place.wheel(new("moves", tmp_path))
    home = tmp_path / "home"
    where = ("--data-dir", str(home))
    said = place.run("ttai", "plugins", "install", str(wheel), *where)
    assert said.startswith("installed ttai-moves 0.1.0 (plugin moves)\n")
    assert "moves (ttai-moves 0.1.0): loaded" in place.run("ttai", "plugins", "list", *where)
    for mode in ERAS:
        async with over_stdio(place, home, mode) as client:
            assert (await answers(client, "moves_move", "moves_alarm"))["symbol"] == "SPY"
    assert place.run("ttai", "plugins", "remove", "moves", *where).startswith("removed ttai-moves 0.1.0\n")
    assert "moves" not in place.run("ttai", "plugins", "list", *where)


def test_the_commands_say_what_is_wrong_in_one_line(place: Place, scaffold: Path) -> None:
    for words in (("new", "fear_index"), ("new", "Host"), ("check", "nosuch"), ("install", "x.whl"), ("remove", "x")):
        done = subprocess.run(
            [place.python, "-m", "ttai", "plugins", *words], cwd=scaffold.parent, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"ttai: VALIDATION: .*\n", done.stderr), done.stderr
