"""The commands about what is the user's: login, settings, the database."""

import asyncio
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.conftest import Ended
from tests.desk import GOOD
from tests.processes import ttai as process
from tests.processes import until
from ttai.clock import Clock
from ttai.storage.database import Database


async def jobs(home: Path, name: str | None = None) -> list[str]:
    from sqlmodel import select

    from ttai.storage.tables import JobRow

    database = Database(home, Clock())
    try:
        async with database.of("core").write() as session:
            if name:
                session.add(JobRow(name=name))
            return [row.name for row in await session.exec(select(JobRow))]
    finally:
        await database.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTAI_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.slow
def test_a_login_is_tried_kept_and_forgotten(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ttai: Callable[..., Ended]
) -> None:
    with process("simulate", "--port", "0", home=tmp_path / "broker") as broker:
        until(lambda: any("TASTYTRADE_API_URL=" in line for line in broker.err), what="the welcome")
        url = next(line for line in broker.err if "TASTYTRADE_API_URL=" in line).partition("=")[2]
        monkeypatch.setenv("TASTYTRADE_API_URL", url)
        secret, token = GOOD.client_secret.get_secret_value(), GOOD.refresh_token.get_secret_value()
        monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\nwrong\n"))
        refused = ttai("login")
        assert refused.code == 1
        assert f"ttai: AUTHENTICATION: TastyTrade at {url} refused the credentials" in refused.err
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{secret}\n{token}\n"))
        done = ttai("login")
        assert done.code == 0, done.err
        assert f"logged in at {url}, 3 accounts; the credentials are in an encrypted file" in done.out
        assert secret not in done.out + done.err + (home / "secrets.enc").read_text()
        assert "3 accounts" in ttai("status").out
        assert ttai("call", "get_quote", "symbol=SPY").code == 0
        assert f"logged out of {url}" in ttai("logout").out
        assert "AUTHENTICATION: not logged in" in ttai("call", "get_quote", "symbol=SPY").err


def test_settings_are_shown_and_set(home: Path, ttai: Callable[..., Ended]) -> None:
    assert "port = 5180" in ttai("config").out
    said = ttai("config", "set", "port", "5190")
    assert said.code == 0
    assert f"port written to {home / 'config.toml'}; it holds from the next start" in said.out
    assert "port = 5190" in ttai("config", "show").out
    assert ttai("config", "set", "port", "").code == 0
    assert ttai("config", "set", "plugins", "quotes").code == 0  # what the desktop app may not change
    assert 'plugins = "quotes"' in ttai("config", "show").out
    assert "port = 5180" in ttai("config", "show").out
    for key, value, words in (
        ("prot", "1", "port"),
        ("port", "many", "port"),
        ("api_key", "x" * 20, "TTAI_API_KEY"),
    ):
        wrong = ttai("config", "set", key, value)
        assert wrong.code == 1
        assert "ttai: VALIDATION: " in wrong.err
        assert words in wrong.err


def test_the_database_is_copied_and_put_back(home: Path, tmp_path: Path, ttai: Callable[..., Ended]) -> None:
    nothing = ttai("backup", str(tmp_path / "none.db"))
    assert nothing.code == 1
    assert nothing.err.startswith("ttai: ")

    asyncio.run(jobs(home, "before"))
    copy = tmp_path / "copy.db"
    assert ttai("backup", str(copy)).out == f"backed up to {copy}\n"
    asyncio.run(jobs(home, "after"))
    restored = ttai("restore", str(copy))
    assert restored.code == 0, restored.err
    assert f"restored from {copy}; the database of before is {home}" in restored.out
    assert asyncio.run(jobs(home)) == ["before"]
    assert ttai("restore", str(tmp_path / "nowhere.db")).code == 1


def test_config_takes_the_data_dir_before_and_after(tmp_path: Path, ttai: Callable[..., Ended]) -> None:
    there = tmp_path / "there"
    assert ttai("config", "set", "--data-dir", str(there), "schedules.vix_alarm", "off").code == 0
    assert 'schedules = {"vix_alarm": "off"}' in ttai("config", "--data-dir", str(there)).out
    assert 'schedules = {"vix_alarm": "off"}' in ttai("config", "--data-dir", str(there), "show").out
    assert "schedules = {}" in ttai("config", "--data-dir", str(there), "show", "--data-dir", str(tmp_path)).out


def test_restore_alone_takes_the_newest_backup(home: Path, ttai: Callable[..., Ended]) -> None:
    asyncio.run(jobs(home, "before"))
    kept = ttai("backup").out.removeprefix("backed up to ").strip()
    assert Path(kept).parent == home / "backups"
    asyncio.run(jobs(home, "after"))
    assert ttai("restore").out.startswith(f"restored from {kept}; the database of before is ")
    assert asyncio.run(jobs(home)) == ["before"]


def test_a_login_in_the_demo_is_refused_before_it_asks(
    home: Path, ttai: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    home.mkdir()
    (home / "config.toml").write_text("demo = true")
    ended = ttai("login")
    assert (ended.code, ended.out) == (1, "")
    assert f"demo is set in {home / 'config.toml'}" in ended.err
    monkeypatch.setenv("TTAI_DEMO", "1")
    assert "Unset it in TTAI_DEMO" in ttai("login").err
