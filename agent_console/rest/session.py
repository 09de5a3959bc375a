"""Signing in and out, and who one is. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.audit import Audit
from agent_console.guesses import known_cookie
from agent_console.hub import Hub
from agent_console.messages import Me
from agent_console.rest.asked import (
    COOKIE,
    PREFIX,
    address_of,
    answers,
    json_answer,
    open_to_all,
    session_of,
    viewer_of,
)
from agent_console.sessions import GRACE_MS, Sessions, Viewer
from agent_console.settings import ROLES
from agent_console.sign_in import SignIn, SignInRefused


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = Field(max_length=64)
    password: str = Field(max_length=256)


def me(viewer: Viewer) -> Me:
    return Me(viewer.user, viewer.role, viewer.agent)


KNOWN_SECONDS = 180 * 86_400


def session_router(signing: SignIn, sessions: Sessions, hub: Hub, now: Now, audit: Audit, *, secure: bool) -> APIRouter:
    """Who am I: `sign-in`, `sign-out`, `me`."""
    router = APIRouter()

    @router.post("/sign-in")
    @open_to_all
    @answers(Me)
    async def sign_in(credentials: Credentials, request: Request) -> Response:
        """Sets the session's cookie. 429 if too many wrong passwords were tried: see `Retry-After`."""
        user, known = credentials.user, known_cookie(credentials.user)
        browser, proof = request.headers.get("user-agent", ""), request.cookies.get(known, "")
        try:
            session = await signing.sign_in(user, credentials.password, address_of(request), browser, proof)
        except SignInRefused as refused:
            if refused.wait_ms:
                seconds = str(-(-refused.wait_ms // 1000))
                raise HTTPException(429, "too many tries", headers={"Retry-After": seconds}) from refused
            raise HTTPException(401, "wrong name or password") from refused
        answer = json_answer(me(session.viewer))
        # A session may be prolonged: whether it is over, the server says.
        lasts_s = (session.until - session.began_at + GRACE_MS) // 1_000
        answer.set_cookie(COOKIE, session.token, max_age=lasts_s, httponly=True, samesite="strict", secure=secure)
        proof = signing.proof(session)
        path = f"{PREFIX}/sign-in"
        answer.set_cookie(
            known, proof, path=path, max_age=KNOWN_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return answer

    @router.post("/sign-out", status_code=204)
    @open_to_all
    async def sign_out(request: Request) -> Response:
        """Ends the session and closes its screens."""
        session = session_of(request, sessions, now())
        if session is not None and session.token:
            sessions.end(session)
            hub.end_session(session)
            audit.note("sign out", user=session.viewer.user, address=address_of(request))
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
        return answer

    @router.get("/me")
    @answers(Me)
    async def who_am_i(viewer: Annotated[Viewer, Depends(viewer_of(sessions, now, *ROLES))]) -> Response:
        """Whose session or key this is."""
        return json_answer(me(viewer))

    return router
