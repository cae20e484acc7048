"""Where notifications go in a test."""

from collections.abc import Sequence

from ttai.background.channels import Note


class Recorder:
    """A channel that keeps what is delivered."""

    name = "recorder"
    broadcast = True

    def __init__(self) -> None:
        self.notes: list[Note] = []

    async def deliver(self, notes: Sequence[Note]) -> None:
        self.notes += notes
