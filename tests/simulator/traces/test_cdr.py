"""Asterisk's call detail records, and each thing that can be wrong in one."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

import pytest

from simulator.traces.cdr import read_cdr
from simulator.traces.clock import shown
from simulator.traces.reading import read_trace
from simulator.traces.trace import Trace
from tests.simulator.traces.reading import DATA, of_text, told


def story(trace: Trace) -> list[str]:
    return [
        f"{shown(call.arrived_ms)} {call.ani} {call.queue} waited={call.waited_ms} {call.outcome} "
        f"{call.talked_ms} {call.agent}"
        for call in trace.calls
    ]


def test_the_attempts_of_one_call_are_one_call() -> None:
    trace = read_trace(DATA / "master.csv", zone=ZoneInfo("Asia/Shanghai"))
    assert trace.format == "cdr"
    assert told(trace) == []
    assert trace.day_start_at == 1_699_891_200_000  # 2023-11-13 16:00 UTC, midnight in Shanghai
    assert story(trace) == [
        "9:00:00 5550001 support waited=40000 answered 120000 PJSIP/101",
        "9:05:00 5550002 support waited=30000 answered 30000 PJSIP/102",
        "9:10:00 5550003 support waited=75000 abandoned None ",
        "9:12:00 5550004  waited=None left in IVR None ",
        "9:20:00 101  waited=None other None ",
    ]
    assert trace.calls[3].ivr_ms == 20_000


RECORD = [
    "", "5550001", "700", "in", "5550001", "PJSIP/t-1", "PJSIP/101-2", "Queue", "support", "2023-03-27 09:00:00",
    "2023-03-27 09:00:40", "2023-03-27 09:02:40", "160", "120", "ANSWERED", "DOCUMENTATION",
]  # fmt: skip
ANSWERED = "9:00:00 5550001 support waited=40000 answered 120000 PJSIP/101"


@pytest.mark.parametrize(
    ("change", "problems", "made"),
    [
        ({}, [], [ANSWERED]),
        ({12: "161"}, [], [ANSWERED]),
        ({14: "NO ANSWER"}, [], ["9:00:00 5550001 support waited=160000 abandoned None "]),
        (
            {12: "100"},
            ["duration: found 100, expected 160 s, by the times; used: the times are believed"],
            [ANSWERED],
        ),
        (
            {13: "many"},
            ["billsec: found many, expected 120 s, by the times; used: the times are believed"],
            [ANSWERED],
        ),
        (
            {11: "2023-03-27 08:00:00"},
            ["end: found 2023-03-27 08:00:00, expected 2023-03-27 09:00:00 (start) or later; left out"],
            [],
        ),
        (
            {10: "2023-03-27 08:00:00", 13: "0"},
            [
                ("answer: found 2023-03-27 08:00:00, expected between 2023-03-27 09:00:00 (start) and "
                "2023-03-27 09:02:40 (end); used as if it were not there")
            ],
            ["9:00:00 5550001 support waited=160000 abandoned None "],
        ),
        ({9: "yesterday"}, ["start: found yesterday, expected YYYY-MM-DD hh:mm:ss; left out"], []),
        (
            {14: "PERHAPS"},
            ["disposition: found PERHAPS, expected one of ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION; left out"],
            [],
        ),
        ({6: 'a"b'}, [], ['9:00:00 5550001 support waited=40000 answered 120000 a"b']),
        (
            {9: "2023-03-26 02:30:00", 10: "2023-03-26 03:30:40", 11: "2023-03-26 03:32:40"},
            [(
                "start: found 2023-03-26 02:30:00, expected a time that was there once; used; "
                "a time that never was: so much later"
            )],
            ["2:30:00 5550001 support waited=40000 answered 120000 PJSIP/101"],
        ),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be(change: dict[int, str], problems: list[str], made: list[str]) -> None:
    fields = [change.get(place, field).replace('"', '""') for place, field in enumerate(RECORD)]
    zone: tzinfo = ZoneInfo("Europe/Berlin")
    trace = of_text(read_cdr, [",".join(f'"{field}"' for field in fields)], zone)
    assert told(trace) == [f"line 1, {problem}" for problem in problems]
    assert story(trace) == made


def test_a_row_of_another_length_and_one_with_a_torn_quote_are_left_out() -> None:
    trace = of_text(read_cdr, ["a,b,c", f'"{",".join(RECORD)}', ",".join(RECORD)])
    assert [problem.partition(", expected")[0] for problem in told(trace)] == [
        "line 1, row: found 3 fields",
        'line 2, line: found ",5550001,700,in,5550001,PJSIP/t-1,PJSIP/101-2,Queue,support...',
    ]
    assert [call.line for call in trace.calls] == [3]
