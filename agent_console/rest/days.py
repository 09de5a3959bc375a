"""Days looked back on. For supervisors. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from datetime import date
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from acd.vocabulary import Now
from agent_console.callers import Records
from agent_console.days import Day, DayAgents, NoSuchDay
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions

Today: TypeAlias = Literal["today"]
Wanted: TypeAlias = Annotated[
    date | Today, Path(description="the floor's day, from midnight to midnight by its machine's clock")
]
Minutes: TypeAlias = Annotated[Literal["15", "30", "60"], Query(description="how long an interval is")]


def days_router(sessions: Sessions, now: Now, records: Records) -> APIRouter:
    """Supervisors and admins only: what is in here is about all agents."""
    router = APIRouter(prefix="/days", dependencies=[Depends(viewer_of(sessions, now, "supervisor", "admin"))])

    @router.get("/{day}")
    @answers(Day)
    async def figures(day: Wanted, minutes: Minutes = "15") -> Response:
        """What became of the calls, by queue and interval."""
        return json_answer(await read_day(records, day, minutes))

    @router.get("/{day}/agents")
    @answers(DayAgents)
    async def agents(
        day: Wanted,
        after: Annotated[str, Query(max_length=64, description="`next` of the answer before")] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        """The time lines of the agents who were there, and what their time was spent on."""
        return json_answer(await read_agents(records, day, after, limit))

    return router


async def read_day(records: Records, day: date | Today, minutes: str) -> Day:
    try:
        return await records.day(None if day == "today" else day, int(minutes) * 60_000)
    except NoSuchDay as error:
        raise HTTPException(404, str(error)) from error


async def read_agents(records: Records, day: date | Today, after: str, limit: int, *, spans: bool = True) -> DayAgents:
    try:
        return await records.day_agents(None if day == "today" else day, after, limit, spans=spans)
    except NoSuchDay as error:
        raise HTTPException(404, str(error)) from error
