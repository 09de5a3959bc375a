"""Where both sides of the comparison run: one Asterisk with `app_queue` and Callfloor's dialplan, the same agents'
phones for both, `callfloor serve` beside it, and callers. Does I/O: processes, files, the journal.

Everybody is SIPp on the loopback interface, without sound. Every agent has an endpoint of their own, for `app_queue`
knows who is busy by the state of the endpoint.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from acd.core import Acd
from acd.vocabulary import AnyInput, CallOffered, GoReady, Line, LinkUp, LogIn, Refused
from callfloor.config import load
from records.journal import Journal, JournalReader
from tests.lab.asterisk import AsteriskLab, free_port, lab_folder, lab_settings, run_asterisk
from tests.live.system import System, serve

NODE = "lab"
APP_QUEUE, CALLFLOOR = "app_queue", "Callfloor"

AGENTS = {"idle": [f"a{n}" for n in range(1, 201)], "rush": [f"r{n}" for n in range(1, 21)]}
"""Queue → its agents. In `idle` the callers hang up, in `rush` the agents do."""
CALLER_TALKS_MS = 1_000
AGENT_TALKS_MS = 500, 1_500
"""From, to: calls of one length would end all at once, time after time."""

_WAIT_S = 120

# Timestamps of the observer's events, in microseconds: when Asterisk made the event, not when anybody read it.
_MANAGER = """
[general](+)
timestampevents = yes

[observer]
secret = lab-observer
read = call,user
write = system
eventfilter(action(include),name(Newchannel)) =
eventfilter(action(include),name(HangupRequest)) =
eventfilter(action(include),name(Hangup)) =
eventfilter(action(include),name(DialBegin)) =
eventfilter(action(include),name(BridgeEnter)) =
eventfilter(action(include),name(UserEvent),header(UserEvent),method(starts_with)) = Benchmark
"""

# `retry`: the shortest that there is. `ringinuse`: a busy agent is not rung, as with Callfloor.
_QUEUE = """
[{queue}]
strategy = rrmemory
autofill = yes
ringinuse = no
timeout = 15
retry = 1
wrapuptime = 0
joinempty = yes
musicclass = callfloor
{members}
"""

_PHONE = """
[{agent}]
type = endpoint
aors = {agent}
context = from-agents
disallow = all
allow = ulaw
direct_media = no
[{agent}]
type = aor
contact = sip:{agent}@127.0.0.1:{port}
"""

_CONFIG = """
[log]
level = "warning"
[web]
port = 0
[records]
region = "CN"
[records.journal]
path = "callfloor.journal"
[records.database]
url = "sqlite:///callfloor.db"
[nodes.{node}]
port = {ami_port}
user = "callfloor"
secret = "lab-live"
[ivr]
port = {agi_port}
default_hotline = "4001"
messages = "messages"
[ivr.speech]
cache = "{speech}"
[ivr.hotlines.4001]
flow = "main"
language = "en"
[ivr.flows.main]
start = {{ queue = "idle" }}
"""


Event: TypeAlias = dict[str, str]


class Observer:
    """A manager session that only listens, and reads what it has heard later: while calls are made, nothing here may
    take much of the processors that both sides need.
    """

    def __init__(self) -> None:
        self._heard = bytearray()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            self._heard += data

    def all_over(self) -> bool:
        """As many channels have ended as began."""
        return self._heard.count(b"Event: Newchannel\r\n") == self._heard.count(b"Event: Hangup\r\n")

    def take(self) -> list[Event]:
        """Every event since the last time. To be called when all is over, so that none is cut in two."""
        text, self._heard = self._heard.decode(errors="replace"), bytearray()
        blocks = [block.splitlines() for block in text.split("\r\n\r\n")]
        events = [dict(line.partition(": ")[::2] for line in lines) for lines in blocks]
        return [event for event in events if "Event" in event]


@asynccontextmanager
async def _observe(port: int) -> AsyncIterator[Observer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"Action: Login\r\nUsername: observer\r\nSecret: lab-observer\r\n\r\n")
    await reader.readuntil(b"Authentication accepted\r\n\r\n")
    observer = Observer()
    listening = asyncio.create_task(observer.listen(reader))
    try:
        yield observer
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        writer.close()


@dataclass
class Stage:
    """All of it, running. `journal` is read on from where it was read last."""

    asterisk: AsteriskLab
    callfloor: System
    observer: Observer
    folder: Path
    journal: JournalReader

    def offers(self) -> dict[str, str]:
        """The caller's Uniqueid → the Uniqueid of the first agent's leg, of the offers since the last time."""
        legs: dict[str, str] = {}
        while lines := self.journal.read():
            for fact in (fact for line in lines for fact in line.facts if isinstance(fact, CallOffered)):
                legs.setdefault(fact.call.removeprefix(f"{NODE}-"), f"callfloor-offer-{NODE}-{fact.offer}")
        return legs

    async def calls(self, side: str, queue: str, *, rate: int, calls: int, at_once: int = 0) -> list[Event]:
        """Makes calls, waits until all are over, and gives the observer's events. `at_once` 0: no limit."""
        who = ["-sn", "uac", "-d", str(CALLER_TALKS_MS)] if queue == "idle" else ["-sf", "patient.xml"]
        limit = ["-l", str(at_once)] if at_once else []
        arguments = [f"127.0.0.1:{self.asterisk.sip_port}", "-s", f"{side}_{queue}".lower(), "-r", str(rate)]
        async with _sipp(self.folder, *arguments, *who, *limit, "-m", str(calls)) as callers:
            # The exit code tells of failed calls; they are counted from Asterisk's events instead.
            await asyncio.wait_for(callers.wait(), _WAIT_S)
        async with asyncio.timeout(_WAIT_S):
            while not self.observer.all_over():  # noqa: ASYNC110 (no event says that all is quiet)
                await asyncio.sleep(0.1)
        return self.observer.take()


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Everything started, every agent logged in to both sides."""
    folder = Path(tempfile.mkdtemp(prefix="callfloor-benchmark-"))
    speech = lab_folder().parent / "speech"
    speech.mkdir(parents=True, exist_ok=True)
    (folder / "patient.xml").write_text(_PATIENT_CALLER)
    (folder / "hasty.xml").write_text(_HASTY_AGENT)
    # Without port numbers, which `app_queue` does not give its callers either: they are for RS-232 lines.
    settings = lab_settings(agi_port=free_port(socket.SOCK_STREAM), node=NODE, ports=None)
    phones = {queue: free_port() for queue in AGENTS}
    config = folder / "callfloor.toml"
    config.write_text(
        _CONFIG.format(node=NODE, ami_port=settings.ami_port, agi_port=settings.agi_port, speech=speech) + _people()
    )
    journal = _everybody_is_ready(config)
    try:
        async with (
            run_asterisk(settings, visible=[speech], extensions=_dialplan(), verbose=0) as asterisk,
            _sipp(folder, "-sn", "uas", "-p", str(phones["idle"])),
            _sipp(folder, "-sf", "hasty.xml", "-p", str(phones["rush"])),
        ):
            await _equip(asterisk, phones)
            with JournalReader(journal) as reader:
                async with serve(config) as system, _observe(settings.ami_port) as observer:
                    await _link_is_up(reader)
                    yield Stage(asterisk, system, observer, folder, reader)
    finally:
        shutil.rmtree(folder)


def _dialplan() -> str:
    """For both sides the same steps up to the hand-over: an answered channel, and an event that says "now"."""
    lines = ["#include callfloor.extensions.conf", "[from-outside]"]
    for queue in AGENTS:
        hand_over = {APP_QUEUE: f"Queue({queue})", CALLFLOOR: f"Gosub(callfloor-call,s,1(4001,,{queue}))"}
        for side, step in hand_over.items():
            lines.append(f"exten => {side.lower()}_{queue},1,Answer(,i)")
            lines += [f" same => n,{application}" for application in ("UserEvent(BenchmarkJoined)", step, "Hangup()")]
    return "\n".join(lines) + "\n"


def _people() -> str:
    text = ""
    for queue, agents in AGENTS.items():
        text += f'[queues.{queue}]\nname = "{queue}"\nwrap_up_ms = 0\n'
        text += "".join(f'[agents.{agent}]\nname = "{agent}"\nqueues = {{ {queue} = 1 }}\n' for agent in agents)
    return text


def _everybody_is_ready(path: Path) -> Path:
    """A journal in which all agents have logged in already: 220 screens would only measure the signing in."""
    config = load(path)
    now = int(time.time() * 1000)
    said: list[AnyInput] = [config.rules().configure(now)]
    for agent in config.agents:
        said += [LogIn(now, agent, phone=f"PJSIP/{agent}"), GoReady(now, agent)]
    acd = Acd()
    with Journal.open(config.records.journal.path, "never") as journal:
        for one in said:
            facts = acd.handle(one)
            assert not any(isinstance(fact, Refused) for fact in facts), facts
            journal.append(Line(journal.last_seq + 1, one, facts))
    return config.records.journal.path


async def _equip(asterisk: AsteriskLab, phones: dict[str, int]) -> None:
    """What the lab's Asterisk does not have: the agents' endpoints, `app_queue` with its members, the observer."""
    etc = asterisk.folder / "etc"
    queues = "[general]\npersistentmembers = no\n"
    with (etc / "pjsip.conf").open("a") as pjsip:
        for queue, agents in AGENTS.items():
            pjsip.writelines(_PHONE.format(agent=agent, port=phones[queue]) for agent in agents)
            members = "\n".join(f"member => PJSIP/{agent}" for agent in agents)
            queues += _QUEUE.format(queue=queue, members=members)
    (etc / "queues.conf").write_text(queues)
    with (etc / "manager.conf").open("a") as manager:
        manager.write(_MANAGER)
    # Writing each dialplan step down would cost both sides more than what is measured.
    for command in ("module reload res_pjsip.so", "manager reload", "module load app_queue.so", "core set verbose 0"):
        await asterisk.cli(command)


async def _link_is_up(journal: JournalReader) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not any(LinkUp(f"ami:{NODE}") in line.facts for line in journal.read()):  # noqa: ASYNC110 (a file)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _sipp(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        "sipp", *arguments, "-i", "127.0.0.1", "-nostdin", cwd=folder, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


_SDP = """
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""

_OK = """
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
"""
_EMPTY_OK = f"<send><![CDATA[{_OK.format(tag='')}Content-Length: 0\n\n]]></send>"

_PATIENT_CALLER = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="a caller who waits until the other side hangs up">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv response="100" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="BYE"/>
{_EMPTY_OK}
</scenario>
"""

_HASTY_AGENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="an agent who answers at once, and hangs up after a while">
<recv request="INVITE" rrs="true"><action>
  <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
  <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
</action></recv>
<send retrans="500"><![CDATA[{_OK.format(tag=";tag=[pid]a[call_number]")}Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv request="ACK"/>
<pause distribution="uniform" min="{AGENT_TALKS_MS[0]}" max="{AGENT_TALKS_MS[1]}"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: [$to];tag=[pid]a[call_number]
To: [$from]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""
