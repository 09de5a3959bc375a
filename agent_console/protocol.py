"""The WebSocket's protocol as a JSON Schema, made from the structs that are sent and read. Pure.

`docs/console-protocol.schema.json` is what `text` makes, and the page's `tests/protocol.ts` is made from that;
`scripts/protocol` writes both.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from agent_console.messages import (
    PROTOCOL,
    Answer,
    Error,
    Facts,
    FloorFigures,
    Offered,
    Pop,
    PopWithdrawn,
    Request,
    Resume,
    Snapshot,
    TakenOver,
)

FROM_SERVER = Snapshot | Facts | FloorFigures | Answer | Offered | Pop | PopWithdrawn | TakenOver | Error
FROM_CLIENT = Resume | Request


def schema() -> dict[str, Any]:
    """A schema of every message; those of each side are `$defs/FromServer` and `$defs/FromClient`.

    What the server sends is described as sent: a field is required unless it is left out at its default. New fields may
    come at any time, so none is forbidden; from a client, an unknown one is refused.
    """
    sides, found = msgspec.json.schema_components([FROM_SERVER, FROM_CLIENT], ref_template="#/$defs/{name}")
    shapes = {"FromServer": sides[0], "FromClient": sides[1], **found}
    sent = _structs_in(FROM_SERVER)
    for name, shape in shapes.items():
        if "description" in shape:
            shape["description"] = inspect.cleandoc(shape["description"])
        if name in sent and not sent[name].__struct_config__.omit_defaults:
            shape["required"] = [*shape["properties"]]
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Callfloor console protocol",
        "description": f"Protocol {PROTOCOL}: every message of the WebSocket /ws. Told in docs/console-protocol.md.",
        "anyOf": [{"$ref": "#/$defs/FromServer"}, {"$ref": "#/$defs/FromClient"}],
        "$defs": {name: shapes[name] for name in sorted(shapes)},
    }
    _in_draft_7(whole)
    return whole


def text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _in_draft_7(part: Any) -> None:
    """Tuples in the words of draft 7, which more tools read than the one that msgspec speaks."""
    if isinstance(part, dict):
        if "prefixItems" in part:
            part["items"], part["additionalItems"] = part.pop("prefixItems"), part.pop("items")
        for inner in part.values():
            _in_draft_7(inner)
    elif isinstance(part, list):
        for inner in part:
            _in_draft_7(inner)


def _structs_in(message: Any) -> dict[str, Any]:
    """Every struct that a message is made of, by its name."""
    found: dict[str, Any] = {}

    def look(info: Any) -> None:
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls.__name__ in found:
                return
            found[info.cls.__name__] = info.cls
        for part in _parts(info):
            look(part)

    look(msgspec.inspect.type_info(message))
    return found


def _parts(info: Any) -> list[Any]:
    match info:
        case msgspec.inspect.StructType():
            return [field.type for field in info.fields]
        case msgspec.inspect.UnionType():
            return [*info.types]
        case msgspec.inspect.DictType():
            return [info.key_type, info.value_type]
        case msgspec.inspect.TupleType():
            return [*info.item_types]
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() | msgspec.inspect.SetType():
            return [info.item_type]
        case msgspec.inspect.Metadata():
            return [info.type]
        case _:
            return []
