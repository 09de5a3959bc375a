"""The hub: gives every open screen the facts that its viewer may see, in order and without a gap. Does I/O.

A screen is a number (the last line it has) and a few messages of its own; what it has not got is taken from `Recent`
when its socket can take more. So a slow or sleeping browser costs nothing, and one that fell too far behind gets a
snapshot.

Ordinary facts are sent in ticks of 50 ms. What a person waits for (an offer, an answer, a pop, a refusal) goes at once,
after everything that comes before it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from acd import vocabulary as say
from acd.moves import Presence
from acd.vocabulary import AnyFact, Line, Now, Tell
from agent_console import messages
from agent_console.board import Board
from agent_console.callers import Records
from agent_console.messages import Answer, Me, Request, ServerMessage, Snapshot
from agent_console.pops import Pops, as_message
from agent_console.recent import Recent
from agent_console.screen import Screen
from agent_console.sessions import Session, Viewer

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.05
BEAT_SECONDS = 10.0
"""A screen hears at least this often, so that a page notices a dead connection."""
STUCK_BEATS = 3
"""A screen whose socket has taken nothing for so many beats is cut off."""
MAX_BATCH_CHARS = 1_000_000
"""A screen that is further behind than this gets a snapshot instead."""

URGENT = (say.CallOffered, say.OfferFailed, say.CallConnected, say.Refused)


class Hub:
    def __init__(self, tell: Tell, now: Now, records: Records, kept_lines: int, metrics: CollectorRegistry) -> None:
        self.board = Board()
        self.epoch = secrets.token_hex(8)
        self._tell = tell
        self._now = now
        self._recent = Recent(kept_lines)
        self._pops = Pops(self.board, records, self._push)
        self._screens: set[Screen] = set()
        self._of_agent: dict[str, Screen] = {}
        self._attached: set[str] = set()
        self._attending: dict[str, asyncio.Lock] = {}
        self._tick: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None
        self._open_screens = Gauge("callfloor_console_screens", "Open console screens", registry=metrics)
        self._snapshots = Counter("callfloor_console_snapshots", "Snapshots sent", registry=metrics)
        self._sent = Counter("callfloor_console_messages", "Messages sent to screens", registry=metrics)

    # ------------------------------------------------------------------------------------- life

    async def start(self) -> None:
        """Begins to serve. Agents who were believed to have a screen before the start must show it anew."""
        self._pops.start()
        self._beat = asyncio.create_task(self._beats(), name="console beats")
        for agent in self.board.with_console():
            await self._tell(say.ConsoleClosed(at=self._now(), agent=agent))

    async def stop(self) -> None:
        """Stops serving. Agents keep their state: their screens will be back when we are."""
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)
            self._beat = None
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        await self._pops.stop()

    def see(self, line: Line) -> None:
        """Takes in one line of the journal. Quick; before `start` it only brings the board up to date."""
        self.board.see(line)
        items = self._recent.see(line)
        for item in items:
            self._pops.see(item.sight.fact, line.input.at)
            if isinstance(item.sight.fact, say.Configured):
                self._start_anew()
            if isinstance(item.sight.fact, URGENT):
                for agent in item.sight.agents:
                    if agent in self._of_agent:
                        self._of_agent[agent].wake()
        if self._tick is None and self._screens:
            self._tick = asyncio.get_running_loop().call_later(TICK_SECONDS, self._wake_all)

    # ---------------------------------------------------------------------------------- screens

    async def open(self, screen: Screen) -> None:
        """A screen begins; if its agent has one already, the new one takes over."""
        self._screens.add(screen)
        self._open_screens.set(len(self._screens))
        agent = screen.viewer.agent
        if agent is not None:
            before = self._of_agent.get(agent)
            self._of_agent[agent] = screen
            if before is not None:
                log.info("console.taken_over", agent=agent)
                before.close(
                    messages.CLOSED_TAKEN_OVER, "another screen of this agent was opened", messages.TakenOver()
                )
            await self._attend(agent, screen.viewer)

    async def closed(self, screen: Screen) -> None:
        """A screen is gone; if it was its agent's only one, the ACD is told."""
        self._screens.discard(screen)
        self._open_screens.set(len(self._screens))
        agent = screen.viewer.agent
        if agent is not None and self._of_agent.get(agent) is screen:
            del self._of_agent[agent]
            if self._beat is not None:
                await self._attend(agent, screen.viewer)

    def end_session(self, session: Session) -> None:
        for screen in self._screens:
            if screen.session is session:
                screen.close(messages.CLOSED_SIGNED_OUT, "signed out")

    def resume(self, screen: Screen, epoch: str, seq: int) -> None:
        """Sets the screen back to what it says it has seen; what cannot be made good by facts is a snapshot."""
        screen.seq = seq if epoch == self.epoch and self._recent.covers(seq) else None
        pop = self._pops.of(screen.viewer.agent) if screen.viewer.agent else None
        if pop is not None and screen.seq is not None:
            screen.add(messages.write(as_message(pop)))
        screen.wake()

    async def request(self, screen: Screen, request: Request) -> None:
        """Tells the ACD what is wanted and answers whether it was granted."""
        try:
            said = messages.to_input(request, screen.viewer, self._now())
            why = refusal(await (self._log_in(said) if isinstance(said, say.LogIn) else self._tell(said)))
        except messages.BadMessage as error:
            why = str(error)
        self._send(screen, Answer(request.id, ok=why == "", why=why))

    def refuse(self, screen: Screen, why: str) -> None:
        self._send(screen, messages.Error(why))

    # -------------------------------------------------------------------------- what a screen is due

    def due(self, screen: Screen) -> list[str]:
        """What is to be sent to this screen now, in order; it counts as sent."""
        texts = []
        if screen.seq is None or not self._recent.covers(screen.seq):
            texts.append(self._snapshot(screen))
        else:
            facts = self._facts(screen, screen.seq)
            if facts is not None:
                texts.append(facts)
        texts += screen.take()
        self._sent.inc(len(texts))
        return texts

    def _facts(self, screen: Screen, seen: int) -> str | None:
        viewer = screen.viewer
        items = self._recent.after(seen, viewer)
        if sum(map(len, items)) > MAX_BATCH_CHARS:
            return self._snapshot(screen)
        changed = self.board.changed_since(seen, self._queues_for(viewer))
        if not items and not changed and not screen.take_beat():
            return None
        screen.seq = self.board.seq
        queues = self.board.queues(changed)
        return messages.facts_message(seen + 1, screen.seq, self._now(), items, queues)

    def _snapshot(self, screen: Screen) -> str:
        viewer, board = screen.viewer, self.board
        only = None if viewer.sees_all else viewer.agent
        screen.seq = board.seq
        self._snapshots.inc()
        pop = self._pops.of(viewer.agent) if viewer.agent else None
        snapshot = Snapshot(
            epoch=self.epoch,
            seq=board.seq,
            at=self._now(),
            me=Me(viewer.user, viewer.role, viewer.agent),
            queues=board.queues(self._queues_for(viewer)),
            agents=board.agents(only),
            calls=board.calls(only),
            links=board.links(with_reason=viewer.sees_all),
            pop=pop,
        )
        return messages.write(snapshot)

    def _queues_for(self, viewer: Viewer) -> list[str]:
        return [*self.board.queue_names(None if viewer.sees_all else viewer.agent)]

    # ---------------------------------------------------------------------------------- inside

    async def _log_in(self, said: say.LogIn) -> Sequence[AnyFact]:
        """Who is logged in at another telephone is logged out there first, and ready again here if they were."""
        async with self._attending.setdefault(said.agent, asyncio.Lock()):
            known = self.board.agent(said.agent)
            if known is None or known.presence is Presence.LOGGED_OFF or known.phone == said.phone:
                return await self._tell(said)
            ready = known.presence is Presence.READY
            facts = await self._tell(say.LogOut(at=said.at, agent=said.agent))
            if not refusal(facts):
                facts = await self._tell(msgspec.structs.replace(said, at=self._now()))
                if ready and not refusal(facts):
                    await self._tell(say.GoReady(at=self._now(), agent=said.agent))
            return facts

    def _send(self, screen: Screen, message: ServerMessage) -> None:
        screen.add(messages.write(message))
        screen.wake()

    def _push(self, agent: str, message: ServerMessage) -> None:
        screen = self._of_agent.get(agent)
        if screen is not None:
            self._send(screen, message)

    def _start_anew(self) -> None:
        """Other rules: who serves what may be different, so every screen is drawn from a snapshot."""
        for screen in self._screens:
            screen.seq = None

    def _wake_all(self) -> None:
        self._tick = None
        for screen in self._screens:
            screen.wake()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = self._now()
            for screen in self._screens:
                if screen.session.until <= now:
                    screen.close(messages.CLOSED_SIGNED_OUT, "the session has expired")
                elif screen.beat() > STUCK_BEATS:
                    log.info("console.stuck", user=screen.viewer.user)
                    screen.close(messages.CLOSED_ABUSE, "this screen takes nothing")

    async def _attend(self, agent: str, viewer: Viewer) -> None:
        """Tells the ACD whether the agent has a screen, and logs in an agent whose screen has opened.

        One at a time for each agent: a screen that closes while another opens must not be told in the wrong order.
        """
        async with self._attending.setdefault(agent, asyncio.Lock()):
            present = agent in self._of_agent
            if present:
                known = self.board.agent(agent)
                if known is None or known.presence is Presence.LOGGED_OFF:
                    # Where they were the last time, if it is still theirs.
                    phones = [*viewer.phones.values(), ""]
                    phone = known.phone if known is not None and known.phone in phones[:-1] else phones[0]
                    await self._tell(say.LogIn(at=self._now(), agent=agent, phone=phone))
                if agent not in self._attached:
                    self._attached.add(agent)
                    await self._tell(say.ConsoleOpened(at=self._now(), agent=agent))
            elif agent in self._attached:
                self._attached.discard(agent)
                await self._tell(say.ConsoleClosed(at=self._now(), agent=agent))


def refusal(facts: Sequence[AnyFact]) -> str:
    """Why a request was not granted; "" if it was."""
    return next((fact.why for fact in facts if isinstance(fact, say.Refused)), "")
