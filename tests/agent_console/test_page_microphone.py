"""No microphone: what the page says where the browser blocks it, and where the page is not https."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.agent_console.floor import Floor, open_floor
from tests.agent_console.test_page import go_ready, picture, sign_in
from tests.agent_console.test_page_softphone import SOFTPHONES
from tests.live.browser import ARGS, CHROMIUM

pytestmark = pytest.mark.browser

FAKE = "--use-fake-device-for-media-stream"
BLOCKED = [FAKE, "--deny-permission-prompts"]
ELSEWHERE = [FAKE, "--use-fake-ui-for-media-stream", "--host-resolver-rules=MAP callfloor.test 127.0.0.1"]
"""An address that is not this machine's own, and so no secure context without https."""


@asynccontextmanager
async def open_at(floor: Floor, host: str, arguments: list[str], language: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *arguments])
        try:
            page = await browser.new_page(locale=language, viewport={"width": 1180, "height": 860})
            await page.goto(f"http://{host}:{floor.console.port}")
            yield page
        finally:
            await browser.close()


@pytest.mark.parametrize(
    ("host", "arguments", "language", "state", "hint"),
    [
        ("127.0.0.1", BLOCKED, "en-US", "Microphone blocked", "Allow it at the lock beside the address"),
        ("127.0.0.1", BLOCKED, "zh-CN", "麦克风被禁用", "请点击地址栏旁的锁形图标允许"),
        ("callfloor.test", ELSEWHERE, "en-US", "Phone needs https", "Open this page by its https address"),
        ("callfloor.test", ELSEWHERE, "zh-CN", "软电话需要 https", "请用 https 地址打开本页"),
    ],
    ids=["blocked-en", "blocked-zh", "insecure-en", "insecure-zh"],
)
async def test_why_there_is_no_microphone_is_said_and_what_to_do(
    host: str, arguments: list[str], language: str, state: str, hint: str
) -> None:
    """The telephone does not register then, so that the switch offers nothing that could not be answered."""
    async with open_floor(softphones=SOFTPHONES) as floor, open_at(floor, host, arguments, language) as page:
        lines: list[str] = []
        page.on("websocket", lambda socket: lines.append(socket.url))
        await sign_in(page, "ann")
        await go_ready(page)
        await page.get_by_test_id("softphone").click()
        await page.get_by_test_id("phone-softphone").check()
        await expect(page.get_by_test_id("softphone-state")).to_have_text(state)
        await expect(page.get_by_test_id("sound-problem")).to_contain_text(hint)
        await expect(page.get_by_test_id("retry")).to_be_visible()
        await picture(page, f"microphone-{host}-{language}")
        assert not any(url.endswith("/sip") for url in lines)
