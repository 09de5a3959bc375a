"""What a house lives through on a day of calls: a full disk, a database that is away, a wall clock that jumps."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from pathlib import Path

import pytest

from acd.vocabulary import AnyFact, CallBegan, CallConnected, LinkDown, LinkUp, WrapUpEnded, WrapUpStarted
from callfloor.house import STARTING
from tests.live.postgres import run_server
from tests.restart.people import Plan
from tests.restart.verdict import SLACK_MS, faults, lost, records
from tests.restart.witness import Nursery
from tests.restart.world import World

HOUR_S = 3_600
WRAP_UP_MS = 300


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 256 KiB that the kernel itself calls full (ENOSPC)."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "callfloor-test", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(ballast: Path) -> None:
    """To the last byte."""
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left on device"):
        file.writelines(repeat(bytes(4_096)))


@pytest.mark.asterisk  # for the root that mounting needs
async def test_while_the_disk_is_full_nothing_is_done_that_is_not_on_it_and_callers_stay(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    with small_disk(folder / "disk") as disk:
        (folder / "journal").symlink_to(disk / "journal")
        async with Nursery(tmp_path / "nursery").open() as nursery, World(folder, nursery).open() as world:
            world.config["records"]["journal"]["path"] = "disk/journal"
            world.start_house()
            await world.until("the agents", world.agents_are_ready)
            world.everybody_calls()
            await world.until("a talk", lambda: any(person.talked_to for person in world.persons))
            fill(disk / "ballast")
            await world.until("everybody's call", lambda: len(world.persons) == len(world.plans))
            await world.until("the journal's complaint", lambda: "journal.full" in world.log())
            talks = {person.ani: person.talked_to for person in world.persons}
            size, lines = (disk / "journal").stat().st_size, len(world.lines)
            ringing = sum(len(desk.ringing) for desk in world.desks.values())
            await asyncio.sleep(1)  # nothing is to happen: no event can tell
            world.look()
            assert ((disk / "journal").stat().st_size, len(world.lines)) == (size, lines)
            assert {person.ani: person.talked_to for person in world.persons} == talks
            assert sum(len(desk.ringing) for desk in world.desks.values()) <= ringing
            assert [p.ani for p in world.persons if p.over and not p.meant] == []
            (disk / "ballast").unlink()
            await world.until("evening", world.day_is_over)
            await world.end_house()
            assert "journal.writable_again" in world.log()
            assert (lost(world), faults(world)) == ([], [])
            assert world.deaths == 1


def _last_of_database(world: World) -> LinkDown | LinkUp:
    """What was last said of its link."""
    return [f for f in _facts(world) if isinstance(f, LinkDown | LinkUp) and f.link == "database"][-1]


async def test_a_database_that_is_away_for_a_day_of_calls_has_each_record_once_when_it_is_back(tmp_path: Path) -> None:
    with run_server() as server:
        folder = tmp_path / "day"
        folder.mkdir()
        async with Nursery(tmp_path / "nursery").open() as nursery, World(folder, nursery).open() as world:
            world.config["records"]["database"]["url"] = server.url
            world.start_house()
            await world.until("the agents", world.agents_are_ready)
            world.everybody_calls()
            await world.until("a talk", lambda: any(person.talked_to for person in world.persons))
            server.stop()
            await world.until("evening", world.day_is_over)
            assert isinstance(_last_of_database(world), LinkDown)
            server.start()
            await world.until("the database", lambda: isinstance(_last_of_database(world), LinkUp), 60)
            await world.end_house()
            assert (lost(world), faults(world)) == ([], [])
            names = [record.call for record in records(world)]
            assert len(names) == len(set(names)) == sum(isinstance(fact, CallBegan) for fact in _facts(world))


@pytest.mark.parametrize("steps_s", [(HOUR_S, 0), (-HOUR_S, 0)], ids=["forward and back", "back and forward"])
async def test_a_wall_clock_that_jumps_an_hour_ends_nothing_early_and_holds_nothing_up(
    tmp_path: Path, steps_s: tuple[int, int]
) -> None:
    """While some wait, ring, talk and wrap up."""
    folder = tmp_path / "day"
    folder.mkdir()
    async with Nursery(tmp_path / "nursery").open() as nursery, World(folder, nursery).open() as world:
        world.plans = [Plan(n * 100, "1", "service", talk_ms=700) for n in range(12)]
        world.config["queues"]["service"]["wrap_up_ms"] = WRAP_UP_MS
        world.start_house()
        await world.until("the agents", world.agents_are_ready)
        world.everybody_calls()
        for talks, ahead_s in zip((2, 5), steps_s, strict=True):
            await world.until(f"{talks} talks", partial(_have_talked, world, talks))
            world.set_clock(ahead_s)
        await world.until("evening", world.day_is_over)
        await world.end_house()
    assert (lost(world), faults(world)) == ([], [])
    times = [line.input.at for line in world.lines]
    assert times == sorted(times)
    assert times[-1] - times[0] < HOUR_S * 1_000 / 2
    began = {
        (f.agent, f.call): line.input.at for line in world.lines for f in line.facts if isinstance(f, WrapUpStarted)
    }
    ended = {(f.agent, f.call): line.input.at for line in world.lines for f in line.facts if isinstance(f, WrapUpEnded)}
    assert began.keys() == ended.keys()
    assert all(0 <= ended[who] - began[who] - WRAP_UP_MS < SLACK_MS for who in began)
    waits = {f.call: f.waited_ms for f in _facts(world) if isinstance(f, CallConnected)}
    assert len(waits) == len(world.plans)
    assert all(0 <= waited_ms < 30_000 for waited_ms in waits.values())
    assert not [f for f in _facts(world) if isinstance(f, LinkDown) and f.why != STARTING]


def _have_talked(world: World, least: int) -> bool:
    return sum(bool(person.talked_to) for person in world.persons) >= least


def _facts(world: World) -> list[AnyFact]:
    return [fact for line in world.lines for fact in line.facts]
