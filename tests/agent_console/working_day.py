"""A working day of the tour's floor, decided by the ACD itself: callers, holds, pauses, one who lets it ring. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules

MINUTE = 60_000


def shift(begin: int, minutes: int, agents: Mapping[str, AgentRules]) -> Iterator[AnyInput]:
    for number, agent in enumerate(agents):
        came = begin + number * 4 * MINUTE + 1
        lunch, meeting = begin + (minutes // 2 + number * 20) * MINUTE, begin + (minutes // 4 + number * 10) * MINUTE
        yield say.LogIn(came, agent)
        yield say.GoReady(came + MINUTE, agent)
        yield say.GoNotReady(meeting, agent, "meeting")
        yield say.GoReady(meeting + 8 * MINUTE, agent)
        yield say.GoNotReady(lunch, agent, "lunch")
        yield say.GoReady(lunch + 35 * MINUTE, agent)
        yield say.GoNotReady(begin + (minutes + 15) * MINUTE, agent)
        yield say.LogOut(begin + (minutes + 90) * MINUTE, agent)


def _soon(random: Random, at: int, mean_s: float) -> int:
    return at + 1 + round(random.expovariate(1 / mean_s) * 1000)


def callers(random: Random, begin: int, minutes: int, queues: Sequence[str]) -> Iterator[AnyInput]:
    at, number = begin + 5 * MINUTE, 0
    while at < begin + minutes * MINUTE:
        middle = 1 - abs((at - begin) / (minutes * MINUTE) - 0.5) * 2
        at, number = _soon(random, at, 150 - 90 * middle), number + 1
        ani = f"+86138{random.randrange(10**8):08}"
        yield say.CallArrived(at, f"d{number}", f"PJSIP/d{number}", ani=ani, queue=random.choice(queues))


def what_follows(random: Random, at: int, fact: AnyFact) -> Iterator[AnyInput]:
    match fact:
        case say.CallBegan():
            yield say.CallerGone(_soon(random, at, 700), fact.call)
        case say.CallOffered() if random.random() < 0.93:
            yield say.OfferAnswered(_soon(random, at, 5), fact.offer, "leg")
        case say.CallConnected() if random.random() < 0.3:
            yield say.HoldCall(_soon(random, at, 60), fact.agent, fact.call)
            yield say.AgentGone(_soon(random, at, 320), fact.offer)
        case say.CallConnected():
            yield say.AgentGone(_soon(random, at, 210), fact.offer)
        case say.CallHeld():
            yield say.ResumeCall(_soon(random, at, 40), fact.agent, fact.call)
        case say.AgentNotReady(reason="no answer"):
            yield say.GoReady(at + 3 * MINUTE, fact.agent)


def working_day(
    begin: int, minutes: int, queues: Mapping[str, QueueRules], agents: Mapping[str, AgentRules], seed: int = 5
) -> list[Line]:
    """The lines from `begin` on; callers come for so many minutes, more of them in the middle."""
    random, acd, journal = Random(seed), Acd(), list[Line]()
    coming: list[tuple[int, int, AnyInput]] = []

    def later(inputs: Iterable[AnyInput]) -> None:
        for said in inputs:
            heapq.heappush(coming, (said.at, random.getrandbits(60), said))

    later([say.Configure(begin, dict(queues), dict(agents))])
    later(shift(begin, minutes, agents))
    later(callers(random, begin, minutes, [*queues]))
    while coming or acd.next_deadline() is not None:
        due = acd.next_deadline()
        is_due = due is not None and (not coming or due <= coming[0][0])
        said = say.TimeCame(due) if due is not None and is_due else heapq.heappop(coming)[2]
        facts = acd.handle(said)
        journal.append(Line(len(journal) + 1, said, facts))
        for fact in facts:
            later(what_follows(random, said.at, fact))
    return journal
