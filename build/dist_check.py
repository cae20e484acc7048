"""Try the installed wheel with what others wrote: the official conformance suite and the Inspector.

`python build/dist_check.py VENV`: VENV has ttai installed; both tools come from npm, with the node they need.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

from sidecar import lay_plugin, surroundings

NODE = ["node@22.23.3", "@modelcontextprotocol/conformance@0.2.0-alpha.12", "@modelcontextprotocol/inspector@2.12.0"]
ERAS = ("2025-11-25", "2026-07-28")
PATIENCE = 180.0  # s for any one command
START = 30.0  # s until the server says where it is

# What ttai does not serve, by the beginning of the scenario's name.
LEFT_OUT = {
    "completion-complete": "no completions: no argument of ttai's prompts has a list to complete from",
    "json-schema-2020-12": "wants a tool named json_schema_2020_12_tool; a plugin's tools begin with its name",
    "server-sse-polling": "wants a call's stream resumed; that needs a store of events, and ttai keeps none",
    "sep-2640": "an extension (skills) that ttai does not offer",
    "tasks-": "an extension (tasks) that ttai does not offer",
}
# Single checks of scenarios that are tried.


class Outcome(NamedTuple):
    """One line of the table; `failed` is what went wrong, `left_out` why it was not tried."""

    name: str
    era: str
    passed: int = 0
    failed: str = ""
    left_out: str = ""

    @property
    def verdict(self) -> str:
        """ok, FAILED or left out."""
        return "FAILED" if self.failed else "ok" if self.passed else "left out"

    @property
    def line(self) -> str:
        """It as a line of the table."""
        said = [str(self.passed or ""), self.failed, self.left_out and f"({self.left_out})"]
        return f"{self.era:<11} {self.name:<46} {self.verdict:<9} {' '.join(filter(None, said))}"


class Broken(Exception):
    """A tool or the server could not be run at all; the text says which and why."""


def run(
    command: Sequence[str | Path], what: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command with a bound."""
    try:
        return subprocess.run(
            [*map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False, env=env,
        )  # fmt: skip
    except FileNotFoundError:
        raise Broken(f"{what}: there is no {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise Broken(f"{what} took more than {PATIENCE:.0f} s") from None


def fetch_tools(folder: Path) -> dict[str, str]:
    """The suite, the Inspector and their node, installed in `folder`; the environment that finds them."""
    npm = shutil.which("npm")
    if npm is None:
        raise Broken("npm is missing: the conformance suite and the Inspector come from it; install Node.js")
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
    done = run([npm, "install", "--prefix", folder, *quiet, *NODE], "npm install")
    if done.returncode:
        raise Broken(f"npm install failed: {done.stderr.strip()[-600:]}")
    bins = folder / "node_modules" / ".bin"
    return {"PATH": os.pathsep.join([str(bins), os.environ.get("PATH", "")])}


@contextmanager
def serving(ttai: Path, home: Path) -> Iterator[str]:
    """The installed server over HTTP with the demo market: its address."""
    said: list[str] = []
    process = subprocess.Popen(
        [str(ttai), "serve", "--demo", "--http", "--port", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=surroundings(home),
    )  # fmt: skip
    assert process.stderr is not None
    Thread(target=said.extend, args=(process.stderr,), daemon=True).start()
    try:
        end = monotonic() + START
        while not (found := re.search(r"at (http://\S+?)/mcp", "".join(said))):
            if process.poll() is not None or monotonic() > end:
                raise Broken(f"the server did not start: {''.join(said).strip() or 'it said nothing'}")
            sleep(0.05)
        yield found[1]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def conformance(url: str, era: str, env: dict[str, str], folder: Path) -> list[Outcome]:
    """Every scenario of one era, by what its checks said."""
    command = [shutil.which("conformance", path=env["PATH"]) or "conformance", "server"]
    done = run([*command, "--url", f"{url}/mcp", "--requirements", era, "-o", folder], f"the suite of {era}", env)
    outcomes = []
    for file in sorted(folder.glob("server-*/checks.json")):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name).removeprefix("server-")
        outcomes.append(judged(name, era, json.loads(file.read_text("utf-8"))))
    if not outcomes:
        raise Broken(f"the suite of {era} tried nothing: {(done.stderr or done.stdout).strip()[-600:]}")
    return outcomes


def judged(name: str, era: str, checks: list[dict[str, Any]]) -> Outcome:
    """A scenario by its checks; a warning is a failure too."""
    reason = next((why for beginning, why in LEFT_OUT.items() if name.startswith(beginning)), "")
    if reason:
        return Outcome(name, era, left_out=reason)
    bad = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    return Outcome(
        name,
        era,
        sum(check["status"] == "SUCCESS" for check in checks),
        "; ".join(f"{check['id']}: {check.get('errorMessage') or check['status']}" for check in bad),
    )


def inspect(target: Sequence[str], env: dict[str, str], era: str) -> list[Outcome]:
    """The Inspector's two questions to one door: the tools, and a quote."""
    inspector = [shutil.which("mcp-inspector", path=env["PATH"]) or "mcp-inspector", "--cli", *target]
    inspector += ["--protocol-era", era, "--format", "json", "--quiet"]
    ask = ["--method", "tools/call", "--tool-name", "get_quotes", "--tool-arg", "symbols=SPY"]
    questions = {"tools/list": (["--method", "tools/list"], "get_quotes"), "get_quotes": (ask, "simulator")}
    outcomes = []
    for question, (words, expected) in questions.items():
        name = f"inspector {question} {'stdio' if target[0] != '--server-url' else '/' + target[1].rsplit('/', 1)[1]}"
        done = run([*inspector, *words], name, env)
        held = done.returncode == 0 and expected in done.stdout
        said = "" if held else f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"
        outcomes.append(Outcome(name, era, int(held), said))
    return outcomes


def check(venv: Path, home: Path) -> list[Outcome]:
    """All of it."""
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    ttai = scripts / ("ttai.exe" if os.name == "nt" else "ttai")
    if not ttai.is_file():
        raise Broken(f"there is no {ttai}; `make dist-check` installs it")
    env = {**surroundings(home / "plain"), **fetch_tools(venv.parent / "node")}
    outcomes: list[Outcome] = []
    fixtures = Path(__file__).with_name("conformance_plugin.py").read_text("utf-8")
    lay_plugin(home / "plugins", "test", fixtures)
    with serving(ttai, home) as url:
        for era in ERAS:
            outcomes += conformance(url, era, env, home / era)
    with serving(ttai, home / "plain") as url:
        for era in ("legacy", "modern"):
            outcomes += inspect(["--server-url", f"{url}/mcp"], env, era)
        outcomes += inspect(["--server-url", f"{url}/sse"], env, "legacy")  # there was no SSE after it
    for era in ("legacy", "modern"):
        outcomes += inspect([str(ttai), "serve", "--demo"], env, era)
    return outcomes


def main() -> int:
    """0 where everything that was tried holds."""
    venv = Path(sys.argv[1] if len(sys.argv) > 1 else "dist/check/venv").absolute()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            outcomes = check(venv, Path(temporary))
    except Broken as error:
        print(f"dist-check: {error}", file=sys.stderr)
        return 1
    print("\n".join(outcome.line for outcome in outcomes))
    counts = Counter(outcome.verdict for outcome in outcomes)
    print(f"\n{counts['ok']} passed, {counts['FAILED']} failed, {counts['left out']} left out")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
