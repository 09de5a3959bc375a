"""Recorded days are decided again, and must come to exactly the same facts: on any machine, Python and hash seed.

REWRITE=1 records them anew: commit that only if the rules have changed on purpose, and say so in the commit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.policy import CallChoice
from acd.vocabulary import AnyFact
from records.journal import replay, verify
from tests.acd.recorded_days import FOLDER, SEEDS, first_difference, journal_of, lines_of, record


@pytest.mark.parametrize("choice", SEEDS)
def test_a_recorded_day_is_decided_again_in_the_same_way(choice: CallChoice) -> None:
    if os.environ.get("REWRITE"):
        record(choice)
    assert first_difference(lines_of(choice)) == ""


@pytest.mark.parametrize("choice", SEEDS)
def test_it_is_a_whole_journal_whose_facts_alone_give_the_same_state(choice: CallChoice, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(journal_of(choice))
    assert verify(path).torn_bytes == 0
    decided, replayed = Acd(), Acd()
    for line in replay(path):
        decided.handle(line.input)
    replayed.replay(replay(path))
    assert replayed.state == decided.state


def test_much_happens_on_these_days() -> None:
    facts = [fact for choice in SEEDS for line in lines_of(choice) for fact in line.facts]
    assert sum(isinstance(fact, say.CallBegan) for fact in facts) > 300
    seen = {type(fact) for fact in facts}
    never = {say.CallerKnown, say.MenuChosen, say.HangUpOrdered, say.SmdrMatched, say.BridgeMissing, say.StrayCall}
    never |= {say.MusicMissing, say.PhoneLost, say.PhoneFound, say.DtmfOrdered, say.MessageTaken, say.SkillsChanged}
    never |= {say.SettingsChanged}
    never |= {say.CallPlaced, say.NumberDialed, say.NumberReached}
    never |= {say.RecordingStarted, say.RecordingPaused, say.RecordingResumed, say.RecordingEnded, say.RecordingMissing}
    never |= {say.NoteWritten, say.CallDisposed, say.CustomerChosen}
    never |= {say.CallbackScheduled, say.CallbackCanceled, say.CallbackDue}
    never |= {say.MonitorStarted, say.MonitorConnected, say.MonitorChanged, say.MonitorEnded}
    assert seen == set(get_args(AnyFact)) - never
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 100_000


@pytest.mark.parametrize("hash_seed", ["0", "1", "12345"])
def test_the_hash_seed_decides_nothing(hash_seed: str) -> None:
    again = [sys.executable, "-m", "tests.acd.recorded_days"]
    subprocess.run(again, env=os.environ | {"PYTHONHASHSEED": hash_seed}, check=True)
