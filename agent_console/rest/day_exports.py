"""Days as files for spreadsheets. For supervisors; the audit says who took which. I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import StreamingResponse

from acd.vocabulary import Now
from agent_console import csv_files
from agent_console.callers import CallQuery, CallRow, Records
from agent_console.csv_files import Cell
from agent_console.cursors import Place
from agent_console.days import AgentTotals, Day, DayAgent, DayAgents, DayFigures, DayInterval
from agent_console.rest.asked import answers, viewer_of
from agent_console.rest.days import Minutes, Wanted, read_agents, read_day
from agent_console.sessions import Sessions

CSV = "text/csv"
PAGE = 500
_EVERYONE = 1_000_000
_FORMULAS = (
    "over_answered",
    "over_answered_and_abandoned",
    "abandoned_within_met",
    "over_offered",
    "short_abandons_left_out",
    "short_talks_left_out",
)
_COUNTS_AND_TIMES = [name for name in DayFigures.__struct_fields__ if name != "service_level"]
_TIMES = [name for name in AgentTotals.__struct_fields__ if name != "not_ready_by_reason"]

Marked = Annotated[bool, Query(description="begin with the mark by which Excel knows UTF-8")]


def day_exports_router(sessions: Sessions, now: Now, records: Records) -> APIRouter:
    """Supervisors and admins only, as the days themselves."""
    router = APIRouter(prefix="/days", dependencies=[Depends(viewer_of(sessions, now, "supervisor", "admin"))])

    @router.get("/{day}/intervals.csv")
    @answers(media=CSV)
    async def intervals_csv(day: Wanted, minutes: Minutes = "15", *, bom: Marked = True) -> Response:
        """A line for each queue and interval. Those of all queues together have no queue and `of` is `all`."""
        found = await read_day(records, day, minutes)
        return _file(csv_files.text(_interval_rows(found)), f"intervals-{found.date}", bom=bom)

    @router.get("/{day}/agents.csv")
    @answers(media=CSV)
    async def agents_csv(day: Wanted, *, bom: Marked = True) -> Response:
        """A line for each agent who was there. Each reason of not ready has a column."""
        found = await read_agents(records, day, "", _EVERYONE, spans=False)
        return _file(csv_files.text(_agent_rows(found)), f"agents-{found.date}", bom=bom)

    @router.get("/{day}/calls.csv")
    @answers(media=CSV)
    async def calls_csv(day: Wanted, *, bom: Marked = True) -> Response:
        """A line for each call that began on that day, the oldest first."""
        known = await read_day(records, day, "60")
        begun = CallQuery(limit=PAGE, day=date.fromisoformat(known.date), oldest_first=True)
        first = await records.find_calls(begun)  # before anything is answered: a failure is one of the whole request
        lines = _call_lines(records, begun, first, bom=bom)
        return StreamingResponse(lines, headers=_headers(f"calls-{known.date}"), media_type=CSV)

    return router


def _headers(name: str) -> dict[str, str]:
    """`name` is made by us, of a date."""
    return {"Content-Disposition": f'attachment; filename="callfloor-{name}.csv"', "Cache-Control": "no-store"}


def _file(text: str, name: str, *, bom: bool) -> Response:
    return Response((csv_files.BOM * bom + text).encode(errors="replace"), headers=_headers(name), media_type=CSV)


def _interval_rows(day: Day) -> Iterator[list[Cell]]:
    levels = [f"service_level_{formula}" for formula in _FORMULAS]
    yield ["of", "queue", "name", "from", "minutes", *_COUNTS_AND_TIMES, *levels]
    parts: list[tuple[str, str, str, list[DayInterval]]] = [("all", "", "", day.intervals)]
    parts += [("queue", queue.queue, queue.name, queue.intervals) for queue in day.queues]
    for of, queue, name, intervals in parts:
        for one in intervals:
            minutes = (min(one.at + day.interval_ms, day.ends_at) - one.at) // 60_000
            values = [_short(getattr(one.figures, column)) for column in _COUNTS_AND_TIMES]
            shares = [_short(one.figures.service_level[formula]) for formula in _FORMULAS]
            yield [of, queue, name, one.local, minutes, *values, *shares]


def _agent_rows(day: DayAgents) -> Iterator[list[Cell]]:
    reasons = sorted({reason for agent in day.agents for reason in agent.totals.not_ready_by_reason})
    columns = [f"not_ready_ms: {reason or 'no reason'}" for reason in reasons]
    yield ["date", "agent", "name", "occupancy", *_TIMES, *columns]
    for agent in day.agents:
        yield [day.date, agent.agent, agent.name, _short(agent.occupancy), *_spent(agent, reasons)]


def _spent(agent: DayAgent, reasons: list[str]) -> Iterator[Cell]:
    for name in _TIMES:
        yield getattr(agent.totals, name)
    for reason in reasons:
        yield agent.totals.not_ready_by_reason.get(reason, 0)


def _short(value: float | None) -> float | None:
    return round(value, 4) if isinstance(value, float) else value


async def _call_lines(
    records: Records, begun: CallQuery, page: Sequence[CallRow], *, bom: bool
) -> AsyncIterator[bytes]:
    """Page by page: the whole day is never in memory, and others may ask the database between."""
    yield (csv_files.BOM * bom + csv_files.text([_CALL_COLUMNS])).encode()
    while page:
        yield csv_files.text(map(_call_cells, page)).encode(errors="replace")
        if len(page) < PAGE:
            return
        page = await records.find_calls(msgspec.structs.replace(begun, after=Place(page[-1].began_at, page[-1].call)))


_CALL_COLUMNS = [
    "call", "began_at_utc", "ani", "dnis", "queue", "agent", "outcome", "waited_ms", "talked_ms", "customer",
    "disposition", "notes",
]  # fmt: skip


def _call_cells(row: CallRow) -> list[Cell]:
    began = datetime.fromtimestamp(row.began_at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notes = "\n".join(f"{note.agent}: {note.text}" for note in row.notes)
    return [
        row.call, began, row.ani, row.dnis, row.queue, row.agent, row.outcome, row.waited_ms, row.talked_ms,
        row.customer, row.disposition, notes,
    ]  # fmt: skip
