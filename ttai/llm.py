"""The language model that a plugin may ask."""

from ttai.errors import NoModel


class Llm:
    """No model yet: whoever asks is told so."""

    async def complete(self, prompt: str, *, system: str | None = None) -> str:  # noqa: ARG002 - the interface
        """The model's answer to `prompt`, under the instructions of `system`; NoModel where none is configured."""
        raise NoModel
