"""Serial messages and AMI calls, matched by port, number and time: two links, one call. Pure.

SMDI carries no call id, only the terminal (our port) that a call reaches. It comes slightly before the call itself, or
up to a few seconds after it. SMDR carries an extension, a trunk and a number, and comes after the call's end. So the
matcher remembers the calls that the ACD knows of and the messages whose call has not come yet, each for a bounded time.

A wrong number on an agent's screen is worse than none: where two calls could be meant, the earlier one takes the
message, and a record whose number contradicts a call's is never matched to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from acd.vocabulary import (
    AnyFact,
    AnyInput,
    CallAbandoned,
    CallBegan,
    CallEnded,
    CallerIdentified,
    CallerKnown,
    SmdrArrived,
    SmdrMatched,
)
from cti.serial_settings import MatchSettings, SerialSettings
from cti.smdi import CallMessage
from cti.smdr import SmdrRecord

MOST_CALLS = 20_000
"""Calls remembered at once. More than this are live only if their ends were missed; the oldest are forgotten first."""

CLOCK_SLACK_MS = 120_000
"""A PBX prints whole minutes, and its clock may be a minute off."""


class MatchCounts(msgspec.Struct):
    """How well the two links agree, for the board. `unmatched`: this line spoke of a call that AMI did not bring.
    `calls_without_...`: AMI brought a call without its caller's number on a port, and this line, being up, said nothing
    of it in time. `agreed` and `contradicted`: both named the caller. `foreign`: another message desk's, or a record of
    a call that did not come in or goes on. `lags_ms`: from the SMDI message to its call, for the latest calls; below 0
    if the call was first.
    """

    smdi_matched: int = 0
    smdi_unmatched: int = 0
    calls_without_smdi: int = 0
    smdr_matched: int = 0
    smdr_unmatched: int = 0
    calls_without_smdr: int = 0
    agreed: int = 0
    contradicted: int = 0
    foreign: int = 0
    lags_ms: deque[int] = msgspec.field(default_factory=lambda: deque(maxlen=256))


class _Call(msgspec.Struct):
    """A call that serial messages may be about."""

    call: str
    port: str
    ani: str
    dnis: str
    began_at: int
    plain_ani: str
    ended_at: int | None = None
    smdi_heard: bool = False
    smdr_heard: bool = False
    needs_us: bool = False


class _Waiting(msgspec.Struct, frozen=True):
    """An SMDI message whose call has not come yet."""

    at: int
    message: CallMessage


class SerialMatcher:
    """One for each line; `link` is its name in reports, such as `serial:line1`. Times are milliseconds since 1970.

    `listening` is set while the line is up: calls that begin then without a number, on a port, are expected to be
    spoken of here. `smdi` and `smdr` say which of the two the line carries.
    """

    def __init__(self, link: str, settings: MatchSettings, *, smdi: bool = True, smdr: bool = True) -> None:
        self.listening = False
        self._carries_smdi = smdi
        self._carries_smdr = smdr
        self._expected: deque[_Call] = deque()
        self._link = link
        self._settings = settings
        self._calls: dict[str, _Call] = {}  # in the order in which they began
        self._on_port: dict[str, _Call] = {}  # the latest on each port
        self._ended: deque[_Call] = deque()
        self._waiting: dict[str, _Waiting] = {}  # the latest for each terminal: 10,000 at most, there are 4 digits
        self.counts = MatchCounts()

    @classmethod
    def of(cls, line: SerialSettings) -> SerialMatcher:
        """One for this line that knows of no call yet."""
        return cls(line.link_name, line.match, smdi=line.protocol != "smdr", smdr=line.protocol != "smdi")

    def learn(self, at: int, fact: AnyFact) -> list[AnyInput]:
        """Hear what the ACD decided; a call that begins may be the one that an SMDI message has announced."""
        match fact:
            case CallBegan():
                return self._began(at, fact)
            case CallerKnown() if call := self._calls.get(fact.call):
                call.ani, call.dnis = fact.ani or call.ani, fact.dnis or call.dnis
                call.plain_ani = plain(call.ani)
            case CallEnded() | CallAbandoned() if (call := self._calls.get(fact.call)) and call.ended_at is None:
                call.ended_at = at
                self._ended.append(call)
            case SmdrMatched() if call := self._calls.get(fact.call):
                call.smdr_heard = True
        self._forget(at)
        return []

    def smdi(self, at: int, message: CallMessage) -> list[AnyInput]:
        """A call message has come: its call is identified now, or when it begins."""
        if self._settings.message_desk not in ("", message.desk):
            self.counts.foreign += 1
            return []
        call = self._on_port.get(message.terminal)
        if call is not None and not call.smdi_heard and at - call.began_at <= self._settings.match_window_ms:
            return self._identified(call, at, message)
        if message.terminal in self._waiting:  # a port has one call at a time: the newer message is the true one
            self.counts.smdi_unmatched += 1
            del self._waiting[message.terminal]
        self._waiting[message.terminal] = _Waiting(at, message)
        return []

    def smdr(self, at: int, record: SmdrRecord) -> list[AnyInput]:
        """A record has come: its call is over, unless it was passed on or did not come in."""
        if record.direction != "in" or record.continues:
            self.counts.foreign += 1
            return []
        self._forget(at)
        call = self._closest(at, record)
        if call is None:
            self.counts.smdr_unmatched += 1
            return []
        self.counts.smdr_matched += 1
        call.smdr_heard = True
        return [SmdrArrived(at, call=call.call, link=self._link, text=record.text, talked_ms=record.talked_ms)]

    def expire(self, at: int) -> list[CallMessage]:
        """The SMDI messages whose call has not come in time: forgotten, counted, and returned for the log."""
        oldest = at - self._settings.match_window_ms
        while self._expected and self._expected[0].began_at < oldest:
            self.counts.calls_without_smdi += not self._expected.popleft().smdi_heard
        late = [port for port, waiting in self._waiting.items() if waiting.at < oldest]
        self.counts.smdi_unmatched += len(late)
        return [self._waiting.pop(port).message for port in late]

    def _began(self, at: int, fact: CallBegan) -> list[AnyInput]:
        call = _Call(fact.call, fact.port, fact.ani, fact.dnis, began_at=at, plain_ani=plain(fact.ani))
        self._calls[call.call] = call
        self._forget(at)
        if not call.port:
            return []
        self._on_port[call.port] = call
        call.needs_us = self.listening and not call.ani
        if call.needs_us and self._carries_smdi:
            self._expected.append(call)
        waiting = self._waiting.get(call.port)
        if waiting is None or at - waiting.at > self._settings.match_window_ms:
            return []
        del self._waiting[call.port]
        return self._identified(call, waiting.at, waiting.message, now=at)

    def _identified(self, call: _Call, at: int, message: CallMessage, now: int | None = None) -> list[AnyInput]:
        call.smdi_heard = True
        self.counts.smdi_matched += 1
        self.counts.lags_ms.append(call.began_at - at)
        if call.ani and message.calling:
            same = same_number(call.plain_ani, plain(message.calling))
            self.counts.agreed += same
            self.counts.contradicted += not same
        ani, dnis = call.ani or message.calling, call.dnis or message.forwarding
        if (ani, dnis) == (call.ani, call.dnis):
            return []  # nothing that AMI did not bring
        return [CallerIdentified(at if now is None else now, call=call.call, ani=ani, link=self._link, dnis=dnis)]

    def _candidates(self, record: SmdrRecord) -> Iterator[tuple[bool, bool, _Call]]:
        """The calls that a record may be about, each with whether it has not the record's port, not its number."""
        ports, number = self._ports(record), plain(record.number)
        for call in self._calls.values():
            numbered, on_port = bool(call.plain_ani and number), call.port in ports
            if call.smdr_heard or not (numbered or on_port):
                continue
            if numbered and not same_number(call.plain_ani, number):
                continue
            if call.ended_at is None and record.ended_at + CLOCK_SLACK_MS < call.began_at:
                continue  # held back by a PBX whose line was down: it must not end the call that is there now
            yield not on_port, not numbered, call

    def _closest(self, at: int, record: SmdrRecord) -> _Call | None:
        """Port and number before port or number, an ended call before a live one, then the closest end; of two live
        calls the one that is as old as the record says.
        """

        def distance(candidate: tuple[bool, bool, _Call]) -> tuple[bool, bool, bool, int]:
            off_port, unnumbered, call = candidate
            if call.ended_at is None:
                apart_ms = abs(at - call.began_at - record.ring_ms - record.talked_ms)
            else:
                apart_ms = at - call.ended_at
            return off_port, unnumbered, call.ended_at is None, apart_ms

        closest = min(self._candidates(record), key=distance, default=None)
        return None if closest is None else closest[2]

    def _ports(self, record: SmdrRecord) -> set[str]:
        names = (record.extension, record.trunk)
        return {self._settings.ports.get(name, name.zfill(4)) for name in names if name}

    def _forget(self, at: int) -> None:
        while self._ended and at - (self._ended[0].ended_at or 0) > self._settings.end_window_ms:
            call = self._ended.popleft()
            self.counts.calls_without_smdr += call.needs_us and self._carries_smdr and not call.smdr_heard
            self._drop(call)
        while len(self._calls) > MOST_CALLS:
            self._drop(next(iter(self._calls.values())))

    def _drop(self, call: _Call) -> None:
        self._calls.pop(call.call, None)
        if self._on_port.get(call.port) is call:
            del self._on_port[call.port]


def plain(number: str) -> str:
    """The digits of a number without the zeros that a trunk prefix or padding puts before them."""
    return "".join(filter(str.isdecimal, number)).lstrip("0")


def same_number(one: str, other: str) -> bool:
    """Whether two plain numbers may be one: `5555678`, `2565555678` and `12565555678` may, `678` only itself."""
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    return shorter == longer or (len(shorter) >= 7 and longer.endswith(shorter))
