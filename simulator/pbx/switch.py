"""The simulated PBX itself: the channels that exist, how they begin, are joined and end. No I/O but the event loop.

What AMI can ask for is here, with Asterisk's words for what cannot be done. It happens a moment after it was asked for,
so that the answer to an action precedes its events.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import structlog

from simulator.pbx.channel import (
    NO_ANSWER,
    NORMAL_CLEARING,
    SIP_CODES,
    USER_BUSY,
    Bridge,
    Channel,
    Emit,
    Headers,
    HungUp,
    Party,
    Program,
    Redirected,
    State,
    first_of,
)

log = structlog.get_logger(__name__)

REASON_FAILED = 0
REASON_NO_ANSWER = 3
REASON_ANSWERED = 4
"""`Reason` of OriginateResponse. A busy or a refusing PJSIP phone gives 0; the leg's Hangup has the cause."""

Place: TypeAlias = Callable[[str, str], Program | None]
"""Context and extension → what the dialplan does there; None if there is no such place."""


class NotPossible(Exception):
    """What was asked for cannot be done; the text is AMI's `Message`."""


class Leg(Protocol):
    """What a ringing phone can do with the call that it is offered."""

    @property
    def channel(self) -> Channel: ...
    def answer(self) -> None: ...
    def refuse(self, cause: int) -> None: ...


class Phone(Party, Protocol):
    """A phone that the PBX can ring; afterwards it is the party on the answered leg."""

    def ring(self, leg: Leg) -> None:
        """Ring, until answered, refused or `stop_ringing`. Another leg may ring at the same time."""

    def stop_ringing(self, leg: Leg) -> None: ...


@dataclass(frozen=True)
class Dialing:
    """What Originate asks for. `uniqueid` "" takes the next one; `timeout_ms` is how long the phone may ring."""

    phone: str
    context: str
    exten: str
    priority: int
    timeout_ms: int
    uniqueid: str = ""
    caller_number: str = ""
    caller_name: str = ""
    action_id: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class RingingLeg:
    """The leg of one Originate while its phone rings."""

    channel: Channel
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self) -> None:
        if not self.channel.hanging_up:
            self.up.set()

    def refuse(self, cause: int) -> None:
        if not self.up.is_set():
            self.channel.put_down(cause)


async def _nowhere(channel: Channel) -> None:
    """A place that is not in the dialplan."""
    channel.finish(0)


class Switch:
    """`emit` takes every AMI event; `place` is where an Originate or a Redirect can lead; `phones` who can be rung, by
    what Originate calls them (`PJSIP/1001`). A channel that is led to no place at all ends at once.
    """

    def __init__(self, emit: Emit, place: Place, *, speed: float = 1.0) -> None:
        self.channels: dict[str, Channel] = {}
        self.variables: dict[str, str] = {}  # the global ones
        self.phones: dict[str, Phone] = {}
        self._emit = emit
        self._place = place
        self._speed = speed
        self._tasks: set[asyncio.Task[None]] = set()
        self._names = 0
        self._ids = 0

    def seconds(self, duration_ms: float) -> float:
        """A person's or a sound's time, in seconds of the wall clock."""
        return duration_ms / 1_000 / self._speed

    # ------------------------------------------------------------------------------------------------- calls in

    def arrive(
        self, program: Program, party: Party, trunk: str, *, number: str = "", name: str = "", dialed: str = ""
    ) -> Channel:
        """A call comes in on `trunk`, and runs `program` from now on."""
        channel = self._channel(trunk, party, caller_number=number, caller_name=name, dialed=dialed, exten=dialed)
        channel.state = State.RING
        channel.say("Newchannel")
        self._start(self._run(channel, program))
        return channel

    def _channel(self, line: str, party: Party, *, uniqueid: str = "", **more: str) -> Channel:
        name = f"{line}-{self._names:08x}"
        uniqueid = uniqueid or f"{int(time.time())}.{self._ids}"
        self._names += 1
        self._ids += 1
        channel = Channel(name, uniqueid, self._emit, party, **more)  # type: ignore[arg-type] # the texts among its fields
        self.channels[name] = channel
        return channel

    async def _run(self, channel: Channel, program: Program) -> None:
        in_bridge = False
        following: Program | None = program
        while following is not None:
            try:
                await following(channel)
                following = None
            except Redirected as away:
                following = away.program
            except HungUp:
                in_bridge, following = channel.died_in_bridge, None
        self._end(channel, asked_to=not in_bridge)

    def _end(self, channel: Channel, *, asked_to: bool) -> None:
        del self.channels[channel.name]
        channel.end(asked_to=asked_to)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("simulator.channel_failed", exc_info=error)  # a bug here; the other calls go on

    async def close(self) -> None:
        """Ends every channel at once, as a PBX that is switched off does: nobody is told."""
        tasks = [*self._tasks, *(task for channel in self.channels.values() for task in channel.running)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------------------------------------ what AMI asks

    def find(self, name: str) -> Channel:
        """By channel name or by unique id, as Asterisk takes either."""
        for channel in self.channels.values():
            if name in (channel.name, channel.uniqueid):
                return channel
        raise NotPossible("No such channel")

    def originate(self, dialing: Dialing) -> None:
        self._start(self._originate(dialing))

    def bridge(self, first: str, second: str) -> None:
        """Join two channels, wherever they are. Two that are joined already are torn apart: so does Asterisk 22."""
        members = (self._bridged_channel("Channel1", first), self._bridged_channel("Channel2", second))
        joined = members[0].bridge
        if joined is not None and joined is members[1].bridge:
            members[1].hang_up(NORMAL_CLEARING)
            raise NotPossible(f"Unable to add Channel2 to bridge: {members[1].name}")
        bridge = Bridge(str(uuid.uuid4()), members)
        for member in members:
            member.pull_into(bridge)

    def redirect(self, name: str, context: str, exten: str, header: str = "Channel") -> Callable[[], None]:
        """What takes the channel there: both ends of a bridge have to be found before one goes."""
        try:
            channel = self.find(name)
        except NotPossible:
            raise NotPossible(f"{header} does not exist: {name}") from None
        program = self._place(context, exten) or _nowhere
        return lambda: channel.redirect(program)

    def _bridged_channel(self, header: str, name: str) -> Channel:
        # By the beginning of its name: so does Asterisk 22, whose Bridge takes leg 71 for leg 7.
        channel = next(
            (c for c in self.channels.values() if c.name.startswith(name) or c.uniqueid.startswith(name)), None
        )
        if channel is None:
            raise NotPossible(f"{header} does not exist: {name}")
        if channel.state is not State.UP:
            raise NotPossible(f"Unable to add {header} to bridge: {name}")
        return channel

    # --------------------------------------------------------------------------------------------------- an agent's leg

    async def _originate(self, dialing: Dialing) -> None:
        phone = self.phones.get(dialing.phone)
        taken = any(channel.uniqueid == dialing.uniqueid for channel in self.channels.values())
        if phone is None or taken:
            self._respond(dialing, dialing.phone, dialing.uniqueid, REASON_FAILED)
            return
        channel = self._channel(dialing.phone, phone, uniqueid=dialing.uniqueid)
        channel.say("Newchannel")
        channel.variables.update(dialing.variables)
        channel.caller_number, channel.caller_name = dialing.caller_number, dialing.caller_name
        channel.connected_line = (dialing.caller_number, dialing.caller_name)
        reason = await self._ring(channel, phone, dialing)
        if reason != REASON_ANSWERED:
            self._respond(dialing, dialing.phone, channel.uniqueid, reason)
            self._end(channel, asked_to=False)
            return
        self._respond(dialing, channel.name, channel.uniqueid, reason)
        if (program := self._place(dialing.context, dialing.exten)) is None:
            self._end(channel, asked_to=False)
        else:
            await self._run(channel, program)

    async def _ring(self, channel: Channel, phone: Phone, dialing: Dialing) -> int:
        """Until answered, refused, hung up or out of time; returns the `Reason` of OriginateResponse."""
        leg = RingingLeg(channel)
        self._emit("DialBegin", "call,all", [*channel.headers("Dest"), ("DialString", dialing.phone.partition("/")[2])])
        phone.ring(leg)
        if not channel.hanging_up:
            channel.enter(State.RINGING)
        reason, status = REASON_FAILED, "NOANSWER"
        try:
            async with asyncio.timeout(self.seconds(dialing.timeout_ms)):
                await first_of(leg.up.wait(), channel.wanted.wait())
        except TimeoutError:
            reason, channel.cause = REASON_NO_ANSWER, NO_ANSWER
            channel.tech_cause = SIP_CODES[NO_ANSWER]
        phone.stop_ringing(leg)
        if leg.up.is_set() and not channel.hanging_up:
            channel.enter(State.UP)
            reason, status = REASON_ANSWERED, "ANSWER"
        elif channel.cause == USER_BUSY:
            status = "BUSY"
        self._emit("DialEnd", "call,all", [*channel.headers("Dest"), ("DialStatus", status)])
        return reason

    def _respond(self, dialing: Dialing, channel: str, uniqueid: str, reason: int) -> None:
        headers: Headers = [
            *([("ActionID", dialing.action_id)] if dialing.action_id else []),
            ("Response", "Success" if reason == REASON_ANSWERED else "Failure"),
            ("Channel", channel),
            ("Context", dialing.context),
            ("Exten", dialing.exten),
            ("Reason", str(reason)),
            ("Uniqueid", uniqueid or "<null>"),
            ("CallerIDNum", dialing.caller_number or "<unknown>"),
            ("CallerIDName", dialing.caller_name or "<unknown>"),
        ]
        self._emit("OriginateResponse", "call,all", headers)
