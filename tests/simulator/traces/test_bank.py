"""The real bank morning, and each thing that can be wrong in one of its rows."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from simulator.traces.bank import read_bank
from simulator.traces.clock import shown
from simulator.traces.reading import read_trace
from simulator.traces.samples import service_times_ms, waits
from simulator.traces.trace import Trace, TraceRefused
from tests.simulator.traces.reading import DATA, of_text, told

MORNING = DATA / "bank-morning.csv"


@pytest.fixture(scope="module")
def morning() -> Trace:
    return read_trace(MORNING)


def test_every_call_of_the_morning_is_there_but_the_phantoms(morning: Trace) -> None:
    assert morning.format == "bank"
    assert Counter(call.outcome for call in morning.calls) == {"answered": 844, "abandoned": 487, "left in IVR": 80}
    assert Counter(call.kind for call in morning.calls) == {
        "PS": 1004, "NW": 222, "NE": 92, "IN": 79, "PE": 9, "TT": 5,
    }  # fmt: skip
    assert len({call.id for call in morning.calls}) == 1411


def test_what_is_wrong_in_the_morning_is_said_row_by_row(morning: Trace) -> None:
    by_field = Counter(problem.field for problem in morning.problems)
    assert by_field == {"outcome": 9, "server": 4, "ser_start": 5, "vru_exit": 2, "vru_time": 2}
    assert [problem.line for problem in morning.problems if problem.field == "outcome"] == [
        149, 262, 305, 724, 727, 1057, 1259, 1393, 1411,
    ]  # fmt: skip
    assert told(morning)[5:7] == [
        (
            "line 482, vru_exit: found 12:03:15, 87 s too early, expected 12:04:42 (vru_entry) or later; "
            "used: it came at that time"
        ),
        "line 482, vru_time: found -87 s, expected 0 s or more; not used",
    ]
    assert {problem.line for problem in morning.problems if problem.done != "left out"} == {
        302, 469, 482, 804, 823, 1003, 1004, 1008, 1011, 1162, 1255,
    }  # fmt: skip


def test_strictly_the_morning_is_refused_with_every_problem(morning: Trace) -> None:
    with pytest.raises(TraceRefused, match="line 149, outcome: found PHANTOM, expected a call") as refused:
        read_trace(MORNING, strict=True)
    assert refused.value.problems == morning.problems
    assert str(refused.value).count("\n") == len(morning.problems) - 1


def test_waits_and_services_are_those_of_the_file(morning: Trace) -> None:
    """Beside the file's own durations, added up by nothing but csv."""
    with MORNING.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] != "PHANTOM"]
    patience = waits(morning)
    assert sum(patience.observed) == sum(row["outcome"] == "HANG" and row["q_start"] != "0:00:00" for row in rows)
    assert sum(patience.durations_ms) == sum(int(row["q_time"]) for row in rows) * 1000
    assert max(patience.durations_ms) == 1_823_000
    services = service_times_ms(morning)
    for kind in ("PS", "NW", "NE", "IN", "PE", "TT"):
        answered = [
            row for row in rows if row["type"] == kind and row["outcome"] == "AGENT" and row["ser_start"] != "0:00:00"
        ]
        assert sum(services[kind]) == sum(int(row["ser_time"]) for row in answered) * 1000
        assert len(services[kind]) == len(answered)
    assert [len(waits(morning, kind=kind).observed) for kind in ("IN", "TT")] == [74, 5]


def test_arrivals_are_in_order_and_agents_there_as_long_as_they_served(morning: Trace) -> None:
    arrivals = [call.arrived_ms for call in morning.calls]
    assert arrivals == sorted(arrivals)
    assert (shown(arrivals[0]), shown(arrivals[-1])) == ("0:10:10", "14:59:48")
    assert len(morning.spans) == 14
    assert all(span.estimated for span in morning.spans)
    first = next(span for span in morning.spans if span.agent == "AGENT17")
    assert first.queues == ("IN",)
    assert (shown(first.from_ms), shown(first.to_ms)) == ("9:54:16", "13:11:10")


ROW = {
    "vru+line": "AA0101", "call_id": "7", "type": "PS",
    "vru_entry": "9:00:00", "vru_exit": "9:00:10", "vru_time": "10",
    "q_start": "9:00:10", "q_exit": "9:01:10", "q_time": "60",
    "outcome": "AGENT",
    "ser_start": "9:01:09", "ser_exit": "9:03:09", "ser_time": "120", "server": "AGENT01",
}  # fmt: skip
NEVER_SERVED = {"ser_start": "0:00:00", "ser_exit": "0:00:00", "ser_time": "0", "server": "NO_SERVER"}


@pytest.mark.parametrize(
    ("change", "problem", "made"),
    [
        ({}, "", "9:00:00 10000 60000 120000 answered"),
        (
            {"vru_exit": "8:59:50", "vru_time": "-10", "q_time": "80", "q_start": "8:59:50"},
            (
                "vru_exit: found 8:59:50, 10 s too early, expected 9:00:00 (vru_entry) or later; "
                "used: it came at that time"
            ),
            "8:59:50 0 80000 120000 answered",
        ),
        (
            {"q_start": "9:00:05", "q_time": "65"},
            (
                "q_start: found 9:00:05, 5 s too early, expected 9:00:10 (vru_exit) or later; "
                "used: the IVR ended at that time"
            ),
            "9:00:00 5000 65000 120000 answered",
        ),
        (
            {"q_exit": "9:00:05", "q_time": "-5"},
            ("q_exit: found 9:00:05, 5 s too early, expected 9:00:10 (q_start) or later; "
            "used: the wait ended when the service began, 9:01:09"),
            "9:00:00 10000 59000 120000 answered",
        ),
        (
            {"q_exit": "9:00:05", "q_time": "-5", "outcome": "HANG", **NEVER_SERVED},
            "q_exit: found 9:00:05, 5 s too early, expected 9:00:10 (q_start) or later; left out",
            "",
        ),
        (
            {"q_start": "9:00:40", "q_time": "30"},
            "q_start: found 9:00:40, expected 9:00:10 (vru_exit); used: the IVR ended at that time",
            "9:00:00 40000 30000 120000 answered",
        ),
        (
            {"q_time": "30"},
            "q_time: found 30 s, expected 60 s, from q_start to q_exit; used: the times are believed",
            "9:00:00 10000 60000 120000 answered",
        ),
        (
            {"ser_start": "9:01:30", "ser_time": "99"},
            (
                "ser_start: found 9:01:30, expected 9:01:10 (q_exit), when the wait ended; "
                "used: the wait is taken as recorded"
            ),
            "9:00:00 10000 60000 99000 answered",
        ),
        (
            {"ser_exit": "9:01:00", "ser_time": "-9"},
            (
                "ser_exit: found 9:01:00, 9 s too early, expected 9:01:09 (ser_start) or later; "
                "used without a service time"
            ),
            "9:00:00 10000 60000 None answered",
        ),
        (
            {"ser_exit": "9:03:61", "ser_time": "-"},
            "ser_exit: found 9:03:61, expected a time h:mm:ss; used as if it were not there",
            "9:00:00 10000 60000 None answered",
        ),
        ({"vru_entry": "24:00:00"}, "vru_entry: found 24:00:00, expected a time h:mm:ss; left out", ""),
        ({"vru_entry": ""}, "vru_entry: found nothing, expected a time h:mm:ss; left out", ""),
        ({"outcome": "GONE"}, "outcome: found GONE, expected AGENT, HANG or PHANTOM; left out", ""),
        ({"outcome": "PHANTOM"}, "outcome: found PHANTOM, expected a call: AGENT or HANG; left out", ""),
        (
            {"server": "NO_SERVER"},
            "server: found NO_SERVER, expected an agent, as it was AGENT; used with an unknown agent",
            "9:00:00 10000 60000 120000 answered",
        ),
        (
            {"outcome": "HANG"},
            ("ser_start: found served 9:01:09 to 9:03:09 by AGENT01, expected no service, as it was HANG; "
            "used without the service"),
            "9:00:00 10000 60000 None abandoned",
        ),
        (
            {"vru_entry": "23:59:50", "vru_exit": "0:00:00", "q_start": "0:00:00", "q_exit": "0:01:00",
             "ser_start": "0:01:00", "ser_exit": "0:03:00"},
            "",
            "23:59:50 10000 60000 120000 answered",
        ),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_named_and_repaired_or_left_out(
    change: dict[str, str], problem: str, made: str
) -> None:
    trace = of_text(lambda lines, findings, _: read_bank(lines, findings), [",".join((ROW | change).values())])
    if problem:
        assert f"line 1, {problem}" in told(trace)
    else:
        assert trace.problems == []
    calls = [f"{shown(c.arrived_ms)} {c.ivr_ms} {c.waited_ms} {c.talked_ms} {c.outcome}" for c in trace.calls]
    assert calls == ([made] if made else [])


def test_one_agent_with_two_calls_and_one_number_twice_on_a_unit_are_named() -> None:
    again = {"vru+line": "AA0102", "ser_start": "9:01:29", "q_exit": "9:01:29", "q_time": "79", "ser_time": "100"}
    rows = [",".join(row.values()) for row in (ROW, ROW | again, ROW | {"vru+line": "AA0201", "server": "AGENT02"})]
    trace = of_text(lambda lines, findings, _: read_bank(lines, findings), rows)
    assert told(trace) == [
        "line 2, call_id: found AA01-7, expected an id that no other row has; used as a call of its own, AA01-7#2",
        (
            "line 2, service by AGENT01: found 9:01:29, expected 9:03:09 or later: until then the call of line 1; "
            "both used as recorded"
        ),
    ]
    assert [call.id for call in trace.calls] == ["AA01-7", "AA01-7#2", "AA02-7"]
