"""Call records as stories: lines of the journal go in, the rows of the call come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd import vocabulary as say
from records.call_records import CallRecord, CallRecords, Segment, SmdrRecord, UnknownCall, WishRecord
from tests.acd.transcript import tell, transcripts
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


def segments_of(story: str) -> list[Segment]:
    """Of the call c1 in a transcript of the ACD."""
    (path,) = (path for path in transcripts() if path.stem == story)
    return records_of(Lines(tell(path.read_text()).journal))["c1"].segments


def spans(story: str, *kinds: str) -> list[tuple[str, int, int, str, str]]:
    """Times in seconds of the transcript."""
    found = [one for one in segments_of(story) if one.kind in kinds]
    return [
        (one.kind, one.began_at // 1000 % 1000, (one.ended_at or 0) // 1000 % 1000, one.agent or one.queue, one.result)
        for one in found
    ]


def test_holds_and_consultations_are_stays_within_the_talk() -> None:
    assert spans("consult_agent", "talk", "hold", "consult") == [
        ("talk", 2, 13, "a1", ""),
        ("hold", 4, 8, "a1", "resumed"),
        ("consult", 4, 8, "a2", "dropped"),
        ("hold", 9, 12, "a1", "resumed"),
        ("consult", 9, 11, "a2", "ended by agent"),
    ]


def test_a_transfer_ends_one_agents_talk_and_begins_anothers() -> None:
    assert spans("transfer_attended", "talk", "hold", "consult", "wrap-up") == [
        ("talk", 2, 6, "a1", "left"),
        ("hold", 3, 6, "a1", "joined"),
        ("consult", 3, 6, "a2", "joined"),
        ("talk", 6, 12, "a2", ""),
        ("wrap-up", 6, 11, "a1", ""),
        ("hold", 7, 8, "a2", "resumed"),
        ("wrap-up", 12, 22, "a2", ""),
    ]
    assert spans("transfer_to_queue", "queue", "talk", "wrap-up") == [
        ("queue", 1, 2, "service", "answered"),
        ("talk", 2, 5, "a1", "transferred"),
        ("queue", 5, 7, "sales", "answered"),
        ("talk", 7, 8, "s1", ""),
    ]


def test_in_a_conference_two_talk_at_once() -> None:
    assert spans("conference", "talk", "hold", "consult") == [
        ("talk", 2, 6, "a1", "left"),
        ("hold", 3, 5, "a1", "joined"),
        ("consult", 3, 5, "a2", "joined"),
        ("talk", 5, 8, "a2", ""),
    ]


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_every_story_of_the_acd_leaves_whole_records(path: Path) -> None:
    """Calls of callers only; over when the story ends them, with all that was talked and nothing left open."""
    journal = tell(path.read_text()).journal
    facts = [fact for line in journal for fact in line.facts]
    records = records_of(Lines(journal))
    assert set(records) == {fact.call for fact in facts if isinstance(fact, say.CallBegan)}
    for record in records.values():
        of_call = [fact for fact in facts if getattr(fact, "call", "") == record.call]
        parts = [one for one in of_call if isinstance(one, say.CallEnded | say.AgentLeft | say.CallTransferred)]
        assert record.talked_ms == sum(part.talked_ms for part in parts)
        over = any(isinstance(fact, say.CallEnded | say.CallAbandoned) for fact in of_call)
        assert (record.ended_at is not None) is over
        lasting = {segment.kind for segment in record.segments if segment.ended_at is None}
        assert lasting <= {"wrap-up"} if over else lasting
