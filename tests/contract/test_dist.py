"""The programs of build/ that need no registry to be tried."""

import runpy
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "build"


@pytest.mark.parametrize(
    ("system", "machine", "libc", "triple"),
    [
        ("linux", "x86_64", "glibc", "x86_64-unknown-linux-gnu"),
        ("linux", "aarch64", "glibc", "aarch64-unknown-linux-gnu"),
        ("linux", "x86_64", "", "x86_64-unknown-linux-musl"),
        ("darwin", "arm64", "", "aarch64-apple-darwin"),
        ("darwin", "x86_64", "", "x86_64-apple-darwin"),
        ("win32", "AMD64", "", "x86_64-pc-windows-msvc"),
        ("win32", "ARM64", "", "aarch64-pc-windows-msvc"),
    ],
)
def test_a_machine_has_the_name_that_tauri_looks_for(system: str, machine: str, libc: str, triple: str) -> None:
    assert runpy.run_path(str(BUILD / "sidecar.py"))["triple"](system, machine, libc) == triple


def test_a_conformance_scenario_is_judged_by_its_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BUILD))
    judged = runpy.run_path(str(BUILD / "dist_check.py"))["judged"]
    good, bad, warning = ({"id": status, "status": status} for status in ("SUCCESS", "FAILURE", "WARNING"))
    assert judged("tools-list", "2025-11-25", [good, good]).verdict == "ok"
    assert judged("tools-list", "2025-11-25", [good, bad]).failed == "FAILURE: FAILURE"
    assert judged("tools-list", "2025-11-25", [good, warning]).verdict == "FAILED"
    assert judged("tasks-lifecycle", "2026-07-28", [bad]).verdict == "left out"
