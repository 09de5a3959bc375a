"""One channel of the simulated PBX: who is on it, what runs on it, how it is taken away. No I/O but the event loop.

An application (music, an AGI session, a wait) runs until it is done, until the channel is hung up, or until a Bridge
takes the channel out of it. As on Asterisk the dialplan then goes on behind that application once the bridge is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NoReturn, Protocol, TypeAlias

Headers: TypeAlias = list[tuple[str, str]]
Emit: TypeAlias = Callable[[str, str, Headers], None]
"""Sends an AMI event: its name, its privilege classes (`call,all`), its headers."""

Application: TypeAlias = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""What runs on a channel. The event tells it that it is no longer wanted; then it ends soon."""


class State(IntEnum):
    """Channel states, as `ChannelState` and AGI's CHANNEL STATUS number them."""

    DOWN = 0
    RING = 4
    RINGING = 5
    UP = 6


STATE_WORDS = {State.DOWN: "Down", State.RING: "Ring", State.RINGING: "Ringing", State.UP: "Up"}

NORMAL_CLEARING = 16
USER_BUSY = 17
NO_ANSWER = 19
CALL_REJECTED = 21
CAUSE_WORDS = {
    0: "Unknown",
    NORMAL_CLEARING: "Normal Clearing",
    USER_BUSY: "User busy",
    NO_ANSWER: "User alerting, no answer",
    CALL_REJECTED: "Call Rejected",
}
SIP_CODES = {USER_BUSY: 486, NO_ANSWER: 480, CALL_REJECTED: 603}
"""The SIP status behind a cause, which `TechCause` names."""


class HungUp(Exception):
    """The channel is being hung up: its dialplan ends here."""


class Redirected(Exception):
    """The channel is taken to another place in the dialplan: it goes on with `program`."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program


_C_ESCAPES = str.maketrans(
    {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\0": "",
     "\\": r"\\", "'": r"\'", '"': r"\"", "?": r"\?"}
)  # fmt: skip


def escaped(text: str) -> str:
    """A caller's text as Asterisk puts it into events: with C's escapes (ast_escape_c in main/utils.c)."""
    return text.translate(_C_ESCAPES)


class Party(Protocol):
    """Whoever holds the far end of a channel. Told what they hear; they act through the channel, when they like."""

    def asked(self, channel: Channel) -> None:
        """Somebody listens for a key."""

    def waiting(self, channel: Channel) -> None:
        """Music plays."""

    def connected(self, channel: Channel, peer: Channel) -> None:
        """Somebody can be talked to."""

    def cleared(self, channel: Channel) -> None:
        """The channel is gone."""


class Bridge:
    """Two channels joined. Whoever leaves first dissolves it."""

    technology = "simple_bridge"

    def __init__(self, name: str, members: tuple[Channel, Channel]) -> None:
        self.name = name
        self.members = members
        self.inside: list[Channel] = []
        self.dissolved = asyncio.Event()

    def peers(self, channel: Channel) -> list[Channel]:
        return [member for member in self.inside if member is not channel]

    def leave(self, channel: Channel) -> None:
        self.inside.remove(channel)
        self.dissolved.set()

    def headers(self) -> Headers:
        return [
            ("BridgeUniqueid", self.name),
            ("BridgeType", "basic"),
            ("BridgeTechnology", self.technology),
            ("BridgeCreator", "<unknown>"),
            ("BridgeName", "<unknown>"),
            ("BridgeNumChannels", str(len(self.inside))),
            ("BridgeVideoSourceMode", "none"),
        ]


class Conference(Bridge):
    """Several channels joined (ConfBridge). `marked` are those without whom it is over for the others: `dissolved`."""

    technology = "softmix"

    def __init__(self, name: str) -> None:
        super().__init__(name, ())  # type: ignore[arg-type]  # nobody yet, and then any number
        self.marked: set[Channel] = set()

    def leave(self, channel: Channel) -> None:
        self.inside.remove(channel)
        if channel in self.marked:
            self.marked.remove(channel)
            if not self.marked:
                self.dissolved.set()


@dataclass(eq=False)
class Channel:
    """A leg, the caller's or an agent's. `context`, `exten` and `priority` say where in the dialplan it is."""

    name: str
    uniqueid: str
    emit: Emit
    party: Party
    caller_number: str = ""
    caller_name: str = ""
    dialed: str = ""
    context: str = "default"
    exten: str = "s"
    priority: int = 1
    state: State = State.DOWN
    variables: dict[str, str] = field(default_factory=dict)
    recordings: int = 0
    cause: int = 0
    tech_cause: int = 0
    application: str = ""
    bridge: Bridge | None = None
    hanging_up: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    keys: deque[str] = field(default_factory=deque)
    key_pressed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.linkedid = self.uniqueid
        self.connected_line = ("", "")
        self.since = asyncio.get_running_loop().time()
        self.wanted = asyncio.Event()
        self.died_in_bridge = False
        self.running: set[asyncio.Task[None]] = set()
        self._next_bridge: Bridge | None = None
        self._next_program: Program | None = None

    # -------------------------------------------------------------------------------------- what AMI says of it

    def headers(self, prefix: str = "") -> Headers:
        """The block of headers that stands in every event about this channel."""
        unknown = "<unknown>"
        block = [
            ("Channel", self.name),
            ("ChannelState", str(int(self.state))),
            ("ChannelStateDesc", STATE_WORDS[self.state]),
            ("CallerIDNum", escaped(self.caller_number) or unknown),
            ("CallerIDName", escaped(self.caller_name) or unknown),
            *self.connected_headers(),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", str(self.priority)),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        ]
        return [(prefix + header, value) for header, value in block]

    def connected_headers(self, prefix: str = "") -> Headers:
        """Whom the channel talks to."""
        number, name = (escaped(text) or "<unknown>" for text in self.connected_line)
        return [(prefix + "ConnectedLineNum", number), (prefix + "ConnectedLineName", name)]

    def say(self, event: str, *more: tuple[str, str]) -> None:
        self.emit(event, "call,all", [*self.headers(), *more])

    def variable(self, name: str) -> str | None:
        """A variable's value, or that of the few functions and built-in variables that are asked for."""
        built_in = {
            "CALLERID(num)": self.caller_number,
            "CALLERID(name)": self.caller_name,
            "CHANNEL": self.name,
            "UNIQUEID": self.uniqueid,
            "EXTEN": self.exten,
            "CONTEXT": self.context,
        }
        return self.variables.get(name, built_in.get(name))

    def _cause_headers(self) -> Headers:
        return [("TechCause", str(self.tech_cause))] if self.tech_cause else []

    # -------------------------------------------------------------------------------------- what is done to it

    def enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.since = asyncio.get_running_loop().time()
            self.say("Newstate")

    def hang_up(self, cause: int = 0) -> None:
        """Ends the channel soon; with `cause` 0 it keeps the cause that it has."""
        self.cause = cause or self.cause
        self.hanging_up = True
        self.wanted.set()

    def put_down(self, cause: int = 0) -> None:
        """The party puts the phone down, or with a `cause` refuses to take it up."""
        if self.hanging_up:
            return
        self.tech_cause = SIP_CODES.get(cause, 0)
        refused = [("Cause", str(cause)), *self._cause_headers()] if cause else []
        self.say("HangupRequest", *refused)
        self.hang_up(cause)

    def press(self, key: str) -> None:
        """The party presses a key."""
        self.keys.append(key)
        self.key_pressed.set()

    def pull_into(self, bridge: Bridge) -> None:
        """The channel leaves what it is doing for `bridge`."""
        self._next_bridge = bridge
        self.wanted.set()

    def redirect(self, program: Program) -> None:
        """The channel leaves what it is doing, also a bridge, and goes on with `program`."""
        self._next_program = program
        self._next_bridge = None
        self.wanted.set()

    def _go_elsewhere(self) -> None:
        """Raises Redirected if the channel was told to."""
        if (program := self._next_program) is not None:
            self._next_program = None
            self.wanted.clear()
            raise Redirected(program)

    # -------------------------------------------------------------------------------------- what runs on it

    def finish(self, cause: int) -> NoReturn:
        """The dialplan hangs up."""
        self.hang_up(cause)
        raise HungUp

    def step(self, context: str, priority: int) -> None:
        """The dialplan stands here now. Raises HungUp where the channel has ended meanwhile."""
        if self.hanging_up:
            raise HungUp
        self.context, self.exten, self.priority = context, "s", priority

    def announce(self, event: str, headers: Headers) -> None:
        """The dialplan's UserEvent."""
        self.emit("UserEvent", "user,all", [*self.headers(), ("UserEvent", event), *headers])

    async def perform(self, name: str, work: Application) -> bool:
        """Run one application. True: it ran to its end. False: a bridge came in between, and is over.

        A hang-up waits for the application and raises HungUp, and so does a redirection (Redirected). A bridge does not
        wait: an AGI session may still end while the caller is already talking to somebody.
        """
        if self.hanging_up:
            raise HungUp
        self._go_elsewhere()
        self.application = name
        stop = asyncio.Event()
        task = asyncio.create_task(work(stop), name=f"{self.name} {name}")
        wanted = asyncio.create_task(self.wanted.wait())
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        try:
            await asyncio.wait({task, wanted}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            wanted.cancel()
        stop.set()
        self.priority += 1
        self.application = ""
        if self._next_bridge is None or self.hanging_up:
            await task
        if self.hanging_up:
            raise HungUp
        self._go_elsewhere()
        if self._next_bridge is None:
            return True
        await self._talk()
        return False

    async def _talk(self) -> None:
        """In a bridge until it dissolves. A Bridge to somebody else meanwhile is the next round."""
        while (bridge := self._next_bridge) is not None:
            self._next_bridge = None
            self.wanted.clear()
            peer = next(member for member in bridge.members if member is not self)
            self.linkedid = bridge.members[0].linkedid
            self.connected_line = (peer.caller_number, peer.caller_name)
            await self.stay_in(bridge, self.wanted)
            if self.hanging_up:
                self.died_in_bridge = True
                raise HungUp
            self._go_elsewhere()

    async def stay_in(self, bridge: Bridge, until: asyncio.Event) -> None:
        """Joined with whoever is in it, until it dissolves or `until` is set."""
        self.bridge = bridge
        bridge.inside.append(self)
        self.emit("BridgeEnter", "call,all", [*bridge.headers(), *self.headers()])
        for peer in bridge.peers(self):
            self.party.connected(self, peer)
            peer.party.connected(peer, self)
        try:
            await first_of(bridge.dissolved.wait(), until.wait())
        finally:
            if self.bridge is bridge:
                self._leave(bridge)

    def _leave(self, bridge: Bridge) -> None:
        self.bridge = None
        bridge.leave(self)
        # Asterisk's bridge gives whoever leaves it without a cause this one.
        self.cause = self.cause or NORMAL_CLEARING
        self.emit("BridgeLeave", "call,all", [*bridge.headers(), *self.headers()])

    def end(self, *, asked_to: bool) -> None:
        """The channel is gone. One whose dialplan ends is asked to; one that dies ringing or in a bridge is not."""
        if asked_to:
            self.say("SoftHangupRequest", ("Cause", str(NORMAL_CLEARING)))
        words = CAUSE_WORDS.get(self.cause, "Unknown")
        self.say("Hangup", ("Cause", str(self.cause)), ("Cause-txt", words), *self._cause_headers())
        self.ended.set()
        self.party.cleared(self)


Program: TypeAlias = Callable[[Channel], Coroutine[Any, Any, None]]
"""What the dialplan does with a channel. It ends by raising HungUp or Redirected, or by running out of steps."""


async def first_of(*waiting: Awaitable[Any]) -> None:
    """Returns when one of them is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
