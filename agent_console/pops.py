"""The screen pop: the caller's record for the agent who is offered the call. Does I/O: asks the records, never waits.

The contract: the record goes to the console of the agent who is offered the call and to no other; it names the caller
at the offer, pops on answer, is completed when the records answer late, and is withdrawn when the offer fails. What
earlier agents have noted of the call, and whom they took the caller for, comes along with it; whoever has passed the
call on does not see what is noted of it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog
from msgspec.structs import replace

from acd import vocabulary as say
from acd.moves import AgentLine
from acd.vocabulary import AnyFact
from agent_console.board import Board
from agent_console.callers import Caller, Note, PopRecord, Records
from agent_console.messages import Offered, Pop, Popped, PopWithdrawn
from agent_console.pop_url import filled

log = structlog.get_logger(__name__)

LOOKUP_SECONDS = 30.0
"""Records that have not answered by then will not be waited for; the pop stays marked as incomplete."""

Push = Callable[[str, Offered | Pop | PopWithdrawn], None]
"""(agent, message): sends it to this agent's screen at once, if there is one."""


class Pops:
    """The one pop that each agent may have: that of the call on their line."""

    def __init__(
        self, board: Board, records: Records, push: Push, pop_url: str = "", pop_urls: Mapping[str, str] | None = None
    ) -> None:
        """`pop_url` is a template of `agent_console.pop_url`, `pop_urls` those of single queues."""
        self._board = board
        self._pop_url = pop_url
        self._pop_urls = pop_urls or {}
        self._records = records
        self._push = push
        self._pops: dict[str, Popped] = {}
        self._lookups: dict[str, asyncio.Task[None]] = {}
        self._live = False

    def start(self) -> None:
        """From now on the records are asked; first for the calls that were under way when we started."""
        self._live = True
        for agent in [*self._pops]:
            if self.of(agent) is not None:
                self._ask(agent)

    async def stop(self) -> None:
        self._live = False
        tasks = [*self._lookups.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, agent: str) -> Popped | None:
        """The pop of the call that is on this agent's line or being wrapped up."""
        pop = self._pops.get(agent)
        known = self._board.agent(agent)
        return pop if pop is not None and known is not None and known.call == pop.call else None

    def renew(self, customer: str) -> None:
        """The records know something else about this customer."""
        for agent in [*self._pops]:
            pop = self.of(agent)
            if pop is not None and any(each.id == customer for each in pop.record.customers):
                self._ask(agent)

    def see(self, fact: AnyFact, at: int) -> None:
        match fact:
            case say.CallOffered() if fact.agent:
                self._offered(fact, at)
            case say.CallerKnown():
                self._caller_known(fact)
            case say.CallConnected():
                self._connected(fact)
            case say.ConsultJoined() if fact.agent:
                self._joined(fact)
            case say.OfferFailed():
                self._withdraw(fact)
            case say.NoteWritten():
                self._noted(fact)
            case say.CustomerChosen():
                self._chosen(fact)
            case _:
                pass

    def _offered(self, fact: say.CallOffered, at: int) -> None:
        call = self._board.call(fact.call)
        if call is None:  # it was over within the line that offered it
            return
        original = self._board.call(call.consult_of) or call
        record = PopRecord(
            call=call.id,
            ani=call.ani,
            dnis=call.dnis,
            queue=call.queue,
            menu=list(call.menu),
            joined_at=call.joined_at,
            waited_ms=at - call.joined_at,
            notes=[Note(agent, text) for agent, text in original.notes.items()],
            customer=original.customer,
        )
        record = self._with_dispositions(record, original.queue)
        self._set(fact.agent, Popped(fact.offer, call.id, connected=False, record=record))
        self._ask(fact.agent)

    def _caller_known(self, fact: say.CallerKnown) -> None:
        """The serial line brought the number after the offer: whoever has the call learns it, and who that is."""
        for agent, pop in self._pops.items():
            if pop.call == fact.call and self.of(agent) is not None:
                record = replace(pop.record, ani=fact.ani or pop.record.ani, dnis=fact.dnis or pop.record.dnis)
                self._set(agent, replace(pop, record=replace(record, incomplete=True)))
                self._ask(agent)
                return

    def _connected(self, fact: say.CallConnected) -> None:
        pop = self._pops.get(fact.agent)
        if pop is not None and pop.offer == fact.offer:
            record = replace(pop.record, waited_ms=fact.waited_ms)
            self._set(fact.agent, replace(pop, connected=True, record=record))

    def _joined(self, fact: say.ConsultJoined) -> None:
        """Who was consulted has the caller now: the record is the same, the call is the caller's own."""
        pop = self._pops.get(fact.agent)
        if pop is not None and pop.offer == fact.offer:
            self._set(fact.agent, replace(pop, call=fact.call, record=replace(pop.record, call=fact.call)))

    def _with_dispositions(self, record: PopRecord, queue: str) -> PopRecord:
        if (rules := self._board.rules(queue)) is None:
            return record
        return replace(record, dispositions=list(rules.dispositions), disposition_required=rules.disposition_required)

    def _noted(self, fact: say.NoteWritten) -> None:
        for agent, pop in self._with_the_call(fact):
            others = [note for note in pop.record.notes if note.agent != fact.agent]
            notes = [*others, Note(fact.agent, fact.text)] if fact.text else others
            self._pops[agent] = noted = replace(pop, record=replace(pop.record, notes=notes))
            if agent != fact.agent:  # who wrote it has it, and has perhaps written on
                self._push(agent, as_message(noted))

    def _chosen(self, fact: say.CustomerChosen) -> None:
        for agent, pop in self._with_the_call(fact):
            self._set(agent, replace(pop, record=replace(pop.record, customer=fact.customer, incomplete=True)))
            self._ask(agent)

    def _with_the_call(self, fact: say.NoteWritten | say.CustomerChosen) -> list[tuple[str, Popped]]:
        """The author, and whoever else has this call, or is consulted about it, and has not passed it on."""
        found = []
        for agent in dict.fromkeys((fact.agent, *self._board.agents_on(fact.call))):
            pop, known = self.of(agent), self._board.agent(agent)
            if pop is None or known is None or pop.call.partition(say.CONSULT_SIGN)[0] != fact.call:
                continue
            if agent == fact.agent or known.line in (AgentLine.OFFERED, AgentLine.CONNECTED):
                found.append((agent, pop))
        return found

    def _withdraw(self, fact: say.OfferFailed) -> None:
        pop = self._pops.get(fact.agent)
        if pop is None or pop.offer != fact.offer:
            return
        del self._pops[fact.agent]
        task = self._lookups.pop(fact.agent, None)
        if task is not None:
            task.cancel()
        self._push(fact.agent, PopWithdrawn(fact.offer, fact.call, fact.reason))

    def _set(self, agent: str, pop: Popped) -> None:
        pop = replace(pop, record=replace(pop.record, url=self._url(agent, pop.record)))
        self._pops[agent] = pop
        self._push(agent, as_message(pop))

    def _url(self, agent: str, record: PopRecord) -> str:
        only = record.customers[0].id if len(record.customers) == 1 else ""
        values = {
            "ani": record.ani,
            "dnis": record.dnis,
            "call": record.call.partition(say.CONSULT_SIGN)[0],
            "queue": record.queue,
            "customer": record.customer or only,
            "agent": agent,
        }
        return filled(self._pop_urls.get(record.queue, self._pop_url), values)

    def _ask(self, agent: str) -> None:
        if not self._live:
            return
        before = self._lookups.pop(agent, None)
        if before is not None:
            before.cancel()
        pop = self._pops[agent]
        task = asyncio.create_task(self._complete(agent, pop), name=f"lookup of call {pop.call}")
        self._lookups[agent] = task

        def forget(done: asyncio.Task[None]) -> None:
            if self._lookups.get(agent) is done:
                del self._lookups[agent]

        task.add_done_callback(forget)

    async def _complete(self, agent: str, asked: Popped) -> None:
        caller = await self._who_calls(asked)
        pop = self._pops.get(agent)
        if pop is None or pop.offer != asked.offer or caller is None:
            return
        record = replace(
            pop.record,
            customers=caller.customers,
            earlier_calls=caller.earlier_calls,
            incomplete=caller.incomplete,
            cases=caller.cases,
        )
        self._set(agent, replace(pop, record=record))

    async def _look_up(self, record: PopRecord) -> Caller:
        return await self._records.lookup(record.call, record.ani, record.dnis, record.customer)

    async def _who_calls(self, asked: Popped) -> Caller | None:
        record = asked.record
        try:
            return await asyncio.wait_for(self._look_up(record), LOOKUP_SECONDS)
        except TimeoutError:
            log.warning("pop.lookup_slow", call=record.call, offer=asked.offer, seconds=LOOKUP_SECONDS)
        except Exception:  # whatever fails in the records, the agent keeps the pop that they have
            log.exception("pop.lookup_failed", call=record.call, offer=asked.offer)
        return None


def as_message(pop: Popped) -> Offered | Pop:
    kind = Pop if pop.connected else Offered
    return kind(pop.offer, pop.call, pop.record)
