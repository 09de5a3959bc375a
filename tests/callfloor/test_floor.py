"""The live loop over a real core and a real journal: order, deadlines, a full disk, a broken invariant."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.moves import AgentLine, ImpossibleMove
from acd.vocabulary import AgentRules, Line, QueueRules
from callfloor.clock import Clock
from callfloor.floor import Floor
from records.journal import Journal, replay


def open_floor(path: Path, ring_ms: int = 15_000) -> Floor:
    floor = Floor(Acd(), Journal.open(path, "never"), Clock())
    queues = {"service": QueueRules("Service", ring_ms=ring_ms)}
    floor.tell(say.Configure(1, queues, {"a1": AgentRules("Alice", {"service": 1})}))
    return floor


@contextmanager
def disk_full(path: Path) -> Iterator[None]:
    """Files of this process may not grow beyond the journal's present size; the kernel says EFBIG."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_what_is_told_while_a_line_is_told_comes_after_it(tmp_path: Path) -> None:
    floor = open_floor(tmp_path / "j")
    seen: list[tuple[str, int]] = []

    def eager(line: Line) -> None:
        if isinstance(line.input, say.LogIn):
            floor.tell(say.GoReady(2, "a1"))
        seen.append(("eager", line.seq))

    floor.follow(eager)
    floor.follow(lambda line: seen.append(("calm", line.seq)))
    facts = await floor.tell(say.LogIn(2, "a1"))
    assert facts == [say.AgentLoggedIn("a1")]
    assert seen == [("eager", 2), ("calm", 2), ("eager", 3), ("calm", 3)]


async def test_a_deadline_comes_by_itself(tmp_path: Path) -> None:
    floor = open_floor(tmp_path / "j", ring_ms=50)
    failed = asyncio.Event()
    floor.follow(lambda line: failed.set() if any(isinstance(f, say.OfferFailed) for f in line.facts) else None)
    now = Clock()
    await floor.tell(say.LogIn(now(), "a1"))
    await floor.tell(say.GoReady(now(), "a1"))
    await floor.tell(say.CallArrived(now(), "c1", "x", queue="service"))
    await asyncio.wait_for(failed.wait(), 30)
    assert floor.acd.state.agents["a1"].reason == "no answer"


async def test_a_full_disk_delays_everything_and_loses_nothing(tmp_path: Path) -> None:
    floor = open_floor(tmp_path / "j")
    seen: list[int] = []
    floor.follow(lambda line: seen.append(line.seq))
    with disk_full(tmp_path / "j"):
        waiting = [floor.tell(say.LogIn(2, "a1")), floor.tell(say.GoReady(3, "a1"))]
        await asyncio.sleep(0)
        assert seen == []
        assert floor.journal_fault
        assert not any(future.done() for future in waiting)
    facts = await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert facts == [[say.AgentLoggedIn("a1")], [say.AgentReady("a1")]]
    assert floor.journal_fault == ""
    assert seen == [2, 3]
    assert [line.seq for line in replay(tmp_path / "j")] == [1, 2, 3]


async def test_a_reader_that_fails_keeps_nobody_else_from_the_line(tmp_path: Path) -> None:
    floor = open_floor(tmp_path / "j")
    seen: list[int] = []

    def broken(line: Line) -> None:
        raise RuntimeError("a screen that cannot draw")

    floor.follow(broken)
    floor.follow(lambda line: seen.append(line.seq))
    await floor.tell(say.LogIn(2, "a1"))
    assert seen == [2]


async def test_a_broken_invariant_stops_the_floor(tmp_path: Path) -> None:
    floor = open_floor(tmp_path / "j")
    await floor.tell(say.LogIn(2, "a1"))
    await floor.tell(say.GoReady(2, "a1"))
    floor.acd.state.agents["a1"].line = AgentLine.WRAP_UP  # what no fact did
    with pytest.raises(ImpossibleMove):
        floor.tell(say.CallArrived(3, "c1", "x", queue="service"))
    with pytest.raises(ImpossibleMove):
        await floor.broken
    assert [line.seq for line in replay(tmp_path / "j")] == [1, 2, 3]


async def test_a_new_start_goes_on_where_the_journal_ends(tmp_path: Path) -> None:
    first = open_floor(tmp_path / "j")
    now = Clock()
    await first.tell(say.LogIn(now(), "a1"))
    await first.tell(say.CallArrived(now(), "c1", "x", queue="service"))
    acd = Acd()
    assert acd.replay(replay(tmp_path / "j")) == 3
    assert acd.state == first.acd.state
    now.not_before(9_999_999_999_999)
    assert now() >= 9_999_999_999_999
