"""The tables of moves, walked with no bytes and no calls: what is not in a table is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from acd import vocabulary as say
from acd.model import State
from acd.moves import CALL, LINE, PRESENCE, ImpossibleMove, Moves, Stage, move
from acd.state import apply
from tests.acd.transcript import tell, transcripts

TABLES: list[Moves[Any]] = [PRESENCE, LINE, CALL]


@pytest.mark.parametrize("table", TABLES, ids=["presence", "line", "call"])
def test_every_state_has_a_row_or_is_an_end_and_can_be_reached(table: Moves[Any]) -> None:
    reached = {state for moves in table.values() for state in moves.values()} | {next(iter(table))}
    assert reached == set(table) == set(type(next(iter(table))).__members__.values())


@pytest.mark.parametrize("table", TABLES, ids=["presence", "line", "call"])
def test_what_is_not_in_the_table_is_an_impossible_move(table: Moves[Any]) -> None:
    facts = {kind for moves in table.values() for kind in moves}
    for state, kind in product(table, sorted(facts, key=lambda kind: kind.__name__)):
        fact: say.Fact = kind(*[0] * len(kind.__struct_fields__))
        if kind in table[state]:
            assert move(table, state, fact, "x") == table[state][kind]
        else:
            with pytest.raises(ImpossibleMove, match=f"x is '{state.value}'"):
                move(table, state, fact, "x")


def test_every_move_happens_in_some_transcript() -> None:
    """No dead rows: whatever a table allows is shown by a story."""
    seen: set[tuple[Any, type[say.Fact]]] = set()
    for path in transcripts():
        state = State()
        for line in tell(path.read_text()).journal:
            for fact in line.facts:
                names = {getattr(fact, field, "") for field in ("agent", "call")}
                before = _states(state)
                apply(state, line.input.at, fact)
                new = dict.fromkeys(_states(state).keys() - before.keys(), Stage.NEW)
                seen |= {(now, type(fact)) for (_, name), now in (new | before).items() if name in names}
    allowed = {(state, kind) for table in TABLES for state, moves in table.items() for kind in moves}
    assert {(state.value, kind.__name__) for state, kind in allowed - seen} == set()


def _states(state: State) -> dict[tuple[str, str], Any]:
    agents = state.agents.values()
    return (
        {("presence", one.id): one.presence for one in agents}
        | {("line", one.id): one.line for one in agents}
        | {("call", one.id): one.stage for one in state.calls.values()}
    )


@pytest.mark.parametrize("table", TABLES, ids=["presence", "line", "call"])
def test_every_state_but_the_last_has_an_exit(table: Moves[Any]) -> None:
    """An exit leads to another state; a fact that leaves everything as it is is none."""
    shut = {state for state, moves in table.items() if not set(moves.values()) - {state}}
    assert shut == ({Stage.ENDED} if table is CALL else set())


def test_every_state_of_a_call_and_of_a_line_leads_to_its_end() -> None:
    for table, end in ((LINE, "free"), (CALL, "ended")):
        moves: dict[str, set[str]] = {str(s): {str(t) for t in row.values()} for s, row in table.items()}
        leads = {end}
        while more := {state for state, next_states in moves.items() if next_states & leads} - leads:
            leads |= more
        assert leads == set(moves)
