"""The broker service: whose accounts these are."""

from decimal import Decimal

import pytest

from tests.desk import Gate, desk
from ttai.broker.broker import Broker
from ttai.broker.types import Account, Order, OrderLeg
from ttai.cache import Cache
from ttai.errors import BadArgument, BrokerUnavailable, NotFound, NotLoggedIn
from ttai.login.connection import Connection
from ttai.login.vault import Vault
from ttai.settings import CoreSettings
from ttai.testing import FrozenClock, MemoryKeyring

ACCOUNTS = "/customers/me/accounts"
SHARE = Order((OrderLeg("F", 1),), Decimal(13), "debit")


async def test_the_accounts_are_named() -> None:
    async with desk(streaming=False) as d:
        assert await d.broker.accounts() == [
            Account("5WT00718", "Trading", "Individual", margin=True),
            Account("5WT00934", "Retirement", "Roth IRA", margin=False),
            Account("5WT01122", "Income", "Individual", margin=True),
        ]


async def test_they_are_remembered_for_5_minutes() -> None:
    async with desk(streaming=False) as d:
        for passed, requests in ((0, 1), (299, 1), (2, 2)):
            d.clock.advance(passed)
            await d.broker.accounts()
            assert d.asked(ACCOUNTS) == requests


async def test_an_account_that_cannot_be_read_costs_itself_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(streaming=False) as d:
        items = [
            {"account": {"account-number": "1", "margin-or-cash": "Margin"}},
            {"account": {"nickname": "no number"}},
            {"account": {"account-number": "2", "is-closed": True}},
            "noise",
        ]
        d.tap.answer(ACCOUNTS, {"data": {"items": items}})
        accounts = await d.broker.accounts()
        assert [account.number for account in accounts] == ["1"]
        assert accounts.notes("accounts") == ["2 of 3 accounts could not be read and are left out"]
        assert "2 of 4 rows were not read (account)" in caplog.text


async def test_an_answer_of_another_shape_is_said() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, {"data": {"items": None, "more": 1}})
        with pytest.raises(BrokerUnavailable, match="no items on /customers/me/accounts"):
            await d.broker.accounts()


async def test_without_credentials_it_says_how_to_log_in() -> None:
    clock = FrozenClock()
    vault = Vault(CoreSettings().data_dir, MemoryKeyring())
    with pytest.raises(NotLoggedIn, match="TASTYTRADE_CLIENT_SECRET"):
        await Broker(Connection(CoreSettings(), clock, vault), Cache(clock)).accounts()


async def test_another_login_has_accounts_of_its_own() -> None:
    async with desk(streaming=False) as d:
        await d.broker.accounts()
        d.adapter.login = "another"
        await d.broker.accounts()
        assert d.asked(ACCOUNTS) == 2


async def test_an_order_is_for_the_account_named_else_the_one_that_is_set_else_the_first_that_is_open() -> None:
    async with desk(streaming=False) as d:
        set_up = Broker(Gate(d.adapter), d.cache, "5WT00934")
        assert (await set_up.dry_run(SHARE, "trading")).account == "5WT00718"
        assert (await set_up.dry_run(SHARE)).account == "5WT00934"
        assert (await d.broker.dry_run(SHARE)).account == "5WT00718"
        with pytest.raises(BadArgument, match="an order is for one account"):
            await d.broker.dry_run(SHARE, "all")


THREE = {
    "data": {
        "items": [
            {"account": {"account-number": number, "nickname": nickname, "is-closed": closed}}
            for number, nickname, closed in (
                ("5WT1", "Old", True),
                ("5WT2", "Trading", False),
                ("5WT3", "Savings", False),
                ("5WT4", "savings", False),
            )
        ]
    }
}


@pytest.mark.parametrize(
    ("of_settings", "asked", "meant"),
    [
        ("", None, "234"),
        ("", "", "234"),
        ("5wt3", None, "3"),
        ("Trading", None, "2"),
        ("Trading", " ", "2"),
        ("5WT3", "ALL", "234"),
        ("5WT3", " trading ", "2"),
        ("5WT3", "5wt4", "4"),
    ],
)
async def test_an_account_is_chosen_by_number_or_nickname(of_settings: str, asked: str | None, meant: str) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, THREE)
        chosen = await Broker(Gate(d.adapter), d.cache, of_settings).chosen(asked)
        assert [account.number for account in chosen] == [f"5WT{digit}" for digit in meant]
        assert chosen.source == "simulator"


@pytest.mark.parametrize(
    ("of_settings", "asked", "said"),
    [
        ("", "5WT9", "there is no account '5WT9'. There are 5WT2 (Trading), 5WT3 (Savings), 5WT4 (savings)."),
        ("", "5wt1", "the account '5wt1' is closed. There are 5WT2"),
        ("", "old", "the account 'old' is closed. There are 5WT2"),
        ("5WT9", None, "there is no account '5WT9'. TASTYTRADE_ACCOUNT names it. There are 5WT2"),
    ],
)
async def test_an_account_that_is_not_there_is_answered_with_those_there_are(
    of_settings: str, asked: str | None, said: str
) -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, THREE)
        with pytest.raises(NotFound) as caught:
            await Broker(Gate(d.adapter), d.cache, of_settings).chosen(asked)
        assert said in str(caught.value)


async def test_a_nickname_of_two_accounts_means_neither() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, THREE)
        with pytest.raises(BadArgument, match=r"2 accounts are called 'SAVINGS'\. Say which: 5WT3 \(Savings\), 5WT4"):
            await d.broker.chosen("SAVINGS")


async def test_accounts_that_could_not_be_read_may_be_the_one_that_was_asked_for() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, {"data": {"items": [*THREE["data"]["items"], "noise"]}})
        assert (await d.broker.chosen()).notes("accounts") == ["1 of 4 accounts could not be read and are left out"]
        with pytest.raises(NotFound, match=r"5WT4 \(savings\)\. 1 of 5 accounts could not be read"):
            await d.broker.chosen("5WT5")


async def test_without_an_open_account_there_is_none_to_order_for() -> None:
    async with desk(streaming=False) as d:
        d.tap.answer(ACCOUNTS, {"data": {"items": []}})
        with pytest.raises(NotFound, match="no open account"):
            await d.broker.dry_run(SHARE)
