"""The broker's REST interface: dasherised JSON behind short-lived access tokens."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from ttai.clock import NEW_YORK
from ttai.simulator.accounts import CUSTOMER, Json
from ttai.simulator.accounts.counter import Counter
from ttai.simulator.accounts.office import Office
from ttai.simulator.boards import Boards
from ttai.simulator.chains import Chains
from ttai.simulator.days import half_days, holidays, hours, is_session, session_after, session_before
from ttai.simulator.metrics import Metrics
from ttai.simulator.replies import answer, error, listed, not_found
from ttai.simulator.rows import described, instrument_type, market_row
from ttai.simulator.surface import RATE
from ttai.simulator.tokens import ACCESS_SECONDS, Tokens
from ttai.simulator.watchlists import Watchlists
from ttai.warm import warm

MOST_SYMBOLS = 100
_PRODUCT = re.compile(r"[^\s/]+/\S+")
_PUBLIC = "/margin-requirements-public-configuration"
_TYPES = ("index", "equity", "equity-option", "future", "future-option", "cryptocurrency")


class Rest:
    """Answers the broker's HTTP calls."""

    def __init__(
        self, boards: Boards, office: Office, tokens: Tokens, *, client_secret: str, refresh_token: str
    ) -> None:
        self._world = world = boards.world
        self._chains = Chains(boards)
        self._tokens = tokens
        self._secrets = client_secret, refresh_token
        self._metrics = Metrics(world)
        self._watchlists = Watchlists()
        past = "/market-metrics/historic-corporate-events"
        get: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/market-data/by-type": self._by_type,
            "/market-data/{type}/{symbol}": self._market_data,
            "/instruments/equities": self._equities,
            "/instruments/equities/{symbol}": self._equity,
            "/instruments/equity-options/{symbol}": self._contract,
            "/option-chains/{symbol}/nested": self._chain,
            "/symbols/search/{text}": self._search,
            "/market-metrics": self._measured,
            f"{past}/dividends/{{symbol}}": self._dividends,
            f"{past}/earnings-reports/{{symbol}}": self._reports,
            "/public-watchlists": self._lists,
            "/public-watchlists/{name}": self._list,
            "/watchlists": self._lists,
            "/watchlists/{name}": self._list,
            "/market-time/sessions/current": self._sessions,
            "/market-time/equities/holidays": self._holidays,
            "/api-quote-tokens": self._quote_token,
            _PUBLIC: self._margin,
        }
        self._router = Router(
            [
                Route("/oauth/token", self._oauth, methods=["POST"]),
                Route("/sessions/validate", self._validate, methods=["POST"]),
                *Counter(boards, office).routes,
                Route("/watchlists", self._create_list, methods=["POST"]),
                Route("/watchlists/{name}", self._replace_list, methods=["PUT"]),
                Route("/watchlists/{name}", self._delete_list, methods=["DELETE"]),
                *(Route(path, endpoint, methods=["GET"]) for path, endpoint in get.items()),
            ],
            default=_not_found,
            redirect_slashes=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check who calls, then answer."""
        request = Request(scope, receive)
        # routes see the path as it was sent: BRK%2FB is one symbol, BRK/B two parts of a path
        inner = {**scope, "path": scope["raw_path"].decode().partition("?")[0]}
        await (self._refusal(request) or self._router)(inner, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        if not _PRODUCT.match(request.headers.get("user-agent", "")):
            return error(401, "unauthorized", "A User-Agent of the form product/version is required.")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if request.url.path in ("/oauth/token", _PUBLIC) or (scheme == "Bearer" and self._tokens.may_call(token)):
            return None
        return error(401, "token_invalid", "This token is invalid or has expired")

    async def _oauth(self, request: Request) -> Response:
        try:
            asked = await request.json()
            grant, given = asked["grant_type"], (asked["client_secret"], asked["refresh_token"])
        except (ValueError, TypeError, KeyError):
            return _grant_error(400, "invalid_request", "grant_type, client_secret and refresh_token are required")
        if grant != "refresh_token":
            return _grant_error(400, "unsupported_grant_type", "Only refresh_token is supported")
        if given[0] != self._secrets[0]:
            return _grant_error(401, "invalid_grant", "Client authentication failed")
        if given[1] != self._secrets[1]:
            return _grant_error(400, "invalid_grant", "Grant revoked")
        token = self._tokens.access()
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": ACCESS_SECONDS})

    async def _validate(self, request: Request) -> Response:
        kept = ("email", "external-id")
        return answer(request, {key: CUSTOMER[key] for key in kept}, 201)

    async def _by_type(self, request: Request) -> Response:
        asked = [(kind, symbol) for kind in _TYPES for symbol in listed(request, kind)]
        if not asked or len(asked) > MOST_SYMBOLS:
            return error(
                400, "validation_error", f"Between 1 and {MOST_SYMBOLS} symbols may be asked, not {len(asked)}."
            )
        rows = [await self._row(kind, symbol) for kind, symbol in dict.fromkeys(asked)]
        return answer(request, {"items": [row for row in rows if row is not None]})

    async def _market_data(self, request: Request) -> Response:
        kind, symbol = (unquote(request.path_params[key]) for key in ("type", "symbol"))
        row = await self._row(kind.lower().replace(" ", "-"), symbol)
        return not_found(request) if row is None else answer(request, row)

    async def _row(self, kind: str, symbol: str) -> Json | None:
        """Market data of a symbol, asked for under its own type."""
        if kind == "equity-option":
            await warm("scipy.special")  # half a second that is not the loop's
            await asyncio.sleep(0)  # the first look at a series takes milliseconds
            return self._chains.market_row(symbol)
        instrument, snapshot = self._world.instruments.get(symbol), self._world.snapshot(symbol)
        if instrument is None or snapshot is None or kind != instrument_type(instrument).lower():
            return None
        return market_row(instrument, snapshot, self._world.history(symbol)[-251:])

    async def _equities(self, request: Request) -> Response:
        found = [i for s in listed(request, "symbol") if (i := self._world.instruments.get(s)) is not None]
        return answer(request, {"items": [described(instrument) for instrument in found]})

    async def _equity(self, request: Request) -> Response:
        instrument = self._world.instruments.get(unquote(request.path_params["symbol"]))
        return not_found(request) if instrument is None else answer(request, described(instrument))

    async def _contract(self, request: Request) -> Response:
        found = self._chains.contract(unquote(request.path_params["symbol"]))
        return not_found(request) if found is None else answer(request, found)

    async def _chain(self, request: Request) -> Response:
        items = self._chains.nested(unquote(request.path_params["symbol"]))
        return not_found(request) if items is None else answer(request, {"items": items})

    async def _margin(self, request: Request) -> Response:
        return answer(request, {"risk-free-rate": str(RATE)})

    async def _search(self, request: Request) -> Response:
        text = unquote(request.path_params["text"]).upper()
        found = [i for i in self._world.instruments.values() if i.symbol.startswith(text)]
        return answer(request, {"items": [{"symbol": i.symbol, "description": i.description} for i in sorted(found)]})

    async def _measured(self, request: Request) -> Response:
        asked = dict.fromkeys(listed(request, "symbols"))
        if not asked or len(asked) > MOST_SYMBOLS:
            return error(400, "validation_error", f"symbols must name 1 to {MOST_SYMBOLS} symbols, not {len(asked)}.")
        rows = []
        for symbol in asked:
            rows.append(self._metrics.row(symbol))
            await asyncio.sleep(0)  # the first look at a symbol takes milliseconds
        return answer(request, {"items": [row for row in rows if row is not None]})

    async def _dividends(self, request: Request) -> Response:
        items = self._metrics.dividends(unquote(request.path_params["symbol"]))
        return not_found(request) if items is None else answer(request, {"items": items})

    async def _reports(self, request: Request) -> Response:
        try:
            since = date.fromisoformat(request.query_params.get("start-date", ""))
        except ValueError:
            return error(400, "validation_error", "start-date must be a date.")
        items = self._metrics.reports(unquote(request.path_params["symbol"]), since)
        return not_found(request) if items is None else answer(request, {"items": items})

    async def _lists(self, request: Request) -> Response:
        lists = self._watchlists.all(public=_is_public(request))
        if request.query_params.get("counts-only", "false").lower() == "true":
            lists = [{key: one[key] for key in one if key != "watchlist-entries"} for one in lists]
        return answer(request, {"items": lists})

    async def _list(self, request: Request) -> Response:
        found = self._watchlists.get(unquote(request.path_params["name"]), public=_is_public(request))
        return not_found(request) if found is None else answer(request, found)

    async def _create_list(self, request: Request) -> Response:
        try:
            return answer(request, self._watchlists.create(await request.json()), 201)
        except ValueError as refused:
            return error(422, "validation_error", str(refused))

    async def _replace_list(self, request: Request) -> Response:
        try:
            kept = self._watchlists.replace(unquote(request.path_params["name"]), await request.json())
        except ValueError as refused:
            return error(422, "validation_error", str(refused))
        return not_found(request) if kept is None else answer(request, kept)

    async def _delete_list(self, request: Request) -> Response:
        gone = self._watchlists.delete(unquote(request.path_params["name"]))
        return not_found(request) if gone is None else answer(request, gone)

    async def _sessions(self, request: Request) -> Response:
        # the equity market is the only one here
        items = [self._session()] if "Equity" in listed(request, "instrument-collections") else []
        return answer(request, {"items": items})

    def _session(self) -> Json:
        now = self._world.clock.new_york()
        today = now.date()
        around = {
            "next-session": _day_session(session_after(today)),
            "previous-session": _day_session(session_before(today)),
        }
        if self._world.sessions == "always":
            opens, closes = (datetime.combine(today + timedelta(days=n), datetime.min.time(), NEW_YORK) for n in (0, 1))
            clock = _clock(opens, opens, closes, closes)
            return {"instrument-collection": "Equity", "state": "Open", **clock, **around}
        if not is_session(today):
            return {"instrument-collection": "Equity", "state": "Closed", **around}
        start, opens, closes, end = hours(today)
        steps = ((start, "Closed"), (opens, "Pre-market"), (closes, "Open"), (end, "Extended"))
        state = next((state for until, state in steps if now < until), "Closed")
        return {
            "instrument-collection": "Equity",
            "state": state,
            **_clock(start, opens, closes, end),
            **around,
        }

    async def _holidays(self, request: Request) -> Response:
        year = self._world.clock.new_york().year
        full, half = (sorted(f"{day}" for y in (year, year + 1) for day in days(y)) for days in (holidays, half_days))
        return answer(request, {"market-holidays": full, "market-half-days": half})

    async def _quote_token(self, request: Request) -> Response:
        host = request.headers.get("host", "simulator")
        return answer(request, {"token": self._tokens.quote(), "dxlink-url": f"ws://{host}/dxlink", "level": "api"})


def _grant_error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error_code": code, "error_description": description}, status)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await not_found(Request(scope))(scope, receive, send)


def _is_public(request: Request) -> bool:
    return request.url.path.startswith("/public-watchlists")


def _clock(start: datetime, opens: datetime, closes: datetime, end: datetime) -> Json:
    keys = ("start-at", "open-at", "close-at", "close-at-ext")
    return {
        key: at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        for key, at in zip(keys, (start, opens, closes, end), strict=True)
    }


def _day_session(day: date) -> Json:
    return {"instrument-collection": "Equity", "session-date": f"{day}", **_clock(*hours(day))}
