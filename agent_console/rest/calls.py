"""Which calls there were, and the story of one. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Response

from acd.vocabulary import Now
from agent_console.audience import story_for
from agent_console.callers import CallQuery, CallRow, OwnDay, OwnQueue, Records, Story
from agent_console.cursors import Place, from_text, to_text
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer

LONGEST_DAY_MS = 26 * 3_600_000
"""A local day, one on which clocks are put back included, and an hour to spare."""


Outcome: TypeAlias = Literal[
    "answered", "abandoned", "ivr", "callback", "message", "other", "reached", "not reached",
]  # fmt: skip


class CallsAnswer(msgspec.Struct, frozen=True):
    """`next` is the cursor to ask for the calls after these, "" if there are none."""

    calls: list[CallRow]
    next: str


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
        cursor: Annotated[str, Query(max_length=1_000, description="`next` of the answer before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        words: Annotated[str, Query(max_length=100, description="in notes and names")] = "",
        queue: Annotated[str, Query(max_length=64, description="to which the call came last")] = "",
        agent: Annotated[str, Query(max_length=64, description="who talked; agents find only their own calls")] = "",
        outcome: Annotated[Outcome | Literal[""], Query(description="how the call came out; empty: any")] = "",
        day: Annotated[date | None, Query(description="on which it began, by the floor's clock")] = None,
        *,
        missed: Annotated[bool, Query(description="only callers whom nobody has talked to")] = False,
    ) -> Response:
        """The calls with `number` in their ANI or DNIS, newest first, behind those that were answered before."""
        try:
            after = from_text(cursor) if cursor else None
        except ValueError as error:
            raise HTTPException(422, f"query.cursor: {error}") from error
        whose = agent if viewer.sees_all else viewer.agent or ""
        query = CallQuery(number.strip(), whose, limit, words, missed, queue, outcome, day, after)
        rows = await records.find_calls(query)
        more = to_text(Place(rows[-1].began_at, rows[-1].call)) if len(rows) == limit else ""
        return json_answer(CallsAnswer([*rows], more))

    @router.get("/own-day")
    @answers(OwnDay)
    async def own_day(
        viewer: Annotated[Viewer, signed_in],
        since: Annotated[int, Query(ge=0, le=2**53, description="when the day began, ms since 1970 UTC")],
    ) -> Response:
        """The own agent's day so far, and the service level of the own queues, in their order."""
        if viewer.agent is None:
            raise HTTPException(404, "you are signed in without an agent")
        day = await records.own_day(viewer.agent, max(since, now() - LONGEST_DAY_MS))
        today = {one.queue: one for one in records.today().queues}
        queues = [
            OwnQueue(one.queue, one.offered, one.answered, one.service_level)
            for name in queues_of(viewer.agent)  # in the order in which the page shows them elsewhere
            if (one := today.get(name)) is not None
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
