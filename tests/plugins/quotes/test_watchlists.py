"""Watchlists as a client meets them: the broker's, the public ones, and those kept here without a login."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastmcp.exceptions import ToolError

from tests.desk import Tap
from tests.rival import Rival
from ttai.tastytrade import TastyTrade
from ttai.testing import Harness, Reply, harness

MANY = [f"{a}{b}{c}" for a in "ABCDE" for b in "ABCDEFGHIJ" for c in "KLMNOPQRSTU"]  # 550
NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keepers(strange: None) -> AsyncIterator[dict[str, Harness]]:
    """Two apps whose lists are edited: one has the simulated broker, the other no login."""
    async with harness() as broker, harness(demo=False) as local:
        yield {"broker": broker, "local": local}


@pytest.fixture(params=["broker", "local"])
def either(request: pytest.FixtureRequest, keepers: dict[str, Harness]) -> Harness:
    """With the simulated broker, and without any login: only lists of a name of one's own may be edited."""
    return keepers[request.param]


@pytest.fixture
def mine() -> str:
    """The name of a list that no other test has."""
    return f"Mine {next(NUMBERS)}"


async def edit(h: Harness, name: str, action: str, symbols: Any = None) -> Reply:
    return await h.call("edit_watchlist", name=name, action=action, symbols=symbols)


async def on(h: Harness, name: str) -> list[str]:
    symbols: list[str] = (await h.call("get_watchlists", name=name)).data["symbols"]
    return symbols


async def names(h: Harness) -> list[tuple[str, str, int]]:
    answer = await h.call("get_watchlists")
    return [(row["name"], row["kind"], row["symbols"]) for row in answer.rows("watchlists")]


async def test_all_lists_are_named_the_users_own_first(demo: Harness) -> None:
    listed = await names(demo)
    assert listed[:2] == [("Core Holdings", "private", 5), ("Earnings / Swing", "private", 4)]
    assert {kind for _, kind, _ in listed[2:]} == {"public"}
    assert (await demo.call("get_watchlists")).data["source"] == "simulator"


async def test_one_list_by_its_name_however_it_is_written(demo: Harness) -> None:
    for name in ("Earnings / Swing", "  earnings /  swing "):
        answer = await demo.call("get_watchlists", name=name)
        assert (answer.data["name"], answer.data["kind"]) == ("Earnings / Swing", "private")
        assert answer.data["symbols"] == ["NVDA", "AMD", "META", "TSLA"]
    assert await on(demo, "Gold and Bonds") == ["GLD", "TLT"]


async def test_an_unknown_list_is_not_found_with_the_nearest_names_first(demo: Harness) -> None:
    with pytest.raises(
        ToolError, match=r"NOT_FOUND: there is no watchlist 'Core Holding'\. There are 'Core Holdings', "
    ):
        await demo.call("get_watchlists", name="Core Holding")
    for action, symbols in (("add", ["SPY"]), ("remove", ["SPY"]), ("delete", None)):
        with pytest.raises(ToolError, match="NOT_FOUND: there is no watchlist 'Nope'"):
            await edit(demo, "Nope", action, symbols)


@pytest.mark.slow
async def test_a_name_of_any_length_is_compared_in_no_time(demo: Harness) -> None:
    with pytest.raises(ToolError, match="NOT_FOUND: there is no watchlist 'a a a"):
        await demo.call("get_watchlists", name="a " * 50_000)  # it took 18 s


async def test_a_list_is_made_filled_thinned_and_deleted(either: Harness, mine: str) -> None:
    made = await edit(either, "50% / Mine?", "create")
    kept = {"private": "the simulator, until it ends", "local": "this computer"}[made.data["kind"]]
    assert (made.data["done"], made.data["count"], made.data["kept_at"]) == ("created", 0, kept)
    added = await edit(either, "50% / mine?", "add", [" spy ", "brk.b", "SPY", "SPX", "SPY   261218C00680000"])
    assert added.data["added"] == ["SPY", "BRK/B", "SPX", "SPY   261218C00680000"]
    assert (added.data["count"], added.data["name"]) == (4, "50% / Mine?")
    removed = await edit(either, "50% / Mine?", "remove", ["BRK/B", "QQQ"])
    assert (removed.data["removed"], removed.data["notes"]) == (["BRK/B"], ["QQQ: not on it"])
    assert await on(either, "50% / Mine?") == ["SPY", "SPX", "SPY   261218C00680000"]
    gone = await edit(either, "50% / Mine?", "delete")
    assert (gone.data["done"], gone.data["count"]) == ("deleted", 0)
    assert gone.data["removed"] == ["SPY", "SPX", "SPY   261218C00680000"]  # enough to make it again
    assert "50% / Mine?" not in [name for name, _, _ in await names(either)]


@pytest.mark.parametrize("action", ["add", "remove"])
async def test_symbols_left_out_never_empty_a_list(either: Harness, mine: str, action: str) -> None:
    await edit(either, mine, "create", ["SPY", "QQQ"])
    for symbols in (None, [], "", ["", " "], "[]"):
        with pytest.raises(ToolError, match=f"VALIDATION: {action} needs symbols"):
            await edit(either, mine, action, symbols)
        assert await on(either, mine) == ["SPY", "QQQ"], symbols


async def test_delete_with_symbols_is_no_remove(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY", "QQQ"])
    with pytest.raises(ToolError, match=r"VALIDATION: delete removes the whole list.* Use remove"):
        await edit(either, mine, "delete", ["SPY"])
    assert await on(either, mine) == ["SPY", "QQQ"]


async def test_the_last_symbol_leaves_an_empty_list(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY"])
    assert (await edit(either, mine, "remove", "SPY")).data["count"] == 0
    assert await on(either, mine) == []


async def test_a_name_that_is_taken_is_no_new_list(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY"])
    with pytest.raises(
        ToolError, match=rf"VALIDATION: there is a (private|local) watchlist '{mine}' already\. Use add"
    ):
        await edit(either, mine.lower(), "create", ["QQQ"])
    assert await on(either, mine) == ["SPY"]


async def test_what_is_on_it_already_is_said_and_nothing_sent(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY"])
    answer = await edit(either, mine, "add", ["spy"])
    assert (answer.data["done"], answer.data["notes"]) == ("unchanged", ["SPY: already on it"])
    assert either.simulator.requests[f"/watchlists/{mine}"] == 0


async def test_a_list_has_at_most_500_symbols(either: Harness, mine: str) -> None:
    with pytest.raises(ToolError, match="VALIDATION: a watchlist has at most 500 symbols, not 501"):
        await edit(either, mine, "create", MANY[:501])
    await edit(either, mine, "create", MANY[:500])
    with pytest.raises(ToolError, match="VALIDATION: a watchlist has at most 500 symbols, not 501"):
        await edit(either, mine, "add", MANY[499:501])
    assert (await edit(either, mine, "remove", MANY[:2])).data["count"] == 498


@pytest.mark.slow
async def test_as_many_symbols_as_one_likes_are_refused_in_no_time(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY"])
    with pytest.raises(ToolError, match="VALIDATION: a watchlist has at most 500 symbols, not 60001"):
        await edit(either, mine, "add", [f"A{number}" for number in range(60_000)])  # it took 36 s


async def test_a_long_list_is_read_in_parts_that_fit_the_budget(either: Harness, mine: str) -> None:
    options = [f"SPY   261218C{strike:05}000" for strike in range(500, 900)]
    await edit(either, mine, "create", options)
    read: list[str] = []
    for _ in range(5):
        answer = await either.call("get_watchlists", name=mine, skip=len(read))
        assert len(answer.text.encode()) <= 8 * 1024
        assert len(json.dumps(answer.data, separators=(",", ":")).encode()) <= 8 * 1024
        assert answer.data["count"] == 400
        read += answer.data["symbols"]
        if f"ask skip={len(read)}" not in answer.text:
            break
    assert read == options


async def test_what_is_no_symbol_changes_nothing(either: Harness, mine: str) -> None:
    await edit(either, mine, "create", ["SPY"])
    for symbols in (["no symbol!"], ["SPY", "$"], ["a" * 100]):
        for action in ("add", "remove"):
            with pytest.raises(ToolError, match=r"VALIDATION: .*is not a symbol.* Nothing was changed"):
                await edit(either, mine, action, symbols)
        assert await on(either, mine) == ["SPY"], symbols


@pytest.mark.parametrize("name", ["", "   ", "..", "/", "a\nb", "x" * 61])
@pytest.mark.parametrize("action", ["create", "delete"])
async def test_a_name_is_one(either: Harness, name: str, action: str) -> None:
    with pytest.raises(ToolError, match=r"^VALIDATION: "):
        await edit(either, name, action)


async def test_public_lists_are_tastytrades_own(demo: Harness) -> None:
    for action, symbols in (("add", ["SPY"]), ("remove", ["GLD"]), ("delete", None)):
        with pytest.raises(ToolError, match="VALIDATION: 'Gold and Bonds' is a public watchlist"):
            await edit(demo, "gold and bonds", action, symbols)
    with pytest.raises(ToolError, match=r"a public watchlist 'Gold and Bonds' already\. Choose another name"):
        await edit(demo, "Gold and Bonds", "create")


async def test_private_lists_are_read_anew_after_every_edit(fresh: Harness) -> None:
    before = {name: count for name, _, count in await names(fresh)}["Core Holdings"]
    await edit(fresh, "Core Holdings", "add", ["GLD"])
    assert {name: count for name, _, count in await names(fresh)}["Core Holdings"] == before + 1
    assert await on(fresh, "Core Holdings") == ["SPY", "QQQ", "AAPL", "MSFT", "BRK/B", "GLD"]


async def test_where_one_kind_of_lists_cannot_be_read_the_others_are_there() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/public-watchlists", status=403)
        answer = await h.call("get_watchlists")
        assert {row["name"] for row in answer.rows("watchlists")} == {"Core Holdings", "Earnings / Swing"}
        assert any("public watchlists could not be read: AUTHORIZATION" in note for note in answer.data["notes"])
        assert await on(h, "Core Holdings") == ["SPY", "QQQ", "AAPL", "MSFT", "BRK/B"]
        with pytest.raises(ToolError, match="AUTHORIZATION"):  # it may be among those
            await on(h, "Gold and Bonds")


async def test_where_the_users_own_cannot_be_read_nothing_is_edited() -> None:
    async with harness() as h:
        h.simulator.faults.add("status", "/watchlists", status=403)
        with pytest.raises(ToolError, match="AUTHORIZATION"):
            await edit(h, "Mine", "create", ["SPY"])
        assert h.simulator.requests["/watchlists"] == 1


async def test_without_a_login_there_are_local_lists_alone_and_it_is_said() -> None:
    async with harness(demo=False) as h:
        answer = await h.call("get_watchlists")
        assert answer.rows("watchlists") == []
        assert "local watchlists only: not logged in" in answer.text
        await edit(h, "b list", "create", ["SPY"])
        await edit(h, "A list", "create", ["QQQ"])
        assert await names(h) == [("A list", "local", 1), ("b list", "local", 1)]
        with pytest.raises(ToolError, match=r"NOT_FOUND: there is no watchlist 'x'\. There are "):
            await on(h, "x")


async def test_local_lists_outlive_the_server_and_edits_at_once_both_last(tmp_path: Any) -> None:
    async with harness(demo=False, data_dir=tmp_path) as h:
        await edit(h, "Mine", "create", ["SPY"])
        await asyncio.gather(*(edit(h, "Mine", "add", [symbol]) for symbol in ("QQQ", "IWM", "GLD")))
    async with harness(demo=False, data_dir=tmp_path) as h:
        assert set(await on(h, "Mine")) == {"SPY", "QQQ", "IWM", "GLD"}


async def test_the_editing_tool_says_that_it_changes_something(demo: Harness) -> None:
    (tool,) = [one for one in await demo.client.list_tools() if one.name == "edit_watchlist"]
    assert tool.annotations is not None
    hints = tool.annotations.read_only_hint, tool.annotations.destructive_hint, tool.annotations.idempotent_hint
    assert hints == (False, True, False)


async def refuse(h: Harness) -> None:
    """From now on the broker refuses the login."""
    h.simulator.faults.add("status", "/oauth/token", status=401)
    h.simulator.faults.add("expire", "/watchlists")


async def with_local(folder: Path, *names: str) -> None:
    """Leave local lists where the demo will find them."""
    async with harness(demo=False, data_dir=folder / "demo") as h:
        for name in names:
            await edit(h, name, "create", ["GLD"])


async def test_with_refused_credentials_nothing_is_edited_and_the_reason_is_said(tmp_path: Path) -> None:
    await with_local(tmp_path, "Mine")
    async with harness(data_dir=tmp_path) as h:
        await h.call("get_watchlists")  # the public lists are remembered
        await refuse(h)
        answer = await h.call("get_watchlists")
        kinds = {row["kind"] for row in answer.rows("watchlists")}
        assert kinds == {"local", "public"}
        (note,) = answer.data["notes"]
        assert note.startswith("private watchlists could not be read: AUTHENTICATION: ")
        assert "refused the credentials" in note
        for name, action, symbols in (
            ("New", "create", ["SPY"]), ("Mine", "add", ["SPY"]), ("Mine", "remove", ["GLD"]), ("Mine", "delete", None),
        ):  # fmt: skip
            with pytest.raises(ToolError, match=r"^AUTHENTICATION: .*refused the credentials"):
                await edit(h, name, action, symbols)
        with pytest.raises(ToolError, match=r"^AUTHENTICATION: "):  # it may be among the private ones
            await on(h, "Core Holdings")
        assert await on(h, "Mine") == ["GLD"]
        local = [row["name"] for row in (await h.call("get_watchlists")).rows("watchlists") if row["kind"] == "local"]
        assert local == ["Mine"]


async def test_of_two_lists_of_a_name_the_private_one_is_edited_and_the_other_named(tmp_path: Path) -> None:
    await with_local(tmp_path, "Core Holdings")
    async with harness(data_dir=tmp_path) as h:
        said = "this is the private watchlist 'Core Holdings'; the local one, 'Core Holdings', is left as it is"
        for action, symbols in (("add", ["XOM"]), ("remove", ["SPY"]), ("delete", None)):
            answer = await edit(h, "core holdings", action, symbols)
            assert (answer.data["kind"], answer.data["notes"]) == ("private", [said])
        assert await on(h, "Core Holdings") == ["GLD"]
        last = await edit(h, "Core Holdings", "delete")
        assert (last.data["kind"], last.data.get("notes", [])) == ("local", [])


@pytest.mark.parametrize(("action", "symbols", "how"), [("add", ["IWM"], "not"), ("remove", ["AMD"], "still")])
async def test_a_change_that_another_program_undoes_is_no_change(action: str, symbols: list[str], how: str) -> None:
    async with harness() as h:
        await names(h)
        adapter = h.app.connection._adapter
        assert isinstance(adapter, TastyTrade)
        Rival(Tap(h.simulator), "Earnings / Swing", 99).sit_before(adapter)
        answer = await edit(h, "Earnings / Swing", action, symbols)
        assert (answer.data["done"], answer.data["count"]) == ("contested", 5)
        assert answer.data["added"] == answer.data["removed"] == []
        (note,) = answer.data["notes"]
        assert note.startswith("another program is changing this list at the same time: ")
        assert note.endswith(
            f"{how} on it, though sent several times: {symbols[0]}; on it now: NVDA, AMD, META, TSLA, XOM"
        )


@pytest.mark.parametrize("entries", [{}, {"watchlist-entries": None}])
async def test_a_list_that_comes_without_its_entries_is_not_written(entries: dict[str, Any]) -> None:
    async with harness() as h:
        await names(h)
        adapter = h.app.connection._adapter
        assert isinstance(adapter, TastyTrade)
        tap = Tap(h.simulator)
        rival = Rival(tap, "Core Holdings", 0)
        rival.sit_before(adapter)
        tap.answer("/watchlists/Core Holdings", {"data": {"name": "Core Holdings", **entries}})
        with pytest.raises(ToolError, match=r"^BROKER: .*left as it is"):
            await edit(h, "Core Holdings", "add", ["XOM"])
        assert rival.puts == 0
        assert await on(h, "Core Holdings") == ["SPY", "QQQ", "AAPL", "MSFT", "BRK/B"]


async def test_of_many_symbols_fifty_are_named_and_it_is_said_how_many_there_are(either: Harness, mine: str) -> None:
    made = await edit(either, mine, "create", MANY[:500])
    assert (made.data["count"], made.data["added"]) == (500, MANY[:50])
    assert made.data["notes"] == [
        f"500 symbols added, the first 50 are named; get_watchlists name='{mine}' for what is on it"
    ]
    removed = await edit(either, mine, "remove", [*MANY[:60], *MANY[500:]])
    assert (removed.data["count"], removed.data["removed"]) == (440, MANY[:50])
    assert removed.data["notes"] == [
        f"60 symbols removed, the first 50 are named; get_watchlists name='{mine}' for what is on it",
        f"{', '.join(MANY[500:550])}: not on it",
    ]
    again = await edit(either, mine, "add", MANY[60:140])
    assert again.data["notes"] == [f"{', '.join(MANY[60:110])}, 30 more: already on it"]


async def test_a_deleted_list_names_what_was_on_it_as_far_as_there_is_room(either: Harness, mine: str) -> None:
    options = [f"SPY   261218C{strike:05}000" for strike in range(500, 900)]
    await edit(either, mine, "create", options)
    gone = await edit(either, mine, "delete")
    kept = len(gone.data["removed"])
    assert 50 < kept < 400
    assert gone.data["removed"] == options[:kept]
    assert gone.data["notes"] == [f"the first {kept} of the 400 symbols that were on it are named"]
    assert len(gone.text.encode()) <= 8 * 1024
