"""A customer's cases in a real browser: opened from a call, added to, closed, there at the next call, found again."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from acd import vocabulary as say
from tests.agent_console.floor import START, open_floor
from tests.agent_console.test_page import open_page, picture, sign_in
from tests.agent_console.test_page_axe import barriers
from tests.agent_console.test_page_customers import HOSTILE, LANGUAGES, talking
from tests.live import browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_case_goes_on_from_call_to_call(language: str) -> None:
    """By keyboard alone; what is written is shown as text, whatever is in it."""
    async with open_floor() as floor, open_page(floor, language, dark=language == "zh-CN") as page:
        await talking(floor, page)
        cases = page.get_by_test_id("cases")
        await cases.get_by_test_id("case-open").press("Enter")
        await expect(page.get_by_test_id("case-title")).to_be_focused()
        await page.keyboard.type(f"Kettle {HOSTILE}")
        await page.keyboard.press("Tab")
        await page.keyboard.type("leaks since May")
        await picture(page, f"new-case-{language}")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        title = page.get_by_test_id("case-1").get_by_role("button").first
        await expect(title).to_contain_text(HOSTILE)
        assert [(one.by, one.call, one.text) for one in floor.cases["1"].entries] == [("ann", "c1", "leaks since May")]
        await floor.tell(say.CallerGone(floor.clock, "c1"))
        await floor.pass_ms(60_000)  # the wrap-up is over
        await floor.call_comes("c2")
        await floor.answer()
        await title.press("Enter")
        await expect(title).to_have_attribute("aria-expanded", "true")
        await expect(page.get_by_test_id("case-entry")).to_contain_text("leaks since May")
        await page.get_by_test_id("case-text").fill("a new one is sent")
        await page.get_by_test_id("case-add").press("Enter")
        await expect(page.get_by_test_id("case-entry")).to_have_count(2)
        await expect(page.get_by_test_id("case-text")).to_have_value("")
        await picture(page, f"case-{language}")
        assert await barriers(page) == []
        await page.get_by_test_id("case-state").press("Enter")
        await expect(page.get_by_test_id("case-1")).to_have_count(0)
        await page.get_by_test_id("cases-all").press("Enter")
        await expect(page.get_by_test_id("case-1")).to_be_visible()
        assert not floor.cases["1"].is_open
        assert floor.cases["1"].entries[1].call == "c2"
        assert await page.locator("main b").count() == 0


async def test_who_is_not_the_first_to_change_a_case_sees_what_it_is_now_and_keeps_the_own_words() -> None:
    async with open_floor() as floor, browser.open_page(floor.console.url, refused=409) as page:
        await floor.open_case("7", "Broken kettle", "leaks", "c0", "bob")
        await talking(floor, page)
        await page.get_by_test_id("case-1").get_by_role("button").first.click()
        await page.get_by_test_id("case-text").fill("my words")
        await floor.change_case("1", START, "Broken kettle", "Bob's words", "", "bob", is_open=True)
        await page.get_by_test_id("case-add").click()
        await expect(page.get_by_test_id("case-problem")).to_contain_text("Somebody else has changed this case")
        await expect(page.get_by_test_id("case-entry").nth(1)).to_contain_text("Bob's words")
        await expect(page.get_by_test_id("case-text")).to_have_value("my words")
        await page.get_by_test_id("case-add").click()
        await expect(page.get_by_test_id("case-entry").nth(2)).to_contain_text("my words")


async def test_a_case_is_found_again_by_its_words_or_the_customers_name() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await floor.open_case("7", "Broken kettle", "leaks", "c0", "bob")
        await floor.open_case("7", "Late parcel", "", "c0", "bob")
        await floor.change_case("2", START, "Late parcel", "arrived", "", "bob", is_open=False)
        await sign_in(page, "ann")
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("case-words").fill("Mei-ling")
        await page.keyboard.press("Enter")
        found = page.get_by_test_id("found-cases")
        await expect(found).to_contain_text("Broken kettle")
        await expect(found).to_contain_text("Chen Mei-ling <b>")
        await expect(found).not_to_contain_text("Late parcel")
        await page.get_by_test_id("closed-too").check()
        await page.get_by_test_id("case-find").click()
        await page.get_by_test_id("case-2").get_by_role("button").first.click()
        await expect(page.get_by_test_id("case-details-2")).to_contain_text("arrived")
        await picture(page, "found-cases")
        assert await barriers(page) == []
