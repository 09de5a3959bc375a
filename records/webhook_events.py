"""What a webhook is told of calls, as a function of the facts. Pure.

An event is made from the call's record as it stands after the journal's line, so webhook, records and screens agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from acd.vocabulary import (
    CONSULT_SIGN,
    AnyFact,
    CallAbandoned,
    CallbackDue,
    CallBegan,
    CallConnected,
    CallEnded,
    CallOffered,
    CallPlaced,
    ConsultJoined,
    Line,
    MessageTaken,
    NumberReached,
    SmdrMatched,
    WrapUpEnded,
)
from records.call_records import CallRecord, CallRecords
from records.webhook_settings import Personal, WebhookEvent

VERSION: Literal[1] = 1


class MenuChoice(msgspec.Struct, frozen=True):
    menu: str
    choice: str


class NoteOfCall(msgspec.Struct, frozen=True):
    agent: str
    text: str


class Event(msgspec.Struct, frozen=True):
    """One thing that happened to a call. `id` is the same whenever it is delivered again. Times are milliseconds since
    1970 UTC, durations milliseconds; `agent` is whom the event is about, "" for nobody.

    `outcome` is "" until the call has ended. `number` is the ANI in E.164, null if it is none. `ani` and `number`,
    `customer`, `menu` and `notes` are there only if the configuration's `personal` names them (`ani` stands for both).
    """

    id: str
    version: Literal[1]
    event: WebhookEvent
    at: int
    call: str
    agent: str
    queue: str
    dnis: str
    began_at: int
    waited_ms: int
    talked_ms: int
    outcome: str
    disposition: str
    ani: str | msgspec.UnsetType = msgspec.UNSET
    number: str | msgspec.UnsetType | None = msgspec.UNSET
    customer: str | msgspec.UnsetType = msgspec.UNSET
    menu: list[MenuChoice] | msgspec.UnsetType = msgspec.UNSET
    notes: list[NoteOfCall] | msgspec.UnsetType = msgspec.UNSET


class CallEvents:
    """Sees every line from some line on, and says what is to be told. Calls that began before are left out."""

    def __init__(self, journal: str, region: str, personal: frozenset[Personal]) -> None:
        """`journal` is the mark of the journal, by which its ids are told from another one's."""
        self._journal = journal
        self._personal = personal
        self._records = CallRecords(region)
        self._began: dict[str, int] = {}

    def needed_from(self, seq: int) -> int:
        """The line before the first one that has to be read again to go on behind `seq`."""
        # Lines are seen in their order, so the call that is first in the dictionary began first.
        return min(seq, next(iter(self._began.values()), seq + 1) - 1)

    def see(self, line: Line) -> list[Event]:
        known = msgspec.structs.replace(line, facts=[fact for fact in line.facts if self._is_of_known(fact, line.seq)])
        records = {each.call: each for each in self._records.see(known) if isinstance(each, CallRecord)}
        told = [
            self._event(f"{self._journal}-{line.seq}-{n}", event, agent, line.input.at, records[call])
            for n, (event, call, agent) in enumerate(_happened(known.facts, records))
        ]
        for record in records.values():
            if not record.is_open:
                del self._began[record.call]
        return told

    def _is_of_known(self, fact: AnyFact, seq: int) -> bool:
        if isinstance(fact, CallBegan | CallPlaced | CallbackDue):
            self._began[fact.call] = seq
            return True
        if isinstance(fact, MessageTaken):
            if not fact.known:
                self._began[fact.call] = seq
            return fact.call in self._began
        call = getattr(fact, "call", "").partition(CONSULT_SIGN)[0]
        return call in self._began and not isinstance(fact, SmdrMatched)

    def _event(self, id_: str, event: WebhookEvent, agent: str, at: int, record: CallRecord) -> Event:
        personal = self._personal
        return Event(
            id=id_,
            version=VERSION,
            event=event,
            at=at,
            call=record.call,
            agent=agent,
            queue=record.queue,
            dnis=record.dnis,
            began_at=record.began_at,
            waited_ms=record.waited_ms,
            talked_ms=record.talked_ms,
            outcome=record.outcome,
            disposition=record.disposition,
            ani=record.ani if "ani" in personal else msgspec.UNSET,
            number=record.caller if "ani" in personal else msgspec.UNSET,
            customer=record.customer if "customer" in personal else msgspec.UNSET,
            menu=[MenuChoice(*each) for each in record.menu_choices] if "menu" in personal else msgspec.UNSET,
            notes=[NoteOfCall(work.agent, work.note) for work in record.work if work.note]
            if "notes" in personal
            else msgspec.UNSET,
        )


def _happened(facts: list[AnyFact], records: dict[str, CallRecord]) -> Iterator[tuple[WebhookEvent, str, str]]:
    """Event, call and agent. Somebody who is only consulted has no caller yet; who is joined has."""
    for fact in facts:
        if CONSULT_SIGN in getattr(fact, "call", ""):
            continue
        if isinstance(fact, CallOffered):
            yield "offered", fact.call, fact.agent
        elif isinstance(fact, CallConnected):
            # An agent who places a call is connected with nobody before the number is reached.
            if not any(each.kind == "dial" and each.ended_at is None for each in records[fact.call].segments):
                yield "answered", fact.call, fact.agent
        elif isinstance(fact, NumberReached):
            yield "answered", fact.call, records[fact.call].agent
        elif isinstance(fact, ConsultJoined):
            yield "answered", fact.call, fact.agent
        elif isinstance(fact, CallEnded | CallAbandoned):
            yield "ended", fact.call, records[fact.call].agent
        elif isinstance(fact, MessageTaken) and not fact.known:
            yield "ended", fact.call, ""
        elif isinstance(fact, WrapUpEnded):
            yield "wrapped_up", fact.call, fact.agent


def schema_text() -> str:
    """The JSON schema of an event: docs/webhook.schema.json."""
    (_,), shapes = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a webhook of Callfloor is told",
        "$ref": "#/$defs/Event",
        "$defs": shapes,
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
