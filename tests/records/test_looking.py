"""One call out of a long journal: the same story and the same record as by reading all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.core import Acd
from acd.vocabulary import CallBegan, CallPlaced, Line
from records.call_records import CallRecord, CallRecords
from records.journal import Journal
from records.looking import CallsInJournal
from records.remembered import Remembered
from records.story import story
from tests.acd.busy_day import Day


def a_day(inputs: int) -> list[Line]:
    acd = Acd()
    return [Line(n, said, acd.handle(said)) for n, said in enumerate(Day(3, "priority", acd.state).inputs(inputs), 1)]


@pytest.mark.parametrize("apart", [10, 100_000])
def test_every_call_is_found_as_by_reading_all(tmp_path: Path, apart: int) -> None:
    lines = a_day(500)
    with Journal.open(tmp_path / "journal", "never") as journal:
        for line in lines:
            journal.append(line)
    records, kept = CallRecords("TW"), dict[str, CallRecord]()
    for line in lines:
        kept |= {change.call: change for change in records.see(line) if isinstance(change, CallRecord)}
    calls = [fact.call for line in lines for fact in line.facts if isinstance(fact, CallBegan | CallPlaced)]
    looking = CallsInJournal(Remembered(tmp_path / "journal", apart=apart), "TW")
    for call in [*calls[::7], *reversed(calls[::11])]:
        found = looking.look_up(call)
        assert found is not None
        assert (found.record, found.told) == (kept[call], story(lines, call))
    assert len(calls) > 20


def test_of_a_call_that_never_was_and_of_an_empty_journal_nothing_is_told(tmp_path: Path) -> None:
    looking = CallsInJournal(Remembered(tmp_path / "journal"), "TW")
    with Journal.open(tmp_path / "journal", "never") as journal:
        assert looking.look_up("c1") is None
        for line in a_day(20):
            journal.append(line)
        assert looking.look_up("nobody") is None
        assert looking.look_up("") is None
        assert looking.look_up('"') is None
