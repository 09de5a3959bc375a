"""What the routes of `/api/v1` share: whose request it is, and how it is answered. Does no I/O of its own."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below.

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import HTTPException, Request, Response
from starlette.requests import HTTPConnection

from acd.vocabulary import Now
from agent_console.headers import is_own_origin
from agent_console.limits import Limit
from agent_console.messages import to_json
from agent_console.sessions import Session, Sessions, Viewer
from agent_console.settings import PEOPLE, Role

PREFIX = "/api/v1"
COOKIE = "callfloor_session"
BURST_SECONDS = 10
OFFICE = 10
"""An address where nobody is signed in may ask so many times what a session may: a whole office comes in by one."""
REMEMBERED = 100_000

Route = TypeVar("Route", bound=Callable[..., Any])


def json_answer(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")


def answers(shape: Any = None, *, media: str = "application/json") -> Callable[[Route], Route]:
    """Says what a route answers when all is well: a struct as JSON, or, without a shape, text or bytes of a media type.
    Stands under the route's own decorator; `openapi.py` reads it."""

    def say(route: Route) -> Route:
        route.__dict__["answers"] = (media, shape)
        return route

    return say


def open_to_all(route: Route) -> Route:
    """Says that nobody need be signed in for this; stands where `answers` stands."""
    route.__dict__["open_to_all"] = True
    return route


def is_open_to_all(route: Callable[..., Any]) -> bool:
    return "open_to_all" in route.__dict__


class Gate:
    """A dependency of every route: 403 for a request that changes something and comes from another site's page, 429
    for who asks too often."""

    def __init__(self, sessions: Sessions, now: Now, requests_per_second: float) -> None:
        self._sessions = sessions
        self._now = now
        burst, refill_ms = max(1, requests_per_second * BURST_SECONDS), 1000 / requests_per_second
        self._of_session = Limit(round(burst), refill_ms, REMEMBERED)
        self._of_address = Limit(round(burst * OFFICE), refill_ms / OFFICE, REMEMBERED)

    async def __call__(self, request: Request) -> None:
        if request.method not in ("GET", "HEAD") and not is_own_origin(request.headers):
            raise HTTPException(403, "this request comes from another site")
        at = self._now()
        session = session_of(request, self._sessions, at)
        limit, who = (self._of_session, session.id) if session else (self._of_address, address_of(request))
        if wait_ms := limit.wait_ms(who, at):
            raise HTTPException(429, "too many requests", headers={"Retry-After": str(-(-wait_ms // 1000))})
        limit.add(who, at)


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def session_of(connection: HTTPConnection, sessions: Sessions, at: int) -> Session | None:
    """Whose request it is, by cookie or key; also of a WebSocket's handshake. What is audited names them."""
    session = sessions.find(connection.cookies.get(COOKIE), at, connection.headers.get("authorization"))
    connection.state.viewer = session.viewer if session else None
    return session


def viewer_of(sessions: Sessions, now: Now, *roles: Role) -> Any:
    """A FastAPI dependency: the viewer whose request it is, or 401. 403 to other roles than those that are named; where
    none is, to whatever is no person."""
    allowed = frozenset(roles or PEOPLE)

    async def find(request: Request) -> Viewer:
        session = session_of(request, sessions, now())
        if session is None:
            raise HTTPException(401, "not signed in")
        if session.viewer.role not in allowed:
            raise HTTPException(403, f"only for {' and '.join(roles or PEOPLE)}")
        return session.viewer

    find.__dict__["roles"] = allowed
    return find
