"""The answer about expirations."""

from collections.abc import Iterable, Sequence

from ttai_chains import analysis
from ttai_chains.models.common import ChainAnswer, ExpirationRow
from ttai_chains.service import Read

ATM = "atm_iv: at the price, between the strikes beside it, from mids on a forward by put-call parity"
MOVE = f"expected_move: {analysis.STRADDLE}"


class Expirations(ChainAnswer):
    """When the options of an underlying expire, the nearest first."""

    expirations: list[ExpirationRow]

    @classmethod
    def of(cls, reads: Sequence[Read], kept: Sequence[Read], notes: Iterable[str]) -> "Expirations":
        """All that were read at the same moment, of which some are kept."""
        rows = [ExpirationRow.of(read) for read in kept]
        return cls(**cls.facts(reads[0]), expirations=rows, notes=[*reads[0].notes, *notes, ATM, MOVE])
