"""The default chain of SPX as it was recorded, 17,000 contracts, and one expiration of the demo with greeks."""

from time import perf_counter
from types import SimpleNamespace

import pytest
from pydantic_core import to_json

from tests.recorded_chain import contracts, recorded_desk
from ttai.answers import BUDGET, render
from ttai.testing import harness
from ttai_chains.service import Chains
from ttai_chains.tools.chain import ChainTools

pytestmark = pytest.mark.bench
ROUNDS = 7


async def test_the_default_answer_of_a_recorded_chain() -> None:
    async with recorded_desk() as (desk, _):
        host = SimpleNamespace(market=desk.market, clock=desk.clock)
        tools = ChainTools(Chains(host))  # type: ignore[arg-type]
        began = perf_counter()
        first = await tools.get_option_chain("SPX")
        cold = (perf_counter() - began) * 1000
        took = []
        for _ in range(ROUNDS):
            began = perf_counter()
            answer = render(await tools.get_option_chain(snapshot=first.snapshot))
            took.append((perf_counter() - began) * 1000)
    whole = len(to_json(list(contracts().values())))
    print(
        f"\nSPX, {len(contracts()):,} contracts: {min(took):.1f} ms from the snapshot, {cold:.0f} ms with the fetch; "
        f"{answer.text_bytes} B of text, {answer.structured_bytes} B of structure; the chain itself {whole:,} B"
    )
    assert min(took) <= 50
    assert answer.text_bytes <= BUDGET
    assert answer.structured_bytes <= BUDGET


async def test_an_expiration_of_the_demo_with_greeks() -> None:
    async with harness(serving=True) as h:
        first = await h.call("get_option_chain", symbol="SPY", dte=45)
        fresh: list[float] = []
        kept: list[float] = []
        plain = []
        for _ in range(ROUNDS):
            for arguments, took in (({"symbol": "SPY"}, fresh), ({"snapshot": first.data["snapshot"]}, kept)):
                began = perf_counter()
                await h.call("get_option_chain", dte=45, **arguments)
                took.append((perf_counter() - began) * 1000)
            began = perf_counter()
            await h.call("ping")
            plain.append((perf_counter() - began) * 1000)
    print(
        f"\nSPY 45 days out: a new snapshot {min(fresh):.1f} ms, the same again {min(kept):.1f} ms; "
        f"ping {min(plain):.1f} ms; greeks: {first.data['greeks']}"
    )
    assert min(fresh) <= 40
