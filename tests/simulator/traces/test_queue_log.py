"""Asterisk's queue_log: a day as it should be, logs that begin and end in the middle, and who was there."""

from __future__ import annotations

import pytest

from simulator.traces.queue_log import read_queue_log
from simulator.traces.reading import read_trace
from simulator.traces.samples import waits
from simulator.traces.trace import Trace
from tests.simulator.traces.reading import DATA, of_text, told

DAY = 1_699_920_000
"""Midnight UTC of the day of 1700000000, in seconds: a quarter past ten in the evening."""


def story(trace: Trace) -> list[str]:
    """Each call in seconds since 1700000000."""
    begins = 1_700_000_000_000 - trace.day_start_at
    return [
        f"{call.id} {(call.arrived_ms - begins) // 1000} ivr={call.ivr_ms // 1000} {call.queue} "
        f"waited={_s(call.waited_ms)} {call.outcome} talked={_s(call.talked_ms)} {call.agent} {call.transferred_from}"
        for call in trace.calls
    ]


def _s(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000


def spans(trace: Trace) -> list[str]:
    begins = 1_700_000_000_000 - trace.day_start_at
    return [
        f"{span.agent} {(span.from_ms - begins) // 1000}-{(span.to_ms - begins) // 1000} {'+'.join(span.queues)}"
        f"{' estimated' if span.estimated else ''}"
        for span in trace.spans
    ]


def log(*lines: str) -> Trace:
    return of_text(read_queue_log, [f"17000{line}" for line in lines])


def test_a_day_with_every_way_out_of_a_queue() -> None:
    trace = read_trace(DATA / "queue_log.txt")
    assert trace.format == "queue_log"
    assert told(trace) == []
    assert trace.day_start_at == DAY * 1000
    assert story(trace) == [
        "1700000093.1 93 ivr=12 support waited=15 answered talked=60 PJSIP/101 ",
        "1700000195.3 195 ivr=5 support waited=40 abandoned talked=None  ",
        "1700000290.4 290 ivr=10 support waited=50 answered talked=50 PJSIP/101 ",
        "1700000290.4#2 401 ivr=0 support waited=10 answered talked=30 PJSIP/102 1700000290.4",
        "1700000499.7 499 ivr=1 support waited=10 other talked=None  ",
        "1700000599.8 599 ivr=1 support waited=5 answered talked=100 PJSIP/102 ",
    ]
    assert [call.ani for call in trace.calls[:2]] == ["+861012345678", "5550002"]
    assert "events left alone: WALLBOARD (1)" in trace.notes


def test_the_patience_of_a_transferred_caller_is_measured_once() -> None:
    measured = waits(read_trace(DATA / "queue_log.txt"))
    assert [ms // 1000 for ms in measured.durations_ms] == [15, 40, 50, 10, 5]
    assert measured.observed == [False, True, False, False, False]


def test_who_was_there_is_what_the_log_says_and_otherwise_estimated_from_services() -> None:
    assert spans(read_trace(DATA / "queue_log.txt")) == [
        "PJSIP/101 10-360 sales+support",
        "PJSIP/101 360-800 sales",
        "PJSIP/101 800-900 sales+support",
        "PJSIP/101 900-1000 support",
        "PJSIP/102 411-705 support estimated",
    ]


def test_the_first_event_of_a_kind_says_what_held_before_it() -> None:
    trace = log(
        "00000|1700000000.1|q|NONE|ENTERQUEUE|||1",
        "00010|1700000000.1|q|a|CONNECT|10|x|1",
        "00020|1700000000.1|q|a|COMPLETEAGENT|10|10|1",
        "00030|NONE|NONE|a|PAUSEALL|",
        "00040|NONE|NONE|a|UNPAUSEALL|",
        "00050|NONE|q|a|REMOVEMEMBER|",
        "00060|NONE|NONE|Agent/7|AGENTLOGIN|PJSIP/7-1",
        "00070|1700000070.2|q|NONE|ENTERQUEUE|||1",
        "00071|1700000070.2|q|Agent/7|CONNECT|1|x|1",
        "00072|1700000070.2|q|Agent/7|COMPLETECALLER|1|1|1",
        "00090|NONE|NONE|Agent/7|AGENTLOGOFF|PJSIP/7-1|30",
        "00095|NONE|NONE|NONE|CONFIGRELOAD|",
    )
    assert spans(trace) == ["Agent/7 60-90 q", "a 10-30 q", "a 40-50 q"]


@pytest.mark.parametrize(
    ("lines", "problems", "made"),
    [
        (  # rotated: begins in the middle
            ["00100|1700000010.1|q|a|CONNECT|20|x|3", "00160|1700000010.1|q|a|COMPLETEAGENT|20|60|1"],
            ["line 1, event: found CONNECT, expected ENTERQUEUE before it; used: entered as long ago as it says"],
            ["1700000010.1 10 ivr=70 q waited=20 answered talked=60 a "],
        ),
        (
            ["00160|1700000010.1|q|a|COMPLETECALLER|20|60|1"],
            [(
                "line 1, event: found COMPLETECALLER, expected ENTERQUEUE before it; "
                "used: entered as long ago as it says"
            )],
            ["1700000010.1 10 ivr=70 q waited=20 answered talked=60 a "],
        ),
        (
            ["00160|1700000010.1|q|NONE|ABANDON|1|1|30"],
            ["line 1, event: found ABANDON, expected ENTERQUEUE before it; used: entered as long ago as it says"],
            ["1700000010.1 10 ivr=120 q waited=30 abandoned talked=None  "],
        ),
        (
            ["00160|1700000010.1|q|NONE|EXITWITHTIMEOUT|1"],
            ["line 1, event: found EXITWITHTIMEOUT, expected ENTERQUEUE before it; left out"],
            [],
        ),
        (  # and ends there
            ["00010|1700000010.1|q|NONE|ENTERQUEUE|||1",
             "00011|1700000011.2|q|NONE|ENTERQUEUE|||2",
             "00020|1700000010.1|q|a|CONNECT|10|x|1"],
            [
                (
                    "line 1, call: found 1700000010.1 talking when the log ends, expected its end; "
                    "used without a service time"
                ),
                "line 2, call: found 1700000011.2 waiting when the log ends, expected its end; used, outcome unknown",
            ],
            ["1700000010.1 10 ivr=0 q waited=10 answered talked=None a ",
             "1700000011.2 11 ivr=0 q waited=None unknown talked=None  "],
        ),
        (
            ["00010|1700000010.1|q|NONE|ENTERQUEUE|||1", "00020|NONE|NONE|NONE|QUEUESTART|"],
            [(
                "line 1, call: found 1700000010.1 waiting when Asterisk started anew, line 2, expected its end; "
                "used, outcome unknown"
            )],
            ["1700000010.1 10 ivr=0 q waited=None unknown talked=None  "],
        ),
        (  # lines that are missing between
            ["00010|1700000010.1|q|NONE|ENTERQUEUE|||1", "00050|1700000010.1|q|a|COMPLETEAGENT|10|30|1"],
            [(
                "line 2, event: found COMPLETEAGENT, expected CONNECT before it; "
                "used: answered its talk time before the end"
            )],
            ["1700000010.1 10 ivr=0 q waited=10 answered talked=30 a "],
        ),
        (
            ["00010|c1|q|NONE|ENTERQUEUE|||1", "00020|c1|q|a|CONNECT|10|x|1", "00050|c1|q|NONE|ABANDON|1|1|40",
             "00060|c1|r|NONE|ENTERQUEUE|||1", "00070|c1|r|NONE|ABANDON|1|1|10"],
            [
                (
                    "line 3, event: found ABANDON, expected COMPLETEAGENT, COMPLETECALLER or a transfer, "
                    "as it was answered; left out"
                ),
                (
                    "line 4, event: found ENTERQUEUE, expected COMPLETEAGENT, COMPLETECALLER or a transfer before it; "
                    "used: its talk ended unseen"
                ),
            ],
            ["c1 10 ivr=0 q waited=10 answered talked=None a ", "c1#2 60 ivr=0 r waited=10 abandoned talked=None  c1"],
        ),
        (  # durations that disagree
            ["00010|c1|q|NONE|ENTERQUEUE|||1", "00020|c1|q|a|CONNECT|99|x|1", "00050|c1|q|a|COMPLETEAGENT|10|33|1"],
            [
                "line 2, hold time: found 99 s, expected 10 s, by the lines' times; used: the times are believed",
                "line 3, talk time: found 33 s, expected 30 s, by the lines' times; used: the times are believed",
            ],
            ["c1 10 ivr=0 q waited=10 answered talked=30 a "],
        ),
        (  # an agent with two at once
            ["00010|c1|q|NONE|ENTERQUEUE|||1", "00010|c2|q|NONE|ENTERQUEUE|||2", "00020|c1|q|a|CONNECT|10|x|1",
             "00030|c2|q|a|CONNECT|20|x|1", "00050|c1|q|a|COMPLETEAGENT|10|30|1", "00060|c2|q|a|COMPLETEAGENT|20|30|1"],
            [(
                "line 2, service by a: found 22:13:50, expected 22:14:10 or later: until then the call of line 1; "
                "both used as recorded"
            )],
            ["c1 10 ivr=0 q waited=10 answered talked=30 a ", "c2 10 ivr=0 q waited=20 answered talked=30 a "],
        ),
        (  # the clock was set back
            ["00050|c1|q|NONE|ENTERQUEUE|||1", "00020|c1|q|NONE|ABANDON|1|1|4"],
            [
                "line 1, times: found c1: IVR 0 ms, wait -30000 ms, talk 0 ms, expected none below 0; left out",
                "line 2, time: found 30 s before the line above it, expected that time or later; used as it stands",
                "line 2, wait: found 4 s, expected -30 s, by the lines' times; used: the times are believed",
            ],
            [],
        ),
        (
            ["00010|NONE|q|NONE|ENTERQUEUE|||1", "0x|c1|q|NONE|ABANDON|1|1|4", "00010|c1|q"],
            [
                "line 1, unique id: found NONE, expected a call, as it is ENTERQUEUE; left out",
                "line 2, time: found 170000x, expected seconds since 1970; left out",
                "line 3, line: found 1700000010|c1|q, expected time|unique id|queue|member|EVENT; left out",
            ],
            [],
        ),
    ],
)  # fmt: skip
def test_a_log_with_gaps_and_contradictions(lines: list[str], problems: list[str], made: list[str]) -> None:
    trace = log(*lines)
    assert told(trace) == problems
    assert story(trace) == made
