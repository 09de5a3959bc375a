"""Who calls: customers and their numbers, and the record that pops up with a call. I/O on the database."""

from __future__ import annotations

import asyncio
import csv
from collections import defaultdict
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from acd.vocabulary import Now
from records.call_records import CallRecord
from records.call_rows import read_calls
from records.cases import Case, open_cases
from records.database import Database
from records.numbers import normalise
from records.settings import FieldSettings, RecordsSettings
from records.tables import calls, customer_changes, customer_numbers, customers

_COLUMNS = ["reference", "name", "company", "note", "numbers"]
_MATCHES = 20
"""More customers than this at one number are a switchboard, and no help on a screen."""

log = structlog.get_logger(__name__)


class Customer(msgspec.Struct, frozen=True):
    """A person or firm that calls. `numbers` are E.164; `reference` is the id in another system, or "".

    `id` is 0 until the customer has been saved; `fields` are the operator's own, by key; `updated_at` is when they were
    changed last.
    """

    name: str
    numbers: tuple[str, ...] = ()
    company: str = ""
    note: str = ""
    reference: str = ""
    id: int = 0
    fields: dict[str, str] = {}
    updated_at: int = 0


class CustomerChange(msgspec.Struct, frozen=True):
    """Who changed a customer: field → [before, after]."""

    at: int
    by: str
    changes: dict[str, list[str]]


class CustomerWrong(ValueError):
    """A customer cannot be saved like that; the message says which field, and what was expected."""


class CustomerChanged(Exception):
    """Somebody else has changed the customer meanwhile (`now`), or deleted them (None)."""

    def __init__(self, now: Customer | None) -> None:
        super().__init__("somebody else has changed this customer meanwhile")
        self.now = now


class CallerRecord(msgspec.Struct, frozen=True):
    """What an agent's screen shows of a caller. `number` is the ANI in E.164, None if it is withheld or none.

    Several `customers` may share the number. `earlier` calls come latest first, of all their numbers. `cases` are
    the open ones of these customers. `incomplete`: the
    database did not answer in time, and there may be more to know.
    """

    call: str
    ani: str
    number: str | None
    dnis: str
    customers: list[Customer] = []
    earlier: list[CallRecord] = []
    incomplete: bool = False
    cases: list[Case] = []


class CustomersError(ValueError):
    """A list of customers cannot be read: the message names file, line and what was expected."""


class Customers:
    """The customers in the database, and their calls."""

    def __init__(self, database: Database, settings: RecordsSettings, now: Now) -> None:
        self._database = database
        self._region = settings.region
        self._earlier_calls = settings.earlier_calls
        self._limit_s = settings.pop_limit_ms / 1000
        self._fields = settings.fields
        self._now = now

    async def caller_record(self, call: str, ani: str, dnis: str, customer: str = "") -> CallerRecord:
        """The record for the screen pop, within the time limit whatever the database does; never raises for it.

        `customer` is the id of whom an agent took the caller for: they come first, whatever their numbers.
        """
        number = normalise(ani, self._region)
        chosen = as_id(customer)
        if number is None and not chosen:
            return CallerRecord(call, ani, None, dnis)

        def look_up(connection: Connection) -> CallerRecord:
            found = _find(connection, number) if number is not None else []
            if chosen:
                others = [each for each in found if each.id != chosen]
                found = [*_select(connection, customers.c.id == chosen), *others]
            # Once it is known who it is, only their calls count, and not those of whoever else has the number.
            whose = [each for each in found if each.id == chosen] or found
            numbers = {*(each for one in whose for each in one.numbers), *((number,) if number else ())}
            earlier = _calls_of(connection, numbers, customer if chosen else "", self._earlier_calls, but=call)
            cases = open_cases(connection, [each.id for each in found])
            return CallerRecord(call, ani, number, dnis, found, earlier, cases=cases)

        try:
            return await asyncio.wait_for(self._database.run(look_up), self._limit_s)
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("caller_record.incomplete", call=call, why=type(error).__name__)
            return CallerRecord(call, ani, number, dnis, incomplete=True)

    async def find(self, number: str) -> list[Customer]:
        """The customers at this number, however it is written. Raises `SQLAlchemyError`."""
        normal = normalise(number, self._region)
        return [] if normal is None else await self._database.run(lambda connection: _find(connection, normal))

    async def save(self, customer: Customer) -> Customer:
        """Create the customer, or, if it has an id, change it; back come its id and its numbers in E.164.

        Raises ValueError for a number that is none and for an id that is unknown, and `SQLAlchemyError`.
        """
        normal = self._with_normal_numbers(customer)
        return await self._database.run(lambda connection: _save(connection, normal, self._now()))

    async def search(self, words: str, limit: int) -> list[Customer]:
        """Customers who have every word in name, company, reference, note or fields, or a number like it; by name.

        Raises `SQLAlchemyError`.
        """
        asked = [
            or_(
                customers.c.name.icontains(word, autoescape=True),
                customers.c.company.icontains(word, autoescape=True),
                customers.c.reference.icontains(word, autoescape=True),
                customers.c.note.icontains(word, autoescape=True),
                customers.c.id.in_(
                    select(customer_numbers.c.customer).where(
                        or_(*(customer_numbers.c.number.contains(way, autoescape=True) for way in self._ways(word)))
                    )
                ),
            )
            for word in words.split()
        ]
        return await self._database.run(
            lambda connection: _select(connection, and_(*asked), limit, customers.c.name, customers.c.id)
        )

    def _ways(self, word: str) -> set[str]:
        """How a number, or a part of it, may stand in the database: 0912 345 is +886912345."""
        digits = "".join(letter for letter in word if letter.isdigit() or letter == "+")
        local = digits.removeprefix("0")
        return {normalise(word, self._region) or word, *({local} if len(local) >= 3 else ())}

    async def get(self, customer: int) -> Customer | None:
        """Raises `SQLAlchemyError`."""
        found = await self._database.run(lambda connection: _select(connection, customers.c.id == customer))
        return found[0] if found else None

    async def change(self, customer: Customer, by: str) -> Customer:
        """Create the customer, or change the one with this id, as it was at `updated_at`; and keep who did.

        Raises `CustomerWrong`, `CustomerChanged` and `SQLAlchemyError`.
        """
        try:
            wanted = self._with_normal_numbers(customer)
        except ValueError as error:
            raise CustomerWrong(f"numbers: {error}") from error
        if not wanted.name.strip():
            raise CustomerWrong("name: expected a name")
        self._check_fields(wanted.fields)
        return await self._database.run(lambda connection: _change(connection, wanted, by, self._now()))

    def _check_fields(self, fields: dict[str, str]) -> None:
        for key, text in fields.items():
            if (rules := self._fields.get(key)) is None:
                raise CustomerWrong(f"{key[:40]}: there is no such field")
            if problem := not_a_field(rules, text):
                raise CustomerWrong(f"{key}: {problem}")

    async def changes(self, customer: int) -> list[CustomerChange]:
        """Who has changed this customer, the latest first. Raises `SQLAlchemyError`."""
        c = customer_changes.c
        query = select(customer_changes).where(c.customer == customer).order_by(c.at.desc(), c.id.desc()).limit(200)
        rows = await self._database.run(lambda connection: connection.execute(query).all())
        return [CustomerChange(row.at, row.by, row.changes) for row in rows]

    async def load(self, path: Path) -> int:
        """Save the customers of a CSV file (UTF-8) and say how many; either all of them or none.

        Columns: reference, name, company, note, numbers (separated by semicolons). A customer whose reference
        is known already is replaced. Raises `CustomersError`, OSError and `SQLAlchemyError`.
        """
        loaded = await asyncio.to_thread(self._read, path)

        def save_all(connection: Connection) -> None:
            for customer in loaded:
                known = _id_of(connection, customer.reference) if customer.reference else 0
                # The file has no columns for the operator's own fields.
                _save(connection, msgspec.structs.replace(customer, id=known), self._now(), keep_fields=True)

        await self._database.run(save_all)
        return len(loaded)

    def _read(self, path: Path) -> list[Customer]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            try:
                if rows.fieldnames is None or sorted(rows.fieldnames) != sorted(_COLUMNS):
                    raise CustomersError(f"{path}, line 1: expected the columns {', '.join(_COLUMNS)}")
                return [self._from_row(path, rows.line_num, row) for row in rows]
            except (csv.Error, UnicodeDecodeError) as error:
                raise CustomersError(f"{path}, line {rows.line_num + 1}: expected CSV in UTF-8 ({error})") from error

    def _from_row(self, path: Path, line: int, row: dict[str, str]) -> Customer:
        if None in row or None in row.values():
            raise CustomersError(f"{path}, line {line}: expected {len(_COLUMNS)} fields")
        numbers = tuple(filter(None, (number.strip() for number in row["numbers"].split(";"))))
        customer = Customer(row["name"], numbers, row["company"], row["note"], row["reference"])
        try:
            return self._with_normal_numbers(customer)
        except ValueError as error:
            raise CustomersError(f"{path}, line {line}: {error}") from error

    def _with_normal_numbers(self, customer: Customer) -> Customer:
        numbers: dict[str, None] = {}
        for each in customer.numbers:
            number = normalise(each, self._region)
            if number is None:
                raise ValueError(f"expected a telephone number of {self._region} or with +, got {each!r}")
            numbers[number] = None
        return msgspec.structs.replace(customer, numbers=tuple(numbers))


def not_a_field(rules: FieldSettings, text: str) -> str:
    """What makes this text impossible for such a field, or ""; an empty one is always possible."""
    if not text:
        return ""
    if rules.kind == "choice" and text not in rules.choices:
        return f"expected one of {', '.join(rules.choices)}"
    if rules.kind == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            return "expected a date such as 2026-12-31"
    if rules.kind == "url" and not text.lower().startswith(("https://", "http://")):
        return "expected an address that begins with https:// or http://"
    return ""


def as_id(text: str) -> int:
    """A customer's id as screens write it; 0 if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _find(connection: Connection, number: str) -> list[Customer]:
    at_number = select(customer_numbers.c.customer).where(customer_numbers.c.number == number)
    return _select(connection, customers.c.id.in_(at_number))


def _select(
    connection: Connection, which: ColumnElement[bool], limit: int = _MATCHES, *order: ColumnElement[Any]
) -> list[Customer]:
    query = select(customers).where(which).order_by(*(order or (customers.c.id,))).limit(limit)
    rows = connection.execute(query).all()
    numbers: defaultdict[int, list[str]] = defaultdict(list)
    theirs = select(customer_numbers).where(customer_numbers.c.customer.in_([row.id for row in rows]))
    for each in connection.execute(theirs.order_by(customer_numbers.c.number)):
        numbers[each.customer].append(each.number)
    return [
        Customer(
            row.name,
            tuple(numbers[row.id]),
            row.company,
            row.note,
            row.reference,
            row.id,
            row.fields,
            row.updated_at,
        )
        for row in rows
    ]


def _change(connection: Connection, wanted: Customer, by: str, at: int) -> Customer:
    before = Customer("")
    if wanted.id:
        found = _select(connection, customers.c.id == wanted.id)
        if not found or found[0].updated_at != wanted.updated_at:
            raise CustomerChanged(found[0] if found else None)
        before = found[0]
        at = max(at, before.updated_at + 1)  # each change is told from the one before it
        # Only from the state that was read: another process may have been quicker.
        as_read = (customers.c.id == wanted.id) & (customers.c.updated_at == before.updated_at)
        if not connection.execute(update(customers).where(as_read).values(updated_at=at)).rowcount:
            raise CustomerChanged(next(iter(_select(connection, customers.c.id == wanted.id)), None))
    changes = _differences(before, wanted)
    if not changes:
        return before
    saved = _save(connection, wanted, at)
    connection.execute(insert(customer_changes).values(customer=saved.id, at=at, by=by, changes=changes))
    return saved


def _differences(before: Customer, after: Customer) -> dict[str, list[str]]:
    def texts(customer: Customer) -> dict[str, str]:
        own = {name: getattr(customer, name) for name in ("name", "company", "reference", "note")}
        return {**own, "numbers": ", ".join(sorted(customer.numbers)), **customer.fields}

    old, new = texts(before), texts(after)
    names = sorted({*old, *new})
    return {name: [old.get(name, ""), new.get(name, "")] for name in names if old.get(name, "") != new.get(name, "")}


def _id_of(connection: Connection, reference: str) -> int:
    return connection.scalar(select(func.min(customers.c.id)).where(customers.c.reference == reference)) or 0


def _save(connection: Connection, customer: Customer, at: int, *, keep_fields: bool = False) -> Customer:
    """`keep_fields`: the operator's own fields stay as they are."""
    fields: dict[str, Any] = {
        "reference": customer.reference,
        "name": customer.name,
        "company": customer.company,
        "note": customer.note,
        "updated_at": at,
    }
    if not (keep_fields and customer.id):
        fields["fields"] = customer.fields
    if customer.id:
        if not connection.execute(update(customers).where(customers.c.id == customer.id).values(fields)).rowcount:
            raise ValueError(f"no customer has the id {customer.id}")
        connection.execute(delete(customer_numbers).where(customer_numbers.c.customer == customer.id))
        saved = msgspec.structs.replace(customer, updated_at=at)
    else:
        new = connection.scalars(insert(customers).values(fields).returning(customers.c.id)).one()
        saved = msgspec.structs.replace(customer, id=new, updated_at=at)
    if saved.numbers:
        rows = [{"customer": saved.id, "number": number} for number in saved.numbers]
        connection.execute(insert(customer_numbers), rows)
    return saved


def _calls_of(
    connection: Connection, numbers: Collection[str], customer: str, limit: int, but: str
) -> list[CallRecord]:
    theirs: ColumnElement[bool] = calls.c.caller.in_(numbers)
    if customer:
        theirs = or_(and_(theirs, calls.c.customer == ""), calls.c.customer == customer)
    query = select(calls).where(theirs, calls.c.call != but).order_by(calls.c.began_at.desc(), calls.c.call)
    return read_calls(connection, query.limit(limit))
