"""Customers that people change: searched by words, checked field by field, never over somebody else's change."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from records.call_log import CallLog
from records.call_records import CallRecord, Segment, Work
from records.call_rows import write_calls
from records.customers import Customer, CustomerChanged, Customers, CustomerWrong
from records.database import Database
from records.settings import RecordsSettings

FIELDS = {
    "tier": {"label": {"en": "Tier"}, "kind": "choice", "choices": ["Gold", "Silver"]},
    "site": {"label": {"en": "Site"}, "kind": "url"},
    "since": {"label": {"en": "Since"}, "kind": "date"},
    "memo": {"label": {"en": "Memo", "zh-CN": "备忘"}},
}
CHEN = Customer("Chen Mei-ling", ("0912 345 678",), "Acme 100%", "pays on time", "A-7", fields={"tier": "Gold"})


@pytest.fixture
def people(database: Database) -> Customers:
    settings = RecordsSettings.model_validate({"fields": FIELDS})
    return Customers(database, settings, lambda: 5)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("chen", True), ("mei acme", True), ("mei nobody", False), ("100%", True), ("a_me", False), ("time", True),
        ("A-7", True), ("0912 345", True), ("0912345678", True), ("345678", True), ("+886912", True), ("999", False),
        ("'; DROP TABLE customers; --", False),
    ],
)  # fmt: skip
async def test_a_customer_is_found_by_words_and_numbers(people: Customers, words: str, found: bool) -> None:
    await people.change(CHEN, "ann")
    await people.change(Customer("Lin"), "ann")
    assert [each.name for each in await people.search(words, 10)] == (["Chen Mei-ling"] if found else [])


async def test_each_change_is_kept_with_who_made_it(people: Customers) -> None:
    made = await people.change(CHEN, "ann")
    assert (made.id, made.numbers, made.updated_at) == (made.id, ("+886912345678",), 5)
    later = await people.change(msgspec.structs.replace(made, name="Chen", fields={}), "bob")
    assert await people.get(made.id) == later
    assert later.updated_at == 6  # later than the change before it, whatever the clock says
    assert (await people.change(later, "bob")).updated_at == 6  # nothing to change
    last, first = await people.changes(made.id)
    assert (last.by, last.changes) == ("bob", {"name": ["Chen Mei-ling", "Chen"], "tier": ["Gold", ""]})
    assert (first.by, first.changes["numbers"]) == ("ann", ["", "+886912345678"])


async def test_who_read_an_older_state_changes_nothing(people: Customers) -> None:
    made = await people.change(CHEN, "ann")
    one, two = (msgspec.structs.replace(made, name=name) for name in ("One", "Two"))
    outcomes = await asyncio.gather(people.change(one, "ann"), people.change(two, "bob"), return_exceptions=True)
    [lost] = [outcome for outcome in outcomes if isinstance(outcome, CustomerChanged)]
    [kept] = [outcome for outcome in outcomes if isinstance(outcome, Customer)]
    assert lost.now == kept == await people.get(made.id)
    with pytest.raises(CustomerChanged) as gone:
        await people.change(msgspec.structs.replace(made, id=999), "ann")
    assert gone.value.now is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Customer("Chen", ("hello",)), "numbers: expected a telephone number of TW or with +, got 'hello'"),
        (Customer("  "), "name: expected a name"),
        (Customer("Chen", fields={"shoe": "43"}), "shoe: there is no such field"),
        (Customer("Chen", fields={"tier": "Iron"}), "tier: expected one of Gold, Silver"),
        (Customer("Chen", fields={"since": "31.12.2026"}), "since: expected a date such as 2026-12-31"),
        (
            Customer("Chen", fields={"site": "javascript:alert(1)"}),
            "site: expected an address that begins with https:// or http://",
        ),
    ],
    ids=str,
)
async def test_what_cannot_be_saved_is_said_field_by_field(people: Customers, wrong: Customer, why: str) -> None:
    with pytest.raises(CustomerWrong) as refused:
        await people.change(wrong, "ann")
    assert str(refused.value) == why


async def test_empty_fields_are_always_possible(people: Customers) -> None:
    empty = dict.fromkeys(FIELDS, "")
    assert (await people.change(Customer("Chen", fields=empty), "ann")).fields == empty


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ({"words": "invoice"}, ["c1"]),
        ({"words": "INVOICE may"}, ["c1"]),
        ({"words": "chen"}, ["c3", "c2"]),
        ({"words": "chen invoice"}, []),
        ({"agent": "a1"}, ["c2", "c1"]),
        ({"agent": "a2"}, ["c2"]),
        ({"agent": "a1", "missed": True}, ["c3"]),
        ({"missed": True}, ["c4", "c3"]),
    ],
    ids=str,
)
async def test_calls_are_found_by_words_and_by_who_missed_them(
    database: Database, people: Customers, query: dict[str, object], calls: list[str]
) -> None:
    chen = await people.change(CHEN, "ann")
    number = chen.numbers[0]
    talk = [Segment("talk", 1, 2, "a1")]
    rows = [
        CallRecord(
            "c1", 1, ended_at=2, outcome="answered", agent="a1", segments=talk, work=[Work("a1", 2, "Invoice of May")]
        ),
        CallRecord(
            "c2",
            2,
            ended_at=3,
            outcome="answered",
            agent="a2",
            customer=str(chen.id),
            segments=[*talk, Segment("talk", 2, 3, "a2")],
        ),
        CallRecord("c3", 3, ended_at=4, outcome="abandoned", caller=number, segments=[Segment("offer", 3, 4, "a1")]),
        CallRecord("c4", 4, ended_at=5, outcome="message", caller="+861", segments=[Segment("offer", 4, 5, "a2")]),
    ]
    await database.run(lambda connection: write_calls(connection, rows))
    found = await CallLog(database).latest(10, **query)  # type: ignore[arg-type]  # the table's own words
    assert [each.call for each in found] == calls
