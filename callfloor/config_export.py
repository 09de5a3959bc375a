"""The file that would begin the system as it stands: the operator's own, comments and all, with the last words of the
page in it. Pure."""

from __future__ import annotations

import tomllib
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.items import Item

from acd.vocabulary import Table
from callfloor.document import Document, Settings, split_place, table_at


def export(text: str, settings: Settings) -> str:
    """`text` is the file that `settings.file` was read from. The answer says what `settings.document` says: where that
    cannot be had by changing single keys, it is written anew, without the comments."""
    document = settings.document
    changed = tomlkit.parse(text)
    for place in dict.fromkeys([*settings.changes, *(f"users.{user}" for user in settings.passwords)]):
        before, after = _whole(settings.file, place), _whole(document, place)
        if before != after:
            _put(changed, split_place(place), after)
    said = tomlkit.dumps(changed)
    return said if _says(said, document) else tomlkit.dumps(document)


def _says(text: str, document: Document) -> bool:
    try:
        return tomllib.loads(text) == document
    except tomllib.TOMLDecodeError:
        return False


def _whole(document: Document, place: str) -> Table | None:
    """With the secrets of it."""
    found: Any = document
    for key in split_place(place):
        found = found.get(key, {})
    table: Table = found
    return table if table or table_at(document, place) is not None else None


def _put(document: Container, keys: tuple[str, ...], table: Table | None) -> None:
    *above, last = keys
    tables: Any = document
    for key in above:
        if key not in tables:
            tables[key] = tomlkit.table(is_super_table=True)
        tables = tables[key]
    if table is None:
        del tables[last]
        return
    if last not in tables:
        tables[last] = tomlkit.table()
    there = tables[last]
    for key in [key for key in there if key not in table]:
        del there[key]
    for key, value in table.items():
        if key not in there:
            there[key] = _item(value)
        elif there[key] != value:
            if isinstance(value, dict) or isinstance(there[key], dict):
                del there[key]  # a table of its own stands after the keys, one in braces among them
            there[key] = _item(value)


def _item(value: Any) -> Item:
    """In one line, so that it may stand anywhere."""
    if isinstance(value, dict):
        braces = tomlkit.inline_table()
        for key, one in value.items():
            braces[key] = _item(one)
        return braces
    if isinstance(value, list):
        brackets = tomlkit.array()
        for one in value:
            brackets.append(_item(one))
        return brackets
    plain: Item = tomlkit.item(value)
    return plain
