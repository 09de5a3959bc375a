"""An operator's own address is told of calls: in order, at least once, signed, whoever dies in between."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from acd import vocabulary as say
from acd.vocabulary import LinkLost, LinkRestored
from records.database import Database
from records.journal import Journal
from records.webhook_events import CallEvents, schema_text
from records.webhook_settings import WebhookSettings
from records.webhooks import Webhook
from tests.acd.transcript import tell, transcripts
from tests.records.address import Address, Answer, address
from tests.records.floor import WHY, Lines, floor_day
from tests.records.test_follower import Told, write

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMhIQ=="
START = 1_790_000_000_000


def call(lines: Lines, name: str, at: int, agent: str = "a1", ani: str = "0912345678") -> None:
    """A call that is answered, talked on and wrapped up: four events, three of which are told by default."""
    lines.add(at, say.CallBegan(name, "PJSIP/t-1", ani, "0800", "pbx"), say.MenuChosen(name, "why", "sales"))
    lines.add(at, say.CallQueued(name, "sales", 0, at, 1))
    lines.add(at + 100, say.CallOffered(1, name, agent, at + 9_000, WHY))
    lines.add(at + 200, say.CallConnected(1, name, agent, 200))
    lines.add(at + 300, say.NoteWritten(name, agent, "wants a catalogue"))
    lines.add(at + 400, say.CallEnded(name, "caller", "16", agent, 1, 200), say.WrapUpStarted(agent, name, at + 999))
    lines.add(at + 500, say.CallDisposed(name, agent, "sale"))
    lines.add(at + 500, say.WrapUpEnded(agent, name))


def calls(*names: str) -> Lines:
    lines = Lines()
    for n, name in enumerate(names):
        call(lines, name, START + 1_000 * n)
    return lines


def told_of(address: Address, name: str) -> list[str]:
    return [event["event"] for event in address.taken if event["call"] == name]


@dataclass
class Clock:
    """The test's own: an hour passes when the test says so."""

    at: int = START

    def __call__(self) -> int:
        return self.at


@asynccontextmanager
async def told(
    database: Database,
    journal: Path,
    port: int,
    *,
    behind: int = 0,
    tell: Told | None = None,
    now: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[Webhook]:
    """A webhook at work, which ends as a process does that is killed."""
    rules = {"url": f"http://127.0.0.1:{port}/calls", "secret": SECRET, "first_retry_ms": 10, "longest_retry_ms": 40}
    hook = WebhookSettings(**{**rules, **settings})
    webhook = Webhook("crm", hook, database, journal, behind, "TW", tell or Told(), now or Clock())
    task = asyncio.create_task(webhook.run())
    try:
        yield webhook
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def stored(webhook: Webhook, lines: int) -> None:
    await asyncio.wait_for(webhook.stored(lines), 60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "floor.journal"


def test_a_call_as_it_is_told() -> None:
    events = CallEvents("9f", "TW", frozenset({"ani", "menu", "customer", "notes"}))
    happened = [event for line in calls("c1") for event in events.see(line)]
    assert [(e.event, e.at - START, e.agent, e.outcome) for e in happened] == [
        ("offered", 100, "a1", ""),
        ("answered", 200, "a1", ""),
        ("ended", 400, "a1", "answered"),
        ("wrapped_up", 500, "a1", "answered"),
    ]
    last = msgspec.to_builtins(happened[-1])
    assert last == {
        "id": "9f-8-0", "version": 1, "event": "wrapped_up", "at": START + 500, "call": "c1", "agent": "a1",
        "queue": "sales", "dnis": "0800", "began_at": START, "waited_ms": 200, "talked_ms": 200,
        "outcome": "answered", "disposition": "sale", "ani": "0912345678", "number": "+886912345678",
        "customer": "", "menu": [{"menu": "why", "choice": "sales"}],
        "notes": [{"agent": "a1", "text": "wants a catalogue"}],
    }  # fmt: skip
    schema = schema_text()
    assert (ROOT / "docs" / "webhook.schema.json").read_text() == schema, "run scripts/protocol"
    for event in happened:
        jsonschema_rs.validate(msgspec.json.decode(schema), msgspec.to_builtins(event))


def test_nothing_personal_is_told_that_is_not_configured() -> None:
    events = CallEvents("9f", "TW", frozenset())
    for line in calls("c1"):
        for event in events.see(line):
            text = msgspec.json.encode(event).decode()
            assert not any(word in text for word in ("0912345678", "912345678", "catalogue", "menu", "customer"))


@pytest.mark.parametrize("transcript", transcripts(), ids=lambda path: path.stem)
def test_every_story_is_told_from_any_line_on(transcript: Path) -> None:
    """Read again from where `needed_from` says, the rest of the story is told as it was."""
    lines = tell(transcript.read_text()).journal
    events = CallEvents("9f", "TW", frozenset({"ani", "menu", "customer", "notes"}))
    needed, happened = [0], []
    for line in lines:
        happened.append(events.see(line))
        needed.append(events.needed_from(line.seq))
    for seq, read_from in enumerate(needed):
        again = CallEvents("9f", "TW", frozenset({"ani", "menu", "customer", "notes"}))
        rest = [again.see(line) for line in lines[read_from:]]
        assert rest[seq - read_from :] == happened[seq:]


def test_who_is_joined_to_a_talk_has_answered_and_who_is_asked_has_not() -> None:
    [story] = [path for path in transcripts() if path.stem == "transfer_attended"]
    events = CallEvents("9f", "TW", frozenset())
    happened = [event for line in tell(story.read_text()).journal for event in events.see(line)]
    answered = [event.agent for event in happened if event.event == "answered" and event.call == happened[0].call]
    assert answered[:2] == ["a1", "a2"]
    assert not any("~" in event.call for event in happened)


async def test_a_day_is_told_in_the_order_of_each_call_and_only_what_is_asked_for(
    database: Database, path: Path
) -> None:
    lines = floor_day(200)
    write(path, lines)
    async with address(lambda event: 200) as crm:
        clock = Clock(0)
        async with told(database, path, crm.port, now=clock, on={"answered", "ended"}, waiting=7) as webhook:
            await crm.until(lambda at: len(at.taken) == 320)
            await stored(webhook, len(lines))
    assert {event["event"] for event in crm.taken} == {"answered", "ended"}
    for n in range(200):
        assert told_of(crm, f"c{n}") == (["ended"] if n % 5 < 2 else ["answered", "ended"])
    assert len({event["id"] for event in crm.taken}) == 320
    assert (webhook.counts.delivered, webhook.counts.failed, webhook.counts.waiting) == (320, 0, 0)


async def test_one_call_that_is_not_taken_holds_back_no_other(database: Database, path: Path) -> None:
    write(path, calls("c1", "c2", "c3"))
    refuse = {"c1"}
    all_told = ["offered", "answered", "ended"]
    answer: Answer = lambda event: 500 if event["call"] in refuse else 200  # noqa: E731 - shorter than a function
    async with address(answer) as crm, told(database, path, crm.port):
        await crm.until(lambda at: told_of(at, "c2") == told_of(at, "c3") == all_told)
        await crm.until(lambda at: len(at.bodies) > 9)
        assert told_of(crm, "c1") == []
        refuse.clear()
        await crm.until(lambda at: told_of(at, "c1") == all_told)
    tries = [headers["webhook-id"] for headers in crm.headers if headers["webhook-id"].endswith("-3-0")]
    assert len(tries) > 1  # the same event has the same id each time


async def test_a_restart_goes_on_where_it_was_and_loses_nothing(database: Database, path: Path) -> None:
    """Killed in the middle of a call: what was not taken is told afterwards, with all that was known before."""
    lines = calls("c1", "c2", "c3")
    write(path, Lines(lines[:12]))  # c2 has been answered, and is being talked on
    events: dict[str, Any] = {"on": {"offered", "answered", "ended", "wrapped_up"}, "personal": {"ani", "menu"}}
    async with address(lambda event: 503 if event["call"] == "c2" else 200) as crm:
        async with told(database, path, crm.port, **events) as webhook:
            await crm.until(lambda at: len(at.taken) == 4 and len(at.bodies) > 5)
            await stored(webhook, 10)  # the line before c2's offer
        crm.answer = lambda event: 200
        write(path, Lines(lines[12:]))
        async with told(database, path, crm.port, behind=24, **events) as webhook:
            await crm.until(lambda at: len(at.taken) == 12)
            await stored(webhook, len(lines))
        async with told(database, path, crm.port, behind=24, **events):
            more = Lines(lines)
            call(more, "c4", START + 4_000)
            write(path, Lines(more[len(lines) :]))
            await crm.until(lambda at: len(at.taken) == 16)
    for name in ("c1", "c2", "c3", "c4"):
        assert told_of(crm, name) == ["offered", "answered", "ended", "wrapped_up"]
    assert {event["ani"] for event in crm.taken} == {"0912345678"}
    assert all(event["menu"] == [{"menu": "why", "choice": "sales"}] for event in crm.taken)


async def test_a_new_webhook_is_told_of_calls_that_begin_from_then_on(database: Database, path: Path) -> None:
    lines = calls("c1", "c2")
    write(path, lines)
    async with address(lambda event: 200) as crm, told(database, path, crm.port, behind=6):
        await crm.until(lambda at: told_of(at, "c2") == ["offered", "answered", "ended"])
    assert told_of(crm, "c1") == []


async def test_an_older_copy_of_the_journal_is_told_from_its_end_on(database: Database, path: Path) -> None:
    """A backup has been put back: what the position speaks of has never been, for this journal."""
    lines = calls("c1", "c2")
    write(path, lines)
    async with address(lambda event: 200) as crm:
        async with told(database, path, crm.port) as webhook:
            await stored(webhook, 16)
        older = path.with_name("older")
        write(older, Lines(lines[:8]))
        more = Lines(lines[:8])
        call(more, "c3", START + 5_000)
        async with told(database, older, crm.port, behind=8):
            write(older, Lines(more[8:]))
            await crm.until(lambda at: told_of(at, "c3") == ["offered", "answered", "ended"])


async def test_lines_are_told_as_they_come(database: Database, path: Path) -> None:
    async with address(lambda event: 200) as crm:
        with Journal.open(path) as journal:
            async with told(database, path, crm.port) as webhook:
                for line in calls("c1"):
                    journal.append(line)
                    webhook.see(line)
                    await asyncio.sleep(0)
                await crm.until(lambda at: len(at.taken) == 3)


async def test_the_check_in_the_documents_takes_what_we_sign_and_nothing_else(database: Database, path: Path) -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    check: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], check)
    is_ours = check["is_ours"]
    write(path, calls("c1"))
    at = round(time.time() * 1000)
    give_up: dict[str, Any] = {"give_up_ms": 604_800_000}
    async with address(lambda event: 200) as crm, told(database, path, crm.port, now=Clock(at), **give_up) as webhook:
        # The calls of this journal are from another year: too old, unless the clock says otherwise.
        await stored(webhook, 8)
    assert crm.bodies == []
    clock = Clock(START)
    again = path.with_name("again")
    write(again, calls("c7"))
    async with address(lambda event: 200) as crm, told(database, again, crm.port, now=clock):
        await crm.until(lambda at: len(at.taken) == 3)
    headers, body = crm.headers[0], crm.bodies[0]
    check["time"] = _Stopped(START / 1000)
    assert is_ours(SECRET, headers, body)
    assert headers["content-type"] == "application/json"
    assert not is_ours(SECRET, headers, body.replace(b"c7", b"c8"))
    assert not is_ours(SECRET, {**headers, "webhook-id": "other"}, body)
    assert not is_ours("whsec_" + "b3RoZXI=" * 8, headers, body)
    check["time"] = _Stopped(START / 1000 + 301)
    assert not is_ours(SECRET, headers, body)


class _Stopped:
    """`time` for the check in the documents."""

    def __init__(self, at: float) -> None:
        self._at = at

    def time(self) -> float:
        return self._at


async def test_a_dead_address_is_told_of_tried_again_and_given_up(database: Database, path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    tell, clock = Told(), Clock()
    lines = calls("c1", "c2")
    write(path, lines)
    with capture_logs() as logs:
        async with told(database, path, port, tell=tell, now=clock, waiting=2) as webhook:
            lost = await tell.next()
            assert isinstance(lost, LinkLost)
            assert (lost.link, lost.why) == ("webhook:crm", "ConnectError: All connection attempts failed")
            assert webhook.counts.waiting <= 2  # the rest waits in the journal
            clock.at += 3_610_000
            await stored(webhook, len(lines))
    given_up = {(entry["call"], entry["what"]) for entry in logs if entry["event"] == "webhook.given_up"}
    assert ("c1", "offered") in given_up
    too_old = sum(entry["events"] for entry in logs if entry["event"] == "webhook.too_old")  # before they were tried
    assert webhook.counts.given_up == len(given_up) + too_old == 6
    assert SECRET not in str(logs)
    async with address(lambda event: 200, port) as crm:
        call(lines, "c3", clock.at)
        write(path, Lines(lines[16:]))
        async with told(database, path, port, tell=tell, now=clock, behind=24):
            await crm.until(lambda at: told_of(at, "c3") == ["offered", "answered", "ended"])
            assert isinstance(await tell.next(), LinkRestored)
    assert len(crm.bodies) == 3


async def test_an_address_that_never_answers_is_waited_for_no_longer_than_the_limit(
    database: Database, path: Path
) -> None:
    write(path, calls("c1"))
    tell = Told()
    async with address(lambda event: 0) as crm, told(database, path, crm.port, tell=tell, limit_ms=100):
        lost = await tell.next()
        assert isinstance(lost, LinkLost)
        assert lost.why == "no answer within 0.1 s"
        crm.answer = lambda event: 200
        await crm.until(lambda at: len(at.taken) == 3)


async def test_a_redirect_is_not_followed(database: Database, path: Path) -> None:
    write(path, calls("c1"))
    async with address(lambda event: 200) as elsewhere, address(lambda event: 307) as crm:
        crm.extra = f"location: http://127.0.0.1:{elsewhere.port}/\r\n".encode()
        tell = Told()
        async with told(database, path, crm.port, tell=tell):
            lost = await tell.next()
    assert isinstance(lost, LinkLost)
    assert lost.why == "it answered 307"
    assert elsewhere.bodies == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"url": "http://crm.example/"}, "begins with https://"),
        ({"url": "ftp://crm.example/"}, "begins with https://"),
        ({"url": "https://me:mine@crm.example/"}, "without a user's name"),
        ({"url": "https://"}, "expected an address such as"),
        ({"url": "https://crm.example/a b"}, "expected an address such as"),
        ({"url": "https://crm.example:99999/"}, "expected an address such as"),
        ({"secret": "secret"}, "expected whsec_ and at least 24 random bytes"),
        ({"secret": "whsec_c2hvcnQ="}, "expected whsec_ and at least 24 random bytes"),
        ({"on": []}, "at least 1 item"),
        ({"on": ["hung up"]}, "'offered', 'answered', 'ended'"),
        ({"personal": ["everything"]}, "'ani', 'customer'"),
    ],
)
def test_what_cannot_be_configured_and_no_secret_is_told(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        WebhookSettings(**{"url": "https://crm.example/", "secret": SECRET, **settings})
    good = WebhookSettings(url="https://crm.example/", secret=SECRET)
    assert SECRET not in repr(good)
