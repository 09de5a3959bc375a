"""Call records as stories: lines of the journal go in, the rows of the call come out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from acd import vocabulary as say
from acd.model import State
from acd.moves import WAITING, Stage
from acd.state import apply
from records.call_records import CallRecord, CallRecords, Segment, SmdrRecord, UnknownCall, WishRecord
from tests.acd.transcript import START, tell, transcripts
from tests.records.floor import WHY, Lines


def records_of(lines: Lines, region: str = "TW") -> dict[str, CallRecord]:
    """The last word on every call."""
    records = CallRecords(region)
    changes = [change for line in lines for change in records.see(line)]
    return {change.call: change for change in changes if isinstance(change, CallRecord)}


def test_an_answered_call() -> None:
    lines = Lines()
    lines.add(1_000, say.CallBegan("c1", "PJSIP/t-1", "0912 345 678", "0800", "pbx"))
    lines.add(2_000, say.MenuChosen("c1", "language", "en"))
    lines.add(3_000, say.MenuChosen("c1", "reason", "sales"))
    lines.add(4_000, say.CallQueued("c1", "sales", 2, 4_000, 1))
    lines.add(9_000, say.CallOffered(1, "c1", "a1", 24_000, WHY))
    lines.add(24_000, say.OfferFailed(1, "c1", "a1", "no answer"), say.CallOffered(2, "c1", "a2", 39_000, WHY))
    lines.add(30_000, say.CallConnected(2, "c1", "a2", 26_000))
    lines.add(90_000, say.CallEnded("c1", "caller", "16", "a2", 2, 60_000), say.WrapUpStarted("a2", "c1", 105_000))
    lines.add(105_000, say.WrapUpEnded("a2", "c1"))
    assert records_of(lines) == {
        "c1": CallRecord(
            call="c1",
            began_at=1_000,
            node="pbx",
            ani="0912 345 678",
            caller="+886912345678",
            dnis="0800",
            menu_choices=[("language", "en"), ("reason", "sales")],
            queue="sales",
            priority=2,
            queued_at=4_000,
            connected_at=30_000,
            ended_at=90_000,
            waited_ms=26_000,
            talked_ms=60_000,
            outcome="answered",
            agent="a2",
            ended_by="caller",
            cause="16",
            segments=[
                Segment("ivr", 1_000, 4_000),
                Segment("queue", 4_000, 30_000, queue="sales", result="answered"),
                Segment("offer", 9_000, 24_000, "a1", "sales", 1, "no answer"),
                Segment("offer", 24_000, 30_000, "a2", "sales", 2, "answered"),
                Segment("talk", 30_000, 90_000, "a2", "sales", 2),
                Segment("wrap-up", 90_000, 105_000, "a2", "sales"),
            ],
        )
    }


def test_an_abandoned_call_while_it_rings() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"), say.CallQueued("c1", "sales", 0, 0, 1))
    lines.add(500, say.CallOffered(1, "c1", "a1", 24_000, WHY))
    lines.add(
        3_000, say.OfferFailed(1, "c1", "a1", "caller gone"), say.CallAbandoned("c1", "sales", 3_000, "Normal Clearing")
    )
    record = records_of(lines)["c1"]
    assert (record.outcome, record.ended_by, record.cause) == ("abandoned", "caller", "Normal Clearing")
    assert (record.waited_ms, record.talked_ms, record.agent) == (3_000, 0, "")
    assert record.segments == [
        Segment("queue", 0, 3_000, queue="sales", result="abandoned"),
        Segment("offer", 500, 3_000, "a1", "sales", 1, "caller gone"),
    ]


@pytest.mark.parametrize("wish", ["callback", "message", "other"])
def test_a_wish_instead_of_waiting(wish: say.Wish) -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"))
    lines.add(10, say.CallQueued("c1", "sales", 0, 10, 3))
    left = lines.add(60_000, say.CallLeftQueue("c1", "sales", wish, 59_990, "0912345678", "m1.wav"))
    lines.add(65_000, say.CallEnded("c1", "switch"))
    records = CallRecords("TW")
    changes = [change for line in lines for change in records.see(line)]
    assert WishRecord(left.seq, "c1", "sales", wish, "0912345678", "m1.wav", 60_000) in changes
    record = records_of(lines)["c1"]
    assert (record.outcome, record.wish, record.waited_ms, record.ended_at) == (wish, wish, 59_990, 65_000)
    assert record.segments == [
        Segment("ivr", 0, 10),
        Segment("queue", 10, 60_000, queue="sales", result=wish),
        Segment("ivr", 60_000, 65_000),
    ]


def test_a_call_that_never_left_the_ivr() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x", "anonymous"))
    lines.add(700, say.CallEnded("c1", "caller", "16"))
    record = records_of(lines)["c1"]
    assert (record.outcome, record.caller, record.queue) == ("ivr", None, "")
    assert record.segments == [Segment("ivr", 0, 700)]


def test_a_call_handed_over_without_ivr_was_never_there() -> None:
    lines = Lines()
    lines.add(50, say.CallBegan("c1", "x"), say.CallQueued("c1", "sales", 0, 20, 1))
    assert records_of(lines)["c1"].segments == [Segment("queue", 20, queue="sales")]


def test_the_serial_line_names_the_caller() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x", port="0007"))
    lines.add(80, say.CallerKnown("c1", "0912345678", "serial:line1", "0800"))
    record = records_of(lines)["c1"]
    assert (record.ani, record.caller, record.dnis, record.port) == ("0912345678", "+886912345678", "0800", "0007")


def test_an_smdr_record_may_come_when_the_call_is_long_over() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"))
    lines.add(10, say.CallEnded("c1", "caller"))
    late = lines.add(9_000, say.SmdrMatched("c1", "serial:line1", "the line as it came", 10))
    records = CallRecords("TW")
    assert [records.see(line) for line in lines][-1] == [
        SmdrRecord(late.seq, "c1", "serial:line1", "the line as it came", 10, 9_000)
    ]


def test_an_open_call_goes_on_from_its_own_record() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"), say.CallQueued("c1", "sales", 0, 0, 1))
    lines.add(10, say.CallOffered(1, "c1", "a1", 99, WHY))
    lines.add(20, say.CallConnected(1, "c1", "a1", 20))
    lines.add(50, say.CallEnded("c1", "agent", "", "a1", 1, 30), say.WrapUpStarted("a1", "c1", 99))
    lines.add(99, say.WrapUpEnded("a1", "c1"))
    whole = records_of(lines)["c1"]
    assert not whole.is_open
    for cut in range(1, len(lines)):
        before = CallRecords("TW")
        stored = [change for line in lines[:cut] for change in before.see(line)][-1]
        assert isinstance(stored, CallRecord)
        assert stored.is_open
        after = CallRecords("TW", [stored])
        assert [change for line in lines[cut:] for change in after.see(line)][-1] == whole


def test_a_call_that_never_began_is_a_broken_journal() -> None:
    lines = Lines()
    with pytest.raises(UnknownCall, match="journal line 1 speaks of c9"):
        CallRecords("TW").see(lines.add(0, say.MenuChosen("c9", "m", "1")))


def test_what_is_no_calls_business_changes_nothing() -> None:
    lines = Lines()
    lines.add(0, say.AgentLoggedIn("a1"), say.AgentReady("a1"), say.LinkDown("database", "x"), say.StrayLeg(3, "x"))
    lines.add(1, say.Refused("HangUp", "c9", "no such call"), say.StrayCall("c9", "x"), say.HangUpOrdered("c9", 1))
    assert records_of(lines) == {}


def test_a_call_that_its_queue_does_not_keep_leaves_a_message() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"))
    lines.add(1_000, say.CallQueued("c1", "sales", 0, 1_000, 1))
    lines.add(61_000, say.CallDeflected("c1", "sales", "waited too long", say.Treatment("voicemail"), 60_000))
    lines.add(65_000, say.CallLeftQueue("c1", "sales", "message", 64_000, recording="m.wav"))
    lines.add(70_000, say.CallEnded("c1", "caller"))
    record = records_of(lines)["c1"]
    assert (record.outcome, record.waited_ms, record.talked_ms) == ("message", 64_000, 0)
    assert record.segments == [
        Segment("ivr", 0, 1_000),
        Segment("queue", 1_000, 61_000, queue="sales", result="sent on: waited too long"),
        Segment("ivr", 61_000, 70_000),
    ]


def stays(story: str, call: str) -> list[tuple[str, int, int | None, str, str, str]]:
    """(kind, began_at, ended_at, agent, target, result) of the segments of one call; times are those of the story."""
    [path] = [path for path in transcripts() if path.stem == story]
    record = records_of(Lines(tell(path.read_text()).journal))[call]
    times = [(s.began_at - START, None if s.ended_at is None else s.ended_at - START) for s in record.segments]
    return [(s.kind, *at, s.agent, s.target, s.result) for at, s in zip(times, record.segments, strict=True)]


@pytest.mark.parametrize(
    ("story", "call", "expected"),
    [
        (
            "transfer_attended",
            "c1",
            [
                ("queue", 1_000, 2_000, "", "", "answered"),
                ("offer", 1_000, 2_000, "a1", "", "answered"),
                ("talk", 2_000, 6_000, "a1", "", ""),
                ("hold", 3_000, 6_000, "a1", "", ""),
                ("consult", 3_000, 6_000, "a1", "agent:a2", "joined"),
                ("transfer", 6_000, 6_000, "a1", "agent:a2", "answered"),
                ("talk", 6_000, 12_000, "a2", "", ""),
                ("wrap-up", 6_000, 11_000, "a1", "", ""),
                ("hold", 7_000, 8_000, "a2", "", ""),
                ("wrap-up", 12_000, 22_000, "a2", "", ""),
            ],
        ),
        (
            "conference",
            "c3",
            [
                ("queue", 21_000, 22_000, "", "", "answered"),
                ("offer", 21_000, 22_000, "a1", "", "answered"),
                ("talk", 22_000, 26_000, "a1", "", ""),
                ("hold", 23_000, 25_000, "a1", "", ""),
                ("consult", 23_000, 25_000, "a1", "agent:a2", "joined"),
                ("conference", 25_000, 26_000, "a1", "agent:a2", ""),
                ("talk", 25_000, 26_000, "a2", "", ""),
                ("wrap-up", 26_000, None, "a1", "", ""),
                ("wrap-up", 26_000, None, "a2", "", ""),
            ],
        ),
        (
            "transfer_to_number",
            "c2",
            [
                ("queue", 5_000, 6_000, "", "", "answered"),
                ("offer", 5_000, 6_000, "a1", "", "answered"),
                ("talk", 6_000, 8_000, "a1", "", ""),
                ("transfer", 8_000, 18_000, "a1", "number:01055", "no answer"),
                ("offer", 8_000, 18_000, "", "", "no answer"),
                ("queue", 18_000, None, "", "", ""),
                ("offer", 19_000, None, "a1", "", ""),
            ],
        ),
        (
            "transfer_to_agent_not_taken",
            "c1",
            [
                ("queue", 1_000, 2_000, "", "", "answered"),
                ("offer", 1_000, 2_000, "a1", "", "answered"),
                ("talk", 2_000, 3_000, "a1", "", ""),
                ("transfer", 3_000, 13_000, "a1", "agent:a2", "no answer"),
                ("wrap-up", 3_000, 8_000, "a1", "", ""),
                ("queue", 3_000, 15_000, "", "", "answered"),
                ("offer", 3_000, 13_000, "a2", "", "no answer"),
                ("offer", 14_000, 15_000, "a1", "", "answered"),
                ("talk", 15_000, 16_000, "a1", "", ""),
                ("wrap-up", 16_000, 21_000, "a1", "", ""),
            ],
        ),
    ],
)
def test_hold_consultation_conference_and_transfer_are_stays_of_the_call(
    story: str, call: str, expected: list[tuple[str, int, int | None, str, str, str]]
) -> None:
    assert stays(story, call) == expected


def test_a_consultation_that_comes_to_nothing_says_why_and_the_caller_is_held_on() -> None:
    told = [stay for stay in stays("consult_not_taken", "c1") if stay[0] in ("hold", "consult")]
    assert told[:2] == [
        ("hold", 3_000, 23_000, "a1", "", ""),
        ("consult", 3_000, 13_000, "a1", "agent:a2", "no answer"),
    ]
    assert [(stay[1], stay[2], stay[5]) for stay in told[2:5]] == [
        (15_000, 16_000, "rejected"),
        (18_000, 19_000, "rejected"),
        (21_000, 23_000, "dropped"),
    ]


def test_a_transfer_ends_where_the_agent_does_not_take_the_call() -> None:
    transfers = [stay[1:] for stay in stays("transfer_to_agent_not_taken", "c3") if stay[0] == "transfer"]
    assert transfers == [
        (27_000, 32_000, "a1", "agent:a2", "not taken"),  # a2 went to lunch: a1 is asked
        (42_000, 102_000, "a1", "agent:a2", "not taken"),  # a2 talked on for longer than prefer_ms
    ]


def test_two_agents_wrap_up_one_call_each_in_their_own_time() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"), say.CallQueued("c1", "sales", 0, 0, 1))
    lines.add(5, say.CallOffered(1, "c1", "a1", 99, WHY))
    lines.add(10, say.CallConnected(1, "c1", "a1", 10))
    to = say.Target("agent", "a2")
    lines.add(20, say.CallHeld("c1", "a1", 1), say.ConsultStarted("c1~1", "c1", "a1", to))
    lines.add(30, say.ConsultJoined("c1", "c1~1", 2, "a2"), say.CallEnded("c1~1", "agent", "joined"))
    both = (say.WrapUpStarted("a1", "c1", 70), say.WrapUpStarted("a2", "c1", 50))
    lines.add(40, say.AgentLeft("c1", "a1", 1, 30), say.CallEnded("c1", "caller", "", "a2", 2, 10), *both)
    lines.add(50, say.WrapUpEnded("a2", "c1"))
    lines.add(70, say.WrapUpEnded("a1", "c1"))
    record = records_of(lines)["c1"]
    assert [(s.agent, s.began_at, s.ended_at) for s in record.segments if s.kind == "wrap-up"] == [
        ("a1", 40, 70),
        ("a2", 40, 50),
    ]
    assert (record.talked_ms, record.is_open) == (40, False)


def test_a_number_that_a_call_overflows_to_and_that_nobody_answers_gives_it_back_to_its_place() -> None:
    lines = Lines()
    lines.add(0, say.CallBegan("c1", "x"), say.CallQueued("c1", "sales", 0, 0, 1))
    deflected = say.CallDeflected("c1", "sales", "waited too long", say.Treatment("number", "01055"), 10)
    lines.add(10, deflected, say.CallOffered(1, "c1", "", 30, WHY, number="01055"))
    lines.add(30, say.OfferFailed(1, "c1", "", "no answer"))
    lines.add(50, say.CallAbandoned("c1", "sales", 50))
    assert records_of(lines)["c1"].segments == [
        Segment("queue", 0, 10, queue="sales", result="sent on: waited too long"),
        Segment("offer", 10, 30, queue="sales", offer=1, result="no answer"),
        Segment("queue", 30, 50, queue="sales", result="abandoned"),
    ]


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_what_lasts_is_what_the_acd_says_of_the_call(path: Path) -> None:
    """After each line of each story, and the same whether the records were remembered or read again from the rows."""
    state, records = State(), CallRecords("TW")
    known: dict[str, CallRecord] = {}
    for line in tell(path.read_text()).journal:
        stored = [msgspec.convert(msgspec.to_builtins(one), CallRecord) for one in known.values() if one.is_open]
        anew = CallRecords("TW", stored).see(line)
        changes = records.see(line)
        assert anew == changes
        known.update({change.call: change for change in changes if isinstance(change, CallRecord)})
        for fact in line.facts:
            apply(state, line.input.at, fact)
        for call in state.calls.values():
            if call.consult_of:
                continue
            lasting = [segment.kind for segment in known[call.id].segments if segment.ended_at is None]
            talking = 0 if call.dialing else sum(1 for offer in call.offers if state.offers[offer].connected_at)
            assert lasting.count("dial") == call.dialing, line
            assert lasting.count("hold") == (call.stage is Stage.HELD), line
            assert lasting.count("consult") == bool(call.consulting), line
            assert lasting.count("talk") == talking, line
            assert lasting.count("conference") == (talking > 1), line
            assert lasting.count("queue") <= 1, line
            waits = call.stage in (*WAITING, Stage.OFFERED)
            assert bool({"queue", "offer", "transfer"}.intersection(lasting)) == waits, line
            assert ("ivr" in lasting) == (call.stage is Stage.IN_IVR), line


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_every_story_of_the_acd_leaves_whole_records(path: Path) -> None:
    """Calls of callers only; over when the story ends them, with all that was talked and nothing left open."""
    journal = tell(path.read_text()).journal
    facts = [fact for line in journal for fact in line.facts]
    records = records_of(Lines(journal))
    began = say.CallBegan | say.CallPlaced | say.CallbackDue | say.MessageTaken
    assert set(records) == {fact.call for fact in facts if isinstance(fact, began)}
    for record in records.values():
        of_call = [fact for fact in facts if getattr(fact, "call", "") == record.call]
        parts = [one for one in of_call if isinstance(one, say.CallEnded | say.AgentLeft | say.CallTransferred)]
        never_talked = record.outcome == "not reached"
        assert record.talked_ms == (0 if never_talked else sum(part.talked_ms for part in parts))
        over = any(isinstance(fact, say.CallEnded | say.CallAbandoned | say.MessageTaken) for fact in of_call)
        assert (record.ended_at is not None) is over
        lasting = {segment.kind for segment in record.segments if segment.ended_at is None}
        assert lasting <= {"wrap-up"} if over else lasting


def test_a_message_that_nobody_took_is_a_call_of_its_own_or_a_part_of_one() -> None:
    lines = Lines()
    taken = say.MessageTaken("c9", "message-c9.wav", "n", "01065321234", "4001", 1_000, 9_000)
    changes = CallRecords("CN").see(lines.add(20_000, taken))
    (record, wish) = changes
    assert isinstance(record, CallRecord)
    assert not record.is_open
    assert (record.began_at, record.ended_at, record.outcome, record.wish) == (1_000, 9_000, "message", "message")
    assert (record.ani, record.caller, record.dnis, record.node) == ("01065321234", "+861065321234", "4001", "n")
    assert wish == WishRecord(1, "c9", "", "message", "01065321234", "message-c9.wav", 9_000)


def test_a_message_of_a_call_that_is_known_is_its_wish() -> None:
    lines = Lines()
    records = CallRecords("CN")
    records.see(lines.add(0, say.CallBegan("c1", "x", "1001")))
    taken = say.MessageTaken("c1", "message-c1.wav", "n", "1001", "4001", 0, 9_000, known=True)
    assert len(records.see(lines.add(9_000, taken))) == 2
    (record,) = records.see(lines.add(9_500, say.CallEnded("c1", "switch", "not on switch")))
    assert isinstance(record, CallRecord)
    assert record.outcome == "message"
    assert len(records.see(lines.add(9_600, taken))) == 1, "closed already: the wish alone"
