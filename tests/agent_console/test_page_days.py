"""A day looked back on in a real browser: curve, figures, time lines, files; and the filters of the list of calls."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from agent_console.callers import CallRow
from tests.agent_console.floor import START, Floor, open_floor
from tests.agent_console.test_days import TODAY, working_floor
from tests.agent_console.test_page import open_page, picture, sign_in
from tests.agent_console.tour import AGENTS, QUEUES
from tests.live import browser

pytestmark = pytest.mark.browser

LIT = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  const seen = new Set()
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) seen.add(data.slice(at, at + 3).join())
  return [...seen]
}"""


@asynccontextmanager
async def looking_back(
    language: str = "en-US", *, dark: bool = False, refused: int = 401
) -> AsyncIterator[tuple[Floor, Page]]:
    async with (
        working_floor() as floor,
        browser.open_page(floor.console.url, language, dark=dark, refused=refused) as page,
    ):
        await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS))
        await sign_in(page, "sue")
        await page.get_by_test_id("nav-days").click()
        await expect(page.get_by_test_id("curve").locator("canvas")).to_be_visible()
        yield floor, page


async def figures(page: Page, path: str) -> Any:
    return await page.evaluate("async (path) => (await fetch(`/api/v1/${path}`)).json()", path)


@pytest.mark.parametrize(("language", "dark"), [("en-US", False), ("zh-CN", True)])
async def test_the_curve_and_the_table_show_the_day_by_queue_interval_and_formula(language: str, *, dark: bool) -> None:
    async with looking_back(language, dark=dark) as (_, page):
        day = await figures(page, "days/today")
        table = page.get_by_test_id("day-table").get_by_role("row")
        worked = [
            one for one in day["intervals"] if one["figures"]["offered"] or one["figures"]["occupancy"] is not None
        ]
        await expect(table).to_have_count((worked[-1]["at"] - worked[0]["at"]) // 900_000 + 3)
        await expect(table.nth(2)).to_contain_text("06:00")
        whole = page.get_by_test_id("day-table").locator("tr.strong td")
        assert (await whole.all_inner_texts())[1:3] == [str(day["overall"][name]) for name in ("offered", "answered")]
        accent = "126,162,255" if dark else "36,87,214"
        assert accent in await page.get_by_test_id("curve").locator("canvas").evaluate(LIT)
        await page.get_by_test_id("curve").hover()  # its tooltip is drawn, since our policy gives HTML no style
        await picture(page, f"days-{language}")
        await page.get_by_test_id("minutes").select_option("60")
        await expect(table.nth(3)).to_contain_text("07:00")
        await page.get_by_test_id("queue").select_option("cards")
        cards = next(one for one in (await figures(page, "days/today?minutes=60"))["queues"] if one["queue"] == "cards")
        await expect(whole.nth(1)).to_have_text(str(cards["overall"]["offered"]))
        for formula, level in cards["overall"]["service_level"].items():
            await page.get_by_test_id("formula").select_option(formula)
            await expect(whole.nth(5)).to_have_text(re.compile(f"{level:.0%}"[:-2]))
        await page.set_viewport_size({"width": 1920, "height": 1200})
        await page.get_by_test_id("legend").scroll_into_view_if_needed()
        await picture(page, f"lanes-{language}")


async def test_a_time_line_is_read_by_keyboard_alone_and_leads_to_the_call() -> None:
    async with looking_back(refused=404) as (floor, page):
        agent = (await figures(page, "days/today/agents"))["agents"][1]
        lane, looked = page.get_by_test_id(f"lane-{agent['agent']}"), page.get_by_test_id("looked")
        await page.get_by_test_id("lane-a1").focus()
        await page.keyboard.press("Tab")
        await expect(lane).to_be_focused()
        await expect(looked).to_contain_text(agent["name"])
        talk = next(number for number, span in enumerate(agent["spans"]) if span["state"] == "held")
        for _ in range(talk):
            await page.keyboard.press("ArrowRight")
        await expect(looked).to_contain_text("On hold")
        assert "On hold" in (await lane.get_attribute("aria-valuetext") or "")
        await expect(page.get_by_test_id("to-call")).to_have_attribute(
            "href", f"#/calls/{agent['spans'][talk]['call']}"
        )
        await page.keyboard.press("End")
        await page.keyboard.press("Home")
        await expect(looked).to_contain_text("Not ready")
        for _ in range(talk):
            await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(f"#/calls/{agent['spans'][talk]['call']}$"))
        await page.go_back()
        lunch_s = agent["totals"]["not_ready_by_reason"]["lunch"] // 1000
        totals = page.get_by_test_id(f"totals-{agent['agent']}")
        await expect(totals).to_contain_text(f"Lunch {lunch_s // 60}:{lunch_s % 60:02}")
        await page.get_by_test_id("lane-a3").hover()
        await expect(looked).to_contain_text(AGENTS["a3"].name)
        await expect(page.get_by_test_id("lane-a3").locator("title")).to_have_text(re.compile(r"\d\d:\d\d:\d\d–"))
        assert floor.worked


async def test_one_goes_from_day_to_day_by_keyboard_and_not_beyond_what_is_known() -> None:
    async with looking_back(refused=404) as (floor, page):
        floor.clock += 8 * 3_600_000
        await page.reload()
        await expect(page.get_by_test_id("day")).to_have_value((TODAY + timedelta(days=1)).isoformat())
        await expect(page.get_by_test_id("next")).to_be_disabled()
        await page.get_by_test_id("previous").focus()
        await page.keyboard.press("PageUp")
        await expect(page.get_by_test_id("day")).to_have_value(TODAY.isoformat())
        await expect(page).to_have_url(re.compile(f"#/days/{TODAY}$"))
        await expect(page.get_by_test_id("previous")).to_be_disabled()
        await page.get_by_test_id("day").focus()
        await page.keyboard.press("PageDown")
        await expect(page).to_have_url(re.compile("#/days/?$"))
        await page.goto(f"{floor.console.url}/#/days/2020-02-02")
        await expect(page.get_by_test_id("problem")).to_contain_text("the journal begins on")
        await page.get_by_test_id("today").click()
        await expect(page.get_by_test_id("day-table")).to_be_visible()


async def test_the_files_are_saved_under_their_names(tmp_path: Path) -> None:
    async with looking_back() as (_, page):
        for part in ("intervals", "agents", "calls"):
            async with page.expect_download() as loading:
                await page.get_by_test_id(f"csv-{part}").click()
            file = await loading.value
            assert file.suggested_filename == f"callfloor-{part}-{TODAY}.csv"
            await file.save_as(tmp_path / part)
            with (tmp_path / part).open(encoding="utf-8-sig", newline="") as opened:
                assert len([*csv.DictReader(opened)]) >= 1


async def test_nobody_but_supervisors_has_the_view() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await expect(page.get_by_test_id("nav-calls")).to_be_visible()
        await expect(page.get_by_test_id("nav-days")).to_have_count(0)
        await page.goto(f"{floor.console.url}/#/days")
        await expect(page).to_have_url(re.compile("#/agent$"))


async def test_times_are_those_of_the_floors_clock_wherever_the_browser_is() -> None:
    async with working_floor() as floor, open_page(floor) as page:
        assert page.context.browser is not None
        away = await page.context.browser.new_context(timezone_id="America/New_York")
        other = await away.new_page()
        await other.goto(floor.console.url)
        await sign_in(other, "sue")
        await other.get_by_test_id("nav-days").click()
        await expect(other.get_by_test_id("interval-06:00")).to_be_visible()
        first = other.get_by_test_id("day-table").get_by_role("row").nth(2)
        await expect(first).to_contain_text("06:00")
        await away.close()


async def test_the_list_of_calls_goes_on_among_calls_of_one_millisecond_and_is_narrowed_by_filters() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        floor.rows = [CallRow(f"d{number:03}", START) for number in range(120)]
        await sign_in(page, "sue")
        await page.get_by_test_id("nav-calls").click()
        rows = page.locator("tr.link")
        await expect(rows).to_have_count(50)
        await page.get_by_test_id("more").click()
        await expect(rows).to_have_count(100)
        await page.get_by_test_id("more").click()
        await expect(rows).to_have_count(120)
        await expect(page.get_by_test_id("more")).to_have_count(0)
        await page.get_by_test_id("filter-queue").select_option("help")
        await page.get_by_test_id("filter-agent").select_option("a2")
        await page.get_by_test_id("filter-outcome").select_option("abandoned")
        async with page.expect_response(re.compile(f"day={TODAY}")):
            await page.get_by_test_id("filter-day").fill(TODAY.isoformat())
        query = floor.queries[-1]
        assert (query.queue, query.agent, query.outcome, query.day) == ("help", "a2", "abandoned", TODAY)
        await picture(page, "calls-filters")
