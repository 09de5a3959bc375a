"""Cases as the screens ask for them, answered by a real database."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_console.cases import CaseNotSaved
from callfloor.screen_cases import ScreenCases
from records.cases import Cases
from records.customers import Customer, Customers
from records.database import Database
from records.settings import DatabaseSettings, RecordsSettings


async def test_a_case_is_opened_found_changed_and_not_over_somebody_elses_change(tmp_path: Path) -> None:
    database = Database(DatabaseSettings(url=f"sqlite:///{tmp_path / 'floor.db'}"))
    try:
        await database.migrate()
        chen = await Customers(database, RecordsSettings(pop_limit_ms=60_000), lambda: 5).change(
            Customer("Chen"), "ann"
        )
        desk = ScreenCases(Cases(database, lambda: 5))
        made = await desk.open_case(str(chen.id), "Broken kettle", "leaks", "c1", "ann")
        assert (made.customer, made.name, made.entries[0].call) == (str(chen.id), "Chen", "c1")
        [row] = await desk.find_cases("kettle", 10, only_open=True)
        assert (row.id, row.entries, row.is_open) == (made.id, 1, True)
        closed = await desk.change_case(made.id, made.updated_at, made.title, "", "", "bob", is_open=False)
        assert await desk.case(made.id) == closed
        assert closed.entries[-1].changes == {"state": ["open", "closed"]}
        assert [each.is_open for each in await desk.cases_of(made.customer)] == [False]
        with pytest.raises(CaseNotSaved) as late:
            await desk.change_case(made.id, made.updated_at, made.title, "mine", "", "ann", is_open=True)
        assert (late.value.conflict, late.value.now) == (True, closed)
        for customer, title in ((made.customer, " "), ("999", "Kettle"), ("no id", "Kettle")):
            with pytest.raises(CaseNotSaved) as wrong:
                await desk.open_case(customer, title, "", "", "ann")
            assert not wrong.value.conflict
        assert await desk.case("no id") is None
    finally:
        await database.close()
