"""The way to a broker: nobody, the demo, an account."""

import asyncio
from pathlib import Path

import pytest

from tests.desk import GOOD, Tap, nothing_left_open, served
from ttai.errors import NotLoggedIn
from ttai.login.connection import Connection
from ttai.login.vault import Vault
from ttai.settings import Config, CoreSettings
from ttai.simulator import Simulator
from ttai.testing import FrozenClock, MemoryKeyring

NOBODY = Vault(Path("/nowhere"), MemoryKeyring())


def connection(**settings: object) -> Connection:
    core = Config({}).core(settings)
    return Connection(core, FrozenClock(), Vault(core.data_dir, MemoryKeyring()))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", GOOD.client_secret.get_secret_value())
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", GOOD.refresh_token.get_secret_value())


async def test_without_credentials_there_is_no_way_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = connection()
    assert not await nobody.possible()
    assert (await nobody.describe())[0].startswith("not logged in. Run `ttai login`")
    for ask in (nobody.market(), nobody.broker()):
        with pytest.raises(NotLoggedIn):
            await ask
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", "half of it")
    assert not await nobody.possible()
    await nobody.close()


async def test_the_demo_needs_none_and_does_not_read_them(credentials: None) -> None:
    demo = connection(demo=True)
    assert await demo.possible()
    assert (await demo.describe(), demo.url) == (("simulator", True), "http://simulator")
    market, again, broker = await asyncio.gather(demo.market(), demo.market(), demo.broker())
    assert market is again
    assert id(market) == id(broker)
    assert demo.simulator is not None
    assert len(await broker.accounts()) == 4
    assert market.simulated
    await demo.close()


async def test_closed_it_opens_anew_on_the_same_simulator() -> None:
    demo = Connection(CoreSettings(demo=True), FrozenClock(), NOBODY, simulator := Simulator(clock=FrozenClock()))
    first = await demo.broker()
    await demo.close()
    await demo.close()
    second = await demo.broker()
    assert first is not second
    assert len(await second.accounts()) == 4
    assert demo.simulator is simulator
    await demo.close()


async def test_closed_while_it_opens_nothing_stays_open() -> None:
    demo = connection(demo=True)
    opening = asyncio.create_task(demo.market())
    await asyncio.sleep(0)
    assert demo._opening.locked()
    await demo.close()
    port = await opening
    assert await demo.market() is not port  # what was being opened was closed, the next question opens anew
    await demo.close()


async def test_an_account_is_reached_at_its_url(credentials: None) -> None:
    with nothing_left_open():
        tap = Tap(Simulator(clock=FrozenClock()))
        async with served(tap) as url:
            account = connection(tastytrade_api_url=url)
            assert await account.possible()
            assert await account.describe() == (f"TastyTrade at {url}", True)
            assert len(await (await account.broker()).accounts()) == 4
            assert tap.headers[0][0] == "/oauth/token"
            await account.close()
