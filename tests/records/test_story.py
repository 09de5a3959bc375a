"""`callfloor explain CALL`: the whole story of a call, and nothing of the others.

`stories` holds what was said to the ACD, and after `---- CALL` what is told of that call. `REWRITE=1 pytest` writes the
second part anew: read every line of the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, Line, QueueRules
from records.story import StoryLine, story
from records.words import WORDS
from tests.acd.busy_day import Day
from tests.acd.transcript import START, tell, transcripts

STORIES = sorted((Path(__file__).parent / "stories").glob("*.txt"))


def told(line: StoryLine) -> str:
    return "\n".join([f"{line.at - START:7} {line.text}", *(f"          {detail}" for detail in line.details)])


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_told_as_it_stands_in_its_file(path: Path) -> None:
    text = path.read_text()
    said, *rest = re.split(r"^---- ", text, flags=re.MULTILINE)
    journal = tell(said).journal
    calls = [part.split("\n", 1)[0] for part in rest]
    now = said + "".join(
        f"---- {call}\n" + "".join(f"{told(line)}\n" for line in story(journal, call)) for call in calls
    )
    if os.environ.get("REWRITE"):
        path.write_text(now)
    assert now == text


def test_of_a_call_that_never_was_nothing_is_told() -> None:
    assert story(tell(STORIES[0].read_text().split("----")[0]).journal, "nobody") == []


def test_agents_and_their_ids_are_told_by_name() -> None:
    acd = Acd()
    agents = {"a1": AgentRules("Alice", {"sales": 1}), "a2": AgentRules("Bob", {"sales": 1})}
    said: list[say.AnyInput] = [
        say.Configure(0, {"sales": QueueRules("Sales")}, agents),
        say.LogIn(0, "a1"),
        say.GoReady(0, "a1"),
        say.LogIn(0, "a2"),
        say.GoNotReady(0, "a2", "lunch"),
        say.CallArrived(5_000, "c1", "x", queue="sales"),
    ]
    lines = [Line(n, one, acd.handle(one)) for n, one in enumerate(said, 1)]
    offered = story(lines, "c1")[-1]
    assert offered.text.startswith("Offer 1 to Alice (a1), ringing for 15 s at most; longest idle: the only agent")
    assert "not ready: Bob (lunch)" in offered.details


def test_every_fact_has_words() -> None:
    assert set(WORDS) == set(get_args(say.AnyFact))


def test_every_call_of_a_busy_day_and_of_every_transcript_has_its_story() -> None:
    acd = Acd()
    day = [Line(n, said, acd.handle(said)) for n, said in enumerate(Day(3, "priority", acd.state).inputs(800), 1)]
    for journal in [day, *(tell(path.read_text()).journal for path in transcripts())]:
        facts = [fact for line in journal for fact in line.facts]
        calls = [fact.call for fact in facts if isinstance(fact, say.CallBegan)]
        for call in calls[:40]:
            lines = story(journal, call)
            offers = [fact.offer for fact in facts if isinstance(fact, say.CallOffered) and fact.call == call]
            assert [int(n) for line in lines for n in re.findall(r"^Offer (\d+) to .*ringing", line.text)] == offers
            assert lines[0].text.startswith("The call reached the switch")
            assert all(line.text.endswith(".") for line in lines)
