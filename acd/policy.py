"""The rules an operator writes: how queues treat calls, who the agents are, how calls and agents are chosen. Pure.

They are values of the vocabulary: said in `Configure`, kept in the fact `Configured`. Everything ending in `_ms` is a
duration in milliseconds. A text of skills (`billing >= 3 and zh >= 4`) is in the language of `acd.asks`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

AgentChoice: TypeAlias = Literal[
    "longest idle",
    "least occupied",
    "fewest calls",
    "least talk time",
    "round robin",
    "in order",
    "best skill",
    "weighted random",
    "ring all",
]
"""How a queue chooses among free agents of the same level: each name is a function in `acd.agent_choices`."""

CallChoice: TypeAlias = Literal["oldest", "priority", "priority with ageing", "queue weight", "service level"]
"""How a free agent's call is chosen across queues: each name is a function in `acd.call_choices`."""

Condition: TypeAlias = Literal[
    "free", "offered", "reserved", "connected", "wrap-up", "resting", "unreachable", "not ready", "logged off"
]
"""Why an agent can or cannot be offered a call, in one word. `unreachable`: the agent's telephone is not there."""

Recording: TypeAlias = Literal["never", "on demand", "always"]
"""Whether a queue's talks are recorded. `on demand`: from when the agent asks for it."""

MissPolicy: TypeAlias = Literal["not ready", "rest", "next"]
"""What follows when an agent did not take an offer. `not ready`: until the agent says otherwise; `rest`: no offers for
`rest_ms`; `next`: stays ready, and this call tries others first (a busy or absent telephone rests all the same, and so
does who missed a call that rang at all: there are no others)."""

TreatmentKind: TypeAlias = Literal["queue", "number", "voicemail", "callback", "hang up"]


class Treatment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a call goes that cannot wait (any longer). `to` is a queue or a number; "" for the others."""

    kind: TreatmentKind
    to: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changes for a call that has waited `after_ms` since it joined. What is left out stays as it was.

    `skills` replaces what the queue asks for; `forget_ask` drops what the call itself asked for; `levels` is the
    highest level of agents that may be asked now (0: all); `widen` asks for agents who do not serve the queue (such as
    a group's name); `priority` is added. `announce` names what the caller hears; `offer_callback` asks whether the
    caller would rather be called back; `overflow` sends the call away.
    """

    after_ms: int
    skills: str | None = None
    forget_ask: bool = False
    levels: int | None = None
    widen: str | None = None
    priority: int = 0
    announce: str = ""
    offer_callback: bool = False
    overflow: Treatment | None = None


class CallbackRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Virtual hold: the caller hangs up and keeps the place. Dialed `lead_ms` before an agent is likely to be free;
    rung for `ring_ms`; `tries` attempts, `retry_ms` apart; after the last, or when the place has been kept for
    `keep_ms`, the wish stays on record for people."""

    lead_ms: int = 20_000
    ring_ms: int = 30_000
    tries: int = 3
    retry_ms: int = 300_000
    keep_ms: int = 86_400_000


class QueueRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one queue treats its calls. 0 means no limit wherever a limit stands.

    `handle_ms`: the first guess of talk plus wrap-up, until calls have shown it. `skills` is what every call of the
    queue asks for, `levels` the highest level of agents asked at first; `steps` relax both.

    `priority` is added to each call's own; `weight` counts for the call choice of that name. `count_ivr`: the time
    before joining counts as waited. `resume_ms`: so long after hanging up while waiting (or being cut off), a caller
    known by ANI gets the old place back. `prefer_ms`: how long a call with a preferred agent waits for that one only.

    `join_when`, `stay_when`: conditions, of which at least one agent of the queue must be in one (empty: no matter).

    `wrap_up_ms` 0: none; `wrap_up_open`: until the agent ends it, at most `wrap_up_limit_ms`, which also bounds every
    extension. `dispositions`: what a call can have been about, a tree of paths such as `sale/new customer`; if one is
    required, the agent cannot end wrap-up without it. `max_misses`: after so many missed offers in a row an agent is
    set not ready whatever the policy.
    """

    name: str
    ring_ms: int = 15_000
    wrap_up_ms: int = 15_000
    service_level_ms: int = 20_000
    handle_ms: int = 180_000
    agent_choice: AgentChoice = "longest idle"
    skills: str = ""
    levels: int = 0
    steps: tuple[Step, ...] = ()
    priority: int = 0
    weight: int = 1
    count_ivr: bool = False
    resume_ms: int = 0
    prefer_ms: int = 30_000
    max_waiting: int = 0
    max_wait_ms: int = 0
    join_when: tuple[Condition, ...] = ()
    stay_when: tuple[Condition, ...] = ()
    when_full: Treatment = Treatment("voicemail")
    when_too_long: Treatment = Treatment("voicemail")
    when_empty: Treatment = Treatment("voicemail")
    when_closed: Treatment = Treatment("voicemail")
    serve_after_closing: bool = True
    on_no_answer: MissPolicy = "not ready"
    on_reject: MissPolicy = "not ready"
    rest_ms: int = 10_000
    max_misses: int = 0
    wrap_up_open: bool = False
    wrap_up_limit_ms: int = 3_600_000
    callback: CallbackRules | None = None
    record: Recording = "never"
    dispositions: tuple[str, ...] = ()
    disposition_required: bool = False


class AgentRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who an agent is and which queues they serve: queue → level, 1 is asked first (a penalty or tier elsewhere).

    `skills`: skill or group → level from 1. `weight`: the share of calls by the choice `weighted random`.
    """

    name: str
    queues: dict[str, int]
    skills: dict[str, int] = {}
    weight: int = 1


class RoutingRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds across queues. `ageing_ms`: so much waiting weighs as much as one step of priority. `dials_out`: the
    node that places agents' calls; "": they cannot place any."""

    call_choice: CallChoice = "priority"
    ageing_ms: int = 60_000
    dials_out: str = ""
