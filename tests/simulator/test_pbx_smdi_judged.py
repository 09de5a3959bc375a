"""Real Asterisk judges our SMDI: its res_smdi reads the simulated PBX's line, and its voicemail's lamps are understood.

What res_smdi cannot do is minded: the line is raw, carries no NUL, stays until Asterisk shall stop (it spins on one
that has ended), and goes then, for a read that waits keeps it from stopping.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from cti.smdi import CallMessage, LampOrder, encode
from pbx_config.settings import ManagerUser
from simulator.pbx.serial_port import SerialPort
from tests.cti.serial_peer import Pty
from tests.lab.asterisk import AsteriskLab, lab_settings, run_asterisk
from tests.lab.manager import ManagerSession, manager_session

pytestmark = pytest.mark.asterisk

PATIENCE_S = 30
JUDGE = ManagerUser.model_validate({"name": "judge", "secret": "lab-judge"})
MANAGER = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami_port}

[judge]
secret = lab-judge
read = user,call
write = all
"""
SMDI = """
[interfaces]
baudrate = 9600
charsize = 7
paritybit = even
msdstrip = 0
msgexpirytime = 30000
smdiport => {port}

[mailboxes]
pollinginterval = 1
smdiport = {port}
2565551234 = 1234@default
"""
VOICEMAIL = """
[general]
format = wav
smdienable = {at_once}
smdiport = {port}
minsecs = 0
[default]
1234 => 1234,Judge
"""
# Found by the station first dialed, by the terminal, or by the desk.
DIALPLAN = """
[judge]
exten => _s.,1,Set(ID=${{SMDI_MSG_RETRIEVE({port},${{EXTEN:1}},3000)}})
 same => n,Goto(judged,1)
exten => _t.,1,Set(ID=${{SMDI_MSG_RETRIEVE({port},${{EXTEN:1}},3000,t)}})
 same => n,Goto(judged,1)
exten => _d.,1,Set(ID=${{SMDI_MSG_RETRIEVE({port},${{EXTEN:1}},3000,n)}})
 same => n,Goto(judged,1)
exten => judged,1,UserEvent(Judged,{words})
exten => leave,1,VoiceMail(1234@default,s)
"""

WORDS = {"Desk": "number", "Terminal": "terminal", "Kind": "type", "Forwarding": "station", "Calling": "callerid"}
"""Our words for what SMDI_MSG tells of a message, in the order of a CallMessage."""

MESSAGES = [
    ("s5551234", CallMessage("001", "0001", "A", "5551234", "5555678")),
    ("s2565551234", CallMessage("001", "0002", "B", "2565551234", "2565555678")),
    ("s2565559999", CallMessage("002", "0003", "N", "2565559999")),
    ("s5550000", CallMessage("001", "0004", "U", "5550000", "5551111")),
    ("s5550001", CallMessage("001", "0005", "A", "5550001", "0000245")),
    ("t0007", CallMessage("001", "0007", "D", "", "3500")),
    ("t2047", CallMessage("001", "2047", "D", "", "2565555678")),
    ("t0008", CallMessage("001", "0008", "D")),
    ("t0009", CallMessage("001", "0009", "B", "5552222", "2565553333")),
    ("d063", CallMessage("063", "0010", "N", "2565552222", "5553333")),
]


@dataclass
class Judge:
    asterisk: AsteriskLab
    manager: ManagerSession

    async def found(self, key: str) -> CallMessage:
        """What the dialplan gets of the message with this key."""
        await self.originate(f"Local/{key}@judge", "Wait", "1")
        told = await self.manager.until("UserEvent", UserEvent="Judged")
        assert told["Found"], "no message"
        words = [told.get(name, "") for name in WORDS]
        return CallMessage(*words)  # type: ignore[arg-type]  # a kind is compared, whatever it is

    async def originate(self, channel: str, application: str, data: str = "") -> None:
        answer = await self.manager.action(
            "Originate", Channel=channel, Application=application, Data=data, Async="true"
        )
        assert answer["Response"] == "Success", answer

    async def leave_a_message(self) -> None:
        """Somebody's milliwatt tone is recorded for a second, and then the caller hangs up."""
        await self.originate("Local/leave@judge/n", "Milliwatt")
        async with asyncio.timeout(PATIENCE_S):
            while not [*self.spool.rglob("*.wav")]:  # noqa: ASYNC110  the file tells nobody that it grows
                await asyncio.sleep(0.05)
        await self.asterisk.cli("channel request hangup all")
        async with asyncio.timeout(PATIENCE_S):
            while not (self.inbox / "msg0000.txt").exists():  # noqa: ASYNC110  as above
                await asyncio.sleep(0.05)

    @property
    def spool(self) -> Path:
        return self.asterisk.folder / "spool/voicemail/default/1234"

    @property
    def inbox(self) -> Path:
        return self.spool / "INBOX"

    async def remove_the_message(self) -> None:
        text = (self.inbox / "msg0000.txt").read_text()
        [name] = [line.partition("=")[2] for line in text.splitlines() if line.startswith("msg_id=")]
        answer = await self.manager.action(
            "VoicemailRemove", Mailbox="1234", Context="default", Folder="INBOX", ID=name
        )
        assert answer["Response"] == "Success", answer


class Line(Protocol):
    path: Path

    def unplug(self) -> None: ...


@contextlib.asynccontextmanager
async def judge(line: Line, *, at_once: bool = False) -> AsyncIterator[Judge]:
    """Asterisk with res_smdi on the other end of `line`, which is unplugged in the end."""
    terminal = str(line.path.readlink())
    settings = lab_settings(agi_port=9)
    names = {"port": terminal, "ami_port": settings.ami_port, "at_once": "yes" if at_once else "no"}
    files = {
        "manager.conf": MANAGER.format(**names),
        "smdi.conf": SMDI.format(**names),
        "voicemail.conf": VOICEMAIL.format(**names),
    }
    words = ",".join(["Found: ${ID}", *(f"{ours}: ${{SMDI_MSG(${{ID}},{its})}}" for ours, its in WORDS.items())])
    extensions = DIALPLAN.format(**names, words=words)
    modules = "res_smdi app_voicemail app_milliwatt codec_alaw format_wav"
    async with (
        run_asterisk(settings, extensions=extensions, modules=modules, files=files) as asterisk,
        manager_session(settings.ami_port, JUDGE) as manager,
    ):
        try:
            yield Judge(asterisk, manager)
        finally:
            asterisk.process.terminate()
            line.unplug()


async def test_asterisk_reads_what_the_simulated_pbx_writes(tmp_path: Path) -> None:
    line = SerialPort(tmp_path / "line")
    line.plug_in()
    async with judge(line) as asterisk:
        for _, message in MESSAGES:
            line.send(message)
        for key, message in MESSAGES:
            assert await asterisk.found(key) == message


async def test_asterisk_sets_the_simulated_pbxs_lamps(tmp_path: Path) -> None:
    """Its voicemail orders the lamp of 1234 at once, its table that of 2565551234 a little later."""
    line = SerialPort(tmp_path / "line")
    line.plug_in()
    async with judge(line, at_once=True) as asterisk:
        await asterisk.leave_a_message()
        await lamps_are(line, {"1234": True, "2565551234": True})
        line.invalid_lamps.add("1234")
        await asterisk.remove_the_message()
        await lamps_are(line, {"1234": True, "2565551234": False})
        async with asyncio.timeout(PATIENCE_S):
            while "Invalid MWI extension: 1234" not in asterisk.asterisk.log:  # noqa: ASYNC110  a log tells nobody
                await asyncio.sleep(0.05)


async def lamps_are(line: SerialPort, lamps: dict[str, bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while line.lamps != lamps:
            line.lamp_set.clear()
            await line.lamp_set.wait()


class HeldPty(Pty):
    """One whose other end we hold open too, or it would end with Asterisk's first close."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path
        self._held = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def unplug(self) -> None:
        os.close(self._held)
        super().unplug()


async def test_asterisks_lamp_orders_are_byte_for_byte_ours(tmp_path: Path) -> None:
    line = HeldPty(tmp_path / "line")
    async with judge(line) as asterisk:
        for on in (True, False):
            await (asterisk.leave_a_message() if on else asterisk.remove_the_message())
            order = encode(LampOrder("2565551234", on=on))
            assert await line.hear(len(order)) == order
