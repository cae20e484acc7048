"""A plugin's own tables, from its declaration to its rows; the time stamps in them."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from fastmcp.exceptions import ToolError
from sqlmodel import SQLModel

from tests.plugin_files import lay
from ttai import UtcDateTime
from ttai.clock import NEW_YORK
from ttai.testing import harness

_NUMBERS = count(1)
PLUGIN = """
    from ttai import Host

    def register(host: Host) -> None:
        host.tables("MODULE", migrations="MODULE")

        @host.tool
        async def keep(level: float) -> None:
            "Keep a level."
            from MODULE import Level
            async with host.database.write() as session:
                session.add(Level(level=level, at=host.clock.now()))

        @host.tool
        async def kept() -> list[dict[str, object]]:
            "Every level."
            from sqlmodel import select
            from MODULE import Level
            async with host.database.read() as session:
                return [row.model_dump() for row in await session.exec(select(Level))]
"""
TABLES = """
    from datetime import datetime
    from sqlmodel import Field, SQLModel
    from ttai import UtcDateTime, warm

    class Level(SQLModel, table=True):
        __tablename__ = "{table}"
        id: int | None = Field(default=None, primary_key=True)
        level: float
        at: datetime = Field(sa_type=UtcDateTime)
        {more}

    STEPS = {steps}
"""


@pytest.fixture(autouse=True)
def own_tables(own_plugins: None) -> Iterator[None]:
    """SQLModel keeps one list of tables for the process; those of the test go again."""
    yield
    for table in [table for name, table in SQLModel.metadata.tables.items() if not name.startswith("core_")]:
        SQLModel.metadata.remove(table)


def vix(folder: Path, table: str = "vix_level", more: str = "", steps: str = "{}") -> str:
    module = f"vix_tables{next(_NUMBERS)}"  # SQLAlchemy remembers a class by its module's name
    lay(folder, module, TABLES.format(table=table, more=more, steps=steps), points="", metadata=False)
    return lay(folder, "vix", PLUGIN.replace("MODULE", f"ttai_{module}"))


async def test_rows_are_kept_over_a_restart_and_come_back_aware(tmp_path: Path) -> None:
    path = vix(tmp_path / "plugins")
    async with harness(plugin_path=path, data_dir=tmp_path) as h:
        await h.call("vix_keep", level=17.5)
        moment = h.clock.now()
    async with harness(plugin_path=path, data_dir=tmp_path) as h:
        (row,) = (await h.call("vix_kept")).data["result"]
        assert row["level"] == 17.5
        assert row["at"] == moment.astimezone(NEW_YORK).isoformat(timespec="seconds")


async def test_a_new_version_brings_its_tables_up_to_date_after_a_backup(tmp_path: Path) -> None:
    async with harness(plugin_path=vix(tmp_path / "plugins"), data_dir=tmp_path) as h:
        await h.call("vix_keep", level=17.5)
    SQLModel.metadata.remove(SQLModel.metadata.tables["vix_level"])
    del sys.modules["ttai_vix"]  # as a new process would
    newer = vix(
        tmp_path / "newer",
        more='source: str = Field(default="feed", sa_column_kwargs={"server_default": "feed"})',
        steps="""{"vix_level": ["ALTER TABLE vix_level ADD COLUMN source TEXT NOT NULL DEFAULT 'feed'"]}""",
    )
    sys.path.remove(str(tmp_path / "plugins"))
    async with harness(plugin_path=newer, data_dir=tmp_path) as h:
        (row,) = (await h.call("vix_kept")).data["result"]
        assert (row["level"], row["source"]) == (17.5, "feed")
    assert len(list((tmp_path / "demo/backups").glob("ttai-*.db"))) == 1


async def test_tables_that_break_the_rules_cost_what_uses_them(tmp_path: Path) -> None:
    async with harness(plugin_path=vix(tmp_path / "plugins", table="level"), data_dir=tmp_path) as h:
        with pytest.raises(
            ToolError, match=r"DATABASE: the tables of vix can't be used: .*'level' does not begin with"
        ):
            await h.call("vix_keep", level=1)
        assert (await h.call("ping")).data["reply"] == "pong"
        assert "does not begin with vix_" in (await h.call("get_status")).text


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 20), None)  # type: ignore[arg-type]  # noqa: DTZ001


def test_a_moment_is_kept_in_utc() -> None:
    moment = datetime(2026, 11, 20, 10, 31, tzinfo=NEW_YORK)
    bound = UtcDateTime().process_bind_param(moment, None)  # type: ignore[arg-type]
    assert bound == datetime(2026, 11, 20, 15, 31)  # noqa: DTZ001
    assert UtcDateTime().process_result_value(bound, None) == moment.astimezone(UTC)  # type: ignore[arg-type]
