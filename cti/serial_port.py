"""Serial ports and device servers (raw TCP, RFC 2217) as connections that come back, by Twisted on pyserial. I/O.

All are endpoints of one Twisted service, which does the reconnecting. Twisted's interfaces (zope.interface) mean
nothing to mypy, so `Any` stands for them here and nowhere else.
"""

# ruff: noqa: N802  the names that Twisted calls are in Twisted's style

from __future__ import annotations

import errno
import os
import socket
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import serial
from twisted.application.internet import ClientService
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.serialport import SerialPort
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]  # it has no types

from cti.rfc2217 import RemotePort, escaped
from cti.serial_settings import SerialSettings


class Transport(Protocol):
    """Where to write to."""

    def write(self, data: bytes, /) -> object: ...


class Hears(Protocol):
    """Who is told what becomes of the connection. `unreachable`: an attempt has failed, another will follow."""

    def opened(self, transport: Transport) -> None: ...
    def received(self, data: bytes) -> None: ...
    def closed(self, why: str) -> None: ...
    def unreachable(self, why: str) -> None: ...


def keep_connected(settings: SerialSettings, hears: Hears, delay_s: Callable[[], float], reactor: Any) -> ClientService:
    """A service that connects once started, and again `delay_s()` seconds after each failure and each loss.

    Twisted's own count of failures starts anew at each opening, which is no success yet for a device that opens and
    closes at once; so the delay is the caller's.
    """
    endpoint: Any = _Watched(_endpoint(settings, reactor), hears)
    protocols: Any = _Protocols(settings, hears, reactor)
    return ClientService(endpoint, protocols, lambda _failures: delay_s(), reactor)


class SerialProtocol(TwistedProtocol):
    """Passes on what Twisted says of one connection."""

    def __init__(self, hears: Hears) -> None:
        self._hears = hears

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if ITCPTransport.providedBy(transport):
            _keep_alive(transport.getHandle())
        self._hears.opened(transport)

    def dataReceived(self, data: bytes) -> None:
        self._hears.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._hears.closed(_why_lost(reason))


ANSWER_S = 10.0
"""How long a device server may take to set its port."""


class RemotePortProtocol(TwistedProtocol):
    """A port behind RFC 2217: told to be open once the server has set it, and never if it cannot."""

    def __init__(self, hears: Hears, port: RemotePort, reactor: Any) -> None:
        self._hears = hears
        self._port = port
        self._reactor = reactor
        self._patience: Any = None
        self._is_open = False
        self._why = ""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if ITCPTransport.providedBy(transport):
            _keep_alive(transport.getHandle())
        transport.write(self._port.hello)
        self._patience = self._reactor.callLater(ANSWER_S, self._give_up)

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        heard = self._port.feed(data)
        if reply := self._port.take_reply():
            transport.write(reply)
        if self._port.refused:
            self._end(self._port.refused)
        elif self._port.ready and not self._is_open:
            self._is_open = True
            self._patience.cancel()
            self._hears.opened(_Escaped(transport))
        if heard:
            self._hears.received(heard)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        why = self._why or _why_lost(reason)
        if self._is_open:
            self._hears.closed(why)
        else:
            self._hears.unreachable(why)

    def _give_up(self) -> None:
        self._end(f"it does not answer to {self._port.missing}")

    def _end(self, why: str) -> None:
        transport: Any = self.transport
        self._why = self._why or f"the device server: {why}"
        transport.abortConnection()


class _Escaped:
    """What is written to a port behind RFC 2217."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def write(self, data: bytes, /) -> object:
        return self._transport.write(escaped(data))


class _Protocols(Factory):
    noisy = False

    def __init__(self, settings: SerialSettings, hears: Hears, reactor: Any) -> None:
        self._settings = settings
        self._hears = hears
        self._reactor = reactor

    def buildProtocol(self, addr: object) -> TwistedProtocol:
        if not self._settings.device.startswith("rfc2217://"):
            return SerialProtocol(self._hears)
        port = RemotePort(self._settings.baud, self._settings.framing)
        return RemotePortProtocol(self._hears, port, self._reactor)


@implementer(IStreamClientEndpoint)
class _Watched:
    """An endpoint that says why it could not connect: ClientService keeps that to itself."""

    def __init__(self, endpoint: Any, hears: Hears) -> None:
        self._endpoint = endpoint
        self._hears = hears

    def connect(self, factory: Any) -> Any:
        return self._endpoint.connect(factory).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        if not isinstance(failure.value, CancelledError):  # cancelled: the service is being stopped
            self._hears.unreachable(_reason(failure.value))
        return failure


@implementer(IStreamClientEndpoint)
class _DeviceEndpoint:
    """A serial device as something to connect to, so that one service keeps devices and TCP connections alike."""

    def __init__(self, settings: SerialSettings, reactor: Any) -> None:
        self._settings = settings
        self._reactor = reactor

    def connect(self, factory: Any) -> Any:
        # A turn of the loop later: ClientService does not expect the answer before it has asked.
        return deferLater(self._reactor, 0, self._open, factory)

    def _open(self, factory: Any) -> Any:
        port: Any = _Port  # untyped in Twisted
        protocol = factory.buildProtocol(None)
        port(protocol, self._settings.device, self._reactor, **line_parameters(self._settings))
        return protocol


class _Port(SerialPort):
    @staticmethod
    def _serialFactory(device: str, **parameters: Any) -> Any:
        return open_port(device, **parameters)


def open_port(device: str, **parameters: Any) -> Any:
    """A `serial.Serial`, locked against a second Callfloor. Raises OSError, or termios.error for impossible parameters.

    A pseudo-terminal has 8 bits and no parity whatever is asked for, and glibc calls that EINVAL the second time: there
    8N1 is asked for instead (the codecs take a parity bit off).
    """
    try:
        port = serial.Serial(device, exclusive=True, **parameters)
    except termios.error as fault:
        is_pty = Path(device).resolve().is_relative_to("/dev/pts")
        if not is_pty or fault.args[0] != errno.EINVAL:
            raise
        eight_bits = parameters | {"bytesize": serial.EIGHTBITS, "parity": serial.PARITY_NONE}
        port = serial.Serial(device, exclusive=True, **eight_bits)
    if parameters.get("parity", serial.PARITY_NONE) != serial.PARITY_NONE:
        _spoil_parity_errors(port.fileno())
    return port


def _spoil_parity_errors(port: int) -> None:
    """Have the kernel give a NUL for a byte of the wrong parity. pyserial has it give the byte as it came, which may be
    another digit; a message with a NUL in it is none.
    """
    attributes = termios.tcgetattr(port)
    attributes[0] = attributes[0] & ~(termios.IGNPAR | termios.PARMRK) | termios.INPCK
    termios.tcsetattr(port, termios.TCSANOW, attributes)


def line_parameters(settings: SerialSettings) -> dict[str, Any]:
    """The settings in pyserial's words."""
    if settings.framing == "7E1":
        bytesize, parity = serial.SEVENBITS, serial.PARITY_EVEN
    else:
        bytesize, parity = serial.EIGHTBITS, serial.PARITY_NONE
    return {"baudrate": settings.baud, "bytesize": bytesize, "parity": parity, "stopbits": serial.STOPBITS_ONE}


def _endpoint(settings: SerialSettings, reactor: Any) -> Any:
    _, remote, place = settings.device.partition("://")
    if not remote:
        return _DeviceEndpoint(settings, reactor)
    host, _, port = place.rpartition(":")
    return HostnameEndpoint(reactor, host.strip("[]"), int(port))


def _why_lost(reason: Failure) -> str:
    cut = isinstance(reason.value, ConnectionDone)  # "closed cleanly" in Twisted's words, and in no user's
    return "the other end is gone" if cut else str(reason.getErrorMessage())


def _reason(fault: BaseException | None) -> str:
    if isinstance(fault, OSError) and fault.errno:  # pyserial and Twisted wrap it in words of their own
        return os.strerror(fault.errno)
    return f"{type(fault).__name__}: {fault}"


def _keep_alive(connection: socket.socket) -> None:
    """Have the kernel notice within a minute that a device server is gone: the line may be silent for hours."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
