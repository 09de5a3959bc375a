"""Callers and agents' phones: SIPp does the SIP, `rtp.Voice` the sound. Does I/O; needs Debian's `sip-tester`.

A scenario is rendered for each phone. SIPp writes what happens into a named pipe (its log file), which is read here,
and is told to answer or to hang up by a SIP MESSAGE within the call, sent from here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from tests.lab.asterisk import AsteriskLab, free_port
from tests.lab.rtp import Voice, voice

_EVENT_S = 30


class Phone:
    """One SIPp with one voice.

    Its events: `rung`, `answered`, `cancelled`, `refused`, `gone` (the other side hung up), `hung up` (this side did),
    and `info !` for a SIP INFO with `Signal=!`, which is a flash of the hook.
    """

    def __init__(self, name: str, port: int, ear: Voice, folder: Path) -> None:
        self.name = name
        self.port = port
        self.voice = ear
        self.events: list[str] = []
        """Every event, in order, for the message of a failed test."""
        self._folder = folder
        self._unseen: list[str] = []
        self._news = asyncio.Event()
        self._call_id = ""
        self._torn = b""

    @property
    def dial(self) -> str:
        """What the switch dials to ring this phone (an agent's `phone`)."""
        return f"PJSIP/agents/sip:{self.name}@127.0.0.1:{self.port}"

    async def until(self, event: str) -> None:
        """Wait for the next event of this name; each event is waited for once."""
        try:
            async with asyncio.timeout(_EVENT_S):
                while event not in self._unseen:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"phone {self.name}: not {event} in {_EVENT_S} s; events {self.events}; SIPp says: {self._complaint()}"
            ) from None
        self._unseen.remove(event)

    def answer(self) -> None:
        """Pick up a phone that rings."""
        self._order()

    def hang_up(self) -> None:
        """End the call that was answered."""
        self._order()

    def _order(self) -> None:
        assert self._call_id, f"phone {self.name} has no call yet: wait for `rung` or `answered` first"
        order = (
            f"MESSAGE sip:{self.name}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-{len(self.events)}\r\n"
            f"From: <sip:lab@127.0.0.1>\r\nTo: <sip:{self.name}@127.0.0.1>\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {len(self.events) + 1} MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.sendto(order.encode(), ("127.0.0.1", self.port))

    def read(self, pipe: int) -> None:
        """Take in what SIPp has written: a line for each event, with `_` for a space, call id and RTP port (or 0)."""
        *lines, self._torn = (self._torn + os.read(pipe, 65_536)).split(b"\n")
        for line in lines:
            words = line.decode().split()
            if len(words) == 3:
                self._take(words[0].replace("_", " "), words[1], int(words[2]))

    def _take(self, event: str, call_id: str, rtp_port: int) -> None:
        self._call_id = call_id
        if event == "answered":
            self.voice.talk_to(rtp_port)
        elif event in ("gone", "hung up"):
            self.voice.hush()
        self.events.append(event)
        self._unseen.append(event)
        self._news.set()

    def _complaint(self) -> str:
        errors = self._folder / "errors"
        return errors.read_text(errors="replace")[-2_000:] if errors.exists() else "nothing"


@asynccontextmanager
async def call(
    asterisk: AsteriskLab, number: str, *, ani: str = "", name: str = "", hz: int = 440
) -> AsyncIterator[Phone]:
    """Somebody dials `number`; speaks a tone of `hz` from the answer on. Left while the call is up, it just vanishes.

    `ani` and `name` go into the From header as they are (`ani` is the user part of its URI), so they can be hostile.
    """
    sender = f"{name} <sip:{ani}@127.0.0.1>" if ani else f"{name} <sip:127.0.0.1>"
    # As a key, since text of a scenario cannot have brackets.
    arguments = [f"127.0.0.1:{asterisk.sip_port}", "-m", "1", "-key", "sender", sender]
    async with _phone("caller", _caller_scenario(number), hz, arguments) as phone:
        yield phone


@asynccontextmanager
async def agent_phone(name: str, *, answer_ms: int | None = 0, refuse: str = "", hz: int = 700) -> AsyncIterator[Phone]:
    """A phone that answers after `answer_ms` and speaks a tone of `hz`, call after call.

    `answer_ms` None: rings until `answer()` or a CANCEL. `refuse`: a SIP status line such as "486 Busy Here".
    """
    async with _phone(name, _agent_scenario(answer_ms, refuse), hz, []) as phone:
        await _until_bound(phone.port)
        yield phone


@asynccontextmanager
async def _phone(name: str, scenario: str, hz: int, arguments: list[str]) -> AsyncIterator[Phone]:
    folder = Path(tempfile.mkdtemp(prefix="callfloor-sipp-"))
    loop = asyncio.get_running_loop()
    os.mkfifo(folder / "events")
    # Open for both, so that the pipe has no end while SIPp comes and goes.
    pipe = os.open(folder / "events", os.O_RDWR | os.O_NONBLOCK)
    try:
        async with voice(hz) as ear:
            phone = Phone(name, free_port(), ear, folder)
            (folder / "scenario.xml").write_text(scenario.replace("{rtp_port}", str(ear.port)))
            loop.add_reader(pipe, phone.read, pipe)
            process = await asyncio.create_subprocess_exec(
                "sipp", *arguments, "-sf", "scenario.xml", "-i", "127.0.0.1", "-p", str(phone.port), "-nostdin",
                "-trace_logs", "-log_file", "events", "-trace_err", "-error_file", "errors", cwd=folder,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                yield phone
            finally:
                loop.remove_reader(pipe)
                if process.returncode is None:
                    process.kill()
                await process.wait()
    finally:
        os.close(pipe)
        shutil.rmtree(folder)


async def _until_bound(port: int) -> None:
    """SIPp has no word for being ready: look until somebody has its port."""
    wanted = f":{port:04X} "
    async with asyncio.timeout(_EVENT_S):
        while wanted not in Path("/proc/net/udp").read_text():  # noqa: ASYNC110 (see above; it does not block)
            await asyncio.sleep(0.01)


_SDP = """
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {rtp_port} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
"""


def _caller_scenario(number: str) -> str:
    own = "From: [sender];tag=[pid]c[call_number]"
    invite = f"""
INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{own}
To: <sip:{number}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]
{_SDP}"""
    request = f"""
{{method}} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{own}
To: [$to]
Call-ID: [call_id]
CSeq: {{cseq}}
Max-Forwards: 70
Content-Length: 0

"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
{_send(invite, retransmit=True)}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"><action>
  {_header("To", "to")}
  {_RTP_PORT}
  {_log("answered", "[$port]")}
</action></recv>
{_send(request.format(method="ACK", cseq="1 ACK"))}
{_talk(request.format(method="BYE", cseq="2 BYE"))}
</scenario>
"""


def _agent_scenario(answer_ms: int | None, refuse: str) -> str:
    answer_to_invite = """
SIP/2.0 {status}
Via: [$via]
From: [$from]
To: [$to];tag=[pid]a[call_number]
Call-ID: [call_id]
CSeq: [$cseq]
Contact: <sip:agent@[local_ip]:[local_port]>
"""
    empty = answer_to_invite + "Content-Length: 0\n\n"
    with_sdp = answer_to_invite + "Content-Type: application/sdp\nContent-Length: [len]\n" + _SDP
    bye = """
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$to];tag=[pid]a[call_number]
To: [$from]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

"""
    # At the first of the receives that wait together, where SIPp looks for it.
    wait = f'timeout="{max(answer_ms, 1)}" ontimeout="answer"' if answer_ms is not None else ""
    ringing = f"""
{_send(empty.format(status="180 Ringing"))}
<recv request="MESSAGE" optional="true" {wait} next="answer"/>
<recv request="CANCEL"><action>{_log("cancelled")}</action></recv>
{_send(_OK_TO_LAST)}
{_refusal(empty.format(status="487 Request Terminated"))}
<label id="answer"/>
{_send(with_sdp.replace("{status}", "200 OK"), retransmit=True)}
<recv request="ACK"><action>{_log("answered", "[$port]")}</action></recv>
{_talk(bye)}
"""
    refusing = f"<nop><action>{_log('refused')}</action></nop>\n{_refusal(empty.format(status=refuse))}{_END}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="agent">
<recv request="INVITE" rrs="true"><action>
  {_header("Via", "via")}
  {_header("From", "from")}
  {_header("To", "to")}
  {_header("CSeq", "cseq")}
  {_RTP_PORT}
  {_log("rung")}
</action></recv>
<Reference variables="port"/>
{refusing if refuse else ringing}
</scenario>
"""


_OK_TO_LAST = """
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

"""

_RTP_PORT = '<ereg regexp="m=audio ([0-9]+)" search_in="body" check_it="true" assign_to="media,port"/>'
_SIGNAL = '<ereg regexp="Signal=([^\r\n]*)" search_in="body" check_it="true" assign_to="media,signal"/>'
_END = '<label id="end"/>\n<nop/>\n<Reference variables="media"/>'


def _talk(bye: str) -> str:
    """The call is up: until the other side's BYE, or until we are told to say it."""
    return f"""
<label id="talking"/>
<recv request="MESSAGE" optional="true" next="hang up"/>
<recv request="INFO" optional="true" next="info"><action>{_SIGNAL}{_log("info_[$signal]")}</action></recv>
<recv request="BYE"><action>{_log("gone")}</action></recv>
{_send(_OK_TO_LAST, then="end")}
<label id="info"/>
{_send(_OK_TO_LAST, then="talking")}
<Reference variables="signal"/>
<label id="hang up"/>
{_send(bye, retransmit=True)}
<recv response="200"><action>{_log("hung_up")}</action></recv>
{_END}"""


def _refusal(response: str) -> str:
    return _send(response, retransmit=True) + '\n<recv request="ACK" next="end"/>'


def _send(message: str, *, retransmit: bool = False, then: str = "") -> str:
    attributes = ' retrans="500"' if retransmit else ""
    attributes += f' next="{then}"' if then else ""
    return f"<send{attributes}><![CDATA[{message}]]></send>"


def _log(event: str, rtp_port: str = "0") -> str:
    return f'<log message="{escape(event)} [call_id] {rtp_port}"/>'


def _header(header: str, variable: str) -> str:
    return f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{variable}"/>'
