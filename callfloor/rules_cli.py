"""`callfloor rules`: what a configuration's queues, steps and choices come to, in words. Does I/O: reads it, prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from acd.bounds import IVR_MS, Bound, seconds
from acd.policy import QueueRules, Step, Treatment
from callfloor.config import load_rules
from callfloor.rules import Rules

NAMED = 6
"""So many agents of a queue are named; the others are counted."""


def show_rules(
    config: Annotated[Path, typer.Argument(help="The configuration file.", metavar="CONFIG")] = Path("callfloor.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="For a program: one JSON object.")] = False,  # noqa: FBT002 - an option of typer
) -> None:
    """Say what the rules come to: queues, steps, who is asked, calls nobody can take, how far a call is overtaken."""
    file = load_rules(config)
    rules = file.rules()
    ivr_ms = file.ivr.session_ms if file.ivr is not None else IVR_MS
    bounds = rules.bounds(file.brought(), ivr_ms, file.head_starts())
    warnings = rules.warnings(file.asks())
    if as_json:
        print(msgspec.json.encode(as_data(rules, bounds, warnings)).decode())  # noqa: T201 - data for another program
        return
    screen = Console(highlight=False)
    screen.print(Text(f"Calls are chosen by {choice_of_calls(rules)}."))
    screen.print(_queues(rules))
    screen.print(_bounds(bounds))
    for warning in warnings:
        screen.print(Text(f"warning: {warning}", style="yellow"))


def as_data(rules: Rules, bounds: list[Bound], warnings: list[str]) -> dict[str, Any]:
    """All that the tables say, as plain data."""
    queues = {
        name: {
            "rules": queue,
            "hours": rules.hours[name].model_dump() if name in rules.hours else None,
            "in_words": list(in_words(queue)),
            "agents": {agent: who.queues[name] for agent, who in rules.agents.items() if name in who.queues},
        }
        for name, queue in rules.queues.items()
    }
    return {"routing": rules.routing, "queues": queues, "bounds": bounds, "warnings": warnings}


def choice_of_calls(rules: Rules) -> str:
    choice = rules.routing.call_choice
    aged = choice in ("priority with ageing", "queue weight", "service level")
    return f"{choice} ({seconds(rules.routing.ageing_ms)} of waiting weigh as much as one priority)" if aged else choice


def in_words(rules: QueueRules) -> Iterator[str]:
    """What happens to a call of the queue, in the order in which it happens."""
    asks = [f"for {rules.skills}"] if rules.skills else []
    asks += [f"level {rules.levels} at most"] if rules.levels else []
    yield f"at first: asks {', '.join(asks) or 'all its agents'}"
    for step in rules.steps:
        yield f"after {seconds(step.after_ms)}: {', '.join(step_in_words(step))}"
    if rules.max_wait_ms:
        yield f"after {seconds(rules.max_wait_ms)}: {treated(rules.when_too_long)}"
    if rules.max_waiting:
        yield f"with {rules.max_waiting} waiting and nobody free: {treated(rules.when_full)}"
    if rules.join_when:
        yield f"joins only if an agent is {' or '.join(rules.join_when)}: else {treated(rules.when_empty)}"
    if rules.stay_when:
        yield f"stays only while an agent is {' or '.join(rules.stay_when)}: else {treated(rules.when_empty)}"


def step_in_words(step: Step) -> Iterator[str]:
    if step.skills is not None:
        yield f"asks for {step.skills}" if step.skills else "asks for no skill"
    if step.forget_ask:
        yield "forgets what the call asked for itself"
    if step.levels is not None:
        yield f"asks level {step.levels} at most" if step.levels else "asks all levels"
    if step.widen:
        yield f"asks others with {step.widen} too"
    if step.priority:
        yield f"priority {step.priority:+}"
    if step.announce:
        yield f"announces {step.announce!r}"
    if step.offer_callback:
        yield "offers to call back"
    if step.overflow is not None:
        yield treated(step.overflow)


def treated(treatment: Treatment) -> str:
    if treatment.kind in ("queue", "number"):
        return f"to {treatment.kind} {treatment.to}"
    return {"voicemail": "to voicemail", "callback": "offers to call back", "hang up": "hangs up"}[treatment.kind]


def _queues(rules: Rules) -> Table:
    table = Table(title="Queues", title_justify="left")
    for heading in ("queue", "choice of agents", "what happens", "agents (level)"):
        table.add_column(heading, overflow="fold")
    for name, queue in rules.queues.items():
        levels = [(who.queues[name], agent) for agent, who in rules.agents.items() if name in who.queues]
        named = ", ".join(f"{agent} ({level})" for level, agent in sorted(levels)[:NAMED])
        more = f" and {len(levels) - NAMED} more" if len(levels) > NAMED else ""
        happens = "\n".join([*in_words(queue), *(["keeps opening hours"] if name in rules.hours else [])])
        table.add_row(Text(name), queue.agent_choice, Text(happens), Text(named + more))
    return table


def _bounds(bounds: list[Bound]) -> Table:
    table = Table(title="How far a call may be overtaken", title_justify="left")
    table.add_column("queue", overflow="fold")
    table.add_column("priority", justify="right")
    table.add_column("by calls that joined later", justify="right")
    table.add_column("because", overflow="fold")
    for one in bounds:
        most = "without bound" if one.bound_ms is None else "none" if one.bound_ms == 0 else seconds(one.bound_ms)
        most = f"{one.factor:.3g} times the wait" if one.bound_ms is None and one.factor > 1 else most
        table.add_row(Text(one.queue), str(one.priority), most, Text(one.words))
    return table
