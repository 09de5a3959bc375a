"""The serial line of the simulated PBX, read from its other end like any serial port."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from cti.smdi import CallMessage, LampFailure, LampOrder, SmdiMessage, SmdiReader, encode
from cti.smdr import SmdrRecord
from cti.smdr_formats import FORMATS
from simulator.pbx.serial_port import SerialPort
from simulator.settings import SimulatedPbxSettings
from tests.simulator.pbx_peers import PATIENCE_S, Listener, ScriptedIvr, logged_in, running, say


class FarEnd:
    """The other end of the cable, opened by its path."""

    def __init__(self, path: Path) -> None:
        self.came = bytearray()
        self.changed = asyncio.Event()
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._file, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._file, 4_096)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._file)
            self.came += b"<gone>"
        self.came += data
        self.changed.set()

    def write(self, data: bytes) -> None:
        os.write(self._file, data)

    async def until(self, text: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.came:
                self.changed.clear()
                await self.changed.wait()
        return bytes(self.came)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)


@asynccontextmanager
async def far_end(path: Path) -> AsyncIterator[FarEnd]:
    end = FarEnd(path)
    try:
        yield end
    finally:
        end.close()


@asynccontextmanager
async def cable(path: Path) -> AsyncIterator[SerialPort]:
    port = SerialPort(path)
    port.plug_in()
    try:
        yield port
    finally:
        port.unplug()


def smdi(data: bytes) -> list[SmdiMessage]:
    return SmdiReader().feed(data)


async def test_a_call_on_a_port_line_has_its_numbers_on_the_serial_line(tmp_path: Path) -> None:
    ivr = ScriptedIvr()
    ivr.scripts["call"] = [say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")]
    await ivr.start()
    line = tmp_path / "line1"
    async with (
        running(ivr, serial_line=line, port_lines=("9001",)) as pbx,
        logged_in(pbx) as ami,
        far_end(line) as desk,
    ):
        party = Listener()
        channel = pbx.call_port_line(party, ani="+86 138-0000-0001", dnis="4008001000")
        assert channel is not None
        arrived = await ami.event("UserEvent")
        assert [arrived.get(name) for name in ("ANI", "DNIS", "Port")] == ["", "", "9001"]
        assert channel.name.startswith("PJSIP/ivr9001-")
        said = await desk.until(b"\x19")
        assert smdi(said) == [CallMessage("001", "9001", "A", "4008001000", "8613800000001")]
        assert pbx.call_port_line(Listener(), ani="1", dnis="2") is None, "the one port line is busy"

        await asyncio.wait_for(party.hears_music.wait(), PATIENCE_S)
        channel.put_down()
        printed = (await desk.until(b"NA"))[len(said) :]
        record = FORMATS["panasonic-a"].decode(printed.rstrip(), ZoneInfo("UTC"), now=0)
        assert isinstance(record, SmdrRecord)
        assert (record.direction, record.extension, record.number, record.dnis) == (
            "in",
            "9001",
            "13800000001",
            "08001000",
        )
        await asyncio.wait_for(party.gone.wait(), PATIENCE_S)
        assert pbx.call_port_line(Listener(), ani="1", dnis="2") is not None, "and free again"
    await ivr.stop()


WIDE_ENOUGH = sorted(FORMATS.keys() - {"panasonic-b", "panasonic-dbs"})


@pytest.mark.parametrize("smdr_format", WIDE_ENOUGH)
async def test_the_end_of_a_call_in_each_format(tmp_path: Path, smdr_format: str) -> None:
    line, ivr = tmp_path / "line1", ScriptedIvr()
    await ivr.start()
    async with (
        running(ivr, serial_line=line, port_lines=("9001",), smdr_format=smdr_format) as pbx,
        far_end(line) as desk,
    ):
        channel = pbx.call_port_line(Listener(), ani="13800000001", dnis="4008001000")
        assert channel is not None
        await desk.until(b"\x19")
        desk.came.clear()
        channel.put_down()
        printed = await desk.until(b"\r\n")
        now = time.time_ns() // 1_000_000
        record = FORMATS[smdr_format].decode(printed.rstrip(b"\r\n"), ZoneInfo("UTC"), now)
        assert isinstance(record, SmdrRecord)
        assert (record.direction, record.extension) == ("in", "9001")
        assert record.number in ("13800000001", ""), "some formats do not tell it"
        assert abs(record.ended_at - now) < 120_000
    await ivr.stop()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"smdr_format": "mitel"}, "expected one of avaya-ip-office"),
        ({"smdr_format": "panasonic-dbs"}, "cannot tell of port line 9001: column extension: expected at most 3"),
        ({"smdr_format": "panasonic-b"}, "cannot tell of port line 9001: column number"),
    ],
)
def test_a_format_that_cannot_print_the_calls_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SimulatedPbxSettings.model_validate({"port_lines": ("9001",)} | wrong)


async def test_a_lamp_is_switched_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    async with cable(tmp_path / "line") as port, far_end(tmp_path / "line") as desk:
        port.invalid_lamps.add("5559999")
        desk.write(encode(LampOrder("5551234", on=True)))
        await asyncio.wait_for(port.lamp_set.wait(), PATIENCE_S)
        assert port.lamps == {"5551234": True}
        desk.write(encode(LampOrder("5559999", on=True)))
        assert smdi(await desk.until(b"\x19")) == [LampFailure("5559999", "INV")]
        assert port.lamps == {"5551234": True}
        port.blocked_lamps.add("5551234")
        desk.write(encode(LampOrder("5551234", on=False)))
        assert smdi(await desk.until(b"BLK\r\n\x19"))[-1] == LampFailure("5551234", "BLK")
        assert port.lamps == {"5551234": True}


async def test_the_cable_is_pulled_out_and_put_back(tmp_path: Path) -> None:
    path = tmp_path / "line"
    async with cable(path) as port:
        async with far_end(path) as desk:
            port.unplug()
            await desk.until(b"<gone>")
        assert not path.is_symlink()
        port.send(CallMessage("001", "0001", "D", "", "3500"))  # said into a cable that is not there
        port.plug_in()
        async with far_end(path) as desk:
            port.send(CallMessage("001", "0002", "D", "", "3500"))
            assert smdi(await desk.until(b"\x19")) == [CallMessage("001", "0002", "D", "", "3500")]


async def test_noise(tmp_path: Path) -> None:
    async with cable(tmp_path / "line") as port, far_end(tmp_path / "line") as desk:
        port.send_bytes(b"\x00\xffMD\x13noise")
        await desk.until(b"noise")
        desk.write(b"\xff\x00OP:MWI !\x04" + encode(LampOrder("7", on=True)))
        await asyncio.wait_for(port.lamp_set.wait(), PATIENCE_S)
        assert port.lamps == {"7": True}


async def test_nobody_reads_and_nothing_blocks(tmp_path: Path) -> None:
    async with cable(tmp_path / "line") as port:
        for _ in range(1_000):
            port.send_bytes(b"x" * 80)


async def test_what_stands_at_the_path_and_is_no_link_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_text("mine")
    port = SerialPort(path)
    with pytest.raises(FileExistsError):
        port.plug_in()
    assert not port.plugged_in
    assert path.read_text() == "mine"
