"""A port behind RFC 2217: against pyserial's own server, and against servers that cannot, will not or babble."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st
from serial.rfc2217 import PortManager
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acd.vocabulary import CallerIdentified, LinkLost, LinkRestored
from cti.rfc2217 import COM_PORT, DONT, IAC, LONGEST_WORD, SB, SE, RemotePort, escaped
from cti.serial_line import SerialLine
from cti.serial_port import ANSWER_S, RemotePortProtocol, Transport
from cti.smdi import SmdiReader
from tests.cti.serial_peer import MESSAGE, NOW, WAIT_S, Acd, began, running, settings, smdr_line


class Server:
    """A device server: pyserial's RFC 2217 on one end, a line in memory on the other."""

    def __init__(self, port: Any) -> None:
        self.port = port
        self.heard = b""
        self.news = asyncio.Event()
        self.clients: asyncio.Queue[tuple[PortManager, asyncio.StreamWriter]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manager = PortManager(self.port, writer)
        self.clients.put_nowait((manager, writer))
        while data := await reader.read(4_096):
            self.heard += b"".join(manager.filter(data))
            self.news.set()
        writer.close()


class NoParity(serial.serialutil.SerialBase):  # type: ignore[misc]  # without types in pyserial
    """A port that knows 8N1 only."""

    parity = property(lambda self: "N", lambda self, parity: None)
    cts = dsr = ri = cd = False

    def _reconfigure_port(self) -> None:
        pass

    _update_rts_state = _update_dtr_state = _reconfigure_port


@contextlib.asynccontextmanager
async def device_server(port: Any) -> AsyncIterator[tuple[Server, str]]:
    server = Server(port)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield server, f"rfc2217://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        while not server.clients.empty():
            server.clients.get_nowait()[1].close()


@pytest.mark.parametrize(("framing", "bits", "parity"), [("7E1", 7, "E"), ("8N1", 8, "N")])
async def test_pyserials_server_is_set_heard_written_to_and_lost(
    reactor: Any, framing: str, bits: int, parity: str
) -> None:
    acd, port = Acd(), serial.serial_for_url("loop://")
    async with device_server(port) as (server, url):
        line = SerialLine(settings(url, framing=framing, baud=1200), acd.tell, lambda: NOW, reactor)
        async with running(line):
            for call in ("c1", "c2"):
                assert await acd.next() == LinkRestored(NOW, link="serial:line1")
                assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (1200, bits, parity, 1)
                line.see(began(call))
                manager, writer = await asyncio.wait_for(server.clients.get(), WAIT_S)
                writer.write(b"".join(manager.escape(b"\xff\x00noise" + MESSAGE + smdr_line())))
                said = await acd.next()
                assert isinstance(said, CallerIdentified)
                assert said.call == call
                await acd.next()
                if call == "c1":  # after the loss it is said again by itself
                    line.set_lamp("1234", on=True)
                while server.heard != b"OP:MWI 1234!\x04":
                    server.news.clear()
                    await asyncio.wait_for(server.news.wait(), WAIT_S)
                server.heard = b""
                writer.close()
                assert await acd.next() == LinkLost(NOW, "serial:line1", "closed: the other end is gone")


async def test_a_server_that_cannot_set_the_parity_is_said(reactor: Any) -> None:
    acd = Acd()
    why = "cannot be opened: the device server: it does not set the parity"
    async with (
        device_server(NoParity()) as (_, url),
        running(SerialLine(settings(url), acd.tell, lambda: NOW, reactor)),
    ):
        assert await acd.next() == LinkLost(NOW, "serial:line1", why)


class Told:
    """What a connection says of itself."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def opened(self, transport: Transport) -> None:
        self.all.append("opened")

    def received(self, data: bytes) -> None:
        self.all.append("received")

    def closed(self, why: str) -> None:
        self.all.append(f"closed: {why}")

    def unreachable(self, why: str) -> None:
        self.all.append(f"unreachable: {why}")


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        pytest.param(b"login: ", "it does not answer to RFC 2217", id="a telnet or raw port"),
        pytest.param(IAC + DONT + COM_PORT, "it does not speak RFC 2217", id="a telnet port that says so"),
        pytest.param(
            b"\xff\xfd\x2c", "it does not answer to baud rate, data bits, parity, stop bits", id="no settings"
        ),
    ],
)
def test_a_server_that_will_not_is_given_up_with_the_reason(answers: bytes, why: str) -> None:
    told, clock = Told(), Clock()
    make: Any = RemotePortProtocol
    protocol, transport = make(told, RemotePort(9_600, "7E1"), clock), StringTransport()  # type: ignore[no-untyped-call]  # Twisted's
    protocol.makeConnection(transport)
    protocol.dataReceived(answers)
    clock.advance(ANSWER_S + 1)
    assert transport.disconnected
    protocol.connectionLost()
    assert told.all == [f"unreachable: the device server: {why}"]
    assert clock.getDelayedCalls() == []


# ------------------------------------------------------------------------------------------------------ the codec


def set_port(baud: int = 9_600) -> RemotePort:
    """Set by a server that does as it is told."""
    port = RemotePort(baud, "7E1")
    port.feed(b"\xff\xfd\x2c")
    for setting in (b"\x65" + baud.to_bytes(4, "big"), b"\x66\x07", b"\x67\x03", b"\x68\x01"):
        assert not port.ready
        port.feed(IAC + SB + COM_PORT + escaped(setting) + IAC + SE)
    assert port.ready
    assert port.take_reply().startswith(b"\xff\xfa\x2c\x01" + escaped(baud.to_bytes(4, "big")) + b"\xff\xf0")
    return port


def test_what_is_asked_of_the_server_byte_by_byte() -> None:
    port = RemotePort(9_600, "7E1")
    assert port.hello == b"\xff\xfb\x2c\xff\xfb\x00\xff\xfd\x00\xff\xfd\x03"
    port.feed(
        b"\xff\xfd\x2c\xff\xfd\x2c\xff\xfb\x01\xff\xfb\x01\xff\xfd\x18"
    )  # COM PORT twice, ECHO twice, TERMINAL TYPE
    assert port.take_reply() == (
        b"\xff\xfa\x2c\x01\x00\x00\x25\x80\xff\xf0"
        b"\xff\xfa\x2c\x02\x07\xff\xf0"
        b"\xff\xfa\x2c\x03\x03\xff\xf0"
        b"\xff\xfa\x2c\x04\x01\xff\xf0"
        b"\xff\xfa\x2c\x05\x01\xff\xf0"
        b"\xff\xfa\x2c\x05\x08\xff\xf0"
        b"\xff\xfa\x2c\x05\x0b\xff\xf0"
        b"\xff\xfa\x2c\x0a\x1e\xff\xf0"
        b"\xff\xfe\x01\xff\xfc\x18"
    )


def test_a_baud_rate_with_a_255_in_it_and_an_answer_with_more_zeros() -> None:
    set_port(0xFF00)
    port = RemotePort(9_600, "7E1")
    port.feed(b"\xff\xfd\x2c\xff\xfa\x2c\x65\x00\x00\x25\x80\x00\x00\x00\x00\xff\xf0")  # sredird's
    assert port.missing == "data bits, parity, stop bits"


NOISE = b"\xff\xff\x00\xffM"
PIECES = {  # what comes → what of it is the line's
    MESSAGE: MESSAGE,
    escaped(NOISE): NOISE,
    b"\r": b"\r",
    b"\xff\xf1": b"",  # NOP
    b"\xff\xfa\x2c\x6b\xb0\xff\xf0": b"",  # the modem's lines
    b"\xff\xfa\x2c\x6a\x61\xff\xf0": b"",  # the line is well
    b"\xff\xfa\x2c\x6a\x04\xff\xf0": b"\0",  # a parity error
    b"\xff\xfa\x2c\x00a device server 1.0\xff\xf0": b"",
    b"\xff\xfb\x01": b"",
}


@given(st.lists(st.sampled_from([*PIECES]), max_size=8), st.lists(st.integers(0, 200), max_size=8))
def test_telnets_words_are_taken_out_wherever_the_reads_are_cut(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    port = set_port()
    heard = b"".join(port.feed(data[a:b]) for a, b in pairwise(places))
    assert heard == b"".join(PIECES[piece] for piece in pieces)


@given(st.lists(st.binary(max_size=400), max_size=5))
def test_no_babble_raises_and_the_next_message_is_heard_after_it(babble: list[bytes]) -> None:
    port = set_port()
    for data in babble:
        port.feed(data)
    assert MESSAGE in port.feed(b"x" * 300 + MESSAGE) or port.refused
    assert len(port._rest) <= LONGEST_WORD


def test_a_fault_of_the_line_spoils_the_message_in_which_it_was() -> None:
    port, reader = set_port(), SmdiReader()
    fault = b"\xff\xfa\x2c\x6a\x04\xff\xf0"
    heard = reader.feed(port.feed(MESSAGE[:12] + fault + MESSAGE[12:] + fault + MESSAGE))
    assert heard == SmdiReader().feed(MESSAGE)


def test_a_server_that_asks_without_end_is_answered_once_and_costs_no_memory() -> None:
    port = set_port()
    for _ in range(100):
        port.feed(b"\xff\xfb\x01\xff\xfd\x18" * 1_000)
    assert port.take_reply() == b"\xff\xfe\x01\xff\xfc\x18"
    for _ in range(100):
        port.feed(b"\xff\xfa\x2c" + b"x" * 10_000)
    assert len(port._rest) <= LONGEST_WORD


def test_answers_to_what_was_not_asked_set_nothing_and_a_change_afterwards_is_seen() -> None:
    port = RemotePort(9_600, "7E1")
    for setting in (b"\x65\x00\x00\x25\x80", b"\x66\x07", b"\x67\x03", b"\x68\x01"):
        port.feed(IAC + SB + COM_PORT + setting + IAC + SE)
    assert not port.ready
    port = set_port()
    port.feed(IAC + SB + COM_PORT + b"\x66\x08" + IAC + SE)  # somebody else has set it to 8 bits
    assert port.refused == "it does not set the data bits"


def test_before_the_port_is_set_nothing_is_a_message() -> None:
    port = RemotePort(9_600, "7E1")
    assert port.feed(MESSAGE) == b""
