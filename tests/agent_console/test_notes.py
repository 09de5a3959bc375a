"""Notes, dispositions and who the caller is: who sees what of them, what they may hold, where they follow the call."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from acd import vocabulary as say
from acd.vocabulary import AgentRules, QueueRules
from tests.agent_console.floor import AGENTS, QUEUES, Client, Floor, open_client, open_floor
from tests.agent_console.test_live import ready_agent

TEXTS = ["", "wants an invoice", "<script>alert(1)</script>", "👩‍👩‍👧 שלום مرحبا", "台" * 10_000, '"\\\n\0' * 2_500]
REQUIRED = {**QUEUES, "sales": msgspec.structs.replace(QUEUES["sales"], disposition_required=True)}


async def talking(floor: Floor, client: Client) -> None:
    await ready_agent(floor, client)
    await floor.call_comes()
    await floor.answer()
    await client.until("pop")


def notes_of(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(note["agent"], note["text"]) for note in message["record"]["notes"]]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:12]))
async def test_a_note_is_kept_as_it_was_written_and_is_there_after_a_reload(text: str) -> None:
    async with open_floor() as floor:
        async with open_client(floor, "ann") as ann:
            await talking(floor, ann)
            answer = await ann.ask(2, "write_note", call="c1", text=text)
            assert answer == {"type": "answer", "id": 2, "ok": True, "why": ""}
            assert floor.lines[-1].facts == [say.NoteWritten("c1", "a1", text)]
        async with open_client(floor, "ann") as again:
            pop = (await again.until("snapshot"))["pop"]
            assert notes_of(pop) == ([("a1", text)] if text else [])


async def test_a_note_that_is_too_long_is_refused_and_is_not_journaled() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await talking(floor, ann)
        lines = len(floor.lines)
        answer = await ann.ask(2, "write_note", call="c1", text="x" * 10_001)
        assert answer["why"] == "a note has at most 10000 characters, this one has 10001"
        assert len(floor.lines) == lines
        told = await floor.tell(say.WriteNote(floor.clock, "a1", "c1", "x" * 10_001))
        assert isinstance(told[0], say.Refused)


async def test_a_note_of_10_mb_ends_the_connection_and_nothing_else() -> None:
    async with open_floor() as floor, open_client(floor, "bob") as bob:
        async with open_client(floor, "ann") as ann:
            await talking(floor, ann)
            with pytest.raises(ConnectionClosed):
                await ann.ask(2, "write_note", call="c1", text="x" * 10_000_000)
            assert ann.socket.close_code == 1009
        assert (await bob.ask(1, "go_ready"))["ok"]
        async with open_client(floor, "ann") as again:
            assert (await again.until("snapshot"))["pop"]["call"] == "c1"


async def test_the_notes_follow_a_transfer_and_are_seen_by_nobody_else() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await talking(floor, ann)
        await ready_agent(floor, bob)
        await ann.ask(2, "write_note", call="c1", text="wants an invoice")
        assert (await ann.ask(3, "transfer", call="c1", to={"kind": "agent", "to": "a2"}))["ok"]
        assert notes_of(await bob.until("offer")) == [("a1", "wants an invoice")]
        await ann.ask(4, "write_note", call="c1", text="wants the invoice of May")
        assert notes_of(await bob.until("offer")) in (
            [("a1", "wants an invoice")],
            [("a1", "wants the invoice of May")],
        )
        await floor.answer("a2")
        popped = await bob.until("pop")
        assert notes_of(popped) == [("a1", "wants the invoice of May")]
        assert popped["record"]["ani"] == "+886912345678"

        await bob.ask(5, "write_note", call="c1", text="sent by mail")
        assert (await ann.ask(5, "go_not_ready", reason="lunch"))["ok"]  # Ann hears of this, and of no note before it
        async with open_client(floor, "ann") as again:
            assert notes_of((await again.until("snapshot"))["pop"]) == [("a1", "wants the invoice of May")]
        async with open_client(floor, "bob") as again:
            both = [("a1", "wants the invoice of May"), ("a2", "sent by mail")]
            assert notes_of((await again.until("snapshot"))["pop"]) == both


async def test_who_is_consulted_sees_the_notes_and_both_see_each_others() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await talking(floor, ann)
        await ready_agent(floor, bob)
        await ann.ask(2, "write_note", call="c1", text="wants an invoice")
        await ann.ask(3, "consult", call="c1", to={"kind": "agent", "to": "a2"})
        offered = await bob.until("offer")
        assert offered["call"] == "c1~1"
        assert notes_of(offered) == [("a1", "wants an invoice")]
        await floor.answer("a2")
        assert (await bob.ask(2, "write_note", call="c1~1", text="accounting knows"))["ok"]
        assert notes_of(await ann.until("pop"))[1] == ("a2", "accounting knows")


@pytest.mark.parametrize(
    ("do", "about", "why"),
    [
        ("write_note", {"call": "c2", "text": "x"}, "has not got call c2"),
        ("dispose", {"call": "c1", "disposition": "sale"}, "sales has no disposition 'sale'"),
        ("dispose", {"call": "c2", "disposition": "complaint"}, "has not got call c2"),
        ("choose_customer", {"call": "c1", "customer": "7" * 65}, "that is no customer's id"),
        ("choose_customer", {"call": "c2", "customer": "7"}, "has not got call c2"),
        ("extend_wrap_up", {"more_ms": 1}, "is not in wrap-up"),
    ],
)
async def test_what_is_refused_is_answered_with_the_reason(do: str, about: dict[str, Any], why: str) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await talking(floor, ann)
        answer = await ann.ask(2, do, **about)
        assert (answer["ok"], answer["why"]) == (False, why)


async def test_wrap_up_is_extended_and_cannot_end_without_a_required_disposition() -> None:
    async with open_floor() as floor:
        await floor.tell(say.Configure(floor.clock, REQUIRED, AGENTS))
        async with open_client(floor, "ann") as ann:
            await ready_agent(floor, ann)
            await floor.call_comes()
            await floor.answer()
            record = (await ann.until("pop"))["record"]
            assert record["dispositions"] == list(REQUIRED["sales"].dispositions)
            assert record["disposition_required"] is True
            await floor.tell(say.AgentGone(floor.clock, 1))
            assert (await ann.ask(2, "extend_wrap_up", more_ms=60_000))["ok"]
            assert (await ann.ask(3, "end_wrap_up"))["why"] == "the disposition is missing"
            assert (await ann.ask(4, "dispose", call="c1", disposition="sale/new"))["ok"]
            assert floor.console._hub.board.agents("a1")[0].disposition == "sale/new"
            assert (await ann.ask(5, "end_wrap_up"))["ok"]
            assert floor.console._hub.board.agents("a1")[0].disposition == ""


async def test_a_wrap_up_that_runs_out_of_time_ends_without_a_disposition_and_says_so() -> None:
    async with open_floor() as floor:
        await floor.tell(say.Configure(floor.clock, REQUIRED, AGENTS))
        async with open_client(floor, "ann") as ann:
            await ready_agent(floor, ann)
            await floor.call_comes()
            await floor.answer()
            await floor.tell(say.AgentGone(floor.clock, 1))
            await floor.pass_ms(60_000)
            ended = (await ann.facts_until("WrapUpEnded"))[-1]["fact"]
            assert ended == {"type": "WrapUpEnded", "agent": "a1", "call": "c1", "undisposed": True}


async def test_a_chosen_customer_follows_the_call() -> None:
    queues = {**QUEUES, "help": QueueRules("Help")}
    agents = {"a1": AGENTS["a1"], "a2": AgentRules("Bob", {"help": 1})}
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await floor.tell(say.Configure(floor.clock, queues, agents))
        await talking(floor, ann)
        await ready_agent(floor, bob)
        assert (await ann.ask(2, "choose_customer", call="c1", customer="9"))["ok"]
        assert (await ann.until("pop"))["record"]["customer"] == "9"
        assert floor.asked[-1] == ("c1", "9")
        await ann.ask(3, "transfer", call="c1", to={"kind": "agent", "to": "a2"})
        assert (await bob.until("offer"))["record"]["customer"] == "9"
        assert floor.asked[-1] == ("c1", "9")
        assert (await ann.ask(4, "choose_customer", call="c1", customer="7"))["why"] == "has passed the caller on"
