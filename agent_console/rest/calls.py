"""Which calls there were, and the story of one. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Callable, Collection
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Response

from acd.vocabulary import Now
from agent_console.audience import story_for
from agent_console.callers import CallQuery, CallRow, OwnDay, OwnQueue, Records, Story
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer

LONGEST_DAY_MS = 26 * 3_600_000
"""A local day, one on which clocks are put back included, and an hour to spare."""


class CallsAnswer(msgspec.Struct, frozen=True):
    calls: list[CallRow]


def calls_router(
    sessions: Sessions, now: Now, records: Records, queues_of: Callable[[str], Collection[str]], *, agents_hear: bool
) -> APIRouter:
    """Which calls there were. An agent finds and reads only their own, and with `agents_hear` hears them too.

    `queues_of` says which queues an agent serves.
    """
    router = APIRouter(prefix="/calls")
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("")
    @answers(CallsAnswer)
    async def find(
        viewer: Annotated[Viewer, signed_in],
        number: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        words: Annotated[str, Query(max_length=100, description="in notes and names")] = "",
        *,
        missed: Annotated[bool, Query(description="only callers whom nobody has talked to")] = False,
    ) -> Response:
        """The calls with `number` in their ANI or DNIS that began before the time `before` (0: now), newest first."""
        agent = "" if viewer.sees_all else viewer.agent or ""
        rows = await records.find_calls(CallQuery(number.strip(), agent, before, limit, words, missed))
        return json_answer(CallsAnswer(list(rows)))

    @router.get("/own-day")
    @answers(OwnDay)
    async def own_day(
        viewer: Annotated[Viewer, signed_in],
        since: Annotated[int, Query(ge=0, le=2**53, description="when the day began, ms since 1970 UTC")],
    ) -> Response:
        """The own agent's day so far, and the service level of the own queues."""
        if viewer.agent is None:
            raise HTTPException(404, "you are signed in without an agent")
        day = await records.own_day(viewer.agent, max(since, now() - LONGEST_DAY_MS))
        own = queues_of(viewer.agent)
        queues = [
            OwnQueue(one.queue, one.offered, one.answered, one.service_level)
            for one in records.today().queues
            if one.queue in own
        ]
        return json_answer(msgspec.structs.replace(day, queues=queues))

    @router.get("/{call}/story")
    @answers(Story)
    async def story(viewer: Annotated[Viewer, signed_in], call: str) -> Response:
        """What became of a call and why, sentence by sentence."""
        told = await records.tell_story(call)
        # The same answer whether there is no such call or it is somebody else's: ids of others cannot be probed.
        if told is None or not (viewer.sees_all or viewer.agent in told.agents):
            raise HTTPException(404, "no such call")
        return json_answer(told if viewer.sees_all else story_for(viewer.agent or "", told, hears=agents_hear))

    return router
