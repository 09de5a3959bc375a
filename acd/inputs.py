"""What is said to the ACD: requests, which may be refused, and reports, which may be stale. Pure.

Units: `at` and everything ending in `_at` or `until` is milliseconds since 1970 UTC; everything ending in `_ms` is a
duration in milliseconds. Ids are strings, except an offer's, which is a number that never repeats in one journal.
`by` is the author of a supervisor's act, "" where the agent or the system itself asks.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from acd.input import Input
from acd.policy import AgentRules, QueueRules, RoutingRules
from acd.settings_changes import ChangeSettings
from acd.work_inputs import CancelCallback, ChooseCustomer, DisposeCall, ScheduleCallback, WriteNote

FailReason: TypeAlias = Literal[
    "no answer",
    "busy",
    "rejected",
    "unreachable",
    "caller gone",
    "agent gone",
    "not on switch",
    "withdrawn",
    "link lost",
    "answered elsewhere",
]
"""Why an offer failed. `withdrawn`: the ACD took it back (the caller chose otherwise, or the agent left); `link lost`:
nobody could have told us of an answer; `answered elsewhere`: another agent was quicker (ring all)."""

Wish: TypeAlias = Literal["callback", "message", "other"]


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a call is to be transferred, or whom to consult."""

    kind: Literal["agent", "queue", "number"]
    to: str


class SwitchCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A caller's channel as the switch lists it, with what we wrote on it. `queue` is "" where none was entered.
    `bridged`: whether somebody is joined to it; None if that is not told. `waits`: it is with our IVR or its music, and
    not behind a bridge that has ended."""

    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    port: str = ""
    queue: str = ""
    priority: int = 0
    joined_at: int = 0
    head_start_ms: int = 0
    bridged: bool | None = None
    waits: bool = False


class SwitchLeg(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent's channel as the switch lists it: the leg of one offer."""

    offer: int
    channel: str
    answered: bool = False
    bridged: bool = False
    recorded: bool = False


class Configure(Input, frozen=True):
    """Rules to go by from now on. Said at each start; refused if a queue with callers or a busy agent would vanish."""

    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]
    routing: RoutingRules = RoutingRules()


class LogIn(Input, frozen=True):
    """`phone` is what the switch dials to reach the agent, such as `PJSIP/1001`."""

    agent: str
    phone: str = ""


class LogOut(Input, frozen=True):
    agent: str
    by: str = ""


class GoReady(Input, frozen=True):
    agent: str
    by: str = ""


class GoNotReady(Input, frozen=True):
    """While talking: after this call, not ready."""

    agent: str
    reason: str = ""
    by: str = ""


class EndWrapUp(Input, frozen=True):
    agent: str


class ExtendWrapUp(Input, frozen=True):
    """`more_ms` longer than it would last now; the queue's limit holds."""

    agent: str
    more_ms: int


class RejectOffer(Input, frozen=True):
    agent: str
    offer: int


class HangUp(Input, frozen=True):
    """The agent asks for the end of the call that they are talking on."""

    agent: str
    call: str


class HoldCall(Input, frozen=True):
    agent: str
    call: str


class ResumeCall(Input, frozen=True):
    """Back to the held caller; a consultation that still goes on is dropped."""

    agent: str
    call: str


class ConsultCall(Input, frozen=True):
    """The caller is held while the agent talks to somebody else."""

    agent: str
    call: str
    to: Target


class JoinConsult(Input, frozen=True):
    """Conference: the consulted party, the agent and the caller hear each other."""

    agent: str
    call: str


class TransferCall(Input, frozen=True):
    """Blind; or attended, if the agent is consulting: the consulted party gets the caller, and `to` is left out."""

    agent: str
    call: str
    to: Target | None = None


class PlaceCall(Input, frozen=True):
    """The agent's own telephone rings; once it is answered, `number` is dialed. On behalf of `queue`, or of the first
    that the agent serves."""

    agent: str
    number: str
    queue: str = ""


class SendDtmf(Input, frozen=True):
    """Tones for whom the agent talks to: the consulted party, or else the caller (`digits`: 0-9, A-D, * and #)."""

    agent: str
    call: str
    digits: str


class RecordCall(Input, frozen=True):
    """On demand, from now on to the end of the agent's part."""

    agent: str
    call: str


class PauseRecording(Input, frozen=True):
    """Such as while card data is spoken: silence stands in its place."""

    agent: str
    call: str


class ResumeRecording(Input, frozen=True):
    agent: str
    call: str


class RecordingFailed(Input, frozen=True):
    """The switch has not done what was asked of it: it records what is thought paused, or nothing."""

    offer: int
    paused: bool
    why: str


MonitorMode: TypeAlias = Literal["listen", "whisper", "barge"]
"""`listen`: hears both; `whisper`: is heard by the agent as well; `barge`: by both."""


class MonitorAgent(Input, frozen=True):
    """A supervisor listens at `phone` to the call that the agent talks on, or changes the mode."""

    agent: str
    by: str
    phone: str
    mode: MonitorMode = "listen"


class StopMonitoring(Input, frozen=True):
    by: str


class EnterQueue(Input, frozen=True):
    """The IVR asks for an agent. A higher `priority` is served first.

    `skills`: what this call asks for beside what the queue asks for. `preferred`: an agent to be asked first, such as
    the one who talked to the caller last. `head_start_ms`: time that counts as waited already.
    """

    call: str
    queue: str
    priority: int = 0
    skills: str = ""
    preferred: str = ""
    head_start_ms: int = 0


class LeaveQueue(Input, frozen=True):
    """The caller would rather be called back at `number`, or has left a message (`recording` names the file)."""

    call: str
    wish: Wish
    number: str = ""
    recording: str = ""


class CallbackAnswered(Input, frozen=True):
    """The caller of a virtual hold, or the number that an agent wanted, answers the telephone."""

    call: str
    channel: str


class CallbackFailed(Input, frozen=True):
    call: str
    reason: FailReason


class MoveCall(Input, frozen=True):
    """A supervisor sends a waiting call to another queue; it keeps the time it has waited."""

    call: str
    queue: str
    by: str


class SetPriority(Input, frozen=True):
    call: str
    priority: int
    by: str


class PullCall(Input, frozen=True):
    """A waiting call goes to this free agent, whoever else waits."""

    call: str
    agent: str
    by: str


class ChangeSkills(Input, frozen=True):
    """Skill or group → level from 1: all that the agent has from now on."""

    agent: str
    skills: dict[str, int]
    by: str


class OpenQueue(Input, frozen=True):
    """`by` a supervisor, or `hours`."""

    queue: str
    by: str


class CloseQueue(Input, frozen=True):
    queue: str
    by: str


class CallArrived(Input, frozen=True):
    """A call has reached the PBX. `queue` is set where a dialplan hands it over without our IVR."""

    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    node: str = ""
    port: str = ""
    queue: str = ""


class CallerIdentified(Input, frozen=True):
    """The numbers of a call that came without them; `link` brought them (such as `serial:line1`)."""

    call: str
    ani: str
    link: str
    dnis: str = ""


class MenuAnswered(Input, frozen=True):
    call: str
    menu: str
    choice: str


class OfferAnswered(Input, frozen=True):
    offer: int
    channel: str


class OfferUnanswered(Input, frozen=True):
    offer: int
    reason: FailReason


class CallerGone(Input, frozen=True):
    """The caller's channel has ended. `cause` in the switch's words."""

    call: str
    cause: str = ""


class AgentGone(Input, frozen=True):
    """The agent's channel of this offer has ended, ringing or talking."""

    offer: int
    cause: str = ""


class ConsoleOpened(Input, frozen=True):
    agent: str


class ConsoleClosed(Input, frozen=True):
    """The agent's last screen is gone (tab closed, network lost)."""

    agent: str


class LinkLost(Input, frozen=True):
    """`link` is `ami:NODE`, `serial:LINE` or `database`."""

    link: str
    why: str


class LinkRestored(Input, frozen=True):
    link: str


class SwitchListed(Input, frozen=True):
    """Everything of ours that exists on a node. What began after `asked_at` is not judged by it."""

    node: str
    asked_at: int
    calls: list[SwitchCall]
    legs: list[SwitchLeg]


class PhoneState(Input, frozen=True):
    """Whether the switch has this telephone (`LogIn.phone`); `why` in the switch's words."""

    phone: str
    reachable: bool
    why: str = ""


class SmdrArrived(Input, frozen=True):
    """The PBX's record on the RS-232 line says that this call is over; `text` is the line as it came."""

    call: str
    link: str
    text: str
    talked_ms: int = 0


class MessageFound(Input, frozen=True):
    """The dialplan has taken a message while we could not be reached. `recording` is unique; `recorded_at` its end."""

    call: str
    recording: str
    node: str
    ani: str
    dnis: str
    began_at: int
    recorded_at: int


class TimeCame(Input, frozen=True):
    """A deadline (`Acd.next_deadline`) has passed."""


Request: TypeAlias = (
    Configure
    | ChangeSettings
    | LogIn
    | LogOut
    | GoReady
    | GoNotReady
    | EndWrapUp
    | ExtendWrapUp
    | RejectOffer
    | HangUp
    | HoldCall
    | ResumeCall
    | ConsultCall
    | JoinConsult
    | TransferCall
    | PlaceCall
    | SendDtmf
    | RecordCall
    | PauseRecording
    | ResumeRecording
    | WriteNote
    | DisposeCall
    | ChooseCustomer
    | ScheduleCallback
    | CancelCallback
    | MonitorAgent
    | StopMonitoring
    | EnterQueue
    | LeaveQueue
    | MoveCall
    | SetPriority
    | PullCall
    | ChangeSkills
    | OpenQueue
    | CloseQueue
)
Report: TypeAlias = (
    CallArrived
    | CallerIdentified
    | MenuAnswered
    | OfferAnswered
    | OfferUnanswered
    | CallbackAnswered
    | CallbackFailed
    | RecordingFailed
    | CallerGone
    | AgentGone
    | ConsoleOpened
    | ConsoleClosed
    | LinkLost
    | LinkRestored
    | SwitchListed
    | PhoneState
    | SmdrArrived
    | MessageFound
    | TimeCame
)
AnyInput: TypeAlias = Request | Report
