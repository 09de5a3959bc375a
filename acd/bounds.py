"""What a set of rules makes possible before the first call comes: calls that nobody can take, and how far a call may be
overtaken. Pure.

**Coverage** (`gaps`): for each queue and each of its steps, whether any configured agent has what a call then wants.

**Starvation** (`bounds`): by how much a later call can be preferred. Let an agent become free who could take a call c,
which joined w ago, and a call c', which first joined a queue w' ago (a call keeps that time when it is moved,
transferred, resumed after a cut, or held virtually). The agent takes c' only if the place of c' is before that of c.
`Bound.bound_ms` is the largest w - w' for which the rules allow that: nobody who joined more than so much later than c
is served first by an agent who could have taken c.

Why it holds. Let p be the priority of c at its step, h its head start (its flow's, and the IVR's time where that
counts), s its queue's service-level time, g its queue's weight, A `ageing_ms`, and the same with ' for c'. By the
places in `acd.call_choices`, c' is before c only if

- `oldest`: w + h <= w' + h'.
- `priority`: p' > p, whatever they have waited; or p' = p, and then as by `oldest`.
- `priority with ageing`: w + h + pA <= w' + h' + p'A.
- `service level`: w + h + pA - s <= w' + h' + p'A - s'.
- `queue weight`: g(w + h + pA) <= g'(w' + h' + p'A).

With h >= 0, and h' at most the longest that there can be, each of these is w <= f w' + k, where f = 1 (g'/g for `queue
weight`: that is `Bound.factor`) and k depends on the rules alone (infinite where p' > p by `priority`).

Steps raise priorities at known times, and the queue's longest wait or an overflow ends a wait, unless the caller has
hung up and waits to be called back (virtual hold is never sent away). So the life of a call is cut into spans of
waiting, in each of which its priority and its agents are known. While c is in a span from b to e, and c' in one from
b' to e', also b <= w <= e and b' <= w' (<= e', unless the place was resumed, which begins a life anew). The bound of
two spans is the largest w - w' under these inequalities, which is at a corner: for f <= 1 at the smallest w', for f > 1
where f w' + k reaches e. Of two spans only those compete that have an agent in common. The bound of a queue and
priority is the largest over all pairs of spans, and 0 if none is in favor of c'.

Not in it: what people do (a pulled call, a priority that is set, a call that is moved or transferred and brings a
priority), a caller who resumes a place with the priority that a step had raised, which the step then raises again, and
calls that wait for a preferred agent who serves their queue, but has not what it asks. While c itself waits for a
preferred agent, or for a step that asks more agents, those who cannot take it yet serve others: that is no matter of
preference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from math import ceil, inf

import msgspec

from acd.asks import both, parse
from acd.policy import AgentRules, QueueRules, RoutingRules

SHOWN = 3
"""So many agents are named one by one."""

IVR_MS = 900_000
"""The longest time in an IVR that a head start can bring, unless the caller of `bounds` knows better."""


class Gap(msgspec.Struct, frozen=True):
    """Nobody can take a call of `queue` that has waited from `begin_ms` to `end_ms` (None: for ever)."""

    queue: str
    begin_ms: int
    end_ms: int | None
    words: str


class Bound(msgspec.Struct, frozen=True):
    """How far a call of `queue` that joined with `priority` (the queue's own included) may be overtaken.

    `bound_ms`: a call that is served before it joined at most so much later; None: nothing bounds it. `factor`: the
    largest weight of another queue by this one's, for `queue weight`; else 1.
    """

    queue: str
    priority: int
    bound_ms: int | None
    factor: float
    words: str


# ------------------------------------------------------------------------------------------------- spans


@dataclass(frozen=True, slots=True)
class Span:
    """What holds for a call of the queue while it has waited from `begin_ms` to `end_ms` (inf: for ever).

    `raised`: what the steps so far have added to its priority. `takers`: bit n is set if the n-th of the teams can take
    it.
    """

    queue: str
    begin_ms: int
    end_ms: float
    skills: str
    levels: int
    widen: str
    raised: int
    takers: int


@dataclass(frozen=True, slots=True)
class Team:
    """Agents who are alike in queues, levels and skills."""

    queues: Mapping[str, int]
    skills: Mapping[str, int]
    agents: Sequence[str]


def teams(agents: Mapping[str, AgentRules]) -> list[Team]:
    alike: dict[object, Team] = {}
    for name, agent in agents.items():
        profile = (tuple(sorted(agent.queues.items())), tuple(sorted(agent.skills.items())))
        names = alike.setdefault(profile, Team(agent.queues, agent.skills, [])).agents
        assert isinstance(names, list)
        names.append(name)
    return list(alike.values())


def spans(name: str, rules: QueueRules, staff: Sequence[Team], own: str = "") -> list[Span]:
    """The life of a call in the queue, cut where a step changes it, up to where the rules end it. `own`: what the call
    asks for itself, which is then in `skills` of each span until a step forgets it."""
    end_ms = ends_at(rules)
    steps = [step for step in rules.steps if step.after_ms < end_ms]
    ends = [*(step.after_ms for step in steps), end_ms]
    first = Span(name, 0, ends[0], rules.skills, rules.levels, "", 0, 0)
    found = [first]
    for step, span_end in zip(steps, ends[1:], strict=True):
        last = found[-1]
        found.append(
            Span(
                name,
                step.after_ms,
                span_end,
                last.skills if step.skills is None else step.skills,
                last.levels if step.levels is None else step.levels,
                last.widen if step.widen is None else step.widen,
                last.raised + step.priority,
                0,
            )
        )
    asked = own
    for n, span in enumerate(found):
        asked = "" if n and steps[n - 1].forget_ask else asked
        found[n] = replace(span, skills=_both(span.skills, asked))
    everybody = list(enumerate(staff))
    inside = [(n, team) for n, team in everybody if name in team.queues]
    return [
        replace(span, takers=_takers(span, everybody if span.widen else inside))
        for span in found
        if span.begin_ms < span.end_ms
    ]


def _both(one: str, other: str) -> str:
    return both(parse(one), parse(other)).text if one and other else one or other


def ends_at(rules: QueueRules) -> float:
    """When the queue sends away every call that still waits: ms since it joined, inf for never."""
    if rules.callback is not None:
        return inf  # who waits to be called back is not sent away
    overflows = [step.after_ms for step in rules.steps if step.overflow is not None]
    return min([*overflows, rules.max_wait_ms or inf])


def _takers(span: Span, asked: Sequence[tuple[int, Team]]) -> int:
    ask, widen = parse(span.skills), parse(span.widen) if span.widen else None
    takers = 0
    for n, team in asked:
        level = team.queues.get(span.queue)
        if level is None:
            near = widen is not None and widen.holds(team.skills)
        else:
            near = not span.levels or level <= span.levels
        if near and ask.holds(team.skills):
            takers |= 1 << n
    return takers


# ---------------------------------------------------------------------------------------------- coverage


def gaps(
    queues: Mapping[str, QueueRules],
    agents: Mapping[str, AgentRules],
    asks: Mapping[str, Collection[str]] | None = None,
) -> list[Gap]:
    """The times in the lives of calls in which no configured agent could ever take them. `asks`: what calls ask for
    themselves, by queue."""
    staff = teams(agents)
    found: dict[Gap, None] = {}
    for name, rules in queues.items():
        for own in ("", *sorted({*(asks or {}).get(name, ())} - {""})):
            life = spans(name, rules, staff, own)
            for _, same in groupby(life, lambda span: (span.skills, span.levels, span.widen, span.takers)):
                alike = list(same)
                if not alike[0].takers:
                    end = alike[-1].end_ms
                    words = f"queue {name}{_when(alike[0].begin_ms, end)}: {_nobody(alike[0], staff)}"
                    found[Gap(name, alike[0].begin_ms, None if end == inf else int(end), words)] = None
    return list(found)


def never_asked(queues: Mapping[str, QueueRules], agents: Mapping[str, AgentRules]) -> list[str]:
    """Agents to whom no call of any queue would ever be offered, unless it asked for them by name."""
    staff = teams(agents)
    takers = 0
    for name, rules in queues.items():
        for span in spans(name, rules, staff):
            takers |= span.takers
    return [name for n, team in enumerate(staff) if not takers >> n & 1 for name in team.agents]


def _when(begin_ms: int, end_ms: float) -> str:
    until = "" if end_ms == inf else f" to {seconds(end_ms)}"
    if begin_ms:
        return f", from {seconds(begin_ms)}{until}"
    return f", from the start{until}" if until else ""


def _nobody(span: Span, staff: Sequence[Team]) -> str:
    own = [team for team in staff if span.queue in team.queues]
    skills = f"nobody has {span.skills}" if span.skills else "nobody is asked"
    wider = f", also among those with {span.widen}" if span.widen else ""
    if not own:
        return f"no agent serves it{wider}" if not span.widen else f"no agent serves it, and {skills}{wider}"
    lacks = [f"{_names(team.agents)} {_lack(span, team)}" for team in own[:SHOWN]]
    more = sum(len(team.agents) for team in own[SHOWN:])
    rest = [f"{more} more"] if more else []
    return f"{skills}{wider} (agents of the queue: {', '.join([*lacks, *rest])})"


def _lack(span: Span, team: Team) -> str:
    level = team.queues[span.queue]
    verb = "lacks" if len(team.agents) == 1 else "lack"
    if span.levels and level > span.levels:
        return f"of level {level}, above {span.levels}"
    return f"{verb} {' and '.join(parse(span.skills).missing(team.skills))}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} others" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def seconds(ms: float) -> str:
    return f"{ms / 1000:g} s"


# -------------------------------------------------------------------------------------------- starvation


@dataclass(frozen=True, slots=True)
class _Rival:
    """Calls of one span as others meet them: with the highest priority and the longest head start they can have."""

    span: Span
    rules: QueueRules
    priority: int
    head_start_ms: int


def bounds(
    queues: Mapping[str, QueueRules],
    agents: Mapping[str, AgentRules],
    routing: RoutingRules,
    brought: Mapping[str, Collection[int]] | None = None,
    ivr_ms: int = IVR_MS,
    head_starts: Mapping[str, int] | None = None,
) -> list[Bound]:
    """The bound for each queue and each priority that its calls can join with, the most overtaken last.

    `brought`: the priorities that calls bring to a queue (from the IVR), 0 where it says nothing; a call that overflows
    takes them along. `ivr_ms`: the longest time in the IVR, where the queue counts it. `head_starts`: the longest that
    a flow of the IVR gives to calls of a queue, beside that.
    """
    staff = teams(agents)
    lives = {name: spans(name, rules, staff) for name, rules in queues.items()}
    joining = _joining(queues, brought or {})
    rivals: list[_Rival] = []
    for name, rules in queues.items():
        origins = _origins(queues, name)
        given_ms = [(head_starts or {}).get(one, 0) + (ivr_ms if queues[one].count_ivr else 0) for one in origins]
        head_start_ms = max(given_ms)
        top = max(joining[name])
        rivals += [_Rival(span, rules, top + span.raised, head_start_ms) for span in lives[name]]
    return [
        _bound(name, priority, lives[name], queues[name], rivals, routing)
        for name in queues
        for priority in sorted(joining[name], reverse=True)
    ]


def _joining(queues: Mapping[str, QueueRules], brought: Mapping[str, Collection[int]]) -> dict[str, set[int]]:
    """The priorities with which a call can join each queue. What it brings and what steps have raised, it keeps."""
    known: dict[str, set[int]] = {}

    def brought_to(name: str, behind: tuple[str, ...]) -> set[int]:
        if name not in known:
            known[name] = set(brought.get(name) or (0,))
            for source, rules in queues.items():
                if source not in behind and name in _sends_to(rules):
                    raised = {0, *accumulate(step.priority for step in rules.steps)}
                    known[name] |= {a + b for a in brought_to(source, (*behind, name)) for b in raised}
        return known[name]

    return {name: {rules.priority + one for one in brought_to(name, (name,))} for name, rules in queues.items()}


def _origins(queues: Mapping[str, QueueRules], name: str) -> set[str]:
    """The queue, and all whose calls can be sent to it, in however many turns."""
    found, new = set[str](), {name}
    while new:
        found |= new
        new = {source for source, rules in queues.items() if not new.isdisjoint(_sends_to(rules))} - found
    return found


def _sends_to(rules: QueueRules) -> set[str]:
    ways = [rules.when_full, rules.when_too_long, rules.when_empty, rules.when_closed]
    ways += [step.overflow for step in rules.steps if step.overflow is not None]
    return {way.to for way in ways if way.kind == "queue"}


def _bound(
    name: str, priority: int, life: Sequence[Span], rules: QueueRules, rivals: Sequence[_Rival], routing: RoutingRules
) -> Bound:
    worst_ms: float = 0
    worst: _Rival | None = None
    factor = 1.0
    for span in life:
        for rival in rivals:
            if not span.takers & rival.span.takers:
                continue
            weighed, gained_ms = _line(priority + span.raised, rules, rival, routing)
            factor = max(factor, weighed)
            ahead_ms = _furthest(span, rival, weighed, gained_ms)
            if ahead_ms > worst_ms:
                worst_ms, worst = ahead_ms, rival
    bound_ms = None if worst_ms == inf else ceil(worst_ms)
    words = _in_words(bound_ms, worst, factor)
    end_ms = ends_at(rules)
    leaves = "" if end_ms == inf else f"; after {seconds(end_ms)} it is sent elsewhere"
    return Bound(name, priority, bound_ms, factor, words + leaves)


def _line(priority: int, rules: QueueRules, rival: _Rival, routing: RoutingRules) -> tuple[float, float]:
    """(f, k) of the inequality w <= f w' + k, in the order of the module's docstring."""
    choice, ageing_ms, head_start_ms = routing.call_choice, routing.ageing_ms, rival.head_start_ms
    higher = rival.priority - priority
    if choice == "oldest":
        return 1, head_start_ms
    if choice == "priority":
        return 1, inf if higher > 0 else head_start_ms if higher == 0 else -inf
    if choice == "priority with ageing":
        return 1, higher * ageing_ms + head_start_ms
    if choice == "service level":
        return 1, higher * ageing_ms + head_start_ms + rules.service_level_ms - rival.rules.service_level_ms
    factor = rival.rules.weight / rules.weight
    return factor, factor * (head_start_ms + rival.priority * ageing_ms) - priority * ageing_ms


def _furthest(span: Span, rival: _Rival, factor: float, gained_ms: float) -> float:
    """The largest w - w' for w in the span, w' in the rival's, w <= factor * w' + gained_ms; -inf if there are none."""
    least, most = rival.span.begin_ms, _longest(rival)
    if gained_ms == -inf or factor * most + gained_ms < span.begin_ms:
        return -inf
    waited_ms = max(least, (span.begin_ms - gained_ms) / factor)
    if factor > 1:
        waited_ms = min(max(waited_ms, (span.end_ms - gained_ms) / factor), most)
    return inf if waited_ms == inf else min(span.end_ms, factor * waited_ms + gained_ms) - waited_ms


def _longest(rival: _Rival) -> float:
    """The longest that the rival's call can have waited since it first joined a queue."""
    return inf if rival.rules.resume_ms else rival.span.end_ms


def _in_words(bound_ms: int | None, rival: _Rival | None, factor: float) -> str:
    if rival is None:
        return "in order of arrival"
    who = f"calls of {rival.span.queue} (priority {rival.priority})"
    if rival.span.begin_ms:
        who += f" that have waited {seconds(rival.span.begin_ms)}"
    if bound_ms is not None:
        return f"{who} go before it if they joined less than {seconds(bound_ms)} later"
    if factor > 1:
        return f"a second that {who} have waited counts as {factor:.3g} of its own"
    return f"{who} go before it whenever they join"
