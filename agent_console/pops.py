"""The screen pop: the caller's record for the agent who is offered the call. Does I/O: asks the records, never waits.

The contract: the record goes to the console of the agent who is offered the call and to no other; it names the caller
at the offer, pops on answer, is completed when the records answer late, and is withdrawn when the offer fails. Whose
pop is which, `agent_console.pop_book` knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog
from msgspec.structs import replace

from acd import vocabulary as say
from acd.vocabulary import AnyFact
from agent_console.callers import Caller, PopRecord, Records
from agent_console.messages import Offered, Pop, Popped, PopWithdrawn
from agent_console.pop_book import PopBook
from agent_console.pop_url import filled

log = structlog.get_logger(__name__)

LOOKUP_SECONDS = 30.0
"""Records that have not answered by then will not be waited for; the pop stays marked as incomplete."""

Push = Callable[[str, Offered | Pop | PopWithdrawn], None]
"""(agent, message): sends it to this agent's screen at once, if there is one."""


class Pops:
    """The one pop that each agent may have: that of the call on their line."""

    def __init__(
        self, book: PopBook, records: Records, push: Push, pop_url: str = "", pop_urls: Mapping[str, str] | None = None
    ) -> None:
        """`pop_url` is a template of `agent_console.pop_url`, `pop_urls` those of single queues."""
        self._book = book
        self._pop_url = pop_url
        self._pop_urls = pop_urls or {}
        self._records = records
        self._push = push
        self._lookups: dict[str, asyncio.Task[None]] = {}
        self._live = False

    def start(self) -> None:
        """From now on the records are asked; first for the calls that were under way when we started."""
        self._live = True
        for agent in [*self._book.pops]:
            if self._book.of(agent) is not None:
                self._ask(agent)

    async def stop(self) -> None:
        self._live = False
        tasks = [*self._lookups.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, agent: str) -> Popped | None:
        """The pop of the call that is on this agent's line or being wrapped up."""
        pop = self._book.of(agent)
        return None if pop is None else self._with_url(agent, pop)

    def renew(self, customer: str) -> None:
        """The records know something else about this customer."""
        for agent in [*self._book.pops]:
            pop = self._book.of(agent)
            if pop is not None and any(each.id == customer for each in pop.record.customers):
                self._ask(agent)

    def see(self, fact: AnyFact, at: int) -> None:
        for news in self._book.see(fact, at):
            if news.withdrawn is not None:
                self._stop_asking(news.agent)
                self._push(news.agent, news.withdrawn)
            elif news.told:
                self._tell(news.agent)
            if news.asks:
                self._ask(news.agent)

    def _tell(self, agent: str) -> None:
        self._push(agent, as_message(self._with_url(agent, self._book.pops[agent])))

    def _with_url(self, agent: str, pop: Popped) -> Popped:
        return replace(pop, record=replace(pop.record, url=self._url(agent, pop.record)))

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
        self._stop_asking(agent)
        pop = self._book.pops[agent]
        task = asyncio.create_task(self._complete(agent, pop), name=f"lookup of call {pop.call}")
        self._lookups[agent] = task

        def forget(done: asyncio.Task[None]) -> None:
            if self._lookups.get(agent) is done:
                del self._lookups[agent]

        task.add_done_callback(forget)

    def _stop_asking(self, agent: str) -> None:
        task = self._lookups.pop(agent, None)
        if task is not None:
            task.cancel()

    async def _complete(self, agent: str, asked: Popped) -> None:
        caller = await self._who_calls(asked)
        pop = self._book.pops.get(agent)
        if pop is None or pop.offer != asked.offer or caller is None:
            return
        record = replace(
            pop.record,
            customers=caller.customers,
            earlier_calls=caller.earlier_calls,
            incomplete=caller.incomplete,
            cases=caller.cases,
        )
        self._book.pops[agent] = replace(pop, record=record)
        self._tell(agent)

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
