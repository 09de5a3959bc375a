"""The tables `[queues.ID]`, `[agents.ID]` and `[routing]`: one reading of them for the live system and for scenarios.

Their keys are the fields of the structs in `acd.policy`, which are named nowhere else: here stand only the bounds of
the numbers, and what texts must say. Does I/O: reading opening hours reads the zone database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from operator import or_
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainValidator,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from acd.asks import AskError, parse
from acd.bounds import IVR_MS, Bound, bounds, ends_at, gaps, never_asked, seconds
from acd.policy import AgentRules, QueueRules, RoutingRules, Step, Treatment, TreatmentKind
from acd.vocabulary import Change, ChangeSettings, Configure
from acd.work_rules import not_dispositions
from callfloor.hours import OpeningHours

DAY_MS = 86_400_000
NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
TREATMENTS = "'queue:ID', 'number:DIGITS', 'voicemail', 'callback' or 'hang up'"


# ------------------------------------------------------------------------------------------------- texts


def read_treatment(said: object) -> Treatment:
    """`"queue:overflow"`, `"number:+8613800000000"`, `"voicemail"`, `"callback"`, `"hang up"`. Raises ValueError."""
    if not isinstance(said, str):
        raise ValueError(f"expected {TREATMENTS}")  # noqa: TRY004 - pydantic takes a TypeError for a bug
    kind, colon, to = said.partition(":")
    whole = {"queue": bool(to), "number": NUMBER.fullmatch(to) is not None}
    if kind in whole:
        if not whole[kind]:
            raise ValueError(f"expected {kind}:{'ID' if kind == 'queue' else 'DIGITS'}, got {said!r}")
        return Treatment(cast(TreatmentKind, kind), to)
    if colon or kind not in ("voicemail", "callback", "hang up"):
        raise ValueError(f"expected {TREATMENTS}, got {said!r}")
    return Treatment(cast(TreatmentKind, kind))


def _ask(text: str) -> str:
    try:
        return parse(text).text
    except AskError as error:
        raise ValueError(str(error)) from None


def _ask_for_somebody(text: str) -> str:
    if not (ask := _ask(text)):
        raise ValueError("expected skills, or a group's name, of the agents who are asked as well")
    return ask


def _skill(name: str) -> str:
    if _ask(name) != name or parse(name).wanted != (name,):
        raise ValueError(f"expected the name of one skill: letters, digits, '_', '-' and '.', got {name!r}")
    return name


# ------------------------------------------------------------------------------------- fields and bounds


def _bounds(least: int, most: int) -> Any:
    return Field(ge=least, le=most)


_LEVEL = Annotated[int, _bounds(1, 1_000)]

_BOUNDS: dict[str, Any] = {
    "name": Field(min_length=1, max_length=200),
    "ring_ms": _bounds(1_000, 300_000),
    "wrap_up_ms": _bounds(0, 3_600_000),
    "wrap_up_limit_ms": _bounds(1_000, DAY_MS),
    "service_level_ms": _bounds(0, DAY_MS),
    "handle_ms": _bounds(1_000, DAY_MS),
    "skills": AfterValidator(lambda text: None if text is None else _ask(text)),
    "widen": AfterValidator(lambda text: None if text is None else _ask_for_somebody(text)),
    "levels": _bounds(0, 1_000),
    "priority": _bounds(-100, 100),
    "weight": _bounds(1, 1_000),
    "resume_ms": _bounds(0, DAY_MS),
    "prefer_ms": _bounds(0, 3_600_000),
    "max_waiting": _bounds(0, 1_000_000),
    "max_wait_ms": _bounds(0, DAY_MS),
    "rest_ms": _bounds(1_000, 3_600_000),
    "max_misses": _bounds(0, 1_000),
    "after_ms": _bounds(0, DAY_MS),
    "announce": Field(max_length=200),
    "lead_ms": _bounds(0, 600_000),
    "tries": _bounds(1, 20),
    "retry_ms": _bounds(1_000, DAY_MS),
    "keep_ms": _bounds(1_000, 7 * DAY_MS),
    "dispositions": Field(max_length=500),
    "ageing_ms": _bounds(1_000, DAY_MS),
}
"""By the field's name, which means the same in every table."""

_OTHER_TYPES: dict[tuple[type[msgspec.Struct], str], Any] = {
    (AgentRules, "queues"): dict[str, _LEVEL],
    (AgentRules, "skills"): dict[Annotated[str, AfterValidator(_skill)], _LEVEL],
}


_TREATMENT = {"type": "string", "format": "treatment"}


class _Table(BaseModel):
    """One table of the file, which holds the fields of `struct`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    struct: ClassVar[type[msgspec.Struct]]

    def rules(self) -> Any:
        return self.struct(**{name: getattr(self, name) for name in self.struct.__struct_fields__})


def _table(struct: type[msgspec.Struct], **more: Any) -> type[_Table]:
    """The struct's own fields, as pydantic reads them, and `more` keys of the file."""
    hints = get_type_hints(struct)
    fields: dict[str, Any] = {}
    for one in msgspec.structs.fields(struct):
        known = _OTHER_TYPES.get((struct, one.name))
        default = Field(default_factory=one.default_factory) if callable(one.default_factory) else one.default
        fields[one.name] = (known or _bounded(one.name, hints[one.name]), ... if one.required else default)
    table = create_model(struct.__name__, __base__=_Table, **fields, **more)
    table.struct = struct
    return table


def _bounded(name: str, annotation: Any) -> Any:
    read = _read_as(annotation)
    if name in _BOUNDS:
        return Annotated[read, _BOUNDS[name]]
    if int in (annotation, *get_args(annotation)):
        raise TypeError(f"the number {name} has no bounds yet")  # whoever adds a field states them
    return read


def _read_as(annotation: Any) -> Any:
    """The same type, where structs are read from tables and treatments from text."""
    if annotation is Treatment:
        return Annotated[Treatment, PlainValidator(read_treatment), WithJsonSchema(_TREATMENT)]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return Annotated[annotation, _from_table(annotation)]
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        return reduce(or_, (_read_as(one) for one in get_args(annotation)))
    if get_origin(annotation) is tuple:
        # mypy takes the brackets for a type in the source; here they build one while the program runs.
        return tuple[tuple(_read_as(one) for one in get_args(annotation))]  # type: ignore[misc]
    return annotation


def _from_table(struct: type[msgspec.Struct]) -> GetPydanticSchema:
    table = _table(struct)

    def schema(_source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        return core_schema.no_info_after_validator_function(table.rules, handler(table))

    return GetPydanticSchema(schema)


# ------------------------------------------------------------------------------------------------ tables


@dataclass(frozen=True)
class Queue:
    """`[queues.ID]`: the rules that the ACD goes by, and `hours`, which open and close the queue from outside."""

    rules: QueueRules
    hours: OpeningHours | None = None


def _queue_from_table(_source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
    table = _table(QueueRules, hours=(OpeningHours | None, None))
    return core_schema.no_info_after_validator_function(_queue, handler(table))


def _queue(table: Any) -> Queue:
    return Queue(table.rules(), table.hours)


Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=80)]


class RuleTables(BaseModel):
    """The tables that a live configuration and a scenario have in common, to be inherited from.

    Raises ValidationError; `callfloor.config.faults` says it in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queues: dict[Id, Annotated[Queue, GetPydanticSchema(_queue_from_table)]] = Field(min_length=1)
    agents: dict[Id, Annotated[AgentRules, _from_table(AgentRules)]]
    routing: Annotated[RoutingRules, _from_table(RoutingRules)] = RoutingRules()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        queues = {name: queue.rules for name, queue in self.queues.items()}
        faults = [*_unknown_queues(queues, self.agents), *_disorder(queues), *_circles(queues)]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def rules(self) -> Rules:
        return Rules(
            queues={name: queue.rules for name, queue in self.queues.items()},
            agents=dict(self.agents),
            routing=self.routing,
            hours={name: queue.hours for name, queue in self.queues.items() if queue.hours is not None},
        )


@dataclass(frozen=True)
class Rules:
    """What the tables say, in the words of the ACD. `hours` holds only the queues that have some."""

    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]
    routing: RoutingRules = field(default_factory=RoutingRules)
    hours: dict[str, OpeningHours] = field(default_factory=dict)

    def configure(self, at: int) -> Configure:
        """The request that tells the ACD these rules at `at` (ms since 1970 UTC)."""
        return Configure(at, self.queues, self.agents, self.routing)

    def change(self, at: int, by: str, changes: tuple[Change, ...]) -> ChangeSettings:
        """The request that tells them together with the changes of settings that they come from."""
        return ChangeSettings(at, by, changes, self.queues, self.agents, self.routing)

    def warnings(self, asks: Mapping[str, Collection[str]] | None = None) -> list[str]:
        """What the rules allow, but hardly anybody wants: calls that nobody can take, agents whom nobody asks.

        `asks`: what calls ask for themselves, by queue.
        """
        calls = [gap.words for gap in gaps(self.queues, self.agents, asks)]
        agents = never_asked(self.queues, self.agents)
        more = f" and {len(agents) - NAMED} more" if len(agents) > NAMED else ""
        asked = [f"no call would ever be offered to {', '.join(agents[:NAMED])}{more}"] if agents else []
        return [*calls, *_unreached(self.queues), *asked]

    def bounds(
        self,
        brought: Mapping[str, Collection[int]] | None = None,
        ivr_ms: int = IVR_MS,
        head_starts: Mapping[str, int] | None = None,
    ) -> list[Bound]:
        """How far calls may be overtaken: see `acd.bounds`."""
        return bounds(self.queues, self.agents, self.routing, brought, ivr_ms, head_starts)


NAMED = 10
"""So many agents are named in a warning."""


def _unreached(queues: Mapping[str, QueueRules]) -> Iterator[str]:
    for name, rules in queues.items():
        end_ms = ends_at(rules)
        late = [n for n, step in enumerate(rules.steps, start=1) if step.after_ms > end_ms]
        if late:
            yield f"queue {name}: no call waits for step {late[0]}, it is sent away after {seconds(end_ms)}"


def treatments(rules: QueueRules) -> Iterator[tuple[str, Treatment]]:
    """Every treatment of a queue with its key, such as `when_full` and `steps.0.overflow`."""
    for key in ("when_full", "when_too_long", "when_empty", "when_closed"):
        yield key, getattr(rules, key)
    for n, step in enumerate(rules.steps):
        if step.overflow is not None:
            yield f"steps.{n}.overflow", step.overflow


def _unknown_queues(queues: Mapping[str, QueueRules], agents: Mapping[str, AgentRules]) -> Iterator[str]:
    named = [(f"queues.{name}.{key}", to.to) for name, rules in queues.items() for key, to in _leads_to(rules)]
    named += [(f"agents.{name}.queues", queue) for name, agent in agents.items() for queue in agent.queues]
    for place, queue in named:
        if queue not in queues:
            yield f"{place}: there is no queue {queue!r} (queues: {', '.join(sorted(queues))})"


def _leads_to(rules: QueueRules) -> Iterator[tuple[str, Treatment]]:
    return ((key, treatment) for key, treatment in treatments(rules) if treatment.kind == "queue")


def _disorder(queues: Mapping[str, QueueRules]) -> Iterator[str]:
    """Values of which each may stand, but not beside the other."""
    for name, rules in queues.items():
        place = f"queues.{name}"
        if rules.wrap_up_limit_ms < rules.wrap_up_ms:
            yield f"{place}.wrap_up_limit_ms: expected at least wrap_up_ms, {rules.wrap_up_ms}"
        if problem := not_dispositions(rules):
            yield f"{place}: {problem}"
        before_ms = -1
        for n, step in enumerate(rules.steps):
            if step.after_ms <= before_ms:
                yield f"{place}.steps.{n}.after_ms: expected more than the step before it, {before_ms}"
            before_ms = step.after_ms
            if step == Step(step.after_ms):
                yield f"{place}.steps.{n}: changes nothing; expected one of {', '.join(Step.__struct_fields__[1:])}"


def _circles(queues: Mapping[str, QueueRules]) -> Iterator[str]:
    """Queues that could send a call to one another for ever, none of them keeping it."""
    leads = {name: [to.to for _, to in _leads_to(rules)] for name, rules in queues.items()}
    try:
        TopologicalSorter(leads).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        yield f"queues: a call could be sent round for ever, {circle}: expected another treatment at one of them"
