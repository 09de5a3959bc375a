"""Any input whatever: rules and words that a floor may hear, made from a source of choices. Pure.

Ids exist, existed or never existed. `pick` chooses one of several: Hypothesis's draw, or a seeded random.Random's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from acd import vocabulary as say
from acd.model import State
from acd.moves import AgentLine, Presence, Stage
from acd.policy import (
    AgentRules,
    CallbackRules,
    Condition,
    QueueRules,
    RoutingRules,
    Step,
    Treatment,
    TreatmentKind,
)

Pick: TypeAlias = Callable[[Sequence[Any]], Any]

QUEUES = ("q1", "q2", "q3")
AGENTS = ("a1", "a2", "a3", "a4")
NODES = ("", "n2")
ASKS = ("", "", "", "", "", "zh", "zh >= 2", "en or zh", "not en", "nobody >= 9")
STANDS = ((), (), (), (), ("free", "connected", "wrap-up"), ("free", "offered", "not ready"))
TREATMENTS: tuple[TreatmentKind, ...] = ("queue", "number", "voicemail", "callback", "hang up")


# ------------------------------------------------------------------------------------------------- rules


def any_rules(pick: Pick, at: int) -> say.Configure:
    """A configuration with every option; now and then one that cannot be gone by."""
    queues = QUEUES[: pick((3, 3, 2))]
    return say.Configure(
        at,
        {name: _queue(pick, name) for name in queues},
        {name: _agent(pick, name, queues) for name in AGENTS[: pick((4, 4, 2))]},
        RoutingRules(
            pick(("priority", "oldest", "priority with ageing", "queue weight", "service level")),
            pick((60_000, 1_000)),
            pick(("n2", "n2", "")),
        ),
    )


def _agent(pick: Pick, name: str, queues: Sequence[str]) -> AgentRules:
    serves = {queue: level for queue in queues if (level := pick((1, 1, 2, 0)))}
    skills = {skill: level for skill in ("zh", "en") if (level := pick((0, 1, 3)))}
    return AgentRules(name, serves, skills, pick((1, 3)))


def _queue(pick: Pick, name: str) -> QueueRules:
    wrap_up_ms = pick((0, 10_000))
    return QueueRules(
        name,
        ring_ms=pick((15_000, 1_000)),
        wrap_up_ms=wrap_up_ms,
        handle_ms=pick((180_000, 5_000)),
        agent_choice=pick(
            (
                "longest idle",
                "ring all",
                "least occupied",
                "fewest calls",
                "least talk time",
                "round robin",
                "in order",
                "best skill",
                "weighted random",
            )
        ),
        skills=pick(ASKS),
        levels=pick((0, 0, 1)),
        steps=_steps(pick),
        priority=pick((0, 2)),
        weight=pick((1, 5)),
        count_ivr=pick((False, True)),
        resume_ms=pick((0, 60_000)),
        prefer_ms=pick((30_000, 0)),
        max_waiting=pick((0, 0, 2)),
        max_wait_ms=pick((0, 20_000)),
        join_when=_condition(pick),
        stay_when=_condition(pick),
        when_full=_treatment(pick),
        when_too_long=_treatment(pick),
        when_empty=_treatment(pick),
        when_closed=_treatment(pick),
        serve_after_closing=pick((True, False)),
        on_no_answer=pick(("not ready", "rest", "next")),
        on_reject=pick(("next", "rest", "not ready")),
        rest_ms=pick((10_000, 1_000)),
        max_misses=pick((0, 2)),
        wrap_up_open=pick((False, False, True)),
        wrap_up_limit_ms=pick((3_600_000, 5_000)),
        dispositions=("sale/new", "complaint"),
        disposition_required=wrap_up_ms > 0 and pick((False, True)),
        callback=pick((CallbackRules(), CallbackRules(60_000, 5_000, 2, 1_000), CallbackRules(keep_ms=40_000), None)),
    )


def _condition(pick: Pick) -> tuple[Condition, ...]:
    words: tuple[Condition, ...] = pick(STANDS)
    return words


def _treatment(pick: Pick) -> Treatment:
    kind: TreatmentKind = pick(TREATMENTS)
    return Treatment(kind, pick(QUEUES[:2]) if kind == "queue" else "555" if kind == "number" else "")


def _steps(pick: Pick) -> tuple[Step, ...]:
    steps: list[Step] = []
    after_ms = 0
    for _ in range(pick((0, 1, 2, 3))):
        after_ms += pick((5_000, 0, 30_000))
        steps.append(
            Step(
                after_ms,
                skills=pick((None, "", "en")),
                forget_ask=pick((False, True)),
                levels=pick((None, 2, 0)),
                widen=pick((None, "zh", "")),
                priority=pick((0, 1)),
                announce=pick(("", "sorry")),
                offer_callback=pick((False, True)),
                overflow=_treatment(pick) if pick((False, False, True)) else None,
            )
        )
    return tuple(steps)


# --------------------------------------------------------------------------------------------------- who


def _call(state: State, pick: Pick) -> str:
    some = [*state.calls] * 6 + list(state.ended)[-1:] + ["never"]
    return str(pick(some))


def _new_call(state: State, pick: Pick) -> str:
    """The next id; now and then one that is taken."""
    number = len(state.calls) + len(state.ended)
    return str(pick([f"c{number}"] * 5 + [_call(state, pick)]))


def _staged(state: State, pick: Pick, *stages: Stage) -> str:
    """A call in one of these stages, if there is one; now and then any."""
    some = [call.id for call in state.calls.values() if call.stage in stages]
    return str(pick(some * 6 + [_call(state, pick)]))


def _agent_id(state: State, pick: Pick, *lines: AgentLine) -> str:
    some = [agent.id for agent in state.agents.values() if agent.line in lines]
    return str(pick(some * 12 + [*AGENTS * 2, "nobody"]))


def _offer(state: State, pick: Pick, connected: bool) -> int:
    some = [offer.id for offer in state.offers.values() if bool(offer.connected_at) is connected]
    return int(pick(some * 20 + [*state.offers] + [state.last_offer, 9_999]))


def _talk(state: State, pick: Pick) -> tuple[str, str]:
    """An agent and the call that they talk on, mostly."""
    agent = _agent_id(state, pick, AgentLine.CONNECTED)
    call = state.agents[agent].call if agent in state.agents else ""
    return agent, str(pick([call] * 12 + [_call(state, pick)]))


def _target(state: State, pick: Pick) -> say.Target:
    kind = pick(("agent", "queue", "number"))
    if kind == "agent":
        return say.Target(kind, pick((_agent_id(state, pick, AgentLine.FREE), "")))
    return say.Target(kind, pick((*QUEUES, "nowhere")) if kind == "queue" else pick(("555", "")))


# ----------------------------------------------------------------------------------------- what they say


def caller(state: State, at: int, pick: Pick) -> say.AnyInput:
    """A caller, or the IVR and the switch on the caller's behalf."""
    kind = pick(("arrive",) * 4 + ("enter",) * 4 + ("gone", "gone", "menu", "identify", "leave", "leave", "leave"))
    if kind == "arrive":
        queue = pick((*QUEUES * 3, "", "", "nowhere"))
        ani, node = pick(("", "+861", "+862")), pick(NODES)
        return say.CallArrived(at, _new_call(state, pick), "x", ani, "100", node, queue=queue)
    if kind == "enter":
        return say.EnterQueue(
            at,
            _staged(state, pick, Stage.IN_IVR),
            pick((*QUEUES * 3, "nowhere")),
            pick((0, 0, 3)),
            pick((*ASKS, "zh >=")),
            pick(("", *AGENTS, "nobody")),
            pick((0, 9_000)),
        )
    if kind == "leave":
        call = _staged(state, pick, Stage.QUEUED, Stage.OFFERED)
        return say.LeaveQueue(at, call, pick(("callback", "callback", "message", "other")), pick(("", "777")))
    if kind == "gone":
        return say.CallerGone(at, _call(state, pick), "16")
    if kind == "menu":
        return say.MenuAnswered(at, _call(state, pick), "top", "1")
    return say.CallerIdentified(at, _call(state, pick), pick(("+861", "")), "serial:l", pick(("", "200")))


def agent(state: State, at: int, pick: Pick) -> say.AnyInput:
    """An agent at the console, or the console itself."""
    who = _agent_id(state, pick)
    kind = pick(("ready", "ready", "ready", "not ready", "log out", "open", "close", "wrapped", "extend", "reject"))
    if kind == "ready":
        away = [one.id for one in state.agents.values() if one.presence is not Presence.READY]
        who = pick(away * 4 + [who])
        ready = who in away and state.agents[who].presence is Presence.NOT_READY
        return say.GoReady(at, who) if pick((ready, ready, ready, not ready)) else say.LogIn(at, who, "PJSIP/1")
    if kind == "not ready":
        return say.GoNotReady(at, who, pick(("lunch", "")))
    if kind == "log out":
        return say.LogOut(at, _agent_id(state, pick, AgentLine.RESERVED, AgentLine.RESTING))
    if kind in ("open", "close"):
        return say.ConsoleOpened(at, who) if kind == "open" else say.ConsoleClosed(at, who)
    if kind == "reject":
        who = _agent_id(state, pick, AgentLine.OFFERED)
        offer = state.agents[who].offer if who in state.agents else 0
        return say.RejectOffer(at, who, pick((offer, offer, 9_999)))
    who = _agent_id(state, pick, AgentLine.WRAP_UP)
    return say.EndWrapUp(at, who) if kind == "wrapped" else say.ExtendWrapUp(at, who, pick((1_000, 9_999_999, -1)))


def talk(state: State, at: int, pick: Pick) -> say.AnyInput:
    """An agent about the call they talk on."""
    who, call = _talk(state, pick)
    often = ("consult", "consult", "consult", "hold", "resume", "transfer", "attended", "join", "hang up")
    kind = pick((*often, "record", "place", "place", "work"))
    consult = state.calls.get(state.agents[who].consult) if who in state.agents else None
    if consult is not None and consult.stage is Stage.CONNECTED:
        kind = pick((kind, "join", "attended"))
    if kind == "consult":
        return say.ConsultCall(at, who, call, _target(state, pick))
    if kind == "hold":
        return say.HoldCall(at, who, call)
    if kind == "resume":
        return say.ResumeCall(at, who, call)
    if kind == "join":
        return say.JoinConsult(at, who, call)
    if kind == "hang up":
        return say.HangUp(at, who, call)
    if kind == "place":
        line = pick((AgentLine.FREE, AgentLine.FREE, AgentLine.WRAP_UP, AgentLine.RESTING))
        return say.PlaceCall(at, _agent_id(state, pick, line), pick(("010", "010", "x")), pick(("", "", *QUEUES)))
    if kind == "work":
        return _work(state, at, pick)
    if kind == "record":
        recorded = pick((say.RecordCall, say.PauseRecording, say.ResumeRecording, say.SendDtmf))
        return say.SendDtmf(at, who, call, pick(("12#", ""))) if recorded is say.SendDtmf else recorded(at, who, call)
    return say.TransferCall(at, who, call, _target(state, pick) if kind == "transfer" else None)


def _work(state: State, at: int, pick: Pick) -> say.AnyInput:
    """An agent's work with the caller, while talking or afterwards."""
    who = _agent_id(state, pick, AgentLine.CONNECTED, AgentLine.WRAP_UP)
    call = pick((state.agents[who].call if who in state.agents else "", "never"))
    kind = pick(("note", "dispose", "dispose", "choose", "agree", "agree", "agree", "cancel"))
    if kind == "agree":
        due_at, own = at + pick((1_000, 30_000, 0)), pick((True, False))
        return say.ScheduleCallback(at, who, call, due_at, pick(("", "0900", "x")), pick(("", *QUEUES)), own)
    if kind == "cancel":
        if pick((True, False)):
            return say.CancelCallback(at, "", pick([*state.scheduled, *state.calls, "never"]), "boss")
        return say.CancelCallback(at, pick((who, *AGENTS)), pick([*state.scheduled, "never"]))
    if kind == "note":
        return say.WriteNote(at, who, call, pick(("called about an invoice", "")))
    if kind == "dispose":
        return say.DisposeCall(at, who, call, pick(("sale/new", "complaint", "nothing")))
    return say.ChooseCustomer(at, who, call, pick(("7", "")))


def telephone(state: State, at: int, pick: Pick) -> say.AnyInput:
    """What becomes of the telephones that ring, and of those that talk."""
    often = ("answer", "answer", "answer", "answer")
    kind = pick((*often, "no answer", "agent gone", "called back", "not reached", "not recorded", "heard"))
    if kind in ("called back", "not reached") and pick((True, True, True, False)):
        kind = kind if _dialed(state) else "answer"
    if kind == "answer":
        return say.OfferAnswered(at, _offer(state, pick, connected=False), "y")
    if kind == "no answer":
        reason = pick(("no answer", "busy", "rejected", "unreachable"))
        return say.OfferUnanswered(at, _offer(state, pick, connected=False), reason)
    if kind == "agent gone":
        return say.AgentGone(at, _offer(state, pick, connected=True), "16")
    if kind == "not recorded":
        return say.RecordingFailed(at, _offer(state, pick, connected=True), pick((True, False)), "refused")
    if kind == "heard":
        return _monitor_leg(pick([*state.monitors, 9_999]), at, pick)
    call = pick([*_dialed(state), "nobody"])
    if kind == "called back":
        return say.CallbackAnswered(at, call, "z")
    return say.CallbackFailed(at, call, pick(("no answer", "busy")))


def _dialed(state: State) -> list[str]:
    """The calls for which a number outside rings."""
    return [call.id for call in state.calls.values() if call.stage is Stage.DIALED or call.dialing]


def _monitor_leg(leg: int, at: int, pick: Pick) -> say.AnyInput:
    kind = pick((say.OfferAnswered, say.AgentGone, say.OfferUnanswered))
    return say.OfferUnanswered(at, leg, "busy") if kind is say.OfferUnanswered else kind(at, leg, "m")


def supervisor(state: State, at: int, pick: Pick) -> say.AnyInput:
    call = _staged(state, pick, Stage.QUEUED, Stage.CALLBACK, Stage.DIALED)
    queue = pick((*QUEUES, "nowhere"))
    often = (
        "move",
        "move",
        "priority",
        "priority",
        "pull",
        "pull",
        "pull",
        "close",
        "open",
        "open",
        "rules",
        "settings",
    )
    kind = pick((*often, "monitor", "monitor", "monitor", "unmonitor", "skills"))
    if kind == "skills":
        skills = pick(({}, {"zh": 2}, {"zh": 1, "billing": 3}, {"en": 0}))
        return say.ChangeSkills(at, _agent_id(state, pick), skills, "boss")
    if kind == "monitor":
        who, boss = _agent_id(state, pick, AgentLine.CONNECTED), pick(("boss", "chief"))
        return say.MonitorAgent(at, who, boss, pick(("PJSIP/9", "PJSIP/9", "")), pick(("listen", "whisper", "barge")))
    if kind == "unmonitor":
        return say.StopMonitoring(at, pick(("boss", "chief")))
    if kind == "move":
        return say.MoveCall(at, call, queue, "boss")
    if kind == "priority":
        return say.SetPriority(at, call, pick((0, 5, -2)), "boss")
    if kind == "pull":
        return say.PullCall(at, call, _agent_id(state, pick, AgentLine.FREE), "boss")
    if kind == "rules":
        return any_rules(pick, at)
    if kind == "settings":
        rules = any_rules(pick, at)
        changes = (say.Change("queues.q1", {"name": "q1"}, pick((None, {"name": "other"}))),)
        return say.ChangeSettings(at, "boss", changes, rules.queues, rules.agents, rules.routing)
    return say.CloseQueue(at, queue, "boss") if kind == "close" else say.OpenQueue(at, queue, "boss")


def switch(state: State, at: int, pick: Pick) -> say.AnyInput:
    link = pick(("ami:", "ami:", "ami:n2", "serial:l", "database"))
    kind = pick(("lost", "restored", "restored", "listed", "smdr", "phone", "message"))
    if kind == "phone":
        return say.PhoneState(at, "PJSIP/1", pick((True, True, False)), "UNAVAILABLE")
    if kind == "message":
        call = _call(state, pick)
        return say.MessageFound(at, call, pick((f"{call}.wav", "other.wav")), "", "+861", "4001", at - 9_000, at)
    if kind == "restored":
        link = pick([*state.links_down, link])
    if kind == "lost":
        return say.LinkLost(at, link, pick(("cut", "restart")))
    if kind == "restored":
        return say.LinkRestored(at, link)
    if kind == "smdr":
        return say.SmdrArrived(at, _call(state, pick), "serial:l", "text", 5)
    node = pick(NODES)
    here = [call.id for call in state.calls.values() if call.node == node and pick((True, True, True, False))]
    unknown = [_new_call(state, pick)] if pick((False, False, True)) else []
    calls = [
        say.SwitchCall(
            call,
            "x",
            "+861",
            queue=pick((*QUEUES, "", "nowhere")),
            priority=3,
            joined_at=pick((0, 1)),
            bridged=pick((None, True, False)),
        )
        for call in dict.fromkeys(here + unknown)
    ]
    legs = [
        say.SwitchLeg(offer, "y", pick((True, False)), pick((True, False)), pick((True, False)))
        for offer in [*state.offers, *state.monitors, 9_999]
        if pick([True] * 7 + [False])
    ]
    return say.SwitchListed(at, node, at - pick((0, 0, 1_000)), calls, legs)


EVERYBODY = (caller, agent, talk, telephone, supervisor, switch)
