"""What the wire's tests share; a module's own fixture of the name goes before."""

from tests.wire.sdk import session

__all__ = ["session"]
