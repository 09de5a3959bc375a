"""The protocol's schema: it is what the code says, both sides are held to it, and a stranger can live by it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import msgspec
import pytest

from acd import vocabulary as say
from agent_console import protocol
from agent_console.messages import PROTOCOL, Request, Resume
from tests.agent_console.floor import FROM_CLIENT, FROM_SERVER, KEY, Floor, open_client, open_floor
from tests.agent_console.test_page_state import SOURCES, node

ROOT = Path(__file__).parents[2]


def test_the_schema_in_the_documents_is_the_one_that_the_code_makes() -> None:
    written = (ROOT / "docs" / "console-protocol.schema.json").read_text()
    assert written == protocol.text(), "run scripts/protocol"


async def test_the_pages_types_are_made_from_that_schema(tmp_path: Path) -> None:
    """`tests/agrees.ts` holds src/messages.ts to them; vue-tsc runs in `test_page_state`."""
    made = tmp_path / "protocol.ts"
    schema = ROOT / "docs" / "console-protocol.schema.json"
    arguments = ("--additionalProperties=false", "--input", str(schema), "--output", str(made))
    status, said = await node("node_modules/json-schema-to-typescript/dist/src/cli.js", *arguments)
    assert status == 0, said
    assert made.read_text() == (SOURCES / "tests" / "protocol.ts").read_text(), "run scripts/protocol"


async def test_a_snapshot_names_its_protocol() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        assert (await ann.until("snapshot"))["protocol"] == PROTOCOL


def test_every_fact_and_every_request_is_in_it() -> None:
    shapes = protocol.schema()["$defs"]
    assert {fact.__name__ for fact in get_args(say.AnyFact)} <= shapes.keys()
    (do,) = (field.type for field in msgspec.structs.fields(Request) if field.name == "do")
    assert set(shapes["Request"]["properties"]["do"]["enum"]) == set(get_args(do))


SNAPSHOT: dict[str, Any] = {
    "type": "snapshot", "epoch": "9f", "seq": 1, "at": 1, "queues": [], "agents": [], "calls": [], "links": [],
    "me": {"user": "ann", "role": "agent", "agent": "a1"}, "pop": None, "protocol": PROTOCOL,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"pop": {}},
        {"me": {"user": "ann", "role": "king", "agent": None}},
        {"links": [{"link": "database"}]},
        {"protocol": None},
        {"type": "snapshots"},
    ],
    ids=str,
)
def test_what_is_no_message_of_the_server_is_none_by_the_schema(change: dict[str, Any]) -> None:
    FROM_SERVER.validate(SNAPSHOT | {"new": "fields may come"})
    assert not FROM_SERVER.is_valid(SNAPSHOT | change)


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "request", "id": 1, "do": "go_ready"},
        {"type": "request", "id": 1, "do": "go_ready", "agent": "a2"},
        {"type": "request", "id": -1, "do": "go_ready"},
        {"type": "request", "id": 1, "do": "fly"},
        {"type": "request", "id": 1, "do": "go_not_ready", "reason": "x" * 201},
        {"type": "request", "id": 1, "do": "consult", "to": {"kind": "agent", "to": ""}},
        {"type": "resume", "epoch": "9f", "seq": 2**53},
        {"type": "resume", "epoch": "9f", "seq": 2**53 + 1},
        {"type": "resume", "seq": 1},
        {},
    ],
    ids=str,
)
def test_schema_and_server_refuse_the_same_of_a_client(sent: dict[str, Any]) -> None:
    try:
        msgspec.convert(sent, Resume | Request)
    except msgspec.ValidationError:
        assert not FROM_CLIENT.is_valid(sent)
    else:
        FROM_CLIENT.validate(sent)


def test_the_document_tells_every_message_and_request() -> None:
    told = (ROOT / "docs" / "console-protocol.md").read_text()
    shapes = protocol.schema()["$defs"]
    words = {word for side in ("FromServer", "FromClient") for word in shapes[side]["discriminator"]["mapping"]}
    missing = {word for word in words if f'"{word}"' not in told}
    missing |= {word for word in shapes["Request"]["properties"]["do"]["enum"] if not re.search(rf"`{word}`", told)}
    assert not missing


class Example:
    """examples/console.py, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def next(self) -> str:
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 20)).decode().strip()

    async def until(self, word: str) -> list[str]:
        said = [await self.next()]
        while word not in said[-1]:
            said.append(await self.next())
        return said


@asynccontextmanager
async def run_example(floor: Floor, key: str) -> AsyncIterator[Example]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / "console.py"),
        floor.console.url,
        env={**os.environ, "CALLFLOOR_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Example(process)
    finally:
        if process.returncode is None:
            process.terminate()
        _, said = await process.communicate()
        assert b"Traceback" not in said, said.decode()


async def test_a_strangers_screen_is_shown_all_and_misses_nothing_when_it_is_cut_off() -> None:
    async with open_floor() as floor, run_example(floor, KEY) as example:
        assert await example.next() == 'snapshot 1 {"sales": 0, "help": 0}'
        await floor.call_comes("c1")
        assert '"CallQueued"' in (await example.until("CallQueued"))[-1]
        for screen in [*floor.console._hub._screens]:
            screen.close(1012, "come back")
        await floor.call_comes("c2")
        said = await example.until('"CallQueued"')
        assert [line.split()[0] for line in said] == ["3", "3"]  # no snapshot: exactly the line that was missed
        del floor.keys["crm"]
        for screen in [*floor.console._hub._screens]:
            screen.close(1012, "come back")
        assert await example.next() == ""


def test_the_schema_is_a_schema() -> None:
    assert jsonschema_rs.meta.is_valid(protocol.schema())
