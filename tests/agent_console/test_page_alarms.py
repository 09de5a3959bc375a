"""The supervisor's alarms in a real browser: when one comes and goes, how it is acknowledged, whose limits hold."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from tests.agent_console.floor import PASSWORD, Floor, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.live import browser

pytestmark = pytest.mark.browser

WORDS = {"en-US": ("longest wait", "acknowledged", "nobody at work"), "zh-CN": ("最长等待", "已确认", "无坐席在岗")}


async def pass_ms(floor: Floor, ms: int) -> None:
    """Time goes by on the page too: it learns the time from what it is told."""
    await floor.pass_ms(ms)
    await floor.tell(say.GoNotReady(floor.clock, "a2", f"at {floor.clock}"))


async def open_boss(page: Page, kept: str = "") -> None:
    if kept:
        await page.evaluate("(kept) => localStorage.setItem('callfloor.alarms', kept)", kept)
    await browser.sign_in(page, "sue", PASSWORD)
    await expect(page.get_by_test_id("agent-a1")).to_be_visible()


async def late_call(floor: Floor) -> None:
    """Somebody waits for longer than two minutes, while Ann is there but does not answer."""
    await floor.tell(say.LogIn(floor.clock, "a2", "PJSIP/1002"))
    await floor.call_comes("c1", queue="sales")
    await pass_ms(floor, 121_000)


@pytest.mark.parametrize("language", WORDS)
async def test_an_alarm_comes_is_acknowledged_and_ends(language: str) -> None:
    longest, acknowledged, nobody = WORDS[language]
    async with open_floor() as floor, open_page(floor, language) as page:
        await open_boss(page)
        await late_call(floor)
        alarm = page.get_by_test_id("alarm-sales")
        await pass_ms(floor, 4_000)
        await expect(alarm).to_contain_text(longest)
        await expect(page.get_by_role("alert").filter(has_text="Sales")).to_have_count(1)
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("alarmed")).to_be_visible()
        await picture(page, f"alarm-{language}")
        await alarm.get_by_test_id("acknowledge").press("Enter")
        await expect(alarm).to_contain_text(acknowledged)
        # Another reason is another alarm, in the same row.
        await pass_ms(floor, 12_000)
        await pass_ms(floor, 4_000)
        await expect(alarm).to_contain_text(nobody)
        await expect(alarm.get_by_test_id("acknowledge")).to_be_visible()
        # It is over, but not at once: who is better for a moment is not well.
        await floor.tell(say.CallerGone(floor.clock, "c1"))
        await pass_ms(floor, 3_000)
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("0")
        await expect(alarm).to_be_visible()
        await pass_ms(floor, 11_000)
        await expect(alarm).to_have_count(0)


async def test_limits_are_of_all_queues_or_of_one_and_are_kept() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await open_boss(page)
        await page.get_by_test_id("limits").press("Enter")
        await page.get_by_test_id("usual-longest").fill("0")
        await page.get_by_test_id("usual-nobody").fill("")
        await page.get_by_test_id("usual-waiting").fill("2")
        await page.get_by_test_id("help-waiting").fill("1")
        await page.get_by_test_id("sales-waiting").fill("-1")
        await page.get_by_test_id("save-limits").press("Enter")
        await expect(page.get_by_test_id("limits-dialog")).to_be_visible()  # no number of callers
        await page.get_by_test_id("sales-waiting").fill("")
        await picture(page, "limits")
        await page.get_by_test_id("save-limits").press("Enter")
        await expect(page.get_by_test_id("limits-dialog")).to_have_count(0)
        await page.reload()
        await expect(page.get_by_test_id("agent-a1")).to_be_visible()
        await floor.call_comes("c1", queue="sales")
        await floor.call_comes("c2", queue="help")
        await pass_ms(floor, 1_000)
        await pass_ms(floor, 300_000)
        await expect(page.get_by_test_id("alarm-help")).to_contain_text("1 waiting (limit 1)")
        await expect(page.get_by_test_id("alarm-sales")).to_have_count(0)


async def test_a_flood_is_three_rows_and_one_announcement_and_all_of_it_is_acknowledged_at_once() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        # What somebody else has kept there does no harm.
        await open_boss(page, '{"usual": [], "queues": {"sales": {"waiting": "many"}}, "sound": 7}')
        for line in range(6):
            await floor.tell(say.LinkLost(floor.clock, f"serial:line{line}", "unplugged"))
        await pass_ms(floor, 1_000)
        await pass_ms(floor, 6_000)
        alarms = page.get_by_test_id("alarms")
        await expect(page.get_by_test_id("alarm-said")).to_have_text("6 new alarms.")
        await expect(alarms.get_by_role("listitem")).to_have_count(3)
        await expect(alarms).to_contain_text("is down (unplugged)")
        await picture(page, "flood")
        await page.get_by_test_id("acknowledge-all").click()
        await expect(alarms.get_by_test_id("acknowledge")).to_have_count(0)
        await page.get_by_test_id("all-alarms").click()
        await expect(alarms.get_by_role("listitem")).to_have_count(6)
        # They are seen beside the records as well, and none begins anew.
        await page.get_by_test_id("nav-calls").click()
        await pass_ms(floor, 60_000)
        await expect(alarms.get_by_role("listitem")).to_have_count(6)
        await expect(alarms.get_by_test_id("acknowledge")).to_have_count(0)


async def test_an_agents_browser_loads_nothing_of_it() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        await browser.sign_in(page, "ann", PASSWORD)
        await expect(page.get_by_test_id("idle")).to_be_visible()
        await late_call(floor)
        await pass_ms(floor, 4_000)
        await expect(page.get_by_test_id("alarms")).to_have_count(0)
        assert not [url for url in loaded if "Alarm" in url or "Floor" in url]
