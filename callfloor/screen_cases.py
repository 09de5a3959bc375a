"""What the screens ask about cases, answered by the records. I/O: reads and writes the database."""

from __future__ import annotations

from collections.abc import Sequence

import records.cases
from agent_console.cases import Case, CaseEntry, CaseNotSaved, CaseRow
from records.cases import CaseChanged, Cases, CaseWrong
from records.customers import as_id


def case_row(found: records.cases.Case) -> CaseRow:
    return CaseRow(
        id=str(found.id),
        customer=str(found.customer),
        name=found.name,
        title=found.title,
        is_open=found.is_open,
        opened_at=found.opened_at,
        opened_by=found.opened_by,
        updated_at=found.updated_at,
        entries=len(found.entries),
    )


def _case(found: records.cases.Case) -> Case:
    return Case(
        id=str(found.id),
        customer=str(found.customer),
        name=found.name,
        title=found.title,
        is_open=found.is_open,
        opened_at=found.opened_at,
        opened_by=found.opened_by,
        updated_at=found.updated_at,
        entries=[CaseEntry(one.at, one.by, one.text, one.call, one.changes) for one in found.entries],
    )


class ScreenCases:
    """The console's questions about cases, answered: `agent_console.cases.CaseRecords`."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    async def cases_of(self, customer: str) -> Sequence[CaseRow]:
        return [case_row(each) for each in await self._cases.of_customer(as_id(customer))]

    async def find_cases(self, words: str, limit: int, *, only_open: bool) -> Sequence[CaseRow]:
        return [case_row(each) for each in await self._cases.search(words, limit, only_open=only_open)]

    async def case(self, case: str) -> Case | None:
        found = await self._cases.get(as_id(case))
        return _case(found) if found else None

    async def open_case(self, customer: str, title: str, text: str, call: str, by: str) -> Case:
        entry = records.cases.CaseEntry(0, by, text, call)
        try:
            return _case(await self._cases.open(as_id(customer), title, entry))
        except CaseWrong as error:
            raise CaseNotSaved(str(error)) from error

    async def change_case(
        self, case: str, updated_at: int, title: str, text: str, call: str, by: str, *, is_open: bool
    ) -> Case:
        wanted = records.cases.Case(0, title, as_id(case), is_open, updated_at=updated_at)
        try:
            return _case(await self._cases.change(wanted, records.cases.CaseEntry(0, by, text, call)))
        except CaseWrong as error:
            raise CaseNotSaved(str(error)) from error
        except CaseChanged as error:
            raise CaseNotSaved(str(error), conflict=True, now=_case(error.now) if error.now else None) from error
