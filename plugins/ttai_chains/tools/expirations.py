"""When options expire, as an answer."""

from typing import Annotated

from pydantic import Field

from ttai import cut
from ttai_chains.models.expirations import Expirations
from ttai_chains.service import Chains, gaps
from ttai_chains.tools.arguments import Snapshot, Underlying

MOST = 60


class ExpirationTools:
    """The expirations of a chain."""

    def __init__(self, service: Chains) -> None:
        self._service = service

    async def get_expirations(
        self,
        symbol: Underlying = None,
        limit: Annotated[int, Field(ge=1, le=MOST, description="Rows, the nearest first")] = 40,
        snapshot: Snapshot = None,
    ) -> Expirations:
        """List the option expirations of an underlying: days left, weekly or monthly, ATM IV and expected move of each.
        Use it to choose an expiration, or to tell what move the market expects by a date."""
        chain = await self._service.chain(symbol, snapshot)
        reads = await self._service.at_the_money(chain)
        kept, note = cut(reads, limit, f"limit={min(len(reads), MOST)}", "expirations")
        adjusted = sorted({one.root for one in chain.expirations if one.adjusted})
        notes = [*gaps(kept), *([note] if note else []), *adjusted_note(adjusted)]
        return Expirations.of(reads, kept, notes)


def adjusted_note(roots: list[str]) -> list[str]:
    """That there are adjusted contracts beside."""
    return [f"adjusted contracts are left out: {', '.join(roots)}; ask expiration='date root'"] if roots else []
