"""How the broker wraps what it answers, and its errors."""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ttai.simulator.accounts import Json


def answer(request: Request, data: Json, status: int = 200) -> Response:
    """Data as the broker wraps it."""
    return JSONResponse({"data": data, "context": unquote(request.url.path)}, status)


def error(status: int, code: str, message: str) -> Response:
    """An error as the broker words it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def not_found(request: Request) -> Response:
    """That there is nothing of that name."""
    return error(404, "not_found", f"There is nothing at {unquote(request.url.path)}.")
