"""Transcripts of calls: what was said to the ACD on the left, all that it decided on the right.

    # A paragraph that says what the story shows.
    queue service ring_ms=15000 wrap_up_ms=10000
    step service 60000 levels=2 priority=1
    agent a1 service=1
    skills a1 zh=4
    routing "call_choice=priority with ageing"
          0 LogIn a1                              AgentLoggedIn a1
      15000 TimeCame                              OfferFailed 1 c1 a1 "no answer" | AgentNotReady a1 "no answer"

Times are milliseconds from the story's beginning. Arguments stand in the order of the vocabulary's fields, or as
`name=value`. What every story would only repeat (reasons, deadlines, channels) is left out on the right.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules, RoutingRules, Step

LEFT_OUT = {"due_at", "until", "channel", "node", "joined_at", "phone", "limit", "prefer_until", "wait_90_ms", "nobody"}
BY_NAME = {
    "head_start_ms",
    "skills",
    "preferred",
    "by",
    "announce",
    "offer_callback",
    "open",
    "number",
    "retry_at",
    "step",
    "raised",
    "unreachable",
    "undisposed",
    "own",
    "customer",
}
START = 1_000_000
FACTS_COLUMN = 50


@dataclass
class Story:
    """A transcript that was told to a fresh ACD: the text as it should be, and the journal that it would leave."""

    text: str
    journal: list[Line]
    acd: Acd


def tell(text: str) -> Story:
    """Runs the left column of a transcript; the story's text carries the right column as the ACD said it."""
    acd = Acd()
    told: list[str] = []
    journal: list[Line] = []
    queues: dict[str, QueueRules] = {}
    agents: dict[str, AgentRules] = {}
    routing = RoutingRules()
    for raw in text.splitlines():
        if found := re.match(r"^ *(\d+) ([A-Z]\w+.*?)(?:  .*)?$", raw):
            if not acd.state.queues:
                _hear(acd, journal, say.Configure(START, queues, agents, routing))
            said = _input(START + int(found[1]), found[2].rstrip())
            facts = _hear(acd, journal, said)
            left = f"{int(found[1]):7} {found[2].rstrip()}"
            told.append(f"{left:<{FACTS_COLUMN}}  {' | '.join(map(_brief, facts)) or '-'}")
        else:
            told.append(raw)
            routing = _declare(raw, queues, agents) or routing
    return Story("\n".join(told) + "\n", journal, acd)


def _hear(acd: Acd, journal: list[Line], said: AnyInput) -> list[AnyFact]:
    facts = acd.handle(said)
    journal.append(Line(len(journal) + 1, said, facts))
    return facts


def _declare(raw: str, queues: dict[str, QueueRules], agents: dict[str, AgentRules]) -> RoutingRules | None:
    match [] if raw.startswith("#") else shlex.split(raw):
        case ["queue", name, *options]:
            queues[name] = _rules(QueueRules, {"name": name}, options)
        case ["step", name, after_ms, *options]:
            step = _rules(Step, {"after_ms": after_ms}, options)
            queues[name] = msgspec.structs.replace(queues[name], steps=(*queues[name].steps, step))
        case ["agent", name, *levels]:
            agents[name] = AgentRules(name, _numbers(levels))
        case ["skills", name, *levels]:
            agents[name] = msgspec.structs.replace(agents[name], skills=_numbers(levels))
        case ["routing", *options]:
            routing: RoutingRules = _rules(RoutingRules, {}, options)
            return routing
    return None


def _rules(kind: type[Any], values: dict[str, Any], options: list[str]) -> Any:
    """Rules from `name=value` words; several words of a list stand between commas."""
    for option in options:
        name, _, value = option.partition("=")
        annotation = str(kind.__annotations__[name])
        if "tuple" in annotation:
            values[name] = value.split(",")
        elif "Treatment" in annotation:
            values[name] = _to(value)
        elif name == "callback":
            values[name] = _numbers(value.split(","))
        else:
            values[name] = value
    return msgspec.convert(values, kind, strict=False)


def _to(text: str) -> dict[str, str]:
    treatment, _, to = text.partition(":")
    return {"kind": treatment, "to": to}


def _numbers(words: list[str]) -> dict[str, int]:
    parts = (re.split("([:=])", word, maxsplit=1) for word in words if word)
    return {name: int(value) for name, _, value in parts}


def _input(at: int, text: str) -> AnyInput:
    name, *words = shlex.split(text)
    kind: type[msgspec.Struct] = getattr(say, name)
    fields = [field for field in kind.__struct_fields__ if field != "at"]
    values: dict[str, Any] = {"type": name, "at": at}
    for position, word in enumerate(words):
        field, given, value = word.partition("=")
        values[field if given and field in fields else fields[position]] = value if given and field in fields else word
    for field in ("calls", "legs"):
        if field in fields:
            values[field] = _listed(values.get(field, ""), field)
    if name == "ChangeSkills":
        values["skills"] = _numbers(values["skills"].split(","))
    if "to" in values:
        values["to"] = _to(values["to"])
    for field in ("asked_at", "due_at"):
        if field in values:
            values[field] = START + int(values[field])
    return cast(AnyInput, msgspec.convert(values, kind, strict=False))


def _listed(text: str, field: str) -> list[dict[str, Any]]:
    """`c1,c2/service/0/700,c3:bridged` for calls (with queue, priority, joined_at; joined with somebody, `:alone`,
    `:waiting`), `1:answered:bridged` for legs."""
    listed: list[dict[str, Any]] = []
    for item in filter(None, text.split(",")):
        if field == "calls":
            named, _, joined = item.partition(":")
            bridged = {"bridged": True, "alone": False, "waiting": False}.get(joined)
            call, queue, priority, since = [*named.split("/"), "", "0", "0"][:4] if "/" in named else (named, "", 0, 0)
            joined_at = START + int(since) if queue else 0
            place = {"queue": queue, "priority": priority, "joined_at": joined_at}
            listed.append({"call": call, "channel": "x", "bridged": bridged, "waits": joined == "waiting"} | place)
        else:
            offer, *words = item.split(":")
            listed.append({"offer": offer, "channel": "y"} | dict.fromkeys(words, True))
    return listed


def _brief(fact: AnyFact) -> str:
    words: list[str] = [type(fact).__name__]
    defaults = fact.__struct_defaults__
    optional = dict(zip(fact.__struct_fields__[-len(defaults) :], defaults, strict=True)) if defaults else {}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if name in LEFT_OUT or value in ("", None) or isinstance(value, say.Why):
            continue
        if name in BY_NAME and name in optional:
            words += (
                [f"{name}={_word(value - START if name == 'retry_at' else value)}"] if value != optional[name] else []
            )
        else:
            words.append(_word(value))
    return " ".join(words)


def _word(value: object) -> str:
    """As `_struct` reads it, quoted if it has blanks."""
    if isinstance(value, list):
        value = ",".join(value)
    if isinstance(value, dict):
        value = ",".join(f"{name}={level}" for name, level in value.items())
    if isinstance(value, say.Treatment | say.Target):
        value = f"{value.kind}:{value.to}" if value.to else value.kind
    return f'"{value}"' if " " in str(value) else str(value)


def transcripts() -> list[Path]:
    return sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
