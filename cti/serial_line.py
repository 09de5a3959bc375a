"""One RS-232 line, kept open for ever: a thin shell that does I/O.

Its bytes are read by the pure codecs, matched with calls by the pure matcher, and what follows is told to the ACD in
order. An unplugged line is a report (LinkLost), not an error: it is opened again, with growing delays, until it is
back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from acd.vocabulary import AnyInput, Line, LinkLost, LinkRestored, Now, Tell
from cti import smdi
from cti.lamps import Lamps
from cti.matching import SerialMatcher
from cti.serial_port import Transport, keep_connected
from cti.serial_reader import Message, SerialReader, Unreadable
from cti.serial_settings import SerialSettings
from cti.smdr import SmdrRecord, SmdrRemark

log = structlog.get_logger(__name__)

QUIET_MS = 10_000
"""A noisy line is logged once in this time."""

CLOSING_S = 2.0
"""How long stopping waits for what is still to be written."""


class LineCounts(msgspec.Struct):
    """What one line has carried since the start, for the board. `last_byte_at` is 0 until something is heard.

    `records_missing`: how often the PBX said that it had to drop records. `without_time`: records from the time when
    its clock was changed. `remarks`: titles of pages, and lines about events that concern no call. `lamps_given_up`:
    stations that do not exist, or whose lamps stayed blocked.
    """

    received_bytes: int = 0
    discarded_bytes: int = 0
    unreadable_lines: int = 0
    remarks: int = 0
    records_missing: int = 0
    without_time: int = 0
    lamp_failures: int = 0
    lamps_given_up: int = 0
    opened: int = 0
    last_byte_at: int = 0


class SerialLine:
    """`run` keeps the line; `see` hears every journal line; `set_lamp` switches message-waiting lamps.

    `reactor` is Twisted's, on the running asyncio loop (`asyncioreactor`). `counts` and `matcher.counts` are for the
    board; `opened`, `received`, `closed` and `unreachable` are for the connection. `matcher` has learned the past.
    """

    def __init__(
        self, settings: SerialSettings, tell: Tell, now: Now, reactor: Any, matcher: SerialMatcher | None = None
    ) -> None:
        self.link_name = settings.link_name
        self.matcher = SerialMatcher.of(settings) if matcher is None else matcher
        self.counts = LineCounts()
        self._settings = settings
        self._tell = tell
        self._now = now
        # Never full: a link's changes come no faster than it is reopened, and a call is identified and ended once.
        self._reports: asyncio.Queue[AnyInput] = asyncio.Queue()
        self._transport: Transport | None = None
        self._up: bool | None = None  # not known before the first attempt
        self._reader = SerialReader(settings)
        self._reactor = reactor
        self._lamps = Lamps()
        self._lamps_due: Any = None  # Twisted's delayed call
        self._attempts = 0
        self._noise_logged_at = -QUIET_MS
        self._log = log.bind(link=self.link_name, device=settings.device)
        self._service = keep_connected(settings, self, self._delay_s, reactor)

    @property
    def up(self) -> bool:
        return self._transport is not None

    async def run(self) -> None:
        """Keep the line open and tell the ACD what comes on it, until cancelled."""
        self._service.startService()
        try:
            while True:
                await self._tell(await self._reports.get())
        finally:
            self._up = False  # what is closed now is closed by us, and no loss to speak of
            self._wake_for_lamps(None)
            stopped = self._service.stopService().asFuture(asyncio.get_running_loop())
            try:
                await asyncio.wait_for(stopped, CLOSING_S)
            except TimeoutError:
                self._log.warning("serial.not_closed", waited_s=CLOSING_S)

    def see(self, line: Line) -> None:
        """Learn which calls there are, so that serial messages find them."""
        at = line.input.at
        self._expire(at)
        for fact in line.facts:
            self._report(self.matcher.learn(at, fact))

    def set_lamp(self, number: str, *, on: bool) -> None:
        """Switch the message-waiting lamp of a station, as soon as the line can. Raises SmdiError for no number."""
        smdi.encode(smdi.LampOrder(number, on))
        self._lamps.order(self._now(), number, on=on)
        self._send_lamps()

    def _send_lamps(self) -> None:
        if self._transport is None:
            return
        for order in self._lamps.take_due(self._now()):
            self._transport.write(smdi.encode(order))
        self._wake_for_lamps(self._lamps.next_at)

    def _wake_for_lamps(self, at: int | None) -> None:
        if self._lamps_due is not None and self._lamps_due.active():
            self._lamps_due.cancel()
        if at is not None:
            self._lamps_due = self._reactor.callLater(max(0, at - self._now()) / 1_000, self._send_lamps)

    # ------------------------------------------------------------------------------- what the connection says

    def opened(self, transport: Transport) -> None:
        self._transport = transport
        self._reader = SerialReader(self._settings)  # the rest of what was torn by the loss is worth nothing
        self.counts.opened += 1
        self._up = self.matcher.listening = True
        self._log.info("serial.opened")
        self._report([LinkRestored(self._now(), link=self.link_name)])
        self._lamps.line_is_back(self._now())
        self._send_lamps()

    def received(self, data: bytes) -> None:
        at = self._now()
        self._attempts = 0
        self.counts.received_bytes += len(data)
        self.counts.last_byte_at = at
        self._expire(at)
        for message in self._reader.feed(data, at):
            self._heard(at, message)
        self.counts.discarded_bytes += self._reader.take_discarded()

    def closed(self, why: str) -> None:
        self._transport = None
        self.matcher.listening = False
        self._wake_for_lamps(None)
        self._lost(f"closed: {why}")

    def unreachable(self, why: str) -> None:
        self._lost(f"cannot be opened: {why}")

    def _lost(self, why: str) -> None:
        if self._up is False:
            return  # said once; the attempts that follow change nothing
        self._up = False
        self._log.warning("serial.lost", why=why)
        self._report([LinkLost(self._now(), link=self.link_name, why=why)])

    def _delay_s(self) -> float:
        """Grows until the line says something: a device that opens and closes at once must not cost a loop."""
        delay_ms: int = min(self._settings.reopen_max_ms, self._settings.reopen_first_ms * 2 ** min(self._attempts, 20))
        self._attempts += 1
        return delay_ms * random.uniform(0.8, 1.0) / 1_000  # noqa: S311  # spreads reconnections, guards nothing

    # --------------------------------------------------------------------------------------- what the line says

    def _heard(self, at: int, message: Message) -> None:
        match message:
            case smdi.CallMessage():
                self._report(self.matcher.smdi(at, message))
            case SmdrRecord():
                self._record(at, message)
            case SmdrRemark("records missing"):  # the line itself may name a caller
                self.counts.records_missing += 1
                self._log.warning("serial.records_missing")
            case SmdrRemark():
                self.counts.remarks += 1
            case smdi.LampFailure():
                self._lamp_failed(at, message)
            case smdi.LampOrder():
                self._noise(at, "the line echoes what we say", place=0)
            case Unreadable():
                self.counts.unreadable_lines += 1
                self._noise(at, message.why, place=message.place)

    def _lamp_failed(self, at: int, failure: smdi.LampFailure) -> None:
        outcome = self._lamps.failed(at, failure)
        self.counts.lamp_failures += 1
        self.counts.lamps_given_up += outcome in ("given up", "no such station")
        self._log.warning("serial.lamp_failed", station=failure.number, fault=failure.fault, then=outcome)
        self._send_lamps()

    def _record(self, at: int, record: SmdrRecord) -> None:
        self.counts.without_time += not record.ended_at
        reports = self.matcher.smdr(at, record)
        self._report(reports)
        if not reports:
            self._log.info("serial.smdr_without_call", extension=record.extension, trunk=record.trunk)

    def _noise(self, at: int, why: str, place: int) -> None:
        if at - self._noise_logged_at >= QUIET_MS:
            self._noise_logged_at = at
            self._log.warning("serial.unreadable", place=place, why=why, lines=self.counts.unreadable_lines)

    def _expire(self, at: int) -> None:
        for message in self.matcher.expire(at):
            self._log.warning("serial.smdi_without_call", port=message.terminal, ani=message.calling)

    def _report(self, reports: Sequence[AnyInput]) -> None:
        for report in reports:
            self._reports.put_nowait(report)
