"""Step 8 with people's eyes: on answer the caller's record is in the page of the agent who answered, in no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.lab.sipp import call
from tests.live.browser import open_page, sign_in
from tests.live.screen import screen
from tests.live.system import PASSWORD, serve
from tests.test_first_call import ANI, CUSTOMERS, callfloor, link_is_up, open_center

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(240)]


async def test_the_record_pops_in_the_page_of_the_agent_and_in_no_other(tmp_path: Path, speech: Path) -> None:
    async with open_center(tmp_path, speech, answer_ms=None) as center:
        (tmp_path / "customers.csv").write_text(CUSTOMERS)
        await callfloor("customers", "load", str(tmp_path / "customers.csv"), "--config", str(center.config))
        async with (
            serve(center.config) as system,
            screen(system.url, "boss", PASSWORD) as boss,
            open_page(system.url) as page,
            open_page(system.url, "zh-CN") as other,
        ):
            await link_is_up(boss)
            await sign_in(page, "a1", PASSWORD)
            await sign_in(other, "a2", PASSWORD)
            await page.get_by_test_id("ready").click()
            await boss.fact("AgentReady", agent="a1")
            async with call(center.asterisk, "4001", ani=ANI) as caller:
                await caller.until("answered")
                await caller.voice.hear_something()
                await caller.voice.press("1")
                await center.desk1.until("rung")
                await expect(page.get_by_test_id("offer")).to_contain_text(ANI)
                await expect(page.get_by_test_id("pop")).to_have_count(0)
                center.desk1.answer()
                pop = page.get_by_test_id("pop")
                await expect(pop.get_by_test_id("caller")).to_have_text(ANI)
                await expect(pop.get_by_test_id("customer")).to_contain_text("Chen Jing")
                await expect(pop.get_by_test_id("customer")).to_contain_text("pays on time")
                await expect(pop.get_by_test_id("caller-queue")).to_have_text("Service")
                await expect(pop.get_by_test_id("caller-menu")).to_contain_text("1")
                await expect(other.get_by_test_id("pop")).to_have_count(0)
                assert ANI not in await other.content()

                # The agent closes the tab while talking: the call goes on; the page comes back with the same record.
                await page.goto("about:blank")
                await boss.fact("ConsoleDetached", agent="a1")
                await caller.voice.hear(700)
                await page.goto(system.url)
                await expect(page.get_by_test_id("pop").get_by_test_id("customer")).to_contain_text("Chen Jing")
                await page.get_by_test_id("hang-up").click()
                await caller.until("gone")
            await expect(page.get_by_test_id("line")).to_have_text("Wrap-up")
            await page.get_by_test_id("end-wrap-up").click()
            await page.get_by_test_id("nav-calls").click()
            await page.get_by_test_id("number").fill("65321234")
            async with asyncio.timeout(30):  # the database follows the journal a moment later, and tells nobody
                while not await page.get_by_text(ANI).count():
                    await page.get_by_test_id("search").click()
            await page.get_by_text(ANI).first.click()
            await expect(page.locator("ol.story")).to_contain_text("longest idle")
