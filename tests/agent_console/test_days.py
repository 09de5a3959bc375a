"""Days looked back on, over plain HTTP: figures, time lines, exports; and the list of calls, page by page."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acd import vocabulary as say
from agent_console import csv_files, cursors
from agent_console.callers import CallRow, Note
from agent_console.rest.day_exports import PAGE
from callfloor.local_day import bounds, date_of
from tests.agent_console.floor import START, Floor, open_floor
from tests.agent_console.test_rest import open_browser
from tests.agent_console.tour import AGENTS, QUEUES
from tests.agent_console.working_day import working_day

BEGAN = date_of(START)
TODAY = BEGAN + timedelta(days=1)
MIDNIGHT = bounds(TODAY)[0]
NAMES = [
    "offered", "answered", "abandoned", "callbacks", "messages", "deflected", "moved", "other", "waiting",
]  # fmt: skip


@asynccontextmanager
async def working_floor() -> AsyncIterator[Floor]:
    """They have worked since six o'clock; it is half past five now, and the next day after the floor was opened."""
    async with open_floor() as floor:
        floor.clock = MIDNIGHT + 17 * 3_600_000 + 1_800_000
        lines = working_day(MIDNIGHT + 6 * 3_600_000, 600, QUEUES, AGENTS)
        floor.worked = [line for line in lines if line.input.at <= floor.clock]
        yield floor


def read_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return [*csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)]


async def test_a_supervisor_reads_the_day_by_queue_and_interval() -> None:
    async with working_floor() as floor, open_browser(floor, "sue") as browser:
        day = (await browser.get("/api/v1/days/today?minutes=30")).json()
        assert day["date"] == day["today"] == day["first"] == TODAY.isoformat()
        assert (day["from_at"], day["until_at"], day["interval_ms"]) == (MIDNIGHT, floor.clock, 1_800_000)
        assert len(day["intervals"]) == 35
        facts = [fact for line in floor.worked for fact in line.facts]
        assert day["overall"]["offered"] == sum(
            isinstance(fact, say.CallQueued) and fact.position > 0 for fact in facts
        )
        assert day["overall"]["answered"] == sum(isinstance(fact, say.CallConnected) for fact in facts) > 100
        assert day["overall"]["abandoned"] == sum(isinstance(fact, say.CallAbandoned) for fact in facts)
        for name in NAMES:
            assert sum(one["figures"][name] for one in day["intervals"]) == day["overall"][name]
            assert sum(one["overall"][name] for one in day["queues"]) == day["overall"][name]
        assert day["overall"]["offered"] == sum(day["overall"][name] for name in NAMES[1:])
        assert 0 < day["overall"]["service_level"]["over_offered"] < 1
        assert day["intervals"][12]["local"].startswith(f"{TODAY}T06:00:00")
        assert (await browser.get(f"/api/v1/days/{TODAY}?minutes=30")).json() == day


async def test_agents_time_lines_come_page_by_page_and_their_totals_are_those_of_the_lines() -> None:
    async with working_floor() as floor, open_browser(floor, "sue") as browser:
        found: list[dict[str, Any]] = []
        after = ""
        while not found or after:
            page = (await browser.get(f"/api/v1/days/today/agents?limit=3&after={after}")).json()
            assert len(page["agents"]) <= 3
            found, after = found + page["agents"], page["next"]
        assert [one["agent"] for one in found] == [*AGENTS]
        states = dict.fromkeys(span["state"] for one in found for span in one["spans"])
        assert {"free", "offered", "connected", "held", "wrap-up", "not ready"} <= states.keys()
        for one in found:
            totals, spans = one["totals"], one["spans"]
            assert all(span["until"] <= after["at"] for span, after in pairwise(spans))
            assert totals["logged_in_ms"] == sum(span["until"] - span["at"] for span in spans)
            held = [span for span in spans if span["state"] == "held"]
            assert totals["hold_ms"] == sum(span["until"] - span["at"] for span in held)
            assert all(span["call"] for span in held)
            lunch = sum(span["until"] - span["at"] for span in spans if span.get("reason") == "lunch")
            assert totals["not_ready_by_reason"]["lunch"] == lunch > 0


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("2023-11-13", 404, f"nothing is known of 2023-11-13: the journal begins on {BEGAN}"),
        ("2999-01-01/agents", 404, f"2999-01-01 is still to come: today is {BEGAN}"),
        ("9999-12-31/calls.csv", 404, "9999-12-31 is still to come"),
        ("0001-01-01/intervals.csv", 404, "nothing is known of 0001-01-01"),
        ("2023-02-30", 422, "path.day"),
        ("yesterday", 422, "path.day"),
        ("today?minutes=20", 422, "query.minutes: Input should be '15', '30' or '60'"),
        ("today/agents?limit=0", 422, "query.limit"),
    ],
)
async def test_a_day_that_cannot_be_shown_is_refused_with_the_reason(path: str, status: int, said: str) -> None:
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        answer = await browser.get(f"/api/v1/days/{path}")
        assert (answer.status_code, answer.json()["detail"].startswith(said)) == (status, True), answer.text


@pytest.mark.parametrize("part", ["", "/agents", "/intervals.csv", "/agents.csv", "/calls.csv"])
async def test_an_agent_gets_nothing_of_it(part: str) -> None:
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        assert (await browser.get(f"/api/v1/days/today{part}")).status_code == 403


async def test_the_exports_say_what_the_day_says_and_the_audit_who_took_them() -> None:
    async with working_floor() as floor, open_browser(floor, "sue") as browser:
        day = (await browser.get("/api/v1/days/today?minutes=60")).json()
        answer = await browser.get(f"/api/v1/days/{TODAY}/intervals.csv?minutes=60")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == f'attachment; filename="callfloor-intervals-{TODAY}.csv"'
        rows = read_csv(answer.content)
        assert len(rows) == 18 * 4
        for queue in day["queues"]:
            of_queue = [row for row in rows if row["queue"] == queue["queue"]]
            assert [int(row["offered"]) for row in of_queue] == [
                one["figures"]["offered"] for one in queue["intervals"]
            ]
        eight = next(row for row in rows if row["of"] == "all" and "T08:" in row["from"])
        figures = day["intervals"][8]["figures"]
        assert float(eight["asa_ms"]) == pytest.approx(figures["asa_ms"], abs=0.001)
        level = figures["service_level"]["over_offered"]
        assert float(eight["service_level_over_offered"]) == pytest.approx(level, abs=0.0001)

        agents = (await browser.get("/api/v1/days/today/agents")).json()["agents"]
        taken = await browser.get(f"/api/v1/days/{TODAY}/agents.csv")
        for row, agent in zip(read_csv(taken.content), agents, strict=True):
            assert (row["agent"], row["name"]) == (agent["agent"], agent["name"])
            assert int(row["talk_ms"]) == agent["totals"]["talk_ms"]
            assert int(row["not_ready_ms: lunch"]) == agent["totals"]["not_ready_by_reason"]["lunch"]
        plain = await browser.get(f"/api/v1/days/{TODAY}/agents.csv?bom=false")
        assert b"\xef\xbb\xbf" + plain.content == taken.content


async def test_the_audit_says_who_took_which_day_away() -> None:
    async with open_floor() as floor, open_browser(floor, "root") as root:
        await root.get(f"/api/v1/days/{BEGAN}/calls.csv")
        entries = (await root.get("/api/v1/audit")).json()["entries"]
        assert [(one["what"], one["user"], one["request"]) for one in entries[:1]] == [
            ("taken away", "root", f"GET /api/v1/days/{BEGAN}/calls.csv")
        ]


HOSTILE = [
    "=HYPERLINK(\"http://evil\",\"x\")", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\r=1", "＝1+1", 'a"b', "a,b",
    "\t=1", "两\n行", "\ud800", "＠x", "+86 10 6532",
]  # fmt: skip


async def test_every_call_of_the_day_is_in_the_export_once_and_hostile_text_is_text() -> None:
    """Three pages; all calls began in the same millisecond."""
    rows = [
        CallRow(
            f"c{number:04}",
            START,
            ani="+861065321234",
            queue="销售",
            agent=HOSTILE[number % len(HOSTILE)],
            notes=[Note("a1", HOSTILE[number % len(HOSTILE)])],
        )
        for number in range(2 * PAGE + 3)
    ]
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        floor.rows = rows
        found = read_csv((await browser.get(f"/api/v1/days/{BEGAN}/calls.csv")).content)
        assert [row["call"] for row in found] == [row.call for row in rows]
        assert all(query.day == BEGAN and query.oldest_first for query in floor.queries)
    for row, asked in zip(found, rows, strict=True):
        assert (row["ani"], row["queue"], row["began_at_utc"]) == ("+861065321234", "销售", "2023-11-14T22:13:20.000Z")
        assert row["agent"] in (asked.agent, f"'{asked.agent}", "?")
        assert not row["agent"].startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＠"))
        assert row["notes"].startswith("a1: ")


@given(some.lists(some.lists(some.text() | some.integers() | some.none(), min_size=2, max_size=4), max_size=5))
def test_what_is_written_is_read_back_and_runs_nowhere(rows: list[list[str | int | None]]) -> None:
    back = [*csv.reader(io.StringIO(csv_files.text(rows), newline=""), strict=True)]
    assert back == [[str("" if cell is None else csv_files.safe(cell)) for cell in row] for row in rows]
    for before, after in zip(rows, back, strict=True):
        for was, cell in zip(before, after, strict=True):
            if isinstance(was, str) and cell.startswith(("=", "@", "+", "-", "\t", "\r", "\n")):
                float(cell)
            assert cell.removeprefix("'") == str("" if was is None else was).removeprefix("'")


@pytest.mark.parametrize("number", ["+861065321234", "-5", "+1.5", "13800001000", "*86", "#1", "'tis"])
def test_numbers_and_telephone_numbers_stay_as_they_are(number: str) -> None:
    assert csv_files.safe(number) == number


@given(some.integers(0, 10**16 - 1), some.text(some.characters(exclude_categories=["Cs"])))
def test_a_cursor_is_read_as_it_was_written(began_at: int, call: str) -> None:
    place = cursors.Place(began_at, call)
    assert cursors.from_text(cursors.to_text(place)) == place


@pytest.mark.parametrize(
    "text", ["%", "MTIz", "YWJj", "/w", "é", "LWM", "LTUuYw", "A", cursors.to_text(cursors.Place(10**17, "c"))]
)
async def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        answer = await browser.get("/api/v1/calls", params={"cursor": text})
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            "query.cursor: expected a cursor as an earlier answer gave it",
        )


async def test_the_list_of_calls_goes_on_where_it_stopped_and_knows_its_filters() -> None:
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        floor.rows = [CallRow(f"c{number}", START) for number in range(7)]
        seen, cursor = list[str](), ""
        while not seen or cursor:
            page = (await browser.get("/api/v1/calls", params={"limit": 3, "cursor": cursor})).json()
            seen, cursor = seen + [row["call"] for row in page["calls"]], page["next"]
        assert seen == [row.call for row in floor.rows]
        asked = {"queue": "help", "agent": "a2", "outcome": "abandoned", "day": TODAY.isoformat()}
        await browser.get("/api/v1/calls", params=asked)
        query = floor.queries[-1]
        assert (query.queue, query.agent, query.outcome, query.day) == ("help", "a2", "abandoned", TODAY)
        assert (await browser.get("/api/v1/calls?outcome=x")).status_code == 422
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        await browser.get("/api/v1/calls?agent=a2")
        assert floor.queries[-1].agent == "a1"
