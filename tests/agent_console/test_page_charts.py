"""The floor's charts in a real browser: changed in place, the same as their tables, in the colours of the screen."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from agent_console.callers import Interval, QueueToday, Today
from tests.agent_console.floor import PASSWORD, START, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.agent_console.tour import busy
from tests.live import browser

pytestmark = pytest.mark.browser

QUARTER = 900_000
INK = """(name) => {
  const drawn = document.querySelector(`[data-testid=${name}] canvas`)
  const copy = new OffscreenCanvas(drawn.width, drawn.height).getContext('2d', { willReadFrequently: true })
  copy.drawImage(drawn, 0, 0)
  const { data } = copy.getImageData(0, 0, drawn.width, drawn.height)
  const found = {}
  for (let at = 0; at < data.length; at += 4) {
    const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`
    found[colour] = (found[colour] ?? 0) + 1
  }
  return found
}"""
"""How many pixels of a chart there are of each colour."""
ANSWERED = {"light": "36,87,214", "dark": "126,162,255"}
"""The colour of its bars."""


def day(queue: str, *answered: int) -> QueueToday:
    levels: dict[str, float | None] = {"over_answered": 0.9, "over_offered": 0.8}
    intervals = [Interval(START - QUARTER, 0, 0, 0)] + [
        Interval(START + QUARTER * at, number + 2, number, 2, [0.9, None, None, 0.5 + 0.02 * at, None, None])
        for at, number in enumerate(answered)
    ]
    return QueueToday(queue, 0, sum(answered), 2, levels, 0.1, 8_000, 180_000, 0.75, intervals, [])


async def until_drawn(page: Page, chart: str, scheme: str, other_than: int = 0) -> int:
    """Until another number of pixels have the colour of the answered and the talking; how many there are then."""
    script = f"([name, colour, before]) => {{ const n = ({INK})(name)[colour]; return n > 500 && n !== before && n }}"
    drawn = await page.wait_for_function(script, arg=[chart, ANSWERED[scheme], other_than])
    return int(await drawn.json_value())


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_the_day_grows_in_place_and_its_table_says_the_same(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language) as page:
        await page.set_viewport_size({"width": 1280, "height": 900})
        await busy(floor)
        quarters = [9, 14, 11, 18, 16]
        floor.figures = Today(START - QUARTER, QUARTER, [day("", *quarters)], START)
        await browser.sign_in(page, "sue", PASSWORD)
        chart, table = page.get_by_test_id("day-chart"), page.get_by_test_id("day-table")
        await chart.locator("canvas").evaluate("(canvas) => { canvas.marked = true }")
        await expect(table.locator("tbody tr")).to_have_count(5)  # from the first call on
        before = await until_drawn(page, "day-chart", "light")
        floor.figures = Today(START - QUARTER, QUARTER, [day("", *quarters, 30)], START)
        await expect(table.locator("tbody tr")).to_have_count(6)
        await expect(table.locator("tbody tr").last).to_contain_text("32")
        await until_drawn(page, "day-chart", "light", before)
        assert await chart.locator("canvas").evaluate("(canvas) => canvas.marked"), "it was drawn anew"
        # The service level is the one by the chosen formula.
        await expect(table.locator("tbody tr").last).to_contain_text("60%")
        await page.get_by_test_id("formula").select_option("over_answered")
        await expect(table.locator("tbody tr").last).to_contain_text("90%")
        await page.evaluate("window.scrollTo(0, 500)")
        await picture(page, f"charts-{language}")


async def test_who_waits_is_a_curve_whose_end_follows_the_calls_and_all_queues_have_a_sum() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        waited = [0] * 40 + [3] * 20
        sales = msgspec.structs.replace(day("sales", 9), waiting=waited)
        everything = msgspec.structs.replace(day("", 13), waiting=[one + 1 for one in waited])
        floor.figures = Today(START - QUARTER, QUARTER, [everything, sales, day("help", 4)], START)
        await floor.call_comes("c1", queue="help")
        await browser.sign_in(page, "sue", PASSWORD)
        chart, rows = page.get_by_test_id("waiting-chart"), page.get_by_test_id("waiting-table").locator("tbody tr")
        await expect(chart).to_contain_text("All queues")
        await expect(page.get_by_test_id("today-all")).to_contain_text("All queues80%")
        await expect(rows).to_have_count(7)
        await expect(rows.nth(5).locator("td").last).to_have_text("4")
        await expect(rows.last).to_have_text("now1")
        await chart.locator("canvas").evaluate("(canvas) => { canvas.marked = true }")
        before = await until_drawn(page, "waiting-chart", "light")
        await floor.call_comes("c2", queue="sales")
        await expect(rows.last).to_have_text("now2")
        await page.get_by_test_id("day-queue").select_option("sales")
        await expect(rows.nth(5).locator("td").last).to_have_text("3")
        await expect(rows.last).to_have_text("now1")
        await until_drawn(page, "waiting-chart", "light", before)
        assert await chart.locator("canvas").evaluate("(canvas) => canvas.marked"), "it was drawn anew"
        await page.evaluate("window.scrollTo(0, 500)")
        await picture(page, "charts-waiting")


async def test_the_states_of_agents_follow_them() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await browser.sign_in(page, "sue", PASSWORD)
        row = page.get_by_test_id("state-table").locator("tbody tr").first
        await expect(row).to_have_text("Sales000000")
        await page.get_by_test_id("state-chart").locator("canvas").evaluate("(canvas) => { canvas.marked = true }")
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await expect(row).to_have_text("Sales100000")
        await floor.call_comes("c1", queue="sales")
        await floor.answer()
        await expect(row).to_have_text("Sales010000")
        await until_drawn(page, "state-chart", "light")
        assert await page.get_by_test_id("state-chart").locator("canvas").evaluate("(canvas) => canvas.marked")
        # In the dark the colours are others, without a reload.
        await page.emulate_media(color_scheme="dark")
        await until_drawn(page, "state-chart", "dark")
        await page.evaluate("window.scrollTo(0, 500)")
        await picture(page, "charts-dark")
