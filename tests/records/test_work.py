"""What agents keep of a call is in its record, in its story, and in the customer's history."""

from __future__ import annotations

from acd import vocabulary as say
from records.call_log import CallLog
from records.call_records import CallRecord, CallRecords, Segment, Work
from records.call_rows import open_calls, write_calls
from records.customers import Customer, Customers
from records.database import Database
from records.settings import RecordsSettings
from records.story import story
from tests.acd.transcript import START, tell
from tests.records.floor import WHY, Lines

ANI = "+886912345678"


def a_call_with_two_agents() -> Lines:
    lines = Lines()
    lines.add(1_000, say.CallBegan("c1", "PJSIP/t-1", ANI, "0800", "pbx"))
    lines.add(1_000, say.CallQueued("c1", "sales", 0, 1_000, 1), say.CallOffered(1, "c1", "a1", 9_000, WHY))
    lines.add(2_000, say.CallConnected(1, "c1", "a1", 1_000))
    lines.add(3_000, say.NoteWritten("c1", "a1", "wants"))
    lines.add(4_000, say.NoteWritten("c1", "a1", "wants an invoice"))
    lines.add(5_000, say.ConsultStarted("c1~1", "c1", "a1", say.Target("agent", "a2")))
    lines.add(6_000, say.NoteWritten("c1", "a2", "accounting knows \0 🧾"), say.CallDisposed("c1", "a1", "complaint"))
    lines.add(7_000, say.CallEnded("c1~1", "agent", "dropped"), say.CustomerChosen("c1", "a1", "42"))
    lines.add(8_000, say.CallEnded("c1", "caller", "16", "a1", 1, 6_000), say.WrapUpStarted("a1", "c1", 20_000))
    lines.add(9_000, say.CallDisposed("c1", "a1", "sale/again"))
    return lines


async def test_notes_dispositions_and_the_customer_are_in_the_record_and_in_its_rows(database: Database) -> None:
    records = CallRecords("TW")
    for line in a_call_with_two_agents():
        changes = records.see(line)
    [record] = [change for change in changes if isinstance(change, CallRecord)]
    assert record.work == [
        Work("a2", 6_000, "accounting knows \0 🧾"),
        Work("a1", 9_000, "wants an invoice", "sale/again"),
    ]
    assert (record.disposition, record.customer) == ("sale/again", "42")
    await database.run(lambda connection: write_calls(connection, [record]))
    [read] = await database.run(open_calls)
    assert [work.note for work in read.work] == ["accounting knows \ufffd 🧾", "wants an invoice"]
    assert (read.work[1], read.disposition, read.customer) == (record.work[1], "sale/again", "42")

    records = CallRecords("TW", [read])  # as after a restart
    over = say.WrapUpEnded("a1", "c1", undisposed=True)
    [ended, *_] = records.see(say.Line(11, say.TimeCame(20_000), [over]))
    assert isinstance(ended, CallRecord)
    assert ended.segments[-1].result == "no disposition"
    assert len(ended.work) == 2


async def test_the_history_of_a_chosen_customer_is_theirs_and_not_of_others_at_the_number(database: Database) -> None:
    people = Customers(database, RecordsSettings(pop_limit_ms=60_000), lambda: 5)
    son = await people.save(Customer("Chen Junior", (ANI,)))
    mother = await people.save(Customer("Chen Senior", ("+886987654321",)))
    rows = [
        CallRecord("c1", 1, ani=ANI, caller=ANI, ended_at=2),
        CallRecord("c2", 2, ani=ANI, caller=ANI, ended_at=3, customer=str(mother.id)),
        CallRecord("c3", 3, ani=ANI, caller=ANI, ended_at=4, customer=str(son.id)),
        CallRecord("c4", 4, ani="+886987654321", caller="+886987654321", ended_at=5),
    ]
    await database.run(lambda connection: write_calls(connection, rows))

    async def history(customer: str) -> tuple[list[str], list[str]]:
        record = await people.caller_record("c9", ANI, "", customer)
        return [each.name for each in record.customers], [call.call for call in record.earlier]

    assert await history("") == (["Chen Junior"], ["c3", "c2", "c1"])
    assert await history(str(son.id)) == (["Chen Junior"], ["c3", "c1"])
    assert await history(str(mother.id)) == (["Chen Senior", "Chen Junior"], ["c4", "c2", "c1"])
    assert await history("no number") == (["Chen Junior"], ["c3", "c2", "c1"])
    assert [call.call for call in await CallLog(database).latest(10)] == ["c4", "c3", "c2", "c1"]


def test_the_story_tells_what_was_noted_and_that_a_disposition_was_missing() -> None:
    told = tell(
        "queue q wrap_up_ms=10000 disposition_required=true dispositions=sale/new\nagent a1 q=1\n"
        "0 LogIn a1\n0 GoReady a1\n0 CallArrived c1 x queue=q\n1000 OfferAnswered 1 y\n"
        '2000 WriteNote a1 c1 "wants an invoice"\n3000 ChooseCustomer a1 c1 7\n4000 AgentGone 1\n14000 TimeCame\n'
    )
    texts = [line.text for line in story(told.journal, "c1") if line.at > START + 1_000]
    assert texts[0] == "a1 noted: “wants an invoice”."
    assert texts[1] == "a1 says that the caller is customer 7."
    assert texts[-1] == "a1 has wrapped up, without the disposition that the queue requires."


async def test_an_agents_day_is_counted_from_their_own_stays(database: Database) -> None:
    stays = [
        Segment("offer", 50, 60, "a1", result="no answer"),
        Segment("talk", 99, 110, "a1"),  # began before
        Segment("offer", 100, 110, "a1", result="answered"),
        Segment("talk", 110, 150, "a1"),
        Segment("hold", 120, 125, "a1"),
        Segment("talk", 150, 170, "a2"),
        Segment("offer", 160, 165, "a1", result="rejected"),
        Segment("wrap-up", 150, 180, "a1"),
        Segment("talk", 190, None, "a1"),
    ]
    await database.run(lambda connection: write_calls(connection, [CallRecord("c1", 50, segments=stays)]))
    spent = await CallLog(database).time_spent("a1", 100, 200)
    assert spent == {"talk": (2, 50), "hold": (1, 5), "missed": (1, 5), "wrap-up": (1, 30)}
    assert await CallLog(database).time_spent("a3", 0, 200) == {}
