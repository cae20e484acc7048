"""The surface that plugins stand on: every change of it is a visible change of a file."""

import pytest

import ttai
from tests.contract.docs import SCHEMAS, SURFACE, schemas, surface
from ttai.testing import harness


def test_the_public_surface_is_the_one_agreed() -> None:
    assert SURFACE.read_text("utf-8") == surface()


def test_every_public_name_can_be_had() -> None:
    assert [name for name in ttai.__all__ if getattr(ttai, name) is None] == []
    assert {*ttai.__all__} <= {*dir(ttai)}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ttai' has no attribute 'Manager'"):
        _ = ttai.Manager  # type: ignore[attr-defined]


async def test_the_host_has_the_services_agreed_and_no_more() -> None:
    seen: list[set[str]] = []
    async with harness(lambda host: seen.append({name for name in vars(host) if not name.startswith("_")})):
        pass
    assert seen == [{
        "name", "log", "market", "broker", "database", "cache", "notifier", "scheduler", "tasks", "tools", "llm",
        "clock", "exports",
    }]  # fmt: skip


async def test_arguments_and_answers_are_the_ones_agreed() -> None:
    assert await schemas() == SCHEMAS.read_text("utf-8")
