"""Whom a number belongs to, and what an agent sees of the caller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from acd.vocabulary import CallBegan, CallEnded
from records.call_records import CallRecord, CallRecords
from records.call_rows import write_calls
from records.customers import CallerRecord, Customer, Customers, CustomersError
from records.database import Database
from records.settings import DatabaseSettings, RecordsSettings
from records.tables import customer_numbers, customers
from tests.records.conftest import rows_of
from tests.records.floor import Lines

SETTINGS = RecordsSettings(region="TW", earlier_calls=3, pop_limit_ms=60_000)
WANG = Customer("王小明", ("+886223456789", "+886912345678"), "王記茶行", "prefers mornings", "C-1")


@pytest.fixture
def people(database: Database) -> Customers:
    return Customers(database, SETTINGS, lambda: 1_000)


async def store_calls(database: Database, anis: Iterable[str]) -> None:
    """Calls c0, c1 ... that began at 0, 100 ... from these numbers and ended 50 ms later."""
    lines = Lines()
    for n, ani in enumerate(anis):
        lines.add(n * 100, CallBegan(f"c{n}", "x", ani, "0800"))
        lines.add(n * 100 + 50, CallEnded(f"c{n}", "caller"))
    seen = CallRecords("TW")
    changes = {change.call: change for line in lines for change in seen.see(line) if isinstance(change, CallRecord)}
    await database.run(lambda connection: write_calls(connection, changes.values()))


async def test_a_customer_is_found_however_the_number_is_written(people: Customers) -> None:
    saved = await people.save(Customer("王小明", ("0912-345-678", "0912345678", "(02) 2345 6789"), reference="C-1"))
    assert saved.numbers == ("+886912345678", "+886223456789")
    for written in ("0912345678", "+886 912 345 678", "02-2345-6789"):
        [found] = await people.find(written)
        assert (found.id, found.name, sorted(found.numbers)) == (saved.id, "王小明", sorted(saved.numbers))
    assert await people.find("0912345679") == []
    assert await people.find("anonymous") == []


async def test_a_customer_is_changed(people: Customers) -> None:
    saved = await people.save(WANG)
    moved = Customer("王小明", ("0987654321",), note="has moved", id=saved.id)
    await people.save(moved)
    assert await people.find("0912345678") == []
    assert await people.find("0987654321") == [
        Customer("王小明", ("+886987654321",), note="has moved", id=saved.id, updated_at=1_000)
    ]
    with pytest.raises(ValueError, match="no customer has the id 999"):
        await people.save(Customer("nobody", id=999))
    with pytest.raises(ValueError, match="expected a telephone number of TW or with \\+, got 'later'"):
        await people.save(Customer("nobody", ("later",)))


@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE customers;--",
        '"quoted"',
        "%",
        "_",
        "back\\slash",
        "<script>alert(1)</script>",
        "${SHELL(id)}",
    ],
)
async def test_a_name_is_only_a_name(people: Customers, name: str) -> None:
    await people.save(Customer(name, ("0912345678",), name, name, name))
    await people.save(Customer("another", ("0987654321",)))
    [found] = await people.find("0912345678")
    assert (found.name, found.company, found.note, found.reference) == (name, name, name, name)
    assert await people.find(name) == []


async def test_the_caller_record_has_all_who_share_the_number_and_their_earlier_calls(
    database: Database, people: Customers
) -> None:
    wang = await people.save(WANG)
    lin = await people.save(Customer("林美玲", ("0912345678",)))
    await store_calls(
        database, ["0912345678", "02 2345 6789", "0987654321", "anonymous", "0912345678", "+886912345678"]
    )
    record = await people.caller_record("c5", "0912345678", "0800")
    assert (record.call, record.ani, record.number, record.dnis) == ("c5", "0912345678", "+886912345678", "0800")
    assert record.customers == [wang, lin]
    assert [earlier.call for earlier in record.earlier] == ["c4", "c1", "c0"], "both of Wang's numbers, this call not"
    assert not record.incomplete


async def test_an_unknown_and_a_withheld_number(database: Database, people: Customers) -> None:
    await people.save(WANG)
    await store_calls(database, ["anonymous", "0955555555"])
    record = await people.caller_record("c9", "0955555555", "0800")
    assert (record.customers, [earlier.call for earlier in record.earlier]) == ([], ["c1"])
    assert await people.caller_record("c9", "anonymous", "0800") == CallerRecord("c9", "anonymous", None, "0800")


async def test_a_dead_database_gives_what_the_call_itself_says(tmp_path: Path) -> None:
    database = Database(DatabaseSettings(url=f"sqlite:///{tmp_path / 'absent' / 'floor.db'}"))
    record = await Customers(database, SETTINGS, lambda: 0).caller_record("c1", "0912345678", "0800")
    assert record == CallerRecord("c1", "0912345678", "+886912345678", "0800", incomplete=True)
    await database.close()


async def test_a_database_that_does_not_answer_does_not_hold_up_the_pop(database: Database, people: Customers) -> None:
    wang = await people.save(WANG)
    hurried = Customers(database, RecordsSettings(region="TW", pop_limit_ms=1), lambda: 0)
    answer = threading.Event()
    stuck = asyncio.ensure_future(database.run(lambda connection: answer.wait(60)))
    assert (await hurried.caller_record("c1", "0912345678", "0800")).incomplete
    answer.set()
    assert await stuck
    assert (await people.caller_record("c1", "0912345678", "0800")).customers == [wang]


# ----------------------------------------------------------------------------------------------- from a file

HEAD = "reference,name,company,note,numbers\n"


async def test_customers_from_a_file(people: Customers, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "\ufeff" + HEAD + 'C-1,王小明,"王記, 茶行",,0912345678; 02-2345-6789\n,林美玲,,"two\nlines",+886987654321\n',
        encoding="utf-8",
    )
    assert await people.load(file) == 2
    [wang] = await people.find("0912345678")
    assert (wang.name, wang.company, wang.numbers) == ("王小明", "王記, 茶行", ("+886223456789", "+886912345678"))
    file.write_text(HEAD + "C-1,王大明,,,0912345678\n", encoding="utf-8")
    assert await people.load(file) == 1
    assert await people.find("0912345678") == [
        Customer("王大明", ("+886912345678",), reference="C-1", id=wang.id, updated_at=1_000)
    ]
    assert await people.find("02-2345-6789") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the columns reference, name, company, note, numbers"),
        ("name,numbers\n", "line 1: expected the columns"),
        (HEAD + ",A,,,0912345678\n,B,,,later\n", "line 3: expected a telephone number of TW or with \\+, got 'later'"),
        (HEAD + ",A,,\n", "line 2: expected 5 fields"),
        (HEAD + ",A,,,0912345678,x\n", "line 2: expected 5 fields"),
        (HEAD + ',"A\n', "expected CSV in UTF-8"),
        (HEAD + ",\udcff,,,0912345678\n", "expected CSV in UTF-8"),
    ],
)
async def test_a_file_with_a_mistake_changes_nothing(
    people: Customers, database: Database, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CustomersError, match=message):
        await people.load(file)
    assert await database.run(rows_of(customers, customer_numbers)) == [[], []]
