"""Recordings, to be heard. Does I/O: sends files, and says in the log who has asked for them."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Header, HTTPException
from starlette.responses import FileResponse

from acd.vocabulary import Now
from agent_console.callers import Records
from agent_console.rest.asked import answers, viewer_of
from agent_console.sessions import Sessions, Viewer

log = structlog.get_logger(__name__)


def recordings_router(sessions: Sessions, now: Now, records: Records, *, agents_hear: bool) -> APIRouter:
    """Supervisors hear all; agents their own legs, if `agents_hear`, and no messages."""
    router = APIRouter(prefix="/recordings")

    @router.get("/{call}/{name}/{side}", response_class=FileResponse)
    @answers(media="audio/wav")
    async def recording(
        viewer: Annotated[Viewer, Depends(viewer_of(sessions, now))],
        call: str,
        name: str,
        side: Literal["agent", "other", "message"],
        asked: Annotated[str, Header(alias="range")] = "",
    ) -> FileResponse:
        """A recorded side of a talk, or a caller's message: a WAV file, or ranges of it (206)."""
        may_ask = viewer.sees_all or agents_hear
        found = await records.find_recording(call, name, side) if may_ask else None
        # The same answer for what is not there and for what is somebody else's.
        if found is None or not (viewer.sees_all or (viewer.agent and viewer.agent == found.agent)):
            raise HTTPException(404, "no such recording")
        log.info("recording.heard", user=viewer.user, call=call, recording=name, side=side, range=asked[:64])
        return FileResponse(found.path, media_type="audio/wav")

    return router
