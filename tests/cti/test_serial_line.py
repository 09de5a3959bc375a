"""The serial line on real pseudo-terminals and sockets: plugged, noisy, unplugged, plugged in again."""

from __future__ import annotations

import asyncio
import errno
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acd.vocabulary import (
    AnyFact,
    AnyInput,
    CallEnded,
    CallerGone,
    CallerIdentified,
    CallerKnown,
    Line,
    LinkLost,
    LinkRestored,
    SmdrArrived,
    TimeCame,
)
from cti.serial_line import SerialLine
from cti.serial_port import SerialProtocol, line_parameters, open_port
from cti.serial_settings import MatchSettings, SerialSettings
from cti.smdi import CallMessage, SmdiError, encode
from tests.cti.serial_peer import MESSAGE, NOW, RECORD, WAIT_S, Acd, Pty, began, running, settings, smdr_line


def untyped(twisted: Any) -> Any:
    """Much of Twisted has no types."""
    return twisted


@asynccontextmanager
async def connected(**more: Any) -> AsyncIterator[tuple[SerialLine, Any, Any, Acd]]:
    """A line with a connection in memory, on a clock that does not run."""
    acd = Acd()
    line = SerialLine(settings(**more), acd.tell, lambda: NOW, Clock())
    protocol, transport = untyped(SerialProtocol)(line), untyped(StringTransport)()
    async with running(line):
        protocol.makeConnection(transport)
        assert await acd.next() == LinkRestored(NOW, link="serial:line1")
        yield line, protocol, transport, acd


# ------------------------------------------------------------------------------------------------ on real devices


async def test_a_line_is_heard_unplugged_and_plugged_in_again(reactor: Any, tmp_path: Path) -> None:
    acd, path = Acd(), tmp_path / "line"
    line = SerialLine(settings(path), acd.tell, lambda: NOW, reactor)
    async with running(line):
        assert await acd.next() == LinkLost(NOW, "serial:line1", "cannot be opened: No such file or directory")

        pbx = Pty(path)
        assert await acd.next() == LinkRestored(NOW, link="serial:line1")
        line.see(began("c1"))
        pbx.say(MESSAGE)
        assert await acd.next() == CallerIdentified(NOW, call="c1", ani="5555678", link="serial:line1", dnis="5551234")
        pbx.say(smdr_line())
        arrived = await acd.next()
        assert isinstance(arrived, SmdrArrived)
        assert (arrived.call, arrived.talked_ms) == ("c1", 65_000)
        line.set_lamp("1234", on=True)
        assert await pbx.hear(13) == b"OP:MWI 1234!\x04"

        pbx.unplug()
        assert await acd.next() == LinkLost(NOW, "serial:line1", "closed: the other end is gone")
        assert not line.up
        line.set_lamp("1234", on=False)

        pbx = Pty(path)
        assert await acd.next() == LinkRestored(NOW, link="serial:line1")
        assert await pbx.hear(14) == b"RMV:MWI 1234!\x04", "what was ordered meanwhile"
        line.see(began("c2", port="0008"))
        pbx.say(encode(CallMessage("001", "0008", "A", "5551234", "5555678")))
        assert await acd.next() == CallerIdentified(NOW, call="c2", ani="5555678", link="serial:line1", dnis="5551234")
        pbx.unplug()


@pytest.mark.parametrize("baud", [1_200, 2_400, 4_800, 9_600])
@pytest.mark.parametrize("framing", ["7E1", "8N1"])
async def test_at_every_speed_and_framing(reactor: Any, tmp_path: Path, baud: int, framing: str) -> None:
    acd, pbx = Acd(), Pty(tmp_path / "line")
    line = SerialLine(settings(tmp_path / "line", baud=baud, framing=framing), acd.tell, lambda: NOW, reactor)
    async with running(line):
        assert isinstance(await acd.next(), LinkRestored)
        line.see(began("c1"))
        pbx.say(MESSAGE)
        assert isinstance(await acd.next(), CallerIdentified)
        pbx.unplug()
        assert isinstance(await acd.next(), LinkLost)


async def test_a_device_server_over_tcp(reactor: Any) -> None:
    acd = Acd()
    ends: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: ends.put_nowait(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = SerialLine(settings(f"socket://127.0.0.1:{port}"), acd.tell, lambda: NOW, reactor)
    async with server, running(line):
        for call in ("c1", "c2"):
            assert isinstance(await acd.next(), LinkRestored)
            line.see(began(call))
            end = await asyncio.wait_for(ends.get(), WAIT_S)
            end.write(MESSAGE)
            said = await acd.next()
            assert isinstance(said, CallerIdentified)
            assert said.call == call
            end.close()
            await end.wait_closed()
            assert isinstance(await acd.next(), LinkLost)
        server.close()


def test_a_pseudo_terminal_can_be_opened_for_7e1_again_and_again(tmp_path: Path) -> None:
    pbx = Pty(tmp_path / "line")
    for _ in range(3):
        open_port(str(tmp_path / "line"), **line_parameters(settings())).close()
    pbx.unplug()


def test_two_of_us_cannot_share_a_line(tmp_path: Path) -> None:
    pbx = Pty(tmp_path / "line")
    port = open_port(str(tmp_path / "line"))
    with pytest.raises(OSError, match="exclusively lock") as refused:
        open_port(str(tmp_path / "line"))
    assert refused.value.errno == errno.EAGAIN
    port.close()
    pbx.unplug()


BAUDS = {1_200: termios.B1200, 2_400: termios.B2400, 4_800: termios.B4800, 9_600: termios.B9600}


@pytest.mark.parametrize("baud", BAUDS)
@pytest.mark.parametrize(("framing", "bytesize", "parity"), [("7E1", 7, "E"), ("8N1", 8, "N")])
def test_speed_and_framing_reach_the_port(tmp_path: Path, baud: int, framing: str, bytesize: int, parity: str) -> None:
    """On a pseudo-terminal the framing cannot be seen, since that has 8 bits always; that bytes of the wrong parity are
    to be given as NULs can.
    """
    parameters = line_parameters(settings(framing=framing, baud=baud))
    assert parameters == {"baudrate": baud, "bytesize": bytesize, "parity": parity, "stopbits": 1}
    pbx = Pty(tmp_path / "line")
    for _ in range(2):
        port = open_port(str(tmp_path / "line"), **parameters)
        input_flags, _, _, _, *speeds, _ = termios.tcgetattr(port.fileno())
        assert speeds == [BAUDS[baud], BAUDS[baud]]
        spoils = input_flags & (termios.INPCK | termios.IGNPAR | termios.PARMRK)
        assert spoils == (termios.INPCK if framing == "7E1" else 0)
        port.close()
    pbx.unplug()


# --------------------------------------------------------------------------------------------------- reopening


async def test_it_is_tried_for_ever_ever_more_slowly_and_said_once() -> None:
    acd, clock = Acd(), Clock()
    line = SerialLine(settings(reopen_first_ms=100, reopen_max_ms=1_000), acd.tell, lambda: NOW, clock)
    delays = []
    async with running(line):
        await asyncio.sleep(0)
        for _ in range(50):
            clock.advance(0)
            attempt: Any = clock.getDelayedCalls()[0]
            delays.append(attempt.getTime() - clock.seconds())
            clock.advance(delays[-1])
        assert isinstance(await acd.next(), LinkLost)
        await asyncio.sleep(0)
        assert acd.told.empty()
    assert delays[0] <= 0.1
    assert delays[0] < delays[1] < delays[2] < delays[-1]
    assert 0.8 <= delays[-1] <= 1.0


async def test_a_device_that_opens_and_closes_at_once_costs_no_loop() -> None:
    line = SerialLine(settings(reopen_first_ms=100, reopen_max_ms=1_000), Acd().tell, lambda: NOW, Clock())
    delays = []
    for _ in range(6):
        line.opened(untyped(StringTransport)())
        line.closed("Connection was closed cleanly.")
        delays.append(line._delay_s())
    assert delays[-1] >= 0.8
    line.received(b"\r\n")
    assert line._delay_s() <= 0.1


# ------------------------------------------------------------------------------------------------ what is on the line


async def test_both_kinds_on_one_line_with_noise_between_cut_anywhere() -> None:
    async with connected() as (line, protocol, _, acd):
        line.see(began("c1"))
        line.see(began("c8", port="0008"))
        second = encode(CallMessage("001", "0008", "D", "", "3500"))
        for byte in b"\0\xffM" + MESSAGE + b"MD001\r\n" + second + smdr_line() + b"garbage\r\n":
            protocol.dataReceived(bytes([byte | 0x80 if byte.bit_count() % 2 else byte]))
        assert [type(await acd.next()) for _ in range(3)] == [CallerIdentified, CallerIdentified, SmdrArrived]
        assert line.counts.unreadable_lines == 3
        assert line.counts.discarded_bytes == len(b"MMD001garbage")
        assert line.counts.last_byte_at == NOW


@pytest.mark.parametrize(("protocol", "heard"), [("smdi", CallerIdentified), ("smdr", SmdrArrived)])
async def test_a_line_of_one_kind_does_not_hear_the_other(protocol: str, heard: type[AnyInput]) -> None:
    async with connected(protocol=protocol) as (line, connection, _, acd):
        line.see(began("c1"))
        connection.dataReceived(MESSAGE + smdr_line())
        assert isinstance(await acd.next(), heard)
        assert line.counts.unreadable_lines == 1


async def test_what_the_pbx_prints_beside_calls_is_no_damage_and_a_full_buffer_is_said() -> None:
    async with connected(protocol="smdr") as (line, protocol, _, acd):
        line.see(began("c1"))
        without_time = b"**/**/** **:****" + smdr_line()[16:]
        with capture_logs() as logged:
            protocol.dataReceived(b"Date     Time    Ext\r\n--------\r\nBUFFER FULL\r\n" + without_time)
        assert [entry["event"] for entry in logged] == ["serial.records_missing", "serial.smdr_without_call"]
        counts = line.counts
        assert (counts.remarks, counts.records_missing, counts.without_time) == (2, 1, 1)
        assert (counts.unreadable_lines, counts.discarded_bytes) == (0, 0)
        line.see(Line(2, CallerGone(NOW, "c1"), [CallEnded("c1", by="caller")]))
        protocol.dataReceived(without_time)
        assert isinstance(await acd.next(), SmdrArrived), "what has no time ends no live call, but confirms an end"


PASSED_ON = [
    pytest.param(
        "panasonic-a",
        [smdr_line(msgspec.structs.replace(RECORD, continues=True)), smdr_line()],
        id="transferred: a record for each extension",
    ),
    pytest.param(
        "avaya-ip-office",
        [
            b"2027/01/15 08:00:00,00:00:30,5,5555678,I,7,5551234,,0,1,1,E7,Mei,T1,LINE 1,0,0\r\n",
            b"2027/01/15 08:00:35,00:01:05,0,5555678,I,8,5551234,,0,1,0,E7,Mei,T1,LINE 1,0,0\r\n",
        ],
        id="segments of one call id",
    ),
    pytest.param(
        "definity-teleseer",
        [
            b"   080095994      7                                    017\r\n\0\0\0",
            b"   080000119      7                                    017\r\n\0\0\0",
        ],
        id="ten hours, and the rest",
    ),
]


@pytest.mark.parametrize(("smdr_format", "records"), PASSED_ON)
async def test_of_several_records_of_a_call_only_the_last_tells_its_end(smdr_format: str, records: list[bytes]) -> None:
    async with connected(protocol="smdr", smdr_format=smdr_format) as (line, protocol, _, acd):
        line.see(began("c1"))
        protocol.dataReceived(records[0])
        assert (line.matcher.counts.foreign, line.counts.unreadable_lines) == (1, 0)
        protocol.dataReceived(records[1])
        arrived = await acd.next()
        assert isinstance(arrived, SmdrArrived)
        assert arrived.talked_ms in (65_000, 66_000)


async def test_a_flood_of_noise_is_counted_and_logged_once() -> None:
    async with connected() as (line, protocol, _, acd):
        line.see(began("c1"))
        with capture_logs() as logged:
            for _ in range(200):
                protocol.dataReceived(b"\xe5M\x00D\r\n" * 100 + b"x" * 5_000)
        assert [entry["event"] for entry in logged] == ["serial.unreadable"]
        protocol.dataReceived(MESSAGE)
        assert isinstance(await acd.next(), CallerIdentified)
        assert line.counts.received_bytes == 200 * (600 + 5_000) + len(MESSAGE)


async def test_what_was_torn_by_the_loss_is_not_continued_after_it() -> None:
    async with connected() as (line, protocol, transport, acd):
        line.see(began("c1"))
        protocol.dataReceived(MESSAGE[:14])
        line.closed("gone")
        assert isinstance(await acd.next(), LinkLost)
        protocol.makeConnection(transport)
        assert isinstance(await acd.next(), LinkRestored)
        protocol.dataReceived(b"99" + MESSAGE[14:] + MESSAGE)
        assert await acd.next() == CallerIdentified(NOW, call="c1", ani="5555678", link="serial:line1", dnis="5551234")
        assert line.matcher.counts.smdi_matched == 1


async def test_the_switchs_refusal_of_a_lamp_is_counted_and_our_own_echo_is_seen() -> None:
    async with connected() as (line, protocol, transport, _):
        line.set_lamp("5678", on=True)
        with capture_logs() as logged:
            protocol.dataReceived(b"\r\nMWI5678 INV\r\n\x19" + transport.value())
        assert [entry["event"] for entry in logged] == ["serial.lamp_failed", "serial.unreadable"]
        assert logged[0]["then"] == "no such station"
        assert (line.counts.lamp_failures, line.counts.lamps_given_up) == (1, 1)


async def test_a_blocked_lamp_is_tried_again_until_it_is_lit_and_the_newest_order_counts() -> None:
    clock = Clock()
    line = SerialLine(settings(), Acd().tell, lambda: NOW + round(clock.seconds() * 1_000), clock)
    transport = untyped(StringTransport)()
    line.opened(transport)

    def sent() -> bytes:
        said: bytes = transport.value()
        transport.clear()
        return said

    line.set_lamp("5678", on=True)
    assert sent() == b"OP:MWI 5678!\x04"
    for delay_s in (2, 4, 8):
        line.received(b"\r\nMWI5678 BLK\r\n\x19")
        clock.advance(delay_s - 0.001)
        assert sent() == b""
        clock.advance(0.001)
        assert sent() == b"OP:MWI 5678!\x04"
    line.received(b"\r\nMWI5678 BLK\r\n\x19")
    line.set_lamp("5678", on=False)
    assert sent() == b"", "switched a moment ago"
    clock.advance(1)
    assert sent() == b"RMV:MWI 5678!\x04"
    clock.advance(1_000)
    assert sent() == b"", "it was not refused, so it is off"
    line.closed("gone")
    line.set_lamp("1111", on=True)
    clock.advance(1_000)
    line.opened(transport)
    assert sent() == b"RMV:MWI 5678!\x04OP:MWI 1111!\x04", "nobody knows what was heard"


async def test_a_mailbox_that_is_no_number_never_reaches_the_line() -> None:
    async with connected() as (line, _, transport, _acd):
        with pytest.raises(SmdiError):
            line.set_lamp("1234!\x04OP:MWI 9999", on=True)
        assert transport.value() == b""


async def test_a_message_without_a_call_is_said_when_its_time_is_over() -> None:
    async with connected(match=MatchSettings(match_window_ms=1_000)) as (line, protocol, _, _acd):
        protocol.dataReceived(MESSAGE)
        with capture_logs() as logged:
            line.see(Line(1, TimeCame(NOW + 1_000), []))
            line.see(Line(2, TimeCame(NOW + 1_001), [CallerKnown("c0", ani="1", link="x")]))
        assert [(entry["event"], entry["port"]) for entry in logged] == [("serial.smdi_without_call", "0007")]


async def test_an_acd_that_breaks_ends_the_line_loudly() -> None:
    async def tell(said: AnyInput) -> Sequence[AnyFact]:
        raise RuntimeError("disk full")

    line = SerialLine(settings(), tell, lambda: NOW, Clock())
    line.opened(untyped(StringTransport)())
    with pytest.raises(RuntimeError, match="disk full"):
        await asyncio.wait_for(line.run(), WAIT_S)


async def test_stopping_is_no_loss(reactor: Any, tmp_path: Path) -> None:
    acd = Acd()
    pbx = Pty(tmp_path / "line")
    line = SerialLine(settings(tmp_path / "line"), acd.tell, lambda: NOW, reactor)
    with capture_logs() as logged:
        async with running(line):
            assert isinstance(await acd.next(), LinkRestored)
    assert [entry["event"] for entry in logged] == ["serial.opened"]
    assert not line.up
    pbx.unplug()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"device": "COM1"}, "expected /dev/..., socket://host:port or rfc2217://host:port, not 'COM1'"),
        ({"device": "socket://host"}, "socket://host:port"),
        ({"device": "socket://host:70000"}, "socket://host:port"),
        ({"device": "rfc2217://host"}, "rfc2217://host:port"),
        ({"device": "telnet://host:23"}, "rfc2217://host:port"),
        (
            {"smdr_format": "mitel"},
            "expected one of avaya-ip-office, definity-lsu-expand, definity-teleseer, mitel-3300",
        ),
        ({"timezone": "Mars/Olympus"}, "expected a time zone such as Asia/Taipei, not 'Mars/Olympus'"),
        ({"timezone": "../etc/passwd"}, "expected a time zone"),
        ({"baud": 19200}, "1200, 2400, 4800 or 9600"),
        ({"name": "line 1"}, "name"),
        ({"match": {"ports": {"1207": "7"}}}, "ports"),
        ({"parity": "even"}, "parity"),
        ({"protocol": "smdr", "lamps": {"q": "1234"}}, 'expected protocol "smdi" or "both"'),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SerialSettings.model_validate({"name": "line1", "device": "/dev/ttyS0"} | wrong)
    assert said in str(refused.value)
