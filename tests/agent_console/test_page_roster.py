"""Two hundred agents on the floor in a real browser: they are found and sorted, and nothing jumps under the pointer."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from acd import vocabulary as say
from acd.vocabulary import AgentRules
from tests.agent_console.floor import PASSWORD, QUEUES, Floor, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.live import browser

pytestmark = pytest.mark.browser


async def two_hundred(floor: Floor) -> None:
    """Every second one is logged in, every fourth serves help, every tenth speaks Chinese."""
    agents = {
        f"b{one:03}": AgentRules(
            f"Agent {one:03}", {"help" if one % 4 == 0 else "sales": 1}, {"zh": 3} if one % 10 == 0 else {}
        )
        for one in range(200)
    }
    await floor.tell(say.Configure(floor.clock, QUEUES, agents))
    for one in range(0, 200, 2):
        await floor.tell(say.LogIn(floor.clock, f"b{one:03}", f"PJSIP/{2_000 + one}"))
        await floor.pass_ms(1_000)


def rows(page: Page) -> Locator:
    return page.locator("tr[data-testid^=agent-]")


async def names(page: Page, number: int) -> list[str]:
    return [text.strip()[: len("Agent 000")] for text in (await rows(page).all_inner_texts())[:number]]


async def test_agents_are_found_by_name_state_queue_and_skill_while_facts_come() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await two_hundred(floor)
        await browser.sign_in(page, "sue", PASSWORD)
        await expect(rows(page)).to_have_count(200)
        await page.get_by_test_id("roster-text").fill("agent 01")
        await expect(rows(page)).to_have_count(12)  # 001 and 101 as well
        await page.get_by_test_id("roster-text").fill("")
        await page.get_by_test_id("roster-state").select_option("not ready")
        await expect(page.get_by_test_id("roster-count")).to_have_text("100 of 200")
        await page.get_by_test_id("roster-queue").select_option("help")
        await page.get_by_test_id("roster-skill").select_option("zh")
        await expect(rows(page)).to_have_count(10)
        # What is asked for stays asked for: who is ready now is not among them any more.
        await page.mouse.move(5, 5)
        await floor.tell(say.GoReady(floor.clock, "b020"))
        await expect(page.get_by_test_id("agent-b020")).to_have_count(0)
        await expect(page.get_by_test_id("roster-state")).to_have_value("not ready")
        await page.get_by_test_id("roster-state").select_option("free")
        assert await names(page, 2) == ["Agent 020"]
        await page.get_by_test_id("roster-text").scroll_into_view_if_needed()
        await picture(page, "roster")


async def test_rows_are_sorted_and_keep_their_places_under_the_pointer() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await two_hundred(floor)
        await browser.sign_in(page, "sue", PASSWORD)
        await page.get_by_test_id("roster-state").select_option("not ready")
        await page.get_by_test_id("sort-since").click()
        await expect(page.locator("th[aria-sort=ascending]")).to_contain_text("For")
        assert await names(page, 3) == ["Agent 000", "Agent 002", "Agent 004"]  # the longest first
        second = page.get_by_test_id("agent-b002")
        await second.hover()
        await floor.tell(say.GoReady(floor.clock, "b000"))
        await expect(page.get_by_test_id("agent-b000").get_by_test_id("state")).to_have_text("Ready")
        assert await names(page, 3) == ["Agent 000", "Agent 002", "Agent 004"]
        # The open menu holds them as well, though it lies beside the table.
        await second.get_by_test_id("acts").click()
        await page.get_by_test_id("act-not-ready").or_(page.get_by_test_id("act-ready")).hover()
        await floor.tell(say.GoReady(floor.clock, "b004"))
        await expect(page.get_by_test_id("agent-b004").get_by_test_id("state")).to_have_text("Ready")
        assert await names(page, 3) == ["Agent 000", "Agent 002", "Agent 004"]
        await page.keyboard.press("Escape")
        await page.mouse.move(5, 5)
        await page.get_by_test_id("roster-text").focus()
        await expect(page.get_by_test_id("agent-b000")).to_have_count(0)
        assert await names(page, 2) == ["Agent 002", "Agent 006"]
        await page.get_by_test_id("sort-since").press("Enter")
        await expect(page.locator("th[aria-sort=descending]")).to_contain_text("For")
        assert await names(page, 1) == ["Agent 198"]
