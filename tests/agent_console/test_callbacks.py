"""Callbacks that agents agree on: asked for over the socket, seen by who agreed on them."""

from __future__ import annotations

from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import RoutingRules
from tests.agent_console.floor import AGENTS, QUEUES, Client, Floor, names, open_client, open_floor
from tests.agent_console.test_live import ready_agent

HOUR_MS = 3_600_000
NUMBER = {"kind": "number", "to": "+861065321234"}


async def talking(floor: Floor, client: Client) -> None:
    await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS, RoutingRules(dials_out="pbx1")))
    await ready_agent(floor, client)
    await floor.call_comes()
    await floor.answer()
    await client.until("pop")


async def test_a_callback_is_agreed_on_shown_after_a_reload_and_offered_when_it_is_due() -> None:
    async with open_floor() as floor, open_client(floor, "bob") as bob:
        due_at = floor.clock + HOUR_MS
        async with open_client(floor, "ann") as ann:
            await talking(floor, ann)
            assert (await ann.ask(2, "schedule_callback", call="c1", due_at=due_at, own=True))["ok"]
            await floor.tell(say.AgentGone(floor.clock, 1))
        async with open_client(floor, "ann") as ann:
            [shown] = (await ann.until("snapshot"))["agents"][0]["callbacks"]
            assert shown == {
                "callback": shown["callback"], "call": "c1", "queue": "sales", "number": "+886912345678",
                "due_at": due_at, "own": True,
            }  # fmt: skip
            assert (await ann.ask(3, "go_ready"))["ok"]
            await floor.pass_ms(HOUR_MS)
            assert "AgentReserved" in names(await ann.facts_until("AgentReserved"))
            await floor.tell(say.CallbackAnswered(floor.clock, shown["callback"], "PJSIP/out"))
            offered = await ann.until("offer")
            assert (offered["call"], offered["record"]["ani"]) == (shown["callback"], "+886912345678")
            assert floor.acd.state.scheduled == {}
        await bob.send({"type": "request", "id": 4, "do": "go_not_ready", "reason": "lunch"})
        while (message := await bob.next())["type"] != "answer":
            assert "Callback" not in str(message)
            assert "+886912345678" not in str(message)


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"due_at": 0}, "expected a time in the future, within a year"),
        ({"due_at": 2**53}, "expected a time in the future, within a year"),
        ({"to": {"kind": "number", "to": "me"}}, "expected a number such as +861065321234, got 'me'"),
        ({"to": {"kind": "agent", "to": "a2"}}, "to: expected a number"),
        ({"call": "c2"}, "has not got call c2"),
    ],
    ids=str,
)
async def test_what_cannot_be_agreed_on_is_said(about: dict[str, Any], why: str) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await talking(floor, ann)
        asked = {"call": "c1", "due_at": floor.clock + HOUR_MS, "to": NUMBER, **about}
        answer = await ann.ask(2, "schedule_callback", **asked)
        assert (answer["ok"], answer["why"]) == (False, why)


async def test_only_who_agreed_on_a_callback_can_cancel_it() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await talking(floor, ann)
        await ann.ask(2, "schedule_callback", call="c1", due_at=floor.clock + HOUR_MS, to=NUMBER)
        [callback] = floor.acd.state.scheduled
        assert (await bob.ask(2, "cancel_callback", callback=callback))["why"] == "has no such callback to make"
        assert (await ann.ask(3, "cancel_callback", callback=callback))["ok"]
        assert floor.acd.state.scheduled == {}


async def test_a_callback_whose_queue_is_gone_is_given_up_and_says_why() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await talking(floor, ann)
        await floor.tell(say.ScheduleCallback(floor.clock, "a1", "c1", floor.clock + HOUR_MS, queue="help"))
        without = {"sales": QUEUES["sales"]}, {"a1": AGENTS["a1"]}
        await floor.tell(say.Configure(floor.clock, *without, RoutingRules(dials_out="pbx1")))
        await floor.pass_ms(HOUR_MS)
        facts = [fact for line in floor.lines for fact in line.facts if isinstance(fact, say.CallbackCanceled)]
        assert [fact.why for fact in facts] == ["there is no queue help any more"]
