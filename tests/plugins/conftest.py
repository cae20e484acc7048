"""The apps that the tests of a module share, and those of a test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastmcp import Client

from ttai.testing import Era, Harness, harness
from ttai.testing.fixtures import estrange

ERAS: tuple[Era, ...] = ("auto", "legacy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module run in one loop: that of the apps they share."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As `_stranger`, for the apps that are there before the first test."""
    with pytest.MonkeyPatch.context() as patch:
        estrange(patch, tmp_path_factory)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(strange: None) -> AsyncIterator[dict[Era, Harness]]:
    """One app for all that only ask, seen by a client of each protocol era."""
    async with harness() as h, Client(h.app.mcp, mode="legacy") as older:
        yield {"auto": h, "legacy": Harness(h.app, older, h.simulator, h.clock, h._recorder)}


@pytest.fixture(params=ERAS)
def demo(request: pytest.FixtureRequest, shared: dict[Era, Harness]) -> Harness:
    """The app of the module, in both eras: nothing of it may be changed."""
    era: Era = request.param
    return shared[era]


@pytest.fixture
def h(shared: dict[Era, Harness]) -> Harness:
    """The app of the module in the newer era, for what no era has a part in: nothing of it may be changed."""
    return shared["auto"]


@pytest_asyncio.fixture(loop_scope="module")
async def fresh() -> AsyncIterator[Harness]:
    """An app of the test's own, to break, to move, or to count what it asks."""
    async with harness() as made:
        yield made
