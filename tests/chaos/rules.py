"""What holds for every answer, whatever goes wrong: sentences, sizes, no secrets."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.notes import Notes
from ttai.answers import rows

CODES = (
    "AUTHENTICATION", "AUTHORIZATION", "VALIDATION", "NOT_FOUND", "RATE_LIMIT", "BROKER", "ANALYSIS", "DATABASE", "LLM",
    "PLUGIN", "TIMEOUT",
)  # fmt: skip
SENTENCE = re.compile(rf"({'|'.join(CODES)}): \S.*[.!?`]", re.DOTALL)
CAP = 60 * 1024  # text and structure together
DEFAULT = 8 * 1024  # of either, where nothing but what must be given was given
IMAGE = 150 * 1024
LONGEST = 45.0  # s
BAD = re.compile(r"Traceback|INTERNAL|something unexpected|Unexpected|never awaited|[Ee]xception was never retrieved")


@dataclass
class Reply:
    """An answer as it came: its text, structure and the bytes of its pictures; a failure's text is its sentence."""

    text: str
    structure: Mapping[str, Any] = field(default_factory=dict)
    images: list[int] = field(default_factory=list)
    failed: bool = False

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> "Reply":
        """The result of a call as the protocol writes it."""
        blocks = result.get("content", ())
        text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
        images = [len(block["data"]) * 3 // 4 for block in blocks if block["type"] == "image"]
        return cls(text, result.get("structuredContent") or {}, images, bool(result.get("isError")))

    @property
    def outcome(self) -> str:
        """`ok`, or the failure's code."""
        return self.text.partition(":")[0][:20] if self.failed else "ok"

    @property
    def missing(self) -> tuple[list[str], list[str]]:
        """The symbols that could not be had, and why."""
        table = self.structure.get("missing")
        if not isinstance(table, Mapping):
            return [], []
        found = rows(self.structure, "missing")
        return [str(row["symbol"]) for row in found], [str(row["reason"]) for row in found]


class Rules:
    """Looks at every answer."""

    def __init__(self, notes: Notes, secrets: Iterable[str]) -> None:
        self._notes = notes
        self._secrets = tuple(secrets)
        self._known: set[str] = set()  # surprises without their numbers: each is told once

    def look(self, what: str, reply: Reply, *, default: bool) -> None:
        """Note what is wrong with an answer."""
        structure = json.dumps(reply.structure, separators=(",", ":"), ensure_ascii=False)
        text, size = len(reply.text.encode()), len(structure.encode())
        if reply.failed and not SENTENCE.fullmatch(reply.text):
            self._notes.find("sentence", f"{what}: {reply.text[:300]!r}")
        if text + size > CAP or (default and max(text, size) > DEFAULT):
            self._notes.find("budget", f"{what}: {text} bytes of text, {size} of structure")
        if any(image > IMAGE for image in reply.images):
            self._notes.find("budget", f"{what}: pictures of {reply.images} bytes")
        for missing in reply.missing[1]:
            if not SENTENCE.fullmatch(missing):
                self._notes.find("sentence", f"{what}: missing because {missing[:300]!r}")
        self.read(what, f"{reply.text}\n{structure}")

    def read(self, what: str, text: str) -> None:
        """Note a secret or a traceback in an answer or a line of a log."""
        if any(secret in text for secret in self._secrets):
            self._notes.find("secret", f"{what}: {text[:200]!r}")
        if bad := BAD.search(text):
            around = text[max(0, bad.start() - 150) : bad.start() + 3000]
            kind = re.sub(r"\d+", "#", around)
            if kind not in self._known:
                self._known.add(kind)
                self._notes.find("surprise", f"{what}: {around!r}")
