"""Cases as the small floor of the tests remembers them: `agent_console.cases.CaseRecords`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict, replace

from agent_console.cases import Case, CaseEntry, CaseNotSaved, CaseRow


class CasesOfFloor:
    clock: int

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}

    def case_rows(self, *customers: str) -> list[CaseRow]:
        found = [each for each in self.cases.values() if each.customer in customers]
        rows = [CaseRow(**{**asdict(each), "entries": len(each.entries)}) for each in found]
        return sorted(rows, key=lambda row: (not row.is_open, -row.updated_at))

    async def cases_of(self, customer: str) -> Sequence[CaseRow]:
        return self.case_rows(customer)

    async def find_cases(self, words: str, limit: int, *, only_open: bool) -> Sequence[CaseRow]:
        rows = self.case_rows(*(each.customer for each in self.cases.values()))
        found = [row for row in rows if all(word in repr(self.cases[row.id]) for word in words.split())]
        return [row for row in found if row.is_open or not only_open][:limit]

    async def case(self, case: str) -> Case | None:
        return self.cases.get(case)

    async def open_case(self, customer: str, title: str, text: str, call: str, by: str) -> Case:
        if customer != "7":
            raise CaseNotSaved("customer: no such customer")
        at = self.clock
        entry = CaseEntry(at, by, text, call, {"title": ["", title]})
        made = Case(str(1 + len(self.cases)), customer, "Chen Mei-ling <b>", title, True, at, by, at, [entry])
        self.cases[made.id] = made
        return made

    async def change_case(
        self, case: str, updated_at: int, title: str, text: str, call: str, by: str, *, is_open: bool
    ) -> Case:
        before = self.cases.get(case)
        if before is None or before.updated_at != updated_at:
            raise CaseNotSaved("somebody else has changed this case meanwhile", conflict=True, now=before)
        states = {True: "open", False: "closed"}
        changes = {"state": [states[before.is_open], states[is_open]]} if is_open != before.is_open else {}
        entries = [*before.entries, CaseEntry(updated_at + 1, by, text, call, changes)]
        saved = replace(before, title=title, is_open=is_open, updated_at=updated_at + 1, entries=entries)
        self.cases[case] = saved
        return saved
