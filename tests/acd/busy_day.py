"""A day on which everything happens: callers, agents, telephones and supervisors who act by chance, from a seed. Pure.

`Day` looks at the state only to know what can be said next; what comes of it is for the rules of the ACD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import get_args

from msgspec import structs

from acd import vocabulary as say
from acd.model import Agent, Call, Offer, State
from acd.moves import AgentLine, Presence, Stage
from acd.policy import AgentChoice, CallbackRules, CallChoice, Condition, MissPolicy, Step, Treatment

AGENT_CHOICES: tuple[AgentChoice, ...] = get_args(AgentChoice)
CALL_CHOICES: tuple[CallChoice, ...] = get_args(CallChoice)
MISSES: tuple[MissPolicy, ...] = get_args(MissPolicy)
ALL: tuple[Condition, ...] = get_args(Condition)

ASKS = [
    "",
    "",
    "",
    "zh",
    "zh >= 3",
    "billing and not trainee",
    "zh >= 2 or en >= 4",
    "billing >= 2 and (zh or en >= 2)",
]
SKILLS = ["zh", "en", "billing", "trainee", "group-b"]
BEGIN = 1_000_000


class Day:
    """What is said on this day to an ACD whose state is `state`. Callers come in waves."""

    def __init__(self, seed: int, call_choice: CallChoice, state: State) -> None:
        self.chance = Random(seed)
        self.state = state
        self.at = BEGIN
        self.calls = 0
        self.routing = say.RoutingRules(call_choice, ageing_ms=30_000)
        self.queues = {choice.replace(" ", "-"): self._rules(choice) for choice in AGENT_CHOICES}
        self.agents = {f"a{n:02}": self._agent(n) for n in range(16)}
        for n in range(16, 24):  # eight are like others in all
            self.agents[f"a{n}"] = structs.replace(self.agents[f"a{n - 8:02}"], name=f"Agent {n}")

    def _rules(self, choice: AgentChoice) -> say.QueueRules:
        chance = self.chance
        missed: MissPolicy = "next" if choice == "weighted random" else chance.choice(MISSES)  # drawn without one
        steps = [
            Step(20_000, skills=chance.choice([None, "", "en"]), levels=2, announce="still there"),
            Step(40_000, widen="group-b", priority=chance.choice([0, 1])),
            Step(60_000, levels=0, forget_ask=chance.random() < 0.5, offer_callback=True),
            Step(150_000, overflow=Treatment("queue", "longest-idle")),
        ]
        return say.QueueRules(
            choice.title(), ring_ms=12_000, wrap_up_ms=chance.choice([0, 10_000, 20_000]), handle_ms=60_000,
            service_level_ms=chance.choice([10_000, 20_000, 40_000]), agent_choice=choice, skills=chance.choice(ASKS),
            levels=chance.choice([0, 0, 1]), steps=tuple(steps[: chance.randrange(5)]),
            priority=chance.choice([0, 0, 2]), weight=chance.randint(1, 4), count_ivr=chance.random() < 0.3,
            resume_ms=chance.choice([0, 60_000]), prefer_ms=15_000, max_waiting=chance.choice([0, 0, 12]),
            max_wait_ms=chance.choice([0, 240_000]), stay_when=ALL[:6] if chance.random() < 0.2 else (),
            when_full=Treatment("queue", "round-robin"), when_too_long=Treatment("number", "+4930123"),
            on_no_answer=missed, on_reject=missed, rest_ms=5_000,
            max_misses=chance.choice([0, 3]), wrap_up_open=chance.random() < 0.2, wrap_up_limit_ms=40_000,
            callback=CallbackRules(15_000, 10_000, 2, 20_000) if chance.random() < 0.6 else None,
        )  # fmt: skip

    def _agent(self, number: int) -> say.AgentRules:
        chance = self.chance
        serves = chance.sample(sorted(self.queues), chance.randint(1, 5))
        skills = {skill: chance.randint(1, 5) for skill in SKILLS if chance.random() < 0.45}
        return say.AgentRules(
            f"Agent {number}", {name: chance.randint(1, 3) for name in serves}, skills, chance.randint(1, 3)
        )

    def inputs(self, number: int) -> Iterator[say.AnyInput]:
        """So many inputs, and the deadlines that come between them."""
        yield say.Configure(self.at, self.queues, self.agents, self.routing)
        for name in self.agents:
            yield say.LogIn(self.at, name)
            yield say.GoReady(self.at, name)
        for n in range(number):
            then = self.at + int(self.chance.expovariate(1 / 600))
            while (due := self.state.deadlines.first()) is not None and due[0] <= then:
                self.at = max(self.at, due[0])
                yield say.TimeCame(self.at)
            self.at = then
            yield from self._anything(rush=n // 300 % 2 == 0)

    def _anything(self, rush: bool) -> Iterator[say.AnyInput]:
        acts: list[tuple[float, Callable[[], Iterator[say.AnyInput]]]] = [
            (9 if rush else 4, self._call_arrives), (9, self._telephone), (9 if rush else 16, self._talk),
            (2.5, self._caller), (6, self._agent_acts), (1.5, self._supervisor), (2, self._called_back),
            (0.1, self._link), (0.08, self._rules_change),
        ]  # fmt: skip
        act = self.chance.choices([one for _, one in acts], [weight for weight, _ in acts])[0]
        yield from act()

    def _one(self, *stages: Stage) -> Call | None:
        found = [call for call in self.state.calls.values() if call.stage in stages]
        return self.chance.choice(found) if found else None

    def _offer(self, connected: bool) -> Offer | None:
        found = [offer for offer in self.state.offers.values() if bool(offer.connected_at) is connected]
        return self.chance.choice(found) if found else None

    def _some_agent(self) -> Agent:
        return self.chance.choice(list(self.state.agents.values()))

    def _call_arrives(self) -> Iterator[say.AnyInput]:
        chance = self.chance
        self.calls += 1
        name = f"c{self.calls}"
        ani = f"+4930{chance.randrange(300)}"
        yield say.CallArrived(self.at, name, f"x{name}", ani, "0800", chance.choice(["pbx1", "pbx1", "pbx2"]))
        self.at += chance.randrange(3_000)
        while (due := self.state.deadlines.first()) is not None and due[0] <= self.at:
            yield say.TimeCame(self.at)
        preferred = self._some_agent().id if chance.random() < 0.3 else ""
        yield say.EnterQueue(
            self.at, name, chance.choice(sorted(self.queues)), chance.choice([0, 0, 0, 1, 3]), chance.choice(ASKS),
            preferred, chance.choice([0, 0, 10_000]),
        )  # fmt: skip

    def _telephone(self) -> Iterator[say.AnyInput]:
        offer = self._offer(connected=False)
        if offer is None:
            return
        fate = self.chance.random()
        if fate < 0.75:
            yield say.OfferAnswered(self.at, offer.id, "leg")
        elif fate < 0.85:
            yield say.OfferUnanswered(self.at, offer.id, self.chance.choice(["busy", "no answer", "unreachable"]))
        elif fate < 0.93:
            yield say.RejectOffer(self.at, offer.agent, offer.id)
        else:
            yield say.AgentGone(self.at, offer.id)

    def _talk(self) -> Iterator[say.AnyInput]:
        offer = self._offer(connected=True)
        if offer is None:
            return
        fate = self.chance.random()
        agent, call = offer.agent, offer.call
        if fate < 0.35:
            yield say.AgentGone(self.at, offer.id)
        elif fate < 0.7:
            yield say.CallerGone(self.at, call)
        elif fate < 0.74:
            yield say.HoldCall(self.at, agent, call)
        elif fate < 0.78:
            yield say.ResumeCall(self.at, agent, call)
        elif fate < 0.84:
            yield say.ConsultCall(self.at, agent, call, self._target())
        elif fate < 0.88:
            yield say.JoinConsult(self.at, agent, call)
        else:
            yield say.TransferCall(self.at, agent, call, self._target() if self.chance.random() < 0.6 else None)

    def _target(self) -> say.Target:
        kind = self.chance.choice(["agent", "queue", "number"])
        if kind == "agent":
            return say.Target("agent", self._some_agent().id)
        if kind == "queue":
            return say.Target("queue", self.chance.choice(sorted(self.queues)))
        return say.Target("number", "+49301234")

    def _caller(self) -> Iterator[say.AnyInput]:
        call = self._one(Stage.QUEUED, Stage.OFFERED)
        if call is None:
            return
        fate = self.chance.random()
        if fate < 0.4:
            yield say.CallerGone(self.at, call.id)
        elif fate < 0.8:
            yield say.LeaveQueue(self.at, call.id, "callback", "+49301111")
            yield say.CallerGone(self.at, call.id)
        else:
            skills = self.chance.choice(ASKS)
            yield say.EnterQueue(self.at, call.id, self.chance.choice([call.queue, *self.queues]), 1, skills)

    def _called_back(self) -> Iterator[say.AnyInput]:
        call = self._one(Stage.DIALED)
        if call is not None and self.chance.random() < 0.6:
            yield say.CallbackAnswered(self.at, call.id, f"back-{call.id}")
        elif call is not None:
            yield say.CallbackFailed(self.at, call.id, "busy")

    def _agent_acts(self) -> Iterator[say.AnyInput]:
        agent = self._some_agent()
        if agent.presence is Presence.LOGGED_OFF:
            yield say.LogIn(self.at, agent.id)
        elif agent.presence is Presence.NOT_READY and self.chance.random() < 0.9:
            yield say.GoReady(self.at, agent.id)
        elif agent.line is AgentLine.WRAP_UP:
            more = self.chance.random() < 0.5
            yield say.ExtendWrapUp(self.at, agent.id, 5_000) if more else say.EndWrapUp(self.at, agent.id)
        elif self.chance.random() < 0.2:
            yield say.GoNotReady(self.at, agent.id, self.chance.choice(["lunch", "meeting"]))
        elif self.chance.random() < 0.1:
            yield say.LogOut(self.at, agent.id)
        else:
            yield from self._console(agent)

    def _console(self, agent: Agent) -> Iterator[say.AnyInput]:
        yield say.ConsoleClosed(self.at, agent.id) if agent.console else say.ConsoleOpened(self.at, agent.id)

    def _supervisor(self) -> Iterator[say.AnyInput]:
        call = self._one(Stage.QUEUED, Stage.CALLBACK)
        fate = self.chance.random()
        if call is None or fate < 0.15:
            closed = [queue.id for queue in self.state.queues.values() if not queue.open]
            if closed:
                yield say.OpenQueue(self.at, closed[0], "boss")
            else:
                yield say.CloseQueue(self.at, self.chance.choice(sorted(self.queues)), "boss")
        elif fate < 0.4:
            yield say.MoveCall(self.at, call.id, self.chance.choice(sorted(self.queues)), "boss")
        elif fate < 0.75:
            yield say.SetPriority(self.at, call.id, self.chance.randrange(5), "boss")
        else:
            free = [agent.id for agent in self.state.agents.values() if agent.condition == "free"]
            yield say.PullCall(self.at, call.id, self.chance.choice(free or ["a00"]), "boss")

    def _link(self) -> Iterator[say.AnyInput]:
        if "ami:pbx1" not in self.state.links_down:
            yield say.LinkLost(self.at, "ami:pbx1", "no answer to ping")
            return
        yield say.LinkRestored(self.at, "ami:pbx1")
        yield self._listed("pbx1")

    def _listed(self, node: str) -> say.SwitchListed:
        """The switch has all that we believe, but for a caller and an agent's leg."""
        calls = [call for call in self.state.calls.values() if call.node == node and not call.consult_of]
        legs = [offer for offer in self.state.offers.values() if self.state.calls[offer.call].node == node]
        return say.SwitchListed(
            self.at,
            node,
            self.at,
            [say.SwitchCall(call.id, call.channel) for call in calls[1:]],
            [say.SwitchLeg(offer.id, "leg", bool(offer.connected_at), bool(offer.connected_at)) for offer in legs[1:]],
        )

    def _rules_change(self) -> Iterator[say.AnyInput]:
        """One queue has other rules, one agent other skills; what serves whom stays."""
        name = self.chance.choice(sorted(self.queues))
        self.queues = self.queues | {name: self._rules(self.queues[name].agent_choice)}
        who = self.chance.choice(sorted(self.agents))
        skills = {skill: self.chance.randint(1, 5) for skill in SKILLS if self.chance.random() < 0.45}
        before = self.agents[who]
        self.agents = self.agents | {who: say.AgentRules(before.name, before.queues, skills, before.weight)}
        yield say.Configure(self.at, self.queues, self.agents, self.routing)
