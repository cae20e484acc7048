"""How the simulated broker wraps what it answers."""

from collections.abc import Sequence
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ttai.simulator.accounts import Json


def answer(request: Request, data: Json, status: int = 200) -> Response:
    """Data as the broker wraps it."""
    return JSONResponse({"data": data, "context": unquote(request.url.path)}, status)


def listed(request: Request, key: str) -> list[str]:
    """A list in a query: `key` or `key[]`, repeated or with commas."""
    values = request.query_params.getlist(key) + request.query_params.getlist(f"{key}[]")
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def error(status: int, code: str, message: str, errors: Sequence[Json] = ()) -> Response:
    """An error as the broker words it, with what it is made of."""
    details = {"errors": list(errors)} if errors else {}
    return JSONResponse({"error": {"code": code, "message": message, **details}}, status)


def not_found(request: Request) -> Response:
    """That there is nothing at a path."""
    return error(404, "not_found", f"There is nothing at {unquote(request.url.path)}.")
