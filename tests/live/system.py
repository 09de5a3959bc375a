"""Callfloor as its operator runs it: `callfloor serve` with a configuration file. Does I/O: processes, files."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent_console.passwords import hash_password

START_S = 90
PASSWORD = "correct horse battery"


@dataclass
class System:
    """One process; `log` is all that it has written to stderr so far."""

    process: asyncio.subprocess.Process
    config: Path
    log: list[str] = field(default_factory=list)
    url: str = ""

    async def kill(self) -> None:
        """As a crash or the kernel's out-of-memory killer would: no chance to say good-bye."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """As its operator would, with Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), START_S)


@asynccontextmanager
async def serve(config: Path, **environment: str) -> AsyncIterator[System]:
    """Starts the system, with this beside the usual environment, and waits until it says where its web page is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callfloor", "serve", "--config", str(config),
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        env=os.environ | {"PYTHONWARNINGS": "error::ResourceWarning"} | environment,
    )  # fmt: skip
    system, running = System(process, config), asyncio.Event()

    async def read_log() -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            system.log.append(line)
            if found := re.search(r"web page: (\S+)", line):
                system.url = found[1]
                running.set()
        running.set()

    reading = asyncio.create_task(read_log())
    try:
        await asyncio.wait_for(running.wait(), START_S)
        if not system.url:
            raise AssertionError("Callfloor did not start:\n" + "\n".join(system.log[-30:]))
        yield system
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), START_S)
            except TimeoutError:
                await system.kill()
        await reading


def write_config(
    folder: Path,
    *,
    nodes: str,
    phones: dict[str, str],
    agi_port: int,
    speech: Path,
    more: str = "",
    boss_phone: str = "",
) -> Path:
    """A small call center: one queue, an agent for each of `phones` (agent → what the switch dials), one supervisor."""
    hashed = hash_password(PASSWORD)
    people = "\n".join(
        f'[agents.{agent}]\nname = "Agent {agent}"\nqueues = {{ service = 1 }}\n'
        f'[users.{agent}]\npassword_hash = "{hashed}"\nrole = "agent"\nagent = "{agent}"\nphone = "{phone}"\n'
        for agent, phone in phones.items()
    )
    path = folder / "callfloor.toml"
    path.write_text(
        f"""
[web]
port = 0
[records]
region = "CN"
[records.journal]
path = "callfloor.journal"
[records.database]
url = "sqlite:///callfloor.db"
{nodes}
[queues.service]
name = "Service"
ring_ms = 10000
record = "on demand"
wrap_up_ms = 2000
{people}
[users.boss]
password_hash = "{hashed}"
role = "supervisor"
phone = "{boss_phone}"
[ivr]
port = {agi_port}
default_hotline = "4001"
messages = "messages"
smdi_wait_ms = 3000
[ivr.speech]
cache = "{speech}"
[ivr.hotlines.4001]
flow = "main"
language = "zh"
[ivr.hotlines.4002]
flow = "main"
language = "en"
[ivr.flows.main.menus.top]
prompt = {{ zh = "售后服务请按一，结束请按零。", en = "For service press 1. To end press 0." }}
timeout_ms = 2000
keys = {{ "1" = {{ queue = "service" }}, "0" = {{ hangup = true }} }}
wrong = {{ retries = 1, then = {{ hangup = true }} }}
no_key = {{ retries = 0, then = {{ queue = "service" }} }}
{more}
"""
    )
    return path
