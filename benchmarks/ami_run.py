"""One AMI client of one run, in a process of its own: `python -m benchmarks.ami_run NAME PORT`. I/O.

Logs in at PORT, says that it is ready, and takes events until the last. Prints what it took as JSON. Who is compared
with whom, and the switch at PORT, are in `benchmarks.ami`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import asterisk.manager
import panoramisk
import uvloop
from pydantic import SecretStr

from acd import vocabulary as say
from acd.vocabulary import AnyInput, Line
from cti.ami import Message
from cti.ami_link import AmiLink
from cti.asterisk import Translator
from cti.settings import NodeSettings

LAST = "Last"
READY = {"Action": "UserEvent", "UserEvent": "Ready"}
OFFERS = 3
"""Calls in the recording, each offered once, by the offer of its number."""
RSS_EVERY = 1_000_000
WHY = say.Why(agent_rule="idle", level=1, idle_ms=0, eligible=1, passed_over={}, call_rule="first", waiting=1)


class Heard:
    """What a client has heard: how many events, when, and how late those were that say when they were sent."""

    def __init__(self) -> None:
        self.events = 0
        self.reports = 0
        self.late_us: list[float] = []
        self.rss_kb: list[int] = []
        self._began = (time.monotonic(), time.process_time())

    def begin(self) -> None:
        self._began = (time.monotonic(), time.process_time())

    def take(self, name: str, uniqueid: str, sent_ns: str) -> bool:
        """Whether it was the last one. A client's callback does no more with an event than this."""
        self.events += 1
        if sent_ns:
            self.late_us.append((time.monotonic_ns() - int(sent_ns)) / 1_000)
        if self.events % RSS_EVERY == 0:
            self.rss_kb.append(_rss_kb())
        return name == LAST and not uniqueid

    def told(self) -> dict[str, Any]:
        wall, cpu = time.monotonic() - self._began[0], time.process_time() - self._began[1]
        return {**vars(self), "wall_s": wall, "cpu_s": cpu}


def _rss_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4


class Reports:
    """As a bridge does: events become reports, and what the ACD makes of them is learned by the translator."""

    def __init__(self) -> None:
        self.translator = Translator("lab")
        self.calls = 0

    def of(self, message: Message) -> Sequence[AnyInput]:
        reports = self.translator.reports(message, 0)
        for report in reports:
            facts: list[say.AnyFact] = []
            if isinstance(report, say.CallArrived):
                began = say.CallBegan(call=report.call, channel=report.channel, ani=report.ani, node="lab")
                offer = self.calls % OFFERS + 1
                self.calls += 1
                facts = [began, say.CallOffered(offer=offer, call=report.call, agent="a", until=1, why=WHY)]
            self.translator.actions(Line(0, report, facts))
        return reports


async def in_callfloor(port: int, heard: Heard, *, reports: bool) -> None:
    done = asyncio.Event()
    bridge = Reports()

    async def up() -> None:
        heard.begin()
        link.send("UserEvent", [("UserEvent", "Ready")])

    async def down(why: str) -> None:
        if not done.is_set():
            sys.exit(why)

    async def take(message: Message) -> None:
        if reports:
            heard.reports += len(bridge.of(message))
        if heard.take(message.get("Event"), message.get("Uniqueid"), message.get("SentAt")):
            done.set()

    settings = NodeSettings(name="lab", port=port, secret=SecretStr("s"), ping_s=3600, answer_s=3600)
    link = AmiLink(settings, on_up=up, on_down=down, on_message=take)
    running = asyncio.create_task(link.run())
    await done.wait()
    await link.close()
    await asyncio.wait([running])


async def in_panoramisk(port: int, heard: Heard) -> None:
    done = asyncio.Event()
    manager = panoramisk.Manager(host="127.0.0.1", port=port, username="s", secret="s", ping_delay=3600)

    def take(_: Any, message: Any) -> None:
        if heard.take(message.event, message.uniqueid or "", message.sentat or ""):
            done.set()

    manager.register_event("*", take)
    await manager.connect()
    heard.begin()
    manager.send_action(READY)
    await done.wait()
    manager.close()


def in_starpy(port: int, heard: Heard) -> None:
    from starpy import manager  # noqa: PLC0415 - in no registry: its repository has to be on the path
    from twisted.internet import reactor  # noqa: PLC0415 - the other clients must not have one

    loop: Any = reactor

    def take(_: Any, event: Mapping[str, str]) -> None:
        if heard.take(event["event"], event.get("uniqueid", ""), event.get("sentat", "")):
            loop.stop()

    def begin(protocol: Any) -> None:
        protocol.registerEvent((None,), take)
        heard.begin()
        protocol.sendMessage(dict(READY))

    manager.AMIFactory("s", "s").login("127.0.0.1", port).addCallback(begin)
    loop.run()


def in_pyst2(port: int, heard: Heard) -> None:
    done = threading.Event()
    manager = asterisk.manager.Manager()

    def take(event: Any, _: Any) -> None:
        if heard.take(event.name, event.get_header("Uniqueid", ""), event.get_header("SentAt", "")):
            done.set()

    manager.register_event("*", take)
    manager.connect("127.0.0.1", port)
    manager.login("s", "s")
    heard.begin()
    manager.send_action(READY)
    done.wait()


CLIENTS: dict[str, Callable[[int, Heard], object]] = {
    "Callfloor, events": lambda port, heard: uvloop.run(in_callfloor(port, heard, reports=False)),
    "Callfloor, reports": lambda port, heard: uvloop.run(in_callfloor(port, heard, reports=True)),
    "panoramisk": lambda port, heard: uvloop.run(in_panoramisk(port, heard)),
    "starpy": in_starpy,
    "pyst2": in_pyst2,
}


def main(name: str, port: str) -> None:
    heard = Heard()
    CLIENTS[name](int(port), heard)
    print(json.dumps(heard.told(), default=str), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
