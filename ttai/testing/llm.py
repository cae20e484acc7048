"""A language model that says what the test wrote down."""

from collections.abc import Iterable

from ttai.llm import Llm


class ScriptedLLM(Llm):
    """Answers each prompt with the next line of a script; `asked` keeps the prompts."""

    def __init__(self, answers: Iterable[str]) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    async def complete(self, prompt: str, *, system: str | None = None) -> str:
        """The next answer; AssertionError where the script is over."""
        self.asked.append(prompt if system is None else f"{system}\n\n{prompt}")
        answer = next(self._answers, None)
        assert answer is not None, f"the script has no answer left for: {prompt[:200]}"  # noqa: S101
        return answer
