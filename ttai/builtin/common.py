"""What the core's own tools share."""

from ttai.answers import Answer

READ = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}
CHANGE = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}


class Done(Answer):
    """What an action came to."""

    said: str
