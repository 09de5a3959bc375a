"""The tables of moves, walked with no bytes and no calls: what is not in a table is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from acd import vocabulary as say
from acd.moves import CALL, LINE, PRESENCE, ImpossibleMove, Moves, move

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


def test_every_state_of_a_call_and_of_a_line_leads_to_its_end() -> None:
    for table, end in ((LINE, "free"), (CALL, "ended")):
        moves: dict[str, set[str]] = {str(s): {str(t) for t in row.values()} for s, row in table.items()}
        leads = {end}
        while more := {state for state, next_states in moves.items() if next_states & leads} - leads:
            leads |= more
        assert leads == set(moves)
