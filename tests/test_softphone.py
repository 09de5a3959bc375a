"""The telephone in an agent's page: real Asterisk, real Chromium, SIPp callers, sound both ways."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, expect
from pydantic import SecretStr

from pbx_config.settings import Softphones
from tests.agent_console.test_page import picture
from tests.lab.asterisk import free_port
from tests.lab.manager import manager_session
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.browser import sign_in
from tests.live.screen import Screen, screen
from tests.live.softphone import STATISTICS, browser_with_microphone, hears, open_softphone
from tests.live.system import PASSWORD, System, serve
from tests.test_first_call import CallCenter, link_is_up, open_center
from tests.test_talks import CALLER, DESK1, DESK2, NUMBER, OUTSIDE

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(240)]


LOUD = """meter => new Promise((done) => {
  const look = setInterval(() => {
    if (meter.value < 0.5) return
    clearInterval(look)
    done()
  }, 50)
})"""


@dataclass
class Desk:
    """a1 at a softphone, and who looks on."""

    center: CallCenter
    system: System
    boss: Screen
    browser: Browser
    page: Page


@contextlib.asynccontextmanager
async def open_desk(
    folder: Path, speech: Path, user: str = 'softphone = "lab"', outside: Phone | None = None, web: str = ""
) -> AsyncIterator[Desk]:
    """a1 has a telephone in the page only, unless `user` (lines of `[users.a1]`, with `{desk}` for a telephone)
    says something else. `outside`: the telephone of whoever is dialed by a number. `web`: lines of `[web]`."""
    softphones = Softphones(
        secret=SecretStr("a secret of the lab"), users=("a1",), http_port=free_port(socket.SOCK_STREAM)
    )
    async with open_center(folder, speech, softphones=softphones, outside=outside) as center:
        text = center.config.read_text().replace(f'phone = "{center.desk1.dial}"', user.format(desk=center.desk1.dial))
        center.config.write_text(text.replace("[web]", f"[web]\n{web}"))
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
        await expect(desk.page.get_by_test_id("answer")).to_be_enabled()
        await picture(desk.page, "softphone-rings")
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
        await picture(page, "softphone-muted")
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


async def test_who_answers_by_policy_hears_the_caller_at_once_and_nobody_else(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech, 'softphone = "lab"\nauto_answer = true') as desk:
        page, asterisk = desk.page, desk.center.asterisk
        await go_ready(desk)
        async with call(asterisk, "service", ani="2125550100", hz=CALLER) as caller:
            await caller.until("answered")
            await hear_each_other(caller, page)
            caller.hang_up()
            await caller.until("hung up")
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")
        await desk.boss.fact("WrapUpEnded", agent="a1")

        # What rings there without being offered is a matter of the hand.
        async with manager_session(asterisk.settings.ami_port, asterisk.settings.live) as manager:
            await manager.action(
                "Originate", Channel="PJSIP/callfloor-a1", Application="MusicOnHold", Data="callfloor", Async="true"
            )
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone rings")
        await expect(page.get_by_test_id("answer-other")).to_be_visible()
        await page.get_by_test_id("answer-other").click()
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone: talking")
        await page.get_by_test_id("hang-up-other").click()
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")


async def test_an_agent_dials_a_number_in_the_page_and_talks_there(tmp_path: Path, speech: Path) -> None:
    """The telephone in the page takes its own leg by itself: whoever has dialed need not answer."""
    async with (
        agent_phone("outside", answer_ms=None, hz=OUTSIDE) as outside,
        open_desk(tmp_path, speech, outside=outside) as desk,
    ):
        page = desk.page
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")
        await page.get_by_test_id("dial-number").fill(NUMBER)
        await page.keyboard.press("Enter")
        await outside.until("rung")
        await hears(page, 425)  # it rings there
        outside.answer()
        await desk.boss.fact("NumberReached")
        await hears(page, OUTSIDE)
        await outside.voice.hear(DESK1)
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone: talking")
        await page.get_by_test_id("hang-up").click()
        await outside.until("gone")
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")


async def test_a_colleague_is_consulted_and_gets_the_caller(tmp_path: Path, speech: Path) -> None:
    async with (
        open_desk(tmp_path, speech) as desk,
        screen(desk.system.url, "a2", PASSWORD) as colleague,
        talking(desk) as caller,
    ):
        page, desk2 = desk.page, desk.center.desk2
        assert (await colleague.ask("go_ready"))["ok"]
        await page.get_by_test_id("pass-on").click()
        await page.get_by_test_id("to").select_option("a2")
        await page.get_by_test_id("consult-first").click()
        await desk2.until("answered")
        await hears(page, DESK2)
        await desk2.voice.hear(DESK1)
        await caller.voice.hear_other_than(DESK1, DESK2)
        await page.get_by_test_id("complete").click()
        await caller.voice.hear(DESK2)
        await desk2.voice.hear(CALLER)
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone ready")


async def test_the_agent_chooses_between_desk_phone_and_page(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech, 'phone = "{desk}"\nsoftphone = "lab"') as desk:
        page, state = desk.page, desk.page.get_by_test_id("softphone-state")
        await expect(state).to_have_text("Desk phone")
        await expect(page.get_by_test_id("not-ready")).to_be_enabled()
        await page.get_by_test_id("ready").click()
        await desk.boss.fact("AgentReady", agent="a1")

        await page.get_by_test_id("softphone").click()
        level = page.get_by_test_id("level")
        await expect(level).to_be_visible()
        await level.evaluate(LOUD)
        await page.get_by_test_id("phone-softphone").check()
        await desk.boss.fact("AgentLoggedIn", agent="a1", phone="PJSIP/callfloor-a1")
        await page.get_by_test_id("softphone-close").click()
        await expect(state).to_have_text("Phone ready")
        await expect(page.get_by_test_id("presence")).to_have_text("Ready")
        async with call(desk.center.asterisk, "service", ani="2125550100", hz=CALLER) as caller:
            await caller.until("answered")
            await expect(state).to_have_text("Phone rings")
            await page.keyboard.press("Alt+a")
            await expect(page.get_by_test_id("mute")).to_be_enabled()
            await hear_each_other(caller, page)
            caller.hang_up()
            await caller.until("hung up")
        await desk.boss.fact("WrapUpEnded", agent="a1")

        await page.get_by_test_id("softphone").click()
        await page.get_by_test_id("phone-desk").check()
        await expect(state).to_have_text("Desk phone")
        async with call(desk.center.asterisk, "service", ani="2125550101", hz=CALLER) as caller:
            await desk.center.desk1.until("answered")
            await caller.voice.hear(DESK1)


async def test_a_line_that_is_lost_while_they_talk_is_back_before_they_are_through(
    tmp_path: Path, speech: Path
) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk) as caller:
        state = desk.page.get_by_test_id("softphone-state")
        await desk.page.evaluate("window.sockets.filter((one) => one.url.endsWith('/sip')).at(-1).close()")
        await expect(state).to_have_text("Phone not connected")
        await hear_each_other(caller, desk.page)
        await expect(state).to_have_text("Phone: talking")
        await hear_each_other(caller, desk.page)
        caller.hang_up()  # which the switch tells the page on the new line
        await expect(state).to_have_text("Phone ready")
        assert await desk.page.evaluate("window.connections.at(-1).connectionState") == "closed"
        await desk.boss.fact("WrapUpEnded", agent="a1")


async def test_after_the_switch_was_restarted_the_page_takes_calls_again(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk):
        state = desk.page.get_by_test_id("softphone-state")
        await desk.center.asterisk.restart()
        await expect(state).to_have_text("Phone ready")
        await desk.boss.fact("WrapUpEnded", agent="a1")
        await expect(desk.page.get_by_test_id("unreachable")).to_have_count(0)
        if await desk.page.get_by_test_id("ready").is_enabled():
            await desk.page.get_by_test_id("ready").click()
        async with call(desk.center.asterisk, "service", ani="2125550101", hz=CALLER) as caller:
            await caller.until("answered")
            await desk.page.get_by_test_id("answer").click()
            await hear_each_other(caller, desk.page)


async def test_a_session_that_expires_in_a_talk_ends_after_it(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech, web="session_hours = 0.0125") as desk, talking(desk) as caller:
        page = desk.page
        over = "fetch('/api/v1/sessions').then((it) => it.json()).then((it) => it.sessions[0].until)"
        await page.wait_for_function(
            "until => Date.now() > until + 3000", arg=await page.evaluate(over), timeout=90_000
        )
        await hear_each_other(caller, page)
        await expect(page.get_by_test_id("softphone-state")).to_have_text("Phone: talking")
        await page.get_by_test_id("hang-up").click()
        await caller.until("gone")
        await expect(page.get_by_test_id("password")).to_be_visible()  # once the wrap-up is over


async def test_a_page_that_is_closed_ends_the_call_and_its_agent_gets_no_other(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk) as caller:
        await desk.page.close()
        await caller.until("gone")
        ended = await desk.boss.fact("CallEnded")
        assert ended["by"] == "agent"
        await desk.boss.fact("PhoneLost", phone="PJSIP/callfloor-a1", agents=["a1"])
        await desk.boss.fact("ConsoleDetached", agent="a1")


async def test_a_page_that_crashes_is_noticed_by_its_silence(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk) as caller:
        with contextlib.suppress(Error):
            await desk.page.goto("chrome://crash")
        await caller.until("gone")
        await desk.boss.fact("CallEnded", by="agent")
        await desk.boss.fact("PhoneLost", phone="PJSIP/callfloor-a1", agents=["a1"])


async def test_a_second_screen_takes_over_and_the_talk_goes_on_in_the_first(tmp_path: Path, speech: Path) -> None:
    async with open_desk(tmp_path, speech) as desk, talking(desk) as caller:
        second = await open_softphone(desk.browser, desk.system.url)
        await sign_in(second, "a1", PASSWORD)
        await expect(desk.page.get_by_test_id("taken-over")).to_be_visible()
        await expect(second.get_by_test_id("softphone-state")).to_have_text("Phone ready")
        await hear_each_other(caller, desk.page)
        await second.get_by_test_id("hang-up").click()
        await caller.until("gone")
        await desk.boss.fact("WrapUpEnded", agent="a1")
        async with call(desk.center.asterisk, "service", ani="2125550101", hz=CALLER) as another:
            await second.get_by_test_id("answer").click()
            await hear_each_other(another, second)
