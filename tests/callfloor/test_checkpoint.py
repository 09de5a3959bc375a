"""Checkpoints: whatever was remembered, with the rest of the journal it makes what the whole journal makes."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest

from acd import vocabulary as say
from acd.model import State
from acd.vocabulary import Line
from callfloor import checkpoint
from callfloor.checkpoint import Checkpoint
from callfloor.config import load
from callfloor.house import House
from callfloor.memory import Memory, Parts
from callfloor.remembering import Remembering, remember
from cti.serial_settings import SerialSettings
from records.days import DaysInJournal
from records.journal import Journal, JournalReader, place_at, replay
from records.looking import CallsInJournal
from records.remembered import Remembered
from tests.acd.test_any_inputs import walk
from tests.acd.transcript import tell, transcripts
from tests.callfloor.alike import differences
from tests.callfloor.test_config import EXAMPLE
from tests.records.test_measures import random_day

LINE = SerialSettings(name="l", device="/dev/ttyS0", protocol="both")
PARTS = Parts(nodes=("pbx1", "n2", ""), lines=(LINE,))


def lines_of(path: Path) -> list[Line]:
    return tell(path.read_text()).journal


def written(path: Path, lines: Iterable[Line]) -> Path:
    with Journal.open(path, "never") as journal:
        for line in lines:
            journal.append(line)
    return path


def whole(journal: Path, parts: Parts = PARTS) -> Memory:
    """What a start without a checkpoint remembers."""
    memory = Memory(parts)
    for line in replay(journal):
        memory.learn(line)
    return memory


def resumed(known: Checkpoint, journal: Path) -> Memory:
    with JournalReader(journal, known.memory.seq, known.offset) as reader:
        checkpoint.catch_up(known.memory, reader, PARTS, checkpoint.LEAST)
    return known.memory


def saved(journal: Path, parts: Parts = PARTS) -> Path:
    memory = Memory(parts)
    with JournalReader(journal) as reader:
        checkpoint.catch_up(memory, reader, parts, 1)
    return max(journal.parent.glob("*.checkpoint"))


def cut(lines: list[Line], at: int, folder: Path) -> None:
    """A checkpoint after `at` lines, and then the rest: alike in everything."""
    folder.mkdir()
    journal = written(folder / "j", lines[:at])
    saved(journal)
    written(journal, lines[at:])
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert known.memory.seq == at
    assert differences(whole(journal), resumed(known, journal)) == []


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_at_a_cut_of_any_story_it_goes_on_as_if_there_were_none(path: Path, tmp_path: Path) -> None:
    lines = lines_of(path)
    for at in {1, len(lines) // 3, len(lines) // 2, len(lines) - 1, len(lines)} - {0}:
        cut(lines, at, tmp_path / str(at))


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", range(12))
def test_at_any_cut_of_a_tour_by_chance(seed: int, tmp_path: Path) -> None:
    lines = walk(seed, 300).journal
    for at in Random(seed).sample(range(1, len(lines) + 1), 8):
        cut(lines, at, tmp_path / str(at))


def test_what_it_goes_on_with_decides_as_before(tmp_path: Path) -> None:
    """Of the very lines: the inputs of the rest, decided by the ACD that was kept, make the same facts."""
    lines = walk(3, 400).journal
    half = len(lines) // 2
    journal = written(tmp_path / "j", lines[:half])
    saved(journal)
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert [known.memory.acd.handle(line.input) for line in lines[half:]] == [line.facts for line in lines[half:]]
    assert known.memory.ivr._state is known.memory.acd.state


def test_two_memories_that_are_not_alike_are_told_apart(tmp_path: Path) -> None:
    journal = written(tmp_path / "j", walk(3, 400).journal[:200])
    one, other = whole(journal), whole(journal)
    assert differences(one, other) == []
    other.acd.state.calls_begun += 1
    assert differences(one, other) == ["memory.acd.state.calls_begun: 28 and 29"]
    other = whole(journal)
    other.ivr._state = whole(journal).acd.state
    assert differences(one, other) == ["memory.ivr._state: one and the same there, and not here"]


# ------------------------------------------------------------------------------------------- what does not fit


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


class Evil:
    """What a file could order, if it were let."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("touch /tmp/callfloor-was-here",)


def with_payload(path: Path, data: bytes) -> None:
    """A file that somebody has made with care."""
    head = json.loads(path.read_bytes().partition(b"\n")[0])
    head |= {"size": len(data), "crc32": crc32(data)}
    path.write_bytes(json.dumps(head).encode() + b"\n" + data)


def folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


FAULTS: dict[str, Callable[[Path, Path], object]] = {
    "damaged head": lambda path, journal: flipped(path, 1),
    "damaged memory": lambda path, journal: flipped(path, -100),
    "cut short": lambda path, journal: os.truncate(path, path.stat().st_size - 1),
    "empty": lambda path, journal: os.truncate(path, 0),
    "a folder": lambda path, journal: folder_there(path),
    "a program": lambda path, journal: with_payload(path, pickle.dumps(Evil())),
    "something else": lambda path, journal: with_payload(path, pickle.dumps(State())),
    "the journal is shorter": lambda path, journal: os.truncate(journal, journal.stat().st_size // 2),
    "the journal is empty": lambda path, journal: os.truncate(journal, 0),
    "the journal ends otherwise": lambda path, journal: flipped(journal, -40),
    "the journal begins otherwise": lambda path, journal: flipped(journal, 3),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_left_out(fault: str, tmp_path: Path) -> None:
    journal = written(tmp_path / "j", walk(1, 100).journal)
    path = saved(journal)
    assert checkpoint.load(journal, PARTS) is not None
    FAULTS[fault](path, journal)
    assert checkpoint.load(journal, PARTS) is None
    assert not Path("/tmp/callfloor-was-here").exists()


def test_other_parts_another_zone_or_other_code_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = written(tmp_path / "j", walk(1, 100).journal)
    for parts in (
        PARTS.model_copy(update={"nodes": ("pbx1", "n2")}),
        PARTS.model_copy(update={"lines": ()}),
        PARTS.model_copy(update={"lines": (LINE.model_copy(update={"protocol": "smdi"}),)}),
    ):
        path = saved(journal)
        assert checkpoint.load(journal, parts) is None
        assert not path.exists(), "nobody will need it any more"
    saved(journal)
    monkeypatch.setenv("TZ", "Asia/Taipei")
    time.tzset()
    try:
        assert checkpoint.load(journal, PARTS) is None
    finally:
        monkeypatch.undo()
        time.tzset()
    saved(journal)
    assert checkpoint.load(journal, PARTS) is not None
    monkeypatch.setattr(checkpoint, "_code", lambda: "other")
    assert checkpoint.load(journal, PARTS) is None
    (tmp_path / "j.other.000000000001.checkpoint.4711").touch()  # of a process that was killed over it
    checkpoint.forget_others(journal)
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_one_that_the_lines_behind_it_contradict_is_gone_for_the_next_start(tmp_path: Path) -> None:
    """It cannot happen, and if it did, the system must not fail at the same place for ever."""
    lines = walk(1, 100).journal
    journal = written(tmp_path / "j", lines)
    path = saved(journal)
    ends = next(fact for line in lines for fact in line.facts if isinstance(fact, say.CallEnded))
    written(journal, [Line(len(lines) + 1, say.TimeCame(lines[-1].input.at), [ends])])
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    with pytest.raises(KeyError):
        resumed(known, journal)
    assert not path.exists()


def test_where_the_last_one_is_damaged_the_one_before_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "APART", 50)
    lines = walk(1, 100).journal
    journal = written(tmp_path / "j", lines[:60])
    saved(journal)
    written(journal, lines[60:])
    flipped(saved(journal), -100)
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert 60 <= known.memory.seq < len(lines)
    assert differences(whole(journal), resumed(known, journal)) == []


def test_a_start_that_is_cut_off_has_not_read_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "APART", 50)
    lines = walk(5, 400).journal
    journal = written(tmp_path / "j", lines)

    def cut_off(line: Line) -> None:
        if line.seq == len(lines):
            raise KeyboardInterrupt

    with JournalReader(journal) as reader, pytest.raises(KeyboardInterrupt):
        checkpoint.catch_up(Memory(PARTS), reader, PARTS, checkpoint.LEAST, cut_off)
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert len(lines) // 2 < known.memory.seq < len(lines)
    assert differences(whole(journal), resumed(known, journal)) == []


# --------------------------------------------------------------------------------------- what they are kept for


@pytest.mark.parametrize("seed", [1, 2])
def test_days_and_calls_of_long_ago_are_looked_up_from_them(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three hours are three days here. In any order the same figures as by reading all, and the same stories."""
    monkeypatch.setattr(checkpoint, "APART", 50)
    lines = random_day(seed)
    journal = written(tmp_path / "j", lines)
    remember(journal, PARTS)
    kept = Remembered(journal, partial(checkpoint.kept_before, journal, PARTS))
    length = lines[-1].input.at // 3
    for number in (2, 0, 1):
        begin, end = number * length, (number + 1) * length
        _, seq = kept.nearest(place_at(journal, begin))
        assert 0 <= sum(line.input.at < begin for line in lines) - seq < 200, "little is read"
        days = [DaysInJournal(found).read(begin, end, end).result() for found in (kept, Remembered(journal))]
        assert days[0] == days[1]
    calls = [fact.call for line in lines for fact in line.facts if isinstance(fact, say.CallBegan)]
    for call in calls[:: len(calls) // 10]:
        stories = [CallsInJournal(found, "CN").look_up(call) for found in (kept, Remembered(journal))]
        assert stories[0] == stories[1]
    assert len(kept._marks) == 1, "what is on the disk is not in memory as well"


def test_there_are_as_many_as_are_needed_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that is started again and again."""
    monkeypatch.setattr(checkpoint, "APART", 50)
    lines = walk(5, 600).journal
    for begin in range(0, len(lines), 7):
        journal = written(tmp_path / "j", lines[begin : begin + 7])
        remember(journal, PARTS)
    places = [0, *(int(path.name.split(".")[2]) for path in sorted(tmp_path.glob("*.checkpoint")))]
    assert places[-1] == len(lines)
    assert all(25 < after - before <= 50 for before, after in pairwise(places[:-1]))


# ------------------------------------------------------------------------------------------------ who makes them


def test_remembered_on_demand_and_then_from_the_last_one_on(tmp_path: Path) -> None:
    lines = walk(2, 300).journal
    journal = written(tmp_path / "j", lines[:200])
    assert remember(journal, PARTS) == 200
    written(journal, lines[200:])
    assert remember(journal, PARTS) == len(lines)
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert differences(whole(journal), known.memory) == []


async def test_while_the_system_runs_a_process_of_its_own_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "APART", 100)
    lines = walk(2, 300).journal
    journal = written(tmp_path / "j", lines[:200])
    making = Remembering(journal, PARTS, 0)
    for line in lines[:99]:
        making.see(line)
    assert not making._due.is_set()
    for line in lines[99:200]:
        making.see(line)
    assert making._due.is_set()
    await making.make()
    known = checkpoint.load(journal, PARTS)
    assert known is not None
    assert known.memory.seq == 200


async def test_one_that_cannot_be_made_is_told_and_nothing_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await Remembering(tmp_path / "none", PARTS, 0).make()
    assert "checkpoint.failed" in (said := capsys.readouterr().out)
    assert "No such file" in said


async def test_nor_if_there_can_be_no_other_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    await Remembering(tmp_path / "j", PARTS, 0).make()
    assert "checkpoint.failed" in capsys.readouterr().out


async def test_a_process_at_work_is_ended_with_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = written(tmp_path / "j", walk(2, 300).journal)
    begin, begun = asyncio.create_subprocess_exec, asyncio.Queue[asyncio.subprocess.Process]()

    async def note(*program: str, **pipes: Any) -> asyncio.subprocess.Process:
        process = await begin(*program, **pipes)
        begun.put_nowait(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", note)
    making = asyncio.create_task(Remembering(journal, PARTS, 0).make())
    process = await begun.get()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


async def test_a_house_begins_with_what_the_one_before_it_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLFLOOR_AMI_SECRET", "live-secret")
    monkeypatch.setenv("CALLFLOOR_OPERATOR_SECRET", "operator-secret")
    monkeypatch.setattr(checkpoint, "LEAST", 1)
    (tmp_path / "callfloor.toml").write_text(EXAMPLE.read_text())
    config = load(tmp_path / "callfloor.toml")
    path = config.records.journal.path
    written(path, walk(4, 200).journal)
    read: list[int] = []
    learn = Memory.learn

    def note(memory: Memory, line: Line) -> None:
        read.append(line.seq)
        learn(memory, line)

    monkeypatch.setattr(Memory, "learn", note)
    states = []
    for more in range(3):
        house = House(config, reactor=None)
        house._remember(lambda *_: None)
        states.append(house._acd.state)
        await house.close()
        if more == 1:
            assert read[-1] == len(read), "nothing is read twice"
            written(path, [Line(len(read) + 1, say.TimeCame(states[-1].now), [])])
    assert states[0] == states[1] == states[2]
    assert read == list(range(1, len(read) + 1))
