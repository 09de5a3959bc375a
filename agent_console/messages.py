"""The WebSocket's messages: JSON text ↔ what is meant. Pure. The protocol is told in `docs/console-protocol.md`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from acd import vocabulary as say
from agent_console.board import AgentView, CallView, LinkView, QueueView
from agent_console.callers import PopRecord
from agent_console.sessions import Viewer

MAX_MESSAGE_BYTES = 16_384
"""More than any client has to say; the server closes with 1009 beyond it."""

CLOSED_SIGNED_OUT = 4401
CLOSED_TAKEN_OVER = 4001
CLOSED_ABUSE = 1008

DIALABLE = re.compile(r"\+?[0-9*#]{1,32}")

ShortText: TypeAlias = Annotated[str, Meta(max_length=200)]
Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]


class BadMessage(ValueError):
    """What the client sent is not a message of the protocol; the text says where and why, for the client to read."""


# -------------------------------------------------------------------------------------- from the client


class Resume(msgspec.Struct, frozen=True, tag="resume", forbid_unknown_fields=True):
    """I have seen everything up to `seq` of this `epoch`: tell me what I missed."""

    epoch: ShortText
    seq: Number


class To(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to consult, or where to send a call: an agent or a queue by its id, or a telephone number."""

    kind: Literal["agent", "queue", "number"]
    to: Annotated[str, Meta(min_length=1, max_length=80)]

    def target(self) -> say.Target:
        """In the ACD's words. Raises BadMessage where a number has no digits to dial."""
        if self.kind == "number" and not DIALABLE.fullmatch(self.to):
            raise BadMessage(f"to.to: expected a number such as +861065321234, got {self.to!r}")
        return say.Target(self.kind, self.to)


class Request(msgspec.Struct, frozen=True, tag="request", forbid_unknown_fields=True):
    """Something an agent or a supervisor wants done. `offer` and `call` say which is meant, where there is one; `to`,
    with whom (a transfer without it is to the party that is being consulted); `digits` are tones; `mode` is how to
    monitor; `phone` is which of the user's own telephones to log in or to listen at."""

    id: Number
    do: Literal[
        "log_in",
        "log_out",
        "go_ready",
        "go_not_ready",
        "end_wrap_up",
        "reject_offer",
        "hang_up",
        "hold",
        "resume",
        "consult",
        "join",
        "transfer",
        "place_call",
        "send_dtmf",
        "record",
        "pause_recording",
        "resume_recording",
        "monitor",
        "stop_monitoring",
    ]
    reason: ShortText = ""
    offer: Number = 0
    call: ShortText = ""
    to: To | None = None
    digits: ShortText = ""
    mode: say.MonitorMode = "listen"
    phone: Literal["", "desk", "softphone"] = ""


_CLIENT: msgspec.json.Decoder[Resume | Request] = msgspec.json.Decoder(Resume | Request)


def read(text: str | None) -> Resume | Request:
    """What the client means; None stands for a binary message. Raises BadMessage."""
    if text is None:
        raise BadMessage("expected text, got a binary message")
    try:
        return _CLIENT.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise BadMessage(str(error)) from error


def to_input(request: Request, viewer: Viewer, at: int) -> say.Request:
    """The request in the ACD's words, for the session's own agent, or of the supervisor whose session it is: a client
    can name no other. Raises BadMessage, also where the viewer has no such request."""
    if request.do in ("monitor", "stop_monitoring"):
        return _supervising(request, viewer, at)
    if viewer.agent is None:
        raise BadMessage("you are signed in without an agent")
    if request.do == "log_in":
        return say.LogIn(at=at, agent=viewer.agent, phone=_phone(request, viewer))
    return _of_agent(request, viewer.agent, at)


def _phone(request: Request, viewer: Viewer) -> str:
    """A client can name no telephone, only choose between the user's own."""
    if request.phone and request.phone not in viewer.phones:
        raise BadMessage(f"phone: you have no {request.phone}")
    return viewer.phones[request.phone] if request.phone else next(iter(viewer.phones.values()), "")


def _supervising(request: Request, viewer: Viewer, at: int) -> say.Request:
    if not viewer.sees_all:
        raise BadMessage("only a supervisor may do that")
    if request.do == "stop_monitoring":
        return say.StopMonitoring(at=at, by=viewer.user)
    if not viewer.phones:
        raise BadMessage("your user has no `phone` to listen at")
    if request.to is None or request.to.kind != "agent":
        raise BadMessage("to: expected the agent")
    return say.MonitorAgent(
        at=at, agent=request.to.to, by=viewer.user, phone=_phone(request, viewer), mode=request.mode
    )


def _of_agent(request: Request, agent: str, at: int) -> say.Request:
    match request.do:
        case "log_out":
            return say.LogOut(at=at, agent=agent)
        case "go_ready":
            return say.GoReady(at=at, agent=agent)
        case "go_not_ready":
            return say.GoNotReady(at=at, agent=agent, reason=request.reason)
        case "end_wrap_up":
            return say.EndWrapUp(at=at, agent=agent)
        case "reject_offer":
            return say.RejectOffer(at=at, agent=agent, offer=request.offer)
        case "place_call":
            if request.to is None or request.to.kind != "number":
                raise BadMessage("to: expected a number")
            return say.PlaceCall(at=at, agent=agent, number=request.to.to)
        case "send_dtmf":
            return say.SendDtmf(at=at, agent=agent, call=request.call, digits=request.digits)
        case "consult" | "transfer":
            return _with_somebody(request, agent, at)
        case _:
            return _ON_A_CALL[request.do](at=at, agent=agent, call=request.call)


_ON_A_CALL: Mapping[str, Callable[..., say.Request]] = MappingProxyType(
    {
        "hang_up": say.HangUp,
        "hold": say.HoldCall,
        "resume": say.ResumeCall,
        "join": say.JoinConsult,
        "record": say.RecordCall,
        "pause_recording": say.PauseRecording,
        "resume_recording": say.ResumeRecording,
    }
)


def _with_somebody(request: Request, agent: str, at: int) -> say.Request:
    to = request.to.target() if request.to is not None else None
    if request.do == "transfer":
        return say.TransferCall(at=at, agent=agent, call=request.call, to=to)
    if to is None:
        raise BadMessage("to: expected whom to consult")
    return say.ConsultCall(at=at, agent=agent, call=request.call, to=to)


# ---------------------------------------------------------------------------------------- to the client


class Me(msgspec.Struct, frozen=True):
    user: str
    role: str
    agent: str | None


class Popped(msgspec.Struct, frozen=True):
    """The caller of an offer. `connected`: the agent has answered."""

    offer: int
    call: str
    connected: bool
    record: PopRecord


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """Everything that this viewer may see, as of `seq`."""

    epoch: str
    seq: int
    at: int
    me: Me
    queues: list[QueueView]
    agents: list[AgentView]
    calls: list[CallView]
    links: list[LinkView]
    pop: Popped | None


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    id: int
    ok: bool
    why: str = ""


class Offered(msgspec.Struct, frozen=True, tag="offer"):
    """Who is calling: sent when a call is offered, and again when more is known."""

    offer: int
    call: str
    record: PopRecord


class Pop(msgspec.Struct, frozen=True, tag="pop"):
    """The agent has answered: this is the caller's record. Sent again when more is known."""

    offer: int
    call: str
    record: PopRecord


class PopWithdrawn(msgspec.Struct, frozen=True, tag="pop_withdrawn"):
    """The offer failed: this caller is no longer this agent's concern."""

    offer: int
    call: str
    reason: str


class TakenOver(msgspec.Struct, frozen=True, tag="taken_over"):
    """Another screen of the same agent has opened; this one is about to be closed."""


class Error(msgspec.Struct, frozen=True, tag="error"):
    """Your message was not understood."""

    why: str


ServerMessage: TypeAlias = Snapshot | Answer | Offered | Pop | PopWithdrawn | TakenOver | Error


def write(message: ServerMessage) -> str:
    return to_json(message)


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def fact_item(seq: int, at: int, fact: say.AnyFact) -> str:
    """One item of a `facts` message, as JSON, so that it is encoded once however many look at it."""
    return f'{{"seq":{seq},"at":{at},"fact":{to_json(fact)}}}'


def facts_message(first: int, last: int, at: int, items: Sequence[str], queues: Sequence[QueueView]) -> str:
    """All that a viewer may know of the journal's lines `first`..`last`, and the counts that they changed."""
    said = ",".join(items)
    return f'{{"type":"facts","from":{first},"to":{last},"at":{at},"facts":[{said}],"queues":{to_json(list(queues))}}}'
