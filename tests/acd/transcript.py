"""Transcripts of calls: what was said to the ACD on the left, all that it decided on the right.

    # A paragraph that says what the story shows.
    queue service ring_ms=15000 wrap_up_ms=10000
    agent a1 service=1
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
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules

LEFT_OUT = {"until", "channel", "node", "joined_at", "phone"}
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
    for raw in text.splitlines():
        if found := re.match(r"^ *(\d+) ([A-Z]\w+.*?)(?:  .*)?$", raw):
            if not acd.state.queues:
                _hear(acd, journal, say.Configure(START, queues, agents))
            said = _input(START + int(found[1]), found[2].rstrip())
            facts = _hear(acd, journal, said)
            left = f"{int(found[1]):7} {found[2].rstrip()}"
            told.append(f"{left:<{FACTS_COLUMN}}  {' | '.join(map(_brief, facts)) or '-'}")
        else:
            told.append(raw)
            _declare(raw, queues, agents)
    return Story("\n".join(told) + "\n", journal, acd)


def _hear(acd: Acd, journal: list[Line], said: AnyInput) -> list[AnyFact]:
    facts = acd.handle(said)
    journal.append(Line(len(journal) + 1, said, facts))
    return facts


def _declare(raw: str, queues: dict[str, QueueRules], agents: dict[str, AgentRules]) -> None:
    match raw.split():
        case ["queue", name, *options]:
            queues[name] = QueueRules(name, **_numbers(options))
        case ["agent", name, *levels]:
            agents[name] = AgentRules(name, _numbers(levels))


def _numbers(words: list[str]) -> dict[str, int]:
    return {name: int(value) for name, _, value in (word.partition("=") for word in words)}


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
    if "asked_at" in values:
        values["asked_at"] = START + int(values["asked_at"])
    return cast(AnyInput, msgspec.convert(values, kind, strict=False))


def _listed(text: str, field: str) -> list[dict[str, Any]]:
    """`c1,c2/service/0/700` for calls (with queue, priority, joined_at), `1:answered:bridged` for legs."""
    listed: list[dict[str, Any]] = []
    for item in filter(None, text.split(",")):
        if field == "calls":
            call, queue, priority, joined = [*item.split("/"), "", "0", "0"][:4] if "/" in item else (item, "", 0, 0)
            joined_at = START + int(joined) if queue else 0
            listed.append({"call": call, "channel": "x", "queue": queue, "priority": priority, "joined_at": joined_at})
        else:
            offer, *words = item.split(":")
            listed.append({"offer": offer, "channel": "y"} | dict.fromkeys(words, True))
    return listed


def _brief(fact: AnyFact) -> str:
    words: list[str] = [type(fact).__name__]
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if name not in LEFT_OUT and value not in ("", None) and not isinstance(value, say.Why):
            words.append(f'"{value}"' if " " in str(value) else str(value))
    return " ".join(words)


def transcripts() -> list[Path]:
    return sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
