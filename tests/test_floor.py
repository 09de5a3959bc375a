"""What supervisors, admins and agents do by hand in their pages, as callers hear it: real Asterisk, real Chromium."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agent_console.passwords import hash_password
from tests.agent_console.test_page import picture
from tests.agent_console.test_page_floor import act
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.browser import open_page, sign_in
from tests.live.screen import Screen
from tests.live.system import PASSWORD, serve
from tests.test_first_call import CUSTOMERS, CallCenter, callfloor, link_is_up, open_center, signed_in
from tests.test_hearing import BOSS
from tests.test_talks import CALLER, DESK1, DESK2, granted

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(240)]

ANI, OTHER_ANI = "+861065321234", "2125550101"
MORE = f"""
[queues.help]
name = "Help"
[users.root]
password_hash = "{hash_password(PASSWORD)}"
role = "admin"
"""


@dataclass
class Floor:
    """`page` is the one of whom the story is about; `boss` and `agents` are the others' screens, without a browser."""

    center: CallCenter
    page: Page
    boss: Screen
    agents: list[Screen]
    boss_phone: Phone


@contextlib.asynccontextmanager
async def at_the_page_of(user: str, folder: Path, speech: Path) -> AsyncIterator[Floor]:
    async with (
        agent_phone("boss", answer_ms=300, hz=BOSS) as phone,
        open_center(folder, speech, MORE, boss=phone) as center,
    ):
        (folder / "customers.csv").write_text(CUSTOMERS)
        await callfloor("customers", "load", str(folder / "customers.csv"), "--config", str(center.config))
        async with (
            serve(center.config) as system,
            signed_in(system, "boss", *sorted({"a1", "a2"} - {user})) as (boss, *agents),
            open_page(system.url) as page,
        ):
            await link_is_up(boss)
            await sign_in(page, user, PASSWORD)
            yield Floor(center, page, boss, agents, phone)


async def test_what_a_supervisor_does_on_the_floor_is_heard_on_the_line(tmp_path: Path, speech: Path) -> None:
    async with at_the_page_of("boss", tmp_path, speech) as floor:
        page, boss, center = floor.page, floor.boss, floor.center
        await expect(page.get_by_test_id("link-ami:lab")).to_contain_text("up")
        await expect(page.get_by_test_id("state-chart").locator("canvas")).to_be_visible()
        async with (
            call(center.asterisk, "service", ani=ANI, hz=CALLER) as first,
            call(center.asterisk, "service", ani=OTHER_ANI, hz=CALLER) as second,
        ):
            names = [(await boss.fact("CallBegan", ani=ani))["call"] for ani in (ANI, OTHER_ANI)]
            service, help_ = page.get_by_test_id("queue-service"), page.get_by_test_id("queue-help")
            await expect(service.get_by_test_id("waiting")).to_have_text("2")
            await expect(page.get_by_test_id(f"live-{names[0]}")).to_contain_text(ANI)
            await first.voice.hear_something()

            await act(page, f"live-{names[1]}", "move", "move-help")
            await expect(help_.get_by_test_id("waiting")).to_have_text("1")
            await expect(service.get_by_test_id("waiting")).to_have_text("1")
            await second.voice.hear_something()

            await act(page, "agent-a1", "ready")
            await first.voice.hear(DESK1)
            await center.desk1.voice.hear(CALLER)
            state = page.get_by_test_id("agent-a1").get_by_test_id("state")
            await expect(state).to_have_text("Talking")
            await act(page, "agent-a1", "listen")
            await floor.boss_phone.voice.hear_all(CALLER, DESK1)
            await act(page, "agent-a1", "whisper")
            await center.desk1.voice.hear_all(CALLER, BOSS)
            await first.voice.hear(DESK1)
            await act(page, "agent-a1", "barge")
            await first.voice.hear_all(DESK1, BOSS)
            await picture(page, "floor-live")
            await act(page, "agent-a1", "stop")
            await floor.boss_phone.until("gone")

            # a2 serves another queue than the one in which the second caller waits.
            await act(page, "agent-a2", "ready")
            await act(page, f"live-{names[1]}", "priority", "priority-10")
            assert (await boss.fact("CallQueued", call=names[1], priority=10))["by"] == "boss"
            await act(page, f"live-{names[1]}", "pull", "pull-a2")
            await second.voice.hear(DESK2)
            await center.desk2.voice.hear(CALLER)

            await act(page, "queue-service", "close", "close-sure")
            await expect(service).to_contain_text("closed")
            async with call(center.asterisk, "service", ani="2125550102") as late:
                turned_away = (await boss.fact("CallBegan", ani="2125550102"))["call"]
                assert (await boss.fact("CallDeflected", call=turned_away))["why"] == "closed"
                await late.voice.hear_something()
            await act(page, "queue-service", "open")
            await expect(service).not_to_contain_text("closed")
            for caller, name in zip((first, second), names, strict=True):
                caller.hang_up()
                await boss.fact("CallEnded", call=name)
            await act(page, "agent-a1", "log-out", "log-out-sure")
            await expect(state).to_have_text("Logged off")

        await look_back(page, tmp_path, [*names, turned_away])


async def look_back(page: Page, folder: Path, calls: list[str]) -> None:
    """What became of it: today's figures, the day as a curve and as a file, and the story of the second call, with who
    had a hand in it."""
    await expect(page.get_by_test_id("today-service").get_by_test_id("answered")).to_have_text("1")
    await expect(page.get_by_test_id("today-all").get_by_test_id("answered")).to_have_text("2")
    await page.get_by_test_id("nav-days").click()
    await expect(page.get_by_test_id("day-table").locator("tr.strong td").nth(2)).to_have_text("2")
    await expect(page.get_by_test_id("lane-a2")).to_be_visible()
    async with page.expect_download() as loading:
        await page.get_by_test_id("csv-calls").click()
    await (await loading.value).save_as(folder / "calls.csv")
    with (folder / "calls.csv").open(encoding="utf-8-sig", newline="") as opened:
        assert {row["call"] for row in csv.DictReader(opened)} >= {*calls}
    await picture(page, "days-live")
    await page.get_by_test_id("nav-calls").click()
    await page.get_by_test_id(f"call-{calls[1]}").focus()
    await page.keyboard.press("Enter")
    story = page.locator("ol.story")
    await expect(story).to_contain_text("boss moved the call from Service to the queue Help")
    await expect(story).to_contain_text("pulled by boss")


async def test_what_an_admin_changes_holds_for_the_next_call(tmp_path: Path, speech: Path) -> None:
    async with at_the_page_of("root", tmp_path, speech) as floor:
        page, boss, center = floor.page, floor.boss, floor.center
        for agent in floor.agents:
            await granted(agent, "go_ready")
        await page.get_by_test_id("nav-admin").click()
        await page.get_by_test_id("tab-queues").click()
        await page.get_by_test_id("table-queues.service").click()
        await page.get_by_test_id("group-hours").locator("summary").click()
        await page.get_by_test_id("setting-queues.service.hours").locator("input[type=checkbox]").check()
        await page.get_by_test_id("setting-queues.service.hours.zone").locator("input").fill("Asia/Shanghai")
        await page.get_by_test_id("setting-queues.service.hours.week").locator("textarea").fill("mon-sun:")
        await page.get_by_test_id("settings-save").click()
        await boss.fact("QueueClosed", queue="service")
        async with call(center.asterisk, "service", ani=OTHER_ANI) as late:
            turned_away = (await boss.fact("CallBegan", ani=OTHER_ANI))["call"]
            assert (await boss.fact("CallDeflected", call=turned_away))["why"] == "closed"
            await late.voice.hear_something()
        await boss.fact("SettingsChanged", by="root")
        await picture(page, "settings-live")

        await page.get_by_test_id("tab-history").click()
        await page.locator("[data-testid^=put-back-]").first.click()
        await page.get_by_test_id("settings-save").click()
        await boss.fact("QueueOpened", queue="service")
        async with call(center.asterisk, "service", ani=ANI, hz=CALLER) as caller:
            connected = await boss.fact("CallConnected")
            await caller.voice.hear({"a1": DESK1, "a2": DESK2}[connected["agent"]])


async def test_an_agent_opens_a_case_for_who_calls_and_adds_to_it_at_the_next_call(
    tmp_path: Path, speech: Path
) -> None:
    async with at_the_page_of("a1", tmp_path, speech) as floor:
        page, center = floor.page, floor.center
        await page.get_by_test_id("ready").click()
        case = page.get_by_test_id("case-1")
        async with call(center.asterisk, "service", ani=ANI, hz=CALLER) as caller:
            await caller.voice.hear(DESK1)
            await expect(page.get_by_test_id("pop").get_by_test_id("customer")).to_contain_text("Chen Jing")
            await page.get_by_test_id("case-open").press("Enter")
            await page.keyboard.type("Kettle")
            await page.keyboard.press("Tab")
            await page.keyboard.type("leaks since May")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await expect(case).to_contain_text("Kettle")
            caller.hang_up()
            await floor.boss.fact("CallEnded", agent="a1")
        await expect(page.get_by_test_id("idle")).to_be_visible()  # its wrap-up is short
        async with call(center.asterisk, "service", ani=ANI, hz=CALLER) as caller:
            await caller.voice.hear(DESK1)
            await case.get_by_role("button").first.press("Enter")
            await expect(page.get_by_test_id("case-entry")).to_contain_text("leaks since May")
            await page.get_by_test_id("case-text").fill("a new one is sent")
            await page.get_by_test_id("case-add").press("Enter")
            await expect(page.get_by_test_id("case-entry")).to_have_count(2)
            await picture(page, "case-live")
