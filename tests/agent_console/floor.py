"""A floor small enough to see through: the real ACD and the real console, without a switch or a journal on disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
from argon2 import PasswordHasher
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules
from agent_console import protocol
from agent_console.api_keys import hash_key
from agent_console.callers import (
    Caller,
    CallQuery,
    CallRow,
    Customer,
    CustomerChange,
    CustomerField,
    NotSaved,
    OwnDay,
    QueueToday,
    RecordedFile,
    Recording,
    Stay,
    Story,
    StoryLine,
    Today,
)
from agent_console.days import Day, DayAgents
from agent_console.server import Console
from agent_console.settings import ApiKey, User, WebSettings
from agent_console.softphones import Softphone
from callfloor.administrator import Administrator
from callfloor.config import Config, check
from callfloor.looked_back import LookedBack
from records.days import GRAIN_MS
from records.measures import Measures
from tests.agent_console.cases_of_floor import CasesOfFloor

PASSWORD = "correct horse battery staple"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""As weak as argon2 lets it be: these tests are not about hashing."""
USERS = {
    "ann": User(password_hash=HASH, agent="a1", phone="PJSIP/1001"),
    "bob": User(password_hash=HASH, agent="a2", phone="PJSIP/1002"),
    "sue": User(password_hash=HASH, role="supervisor"),
    "root": User(password_hash=HASH, role="admin"),
    "screen": User(password_hash=HASH, role="wall"),
}
KEY = "callfloor_of-a-test"
KEYS = {"crm": ApiKey(key_hash=hash_key(KEY))}
DISPOSITIONS = ("sale/new", "sale/again", "complaint", "private/wrong number")
QUEUES = {
    "sales": QueueRules("Sales", wrap_up_ms=60_000, record="on demand", dispositions=DISPOSITIONS),
    "help": QueueRules("Help"),
}
AGENTS = {"a1": AgentRules("Ann", {"sales": 1}), "a2": AgentRules("Bob", {"help": 1})}
DOCUMENT = {
    "queues": json.loads(msgspec.json.encode(QUEUES)),
    "agents": json.loads(msgspec.json.encode(AGENTS)),
    "users": {name: user.model_dump(exclude_defaults=True) for name, user in USERS.items()},
    "nodes": {"pbx1": {"secret": "s", "dialplan": {"operator": {"name": "operator", "secret": "o"}}}},
    "ivr": {
        "default_hotline": "4001",
        "hotlines": {"4001": {"flow": "main", "language": "en"}},
        "flows": {"main": {"start": {"queue": "sales"}}},
    },
}
"""What an operator's file would say for this floor."""
NOWHERE = Path("there is no such folder")
FROM_SERVER, FROM_CLIENT = (
    jsonschema_rs.validator_for({**protocol.schema(), "anyOf": [{"$ref": f"#/$defs/{side}"}]})
    for side in ("FromServer", "FromClient")
)
"""The protocol's schema, one side each: whatever a test hears or says is held against it."""
START = 1_700_000_000_000

STORY = Story(
    CallRow("c0", START, ani="+886912345678", dnis="0800", queue="sales", agent="a1", outcome="answered"),
    ["a1"],
    [
        StoryLine(START, "The call arrived.", "CallBegan"),
        StoryLine(START + 2_000, "Joined the queue sales at place 1.", "CallQueued", details=["nobody is free:"]),
        StoryLine(START + 9_000, "Offer 1 to Ann.", "CallOffered", "a1", ["wrapping up: Bob (c7)"]),
        StoryLine(START + 14_000, "Ann answered offer 1.", "CallConnected", "a1"),
        StoryLine(START + 14_000, "What Ann says and hears is recorded.", "RecordingStarted", "a1"),
        StoryLine(START + 15_000, "sue hears the talk.", "MonitorConnected", "a1"),
        StoryLine(START + 16_000, "Ann paused the recording.", "RecordingPaused", "a1"),
        StoryLine(START + 17_000, "Ann has the recording go on.", "RecordingResumed", "a1"),
        StoryLine(START + 18_000, "The caller ended the call.", "CallEnded", "a1"),
    ],
    [
        Stay("ivr", START, START + 2_000),
        Stay("queue", START + 2_000, START + 14_000, queue="sales", result="answered"),
        Stay("offer", START + 9_000, START + 14_000, "a1", "sales", "answered"),
        Stay("talk", START + 14_000, START + 18_000, "a1", "sales"),
        Stay("recording", START + 14_000, START + 18_000, "a1", "sales", target="c0-1"),
        Stay("paused", START + 16_000, START + 17_000, "a1", "sales"),
        Stay("wrap-up", START + 18_000, None, "a1", "sales"),
    ],
    [Recording("c0-1", ["agent", "other"], START + 14_000, START + 18_000, "a1")],
)
"""Of the only call that the records of this floor know."""


class Floor(CasesOfFloor):
    """Time stands still unless `pass_ms` says otherwise."""

    def __init__(
        self,
        settings: WebSettings | None = None,
        softphones: Mapping[str, Softphone] | None = None,
        folder: Path = NOWHERE,
    ) -> None:
        super().__init__()
        self.softphones = softphones
        self.acd = Acd()
        self.lines: list[Line] = []
        self.clock = START
        self.known = asyncio.Event()
        """The records answer look-ups while this is set."""
        self.known.set()
        self.writable = asyncio.Event()
        """The journal takes lines while this is set."""
        self.writable.set()
        self.fault = ""
        self.recorded: Path | None = None
        """The folder of the recordings `c0-1-agent.wav` and `c0-1-other.wav`, if there are any."""
        self.queries: list[CallQuery] = []
        self.figures: Today | None = None
        """The day's figures, if a test says so."""
        self.rows: list[CallRow] | None = None
        """What the records' list of calls holds, oldest first, if a test says so."""
        self.worked: list[Line] = []
        """The journal of the days that are looked back on, if it is not `lines`."""
        self.users = dict(USERS)
        self.prepared: list[Config] = []
        self.keys = dict(KEYS)
        chen = Customer("7", "Chen Mei-ling <b>", {"City": "Taipei", "Tier": "Gold"}, numbers=["+886912345678"])
        self.customers = {"7": chen}
        self.earlier = CallRow("c0", START - 86_400_000, queue="sales", outcome="answered", talked_ms=61_000)
        self.measured: list[str] = []
        """The queues that have figures of today."""
        self.days: list[tuple[str, int]] = []
        self.changes: list[tuple[str, CustomerChange]] = []
        self.asked: list[tuple[str, str]] = []
        """Which calls, and which customers, the records were asked about."""
        self.settings = settings or WebSettings(port=0)
        self.administrator = Administrator(
            check(DOCUMENT, folder),
            self.tell,
            self.now,
            prepare=self.prepare,
            apply=self.go_by,
            journaled=lambda: self.lines,
        )
        self.console = self.new_console()

    def new_console(self, port: int | None = None) -> Console:
        return Console(
            self.settings if port is None else self.settings.model_copy(update={"port": port}),
            self.users,
            self.tell,
            self.now,
            records=self,
            metrics=CollectorRegistry(),
            api_keys=self.keys,
            fault=lambda: self.fault,
            softphones=self.softphones,
            administration=self.administrator,
        )

    def now(self) -> int:
        return self.clock

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        await self.writable.wait()
        facts = self.acd.handle(said)
        line = Line(len(self.lines) + 1, said, facts)
        self.lines.append(line)
        self.console.see(line)
        self.administrator.see(line)
        return facts

    async def prepare(self, config: Config) -> None:
        self.prepared.append(config)

    def go_by(self, config: Config) -> None:
        self.users.clear()
        self.users.update(config.users)

    async def pass_ms(self, ms: int) -> None:
        """Lets time pass, deadlines included."""
        until = self.clock + ms
        while (deadline := self.acd.next_deadline()) is not None and deadline <= until:
            self.clock = max(self.clock, deadline)
            await self.tell(say.TimeCame(at=self.clock))
        self.clock = until

    async def call_comes(self, call: str = "c1", ani: str = "+886912345678", queue: str = "sales") -> None:
        await self.tell(say.CallArrived(self.clock, call, f"PJSIP/{call}", ani=ani, dnis="0800", queue=queue))

    async def answer(self, agent: str = "a1") -> None:
        offer = self.acd.state.agents[agent].offer
        await self.tell(say.OfferAnswered(self.clock, offer, f"PJSIP/{agent}"))

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        self.asked.append((call, customer))
        await self.known.wait()
        if not ani:
            return Caller()
        at_number = [each for each in self.customers.values() if ani in each.numbers and each.id != customer]
        chosen = [self.customers[customer]] if customer in self.customers else []
        customers = [*chosen, *at_number]
        cases = [row for row in self.case_rows(*(each.id for each in customers)) if row.is_open]
        return Caller(customers, [msgspec.structs.replace(self.earlier, ani=ani)], cases=cases)

    def customer_fields(self) -> Sequence[CustomerField]:
        return [
            CustomerField("tier", {"en": "Tier", "zh-CN": "等级"}, "choice", ["Gold", "Silver"]),
            CustomerField("site", {"en": "Site", "zh-CN": "网站"}, "url"),
            CustomerField("since", {"en": "Since"}, "date"),
        ]

    async def find_customers(self, words: str, limit: int) -> Sequence[Customer]:
        found = [each for each in self.customers.values() if all(word in repr(each) for word in words.split())]
        return found[:limit]

    async def customer(self, customer: str) -> Customer | None:
        return self.customers.get(customer)

    async def save_customer(self, customer: Customer, by: str) -> Customer:
        before = self.customers.get(customer.id)
        if customer.id and (before is None or before.updated_at != customer.updated_at):
            raise NotSaved("somebody else has changed this customer meanwhile", conflict=True, now=before)
        if "x" in customer.numbers:
            raise NotSaved("numbers: expected a telephone number")
        saved = msgspec.structs.replace(
            customer, id=customer.id or str(10 + len(self.customers)), updated_at=customer.updated_at + 1
        )
        self.customers[saved.id] = saved
        self.changes.append((saved.id, CustomerChange(self.clock, by, {"name": ["", saved.name]})))
        return saved

    async def customer_changes(self, customer: str) -> Sequence[CustomerChange]:
        return [change for whose, change in self.changes if whose == customer]

    def today(self) -> Today:
        if self.figures is not None:
            return self.figures
        level: dict[str, float | None] = {"over_offered": 0.925, "over_answered": 0.95}
        queues = [QueueToday(queue, 40, 38, 1, level, 0.025, 9_000, 61_000, 0.8, [], []) for queue in self.measured]
        return Today(START, 900_000, queues, START)

    async def day(self, day: date | None, interval_ms: int) -> Day:
        return LookedBack(DaysOf(self.worked or self.lines), self.now).day(day, interval_ms)

    async def day_agents(self, day: date | None, after: str, limit: int, *, spans: bool = True) -> DayAgents:
        return LookedBack(DaysOf(self.worked or self.lines), self.now).agents(day, after, limit, spans=spans)

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]:
        self.queries.append(query)
        if self.rows is not None:
            left = [row for row in self.rows if not query.after or (row.began_at, row.call) > query.after]
            return left[: query.limit]
        return [CallRow("c0", START, ani="+886912345678", dnis="0800", queue="sales", agent="a1", outcome="answered")]

    async def own_day(self, agent: str, since: int) -> OwnDay:
        self.days.append((agent, since))
        return OwnDay(calls=12, talked_ms=3_600_000, held_ms=60_000, wrap_up_ms=600_000, missed=1)

    async def tell_story(self, call: str) -> Story | None:
        if call != "c0":
            return None
        return STORY if self.recorded else replace(STORY, recordings=[])

    async def find_recording(self, call: str, name: str, side: str) -> RecordedFile | None:
        path = (self.recorded or Path()) / f"{name}-{side}.wav"
        return RecordedFile(path, "a1") if (call, name) == ("c0", "c0-1") and path.is_file() else None


class DaysOf:
    """Days of lines that are no file."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def began_at(self) -> int | None:
        return self._lines[0].input.at if self._lines else None

    def read(self, begin: int, end: int, now: int) -> Measures:
        measures = Measures(timelines=False)
        for line in self._lines:
            if line.input.at < begin:
                measures.see(line)
        measures.begin_day(begin, end, GRAIN_MS)
        for line in self._lines:
            if line.input.at >= begin:
                measures.see(line)
        measures.pass_time(now)
        return measures


@asynccontextmanager
async def open_floor(
    settings: WebSettings | None = None, softphones: Mapping[str, Softphone] | None = None, folder: Path = NOWHERE
) -> AsyncIterator[Floor]:
    floor = Floor(settings, softphones, folder)
    await floor.tell(say.Configure(at=floor.clock, queues=QUEUES, agents=AGENTS))
    await floor.console.start()
    try:
        yield floor
    finally:
        await floor.console.stop()


async def sign_in(floor: Floor, user: str) -> str:
    """The session cookie, as a `Cookie` header."""
    async with httpx.AsyncClient(base_url=floor.console.url) as client:
        answer = await client.post("/api/v1/sign-in", json={"user": user, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


class Client:
    """A console without a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
        FROM_SERVER.validate(message)
        return message

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type; what comes before it is passed over."""
        while True:
            message = await self.next()
            if message["type"] == kind:
                return message

    async def attached(self) -> None:
        """Until the ACD knows of this screen: by the snapshot or, if that was drawn before, by a fact."""
        if not (await self.until("snapshot"))["agents"][0]["console"]:
            await self.facts_until("ConsoleAttached")

    async def facts_until(self, name: str) -> list[dict[str, Any]]:
        """All items of facts up to the first fact of this name."""
        items: list[dict[str, Any]] = []
        while not any(item["fact"]["type"] == name for item in items):
            items += (await self.until("facts"))["facts"]
        return items

    async def send(self, message: dict[str, Any]) -> None:
        FROM_CLIENT.validate(message)
        await self.socket.send(json.dumps(message))

    async def ask(self, number: int, do: str, **more: Any) -> dict[str, Any]:
        await self.send({"type": "request", "id": number, "do": do, **more})
        return await self.until("answer")


@asynccontextmanager
async def open_client(
    floor: Floor, user: str, query: str = "", cookie: str | None = None, headers: dict[str, str] | None = None
) -> AsyncIterator[Client]:
    headers = headers or {"Cookie": cookie or await sign_in(floor, user)}
    url = floor.console.url.replace("http", "ws") + "/ws" + query
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as socket:
        yield Client(socket)


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["fact"]["type"] for item in items]


async def end_of(client: Client) -> tuple[int, str]:
    with suppress(ConnectionClosed):
        while True:
            await client.next()
    assert client.socket.close_code is not None
    return client.socket.close_code, client.socket.close_reason or ""
