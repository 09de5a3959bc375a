"""The house: the only place that wires the parts together. Does I/O: everything that the live system does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from acd.vocabulary import ChangeSettings, Configure, Line, LinkLost, Refused
from agent_console.server import Console
from callfloor import checkpoint
from callfloor.administrator import Administrator
from callfloor.clock import Clock
from callfloor.config import SETTINGS_CHANGED, Config
from callfloor.floor import Floor
from callfloor.garbage import Garbage
from callfloor.memory import Memory, Parts
from callfloor.metrics import FloorMetrics, SerialMetrics, WebhookMetrics
from callfloor.queue_lamps import QueueLamps
from callfloor.recorded_files import RecordedFiles
from callfloor.remembering import Remembering
from callfloor.screens import Screens
from callfloor.timetable import Timetable
from cti.bridge import Bridge
from cti.lease import this_process
from cti.serial_line import SerialLine
from ivr.agi_server import FastAgiServer
from ivr.found_messages import FoundMessages
from ivr.prompts import all_prompts
from ivr.speech import Speech
from records.call_log import CallLog
from records.cases import Cases
from records.customers import Customers
from records.database import Database
from records.follower import LINK as DATABASE_LINK
from records.follower import Follower
from records.journal import Journal, JournalReader, find
from records.remembered import Remembered
from records.webhooks import Webhook

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""(what is being done, how many are done, of how many): for whoever waits for the start."""

STARTING = "Callfloor is starting"
FILE = "the file"
"""The author of what was edited there, where an admin's name would stand."""


class CannotStart(Exception):
    """What the operator must mend before the system can run; the message says what."""


def parts_of(config: Config) -> Parts:
    """What of the system remembers something of the journal."""
    return Parts(nodes=tuple(config.nodes), lines=tuple(config.serial.values()))


class House:
    """Every part of the live system, made from one configuration. `reactor` is Twisted's, on the running loop."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self.config = config
        self.metrics = CollectorRegistry()
        self._now = Clock()
        self._users, self._softphones = dict(config.users), config.softphones()
        """As they are now: the console is given these very objects."""
        self._journal = Journal.open(config.records.journal.path, config.records.journal.fsync)
        self._parts = parts_of(config)
        self._memory, self._offset = self._known()
        self._acd = self._memory.acd
        self.floor = Floor(self._acd, self._journal, self._now)
        tell = self.floor.tell
        self.database = Database(config.records.database)
        region = config.records.region
        self.customers = Customers(self.database, config.records, self._now)
        self._log = CallLog(self.database, region)
        self.administrator = Administrator(
            config,
            tell,
            self._now,
            prepare=self._make_ready,
            apply=self._go_by,
            journaled=lambda: find(self._journal.path, SETTINGS_CHANGED),
        )
        self._follower = Follower(self.database, self._journal.path, region, tell, self._now)
        self.webhooks = [
            Webhook(name, hook, self.database, self._journal.path, self._journal.last_seq, region, tell, self._now)
            for name, hook in config.webhooks.items()
        ]
        self.console = self._new_console()
        self.speech = Speech(config.ivr.speech)
        self.ivr = FastAgiServer(
            config.ivr,
            tell,
            self._now,
            self.speech.sound,
            self._memory.ivr,
            self._last_agent,
            fault=lambda: self.floor.journal_fault,
        )
        folders = {name: node.messages_taken for name, node in config.nodes.items()}
        self._found = FoundMessages(folders, config.ivr.messages, tell, self._now)
        owner = this_process(config.records.journal.path)
        nodes = config.nodes.values()
        alone, channels, matchers = len(nodes) == 1, self._memory.channels, self._memory.matchers
        self.bridges = [
            Bridge(node, tell, self._now, owner, only_node=alone, channels=channels[node.name]) for node in nodes
        ]
        self.lines = [
            SerialLine(line, tell, self._now, reactor, matchers[line.name]) for line in config.serial.values()
        ]
        self._lamps = [
            QueueLamps(self._acd, line, settings.lamps)
            for line, settings in zip(self.lines, config.serial.values(), strict=True)
        ]
        self._rules = config.rules()
        self._asks = config.asks()
        self._timetable = Timetable(self._rules.hours, tell, self._now, words=self._memory.words)
        self._figures = FloorMetrics(self.metrics, self._acd)
        SerialMetrics(self.metrics, self.lines)
        WebhookMetrics(self.metrics, self.webhooks)
        self._garbage = Garbage()
        self._tasks: list[asyncio.Task[None]] = []

    def _new_console(self) -> Console:
        config, journal = self.config, self._journal.path
        recorded = RecordedFiles({name: node.recorded for name, node in config.nodes.items()}, config.ivr.messages)
        cases = Cases(self.database, self._now)
        records, now, today = config.records, self._now, self._memory.today
        remembered = Remembered(journal, partial(checkpoint.kept_before, journal, self._parts))
        screens = Screens(self.customers, cases, self._log, remembered, records, now, today, recorded)
        return Console(
            config.web,
            self._users,
            self.floor.tell,
            self._now,
            records=screens,
            metrics=self.metrics,
            api_keys=config.api_keys,
            fault=lambda: self.floor.journal_fault,
            softphones=self._softphones,
            administration=self.administrator,
            known=self._memory.screens,
        )

    def _known(self) -> tuple[Memory, int]:
        """What is remembered already, and where the journal goes on behind it."""
        path = self._journal.path
        return checkpoint.load(path, self._parts) or (Memory(self._parts), 0)

    async def start(self, progress: Progress) -> None:
        """Remembers, makes ready, listens, and only then connects to the switch. Raises CannotStart."""
        self._remember(progress)
        config = self.config
        for warning in self._rules.warnings(self._asks):
            log.warning("house.rules", warning=warning)
        facts = await self.floor.tell(self._begin())
        for fact in facts:
            if isinstance(fact, Refused):
                raise CannotStart(f"this configuration cannot replace the one before it: {fact.why}")
        await self._nothing_is_connected_yet()
        await self._timetable.look()  # before the first caller is answered
        await self.speech.make_ahead(
            all_prompts(config.ivr), lambda made, of: progress("speaking the prompts", made, of)
        )
        config.ivr.messages.mkdir(parents=True, exist_ok=True)
        await self.console.start()
        try:
            await self.ivr.start()
        except OSError as error:
            where = f"{config.ivr.host} port {config.ivr.port}"
            raise CannotStart(f"the IVR cannot listen on {where}: {os.strerror(error.errno or 0)}") from error
        # Before the switch is asked who is there: who has left a message has not just hung up.
        await self._found.look()
        self._run("messages found", self._found.run())
        self._run("call records", self._follower.run())
        self._run("opening hours", self._timetable.run())
        self._run("checkpoints", self._remembering.run())
        for webhook in self.webhooks:
            self._run(webhook.link_name, webhook.run())
        for bridge in self.bridges:
            self._run(bridge.link_name, bridge.run())
        for line in self.lines:
            self._run(line.link_name, line.run())
        self._garbage.begin()
        self._run("garbage", self._garbage.run())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until going on would be wrong: then the exception that says why."""
        stopped = asyncio.create_task(stop.wait())
        waiting: set[asyncio.Future[Any]] = {stopped, self.floor.broken, *self._tasks}
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for ended in done - {stopped}:
            ended.result()
            raise RuntimeError(f"{ended!r} ended, and nothing had told it to")

    async def close(self) -> None:
        """Leaves every call where it is on the switch, and what is remembered in the journal."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ivr.close()
        await self.console.stop()
        self.floor.close()
        await self.database.close()
        self._journal.close()
        self._garbage.end()

    def _remember(self, progress: Progress) -> None:
        """State is a function of the facts: what every part remembers is as of the journal's end before anything
        happens."""

        def read(line: Line) -> None:
            if line.seq % 10_000 == 0:
                progress("reading the journal", line.seq, self._journal.last_seq)

        with JournalReader(self._journal.path, self._memory.seq, self._offset) as reader:
            checkpoint.catch_up(self._memory, reader, self._parts, checkpoint.LEAST, read)
        checkpoint.forget_others(self._journal.path)
        self._remembering = Remembering(self._journal.path, self._parts, self._memory.seq)
        self._now.not_before(self._acd.state.now)
        # The switch first: what a caller waits for should not wait for a screen.
        switch = [bridge.see for bridge in self.bridges]
        lamps = [lamps.see for lamps in self._lamps]
        readers = [self.ivr.see, *(line.see for line in self.lines), self.console.see, self._memory.today.see]
        readers += [*lamps, self._figures.see, self._follower.see, *(webhook.see for webhook in self.webhooks)]
        readers.append(self._remembering.see)
        for see in [*switch, self._timetable.see, self.administrator.see, *readers]:
            self.floor.follow(see)
        log.info("house.remembers", lines=self._journal.last_seq, calls=len(self._acd.state.calls))

    def _begin(self) -> Configure | ChangeSettings:
        """The rules of the start. Where the file was edited after the page had changed a place, the file has the last
        word, and that is journaled: else the page would have it again if the file said what it said before."""
        newer = self.config.settings.newer_in_file()
        for change in newer:
            log.info("settings.file_is_newer", place=change.place)
        at = self._now()
        return self._rules.change(at, FILE, newer) if newer else self._rules.configure(at)

    async def _make_ready(self, config: Config) -> None:
        """What a caller may hear by this configuration is there before it holds."""
        await self.speech.make_ahead(all_prompts(config.ivr))

    def _go_by(self, config: Config) -> None:
        """What was changed while we run; the ACD's own rules came in the same line."""
        self.config, self._rules, self._asks = config, config.rules(), config.asks()
        self.ivr.settings = config.ivr
        self._timetable.go_by(self._rules.hours)
        self._users.clear()
        self._users.update(config.users)
        self._softphones.clear()
        self._softphones.update(config.softphones())

    async def _nothing_is_connected_yet(self) -> None:
        """The journal may end with links that were up; they are not, until they say so."""
        links = [bridge.link_name for bridge in self.bridges] + [line.link_name for line in self.lines]
        links.append(DATABASE_LINK)
        for link in links:
            await self.floor.tell(LinkLost(self._now(), link, STARTING))
        webhooks = [webhook.link_name for webhook in self.webhooks]
        for gone in self._acd.state.links_down.keys() - {*links, *webhooks}:
            log.info("house.link_no_longer_configured", link=gone)

    async def _last_agent(self, ani: str) -> str:
        """For the IVR, which does without if the database fails."""
        try:
            return await self._log.last_agent(ani)
        except SQLAlchemyError as error:
            log.warning("house.last_agent_unknown", why=str(error).partition("\n")[0])
            return ""

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))
