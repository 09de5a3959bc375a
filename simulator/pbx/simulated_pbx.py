"""The whole simulated PBX: switch, AMI server, FastAGI client and serial line, started and stopped as one. Does I/O."""

from __future__ import annotations

import re
import secrets
import socket
import time
from contextlib import suppress
from zoneinfo import ZoneInfo

from cti.smdi import CallMessage
from cti.smdr import SmdrRecord
from cti.smdr_formats import FORMATS
from simulator.pbx.agi_client import AgiClient
from simulator.pbx.ami_server import AmiServer
from simulator.pbx.channel import Channel, Party
from simulator.pbx.dialplan import Dialplan
from simulator.pbx.serial_port import SerialPort
from simulator.pbx.switch import Phone, Switch
from simulator.settings import DNIS_DIGITS, NATIONAL_DIGITS, SimulatedPbxSettings

DESK = "001"
"""The message desk that SMDI messages name; a PBX with one desk calls it that."""


class SimulatedPbx:
    """`ami` and `serial` have the faults that a test can ask for; `switch` has the channels."""

    def __init__(self, settings: SimulatedPbxSettings) -> None:
        self.settings = settings
        self.ami = AmiServer(settings)
        self.serial = SerialPort(settings.serial_line) if settings.serial_line else None
        self.agi = AgiClient(settings.agi_host, settings.agi_port, self.seconds, settings.sound_ms)
        self.dialplan = Dialplan(settings, self.agi, self.seconds, self._channel)
        self.switch = Switch(self.ami.emit, self.dialplan.place, speed=settings.speed)
        self._lines_taken: set[str] = set()

    def seconds(self, duration_ms: float) -> float:
        """A person's or a sound's time, in seconds on the clock."""
        return duration_ms / 1_000 / self.settings.speed

    @property
    def ami_port(self) -> int:
        return self.ami.port

    async def start(self) -> None:
        """Raises OSError where the AMI port or the serial line's path is taken."""
        await self.ami.start(self.switch)
        if self.serial is not None:
            self.serial.plug_in()

    async def close(self) -> None:
        await self.switch.close()
        await self.ami.stop()
        if self.serial is not None:
            self.serial.unplug()

    def add_phone(self, name: str, phone: Phone) -> None:
        """`name` as Originate has it: `PJSIP/1001`."""
        self.switch.phones[name] = phone

    def _channel(self, uniqueid: str) -> Channel | None:
        return next((one for one in self.switch.channels.values() if one.uniqueid == uniqueid), None)

    # ------------------------------------------------------------------------------------------------ calls in

    def call_hotline(self, party: Party, *, ani: str, dnis: str, name: str = "", queue: str = "") -> Channel:
        """A call from outside. With `queue` another dialplan sends it there without our IVR."""
        program = self.dialplan.handed_over(queue) if queue else self.dialplan.hotline
        return self.switch.arrive(program, party, self.settings.trunk, number=ani, name=name, dialed=dnis)

    def call_port_line(self, party: Party, *, ani: str, dnis: str) -> Channel | None:
        """A call that an old PBX gives a free port line; the numbers go over the serial line. None: all are busy."""
        port = next((line for line in self.settings.port_lines if line not in self._lines_taken), None)
        if port is None:
            return None
        self._lines_taken.add(port)
        if self.serial is not None:
            self.serial.send(CallMessage(DESK, port, "A", _digits(dnis), _digits(ani)))
        record = _CallRecord(self, party, port, ani=ani, dnis=dnis)
        return self.switch.arrive(self.dialplan.port_line(port), record, f"PJSIP/ivr{port}", dialed=f"ivr{port}")

    def port_line_free(self, port: str) -> None:
        self._lines_taken.discard(port)


class _CallRecord:
    """Follows a call on a port line for its SMDR line; passes on to the party what it hears."""

    def __init__(self, pbx: SimulatedPbx, party: Party, port: str, *, ani: str, dnis: str) -> None:
        self._pbx = pbx
        self._party = party
        self._port = port
        self._ani = ani
        self._dnis = dnis
        self._began_at = _now()
        self._connected_at = 0

    def asked(self, channel: Channel) -> None:
        self._party.asked(channel)

    def waiting(self, channel: Channel) -> None:
        self._party.waiting(channel)

    def connected(self, channel: Channel, peer: Channel) -> None:
        self._connected_at = self._connected_at or _now()
        self._party.connected(channel, peer)

    def cleared(self, channel: Channel) -> None:
        self._pbx.port_line_free(self._port)
        if self._pbx.serial is not None:
            self._pbx.serial.send_bytes(self._line())
        self._party.cleared(channel)

    def _line(self) -> bytes:
        settings = self._pbx.settings
        ended_at = _now()
        talking_at = self._connected_at or ended_at
        record = SmdrRecord(
            direction="in",
            ended_at=ended_at,
            extension=self._port,
            number=_digits(self._ani)[-NATIONAL_DIGITS:],
            dnis=_digits(self._dnis)[-DNIS_DIGITS:],
            ring_ms=talking_at - self._began_at,
            talked_ms=ended_at - talking_at,
        )
        return FORMATS[settings.smdr_format].encode(record, ZoneInfo(settings.time_zone))


def _digits(number: str) -> str:
    """What SMDI and SMDR can say of a number."""
    return re.sub(r"[^0-9]", "", number)[:15]


def _now() -> int:
    return time.time_ns() // 1_000_000


def free_port() -> int:
    """A TCP port of this machine that nobody has, and that nobody is given who asks for any: those begin at 32768."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
