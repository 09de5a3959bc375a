"""Which calls there were, and the story of one. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from acd.vocabulary import Now
from agent_console.audience import story_for
from agent_console.callers import CallQuery, Records
from agent_console.rest.asked import json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer


def calls_router(sessions: Sessions, now: Now, records: Records, *, agents_hear: bool) -> APIRouter:
    """Which calls there were. An agent finds and reads only their own, and with `agents_hear` hears them too."""
    router = APIRouter(prefix="/calls")
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("")
    async def find(
        viewer: Annotated[Viewer, signed_in],
        number: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        agent = "" if viewer.sees_all else viewer.agent or ""
        rows = await records.find_calls(CallQuery(number.strip(), agent, before, limit))
        return json_answer({"calls": list(rows)})

    @router.get("/{call}/story")
    async def story(viewer: Annotated[Viewer, signed_in], call: str) -> Response:
        told = await records.tell_story(call)
        # The same answer whether there is no such call or it is somebody else's: ids of others cannot be probed.
        if told is None or not (viewer.sees_all or viewer.agent in told.agents):
            raise HTTPException(404, "no such call")
        return json_answer(told if viewer.sees_all else story_for(viewer.agent or "", told, hears=agents_hear))

    return router
