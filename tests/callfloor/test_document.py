"""The document: the file's tables, and over them the last word of the page."""

from __future__ import annotations

import pytest

from acd.vocabulary import Change
from callfloor.document import KeptPassword, NoSuchPlace, Settings, digest, places, put, split_place, table_at

FILE = {
    "queues": {"sales": {"name": "Sales"}},
    "agents": {},
    "users": {"ann": {"password_hash": "of the file", "agent": "a1"}},
    "ivr": {"hotlines": {"4.1": {"flow": "main"}}},
}


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        ("queues.sales", ("queues", "sales")),
        ("ivr.hotlines.+8621.1", ("ivr", "hotlines", "+8621.1")),
        ("users.a.b", ("users", "a.b")),
        ("routing", ("routing",)),
    ],
)
def test_a_place_is_one_table(place: str, keys: tuple[str, ...]) -> None:
    assert split_place(place) == keys


@pytest.mark.parametrize("place", ["", "queues", "queues.", "web", "nodes.pbx1", "routing.ageing_ms", "ivr.flows.main"])
def test_only_what_can_change_while_the_system_runs_is_a_place(place: str) -> None:
    with pytest.raises(NoSuchPlace, match=r"expected queues\.NAME"):
        split_place(place)


def test_a_table_is_told_without_its_secret_and_keeps_it_when_it_is_put() -> None:
    assert table_at(FILE, "users.ann") == {"agent": "a1"}
    assert put(FILE, "users.ann", {"role": "admin"})["users"]["ann"] == {
        "password_hash": "of the file",
        "role": "admin",
    }
    assert [*places(FILE)] == ["queues.sales", "users.ann", "ivr.hotlines.4.1", "routing"]


def test_putting_leaves_the_document_that_it_was_put_into_alone() -> None:
    changed = put(FILE, "ivr.hotlines.4001", {"flow": "night"})
    assert changed["ivr"]["hotlines"] == {"4.1": {"flow": "main"}, "4001": {"flow": "night"}}
    assert FILE["ivr"] == {"hotlines": {"4.1": {"flow": "main"}}}
    assert put(changed, "ivr.hotlines.4001", None) == FILE


def test_the_page_has_the_last_word_until_the_file_is_edited_at_that_place() -> None:
    settings = Settings.begun(FILE, [], {})
    changes = [settings.change("queues.sales", {"name": "Verkauf"}), settings.change("queues.new", {"name": "New"})]
    assert changes[0] == Change("queues.sales", {"name": "Sales"}, {"name": "Verkauf"}, digest({"name": "Sales"}))
    after = settings.after(changes)
    assert after.document["queues"] == {"sales": {"name": "Verkauf"}, "new": {"name": "New"}}
    assert after.newer_in_file() == ()

    elsewhere = put(FILE, "agents.a1", {"name": "Ann"})
    assert Settings.begun(elsewhere, changes, {}).document["queues"]["sales"] == {"name": "Verkauf"}

    edited = put(FILE, "queues.sales", {"name": "Ventes"})
    again = Settings.begun(edited, changes, {})
    assert again.document["queues"] == {"sales": {"name": "Ventes"}, "new": {"name": "New"}}
    (newer,) = again.newer_in_file()
    assert newer == Change("queues.sales", {"name": "Verkauf"}, {"name": "Ventes"}, digest({"name": "Ventes"}))

    # Once that is journaled, the page's word stays outdated, whatever the file says later.
    assert Settings.begun(FILE, [*changes, newer], {}).document["queues"]["sales"] == {"name": "Sales"}


def test_what_the_page_took_away_is_gone_and_comes_back_when_the_file_says_it_anew() -> None:
    gone = Settings.begun(FILE, [], {}).change("users.ann", None)
    assert Settings.begun(FILE, [gone], {}).document["users"] == {}
    anew = put(FILE, "users.ann", {"agent": "a2"})
    assert Settings.begun(anew, [gone], {}).document["users"]["ann"]["agent"] == "a2"


def test_a_password_of_the_page_counts_until_the_file_has_another() -> None:
    settings = Settings.begun(FILE, [], {}).keep("ann", "of the page")
    assert settings.document["users"]["ann"] == {"password_hash": "of the page", "agent": "a1"}
    reset = {**FILE, "users": {"ann": {"password_hash": "reset", "agent": "a1"}}}
    assert Settings.begun(reset, [], settings.passwords).document["users"]["ann"]["password_hash"] == "reset"
    assert settings.keep("ann", None) == Settings.begun(FILE, [], {})
    assert "of the page" not in repr(settings)


def test_a_password_makes_no_user() -> None:
    passwords = {"zoe": KeptPassword("hash")}
    assert Settings.begun(FILE, [], passwords).document == FILE
