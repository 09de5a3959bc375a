"""`kill -9` after every line of the journal: who waits keeps the place, who talks talks on, and all are counted."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from tests.restart.nursery import Kill, Moment
from tests.restart.verdict import faults, lost
from tests.restart.witness import Nursery
from tests.restart.world import World

AT_ONCE = 8
"""Days that go on at the same time: each is mostly waiting."""
EVERY = int(os.environ.get("CALLFLOOR_SWEEP_EVERY", "1"))
"""Only every second, third … line, for those who are in a hurry."""

pytestmark = pytest.mark.timeout(900)


async def a_day(nursery: Nursery, folder: Path, *kills: Kill, long_away: bool = False) -> World:
    """One day, on which the house dies at each of these lines, if it comes to them. `long_away`: longer than any agent
    who has answered waits for the caller."""
    folder.mkdir()
    settings = {"agent_silence_ms": 1_000} if long_away else {}
    async with World(folder, nursery).open(**settings) as world:
        for number, kill in enumerate([*kills, None], 1):
            world.start_house(kill)

            def died(deaths: int = number) -> bool:
                return world.deaths == deaths

            def evening(kill: Kill | None = kill) -> bool:
                dying = kill is not None and kill.moment != "torn" and kill.line <= len(world.lines)
                return world.day_is_over() and not dying

            await world.until("agents ready", lambda: died() or world.agents_are_ready())
            if not died():
                world.everybody_calls()
            await world.until("agreement with the switch", lambda: died() or world.agrees())
            await world.until("evening", lambda: died() or evening())
            if not died():
                break
            await world.until("music for all who wait", lambda: not world.waiting_without_music())
            if long_away:
                await world.until("end of the agents' patience", lambda: not world.agents_in_silence())
        await world.end_house()
        return world


class Sweep:
    """Tries kills out, and keeps what went wrong and the figures."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self.nursery = nursery
        self.folder = folder
        self.wrong: list[str] = []
        self.died: Counter[str] = Counter()
        self.calls = 0
        self.lost = 0
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def try_out(self, *kills: Kill, long_away: bool = False) -> None:
        name = " ".join(f"{kill.moment} {kill.line}" for kill in kills)
        async with self._gate:
            try:
                world = await a_day(self.nursery, self.folder / name, *kills, long_away=long_away)
            except AssertionError as error:
                self.wrong.append(f"{name}: {error}")
                return
        self.died.update(kill.moment for kill in kills[: world.deaths - 1])
        self.calls += len(world.persons)
        self.lost += len(lost(world))
        self.wrong += [f"{name}: {fault}" for fault in [*lost(world), *faults(world)]]

    def show(self, what: str) -> None:
        moments = ", ".join(f"{n} {moment}" for moment, n in sorted(self.died.items()))
        sys.stdout.write(f"\n{what}: {self.died.total()} moments ({moments}), {self.calls} calls, {self.lost} lost\n")


async def test_no_call_is_lost_whenever_the_house_dies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Nursery(tmp_path / "nursery").open() as nursery:
        whole = await a_day(nursery, tmp_path / "whole")
        assert (lost(whole), faults(whole)) == ([], [])
        sweep = Sweep(nursery, tmp_path)
        moments = [(line, moment) for line in range(1, len(whole.lines) + 1, EVERY) for moment in get_args(Moment)]
        await asyncio.gather(*(sweep.try_out(Kill(line, moment)) for line, moment in moments))
    with capsys.disabled():
        sweep.show("kill -9")
    assert not sweep.wrong, "\n".join(sweep.wrong)
    assert sweep.died.total() > 0.7 * len(moments)  # on a slow machine some days have fewer lines than the first


async def test_nor_if_it_dies_again_while_it_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Nursery(tmp_path / "nursery").open() as nursery:
        sweep = Sweep(nursery, tmp_path)
        again = [
            (Kill(line, "written"), Kill(line + 1 + (line + n) % 5, moment))
            for line in range(10, 50, 3 * EVERY)
            for n, moment in enumerate(get_args(Moment))
        ]
        await asyncio.gather(*(sweep.try_out(*kills) for kills in again))
    with capsys.disabled():
        sweep.show("kill -9 and again")
    assert not sweep.wrong, "\n".join(sweep.wrong)
    assert sweep.died.total() > 0.7 * 2 * len(again)


async def test_nor_if_it_stays_away_until_agents_who_had_answered_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Nursery(tmp_path / "nursery").open() as nursery:
        sweep = Sweep(nursery, tmp_path)
        kills = [Kill(line, "written") for line in range(10, 50, EVERY)]
        await asyncio.gather(*(sweep.try_out(kill, long_away=True) for kill in kills))
    with capsys.disabled():
        sweep.show("kill -9 and long away")
    assert not sweep.wrong, "\n".join(sweep.wrong)
    assert sweep.died.total() > 0.7 * len(kills)
