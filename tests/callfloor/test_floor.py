"""The live loop over a real core and a real journal: order, deadlines, a full disk, a broken invariant."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("step_s", [3_600, -3_600])
async def test_a_wall_clock_stepped_by_an_hour_ends_nothing_early_or_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_s: int
) -> None:
    """While a call rings, one talks and one is wrapped up: stepped before each of them, as an administrator might."""
    real, stepped_ns = time.time_ns, 0
    monkeypatch.setattr("callfloor.clock.time.time_ns", lambda: real() + stepped_ns)
    now = Clock()
    floor = Floor(Acd(), Journal.open(tmp_path / "j", "never"), now)
    rules = {"service": QueueRules("Service", ring_ms=300, wrap_up_ms=300, on_no_answer="next", rest_ms=300)}
    floor.tell(say.Configure(now(), rules, {"a1": AgentRules("Alice", {"service": 1})}))
    heard: asyncio.Queue[tuple[float, say.AnyFact]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(line: Line) -> None:
        for fact in line.facts:
            heard.put_nowait((loop.time(), fact))

    floor.follow(hear)

    async def until(kind: type[say.AnyFact]) -> tuple[float, Any]:
        while not isinstance((came := await heard.get())[1], kind):
            pass
        return came

    floor.tell(say.LogIn(now(), "a1"))
    floor.tell(say.GoReady(now(), "a1"))
    floor.tell(say.CallArrived(now(), "c1", "x", queue="service"))
    rang_at, _ = await until(say.CallOffered)
    stepped_ns += step_s * 1_000_000_000
    failed_at, _ = await until(say.OfferFailed)
    assert 0.25 < failed_at - rang_at < 30
    _, again = await until(say.CallOffered)
    stepped_ns += step_s * 1_000_000_000
    floor.tell(say.OfferAnswered(now(), again.offer, "y"))
    talked_from, connected = await until(say.CallConnected)
    assert abs(connected.waited_ms - (talked_from - rang_at) * 1_000) < 1_000
    stepped_ns += step_s * 1_000_000_000
    floor.tell(say.CallerGone(now(), "c1"))
    ended_at, ended = await until(say.CallEnded)
    assert abs(ended.talked_ms - (ended_at - talked_from) * 1_000) < 1_000
    stepped_ns += step_s * 1_000_000_000
    over_at, _ = await until(say.WrapUpEnded)
    assert 0.25 < over_at - ended_at < 30
    floor.close()
