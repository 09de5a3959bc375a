"""Cases: what a customer wants that one call has not settled. I/O on the database.

A case is what it was opened as and every entry since: who added a note, changed the title, closed it or opened it
again, and in which call. Nothing of it is overwritten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from acd.vocabulary import Now
from records.database import Database
from records.tables import case_entries, cases, customers

_MOST_OF_A_CUSTOMER = 50


class CaseEntry(msgspec.Struct, frozen=True):
    """What somebody added. `call`: during which call, or ""; `changes`: field → [before, after]."""

    at: int
    by: str
    text: str = ""
    call: str = ""
    changes: dict[str, list[str]] = {}


class Case(msgspec.Struct, frozen=True):
    """`name` is the customer's; `id` is 0 until it is saved; `entries` are in their order; `updated_at` is when it was
    changed last."""

    customer: int
    title: str
    id: int = 0
    is_open: bool = True
    opened_at: int = 0
    opened_by: str = ""
    updated_at: int = 0
    entries: list[CaseEntry] = []
    name: str = ""


class CaseWrong(ValueError):
    """A case cannot be saved like that; the message says which field, and what was expected."""


class CaseChanged(Exception):
    """Somebody else has changed the case meanwhile (`now`), or it is gone (None)."""

    def __init__(self, now: Case | None) -> None:
        super().__init__("somebody else has changed this case meanwhile")
        self.now = now


class Cases:
    """The cases in the database. Every method may raise `SQLAlchemyError`."""

    def __init__(self, database: Database, now: Now) -> None:
        self._database = database
        self._now = now

    async def get(self, case: int) -> Case | None:
        found = await self._database.run(lambda connection: _select(connection, cases.c.id == case, 1))
        return found[0] if found else None

    async def of_customer(self, customer: int) -> list[Case]:
        """Open ones first, then the latest changed first; fifty at most."""
        return await self._database.run(
            lambda connection: _select(connection, cases.c.customer == customer, _MOST_OF_A_CUSTOMER)
        )

    async def search(self, words: str, limit: int, *, only_open: bool) -> list[Case]:
        """Those that have every word in title, entries or the customer's name or company."""
        named = select(customers.c.id)
        asked: list[ColumnElement[bool]] = [
            or_(
                cases.c.title.icontains(word, autoescape=True),
                cases.c.id.in_(select(case_entries.c.case).where(case_entries.c.text.icontains(word, autoescape=True))),
                cases.c.customer.in_(
                    named.where(
                        or_(
                            customers.c.name.icontains(word, autoescape=True),
                            customers.c.company.icontains(word, autoescape=True),
                        )
                    )
                ),
            )
            for word in words.split()
        ]
        if only_open:
            asked.append(cases.c.closed_at.is_(None))
        return await self._database.run(lambda connection: _select(connection, and_(*asked), limit))

    async def open(self, customer: int, title: str, entry: CaseEntry) -> Case:
        """A new case, with its first entry. Raises `CaseWrong`; `entry.at` is now, whatever it says."""
        if not title.strip():
            raise CaseWrong("title: expected a title")

        def make(connection: Connection) -> Case:
            at = self._now()
            row = {"customer": customer, "title": title, "opened_at": at, "opened_by": entry.by, "updated_at": at}
            new = connection.scalars(insert(cases).values(**row).returning(cases.c.id)).one()
            _add(connection, new, msgspec.structs.replace(entry, at=at, changes={"title": ["", title]}))
            return _select(connection, cases.c.id == new, 1)[0]

        try:
            return await self._database.run(make)
        except IntegrityError as error:
            raise CaseWrong("customer: no such customer") from error

    async def change(self, wanted: Case, entry: CaseEntry) -> Case:
        """Title and `is_open` of the case as it was at `updated_at`, and the entry if it says anything; who changed
        what is kept with it. Raises `CaseWrong` and `CaseChanged`."""
        if not wanted.title.strip():
            raise CaseWrong("title: expected a title")
        return await self._database.run(lambda connection: _change(connection, wanted, entry, self._now()))


def open_cases(connection: Connection, of: Collection[int]) -> list[Case]:
    """The open cases of these customers, the latest changed first."""
    return _select(connection, and_(cases.c.customer.in_(of), cases.c.closed_at.is_(None)), _MOST_OF_A_CUSTOMER)


def _change(connection: Connection, wanted: Case, entry: CaseEntry, at: int) -> Case:
    found = _select(connection, cases.c.id == wanted.id, 1)
    if not found or found[0].updated_at != wanted.updated_at:
        raise CaseChanged(found[0] if found else None)
    before = found[0]
    changes: dict[str, list[str]] = {}
    if wanted.title != before.title:
        changes["title"] = [before.title, wanted.title]
    if wanted.is_open != before.is_open:
        words = {True: "open", False: "closed"}
        changes["state"] = [words[before.is_open], words[wanted.is_open]]
    if not changes and not entry.text.strip():
        return before
    at = max(at, before.updated_at + 1)  # each change is told from the one before it
    row: dict[str, Any] = {"title": wanted.title, "updated_at": at}
    if "state" in changes:
        row["closed_at"] = None if wanted.is_open else at
    # Only from the state that was read: another process may have been quicker.
    as_read = (cases.c.id == wanted.id) & (cases.c.updated_at == before.updated_at)
    if not connection.execute(update(cases).where(as_read).values(**row)).rowcount:
        raise CaseChanged(next(iter(_select(connection, cases.c.id == wanted.id, 1)), None))
    _add(connection, wanted.id, msgspec.structs.replace(entry, at=at, changes=changes))
    return _select(connection, cases.c.id == wanted.id, 1)[0]


def _add(connection: Connection, case: int, entry: CaseEntry) -> None:
    row = {"case": case, "at": entry.at, "by": entry.by, "text": entry.text, "call": entry.call}
    connection.execute(insert(case_entries).values(**row, changes=entry.changes))


def _select(connection: Connection, which: ColumnElement[bool], limit: int) -> list[Case]:
    order = (cases.c.closed_at.is_not(None), cases.c.updated_at.desc(), cases.c.id.desc())
    named = select(cases, customers.c.name).join(customers).where(which)
    rows = connection.execute(named.order_by(*order).limit(limit)).all()
    entries: defaultdict[int, list[CaseEntry]] = defaultdict(list)
    theirs = select(case_entries).where(case_entries.c.case.in_([row.id for row in rows]))
    for each in connection.execute(theirs.order_by(case_entries.c.at, case_entries.c.id)):
        entries[each.case].append(CaseEntry(each.at, each.by, each.text, each.call, each.changes))
    return [
        Case(
            customer=row.customer,
            title=row.title,
            id=row.id,
            is_open=row.closed_at is None,
            opened_at=row.opened_at,
            opened_by=row.opened_by,
            updated_at=row.updated_at,
            entries=entries[row.id],
            name=row.name,
        )
        for row in rows
    ]
