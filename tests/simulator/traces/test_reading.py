"""Files of every kind, and of none: what is known by its content, and that no bytes at all can break a reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.traces.bank import COLUMNS, read_bank
from simulator.traces.cdr import read_cdr
from simulator.traces.lines import LONGEST_LINE, Lines, decoded
from simulator.traces.plain import read_plain
from simulator.traces.queue_log import read_queue_log
from simulator.traces.reading import format_of, read_trace
from simulator.traces.samples import service_times_ms, waits
from simulator.traces.trace import Findings, Format, Trace, TraceRefused
from tests.simulator.traces.reading import DATA, of_text, told

WAITED = "17000000{0}0|c{0}|q|NONE|ENTERQUEUE|||1\n17000000{0}5|c{0}|q|NONE|ABANDON|1|1|5\n"


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        ([",".join(COLUMNS)], "bank"),
        (["id,Entry,queue"], "plain"),
        (["torn", "1700000010|c1|q|NONE|ENTERQUEUE|||1"], "queue_log"),
        ([(DATA / "master.csv").read_text().splitlines()[0]], "cdr"),
        (['0a1b2c3d {"seq":1,"input":{}}'], "journal"),
        (["call,queue,entry?"], None),
        (["1,2,3"] * 30 + ["id,entry"], None),
        ([], None),
    ],
)
def test_a_format_is_known_by_its_first_lines(lines: list[str], known: Format | None) -> None:
    assert format_of(enumerate(lines, 1)) == known


def test_what_is_no_trace_is_refused_with_what_would_be_one(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text("dear diary,\n")
    with pytest.raises(TraceRefused, match=r"day\.txt: format: found none that is known, expected Callfloor's journal"):
        read_trace(path)
    path.write_bytes("id,entry\nc1,9:00\n".encode("utf-16"))
    with pytest.raises(TraceRefused, match="line 1, line: found a NUL byte, expected text in UTF-8"):
        read_trace(path)
    path.write_text("id,entry\n")
    with pytest.raises(TraceRefused, match="calls: found none, expected at least one that can be read as plain"):
        read_trace(path)
    path.write_text("")
    with pytest.raises(TraceRefused, match="calls: found none, expected at least one that can be read as journal"):
        read_trace(path, "journal")
    with pytest.raises(FileNotFoundError):
        read_trace(tmp_path / "nothing")


def test_bytes_that_are_no_text_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    endless = b"1700000010|" + b"x" * LONGEST_LINE * 3 + b"\n"
    first, second = WAITED.format(1).encode(), WAITED.format(2).encode()
    path.write_bytes(b"\xef\xbb\xbf" + first + b"\n1700\0\n17\xff\n" + endless + second + b"17000")
    trace = read_trace(path)
    assert [call.id for call in trace.calls] == ["c1", "c2"]
    assert [problem.partition(", expected")[0] for problem in told(trace)] == [
        "line 4, line: found a NUL byte",
        "line 5, line: found byte 0xff at column 3",
        "line 6, line: found more than 65536 bytes",
        "line 9, line: found 17000",
    ]


def test_what_is_shown_of_a_file_is_short_and_cannot_steer_a_terminal() -> None:
    trace = of_text(read_queue_log, ["\x1b[2J" + "x" * 500])
    assert trace.problems[0].found == "\\x1b[2J" + "x" * 56 + "..."


def test_a_refusal_of_thousands_tells_the_first_and_keeps_all(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("entry\n9:00\n" + "never\n" * 3000)
    with pytest.raises(TraceRefused) as refused:
        read_trace(path, strict=True)
    assert len(refused.value.problems) == 3000
    assert str(refused.value).endswith("and 2950 more")
    assert len(read_trace(path).calls) == 1


def test_patience_is_censored_by_an_answer_and_by_any_other_way_out() -> None:
    rows = [
        "kind,queue,entry,queue_start,queue_end,service_start,service_end,outcome",
        "a,q,9:00,9:00,9:01,,,",
        "a,q,9:01,9:01,9:03,9:03,9:08,",
        "b,q,9:02,9:02,9:02:30,,,callback",
        "b,r,9:03,9:03,9:03,9:03,9:04,",
        "b,r,9:04,,,,,",
    ]
    trace = of_text(read_plain, rows)
    assert (waits(trace).durations_ms, waits(trace).observed) == (
        [60_000, 120_000, 30_000, 0],
        [True, False, False, False],
    )
    assert waits(trace, kind="b", queue="q").durations_ms == [30_000]
    assert service_times_ms(trace) == {"a": [300_000], "b": [60_000]}


def bank(lines: Lines, findings: Findings, zone: tzinfo) -> Trace:
    return read_bank(lines, findings)


CLOCK = st.sampled_from(
    ["", "0:00:00", "9:00:00", "9:00:07", "9:30:00", "23:59:59", "24:00:00", "-1", "9:5", "１:00:00"]
)
DATED = st.sampled_from(
    ["", "2024-07-01 09:00:00", "2024-07-01 08:59:00", "2999-12-31T23:59:59-12:00", "0001-01-01 00:00:00",
     "1970-01-01 00:00:00",
     "2024-02-30 09:00:00", "2023-03-26 02:30:00", "2023-10-29 02:30:00"]
)  # fmt: skip
SECONDS = st.sampled_from(
    ["", "0", "7", "-7", "999999999999", "9" * 30, "²", "1700000000", "1700000300", "99999999999", "1700000001.5"]
)
TEXT = st.text(max_size=5)
CALLS = st.sampled_from(["c1", "c2", "NONE", "1700000000.1", "x-1700000000.2"])
EVENTS = st.sampled_from(
    ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "ABANDON", "EXITWITHKEY", "EXITWITHTIMEOUT", "BLINDTRANSFER",
     "ATTENDEDTRANSFER",
     "ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSEALL", "AGENTLOGIN", "QUEUESTART", "JOINEMPTY", "SYSCOMPAT", "X"]
)  # fmt: skip
AGENTS = st.sampled_from(["a", "b", "NONE", ""])
QUEUE_LOG_LINE = st.tuples(
    SECONDS, CALLS, st.sampled_from(["q", "r", "NONE"]), AGENTS, EVENTS, SECONDS, SECONDS, SECONDS
).map("|".join)
BANK_LINE = st.tuples(
    TEXT, SECONDS, TEXT, CLOCK, CLOCK, SECONDS, CLOCK, CLOCK, SECONDS,
    st.sampled_from(["AGENT", "HANG", "PHANTOM", "?"]), CLOCK, CLOCK, SECONDS, AGENTS,
).map(",".join)  # fmt: skip
PLAIN_LINE = st.tuples(
    *[st.one_of(CLOCK, DATED, SECONDS)] * 5, st.sampled_from(["", "answered", "abandoned", "left in IVR", "x"]), AGENTS
).map(",".join)
CDR_LINE = st.tuples(
    *[TEXT] * 7, st.just("Queue"), TEXT, DATED, DATED, DATED, SECONDS, SECONDS,
    st.sampled_from(["ANSWERED", "NO ANSWER", "BUSY", "?"]), TEXT, CALLS,
).map(",".join)  # fmt: skip
PLAIN_HEADER = "entry,queue_start,queue_end,service_start,service_end,outcome,agent"
READERS: list[tuple[Callable[[Lines, Findings, tzinfo], Trace], str]] = [
    (bank, ""), (read_queue_log, ""), (read_cdr, ""), (read_plain, PLAIN_HEADER), (read_plain, ""),
]  # fmt: skip


@given(
    st.lists(st.one_of(QUEUE_LOG_LINE, BANK_LINE, PLAIN_LINE, CDR_LINE, st.text(max_size=60)), max_size=25),
    st.sampled_from(READERS),
    st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")]),
)
@example(["2011-12-30 12:00:00,,,,,,"], (read_plain, PLAIN_HEADER), ZoneInfo("Pacific/Apia"))
def test_no_lines_break_a_reader_and_no_call_takes_less_than_no_time(
    lines: list[str], reader: tuple[Callable[[Lines, Findings, tzinfo], Trace], str], zone: tzinfo
) -> None:
    read, header = reader
    findings = Findings()
    raw = [line.encode("utf-8", "surrogatepass") for line in [header, *lines]]
    trace = read(decoded(raw, findings), findings, zone)
    assert [call.arrived_ms for call in trace.calls] == sorted(call.arrived_ms for call in trace.calls)
    for call in trace.calls:
        assert call.ivr_ms >= 0, call
        assert call.waited_ms is None or call.waited_ms >= 0, call
        assert call.talked_ms is None or call.talked_ms >= 0, call
        assert call.queued_at_ms is None or call.queued_at_ms == call.arrived_ms + call.ivr_ms, call
        assert (call.outcome == "answered") or not call.talked_ms, call
    for span in trace.spans:
        assert span.to_ms >= span.from_ms, span
        assert span.queues, span
    assert all(problem.what for problem in trace.problems)


@given(st.binary(max_size=300), st.sampled_from(["auto", "bank", "queue_log", "cdr", "plain", "journal"]))
def test_no_bytes_raise_anything_but_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, written: Format
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "day"
    path.write_bytes(raw)
    with pytest.raises(TraceRefused, match="expected"):
        read_trace(path, written)
