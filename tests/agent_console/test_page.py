"""The web page in a real browser: a call from the agent's chair in both languages, the floor from the supervisor's."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from tests.agent_console.floor import PASSWORD, Floor, open_floor
from tests.live import browser

pytestmark = pytest.mark.browser


async def sign_in(page: Page, user: str) -> None:
    await browser.sign_in(page, user, PASSWORD)


def open_page(floor: Floor, language: str = "en-US", *, dark: bool = False) -> AbstractAsyncContextManager[Page]:
    return browser.open_page(floor.console.url, language, dark=dark)


async def picture(page: Page, name: str) -> None:
    """Kept for a person to look at, where CALLFLOOR_PICTURES names a folder."""
    if folder := os.environ.get("CALLFLOOR_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


WORDS = {
    "en-US": ("Ready", "Incoming call", "Talking", "Wrap-up", "Free"),
    "zh-CN": ("就绪", "来电", "通话中", "话后处理", "空闲"),
}


@pytest.mark.parametrize("language", WORDS)
async def test_an_agent_takes_a_call(language: str) -> None:
    ready, incoming, talking, wrap_up, free = WORDS[language]
    async with open_floor() as floor, open_page(floor, language) as page:
        await picture(page, f"sign-in-{language}")
        await sign_in(page, "ann")
        await page.get_by_test_id("ready").click()
        await expect(page.get_by_test_id("presence")).to_have_text(ready)
        await picture(page, f"ready-{language}")

        await floor.call_comes(ani="+886912345678")
        offer = page.get_by_test_id("offer")
        await expect(offer).to_contain_text(incoming)
        await expect(offer.get_by_test_id("caller")).to_have_text("+886912345678")
        await expect(offer.get_by_test_id("caller-queue")).to_have_text("Sales")
        await expect(offer.get_by_test_id("earlier-calls")).to_have_count(0)
        await picture(page, f"offer-{language}")

        await floor.answer()
        pop = page.get_by_test_id("pop")
        await expect(pop.get_by_test_id("customer")).to_contain_text("Chen Mei-ling <b>")
        await expect(page.get_by_test_id("line")).to_have_text(talking)
        await expect(pop.get_by_test_id("earlier-calls")).to_contain_text("1:01")
        await picture(page, f"pop-{language}")

        await page.get_by_test_id("hang-up").click()
        await floor.tell(say.AgentGone(floor.clock, 1))
        await expect(page.get_by_test_id("line")).to_have_text(wrap_up)
        await picture(page, f"wrap-up-{language}")
        await page.get_by_test_id("end-wrap-up").click()
        await expect(page.get_by_test_id("line")).to_have_text(free)
        await expect(page.get_by_test_id("pop")).to_have_count(0)


async def test_a_rejected_offer_leaves_no_caller_on_the_screen() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await page.get_by_test_id("ready").click()
        await floor.call_comes()
        await page.get_by_test_id("reject").click()
        await expect(page.get_by_test_id("idle")).to_be_visible()
        await expect(page.get_by_test_id("caller")).to_have_count(0)
        await page.get_by_test_id("language").click()
        await expect(page.get_by_test_id("link-state")).to_have_text("已连接")


async def test_a_supervisor_watches_the_floor_and_reads_a_story() -> None:
    async with open_floor() as floor, open_page(floor, dark=True) as page:
        await floor.tell(say.LogIn(floor.clock, "a1"))
        await floor.tell(say.LinkLost(floor.clock, "serial:line1", "unplugged"))
        await floor.tell(say.LinkRestored(floor.clock, "ami:pbx1"))
        await sign_in(page, "sue")
        await floor.call_comes("c1")
        await floor.call_comes("c2")
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("2")
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.answer()
        await expect(page.get_by_test_id("agent-a1").get_by_test_id("state")).to_have_text("Talking")
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("1")
        await expect(page.get_by_test_id("link-serial:line1")).to_contain_text("down")
        await picture(page, "floor")
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("number").fill("0912")
        await page.get_by_test_id("search").click()
        await page.get_by_test_id("call-c0").click()
        await expect(page.get_by_test_id("story")).to_contain_text("The call arrived.")
        assert floor.queries[-1].number == "0912"
        await picture(page, "records")


async def test_a_page_comes_back_by_itself_and_has_missed_nothing() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await page.get_by_test_id("ready").click()
        await expect(page.get_by_test_id("presence")).to_have_text("Ready")
        await page.context.set_offline(True)
        await page.evaluate("dispatchEvent(new Event('offline'))")
        for screen in [*floor.console._hub._screens]:
            screen.close(1012, "the network is gone")
        await expect(page.get_by_test_id("link-state")).to_have_text("Reconnecting…")
        await floor.call_comes()
        await page.context.set_offline(False)
        await expect(page.get_by_test_id("link-state")).to_have_text("Connected")
        await expect(page.get_by_test_id("offer").get_by_test_id("caller")).to_have_text("+886912345678")


async def test_the_same_agent_on_a_second_screen_is_told_on_the_first() -> None:
    async with open_floor() as floor, open_page(floor) as first, open_page(floor) as second:
        await sign_in(first, "ann")
        await sign_in(second, "ann")
        await expect(first.get_by_test_id("taken-over")).to_be_visible()
        await expect(second.get_by_test_id("idle")).to_be_visible()
