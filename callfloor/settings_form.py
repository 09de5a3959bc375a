"""How each kind of table of the configuration is made up, as JSON Schema: what the page draws its forms from. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from agent_console.settings import User
from callfloor.document import SECRET
from callfloor.rules import RuleTables
from ivr.settings import Hotline

PASSWORD = "password"  # noqa: S105 - the name of a key
LEAST_PASSWORD, LONGEST_PASSWORD = 8, 256
"""Characters: the least of NIST SP 800-63B, and what the sign-in takes."""


class _Schema(GenerateJsonSchema):
    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        if kind != "non-serializable-default":  # a treatment: it is not shown as the struct that it is
            super().emit_warning(kind, detail)


def schema() -> dict[str, Any]:
    """Kind → schema, `$defs` → what they share. Users have a `password`, which only goes in."""
    tables = RuleTables.model_json_schema(schema_generator=_Schema)
    user = TypeAdapter(User).json_schema(schema_generator=_Schema)
    of_user = {key: value for key, value in user["properties"].items() if key != SECRET}
    of_user[PASSWORD] = {
        "type": "string",
        "minLength": LEAST_PASSWORD,
        "maxLength": LONGEST_PASSWORD,
        "writeOnly": True,
    }
    hotline = TypeAdapter(Hotline).json_schema(schema_generator=_Schema)
    properties = tables["properties"]
    return {
        "queues": properties["queues"]["additionalProperties"],
        "agents": properties["agents"]["additionalProperties"],
        "users": {**user, "properties": of_user, "required": []},
        "ivr.hotlines": hotline,
        "routing": _inlined(properties["routing"]),
        "$defs": tables["$defs"],
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A reference with a default beside it is a union of one."""
    alone = schema.get("allOf", [])
    found: dict[str, Any] = alone[0] if len(alone) == 1 else {key: schema[key] for key in schema if key != "default"}
    return found
