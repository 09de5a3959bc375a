"""Simulated days for tests: a scenario in few words, and what its journal says. Pure."""

from __future__ import annotations

from typing import Any, TypeVar

from acd.vocabulary import Fact, Line
from simulator.run import simulate
from simulator.scenario import Scenario

F = TypeVar("F", bound=Fact)


def scenario(**tables: Any) -> Scenario:
    """One queue `service` with callers of the kind `service`; `tables` go before what is said here."""
    said: dict[str, Any] = {
        "day": {"date": "2026-11-23", "hours": "00:00-24:00"},
        "queues": {"service": queue()},
        "kinds": {"service": kind()},
        "teams": {"front": team(10)},
    }
    return Scenario.model_validate(said | tables)


def queue(**changes: Any) -> dict[str, Any]:
    return {"name": "Service", "wrap_up_ms": 0, **changes}


def kind(**changes: Any) -> dict[str, Any]:
    """Two calls a minute, all day."""
    counts = {} if changes.keys() & {"counts", "total"} else {"total": 2_880}
    way = {} if "menu" in changes else {"queue": "service"}
    return {**counts, **way, "service_s": {"exponential": 180}, **changes}


def team(agents: int | list[str] | None, **changes: Any) -> dict[str, Any]:
    """Who pick up at once."""
    number = {} if agents is None else {"agents": agents}
    queues = {} if isinstance(agents, list) else {"queues": {"service": 1}}
    return {**number, **queues, "answer_s": 0, **changes}


def journal(scenario: Scenario, seed: int = 1) -> list[Line]:
    lines: list[Line] = []
    simulate(scenario, seed, lines.append)
    return lines


def facts(lines: list[Line], kind: type[F]) -> list[tuple[int, F]]:
    """Every such fact, and when it happened."""
    return [(line.input.at, fact) for line in lines for fact in line.facts if isinstance(fact, kind)]
