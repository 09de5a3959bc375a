"""Cases: opened, added to, closed and found again; nothing is overwritten, and never over somebody else's change."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import delete

from records.cases import Case, CaseChanged, CaseEntry, Cases, CaseWrong
from records.customers import Customer, Customers
from records.database import Database
from records.settings import RecordsSettings
from records.tables import case_entries, cases, customers
from tests.records.conftest import rows_of

CHEN = Customer("Chen Mei-ling", ("0912 345 678",), "Acme 100%")


@pytest.fixture
def people(database: Database) -> Customers:
    return Customers(database, RecordsSettings(pop_limit_ms=60_000), lambda: 5)


@pytest.fixture
def desk(database: Database) -> Cases:
    return Cases(database, lambda: 5)


async def a_case(people: Customers, desk: Cases, title: str = "Broken kettle") -> Case:
    chen = await people.change(CHEN, "ann")
    return await desk.open(chen.id, title, CaseEntry(0, "ann", "leaks since May", "c1"))


async def test_a_case_is_opened_added_to_closed_and_opened_again(people: Customers, desk: Cases) -> None:
    made = await a_case(people, desk)
    assert (made.name, made.title, made.is_open, made.opened_by, made.updated_at) == (
        "Chen Mei-ling", "Broken kettle", True, "ann", 5,
    )  # fmt: skip
    added = await desk.change(made, CaseEntry(0, "bob", "a new one is sent", "c2"))
    closed = await desk.change(replace(added, is_open=False), CaseEntry(0, "bob"))
    again = await desk.change(replace(closed, is_open=True, title="Kettle"), CaseEntry(0, "ann", "it leaks too"))
    assert await desk.get(made.id) == again
    assert [each.updated_at for each in (added, closed, again)] == [6, 7, 8]  # whatever the clock says
    assert again.entries == [
        CaseEntry(5, "ann", "leaks since May", "c1", {"title": ["", "Broken kettle"]}),
        CaseEntry(6, "bob", "a new one is sent", "c2"),
        CaseEntry(7, "bob", changes={"state": ["open", "closed"]}),
        CaseEntry(8, "ann", "it leaks too", "", {"title": ["Broken kettle", "Kettle"], "state": ["closed", "open"]}),
    ]
    assert await desk.change(again, CaseEntry(0, "bob", "  ")) == again  # nothing to say, nothing kept


async def test_who_read_an_older_state_changes_nothing(people: Customers, desk: Cases) -> None:
    made = await a_case(people, desk)
    added = desk.change(made, CaseEntry(0, "ann", "one"))
    closed = desk.change(replace(made, is_open=False), CaseEntry(0, "bob", "two"))
    outcomes = await asyncio.gather(added, closed, return_exceptions=True)
    [lost] = [outcome for outcome in outcomes if isinstance(outcome, CaseChanged)]
    [kept] = [outcome for outcome in outcomes if isinstance(outcome, Case)]
    assert lost.now == kept == await desk.get(made.id)
    assert len(kept.entries) == 2
    with pytest.raises(CaseChanged) as gone:
        await desk.change(replace(made, id=999), CaseEntry(0, "ann", "one"))
    assert gone.value.now is None


async def test_what_is_no_case_is_refused(people: Customers, desk: Cases) -> None:
    made = await a_case(people, desk)
    with pytest.raises(CaseWrong, match="title: expected a title"):
        await desk.open(made.customer, " ", CaseEntry(0, "ann"))
    with pytest.raises(CaseWrong, match="title: expected a title"):
        await desk.change(replace(made, title=""), CaseEntry(0, "ann"))
    with pytest.raises(CaseWrong, match="customer: no such customer"):
        await desk.open(999, "Kettle", CaseEntry(0, "ann"))


@pytest.mark.parametrize(
    ("words", "only_open", "found"),
    [
        ("kettle", True, ["Broken kettle"]),
        ("KETTLE may", True, ["Broken kettle"]),
        ("chen 100%", True, ["Late parcel", "Broken kettle"]),
        ("kettle parcel", True, []),
        ("invoice", True, []),
        ("invoice", False, ["Wrong invoice"]),
        ("a_me", False, []),
        ("'; DROP TABLE cases; --", False, []),
    ],
)
async def test_a_case_is_found_again(
    people: Customers, desk: Cases, words: str, only_open: bool, found: list[str]
) -> None:
    made = await a_case(people, desk)
    invoice = await desk.open(made.customer, "Wrong invoice", CaseEntry(0, "ann"))
    await desk.change(replace(invoice, is_open=False), CaseEntry(0, "ann"))
    await desk.open(made.customer, "Late parcel", CaseEntry(0, "ann"))
    assert [each.title for each in await desk.search(words, 10, only_open=only_open)] == found
    titles = [each.title for each in await desk.of_customer(made.customer)]
    assert titles == ["Late parcel", "Broken kettle", "Wrong invoice"]  # the closed one last, though it is the latest


async def test_the_next_call_of_the_customer_brings_the_open_cases(people: Customers, desk: Cases) -> None:
    made = await a_case(people, desk)
    again = await people.caller_record("c2", "0912345678", "0800")
    assert again.cases == [made]
    other = await people.caller_record("c3", "0955555555", "0800", str(made.customer))  # whom an agent took them for
    assert other.cases == [made]
    await desk.change(replace(made, is_open=False), CaseEntry(0, "ann"))
    assert (await people.caller_record("c4", "0912345678", "0800")).cases == []


async def test_a_customer_who_is_deleted_leaves_no_case(database: Database, people: Customers, desk: Cases) -> None:
    await a_case(people, desk)
    await database.run(lambda connection: connection.execute(delete(customers)))
    assert await database.run(rows_of(cases, case_entries)) == [[], []]
