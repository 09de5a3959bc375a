"""Callbacks that are promised, as a supervisor sees and cancels them: by request, and by hand on the floor's page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from acd import vocabulary as say
from acd.vocabulary import CallbackRules, QueueRules, RoutingRules
from tests.agent_console.floor import AGENTS, QUEUES, START, Floor, open_client, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.agent_console.test_page_axe import barriers
from tests.agent_console.test_page_floor import open_boss


async def promised(floor: Floor) -> tuple[str, str, str]:
    """One that Ann has agreed on for later, one of hers that is due, and one of a caller who would not wait."""
    queues = {**QUEUES, "sales": QueueRules("Sales", callback=CallbackRules(lead_ms=0))}  # nothing is dialed ahead
    await floor.tell(say.Configure(floor.clock, queues, AGENTS, RoutingRules(dials_out="pbx1")))
    await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
    await floor.tell(say.GoReady(floor.clock, "a1"))
    await floor.call_comes()
    await floor.answer()
    await floor.tell(say.ScheduleCallback(floor.clock, "a1", "c1", START + 7_200_000, "0933"))
    await floor.tell(say.ScheduleCallback(floor.clock, "a1", "c1", START + 60_000, "0944"))
    await floor.call_comes("c2", "0955")
    await floor.tell(say.LeaveQueue(floor.clock, "c2", "callback", "0955"))
    later, due = floor.acd.state.scheduled
    await floor.pass_ms(90_000)
    return later, due, "c2"


async def test_a_supervisor_cancels_any_and_is_named_and_an_agent_cannot() -> None:
    async with open_floor() as floor, open_client(floor, "sue") as sue, open_client(floor, "bob") as bob:
        later, due, wished = await promised(floor)
        why = (await bob.ask(1, "cancel_any_callback", callback=later))["why"]
        assert why == "only a supervisor may do that"
        assert (await sue.ask(1, "cancel_any_callback", callback=later))["ok"]
        assert floor.lines[-1].facts == [say.CallbackCanceled(later, "a1", by="sue")]
        assert (await sue.ask(2, "cancel_any_callback", callback=due))["ok"]
        assert floor.lines[-1].facts[-1] == say.CallEnded(due, "switch", "cancelled by sue")
        assert (await sue.ask(3, "cancel_any_callback", callback=wished))["ok"]
        assert (await sue.ask(4, "cancel_any_callback", callback=wished))["why"] == "no such callback waits"
        assert not floor.acd.state.scheduled


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_the_floor_lists_what_is_promised_and_cancels_it_when_asked_twice(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language, dark=language == "zh-CN") as page:
        later, due, wished = await promised(floor)
        await open_boss(page)
        rows = page.get_by_test_id("floor-callbacks").locator("tbody tr")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(2)).to_contain_text("0933")  # the one that is not due yet comes last
        await expect(rows.nth(2)).to_contain_text("Ann")
        await picture(page, f"callbacks-{language}")
        assert await barriers(page) == []
        for callback in (later, due, wished):
            button = page.get_by_test_id(f"promised-{callback}").get_by_test_id("cancel-any")
            await button.press("Enter")
            assert callback in floor.acd.state.scheduled or callback in floor.acd.state.calls
            await button.press("Enter")
            await expect(page.get_by_test_id(f"promised-{callback}")).to_have_count(0)
        await expect(page.get_by_test_id("floor-callbacks")).to_have_count(0)
