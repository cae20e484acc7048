"""A keyring that lies in memory, and can be told to behave as badly as a real one."""

from threading import Event
from typing import Literal

Mood = Literal["well", "locked", "hanging", "plaintext", "null", "forgetful", "small"]


class MemoryKeyring:
    """Stands where a backend of the keyring library stands: `Vault(folder, ring=MemoryKeyring())`.

    `mood` can be changed at any time: "locked" refuses, "hanging" answers once `let_go` is called, "plaintext" and
    "null" are kinds nobody should trust, "forgetful" seems fine and keeps nothing, "small" has room for nothing.
    It is not a subclass of keyring's: those offer themselves to every program that asks for a keyring.
    """

    def __init__(self, mood: Mood = "well") -> None:
        self.mood = mood
        self.stored: dict[tuple[str, str], str] = {}
        self.questions = 0
        self._answer = Event()

    @property
    def priority(self) -> float:
        """How much the keyring library would think of it."""
        return {"plaintext": 0.5, "null": -1.0}.get(self.mood, 5.0)

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept, or None."""
        self._behave()
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it, as far as the mood goes."""
        self._behave()
        if self.mood == "small":
            raise OSError(f"{password} is too long")  # as indiscreet as a backend can be
        if self.mood not in ("null", "forgetful"):
            self.stored[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        self._behave()
        self.stored.pop((service, username), None)

    def let_go(self) -> None:
        """Answer the questions that hang, and behave from now on."""
        self.mood = "well"
        self._answer.set()
        self._answer = Event()

    def _behave(self) -> None:
        self.questions += 1
        if self.mood == "hanging":
            self._answer.wait()
        if self.mood == "locked":
            from keyring.errors import KeyringLocked

            raise KeyringLocked("the user closed the window")
