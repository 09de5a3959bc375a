"""What the routes of `/api/v1` share: whose request it is, and how it is answered. Does no I/O of its own."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below.

from typing import Annotated, Any

from fastapi import Cookie, HTTPException, Request, Response

from acd.vocabulary import Now
from agent_console.headers import is_own_origin
from agent_console.messages import to_json
from agent_console.sessions import Session, Sessions, Viewer

PREFIX = "/api/v1"
COOKIE = "callfloor_session"


def json_answer(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")


async def only_own_origin(request: Request) -> None:
    """A dependency of every route: 403 for a request that changes something and comes from another site's page."""
    if request.method not in ("GET", "HEAD") and not is_own_origin(request.headers):
        raise HTTPException(403, "this request comes from another site")


def viewer_of(sessions: Sessions, now: Now) -> Any:
    """A FastAPI dependency: the viewer of the request's session, or 401."""

    async def find(callfloor_session: Annotated[str | None, Cookie()] = None) -> Viewer:
        session: Session | None = sessions.find(callfloor_session, now())
        if session is None:
            raise HTTPException(401, "not signed in")
        return session.viewer

    return find
