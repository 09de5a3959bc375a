"""The telephone in an agent's page: real Asterisk, real Chromium, SIPp callers, sound both ways."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from pbx_config.settings import Softphones
from tests.lab.asterisk import free_port
from tests.lab.sipp import Phone, call
from tests.live.browser import sign_in
from tests.live.screen import Screen, screen
from tests.live.softphone import STATISTICS, browser_with_microphone, hears, open_softphone
from tests.live.system import PASSWORD, System, serve
from tests.test_first_call import CallCenter, link_is_up, open_center
from tests.test_talks import CALLER, DESK1

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass
class Desk:
    """a1 at a softphone, and who looks on."""

    center: CallCenter
    system: System
    boss: Screen
    browser: Browser
    page: Page


@contextlib.asynccontextmanager
async def open_desk(folder: Path, speech: Path, user: str = 'softphone = "lab"') -> AsyncIterator[Desk]:
    """a1 has a telephone in the page only, unless `user` (lines of `[users.a1]`) says something else."""
    softphones = Softphones(
        secret=SecretStr("a secret of the lab"), users=("a1",), http_port=free_port(socket.SOCK_STREAM)
    )
    async with open_center(folder, speech, softphones=softphones) as center:
        text = center.config.read_text().replace(f'phone = "{center.desk1.dial}"', user)
        center.config.write_text(text)
        async with (
            serve(center.config) as system,
            screen(system.url, "boss", PASSWORD) as boss,
            browser_with_microphone(folder, DESK1) as browser,
        ):
            await link_is_up(boss)
            page = await open_softphone(browser, system.url)
            await sign_in(page, "a1", PASSWORD)
            yield Desk(center, system, boss, browser, page)


async def go_ready(desk: Desk) -> None:
    await expect(desk.page.get_by_test_id("softphone-state")).to_have_text("Phone ready")
    await expect(desk.page.get_by_test_id("not-ready")).to_be_enabled()
    await desk.page.get_by_test_id("ready").click()
    await desk.boss.fact("AgentReady", agent="a1")


@contextlib.asynccontextmanager
async def talking(desk: Desk) -> AsyncIterator[Phone]:
    """A caller and a1 hear each other."""
    await go_ready(desk)
    async with call(desk.center.asterisk, "service", ani="2125550100", hz=CALLER) as caller:
        await caller.until("answered")
        await desk.page.get_by_test_id("answer").click()
        await hear_each_other(caller, desk.page)
        yield caller


async def hear_each_other(caller: Phone, page: Page) -> None:
    await caller.voice.hear(DESK1)
    await hears(page, CALLER)


async def test_a_call_is_answered_in_the_page_and_both_hear_each_other(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk) as caller:
        page = desk.page
        await expect(page.get_by_test_id("pop").get_by_test_id("caller")).to_have_text("2125550100")
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone: talking")
        heard = (await page.evaluate(STATISTICS))["inbound-rtp"]
        assert heard["packetsReceived"] > 20
        assert heard["packetsLost"] == 0

        await page.get_by_test_id("mute").click()
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone: muted")
        await caller.voice.hear_silence()
        await hears(page, CALLER)
        await page.keyboard.press("Alt+m")
        await caller.voice.hear(DESK1)

        await page.get_by_test_id("keypad").click()
        for key in "1", "9":
            await page.get_by_test_id(f"key-{key}").click()
        await page.keyboard.press("#")
        await expect(page.get_by_test_id("pressed")).to_have_text("19#")
        await caller.voice.hear_digits("19#")
        await page.keyboard.press("Escape")

        await page.get_by_test_id("hold").click()
        await caller.voice.hear_other_than(DESK1)
        await hears(page, 0)
        await page.get_by_test_id("hold").click()
        await hear_each_other(caller, page)

        await page.get_by_test_id("hang-up").click()
        await caller.until("gone")
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")
        await desk.boss.fact("WrapUpEnded", agent="a1")
