"""Signing in and out, and who one is. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.hub import Hub
from agent_console.messages import Me
from agent_console.rest.asked import COOKIE, json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer
from agent_console.sign_in import SignIn, SignInRefused


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = Field(max_length=64)
    password: str = Field(max_length=256)


def me(viewer: Viewer) -> Me:
    return Me(viewer.user, viewer.role, viewer.agent)


def session_router(signing: SignIn, sessions: Sessions, hub: Hub, now: Now, *, secure: bool, lasts_s: int) -> APIRouter:
    """Who am I: `sign-in`, `sign-out`, `me`."""
    router = APIRouter()

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
