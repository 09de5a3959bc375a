"""Whom one can consult or send a call to. Does no I/O."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from fastapi import APIRouter, Depends, Response

from acd.vocabulary import Now
from agent_console.board import Directory
from agent_console.hub import Hub
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions


def directory_router(sessions: Sessions, hub: Hub, now: Now) -> APIRouter:
    """Whom one can consult or send a call to. Names and conditions only, so everybody who is signed in may read it."""
    router = APIRouter(prefix="/directory", dependencies=[Depends(viewer_of(sessions, now))])

    @router.get("")
    @answers(Directory)
    async def directory() -> Response:
        """Agents and queues, with whether an agent is free."""
        return json_answer(hub.board.directory())

    return router
