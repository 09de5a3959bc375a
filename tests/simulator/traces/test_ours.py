"""Our own journal as a recorded day: what the ACD decided, told back as calls and as who was there."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules
from records.journal import Journal
from simulator.traces.ours import read_ours
from simulator.traces.reading import read_trace
from simulator.traces.trace import Findings, Trace, TraceRefused
from tests.acd.transcript import tell
from tests.simulator.traces.reading import told

NINE = 1_719_824_400_000
"""2024-07-01 09:00 UTC, in ms."""


def story(trace: Trace) -> list[str]:
    """Each call in seconds since nine."""
    nine = NINE - trace.day_start_at
    return [
        f"{call.id} {(call.arrived_ms - nine) / 1000:g} ivr={call.ivr_ms} {call.queue} waited={call.waited_ms} "
        f"{call.outcome} {call.talked_ms} {call.agent} {call.transferred_from}".rstrip()
        for call in trace.calls
    ]


def spans(trace: Trace) -> list[str]:
    nine = NINE - trace.day_start_at
    return [
        f"{span.agent} {(span.from_ms - nine) // 1000}-{(span.to_ms - nine) // 1000} {'+'.join(span.queues)}"
        for span in trace.spans
    ]


def decided(*inputs: AnyInput) -> list[Line]:
    """The journal of a real ACD that is told this; times are seconds since nine."""
    acd = Acd()
    return [Line(seq, said, acd.handle(said)) for seq, said in enumerate(inputs, 1)]


def at(seconds: float) -> int:
    return NINE + int(seconds * 1000)


def facts(*said: tuple[float, AnyFact]) -> Trace:
    return read_ours(
        [Line(seq, say.TimeCame(at(seconds)), [fact]) for seq, (seconds, fact) in enumerate(said, 1)], Findings(), UTC
    )


RULES = say.Configure(
    at(0),
    {"help": QueueRules("Help", wrap_up_ms=0), "sales": QueueRules("Sales", wrap_up_ms=0)},
    {"ann": AgentRules("Ann", {"help": 1, "sales": 2}), "bob": AgentRules("Bob", {"sales": 1})},
)
DAY = decided(
    RULES,
    say.LogIn(at(1), "ann", "PJSIP/1"),
    say.GoReady(at(2), "ann"),
    say.CallArrived(at(10), "c1", "x", ani="5550001"),
    say.EnterQueue(at(14), "c1", "help"),
    say.OfferAnswered(at(18), 1, "y"),
    say.CallArrived(at(20), "c2", "x"),
    say.EnterQueue(at(25), "c2", "help"),
    say.CallArrived(at(26), "c3", "x", queue="help"),
    say.CallerGone(at(45), "c2"),
    say.LeaveQueue(at(50), "c3", "message", recording="m.wav"),
    say.CallerGone(at(52), "c3"),
    say.CallArrived(at(60), "c4", "x"),
    say.CallerGone(at(66), "c4"),
    say.CallerGone(at(78), "c1"),
    say.GoNotReady(at(80), "ann", "lunch"),
    say.GoReady(at(90), "ann"),
    say.CallArrived(at(95), "c5", "x", queue="help"),
)


def test_a_day_that_the_real_acd_decided(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal", "never") as journal:
        for line in DAY:
            journal.append(line)
    trace = read_trace(tmp_path / "journal")
    assert trace.format == "journal"
    assert story(trace) == [
        "c1 10 ivr=4000 help waited=4000 answered 60000 ann",
        "c2 20 ivr=5000 help waited=20000 abandoned None",
        "c3 26 ivr=0 help waited=24000 message None",
        "c4 60 ivr=6000  waited=None left in IVR None",
        "c5 95 ivr=0 help waited=None unknown None",
    ]
    assert trace.calls[0].ani == "5550001"
    assert spans(trace) == ["ann 2-80 help+sales", "ann 90-95 help+sales"]
    assert told(trace) == [
        "line 18, call: found c5 waiting when the journal ends, expected its end; used, outcome unknown"
    ]


def test_a_damaged_journal_is_refused_and_a_torn_end_is_only_named(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal.open(path, "never") as journal:
        for line in DAY:
            journal.append(line)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    torn = len(whole.splitlines()[-1]) - 9
    assert told(read_trace(path)) == [
        f"line 18, journal: found {torn} bytes without an end, expected a whole line; left out"
    ]
    place = whole.index(b'"c4"')
    path.write_bytes(whole[:place] + b"X" + whole[place + 1 :])
    with pytest.raises(TraceRefused, match=r"line 13, journal: found damage at byte \d+, expected a line that matches"):
        read_trace(path)


def test_a_transferred_call_waits_as_a_call_of_its_own() -> None:
    trace = facts(
        (0, say.CallBegan("c1", "x", ani="5550001")),
        (5, say.CallQueued("c1", "help", 0, at(5), 1)),
        (9, say.CallConnected(1, "c1", "ann", 4000)),
        (30, say.CallTransferred("c1", "ann", 1, say.Target("queue", "sales"), 21_000)),
        (30, say.CallQueued("c1", "sales", 0, at(5), 1)),
        (42, say.CallConnected(2, "c1", "bob", 37_000)),
        (50, say.CallEnded("c1", "caller", "", "bob", 2, 8000)),
    )
    assert told(trace) == []
    assert story(trace) == [
        "c1 0 ivr=5000 help waited=4000 answered 21000 ann",
        "c1#2 30 ivr=0 sales waited=12000 answered 8000 bob c1",
    ]
    assert {call.ani for call in trace.calls} == {"5550001"}


def test_a_call_sent_to_another_queue_or_called_back_is_the_same_call() -> None:
    hold = say.Treatment("queue", "sales")
    trace = facts(
        (0, say.CallBegan("c1", "x")),
        (0, say.CallQueued("c1", "help", 0, at(0), 1)),
        (30, say.CallDeflected("c1", "help", "waited too long", hold, 30_000)),
        (30, say.CallQueued("c1", "sales", 0, at(30), 1)),
        (40, say.CallConnected(1, "c1", "bob", 10_000)),
        (50, say.CallEnded("c1", "agent", "", "bob", 1, 10_000)),
        (60, say.CallBegan("c2", "x")),
        (61, say.CallDeflected("c2", "help", "closed", say.Treatment("voicemail"))),
        (70, say.CallEnded("c2", "caller")),
        (80, say.CallBegan("c3", "x")),
        (80, say.CallQueued("c3", "help", 0, at(80), 1)),
        (90, say.CallbackPlaced("c3", "help", "5550003")),
        (300, say.CallbackReached("c3", "z")),
        (310, say.CallConnected(2, "c3", "ann", 230_000)),
        (320, say.CallEnded("c3", "agent", "", "ann", 2, 10_000)),
        (330, say.CallBegan("c4", "x")),
        (330, say.CallQueued("c4", "help", 0, at(330), 1)),
        (340, say.CallbackPlaced("c4", "help", "5550004")),
        (400, say.CallEnded("c4", "switch")),
    )
    assert told(trace) == []
    assert story(trace) == [
        "c1 0 ivr=0 help waited=40000 answered 10000 bob",
        "c2 60 ivr=1000 help waited=0 deflected None",
        "c3 80 ivr=0 help waited=230000 answered 10000 ann",
        "c4 330 ivr=0 help waited=10000 callback None",
    ]


def test_consultations_are_no_callers_and_a_fact_of_nobodys_call_is_named() -> None:
    trace = facts(
        (0, say.CallBegan("c1", "x")),
        (1, say.ConsultStarted("k1", "c1", "ann", say.Target("agent", "bob"))),
        (2, say.CallConnected(2, "k1", "bob", 0)),
        (3, say.CallEnded("k1", "agent", "", "bob", 2, 1000)),
        (4, say.CallEnded("c9", "agent")),
        (5, say.CallEnded("c1", "caller")),
    )
    assert told(trace) == ["line 5, CallEnded: found c9, expected a call that has begun and goes on; left out"]
    assert story(trace) == ["c1 0 ivr=5000  waited=None left in IVR None"]


def test_new_rules_change_what_an_agent_is_there_for() -> None:
    more = {"ann": AgentRules("Ann", {"help": 1}), "bob": AgentRules("Bob", {"sales": 1, "help": 1})}
    trace = facts(
        (0, say.Configured(RULES.queues, RULES.agents)),
        (1, say.AgentReady("ann")),
        (2, say.AgentReady("bob")),
        (10, say.Configured(RULES.queues, more)),
        (20, say.AgentLoggedOut("ann")),
        (30, say.AgentNotReady("bob", "lunch")),
    )
    assert spans(trace) == ["ann 1-10 help+sales", "ann 10-20 help", "bob 2-10 sales", "bob 10-30 help+sales"]


TRANSCRIPTS = sorted((Path(__file__).parents[2] / "acd" / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_transcript_of_the_acd_can_be_read_as_a_day(path: Path) -> None:
    """Each call is there once, each first answer is found, and no fact is of a call that the reader does not know."""
    journal = tell(path.read_text()).journal
    trace = read_ours(journal, Findings(), UTC)
    assert [problem for problem in trace.problems if problem.field != "call"] == []
    facts_of = [fact for line in journal for fact in line.facts]
    firsts = [call for call in trace.calls if not call.transferred_from]
    assert sorted(call.id for call in firsts) == sorted(f.call for f in facts_of if isinstance(f, say.CallBegan))
    of_agents = {f.call for f in facts_of if isinstance(f, say.ConsultStarted | say.CallPlaced | say.CallbackDue)}
    answered = {fact.call for fact in facts_of if isinstance(fact, say.CallConnected)} - of_agents
    assert {call.id for call in firsts if call.outcome == "answered"} == answered
    gave_up = {fact.call for fact in facts_of if isinstance(fact, say.CallAbandoned)} - answered
    assert {call.id for call in firsts if call.outcome == "abandoned"} == gave_up
