"""The settings in a real browser: an admin changes the running system by hand, and puts a change back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Locator, Page, Route, expect

from acd import vocabulary as say
from agent_console.administration import WantedTable
from callfloor.document import digest, table_at
from callfloor.settings_form import schema
from tests.agent_console.floor import PASSWORD, Floor, open_floor
from tests.agent_console.test_page import picture, pytestmark  # noqa: F401 - needs Chromium as well
from tests.live import browser

NEW_PASSWORD = "battery horse"


def open_page(floor: Floor, language: str = "en-US", *, refused: int = 401) -> AbstractAsyncContextManager[Page]:
    return browser.open_page(floor.console.url, language, refused=refused)


async def open_settings(page: Page, tab: str) -> None:
    await browser.sign_in(page, "root", PASSWORD)
    await page.get_by_test_id("nav-admin").click()
    await page.get_by_test_id(f"tab-{tab}").click()


def setting(page: Page, place: str, kind: str = "input") -> Locator:
    return page.get_by_test_id(f"setting-{place}").locator(kind)


async def save(page: Page) -> None:
    await page.get_by_test_id("settings-save").click()
    await expect(page.get_by_test_id("settings-saved")).to_be_visible()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_a_queue_is_changed_and_the_change_put_back(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language) as page:
        await open_settings(page, "queues")
        await page.get_by_test_id("table-queues.sales").click()
        await setting(page, "queues.sales.name").fill("Verkauf")
        await setting(page, "queues.sales.agent_choice", "select").select_option("round robin")
        await page.get_by_test_id("group-ringing").locator("summary").click()
        await setting(page, "queues.sales.ring_ms").fill("12.5")
        await page.get_by_test_id("group-hours").locator("summary").click()
        await page.get_by_test_id("setting-queues.sales.hours").locator("input[type=checkbox]").check()
        await setting(page, "queues.sales.hours.zone").fill("Asia/Shanghai")
        week = setting(page, "queues.sales.hours.week", "textarea")
        await week.fill("mon-fri: 09:00-12:00, 13:00-18:00\nsat：")
        await page.get_by_test_id("group-after").locator("summary").click()
        # As it is typed, while the page is drawn anew with what the server finds wrong.
        dispositions = setting(page, "queues.sales.dispositions", "textarea")
        await dispositions.fill("/")
        await expect(page.get_by_test_id("settings-faults")).to_be_visible()
        await dispositions.fill("sale/new\n sale/again \n\n")
        await expect(page.get_by_test_id("settings-faults")).to_have_count(0)
        await expect(dispositions).to_have_value("sale/new\n sale/again \n\n")
        await picture(page, f"settings-queue-{language}")
        await save(page)
        rules = floor.acd.state.queues["sales"].rules
        assert (rules.name, rules.agent_choice, rules.ring_ms) == ("Verkauf", "round robin", 12_500)
        assert rules.dispositions == ("sale/new", "sale/again")
        hours = floor.administrator.settings.document["queues"]["sales"]["hours"]
        assert hours == {"zone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"], "sat": []}}

        await page.get_by_test_id("tab-history").click()
        await expect(page.get_by_test_id("settings-history")).to_contain_text("Verkauf")
        await picture(page, f"settings-history-{language}")
        await page.get_by_test_id(f"put-back-{len(floor.lines)}-queues.sales").click()
        await expect(setting(page, "queues.sales.name")).to_have_value("Sales")
        await save(page)
        assert floor.acd.state.queues["sales"].rules.name == "Sales"
        assert "hours" not in floor.administrator.settings.document["queues"]["sales"]


async def test_what_is_wrong_is_said_at_its_field_while_it_is_typed() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await open_settings(page, "queues")
        await page.get_by_test_id("table-queues.sales").click()
        await setting(page, "queues.sales.skills").fill("zh > ")
        await expect(page.get_by_test_id("setting-queues.sales.skills").locator(".problem")).to_be_visible()
        await setting(page, "queues.sales.skills").fill("zh > 2")
        await expect(page.get_by_test_id("setting-queues.sales.skills").locator(".problem")).to_have_count(0)
        await expect(page.get_by_test_id("settings-warnings")).to_contain_text("1")  # nobody has that skill
        assert len(floor.lines) == 1


async def test_a_person_is_added_with_the_keyboard_alone_and_can_sign_in(tmp_path: Path) -> None:
    async with open_floor(folder=tmp_path) as floor, open_page(floor) as page:
        await open_settings(page, "users")
        await page.get_by_test_id("settings-create").press("Enter")
        await page.get_by_test_id("settings-name").press_sequentially("zoe")
        await setting(page, "users.zoe.phone").press_sequentially("PJSIP/7")
        await setting(page, "users.zoe.password").press_sequentially(NEW_PASSWORD)
        await picture(page, "settings-user")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("settings-saved")).to_be_visible()
        assert floor.acd.state.agents["zoe"].name == "zoe"
        await page.get_by_test_id("tab-agents").click()
        await page.get_by_test_id("table-agents.zoe").click()
        await page.get_by_test_id("level-sales").fill("2")
        await setting(page, "agents.zoe.skills").fill("zh 0")
        await expect(page.get_by_test_id("setting-agents.zoe.skills").locator(".problem")).to_be_visible()
        await setting(page, "agents.zoe.skills").fill("zh 3, billing")
        await save(page)
        zoe = floor.acd.state.agents["zoe"]
        assert (zoe.queues, zoe.skills) == ({"sales": 2}, {"zh": 3, "billing": 1})
        async with open_page(floor) as hers:
            await browser.sign_in(hers, "zoe", NEW_PASSWORD)
            await expect(hers.get_by_test_id("idle")).to_be_visible()


async def test_what_is_in_use_is_not_taken_away_and_the_reason_is_shown() -> None:
    async with open_floor() as floor, open_page(floor, refused=422) as page:
        await open_settings(page, "queues")
        await page.get_by_test_id("table-queues.help").click()
        await page.get_by_test_id("settings-remove").click()
        await page.get_by_test_id("settings-remove-sure").click()
        await expect(page.get_by_test_id("settings-faults")).to_contain_text("agents.a2.queues")
        assert "help" in floor.acd.state.queues


async def test_who_was_not_the_first_is_told_and_nothing_is_lost() -> None:
    async with open_floor() as floor, open_page(floor, refused=409) as page:
        await open_settings(page, "routing")
        await setting(page, "routing.ageing_ms").fill("30")
        change = say.Change(
            "routing", {}, {"call_choice": "oldest"}, floor.administrator.settings.change("routing", {}).file
        )
        queues = {queue.id: queue.rules for queue in floor.acd.state.queues.values()}
        agents = {agent.id: agent.rules for agent in floor.acd.state.agents.values()}
        rules = say.RoutingRules("oldest")
        await floor.tell(say.ChangeSettings(floor.clock, "another", (change,), queues, agents, rules))
        await page.get_by_test_id("settings-save").click()
        await expect(page.get_by_test_id("settings-problem")).to_contain_text("changed meanwhile")
        await expect(setting(page, "routing.ageing_ms")).to_have_value("30")
        assert floor.acd.state.routing == rules
        await page.get_by_test_id("settings-again").click()
        await expect(setting(page, "routing.call_choice", "select")).to_have_value("oldest")
        await expect(setting(page, "routing.ageing_ms")).to_have_value("30")
        await save(page)
        assert floor.acd.state.routing == msgspec.structs.replace(rules, ageing_ms=30_000)


async def test_what_another_has_removed_meanwhile_is_made_again_as_it_was_wanted() -> None:
    place, table = "ivr.hotlines.4002", {"flow": "main", "language": "en"}
    async with open_floor() as floor, open_page(floor, refused=409) as page:
        await floor.administrator.change([WantedTable(place, "", table)], "another")
        await open_settings(page, "ivr.hotlines")
        await page.get_by_test_id(f"table-{place}").click()
        await setting(page, f"{place}.language", "select").select_option("zh")
        await floor.administrator.change([WantedTable(place, digest(table), None)], "another")
        await page.get_by_test_id("settings-save").click()
        await page.get_by_test_id("settings-again").click()
        await expect(setting(page, f"{place}.language", "select")).to_have_value("zh")
        await save(page)
        assert table_at(floor.administrator.settings.document, place) == table | {"language": "zh"}


async def test_routing_stands_open_however_late_it_comes_and_is_checked_as_it_is_typed() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        clicked = asyncio.Event()

        async def late(route: Route) -> None:
            await clicked.wait()
            await route.continue_()

        await page.route(re.compile(r"/api/v1/settings$"), late)
        await open_settings(page, "routing")
        clicked.set()
        ageing = setting(page, "routing.ageing_ms")
        await ageing.fill("-1")
        await expect(page.get_by_test_id("setting-routing.ageing_ms").locator(".problem")).to_be_visible()
        await page.get_by_test_id("settings-cancel").click()
        await expect(ageing).to_have_value("")
        await ageing.fill("30")
        await save(page)
        await expect(ageing).to_have_value("30")
        assert floor.acd.state.routing.ageing_ms == 30_000


async def test_supervisors_and_agents_have_no_settings() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await browser.sign_in(page, "sue", PASSWORD)
        await expect(page.get_by_test_id("nav-floor")).to_be_visible()
        await expect(page.get_by_test_id("nav-admin")).to_have_count(0)
        await page.goto(f"{floor.console.url}/#/admin")
        await expect(page.get_by_test_id("agent-a1")).to_be_visible()


def _named(schema: Any) -> Iterator[str]:
    """Every key of a table and every choice that a schema knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from schema.get("enum", ())
        for inside in schema.values():
            yield from _named(inside)
    elif isinstance(schema, list):
        for one in schema:
            yield from _named(one)


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_every_setting_and_every_choice_has_a_word(language: str) -> None:
    raw = {*_named(schema())}
    seen: set[str] = set()
    async with open_floor() as floor, open_page(floor, language) as page:
        tag = digest(table_at(floor.administrator.settings.document, "queues.help"))
        await floor.administrator.change([WantedTable("queues.help", tag, OPTIONS)], "root")
        await open_settings(page, "queues")
        for place in ("queues.help", "agents.a1", "users.ann", "ivr.hotlines.4001", "routing"):
            kind = place if place == "routing" else place.rpartition(".")[0]
            await page.get_by_test_id(f"tab-{kind}").click()
            if place != "routing":
                await page.get_by_test_id(f"table-{place}").click()
            await expect(page.get_by_test_id("settings-editor")).to_be_visible()
            texts = page.locator(".setting :is(label, legend, option)")
            seen |= {text.strip() for text in await texts.all_text_contents()}
    assert len(seen) > 90
    assert not seen & (raw - {floor.acd.state.queues["help"].id, "main"}), "words/*.ts: setting, settingValue"


OPTIONS = {
    "name": "Help",
    "callback": {},
    "hours": {"zone": "UTC", "week": {}},
    "steps": [{"after_ms": 1_000, "priority": 1}],
}
"""With every table that a queue may have inside."""


async def test_an_agent_changes_the_own_password(tmp_path: Path) -> None:
    async with open_floor(folder=tmp_path) as floor, open_page(floor, refused=422) as page:
        await browser.sign_in(page, "ann", PASSWORD)
        await page.get_by_test_id("me").click()
        for old, again in (("no idea", NEW_PASSWORD), (PASSWORD, "another"), (PASSWORD, NEW_PASSWORD)):
            await page.get_by_test_id("password-old").fill(old)
            await page.get_by_test_id("password-new").fill(NEW_PASSWORD)
            await page.get_by_test_id("password-again").fill(again)
            await page.get_by_test_id("password-change").click()
            if (old, again) != (PASSWORD, NEW_PASSWORD):
                await expect(page.get_by_test_id("password-problem")).to_be_visible()
        await expect(page.get_by_test_id("user")).to_be_visible()  # the sign-in
        await browser.sign_in(page, "ann", NEW_PASSWORD)
