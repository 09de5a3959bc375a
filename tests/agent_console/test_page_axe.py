"""What a machine can find of barriers in the agent's views: axe finds none, in both languages, light and dark."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from agent_console.callers import Customer
from agent_console.server import PAGE
from tests.agent_console.floor import AGENTS, QUEUES, open_floor
from tests.agent_console.test_page import go_ready, open_page, sign_in

pytestmark = pytest.mark.browser

AXE = (PAGE.parent / "node_modules" / "axe-core" / "axe.min.js").read_text()


async def barriers(page: Page) -> list[str]:
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run().then((result) => result.violations)")
    return [f"{one['id']}: {one['help']} {[node['html'][:200] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize(("language", "dark"), [("en-US", False), ("zh-CN", True)])
async def test_axe_finds_no_barrier_in_the_work_with_a_caller(language: str, *, dark: bool) -> None:
    async with open_floor() as floor, open_page(floor, language, dark=dark) as page:
        await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS, say.RoutingRules(dials_out="pbx1")))
        floor.customers["8"] = Customer("8", "Chen Junior", {"site": "https://example.com"}, numbers=["+886912345678"])
        await sign_in(page, "ann")
        await go_ready(page)
        assert await barriers(page) == []
        await floor.call_comes()
        await floor.answer()
        await expect(page.get_by_test_id("note")).to_be_visible()
        await floor.tell(say.WriteNote(floor.clock, "a1", "c1", "kept"))
        await page.get_by_test_id("agree-callback").click()
        await page.get_by_test_id("new-customer").click()
        assert await barriers(page) == []
        await page.get_by_test_id("callback-schedule").click()
        await page.get_by_test_id("find-customer").click()
        await page.get_by_test_id("customer-words").fill("Chen")
        await page.get_by_test_id("customer-find").click()
        await expect(page.get_by_test_id("found-customers")).to_be_visible()
        await floor.tell(say.AgentGone(floor.clock, 1))
        await expect(page.get_by_test_id("end-wrap-up")).to_be_visible()
        assert await barriers(page) == []
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("customer-words").fill("Chen")
        await page.get_by_test_id("customer-find").click()
        await expect(page.get_by_test_id("found-customers")).to_be_visible()
        assert await barriers(page) == []
