"""`/api`: signing in and out, the list of calls, the story of one, the directory. Does I/O through given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.callers import CallQuery, FindCalls, TellStory
from agent_console.headers import is_own_origin
from agent_console.hub import Hub
from agent_console.messages import Me, to_json
from agent_console.sessions import Session, Sessions, Viewer
from agent_console.sign_in import SignIn, SignInRefused

COOKIE = "callfloor_session"


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = Field(max_length=64)
    password: str = Field(max_length=256)


def json_answer(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")


def me(viewer: Viewer) -> Me:
    return Me(viewer.user, viewer.role, viewer.agent)


async def only_own_origin(request: Request) -> None:
    if request.method != "GET" and not is_own_origin(request.headers):
        raise HTTPException(403, "this request comes from another site")


def session_router(signing: SignIn, sessions: Sessions, hub: Hub, now: Now, *, secure: bool, lasts_s: int) -> APIRouter:
    """Who am I: `sign-in`, `sign-out`, `me`."""
    router = APIRouter(prefix="/api", dependencies=[Depends(only_own_origin)])

    @router.post("/sign-in")
    async def sign_in(credentials: Credentials, request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            session = await signing.sign_in(credentials.user, credentials.password, address)
        except SignInRefused as refused:
            if refused.wait_ms:
                seconds = str(-(-refused.wait_ms // 1000))
                raise HTTPException(429, "too many tries", headers={"Retry-After": seconds}) from refused
            raise HTTPException(401, "wrong name or password") from refused
        answer = json_answer(me(session.viewer))
        answer.set_cookie(COOKIE, session.token, max_age=lasts_s, httponly=True, samesite="strict", secure=secure)
        return answer

    @router.post("/sign-out", status_code=204)
    async def sign_out(callfloor_session: Annotated[str | None, Cookie()] = None) -> Response:
        session = sessions.find(callfloor_session, now())
        if session is not None:
            sessions.end(session.token)
            hub.end_session(session)
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
        return answer

    @router.get("/me")
    async def who_am_i(viewer: Annotated[Viewer, Depends(viewer_of(sessions, now))]) -> Response:
        return json_answer(me(viewer))

    return router


def calls_router(sessions: Sessions, now: Now, find_calls: FindCalls, tell_story: TellStory) -> APIRouter:
    """Which calls there were. An agent finds and reads only their own."""
    router = APIRouter(prefix="/api/calls")
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("")
    async def find(
        viewer: Annotated[Viewer, signed_in],
        number: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        agent = "" if viewer.sees_all else viewer.agent or ""
        rows = await find_calls(CallQuery(number.strip(), agent, before, limit))
        return json_answer({"calls": list(rows)})

    @router.get("/{call}/story")
    async def story(viewer: Annotated[Viewer, signed_in], call: str) -> Response:
        told = await tell_story(call)
        # The same answer whether there is no such call or it is somebody else's: ids of others cannot be probed.
        if told is None or not (viewer.sees_all or viewer.agent in told.agents):
            raise HTTPException(404, "no such call")
        return json_answer(told)

    return router


def directory_router(sessions: Sessions, hub: Hub, now: Now) -> APIRouter:
    """Whom one can consult or send a call to. Names and conditions only, so everybody who is signed in may read it."""
    router = APIRouter(prefix="/api/directory", dependencies=[Depends(viewer_of(sessions, now))])

    @router.get("")
    async def directory() -> Response:
        return json_answer(hub.board.directory())

    return router


def viewer_of(sessions: Sessions, now: Now) -> Any:
    """A FastAPI dependency: the viewer of the request's session, or 401."""

    async def find(callfloor_session: Annotated[str | None, Cookie()] = None) -> Viewer:
        session: Session | None = sessions.find(callfloor_session, now())
        if session is None:
            raise HTTPException(401, "not signed in")
        return session.viewer

    return find
