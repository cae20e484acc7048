"""Files a user asked for: new, whole, the user's alone, and where they belong."""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ttai.exports import Exports, NoExport


async def test_a_file_is_new_whole_and_nobody_else_s(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "exports"
    path = await Exports(folder).write("trades-2026.csv", b"a,b\n")
    assert path == folder / "trades-2026.csv"
    assert path.read_bytes() == b"a,b\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [one.name for one in folder.iterdir()] == ["trades-2026.csv"]


async def test_what_was_there_is_never_touched(tmp_path: Path) -> None:
    exports = Exports(tmp_path)
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "a-2.csv").symlink_to(tmp_path / "elsewhere")
    written = await asyncio.gather(*(exports.write("a.csv", f"{number}".encode()) for number in range(5)))
    assert sorted(path.name for path in written) == ["a-3.csv", "a-4.csv", "a-5.csv", "a-6.csv", "a-7.csv"]
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    assert sorted(path.read_text() for path in written) == ["0", "1", "2", "3", "4"]


async def test_a_folder_that_others_may_read_is_the_user_s_alone_from_then_on(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir(mode=0o755)
    folder.chmod(0o777)
    await Exports(folder).write("a.csv", b"1")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "exports").symlink_to(tmp_path / "shared")
    with pytest.raises(NoExport, match="symlink"):
        await Exports(tmp_path / "exports").write("a.csv", b"1")
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "link"])
async def test_no_name_is_taken_before_the_file_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """As if the process were killed there: only what is hidden may be left."""
    seen: list[list[str]] = []
    real = getattr(os, call)

    def look(*arguments: Any) -> Any:
        seen.append([one.name for one in tmp_path.iterdir() if not one.name.startswith(".")])
        return real(*arguments)

    monkeypatch.setattr(os, call, look)
    path = await Exports(tmp_path).write("a.csv", b"whole")
    assert seen == [[]]
    assert path.read_bytes() == b"whole"


async def test_a_disk_without_links_has_exports_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", none)
    names = [(await Exports(tmp_path).write("a.csv", data)).name for data in (b"1", b"2")]
    assert names == ["a.csv", "a-2.csv"]
    assert (tmp_path / "a-2.csv").read_bytes() == b"2"


@pytest.mark.parametrize(
    "name", ["../a.csv", "a/b.csv", "/etc/passwd", ".bashrc", "a", "a.csv\n", "", "a..csv", "C:a.csv", "é.csv"]
)
async def test_no_path_can_be_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a file"):
        await Exports(tmp_path / "exports").write(name, b"")
    assert not (tmp_path / "exports").exists()


async def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file where the folder would be")
    with pytest.raises(NoExport, match="nothing can be written to"):
        await Exports(tmp_path / "exports").write("a.csv", b"")
