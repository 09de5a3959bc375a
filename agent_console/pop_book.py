"""Which pop each agent has: that of the call on their line. Pure, a function of the facts alone.

It names the caller at the offer, goes along with the call, and is gone when the offer fails. What earlier agents have
noted of the call, and whom they took the caller for, comes along with it; whoever has passed the call on does not see
what is noted of it later.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from acd import vocabulary as say
from acd.moves import AgentLine
from acd.vocabulary import AnyFact
from agent_console.board import Board
from agent_console.callers import Note, PopRecord
from agent_console.messages import Popped, PopWithdrawn


class News(NamedTuple):
    """What a fact has done to an agent's pop: it is another one, to be `told` to the agent (who knows it, if not), and
    `asks` for what the records know of the caller; or it was `withdrawn`."""

    agent: str
    told: bool = True
    asks: bool = False
    withdrawn: PopWithdrawn | None = None


class PopBook:
    """Reads `board`, which sees a line before its facts come here. `pops`: agent → the pop of the last offer; without
    the address that it opens elsewhere."""

    def __init__(self, board: Board) -> None:
        self.pops: dict[str, Popped] = {}
        self._board = board

    def of(self, agent: str) -> Popped | None:
        """The pop of the call that is on this agent's line or being wrapped up."""
        pop = self.pops.get(agent)
        known = self._board.agent(agent)
        return pop if pop is not None and known is not None and known.call == pop.call else None

    def see(self, fact: AnyFact, at: int) -> list[News]:
        match fact:
            case say.CallOffered() if fact.agent:
                return self._offered(fact, at)
            case say.CallerKnown():
                return self._caller_known(fact)
            case say.CallConnected():
                return self._connected(fact)
            case say.ConsultJoined() if fact.agent:
                return self._joined(fact)
            case say.OfferFailed():
                return self._withdraw(fact)
            case say.NoteWritten():
                return self._noted(fact)
            case say.CustomerChosen():
                return self._chosen(fact)
        return []

    def _offered(self, fact: say.CallOffered, at: int) -> list[News]:
        call = self._board.call(fact.call)
        if call is None:  # it was over within the line that offered it
            return []
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
        if (rules := self._board.rules(original.queue)) is not None:
            dispositions, required = list(rules.dispositions), rules.disposition_required
            record = replace(record, dispositions=dispositions, disposition_required=required)
        self.pops[fact.agent] = Popped(fact.offer, call.id, connected=False, record=record)
        return [News(fact.agent, asks=True)]

    def _caller_known(self, fact: say.CallerKnown) -> list[News]:
        """The serial line brought the number after the offer: whoever has the call learns it, and who that is."""
        for agent, pop in self.pops.items():
            if pop.call == fact.call and self.of(agent) is not None:
                ani, dnis = fact.ani or pop.record.ani, fact.dnis or pop.record.dnis
                self.pops[agent] = replace(pop, record=replace(pop.record, ani=ani, dnis=dnis, incomplete=True))
                return [News(agent, asks=True)]
        return []

    def _connected(self, fact: say.CallConnected) -> list[News]:
        pop = self.pops.get(fact.agent)
        if pop is None or pop.offer != fact.offer:
            return []
        self.pops[fact.agent] = replace(pop, connected=True, record=replace(pop.record, waited_ms=fact.waited_ms))
        return [News(fact.agent)]

    def _joined(self, fact: say.ConsultJoined) -> list[News]:
        """Who was consulted has the caller now: the record is the same, the call is the caller's own."""
        pop = self.pops.get(fact.agent)
        if pop is None or pop.offer != fact.offer:
            return []
        self.pops[fact.agent] = replace(pop, call=fact.call, record=replace(pop.record, call=fact.call))
        return [News(fact.agent)]

    def _noted(self, fact: say.NoteWritten) -> list[News]:
        """Who wrote it has it, and has perhaps written on."""
        news = []
        for agent, pop in self._with_the_call(fact):
            others = [note for note in pop.record.notes if note.agent != fact.agent]
            notes = [*others, Note(fact.agent, fact.text)] if fact.text else others
            self.pops[agent] = replace(pop, record=replace(pop.record, notes=notes))
            news.append(News(agent, told=agent != fact.agent))
        return news

    def _chosen(self, fact: say.CustomerChosen) -> list[News]:
        news = []
        for agent, pop in self._with_the_call(fact):
            self.pops[agent] = replace(pop, record=replace(pop.record, customer=fact.customer, incomplete=True))
            news.append(News(agent, asks=True))
        return news

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

    def _withdraw(self, fact: say.OfferFailed) -> list[News]:
        pop = self.pops.get(fact.agent)
        if pop is None or pop.offer != fact.offer:
            return []
        del self.pops[fact.agent]
        return [News(fact.agent, withdrawn=PopWithdrawn(fact.offer, fact.call, fact.reason))]
