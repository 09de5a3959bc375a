"""Stories over a real WebSocket: what a console is sent, in which order, and what it may ask for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from acd import vocabulary as say
from agent_console.settings import WebSettings
from tests.agent_console.floor import Client, Floor, end_of, names, open_client, open_floor, sign_in


async def ready_agent(floor: Floor, client: Client) -> None:
    answer = await client.ask(1, "go_ready")
    assert answer == {"type": "answer", "id": 1, "ok": True, "why": ""}


async def test_a_call_from_offer_to_wrap_up() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        snapshot = await ann.until("snapshot")
        assert snapshot["me"] == {"user": "ann", "role": "agent", "agent": "a1"}
        await ready_agent(floor, ann)
        assert floor.acd.state.agents["a1"].console is True
        assert floor.acd.state.agents["a1"].phone == "PJSIP/1001"

        await floor.call_comes()
        offered = await ann.until("offer")
        assert offered["record"]["ani"] == "+886912345678"
        await floor.answer()
        popped = await ann.until("pop")
        assert popped["offer"] == offered["offer"]
        assert popped["record"]["customers"][0]["fields"] == {"City": "Taipei", "Tier": "Gold"}
        assert popped["record"]["earlier_calls"][0]["talked_ms"] == 61_000
        assert popped["record"]["incomplete"] is False

        assert (await ann.ask(2, "hang_up", call="c1"))["ok"]
        await floor.tell(say.AgentGone(floor.clock, popped["offer"]))
        assert "CallEnded" in names(await ann.facts_until("WrapUpStarted"))
        assert (await ann.ask(3, "end_wrap_up"))["ok"]


async def test_the_facts_of_a_call_come_in_order_and_numbered_without_a_gap() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        snapshot = await sue.until("snapshot")
        expected = snapshot["seq"] + 1
        await floor.tell(say.LogIn(floor.clock, "a1"))
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.call_comes()
        await floor.answer()
        seen: list[dict[str, Any]] = []
        while "CallConnected" not in names(seen):
            message = await sue.until("facts")
            assert message["from"] == expected
            expected = message["to"] + 1
            seen += message["facts"]
        assert names(seen) == [
            "AgentLoggedIn", "AgentReady", "CallBegan", "CallQueued", "CallOffered", "CallConnected",
        ]  # fmt: skip
        assert [item["seq"] for item in seen] == sorted(item["seq"] for item in seen)


async def test_a_refused_request_is_answered_with_the_reason() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        answer = await ann.ask(9, "end_wrap_up")
        assert answer["id"] == 9
        assert answer["ok"] is False
        assert answer["why"]


async def test_a_supervisor_without_an_agent_cannot_go_ready() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        assert (await sue.ask(1, "go_ready"))["ok"] is False


async def test_a_pop_goes_to_the_agent_of_the_call_and_to_nobody_else() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await ready_agent(floor, ann)
        await ready_agent(floor, bob)
        await floor.call_comes()
        await floor.answer()
        await ann.until("pop")
        await bob.send({"type": "request", "id": 5, "do": "go_not_ready", "reason": "lunch"})
        said = ""
        while '"answer"' not in said:
            said = str(await asyncio.wait_for(bob.socket.recv(), 20))
            assert "+886912345678" not in said
            assert "c1" not in said


async def test_a_supervisor_is_told_the_call_but_no_pop() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "sue") as sue:
        await ready_agent(floor, ann)
        await floor.call_comes()
        await floor.answer()
        while True:
            message = await sue.next()
            assert message["type"] in ("snapshot", "facts", "figures")
            if "CallConnected" in names(message["facts"] if message["type"] == "facts" else []):
                break


async def test_the_pop_is_withdrawn_from_an_agent_who_does_not_answer() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ready_agent(floor, ann)
        await floor.call_comes()
        offered = await ann.until("offer")
        await floor.pass_ms(20_000)
        withdrawn = await ann.until("pop_withdrawn")
        assert withdrawn == {
            "type": "pop_withdrawn", "offer": offered["offer"], "call": "c1", "reason": "no answer",
        }  # fmt: skip


async def test_an_agent_rejects_an_offer() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ready_agent(floor, ann)
        await floor.call_comes()
        offered = await ann.until("offer")
        await ann.send({"type": "request", "id": 2, "do": "reject_offer", "offer": offered["offer"]})
        assert (await ann.until("pop_withdrawn"))["reason"] == "rejected"
        assert (await ann.until("answer"))["ok"]


async def test_records_that_answer_late_complete_the_pop() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ready_agent(floor, ann)
        floor.known.clear()
        await floor.call_comes()
        await floor.answer()
        first = await ann.until("pop")
        assert first["record"]["incomplete"] is True
        assert first["record"]["ani"] == "+886912345678"
        floor.known.set()
        second = await ann.until("pop")
        assert second["record"]["incomplete"] is False
        assert second["record"]["customers"]


async def test_a_number_that_the_serial_line_brings_late_renews_the_pop() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ready_agent(floor, ann)
        await floor.call_comes(ani="")
        await floor.answer()
        assert (await ann.until("pop"))["record"]["ani"] == ""
        await floor.tell(say.CallerIdentified(floor.clock, "c1", "+886287654321", "serial:line1"))
        popped = await ann.until("pop")
        while popped["record"]["incomplete"] or not popped["record"]["ani"]:
            popped = await ann.until("pop")
        assert popped["record"]["ani"] == "+886287654321"


async def test_a_pop_is_in_the_snapshot_of_a_screen_that_comes_back() -> None:
    async with open_floor() as floor:
        async with open_client(floor, "ann") as ann:
            await ready_agent(floor, ann)
            await floor.call_comes()
            await floor.answer()
            await ann.until("pop")
        async with open_client(floor, "ann") as again:
            snapshot = await again.until("snapshot")
            assert snapshot["pop"]["connected"] is True
            assert snapshot["pop"]["record"]["customers"]
            assert [call["call"] for call in snapshot["calls"]] == ["c1"]


async def test_after_a_restart_the_pop_of_the_current_call_is_there_again() -> None:
    async with open_floor() as floor:
        async with open_client(floor, "ann") as ann:
            await ready_agent(floor, ann)
            await floor.call_comes()
            await floor.answer()
            await ann.until("pop")
        await floor.console.stop()
        floor.console = floor.new_console()
        for line in floor.lines:
            floor.console.see(line)
        await floor.console.start()
        async with open_client(floor, "ann") as again:
            popped = (await again.until("snapshot"))["pop"]
            while popped["record"]["incomplete"]:
                popped = await again.until("pop")
            assert popped["record"]["customers"]


async def test_who_resumes_is_sent_exactly_what_was_missed() -> None:
    async with open_floor() as floor:
        cookie = await sign_in(floor, "sue")
        async with open_client(floor, "sue", cookie=cookie) as sue:
            snapshot = await sue.until("snapshot")
        await floor.tell(say.LogIn(floor.clock, "a1"))
        await floor.call_comes()
        query = f"?epoch={snapshot['epoch']}&seq={snapshot['seq']}"
        async with open_client(floor, "sue", query, cookie) as again:
            message = await again.next()
            assert message["type"] == "facts"
            assert (message["from"], message["to"]) == (snapshot["seq"] + 1, floor.lines[-1].seq)
            assert names(message["facts"]) == ["AgentLoggedIn", "CallBegan", "CallQueued"]
            assert {queue["queue"] for queue in message["queues"]} == {"sales"}
            await again.send({"type": "resume", "epoch": snapshot["epoch"], "seq": message["to"] - 1})
            repeated = await again.until("facts")
            assert names(repeated["facts"]) == ["CallBegan", "CallQueued"]


@pytest.mark.parametrize("claim", ["?epoch=another&seq=1", "?epoch={epoch}&seq=999999", "?epoch={epoch}&seq=0"])
async def test_who_claims_what_cannot_be_made_good_is_sent_a_snapshot(claim: str) -> None:
    async with open_floor(WebSettings(port=0, kept_lines=2)) as floor:
        cookie = await sign_in(floor, "sue")
        async with open_client(floor, "sue", cookie=cookie) as sue:
            epoch = (await sue.until("snapshot"))["epoch"]
        for _ in range(3):
            await floor.tell(say.LinkLost(floor.clock, "database", "gone"))
        async with open_client(floor, "sue", claim.format(epoch=epoch), cookie) as again:
            assert (await again.next())["type"] == "snapshot"


async def test_a_second_console_takes_over_and_the_agent_keeps_the_call() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as first:
        await ready_agent(floor, first)
        await floor.call_comes()
        await floor.answer()
        await first.until("pop")
        async with open_client(floor, "ann") as second:
            assert (await second.until("snapshot"))["pop"]["call"] == "c1"
            await first.until("taken_over")
            assert (await end_of(first))[0] == 4001
            assert floor.acd.state.agents["a1"].console is True
            assert (await second.ask(1, "go_not_ready"))["ok"]
        assert not any(isinstance(line.input, say.ConsoleClosed) for line in floor.lines[:-1])


async def test_a_closed_tab_is_told_and_a_talking_call_goes_on() -> None:
    async with open_floor() as floor:
        async with open_client(floor, "sue") as sue:
            async with open_client(floor, "ann") as ann:
                await ready_agent(floor, ann)
                await floor.call_comes()
                await floor.answer()
                await ann.until("pop")
            await sue.facts_until("ConsoleDetached")
        assert floor.acd.state.calls["c1"].stage == "connected"


async def test_agents_see_counts_of_their_own_queues_only() -> None:
    async with open_floor() as floor, open_client(floor, "bob") as bob:
        assert [queue["queue"] for queue in (await bob.until("snapshot"))["queues"]] == ["help"]
        await floor.call_comes("c1", queue="sales")
        await floor.call_comes("c2", queue="help")
        waiting: dict[str, int] = {}
        while waiting.get("help") != 1:
            for queue in (await bob.until("facts"))["queues"]:
                waiting[queue["queue"]] = queue["waiting"]
        assert waiting == {"help": 1}


HOSTILE = [
    "",
    "not json",
    "[]",
    "null",
    '{"type":"shout"}',
    '{"type":"request","id":1,"do":"fly"}',
    '{"type":"request","id":1,"do":"go_ready","user":"bob"}',
    '{"type":"request","id":"1","do":"go_ready"}',
    '{"type":"request","id":-1,"do":"go_ready"}',
    '{"type":"resume","epoch":"x","seq":99999999999999999999}',
    '{"type":"request","id":1,"do":"go_not_ready","reason":"' + "x" * 201 + '"}',
    '{"type":"request","id":1,"do":"go_not_ready","reason":"\\ud800"}',
    "[" * 5_000,
    b"\x00\xff",
]


@pytest.mark.parametrize("sent", HOSTILE, ids=range(len(HOSTILE)))
async def test_what_is_no_message_is_answered_with_an_error_and_nothing_else_happens(sent: str | bytes) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ann.attached()
        before = len(floor.lines)
        await ann.socket.send(sent)
        assert (await ann.until("error"))["why"]
        assert len(floor.lines) == before
        await ready_agent(floor, ann)


@pytest.mark.parametrize(
    ("sent", "times", "code"),
    [("x" * 1_000_000, 1, 1009), ("junk", 50, 1008), ('{"type":"request","id":1,"do":"go_ready"}', 500, 1008)],
    ids=["1 MB", "junk without end", "requests without end"],
)
async def test_abuse_ends_the_connection_and_disturbs_nobody(sent: str, times: int, code: int) -> None:
    async with open_floor() as floor, open_client(floor, "bob") as bob, open_client(floor, "ann") as ann:
        await bob.attached()
        with suppress(ConnectionClosed):
            for _ in range(times):
                await ann.socket.send(sent)
        assert (await end_of(ann))[0] == code
        await ready_agent(floor, bob)


async def test_a_client_that_reads_nothing_costs_nobody_anything_and_catches_up_by_a_snapshot() -> None:
    settings = WebSettings(port=0, kept_lines=1_000)
    async with open_floor(settings) as floor, open_client(floor, "sue") as slow, open_client(floor, "ann") as ann:
        await slow.until("snapshot")
        slow.socket.transport.pause_reading()
        why = "x" * 4_000
        for _ in range(3_000):
            await floor.tell(say.LinkLost(floor.clock, "database", why))
            await floor.tell(say.LinkRestored(floor.clock, "database"))
            await asyncio.sleep(0)
        await ready_agent(floor, ann)
        slow.socket.transport.resume_reading()
        message = await slow.until("snapshot")
        while message.get("seq", message.get("to")) != floor.lines[-1].seq:
            message = await slow.next()


async def test_while_the_journal_takes_nothing_screens_are_shown_and_taken_over_all_the_same() -> None:
    async with open_floor() as floor:
        floor.writable.clear()
        async with open_client(floor, "ann") as first:
            await first.until("snapshot")
            async with open_client(floor, "ann") as second:
                await second.until("snapshot")
                await first.until("taken_over")
                floor.writable.set()
                assert (await second.ask(1, "go_ready"))["ok"]


async def test_a_consulted_agent_has_the_callers_record_and_keeps_it_when_the_call_becomes_theirs() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "bob") as bob:
        await ready_agent(floor, ann)
        await ready_agent(floor, bob)
        await floor.call_comes()
        await floor.answer()
        to = {"kind": "agent", "to": "a2"}
        assert (await ann.ask(2, "consult", call="c1")) == {
            "type": "answer",
            "id": 2,
            "ok": False,
            "why": "to: expected whom to consult",
        }
        bad = await ann.ask(3, "transfer", call="c1", to={"kind": "number", "to": "01055@evil"})
        assert bad["why"].startswith("to.to: expected a number")
        assert (await ann.ask(4, "consult", call="c1", to=to))["ok"]
        assert (await bob.until("offer"))["record"]["ani"] == "+886912345678"
        await floor.answer("a2")
        assert (await bob.until("pop"))["call"] == "c1~1"
        assert (await ann.ask(5, "transfer", call="c1"))["ok"]
        popped = await bob.until("pop")
        assert (popped["call"], popped["record"]["call"]) == ("c1", "c1")
        assert popped["record"]["customers"][0]["fields"] == {"City": "Taipei", "Tier": "Gold"}
        await bob.send({"type": "request", "id": 2, "do": "hold", "call": "c1"})
        assert "CallHeld" in names(await bob.facts_until("CallHeld"))


async def test_on_a_crowded_floor_counts_and_links_come_round_to_every_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_console.hub.VISITED_A_TICK", 1)
    async with open_floor() as floor, open_client(floor, "bob") as bob, open_client(floor, "ann") as ann:
        await ann.attached()
        await bob.attached()
        await floor.call_comes("c1", queue="sales")
        await floor.call_comes("c2", queue="help")
        await floor.tell(say.LinkLost(floor.clock, "database", "gone"))
        for client, queue in ((ann, "sales"), (bob, "help")):
            waiting: dict[str, int] = {}
            told: list[str] = []
            while waiting.get(queue) != 1 or "LinkDown" not in told:
                message = await client.until("facts")
                waiting |= {one["queue"]: one["waiting"] for one in message["queues"]}
                told += names(message["facts"])


async def test_a_screen_to_which_nothing_happens_hears_that_the_connection_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent_console.hub.BEAT_SECONDS", 0.1)
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ann.attached()
        for _ in range(3):
            message = await ann.until("facts")
        assert (message["facts"], message["queues"]) == ([], [])
        assert (message["from"], message["to"]) == (len(floor.lines) + 1, len(floor.lines))
