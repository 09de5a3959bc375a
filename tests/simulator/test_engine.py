"""The engine runs the production ACD in virtual time: the same decisions, whoever asks again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import CallAbandoned, CallBegan, CallEnded, Line
from simulator.engine import Engine
from simulator.run import simulate
from tests.simulator.days import journal, kind, queue, scenario, team

BUSY_DAY = scenario(
    day={"date": "2026-11-23", "hours": "09:00-17:00"},
    queues={"service": queue(wrap_up_ms=20_000, on_no_answer="rest")},
    kinds={"service": kind(total=1_600, patience_s={"exponential": 90})},
    teams={"front": team(9, answer_s=4, no_answer=0.05)},
)
RICH_DAY = scenario(
    day={"date": "2026-11-23", "hours": "09:00-17:00"},
    queues={
        "sales": queue(
            agent_choice="best skill",
            skills="zh >= 3",
            steps=[{"after_ms": 20_000, "skills": "zh", "priority": 1, "offer_callback": True}],
            callback={"ring_ms": 20_000, "tries": 2, "retry_ms": 60_000},
            wrap_up_ms=10_000,
            max_wait_ms=300_000,
            when_too_long="queue:service",
        ),
        "service": queue(agent_choice="ring all", max_waiting=20, resume_ms=600_000),
        "experts": queue(agent_choice="weighted random", on_no_answer="next", wrap_up_open=True),
    },
    routing={"call_choice": "priority with ageing"},
    kinds={
        "buyer": {
            "total": 500,
            "queue": "sales",
            "ivr_s": {"exponential": 15},
            "patience_s": {"lognormal": 120, "cv": 1.2},
            "service_s": {"lognormal": 150, "cv": 1},
            "wrap_up_s": {"exponential": 10},
            "callback": {"accepts": 0.5, "answers": 0.7},
            "hold": {"share": 0.2, "for_s": {"exponential": 20}},
        },
        "asker": {
            "total": 500,
            "menu": [
                {"key": "1", "queue": "service", "weight": 3},
                {"key": "2", "queue": "sales", "priority": 2, "skills": "zh"},
                {"key": "9", "weight": 0.5},
            ],
            "patience_s": {"exponential": 60},
            "service_s": {"exponential": 120},
            "redial": {"abandoned": 0.6, "deflected": 0.5, "after_s": {"exponential": 200}, "tries": 3},
            "transfers": [
                {"share": 0.15, "queue": "experts", "service_s": {"exponential": 200}},
                {"share": 0.15, "queue": "experts", "attended": True, "service_s": {"exponential": 200}},
            ],
        },
    },
    teams={
        "sellers": team(
            None,
            queues={"sales": 1, "service": 2},
            skills={"zh": 4},
            shifts=[
                {"hours": "08:00-13:00", "agents": 3, "breaks": ["10:00-10:15"]},
                {"hours": "11:00-17:30", "agents": 3, "breaks": ["12:00-12:30"]},
            ],
            no_answer=0.05,
            answer_s={"exponential": 5},
        ),
        "helpers": team(3, queues={"service": 1}, skills={"zh": 1}, answer_s=3),
        "experts": team(2, queues={"experts": 1}, answer_s={"exponential": 6}, no_answer=0.1),
    },
)


@pytest.mark.parametrize("day", [BUSY_DAY, RICH_DAY], ids=["busy", "rich"])
def test_a_day_replayed_from_its_facts_and_decided_again_is_the_same_day(day: object) -> None:
    lines: list[Line] = []
    engine = simulate(day, 3, lines.append).engine  # type: ignore[arg-type]
    assert len(lines) > 4_000
    replayed, again = Acd(), Acd()
    replayed.replay(lines)
    assert replayed.state == engine.acd.state
    for line in lines:
        assert again.handle(line.input) == line.facts


def test_a_rich_day_has_everything_in_it() -> None:
    """Else the test above would show less than it seems to."""
    said = {type(fact) for line in journal(RICH_DAY, seed=3) for fact in line.facts}
    unheard = {
        say.ConsoleAttached, say.ConsoleDetached, say.CallerKnown, say.BridgeMissing, say.StrayLeg, say.StrayCall,
        say.HangUpOrdered, say.SmdrMatched, say.LinkDown, say.LinkUp, say.Refused, say.QueueOpened, say.QueueClosed,
        say.MusicMissing, say.PhoneLost, say.PhoneFound, say.DtmfOrdered, say.RecordingStarted, say.RecordingPaused,
        say.RecordingResumed, say.RecordingEnded, say.RecordingMissing, say.MonitorStarted, say.MonitorConnected,
        say.MonitorChanged, say.MonitorEnded, say.CallPlaced, say.NumberDialed, say.NumberReached,
        say.MessageTaken, say.SkillsChanged, say.SettingsChanged, say.NoteWritten, say.CallDisposed, say.CustomerChosen,
        say.CallbackScheduled, say.CallbackCanceled, say.CallbackDue,
    }  # fmt: skip
    assert {fact.__name__ for fact in say.AnyFact.__args__} - {fact.__name__ for fact in said} <= {
        fact.__name__ for fact in unheard
    }


def test_the_same_seed_gives_the_same_journal_and_another_one_does_not() -> None:
    assert journal(RICH_DAY, seed=4) == journal(RICH_DAY, seed=4)
    assert journal(BUSY_DAY, seed=4) != journal(BUSY_DAY, seed=5)


PRINT_JOURNAL = """
import hashlib, msgspec
from tests.simulator.days import journal
from tests.simulator.test_engine import RICH_DAY
print(hashlib.sha256(msgspec.json.encode(journal(RICH_DAY, seed=6))).hexdigest())
"""


def test_the_journal_is_the_same_to_the_last_byte_under_any_hash_seed() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", PRINT_JOURNAL],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    ]
    assert len(set(said)) == 1
    assert len(said[0].strip()) == 64


def test_every_call_of_a_busy_day_ends_once_and_nobody_is_idle_while_callers_wait() -> None:
    live = Acd()
    ended: list[str] = []
    seen: list[str] = []

    def follow(line: Line) -> None:
        live.replay([line])
        ended.extend(fact.call for fact in line.facts if isinstance(fact, CallEnded | CallAbandoned))
        seen.extend(fact.call for fact in line.facts if isinstance(fact, CallBegan))
        waiting = [call for call in live.state.calls.values() if call.stage == "queued"]
        idle = [agent for agent in live.state.agents.values() if agent.condition == "free"]
        assert not (waiting and idle), line

    simulate(BUSY_DAY, 5, follow)
    assert len(ended) == len(set(ended)) > 1_000
    assert sorted(seen) == sorted(ended)


def test_events_of_one_moment_come_in_the_order_in_which_they_were_made() -> None:
    engine, heard = Engine(Acd()), []
    for n in (3, 1, 2):
        engine.later(10, lambda at, one, two: heard.append((at, one, two)), n, "x")
    engine.later(5, lambda at, one, two: heard.append((at, one, two)))
    assert engine.run(7)
    assert heard == [(5, None, None)]
    assert not engine.run(10)
    assert heard[1:] == [(10, 3, "x"), (10, 1, "x"), (10, 2, "x")]


def test_two_cannot_answer_for_the_same_fact() -> None:
    engine = Engine(Acd())
    engine.on(say.CallBegan, lambda at, fact: None)
    with pytest.raises(ValueError, match="CallBegan"):
        engine.on(say.CallBegan, lambda at, fact: None)
