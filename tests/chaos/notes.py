"""What happened in a run: calls by outcome, faults by kind, findings."""

from collections import Counter
from dataclasses import dataclass
from time import monotonic

MOST_SHOWN = 5  # findings of one rule, whole: the rest is a number


@dataclass(frozen=True)
class Finding:
    """A broken promise: when (s from the start), which, and all that is needed to look for its cause."""

    at: float
    rule: str
    said: str


class Notes:
    """The run's book, written by every actor."""

    def __init__(self) -> None:
        self._began = monotonic()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[str] = Counter()
        self.slowest = (0.0, "none")
        self.findings: list[Finding] = []
        self.facts: list[str] = []

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self._began

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        """One call and how it ended."""
        self.calls[tool, outcome] += 1
        self.slowest = max(self.slowest, (seconds, f"{tool} ({outcome}) at {self.now:.1f} s"))

    def struck(self, kind: str) -> None:
        """One fault that was given."""
        self.faults[kind] += 1

    def find(self, rule: str, said: str) -> None:
        """A promise was broken."""
        self.findings.append(Finding(self.now, rule, said))
        print(f"{self.now:6.1f} s  FINDING {rule}: {said}"[:600], flush=True)

    def say(self, fact: str) -> None:
        """Something the report is to tell."""
        self.facts.append(fact)
        print(f"{self.now:6.1f} s  {fact}", flush=True)

    def report(self, seed: int) -> str:
        """All of it, in a page."""
        tools = sorted({tool for tool, _ in self.calls})
        lines = [f"seed {seed}, {self.now / 60:.1f} minutes, {sum(self.calls.values())} calls"]
        for tool in tools:
            told = sorted((outcome, n) for (name, outcome), n in self.calls.items() if name == tool)
            lines.append(f"  {tool:<22}" + ", ".join(f"{outcome} {n}" for outcome, n in told))
        lines.append(f"slowest: {self.slowest[0]:.1f} s, {self.slowest[1]}")
        lines.append("faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.faults.items())))
        lines += self.facts
        rules = Counter(finding.rule for finding in self.findings)
        lines.append("findings: " + (", ".join(f"{rule} {n}" for rule, n in rules.items()) or "none"))
        for rule in rules:
            shown = [finding for finding in self.findings if finding.rule == rule][:MOST_SHOWN]
            lines += [f"  seed {seed} at {one.at:.1f} s, {rule}: {one.said}" for one in shown]
        return "\n".join(lines)
