"""What a supervisor does on the floor: asked over the WebSocket, journaled with the author, refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import AnyFact
from agent_console.callers import Interval, QueueToday, Today
from tests.agent_console.floor import START, Floor, open_client, open_floor


async def prepare(floor: Floor) -> None:
    """Ann is logged in and not ready, c1 waits for sales, c2 for help."""
    await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
    await floor.call_comes("c1", queue="sales")
    await floor.call_comes("c2", queue="help")


ACTS: list[tuple[str, dict[str, Any], AnyFact]] = [
    ("set_ready", {"agent": "a1"}, say.AgentReady("a1", "sue")),
    ("set_not_ready", {"agent": "a1", "reason": "meeting"}, say.AgentNotReady("a1", "meeting", "sue")),
    ("set_logged_out", {"agent": "a1"}, say.AgentLoggedOut("a1", by="sue")),
    ("change_skills", {"agent": "a1", "skills": {"zh": 3}}, say.SkillsChanged("a1", {"zh": 3}, "sue")),
    ("close_queue", {"queue": "help"}, say.QueueClosed("help", "sue")),
]


@pytest.mark.parametrize(("do", "about", "fact"), ACTS, ids=[act[0] for act in ACTS])
async def test_an_act_is_a_fact_with_its_author(do: str, about: dict[str, Any], fact: AnyFact) -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        await prepare(floor)
        assert (await sue.ask(1, do, **about))["ok"], do
        assert fact in floor.lines[-1].facts


async def test_a_waiting_call_is_moved_put_first_and_pulled() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        await prepare(floor)
        assert (await sue.ask(1, "move_call", call="c1", queue="help"))["ok"]
        assert (await sue.ask(2, "set_priority", call="c1", priority=7))["ok"]
        queued = [fact for line in floor.lines for fact in line.facts if isinstance(fact, say.CallQueued)]
        assert [(one.queue, one.priority, one.by) for one in queued[-2:]] == [("help", 0, "sue"), ("help", 7, "sue")]
        await floor.tell(say.GoReady(floor.clock, "a1"))  # who does not serve that queue
        assert (await sue.ask(3, "pull_call", call="c1", agent="a1"))["ok"]
        assert floor.acd.state.agents["a1"].call == "c1"


async def test_a_closed_queue_is_opened_again() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        await floor.tell(say.CloseQueue(floor.clock, "help", "hours"))
        assert (await sue.ask(1, "open_queue", queue="help"))["ok"]
        assert floor.acd.state.queues["help"].open


async def test_what_cannot_be_is_refused_with_the_reason() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue:
        await prepare(floor)
        assert (await sue.ask(1, "pull_call", call="c1", agent="a1"))["why"] == "is not ready"
        assert (await sue.ask(2, "move_call", call="c1", queue="nowhere"))["why"] == "no such queue: nowhere"
        assert (await sue.ask(3, "set_ready", agent="a9"))["why"] == "is not logged in"


async def test_supervisors_are_told_the_day_so_far_and_agents_are_not() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue, open_client(floor, "ann") as ann:
        told = await sue.until("figures")
        assert told["whole"]
        assert told["today"] == {"from_at": START, "interval_ms": 900_000, "queues": [], "waiting_until": START}
        floor.figures = Today(START + 1, 900_000, [], START)
        assert (await sue.until("figures"))["today"]["from_at"] == START + 1
        said = ""
        await ann.send({"type": "request", "id": 9, "do": "go_ready"})
        while said != "answer":
            said = (await ann.next())["type"]
            assert said != "figures"


def queue(name: str, *answered: int) -> QueueToday:
    """So many in each quarter of an hour."""
    intervals = [Interval(START + at * 900_000, number, number, 0) for at, number in enumerate(answered)]
    return QueueToday(name, sum(answered), sum(answered), 0, {}, None, None, None, None, intervals, [])


async def test_of_the_day_so_far_the_whole_is_told_once_and_then_what_has_changed() -> None:
    async with open_floor() as floor:
        floor.figures = Today(START, 900_000, [queue("", 3, 1), queue("sales", 2, 1), queue("help", 1)], START)
        async with open_client(floor, "sue") as sue:
            snapshot = await sue.until("snapshot")
            assert len((await sue.until("figures"))["today"]["queues"]) == 3
            floor.figures = Today(START, 900_000, [queue("", 3, 2), queue("sales", 2, 2), queue("help", 1)], START)
            news = await sue.until("figures")
            assert not news["whole"]
            told = {one["queue"]: [interval["at"] for interval in one["intervals"]] for one in news["today"]["queues"]}
            assert told == {"": [START + 900_000], "sales": [START + 900_000]}
            assert [one["answered"] for one in news["today"]["queues"]] == [5, 4]
            # Who comes now, and who comes back, is told all of it, as it is now.
            async with open_client(floor, "sue") as new:
                whole = await new.until("figures")
                assert whole["whole"]
                assert [one["answered"] for one in whole["today"]["queues"]] == [5, 4, 1]
            await sue.send({"type": "resume", "epoch": snapshot["epoch"], "seq": snapshot["seq"]})
            assert await sue.until("figures") == whole


async def test_a_wall_is_shown_queues_and_figures_and_nothing_of_anybody() -> None:
    async with open_floor() as floor:
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await floor.call_comes("c1", "+886912345678", queue="sales")
        floor.figures = Today(START, 900_000, [queue("sales", 2)], START)
        async with open_client(floor, "screen") as screen:
            snapshot = await screen.until("snapshot")
            assert [(one["queue"], one["waiting"]) for one in snapshot["queues"]] == [("sales", 1), ("help", 0)]
            assert (snapshot["agents"], snapshot["calls"], snapshot["pop"]) == ([], [], None)
            assert (await screen.until("figures"))["today"]["queues"][0]["answered"] == 2
            await floor.tell(say.GoReady(floor.clock, "a1"))
            await floor.answer()
            await floor.tell(say.LinkLost(floor.clock, "database", "at 10.0.0.7"))
            waiting = 1
            facts: list[dict[str, Any]] = []
            while waiting or not facts:
                message = await screen.until("facts")
                facts += message["facts"]
                waiting = next((one["waiting"] for one in message["queues"] if one["queue"] == "sales"), waiting)
            assert [one["fact"] for one in facts] == [{"type": "LinkDown", "link": "database", "why": ""}]
