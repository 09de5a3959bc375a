"""What must hold at the end of a day, whatever became of the house: by people, journal, records. Reads the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from sqlalchemy import create_engine, select

from acd.vocabulary import AgentNotReady, CallBegan, CallOffered, CallQueued, Line, LinkLost, LinkRestored, OfferFailed
from callfloor.config import check
from cti.bridge import SETTLE_MS
from records.call_records import CallRecord
from records.call_rows import read_calls
from records.tables import calls
from tests.restart.day import DECLINES, NODE
from tests.restart.people import Person
from tests.restart.witness import Witness
from tests.restart.world import World

SLACK_MS = 1_500
"""What parts on a busy machine take to talk to each other."""
UNSEEN_MS = 2 * SETTLE_MS
"""What was young at the time of a list is judged by the next one: so much later the end of a talk may be noticed."""


def lost(world: World) -> list[str]:
    """Calls that ended otherwise than their callers or agents meant, and what the journal says of their ends."""
    return [
        f"{p.ani}: heard {p.hears!r} last, talked to {p.talked_to}; {_end(world, p)}"
        for p in world.persons
        if not p.meant
    ]


def _end(world: World, person: Person) -> str:
    assert person.channel is not None
    call = f"{NODE}-{person.channel.uniqueid}"
    facts = [(line.seq, fact) for line in world.lines for fact in line.facts if getattr(fact, "call", "") == call]
    return "; ".join(f"line {seq}: {fact}" for seq, fact in facts[-3:]) or "not in the journal"


def records(world: Witness) -> list[CallRecord]:
    """The call records that the last house has written."""
    engine = create_engine(check(world.config, world.folder).records.database.url)
    with engine.connect() as connection:
        found = read_calls(connection, select(calls))
    engine.dispose()
    return found


def faults(world: World) -> list[str]:
    """Everything that is not as it must be; calls are named by their callers' numbers."""
    found = [*_parts(world), *_places(world), *_agents(world)]
    by_call = {record.call: record for record in records(world)}
    known = {fact.call for line in world.lines for fact in line.facts if isinstance(fact, CallBegan)}
    dead_ms = _dead_ms(world.lines)
    for person in world.persons:
        assert person.channel is not None
        call = f"{NODE}-{person.channel.uniqueid}"
        record = by_call.pop(call, None)
        if record is not None:
            found += [f"{person.ani}: {fault}" for fault in _record(person, record, dead_ms)]
        elif call in known or person.talked_to:
            found.append(f"{person.ani}: no record")  # else came and gave up while there was no house
    return found + [f"a record of nobody's call: {call}" for call in by_call]


def _parts(world: Witness) -> Iterator[str]:
    """A part that fails over a line does not stop the house, which tells it in its log."""
    if "floor.reader_failed" in (said := (world.folder / "house.log").read_text()):
        yield f"a part has failed: {said[said.index('floor.reader_failed') :][:2_000]}"


def _record(person: Person, record: CallRecord, dead_ms: int) -> Iterator[str]:
    plan = person.plan
    never_joined = [s.began_at for s in record.segments if s.kind == "transfer"]
    talks = [s for s in record.segments if s.kind == "talk" and s.ended_at not in never_joined]
    queued = any(segment.kind == "queue" for segment in record.segments)
    # Who hangs up in the moment in which an agent answers has been answered, and has talked to nobody.
    outcome = "answered" if talks else "abandoned" if queued else "ivr"
    expected = (person.ani, plan.queue, plan.priority) if queued else (person.ani, "", 0)
    if record.is_open:
        yield f"its record is open: {record.segments}"
    if record.outcome != outcome:
        yield f"outcome {record.outcome!r}, expected {outcome!r}"
    if (record.ani, record.queue, record.priority) != expected:
        yield f"recorded as {record.ani}, {record.queue}, priority {record.priority}"
    if len(talks) > 1 or (person.talked_to and [talk.agent for talk in talks] != person.talked_to):
        yield f"talks recorded with {[talk.agent for talk in talks]}, talked to {person.talked_to}"
    dead_ms += UNSEEN_MS if dead_ms else 0
    if not -SLACK_MS - dead_ms < record.talked_ms - person.talked_ms < SLACK_MS + dead_ms:
        yield f"talked {record.talked_ms} ms by the record, {person.talked_ms} by the clock, nobody there for {dead_ms}"
    if any(count > 1 for count in Counter(s.offer for s in record.segments if s.kind == "offer").values()):
        yield "an offer recorded twice"


def _places(world: World) -> Iterator[str]:
    """Each call gets one place, with what its caller brought, and those of one kind are served in their order."""
    persons = {f"{NODE}-{p.channel.uniqueid}": p for p in world.persons if p.channel is not None}
    begun: list[str] = []
    queued: dict[str, CallQueued] = {}
    served: dict[tuple[str, int, str], list[str]] = {}
    for line in world.lines:
        for fact in line.facts:
            if isinstance(fact, CallBegan):
                begun.append(fact.call)
            elif isinstance(fact, CallQueued):
                plan = persons[fact.call].plan
                brought, wanted = (fact.queue, fact.priority, fact.skills), (plan.queue, plan.priority, plan.skills)
                if brought != wanted:
                    yield f"{persons[fact.call].ani}: queued as {brought}, expected {wanted}"
                if fact.call in queued and _place(fact) != _place(queued[fact.call]):
                    yield f"{persons[fact.call].ani}: a second place, {fact} after {queued[fact.call]}"
                queued[fact.call] = fact
            elif isinstance(fact, CallOffered):
                place = queued[fact.call]
                calls_served = served.setdefault((place.queue, place.priority, place.skills), [])
                if fact.call not in calls_served:
                    calls_served.append(fact.call)
    for kind, one_by_one in served.items():
        in_line = sorted(one_by_one, key=lambda call: (_place(queued[call]), begun.index(call)))
        if in_line != one_by_one:
            yield f"{kind}: served {[persons[c].ani for c in one_by_one]}, in line {[persons[c].ani for c in in_line]}"


def _place(queued: CallQueued) -> tuple[str, int, str, int]:
    """Equal for equal places: who is put back into the old one has a head start instead of the old time of joining."""
    return queued.queue, queued.priority, queued.skills, queued.joined_at - queued.head_start_ms


def _agents(world: World) -> Iterator[str]:
    """Nobody was set not ready but by their own refusal. One thing is no fault of a restart: a caller who leaves within
    the millisecond of an offer, before its leg exists, leaves a telephone ringing that is busy for the next caller."""
    withdrawn_at: dict[str, int] = {}
    for line in world.lines:
        for fact in line.facts:
            if isinstance(fact, OfferFailed) and fact.reason == "caller gone":
                withdrawn_at[fact.agent] = line.input.at
            if not isinstance(fact, AgentNotReady) or (fact.agent in DECLINES and fact.reason == "rejected"):
                continue
            if fact.reason != "busy" or line.input.at - withdrawn_at.get(fact.agent, 0) > SLACK_MS:
                yield f"{fact.agent} set not ready: {fact.reason!r}"


def _dead_ms(lines: list[Line]) -> int:
    """How long at the most nobody saw a talk begin or end: until the link was up again. 0: always somebody did."""
    longest_ms, since = 0, None
    for before, line in pairwise(lines):
        if isinstance(line.input, LinkLost):
            since = before.input.at if since is None else since
        elif isinstance(line.input, LinkRestored) and since is not None:
            longest_ms, since = max(longest_ms, line.input.at - since), None
    return longest_ms
