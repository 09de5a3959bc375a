"""The telephone in the page without a switch: what it says of itself, its settings, no microphone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from agent_console.softphones import Softphone
from tests.agent_console.floor import open_floor
from tests.agent_console.test_page import go_ready, open_page, picture, sign_in
from tests.agent_console.test_tour import AXE, UNTRANSLATED, violations
from tests.live.softphone import browser_with_microphone, open_softphone

pytestmark = pytest.mark.browser

SOFTPHONES = {"ann": Softphone("sip:callfloor-ann@pbx1", "s3cret", "PJSIP/callfloor-ann", "ws://127.0.0.1:1/ws")}
"""Of a switch that is not there."""


@pytest.mark.parametrize(
    ("language", "scheme", "desk", "lost", "ready"),
    [
        ("en-US", "light", "Desk phone", "Phone not connected", "Ready"),
        ("zh-CN", "dark", "桌面话机", "软电话未连接", "就绪"),
    ],
)
async def test_the_state_is_always_in_sight_and_the_settings_are_behind_it(
    tmp_path: Path, language: str, scheme: str, desk: str, lost: str, ready: str
) -> None:
    async with open_floor(softphones=SOFTPHONES) as floor, browser_with_microphone(tmp_path, 700) as browser:
        page = await open_softphone(browser, floor.console.url, language)
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await sign_in(page, "ann")
        await go_ready(page)
        state = page.get_by_test_id("softphone-state")
        await expect(state).to_have_text(desk)

        # By the keyboard alone: into the dialog, to the other telephone, out again.
        await page.get_by_test_id("softphone").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("softphone-dialog")).to_be_visible()
        await page.get_by_test_id("phone-desk").focus()
        await page.keyboard.press("ArrowUp")
        await expect(page.get_by_test_id("phone-softphone")).to_be_checked()
        await expect(state).to_have_text(lost)
        assert floor.acd.state.agents["a1"].phone == "PJSIP/callfloor-ann"
        await expect(page.get_by_test_id("microphone").locator("option")).not_to_have_count(1)
        await page.evaluate(AXE.read_text())
        assert await violations(page) == []
        assert not UNTRANSLATED.findall(await page.inner_text("body"))
        await picture(page, f"softphone-dialog-{language}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("softphone")).to_be_focused()
        await expect(page.get_by_test_id("presence")).to_have_text(ready)

        await floor.call_comes()
        await expect(page.get_by_test_id("answer")).to_be_visible()
        await picture(page, f"softphone-offer-{language}")
        await floor.answer()
        await page.get_by_test_id("keypad").click()
        await page.get_by_test_id("key-5").click()
        await page.keyboard.press("#")
        await expect(page.get_by_test_id("pressed")).to_have_text("5#")
        await picture(page, f"softphone-keypad-{language}")
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await page.get_by_test_id("softphone").click()
        await expect(page.get_by_test_id("phone-desk")).to_be_disabled()


@pytest.mark.parametrize(("language", "missing"), [("en-US", "No microphone"), ("zh-CN", "没有麦克风")])
async def test_a_page_without_a_microphone_says_so_and_does_not_register(language: str, missing: str) -> None:
    """A line that was tried would be an error in the browser's console, which `open_page` does not suffer."""
    async with open_floor(softphones=SOFTPHONES) as floor, open_page(floor, language) as page:
        await sign_in(page, "ann")
        await go_ready(page)
        await page.get_by_test_id("softphone").click()
        await page.get_by_test_id("phone-softphone").check()
        await expect(page.get_by_test_id("softphone-state")).to_have_text(missing)
        await expect(page.get_by_test_id("sound-problem")).to_be_visible()
        await expect(page.get_by_test_id("retry")).to_be_visible()
        await picture(page, f"softphone-missing-{language}")


async def test_who_has_no_softphone_sees_nothing_of_it() -> None:
    async with open_floor(softphones=SOFTPHONES) as floor, open_page(floor) as page:
        await sign_in(page, "bob")
        await go_ready(page)
        await expect(page.get_by_test_id("softphone")).to_have_count(0)
