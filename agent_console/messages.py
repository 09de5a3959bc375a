"""The WebSocket's messages: JSON text ↔ what is meant. Pure. The protocol is told in `docs/console-protocol.md`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from acd import vocabulary as say
from acd.work_rules import too_long
from agent_console import rights
from agent_console.board import AgentView, CallView, LinkView, QueueView
from agent_console.callers import PopRecord, Today
from agent_console.sessions import Viewer
from agent_console.settings import Role

PROTOCOL = 1
"""Raised when what is said here changes so that a screen that was written for it before would go wrong. A new message,
fact or field is no such change: a client passes over what it does not know."""

MAX_MESSAGE_BYTES = 65_536
"""More than any client has to say, the longest note in any script included; the server closes with 1009 beyond it."""

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
    with whom (a transfer without it is to the party that is being consulted); `digits` are tones; `more_ms` is how much
    longer a wrap-up is to last; `text` is the note; `phone` is which of the user's own telephones to log in or to
    listen at. Others are what a supervisor acts on: which `agent`, `queue`, `skills`, `priority`, and the `mode` of
    monitoring."""

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
        "extend_wrap_up",
        "write_note",
        "dispose",
        "choose_customer",
        "schedule_callback",
        "cancel_callback",
        "monitor",
        "stop_monitoring",
        "set_ready",
        "set_not_ready",
        "set_logged_out",
        "change_skills",
        "move_call",
        "set_priority",
        "pull_call",
        "open_queue",
        "close_queue",
        "cancel_any_callback",
    ]
    reason: ShortText = ""
    offer: Number = 0
    call: ShortText = ""
    to: To | None = None
    digits: ShortText = ""
    mode: say.MonitorMode = "listen"
    agent: ShortText = ""
    queue: ShortText = ""
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    skills: Annotated[dict[ShortText, Annotated[int, Meta(ge=1, le=1_000)]], Meta(max_length=100)] = {}
    more_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    text: str = ""
    disposition: Annotated[str, Meta(max_length=500)] = ""
    customer: ShortText = ""
    due_at: Number = 0
    own: bool = False
    callback: ShortText = ""
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
    if why := rights.why_not(request.do, viewer):
        raise BadMessage(why)
    if (act := SUPERVISING.get(request.do)) is not None:
        return act(request, viewer, at)
    if request.do == "log_in":
        return say.LogIn(at=at, agent=viewer.agent or "", phone=_phone(request, viewer))
    return _of_agent(request, viewer.agent or "", at)


def _phone(request: Request, viewer: Viewer) -> str:
    """A client can name no telephone, only choose between the user's own."""
    if request.phone and request.phone not in viewer.phones:
        raise BadMessage(f"phone: you have no {request.phone}")
    return viewer.phones[request.phone] if request.phone else next(iter(viewer.phones.values()), "")


def _monitor(request: Request, viewer: Viewer, at: int) -> say.Request:
    if not viewer.phones:
        raise BadMessage("your user has no `phone` to listen at")
    if request.to is None or request.to.kind != "agent":
        raise BadMessage("to: expected the agent")
    return say.MonitorAgent(
        at=at, agent=request.to.to, by=viewer.user, phone=_phone(request, viewer), mode=request.mode
    )


SUPERVISING: Mapping[str, Callable[[Request, Viewer, int], say.Request]] = MappingProxyType(
    {
        "monitor": _monitor,
        "stop_monitoring": lambda _, who, at: say.StopMonitoring(at, who.user),
        "set_ready": lambda asked, who, at: say.GoReady(at, asked.agent, who.user),
        "set_not_ready": lambda asked, who, at: say.GoNotReady(at, asked.agent, asked.reason, who.user),
        "set_logged_out": lambda asked, who, at: say.LogOut(at, asked.agent, who.user),
        "change_skills": lambda asked, who, at: say.ChangeSkills(at, asked.agent, asked.skills, who.user),
        "move_call": lambda asked, who, at: say.MoveCall(at, asked.call, asked.queue, who.user),
        "set_priority": lambda asked, who, at: say.SetPriority(at, asked.call, asked.priority, who.user),
        "pull_call": lambda asked, who, at: say.PullCall(at, asked.call, asked.agent, who.user),
        "open_queue": lambda asked, who, at: say.OpenQueue(at, asked.queue, who.user),
        "close_queue": lambda asked, who, at: say.CloseQueue(at, asked.queue, who.user),
        "cancel_any_callback": lambda asked, who, at: say.CancelCallback(at, "", asked.callback, who.user),
    }
)
"""What only a supervisor may ask for; each carries its author."""


def _of_agent(request: Request, agent: str, at: int) -> say.Request:
    if request.do in WORK:
        return _work(request, agent, at)
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


WORK = frozenset(("extend_wrap_up", "write_note", "dispose", "choose_customer", "schedule_callback", "cancel_callback"))


def _work(request: Request, agent: str, at: int) -> say.Request:
    """An agent's work with a caller, on the line or in wrap-up."""
    match request.do:
        case "write_note":
            if len(request.text) > say.LONGEST_NOTE:  # before it stands in the journal
                raise BadMessage(too_long(request.text))
            return say.WriteNote(at=at, agent=agent, call=request.call, text=request.text)
        case "dispose":
            return say.DisposeCall(at=at, agent=agent, call=request.call, disposition=request.disposition)
        case "choose_customer":
            return say.ChooseCustomer(at=at, agent=agent, call=request.call, customer=request.customer)
        case "schedule_callback":
            return _callback(request, agent, at)
        case "cancel_callback":
            return say.CancelCallback(at=at, agent=agent, callback=request.callback)
        case _:
            return say.ExtendWrapUp(at=at, agent=agent, more_ms=request.more_ms)


def _callback(request: Request, agent: str, at: int) -> say.ScheduleCallback:
    if request.to is not None and request.to.kind != "number":
        raise BadMessage("to: expected a number")
    number = request.to.to if request.to is not None else ""
    return say.ScheduleCallback(
        at=at, agent=agent, call=request.call, due_at=request.due_at, number=number, own=request.own
    )


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
    role: Role
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
    protocol: int = PROTOCOL


class FactItem(msgspec.Struct, frozen=True):
    """A fact, with the line of the journal that it stands in and when it happened."""

    seq: int
    at: int
    fact: say.AnyFact


Item = TypeVar("Item", FactItem, msgspec.Raw)
"""What is said, or its JSON: a fact is encoded once, however many look at it."""


class FactsOf(msgspec.Struct, Generic[Item], frozen=True, tag="facts"):
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    at: int
    facts: list[Item]
    queues: list[QueueView]


class Facts(FactsOf[FactItem], frozen=True, tag="facts"):
    """What a viewer may know of the journal's lines `from`..`to`, and the counts that have changed. `at` is now."""


class FloorFigures(msgspec.Struct, frozen=True, tag="figures"):
    """The day so far, for supervisors: `whole` with a snapshot; then, when it has changed, those queues that have
    changed, each with all its sums and those intervals that have changed."""

    today: Today
    whole: bool


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


ServerMessage: TypeAlias = (
    Snapshot | FactsOf[msgspec.Raw] | FloorFigures | Answer | Offered | Pop | PopWithdrawn | TakenOver | Error
)


def write(message: ServerMessage) -> str:
    return to_json(message)


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def fact_item(seq: int, at: int, fact: say.AnyFact) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(FactItem(seq, at, fact)))
