"""The customer card in a real browser: one of several, found by name, created, changed beside somebody else."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import Page, expect

from agent_console.callers import CallRow, Customer, Note
from tests.agent_console.floor import START, Floor, open_floor
from tests.agent_console.test_page import go_ready, open_page, picture, sign_in
from tests.live import browser

pytestmark = pytest.mark.browser

ANI = "+886912345678"
HOSTILE = "<b>Łukasz</b> \u202eשלום {{ 1 }} 👩‍👩‍👧"
LANGUAGES = ["en-US", "zh-CN"]


async def talking(floor: Floor, page: Page, ani: str = ANI) -> None:
    await sign_in(page, "ann")
    await go_ready(page)
    await floor.call_comes(ani=ani)
    await floor.answer()
    await expect(page.get_by_test_id("pop")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_of_several_customers_the_agent_chooses_who_it_is(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language, dark=language == "zh-CN") as page:
        floor.customers["8"] = Customer("8", HOSTILE, {"tier": "Gold", "site": "https://example.com/"}, numbers=[ANI])
        await talking(floor, page)
        cards = page.get_by_test_id("customer")
        await expect(cards).to_have_count(2)
        await expect(page.get_by_test_id("several")).to_be_visible()
        await expect(cards.nth(1).locator("h3")).to_have_text(HOSTILE)
        await expect(cards.nth(1).get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
        await picture(page, f"several-{language}")
        await cards.nth(1).get_by_test_id("choose-customer").press("Enter")
        await expect(cards).to_have_count(1)
        await expect(cards.locator("h3")).to_have_text(HOSTILE)
        assert floor.acd.state.calls["c1"].customer == "8"
        await page.reload()
        await expect(cards.locator("h3")).to_have_text(HOSTILE)
        await page.get_by_test_id("other-customer").click()
        await expect(cards).to_have_count(2)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_new_caller_becomes_a_customer_with_the_number_filled_in(language: str) -> None:
    async with open_floor() as floor, browser.open_page(floor.console.url, language, refused=422) as page:
        await talking(floor, page, "+886900000000")
        await expect(page.get_by_test_id("no-customer")).to_be_visible()
        await page.get_by_test_id("new-customer").press("Enter")
        await expect(page.get_by_test_id("customer-name")).to_be_focused()
        await expect(page.get_by_test_id("customer-numbers")).to_have_value("+886900000000")
        await page.keyboard.type(HOSTILE)
        await page.get_by_test_id("field-tier").select_option("Silver")
        await page.get_by_test_id("field-since").fill("2026-01-31")
        await page.get_by_test_id("customer-numbers").fill("x")
        await page.get_by_test_id("customer-save").click()
        await expect(page.get_by_test_id("customer-problem")).to_contain_text("expected a telephone number")
        await picture(page, f"new-customer-{language}")
        await page.get_by_test_id("customer-numbers").fill("+886900000000")
        await page.get_by_test_id("customer-save").click()
        await expect(page.get_by_test_id("customer").locator("h3")).to_have_text(HOSTILE)
        [made] = [each for each in floor.customers.values() if each.name == HOSTILE]
        assert made.fields == {"tier": "Silver", "since": "2026-01-31"}
        assert floor.acd.state.calls["c1"].customer == made.id


async def test_the_caller_is_found_by_name_where_the_number_does_not_tell() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await talking(floor, page, "+886900000000")
        await page.get_by_test_id("find-customer").press("Enter")
        await page.keyboard.type("Mei-ling")
        await page.keyboard.press("Enter")
        await page.get_by_test_id("choose-found").click()
        await expect(page.get_by_test_id("customer").locator("h3")).to_have_text("Chen Mei-ling <b>")
        assert floor.acd.state.calls["c1"].customer == "7"


@pytest.mark.parametrize(("button", "name"), [("keep-mine", "Chen, by Ann"), ("take-theirs", "Chen, by Bob")])
async def test_two_who_change_a_customer_are_told_and_nothing_is_lost_silently(button: str, name: str) -> None:
    async with open_floor() as floor, browser.open_page(floor.console.url, refused=409) as page:
        await talking(floor, page)
        await page.get_by_test_id("edit-customer").click()
        await page.get_by_test_id("customer-name").fill("Chen, by Ann")
        floor.customers["7"] = msgspec.structs.replace(floor.customers["7"], name="Chen, by Bob", updated_at=9)
        await page.get_by_test_id("customer-save").click()
        await expect(page.get_by_test_id("customer-conflict")).to_contain_text("Somebody else has changed Chen, by Bob")
        assert floor.customers["7"].name == "Chen, by Bob"
        await picture(page, "conflict")
        await page.get_by_test_id(button).click()
        if button == "take-theirs":
            await expect(page.get_by_test_id("customer-name")).to_have_value("Chen, by Bob")
            await page.get_by_test_id("customer-save").click()
        await expect(page.get_by_test_id("customer").locator("h3")).to_have_text(name)
        assert floor.customers["7"].name == name


async def test_the_history_shows_what_was_noted_and_what_it_was_about() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        notes = [Note("a2", HOSTILE), Note("a9", "second")]
        floor.earlier = CallRow("c0", START, ani=ANI, queue="sales", disposition="sale/new", notes=notes)
        await talking(floor, page)
        history = page.get_by_test_id("earlier-calls")
        await expect(history).to_contain_text("sale › new")
        await expect(history.locator("p").first).to_have_text(HOSTILE)
        await expect(history).to_contain_text("Bob")  # by the directory
        assert await page.locator("main b").count() == 0
        await picture(page, "history")
