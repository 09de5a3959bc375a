"""The export: the operator's own file with what was changed on the page, and always what the system goes by."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callfloor.config_export import export
from callfloor.document import Settings

FILE = """\
# Of our call center.
[queues.sales]   # the best
name = "Sales"   # as screens show it
ring_ms = 15000
[queues.sales.hours]
zone = "Asia/Shanghai"
week = { mon-fri = ["09:00-18:00"] }

[queues.sales.callback]
tries = 2

[queues.help]
name = "Help"

[users.root]
password_hash = { env = "ROOTS_HASH" }   # not in this file
role = "admin"

[ivr]
default_hotline = "4001"
[ivr.hotlines]
4001 = { flow = "main" }
"""


def settings() -> Settings:
    return Settings.begun(tomllib.loads(FILE), [], {})


def exported(settings: Settings) -> str:
    text = export(FILE, settings)
    assert tomllib.loads(text) == settings.document
    return text


def changed(**tables: Any) -> Settings:
    now = settings()
    return now.after(now.change(place.replace("__", "."), table) for place, table in tables.items())


def test_without_a_change_it_is_the_file_to_the_byte() -> None:
    assert exported(settings()) == FILE


def test_what_was_not_changed_keeps_its_comments() -> None:
    text = exported(changed(queues__sales={"name": "Verkauf", "hours": {"zone": "UTC", "week": {}}}))
    assert 'name = "Verkauf"   # as screens show it' in text
    assert "# Of our call center." in text
    assert 'password_hash = { env = "ROOTS_HASH" }   # not in this file' in text
    assert "tries" not in text


@pytest.mark.parametrize(
    "table",
    [
        None,
        {"name": "Sales", "hours": {"zone": "UTC", "week": {"sat": []}, "holidays": {"2026-10-01": []}}},
        {"name": "Sales", "callback": {"tries": 3}, "steps": [{"after_ms": 1, "skills": "zh"}, {"after_ms": 2}]},
        {"name": 'a "quoted" 名字\n\\', "ring_ms": 1_000, "dispositions": ["a/b", "c"]},
    ],
)
def test_a_table_says_what_it_was_changed_to(table: dict[str, Any] | None) -> None:
    exported(changed(queues__sales=table))


def test_tables_are_added_wherever_they_belong() -> None:
    text = exported(changed(agents__a1={"name": "Ann", "queues": {"sales": 1}}, routing={"ageing_ms": 5_000}))
    assert "[agents.a1]" in text
    exported(changed(**{"ivr.hotlines.+86 21": {"flow": "main", "language": "en"}}))


def test_a_password_of_the_page_is_in_it() -> None:
    text = exported(settings().keep("root", "$argon2id$new"))
    assert "ROOTS_HASH" not in text


TABLES = st.dictionaries(
    st.text(min_size=1, max_size=5).filter(lambda key: key != "password_hash"),
    st.recursive(
        st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(st.dictionaries(st.sampled_from(["queues.sales", "queues.x y", "users.root", "routing"]), TABLES | st.none()))
def test_whatever_is_said_is_what_it_says(tables: dict[str, Any]) -> None:
    now = settings()
    exported(now.after(now.change(place, table) for place, table in tables.items() if table or place != "routing"))
