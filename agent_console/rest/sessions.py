"""One's own sessions, and what all did: where one is signed in, and the audit. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from acd.vocabulary import Now
from agent_console.audit import Audit, AuditEntry
from agent_console.hub import Hub
from agent_console.rest.asked import answers, json_answer, session_of, viewer_of
from agent_console.sessions import Session, Sessions


class SessionView(msgspec.Struct, frozen=True):
    """Where one is signed in: `browser` is what it calls itself, `current` the one that asks."""

    session: str
    began_at: int
    until: int
    address: str
    browser: str
    current: bool


class SessionsAnswer(msgspec.Struct, frozen=True):
    sessions: list[SessionView]


class AuditAnswer(msgspec.Struct, frozen=True):
    entries: list[AuditEntry]


def sessions_router(sessions: Sessions, hub: Hub, now: Now, audit: Audit) -> APIRouter:
    """One's own sessions: list them, end one, end all others. What is ended loses its screens at once."""
    router = APIRouter(prefix="/sessions", dependencies=[Depends(viewer_of(sessions, now))])

    def own(request: Request) -> tuple[Session | None, list[Session]]:
        current = session_of(request, sessions, now())
        return current, sessions.of_user(current.viewer.user, now()) if current else []

    def end(session: Session) -> None:
        sessions.end(session)
        hub.end_session(session)
        audit.note("session ended", user=session.viewer.user, address=session.address)

    @router.get("")
    @answers(SessionsAnswer)
    async def list_own(request: Request) -> Response:
        """Where one is signed in, the oldest first."""
        current, mine = own(request)
        views = [SessionView(one.id, one.began_at, one.until, one.address, one.browser, one is current) for one in mine]
        return json_answer(SessionsAnswer(views))

    @router.delete("", status_code=204)
    async def end_others(request: Request) -> Response:
        """Signs out everywhere else."""
        current, mine = own(request)
        for one in mine:
            if one is not current:
                end(one)
        return Response(status_code=204)

    @router.delete("/{session}", status_code=204)
    async def end_one(request: Request, session: Annotated[str, Path(max_length=64)]) -> Response:
        """Ends one of one's own sessions; 404 for any other."""
        _, mine = own(request)
        found = next((one for one in mine if one.id == session), None)
        if found is None:
            raise HTTPException(404, "you have no such session")
        end(found)
        return Response(status_code=204)

    return router


def audit_router(sessions: Sessions, now: Now, audit: Audit) -> APIRouter:
    """Who came in, changed something, took something away or was refused. For admins."""
    router = APIRouter(prefix="/audit", dependencies=[Depends(viewer_of(sessions, now, "admin"))])

    @router.get("")
    @answers(AuditAnswer)
    async def read(
        user: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        """The newest entries first, of one `user` or of all, before the time `before` (0: now)."""
        return json_answer(AuditAnswer(audit.latest(limit, before, user)))

    return router
