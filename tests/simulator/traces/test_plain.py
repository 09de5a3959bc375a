"""The plain table: its three ways to write a time, and each thing that can be wrong in it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from simulator.traces.clock import shown
from simulator.traces.plain import read_plain
from simulator.traces.trace import Trace
from tests.simulator.traces.reading import of_text, told

HEADER = "id,kind,queue,entry,queue_start,queue_end,service_start,service_end,agent,outcome"


def story(trace: Trace) -> list[str]:
    return [
        f"{call.id} {call.kind} {call.queue} {shown(call.arrived_ms)} ivr={call.ivr_ms} waited={call.waited_ms} "
        f"{call.outcome} {call.talked_ms} {call.agent}"
        for call in trace.calls
    ]


@pytest.mark.parametrize(
    ("entry", "queued", "answered", "over"),
    [
        ("9:00:00", "9:00:10.5", "9:01", "9:03:00"),
        ("2024-07-01 09:00:00", "2024-07-01T09:00:10.500", "2024-07-01 09:01:00", "2024-07-01T09:03:00"),
        ("2024-07-01T03:00:00-04:00", "2024-07-01T07:00:10.500Z", "2024-07-01T15:01:00+08:00", "2024-07-01 09:03:00"),
        ("1719817200", "1719817210.5", "1719817260.000", "1719817380"),
    ],
)
def test_one_call_in_every_style_of_time(entry: str, queued: str, answered: str, over: str) -> None:
    text = [HEADER, f"c1,gold,help,{entry},{queued},{answered},{answered},{over},ann,"]
    trace = of_text(read_plain, text, ZoneInfo("Europe/Berlin"))
    assert told(trace) == []
    assert story(trace) == ["c1 gold help 9:00:00 ivr=10500 waited=49500 answered 120000 ann"]
    assert trace.day_start_at == (0 if entry == "9:00:00" else 1_719_784_800_000)
    assert [(span.agent, span.queues, span.estimated) for span in trace.spans] == [("ann", ("help",), True)]


@pytest.mark.parametrize(
    ("row", "problems", "made"),
    [
        ("c1,,q,9:00,9:00,9:02,,,,", [], "c1  q 9:00:00 ivr=0 waited=120000 abandoned None "),
        ("c1,,q,9:00,9:00,9:02,,,,Callback", [], "c1  q 9:00:00 ivr=0 waited=120000 callback None "),
        ("c1,,q,9:00,,,,,,", [], "c1   9:00:00 ivr=0 waited=None left in IVR None "),
        ("c1,,q,9:00,,,9:01,9:02,ann,", [], "c1  q 9:00:00 ivr=0 waited=60000 answered 60000 ann"),
        ("c1,,q,23:59,23:59,0:01,0:01,0:02,ann,", [], "c1  q 23:59:00 ivr=0 waited=120000 answered 60000 ann"),
        (
            ",,q,9:00,8:59,9:02,,,,",
            [(
                "queue_start: found 8:59:00, 60 s too early, expected 9:00:00 (entry) or later; "
                "used: it came at that time"
            )],
            "line 2  q 8:59:00 ivr=0 waited=180000 abandoned None ",
        ),
        (
            "c1,,q,9:00,9:01,9:02,,,,left in ivr",
            ["outcome: found left in ivr, expected another, as there is queue_start; used: told from the times"],
            "c1  q 9:00:00 ivr=60000 waited=60000 abandoned None ",
        ),
        (
            "c1,,q,9:00,9:01,9:02,9:02,9:03,ann,abandoned",
            ["outcome: found abandoned, expected another, as there is service_start; used: told from the times"],
            "c1  q 9:00:00 ivr=60000 waited=60000 answered 60000 ann",
        ),
        (
            "c1,,q,9:00,9:01,9:02,,,,lost",
            [
                ("outcome: found lost, expected one of answered, abandoned, left in IVR, callback, message, deflected, "
                "other, unknown; used: told from the times")
            ],
            "c1  q 9:00:00 ivr=60000 waited=60000 abandoned None ",
        ),
        (
            "c1,,q,9:00,9:01,,,,,",
            ["queue_end: found nothing, expected the time at which the wait ended; left out"],
            "",
        ),
        (
            "c1,,q,9:00,,9:01,,,,",
            ["queue_start: found nothing, expected a time, as there is queue_end; used without either"],
            "c1   9:00:00 ivr=0 waited=None left in IVR None ",
        ),
        (
            "c1,,q,9:00,9:01,noon,,,,",
            [
                "queue_end: found noon, expected h:mm:ss; used as if it were not there",
                "queue_end: found nothing, expected the time at which the wait ended; left out",
            ],
            "",
        ),
        (
            "c1,,q,9:00,9:01,1719817260,,,,",
            [
                "queue_end: found 1719817260, expected h:mm:ss, like the times before it; used as if it were not there",
                "queue_end: found nothing, expected the time at which the wait ended; left out",
            ],
            "",
        ),
        ("c1,,q,,9:01,9:02,,,,", ["entry: found nothing, expected the time at which the call came; left out"], ""),
        ("c1,,q,soon,9:01,9:02,,,,", [(
            "entry: found soon, expected h:mm:ss, a date and time, or seconds since 1970; "
            "left out"
        )], ""),
        ("c1,q,9:00", ["row: found 3 fields, expected 10 fields; left out"], ""),
    ],
)  # fmt: skip
def test_what_stands_in_a_row(row: str, problems: list[str], made: str) -> None:
    trace = of_text(read_plain, [HEADER, row])
    assert told(trace) == [f"line 2, {problem}" for problem in problems]
    assert story(trace) == ([made] if made else [])


def test_columns_may_stand_in_any_order_and_others_are_named() -> None:
    trace = of_text(read_plain, ["mood,Queue,ENTRY", "good,q,9:00", "bad,q,8:00"])
    assert [call.line for call in trace.calls] == [3, 2]
    assert "columns left alone: mood" in trace.notes


def test_an_id_twice_and_an_agent_with_two_calls_are_named() -> None:
    trace = of_text(read_plain, [HEADER, "c1,,q,9:00,9:00,9:01,9:01,9:09,ann,", "c1,,q,9:00,9:00,9:02,9:02,9:03,ann,"])
    assert told(trace) == [
        "line 3, id: found c1, expected an id that no other row has; used as a call of its own, c1#2",
        (
            "line 3, service by ann: found 9:02:00, expected 9:09:00 or later: until then the call of line 2; "
            "both used as recorded"
        ),
    ]
