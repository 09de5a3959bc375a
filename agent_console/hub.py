"""The hub: gives every open screen the facts that its viewer may see, in order and without a gap. Does I/O.

A screen is a number (the last line it has) and a few messages of its own; what it has not got is taken from `Recent`
when its socket can take more. So a slow or sleeping browser costs nothing, and one that fell too far behind gets a
snapshot.

Facts are sent in ticks of 50 ms to those who may see them. What a person waits for (an offer, an answer, a pop, a
refusal) goes at once, after everything that comes before it. All else (counts of queues, links, signs of life) is
found by going round the screens, 250 a tick: on a small floor that is all of them, and 20,000 are seen once in four
seconds instead of being woken all at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from acd import vocabulary as say
from acd.moves import Presence
from acd.vocabulary import AnyFact, Line, Now, Tell
from agent_console import messages
from agent_console.callers import Records
from agent_console.figures import DaySoFar
from agent_console.known import Known
from agent_console.messages import Answer, FactsOf, Me, Request, ServerMessage, Snapshot
from agent_console.pops import Pops, as_message
from agent_console.recent import Recent
from agent_console.screen import Screen
from agent_console.sessions import Session, Sessions, Viewer

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.05
FIGURES_SECONDS = 2.0
"""The day's figures are computed at most so often, and only while a supervisor looks."""
ROUND_SECONDS = 4.0
"""Each agent's screen is looked at this often at least: so late its counts may be on a crowded floor."""
VISITED_A_TICK = 250
"""At least so many of them a tick."""
BEAT_SECONDS = 6.0
"""A screen that has heard nothing for so long hears something on the next round, so that a page notices a dead
connection."""
STUCK_SECONDS = 30.0
"""A screen whose socket has taken nothing for so long is cut off."""
MAX_BATCH_BYTES = 1_000_000
"""A screen that is further behind than this gets a snapshot instead."""

NOBODY = ""
"""No agent's id."""
URGENT = (say.CallOffered, say.OfferFailed, say.CallConnected, say.Refused)


class Hub:
    def __init__(
        self,
        tell: Tell,
        now: Now,
        records: Records,
        sessions: Sessions,
        kept_lines: int,
        metrics: CollectorRegistry,
        known: Known,
        *,
        pop_url: str = "",
        pop_urls: Mapping[str, str] | None = None,
    ) -> None:
        self.board = known.board
        self.epoch = secrets.token_hex(8)
        self._tell = tell
        self._now = now
        self._sessions = sessions
        self._recent = Recent(kept_lines, known.audience)
        self._pops = Pops(known.pops, records, self._push, pop_url, pop_urls or {})
        self._screens: set[Screen] = set()
        self._due: set[Screen] = set()
        """Those to be woken at the next tick."""
        self._round: deque[Screen] = deque()
        """All screens, in the order in which they are looked at."""
        self._watching: set[Screen] = set()
        """Those that show all queues."""
        self._of_agent: dict[str, Screen] = {}
        self._attached: set[str] = set()
        self._attending: dict[str, asyncio.Lock] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._day_so_far = DaySoFar(records.today)
        self._open_screens = Gauge("callfloor_console_screens", "Open console screens", registry=metrics)
        self._snapshots = Counter("callfloor_console_snapshots", "Snapshots sent", registry=metrics)
        self._sent = Counter("callfloor_console_messages", "Messages sent to screens", registry=metrics)

    # ------------------------------------------------------------------------------------- life

    async def start(self) -> None:
        """Begins to serve. Agents who were believed to have a screen before the start must show it anew."""
        self._pops.start()
        self._ticking = asyncio.create_task(self._ticks(), name="console ticks")
        self._counting = asyncio.create_task(self._count(), name="console figures")
        for agent in self.board.with_console():
            await self._tell(say.ConsoleClosed(at=self._now(), agent=agent))

    async def stop(self) -> None:
        """Stops serving. Agents keep their state: their screens will be back when we are."""
        for task in filter(None, (self._ticking, self._counting)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._ticking = self._counting = None
        await self._pops.stop()

    def see(self, line: Line) -> None:
        """Takes in one line of the journal. Quick."""
        self.board.see(line)
        items = self._recent.see(line)
        for item in items:
            self._pops.see(item.sight.fact, line.input.at)
            if isinstance(item.sight.fact, say.Configured):
                self._start_anew()
            concerned = [self._of_agent[agent] for agent in item.sight.agents if agent in self._of_agent]
            self._due.update(concerned)
            if isinstance(item.sight.fact, URGENT):
                for screen in concerned:
                    screen.wake()
        self._due |= self._watching

    # ---------------------------------------------------------------------------------- screens

    async def open(self, screen: Screen) -> None:
        """A screen begins; if its agent has one already, the new one takes over."""
        self._screens.add(screen)
        self._round.append(screen)
        if screen.viewer.sees_queues:
            self._watching.add(screen)
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
        for screens in (self._screens, self._watching, self._due):
            screens.discard(screen)
        self._open_screens.set(len(self._screens))
        agent = screen.viewer.agent
        if agent is not None and self._of_agent.get(agent) is screen:
            del self._of_agent[agent]
            if self._ticking is not None:
                await self._attend(agent, screen.viewer)

    def end_session(self, session: Session) -> None:
        for screen in self._screens:
            if screen.session is session:
                screen.close(messages.CLOSED_SIGNED_OUT, "signed out")

    def customer_changed(self, customer: str) -> None:
        """Whoever has this customer's record on the screen is shown it as it is now."""
        self._pops.renew(customer)

    def resume(self, screen: Screen, epoch: str, seq: int) -> None:
        """Sets the screen back to what it says it has seen; what cannot be made good by facts is a snapshot."""
        screen.seq = seq if epoch == self.epoch and self._recent.covers(seq) else None
        pop = self._pops.of(screen.viewer.agent) if screen.viewer.agent else None
        if pop is not None and screen.seq is not None:
            screen.add(messages.write(as_message(pop)))
        if screen.viewer.sees_queues and screen.seq is not None:
            screen.add(messages.write(self._day_so_far.whole()))
        screen.wake()

    async def request(self, screen: Screen, request: Request) -> None:
        """Tells the ACD what is wanted and answers whether it was granted; who is not a user any more asks nothing."""
        if not self._sessions.is_alive(screen.session, self._now()):
            screen.close(messages.CLOSED_SIGNED_OUT, "the session has ended")
            return
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
            if screen.viewer.sees_queues:
                texts.append(messages.write(self._day_so_far.whole()))
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
        if sum(len(memoryview(item)) for item in items) > MAX_BATCH_BYTES:
            return self._snapshot(screen)
        changed = self.board.changed_since(seen, self._queues_for(viewer))
        if not items and not changed and screen.silent_s() < BEAT_SECONDS:
            return None
        screen.seq = self.board.seq
        queues = self.board.queues(changed)
        return messages.write(FactsOf(seen + 1, screen.seq, self._now(), items, queues))

    def _snapshot(self, screen: Screen) -> str:
        viewer, board = screen.viewer, self.board
        only = None if viewer.sees_all else viewer.agent or NOBODY
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
        return [*self.board.queue_names(None if viewer.sees_queues else viewer.agent or NOBODY)]

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

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            due, self._due = self._due, set()
            for screen in due:
                screen.wake()
            a_tick = max(VISITED_A_TICK, round(len(self._round) * TICK_SECONDS / ROUND_SECONDS))
            for _ in range(min(a_tick, len(self._round))):
                screen = self._round.popleft()
                if screen in self._screens:
                    self._round.append(screen)
                    self._visit(screen)

    def _visit(self, screen: Screen) -> None:
        """What is due to a screen beside the facts about its own."""
        silent_s = screen.silent_s()
        if not self._sessions.is_alive(screen.session, self._now()):
            screen.close(messages.CLOSED_SIGNED_OUT, "the session has ended")
        elif silent_s > STUCK_SECONDS:
            log.info("console.stuck", user=screen.viewer.user)
            screen.close(messages.CLOSED_ABUSE, "this screen takes nothing")
        elif silent_s >= BEAT_SECONDS or screen.seq is None or self._has_news(screen.seq, screen.viewer):
            screen.wake()

    async def _count(self) -> None:
        """Sends what has changed of the day's figures to those who see them."""
        while True:
            await asyncio.sleep(FIGURES_SECONDS)
            watching = [screen for screen in self._watching if screen.seq is not None]
            if not watching:
                self._day_so_far.forget()
            elif news := self._day_so_far.news():
                text = messages.write(news)
                for screen in watching:
                    screen.add(text)
                    screen.wake()

    def _has_news(self, seen: int, viewer: Viewer) -> bool:
        """Of queues or links."""
        if seen == self.board.seq:
            return False
        if self._recent.everyone_was_told_since(seen):
            return True
        return bool(self.board.changed_since(seen, self._queues_for(viewer)))

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
