"""The account in a real browser: where one is signed in, for admins where all are, and the audit."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from tests.agent_console import floor as small_floor
from tests.agent_console.floor import PASSWORD, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.agent_console.test_page_axe import barriers
from tests.live import browser

pytestmark = pytest.mark.browser


async def test_one_sees_where_one_is_signed_in_and_signs_out_there() -> None:
    async with open_floor() as floor, open_page(floor) as page, httpx.AsyncClient(base_url=floor.console.url) as other:
        old = {"Cookie": await small_floor.sign_in(floor, "ann")}
        older = {"Cookie": await small_floor.sign_in(floor, "ann")}
        await small_floor.sign_in(floor, "bob")
        await browser.sign_in(page, "ann", PASSWORD)
        await page.get_by_test_id("me").click()
        rows = page.get_by_test_id("own-sessions").locator("tbody tr")
        await expect(rows).to_have_count(3)
        await expect(page.get_by_test_id("current")).to_have_count(1)
        await expect(page.get_by_test_id("all-sessions")).to_have_count(0)
        await expect(page.get_by_test_id("audit")).to_have_count(0)
        assert await barriers(page) == []
        await page.get_by_test_id("end-session").first.press("Enter")
        await expect(rows).to_have_count(2)
        assert (await other.get("/api/v1/me", headers=old)).status_code == 401
        assert (await other.get("/api/v1/me", headers=older)).status_code == 200
        await page.get_by_test_id("end-others").press("Enter")
        await expect(rows).to_have_count(1)
        assert (await other.get("/api/v1/me", headers=older)).status_code == 401


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_an_admin_sees_all_sessions_and_the_audit(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language, dark=language == "zh-CN") as page:
        for _ in range(60):
            await small_floor.sign_in(floor, "bob")
            floor.clock += 1_000
        await small_floor.sign_in(floor, "ann")
        await browser.sign_in(page, "root", PASSWORD)
        await page.get_by_test_id("me").click()
        await expect(page.get_by_test_id("all-sessions").locator("tbody tr")).to_have_count(62)
        entries = page.get_by_test_id("audit-entry")
        await expect(entries).to_have_count(50)
        await page.get_by_test_id("audit-more").click()
        await expect(entries).to_have_count(63)  # and root's screen
        await page.get_by_test_id("audit-user").fill("ann")
        await page.keyboard.press("Enter")
        await expect(entries).to_have_count(1)
        assert await barriers(page) == []
        await page.get_by_test_id("all-sessions").get_by_test_id("end-session").last.click()
        await expect(page.get_by_test_id("all-sessions").locator("tbody tr")).to_have_count(61)
        await page.get_by_test_id("audit-find").click()
        await expect(entries.first).to_contain_text("by root")
        await page.get_by_test_id("audit").scroll_into_view_if_needed()
        await picture(page, f"account-{language}")
