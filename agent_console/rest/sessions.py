"""Who is signed in where, and what all did: sessions and the audit. Does I/O through the given callables."""

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
    """Where `user` is signed in: `browser` is what it calls itself, `current` the one that asks."""

    session: str
    user: str
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
    """One's own sessions: list them, end one, end all others; admins see and end anybody's. What is ended loses its
    screens at once."""
    router = APIRouter(prefix="/sessions", dependencies=[Depends(viewer_of(sessions, now))])

    def own(request: Request) -> tuple[Session | None, list[Session]]:
        current = session_of(request, sessions, now())
        return current, sessions.of_user(current.viewer.user, now()) if current else []

    def is_admin(session: Session | None) -> bool:
        return session is not None and session.viewer.role == "admin"

    def end(session: Session, by: Session | None) -> None:
        sessions.end(session)
        hub.end_session(session)
        user = session.viewer.user
        why = f"by {by.viewer.user}" if by is not None and by.viewer.user != user else ""
        audit.note("session ended", user=user, address=session.address, why=why)

    @router.get("")
    @answers(SessionsAnswer)
    async def list_sessions(
        request: Request, *, everyone: Annotated[bool, Query(description="all users' sessions; admins only")] = False
    ) -> Response:
        """Where one is signed in, or for admins where `everyone` is; the oldest first."""
        current, found = own(request)
        if everyone:
            if not is_admin(current):
                raise HTTPException(403, "only for admin")
            found = sessions.of_everyone(now())
        views = [
            SessionView(one.id, one.viewer.user, one.began_at, one.until, one.address, one.browser, one is current)
            for one in found
        ]
        return json_answer(SessionsAnswer(views))

    @router.delete("", status_code=204)
    async def end_others(request: Request) -> Response:
        """Signs out everywhere else."""
        current, mine = own(request)
        for one in mine:
            if one is not current:
                end(one, current)
        return Response(status_code=204)

    @router.delete("/{session}", status_code=204)
    async def end_one(request: Request, session: Annotated[str, Path(max_length=64)]) -> Response:
        """Ends one of one's own sessions, or an admin anybody's; 404 for any other."""
        current, mine = own(request)
        known = sessions.of_everyone(now()) if is_admin(current) else mine
        found = next((one for one in known if one.id == session), None)
        if found is None:
            raise HTTPException(404, "you have no such session")
        end(found, current)
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
