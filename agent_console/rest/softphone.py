"""The viewer's own telephones. Does no I/O."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from acd.vocabulary import Now
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer
from agent_console.softphones import Softphone, SoftphoneIdentity, Telephones


def softphone_router(sessions: Sessions, softphones: Mapping[str, Softphone], now: Now) -> APIRouter:
    """What the page registers its telephone with: only the viewer's own, with its password."""
    router = APIRouter()

    @router.get("/softphone")
    @answers(Telephones)
    async def softphone(viewer: Annotated[Viewer, Depends(viewer_of(sessions, now))]) -> Response:
        """The viewer's own telephones; for the one in the browser, what it registers with."""
        its = softphones.get(viewer.user)
        identity = SoftphoneIdentity(its.uri, its.password, its.phone, its.auto_answer) if its else None
        return json_answer(Telephones(bool(viewer.phone), identity))

    return router
