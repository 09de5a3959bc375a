"""Faults on the wires during a day of calls: afterwards nobody is in a state that the switch does not confirm."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from random import Random

import pytest

from acd.vocabulary import LinkLost
from tests.restart.people import Plan
from tests.restart.verdict import lost
from tests.restart.wires import Chance, Fault, Once
from tests.restart.witness import Nursery
from tests.restart.world import World

SEEDS = os.environ.get("CALLFLOOR_SEEDS", "1 2 3 4 5 6").split()
"""By hand, many: `CALLFLOOR_SEEDS="$(seq 100 200)" pytest tests/restart/test_wires.py -k seed -s`."""
AT_ONCE = 6
CALLS = 40
EVENING_S = 120.0

pytestmark = pytest.mark.timeout(900)


def busy_day(seed: str) -> list[Plan]:
    """Forty calls of every kind in eight seconds, for three agents."""
    chance = Random(seed)
    ways: list[tuple[str, str, dict[str, object]]] = [
        ("1", "service", {}),
        ("2", "service", {"skills": "zh"}),
        ("3", "service", {"priority": 5, "key": "1"}),
        ("4", "sales", {"handed_over": True}),
        ("5", "sales", {"key": "1"}),
    ]
    plans = []
    for _ in range(CALLS):
        dnis, queue, more = chance.choice(ways)
        plan = Plan(
            chance.randrange(8_000),
            dnis,
            queue,
            talk_ms=chance.randrange(50, 600),
            hangs_up=chance.choice(("caller", "agent")),
            patience_ms=300 if chance.random() < 0.2 else 90_000,
            **more,  # type: ignore[arg-type] # any of its fields
        )
        plans.append(plan)
    return sorted(plans, key=lambda plan: plan.at_ms)


async def a_day(nursery: Nursery, folder: Path, ami: Chance, agi: Chance, plans: list[Plan]) -> World:
    folder.mkdir()
    async with World(folder, nursery).open() as world:
        world.plans = plans
        world.config["nodes"]["sim"] |= {"answer_s": 1, "ping_s": 0.5, "connect_s": 1, "reconnect_max_s": 0.5}
        world.start_house()
        await world.until("the agents", world.agents_are_ready)
        world.ami.fault, world.agi.fault = ami, agi
        world.everybody_calls()
        await asyncio.sleep(plans[-1].at_ms / 1_000 + 1)  # the day's length, and some of its last call
        world.ami.calm()
        world.agi.calm()
        await world.until("evening", world.day_is_over, EVENING_S)
        await world.end_house()
        return world


async def test_whatever_a_seed_does_to_the_wires_heals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate, wrong, drawn, calls = asyncio.Semaphore(AT_ONCE), list[str](), dict[str, int](), 0

    async def try_out(nursery: Nursery, seed: str) -> None:
        nonlocal calls
        ami = Chance(f"ami {seed}", drop=0.03, repeat=0.03, delay=0.03, cut=0.01, stall=0.0)
        agi = Chance(f"agi {seed}", delay=0.05, cut=0.02)
        async with gate:
            try:
                world = await a_day(nursery, tmp_path / f"seed {seed}", ami, agi, busy_day(seed))
                calls += len(world.persons)
                wrong.extend(f"seed {seed}: lost {one}" for one in lost(world))
            except AssertionError as error:
                wrong.append(f"seed {seed}: {error}")
        for chance in (ami, agi):
            for fault, n in chance.drawn.items():
                drawn[fault] = drawn.get(fault, 0) + n

    async with Nursery(tmp_path / "nursery").open() as nursery:
        await asyncio.gather(*(try_out(nursery, seed) for seed in SEEDS))
    with capsys.disabled():
        faults = ", ".join(f"{n} {fault}" for fault, n in sorted(drawn.items()))
        sys.stdout.write(f"\nfaults on the wires: {faults}; {len(SEEDS)} days, {calls} calls, {len(wrong)} wrong\n")
    assert not wrong, "\n".join(wrong)
    assert {"cut", "delay", "drop", "repeat"} <= drawn.keys()


@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_a_link_cut_or_stalled_after_any_message(tmp_path: Path, fault: Fault) -> None:
    """At every tenth message of the day in turn; what stalls goes on when the ping has told."""

    async def try_out(nursery: Nursery, at: int) -> list[str]:
        folder = tmp_path / str(at)
        folder.mkdir()
        async with World(folder, nursery).open() as world:
            world.config["nodes"]["sim"] |= {"answer_s": 1, "ping_s": 0.5, "reconnect_max_s": 0.5}
            world.ami.fault = Once(fault, at)
            world.start_house()
            await world.until("the agents", world.agents_are_ready)
            world.everybody_calls()
            downs = sum(isinstance(line.input, LinkLost) for line in world.lines)
            done = world.day_is_over
            await world.until(
                "the fault noticed",
                lambda: done() or sum(isinstance(line.input, LinkLost) for line in world.lines) > downs,
            )
            world.ami.calm()
            await world.until("evening", world.day_is_over)
            await world.end_house()
            return [f"{fault} at {at}: {one}" for one in lost(world)]

    async with Nursery(tmp_path / "nursery").open() as nursery:
        found = await asyncio.gather(*(try_out(nursery, at) for at in range(8, 160, 19)))
    assert not [fault for faults in found for fault in faults]
