"""The configuration as the tables it is written in: the file's, and over them the last word that was said on the page.
Pure.

A place is the name of one table: `queues.sales`, `agents.a1`, `users.ann`, `ivr.hotlines.4001`, `routing`. A change is
of whole tables, journaled with a digest of what the file says there. As long as the file says that, the change is the
last word; a file that is edited at this place afterwards is newer, and counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self, TypeAlias

import msgspec

from acd.vocabulary import Change, Table

Document: TypeAlias = dict[str, Any]

KINDS = ("queues", "agents", "users", "ivr.hotlines")
"""Where each key is a place of its own."""
SINGLE = ("routing",)
SECRET = "password_hash"  # noqa: S105 - the name of a key
"""Never part of a change: who may read the journal need not see it."""


class NoSuchPlace(ValueError):
    """What may not be changed while the system runs."""


def split_place(place: str) -> tuple[str, ...]:
    """The keys that lead to the table. Raises NoSuchPlace."""
    if place in SINGLE:
        return (place,)
    for kind in KINDS:
        if place.startswith(f"{kind}.") and (name := place.removeprefix(f"{kind}.")):
            return (*kind.split("."), name)
    raise NoSuchPlace(f"{place}: expected {', '.join(f'{kind}.NAME' for kind in KINDS)} or {', '.join(SINGLE)}")


def table_at(document: Mapping[str, Any], place: str) -> Table | None:
    """What the document says at this place, without secrets; None if nothing, where it is not the only one."""
    found: Any = document
    for key in split_place(place):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return {} if place in SINGLE else None
    return {key: value for key, value in found.items() if key != SECRET}


def places(document: Mapping[str, Any]) -> Iterator[str]:
    """Every place where the document says something; what stands alone is always one."""
    for kind in KINDS:
        tables: Any = document
        for key in kind.split("."):
            tables = tables.get(key, {}) if isinstance(tables, Mapping) else {}
        yield from (f"{kind}.{name}" for name in (tables if isinstance(tables, Mapping) else ()))
    yield from SINGLE


def put(document: Mapping[str, Any], place: str, table: Table | None) -> Document:
    """A document that says this there, and the rest as before. Secrets of the table that was there stay."""
    *above, last = split_place(place)
    changed = dict(document)
    tables = changed
    for key in above:
        tables[key] = dict(tables.get(key, {}))
        tables = tables[key]
    before = tables.get(last)
    if table is None:
        tables.pop(last, None)
    else:
        kept = {SECRET: before[SECRET]} if isinstance(before, Mapping) and SECRET in before else {}
        tables[last] = {**kept, **table}
    return changed


def digest(table: Table | None) -> str:
    """Of what a table says, whatever the order of its keys; "" for none. It names a version, and proves nothing."""
    if table is None:
        return ""
    text = json.dumps(table, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


class KeptPassword(msgspec.Struct, frozen=True, omit_defaults=True):
    """A password's hash that was set on the page, and a digest of the file's at that time."""

    hash: str
    file: str = ""


@dataclass(frozen=True)
class Settings:
    """What the file says, the last change of each place, and the last password of each user, if not the file's."""

    file: Document
    changes: Mapping[str, Change] = field(default_factory=dict)
    passwords: Mapping[str, KeptPassword] = field(default_factory=dict, repr=False)

    @classmethod
    def begun(cls, file: Document, changes: Iterable[Change], passwords: Mapping[str, KeptPassword]) -> Self:
        """`changes` in the order in which they were made."""
        return cls(file, {change.place: change for change in changes}, passwords)

    def after(self, changes: Iterable[Change]) -> Settings:
        return replace(self, changes={**self.changes, **{change.place: change for change in changes}})

    @cached_property
    def document(self) -> Document:
        """As it is now."""
        document = self.file
        for place, change in self.changes.items():
            if self.is_last_word(place):
                document = put(document, place, change.after)
        for user, kept in self.passwords.items():
            table = table_at(document, f"users.{user}")
            if table is not None and kept.file == self._password_in_file(user):
                document = put(document, f"users.{user}", {**table, SECRET: kept.hash})
        return document

    def is_last_word(self, place: str) -> bool:
        """Whether the page has it; else the file."""
        change = self.changes.get(place)
        return change is not None and change.file == digest(table_at(self.file, place))

    def newer_in_file(self) -> tuple[Change, ...]:
        """Places where the file was edited after the page had changed them, as changes."""
        return tuple(
            Change(place, change.after, table_at(self.file, place), digest(table_at(self.file, place)))
            for place, change in self.changes.items()
            if not self.is_last_word(place)
        )

    def keep(self, user: str, password_hash: str | None) -> Settings:
        """With another password of this user from now on; None for that of the file, if any."""
        kept = {name: password for name, password in self.passwords.items() if name != user}
        if password_hash is not None:
            kept[user] = KeptPassword(password_hash, self._password_in_file(user))
        return replace(self, passwords=kept)

    def _password_in_file(self, user: str) -> str:
        users = self.file.get("users")
        table = users.get(user) if isinstance(users, Mapping) else None
        said = table.get(SECRET) if isinstance(table, Mapping) else None
        return "" if said is None else digest({SECRET: said})

    def change(self, place: str, after: Table | None) -> Change:
        """The change that makes this place say `after`."""
        return Change(place, table_at(self.document, place), after, digest(table_at(self.file, place)))
