"""Any inputs in any order: never an exception, invariants after each, the same facts again, a way out of everything.

python -m tests.acd.test_any_inputs JOURNAL     decides a journal's inputs again; exits 1 where the facts differ
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from acd import vocabulary as say
from acd.core import Acd
from acd.model import Lane, State
from acd.moves import Stage
from acd.state import apply
from acd.vocabulary import AnyInput, Line
from tests.acd import any_inputs
from tests.acd.any_inputs import AGENTS, EVERYBODY, NODES, Pick
from tests.acd.invariants import check, nobody_is_left_alone, somebody_there

pytestmark = pytest.mark.uncounted

START = 1_000_000
DECODER = msgspec.json.Decoder(Line)


class Tour:
    """A floor that hears one input after the other, and beside it the state that its journal alone would give."""

    def __init__(self) -> None:
        self.acd = Acd()
        self.journaled = State()
        self.journal: list[Line] = []
        self.at = START
        self.between_lists = False

    def hear(self, said: AnyInput) -> None:
        there = somebody_there(self.acd.state)
        line = Line(len(self.journal) + 1, said, self.acd.handle(said))
        self.journal.append(line)
        self._replay(DECODER.decode(msgspec.json.encode(line)))
        if isinstance(said, say.LinkRestored | say.SwitchListed):
            self.between_lists = isinstance(said, say.LinkRestored)
        check(self.acd.state, self.between_lists)
        nobody_is_left_alone(there, self.acd.state, list(line.facts))
        if isinstance(said, say.TimeCame):
            due = self.acd.next_deadline()
            assert due is None or due > said.at, "a deadline that stays would come again at once, for ever"

    def _replay(self, line: Line) -> None:
        """Facts alone, through JSON, give the same state; on the way nobody is overtaken."""
        had_their_turn = {fact.call for fact in line.facts if isinstance(fact, say.AgentReleased)}
        for fact in line.facts:
            if not self.between_lists:
                nobody_is_overtaken(self.journaled, fact, had_their_turn)
            apply(self.journaled, line.input.at, fact)
        assert self.journaled == self.acd.state
        assert lanes(self.journaled) == lanes(self.acd.state)

    def open(self, pick: Pick) -> None:
        """Rules, and agents at work."""
        self.hear(any_inputs.any_rules(pick, START))
        for name in AGENTS:
            self.hear(say.LogIn(START, name))
            self.hear(say.GoReady(START, name))

    def anyone(self, who: Callable[[State, int, Pick], AnyInput], pick: Pick) -> None:
        self.at += pick((0, 0, 0, 0, 1, 500, 500, 1_000, 1_000, 5_000, 20_000))
        self.hear(who(self.acd.state, self.at, pick))

    def wait(self, pick: Pick) -> None:
        """For the next deadline, or longer."""
        due = self.acd.next_deadline() or self.at
        self.at = max(self.at, due) + pick((0, 0, 0, 1, 100_000))
        self.hear(say.TimeCame(self.at))

    def finish(self) -> None:
        """Whatever has come about: if callers and agents hang up, and agents come, everything ends."""
        for link in list(self.acd.state.links_down):
            self.hear(say.LinkRestored(self.at, link))
        self.at += 10_000
        for node in NODES:
            self.hear(say.SwitchListed(self.at, node, self.at, [], []))
        for name in AGENTS:
            for comes in (say.LogIn(self.at, name), say.GoReady(self.at, name)):
                self.hear(comes)
        for _ in range(300):
            if (due := self.acd.next_deadline()) is None:
                break
            self.at = max(self.at, due)
            self.hear(say.TimeCame(self.at))
        assert not self.acd.state.calls, "calls without a way out"
        assert not self.acd.state.deadlines
        assert not self.acd.state.offers
        assert decide_again(self.journal) == []


def lanes(state: State) -> Any:
    """What `State` does not compare, by content."""
    return {
        queue.id: {
            want: (list(lane.calls), lane.lacking, lane.server_ms, lane.left_at, [entry[:2] for entry in lane.pools])
            for want, lane in queue.lanes.items()
        }
        for queue in state.queues.values()
    }


def nobody_is_overtaken(state: State, fact: say.Fact, had_their_turn: set[str]) -> None:
    """Whoever gets an agent, on the line or at home, is the first of those who wait for the same, and none of the
    others whom the agent could take comes before. For a callback the moment is when the agent was reserved."""
    if not isinstance(fact, say.CallOffered | say.AgentReserved) or not fact.agent:
        return
    call, agent = state.calls[fact.call], state.agents[fact.agent]
    if (
        call.lane is None
        or call.id in had_their_turn
        or (isinstance(fact, say.CallOffered) and fact.why.call_rule == "pulled")
    ):
        return
    assert call.lane.calls[0] == call.id, f"{call.id} overtakes {call.lane.calls[0]}"
    if state.routing.call_choice != "queue weight":
        able: Iterable[Lane] = [*agent.own, *agent.pool.lanes]
        firsts = [(lane.calls.first() or ((), ""))[0] for lane in able if lane.calls]
        assert call.place == min(firsts), f"{call.id} overtakes a call of another lane"


def decide_again(journal: Iterable[Line]) -> list[int]:
    """The numbers of the lines whose facts a fresh ACD does not decide again."""
    acd = Acd()
    return [line.seq for line in journal if acd.handle(line.input) != line.facts]


class AnyInputs(RuleBasedStateMachine):
    """Callers, agents, telephones, supervisors and the switch, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.tour = Tour()

    @initialize(data=st.data())
    def opens(self, data: st.DataObject) -> None:
        self.tour.open(_pick(data))

    @rule(data=st.data())
    def somebody_calls(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.caller, _pick(data))

    @rule(data=st.data())
    def an_agent_acts(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.agent, _pick(data))

    @precondition(lambda self: any_inputs.talk in worth_hearing(self.tour.acd.state))
    @rule(data=st.data())
    def an_agent_talks(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.talk, _pick(data))

    @precondition(lambda self: any_inputs.telephone in worth_hearing(self.tour.acd.state))
    @rule(data=st.data())
    def a_telephone_is_answered_or_not(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.telephone, _pick(data))

    @rule(data=st.data())
    def a_supervisor_steers(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.supervisor, _pick(data))

    @rule(data=st.data())
    def the_switch_tells(self, data: st.DataObject) -> None:
        self.tour.anyone(any_inputs.switch, _pick(data))

    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        self.tour.wait(_pick(data))

    def teardown(self) -> None:
        if self.tour.journal:
            self.tour.finish()


def worth_hearing(state: State) -> list[Callable[[State, int, Pick], AnyInput]]:
    """Who can say something new: telephones that ring or talk, agents on a call, and everybody who always can."""
    talking = any(offer.connected_at for offer in state.offers.values())
    dialed = any(call.stage is Stage.DIALED for call in state.calls.values())
    able = {any_inputs.talk: talking, any_inputs.telephone: bool(state.offers) or dialed}
    return [who for who in EVERYBODY if able.get(who, True)]


def _pick(data: st.DataObject) -> Pick:
    return lambda some: data.draw(st.sampled_from(some))


TestAnyInputs = AnyInputs.TestCase
TestAnyInputs.settings = settings(
    max_examples=int(os.environ.get("TOURS", "60")),
    stateful_step_count=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def walk(seed: int, steps: int) -> Tour:
    """A tour by chance, much faster than one that can be shrunk."""
    pick = random.Random(seed).choice
    tour = Tour()
    tour.open(pick)
    people = [who for who in EVERYBODY for _ in range(pick((1, 1, 3, 6)))]  # each tour its own mixture
    for _ in range(steps):
        if pick((False,) * 7 + (True,)):
            tour.wait(pick)
        else:
            who = pick(people)
            tour.anyone(who if who in worth_hearing(tour.acd.state) else any_inputs.caller, pick)
    tour.finish()
    return tour


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_same_facts_are_decided_under_any_hash_seed(hash_seed: str, tmp_path: Path) -> None:
    for seed in range(3):
        (tmp_path / f"{seed}.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, walk(seed, 200).journal)))
    again = [sys.executable, "-m", "tests.acd.test_any_inputs", *map(str, sorted(tmp_path.iterdir()))]
    subprocess.run(again, env=os.environ | {"PYTHONHASHSEED": hash_seed}, check=True)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        lines = [DECODER.decode(text) for text in Path(path).read_bytes().splitlines()]
        assert lines
        if differ := decide_again(lines):
            sys.exit(f"{path}: other facts at lines {differ}")
