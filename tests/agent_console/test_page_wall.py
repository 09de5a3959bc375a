"""The wall in a real browser: what stands on it and what does not, which queues, on which screens, page by page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from acd.moves import Stage
from acd.vocabulary import AgentRules, QueueRules
from agent_console.callers import Interval, QueueToday, Today
from tests.agent_console.floor import PASSWORD, START, Floor, open_floor
from tests.agent_console.test_page import open_page, picture
from tests.agent_console.tour import PEOPLE, busy
from tests.live import browser

pytestmark = pytest.mark.browser

NAMES = ["Sales", "Technical help", "Lost and stolen cards", "Complaints", "贵宾专线", "Loans", "Insurance", "Invoices"]
CUT_OFF = """() => [...document.querySelectorAll('.tile, .tile dt, .tile dd, .wall-bar > *, .alarm')].flatMap((one) => {
  const [box, within] = [one.getBoundingClientRect(), (one.closest('.tile') ?? document.body).getBoundingClientRect()]
  const out = box.right > within.right + 1 || box.bottom > within.bottom + 1 || box.bottom > innerHeight + 1
  return out || one.scrollWidth > one.clientWidth + 2 && one.matches('dd') ? [one.textContent] : []
})"""
COVERED = """() => [...document.querySelectorAll('.tile-inside')].flatMap((one) => {
  const [name, waits, figures] = [...one.children].map((part) => part.getBoundingClientRect())
  const dd = one.querySelector('.tile-waits dd').getBoundingClientRect()
  return name.bottom > waits.top + 1 || dd.bottom > figures.top + 1 ? [one.textContent] : []
})"""


def day(queue: str, answered: int = 1_234) -> QueueToday:
    levels: dict[str, float | None] = {"over_offered": 0.84}
    intervals = [Interval(START, answered, answered, 0)]
    return QueueToday(queue, answered + 56, answered, 56, levels, 0.04, 8_000, 180_000, 0.75, intervals, [])


async def many_queues(floor: Floor, number: int) -> None:
    """In each queue somebody waits, for up to an hour."""
    queues = {f"q{one:02}": QueueRules(f"{NAMES[one % len(NAMES)]} {one}") for one in range(number)}
    await floor.tell(say.Configure(floor.clock, queues, {"a1": AgentRules("Ann", dict.fromkeys(queues, 1))}))
    for one, queue in enumerate(queues):
        await floor.call_comes(f"c{one}", f"+88691200{one:04}", queue)
        await floor.pass_ms(300_000)
    floor.figures = Today(START, 900_000, [day(queue) for queue in queues], START)


async def open_wall(page: Page, floor: Floor, query: str = "") -> None:
    await page.goto(f"{floor.console.url}/#/wall{query}")
    await browser.fill_in(page, "sue", PASSWORD)
    await expect(page.get_by_test_id("wall-clock")).to_be_visible()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_the_wall_shows_figures_and_nobodys_name_or_number(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language) as page:
        await busy(floor)
        floor.figures = Today(START, 900_000, [day("", 17), day("cards", 17)], START)
        await open_wall(page, floor)
        tile = page.get_by_test_id("wall-cards")
        waiting = [one for one in floor.acd.state.calls.values() if one.queue == "cards" and one.stage is Stage.QUEUED]
        await expect(tile.get_by_test_id("wall-waiting")).to_have_text(str(len(waiting)))
        await expect(tile.get_by_test_id("wall-answered")).to_have_text("17")
        await expect(tile.get_by_test_id("wall-level")).to_have_text("84%")
        await expect(page.get_by_test_id("wall-overall")).to_have_text("84%")
        await expect(page.get_by_test_id("wall-link")).to_contain_text("serial:line1")
        text = await page.inner_text("body")
        assert not [word for word in ["+886", "+86138", *PEOPLE.values()] if word in text]
        await picture(page, f"wall-{language}")


async def test_the_queues_are_chosen_and_the_address_keeps_the_choice() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await busy(floor)
        await open_wall(page, floor)
        await expect(page.locator(".tile")).to_have_count(3)
        await page.get_by_test_id("choose-queues").press("Enter")
        await page.get_by_test_id("choose-help").press("Space")
        await expect(page.locator(".tile")).to_have_count(2)
        await page.get_by_test_id("choose-cards").press("Space")
        await expect(page.get_by_test_id("choose-sales")).to_be_disabled()  # one is left
        assert page.url.endswith("#/wall?queues=sales")
        await page.reload()
        await expect(page.get_by_test_id("wall-sales")).to_be_visible()
        await expect(page.locator(".tile")).to_have_count(1)
        # Who signs in at that address is there as well.
        async with open_page(floor) as other:
            await open_wall(other, floor, "?queues=sales,gone")
            await expect(other.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize("number", [1, 2, 5, 12])
async def test_up_to_twelve_queues_fill_any_screen_without_scrolling(number: int) -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await many_queues(floor, number)
        await open_wall(page, floor)
        await floor.tell(say.LinkLost(floor.clock, "ami:pbx1", "the switch does not answer"))
        await floor.tell(say.LinkLost(floor.clock + 6_000, "serial:line1", "unplugged"))
        await expect(page.get_by_test_id("alarms")).to_be_visible()
        heights = []
        for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
            await page.set_viewport_size({"width": width, "height": height})
            await picture(page, f"wall-{number}-{width}")
            assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await page.evaluate(CUT_OFF) == []
            assert await page.evaluate(COVERED) == []
            heights.append(
                (await page.get_by_test_id("wall-waiting").first.bounding_box() or {"height": 0.0})["height"]
            )
        # As high on the screen, however many pixels it has: 5 cm of a screen of 70 cm are read from ten metres.
        assert heights[2] == pytest.approx(3 * heights[0], rel=0.1)
        assert heights[1] > 0.05 * 1080


async def test_more_queues_are_paged_in_turn_and_the_page_can_be_held() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await page.clock.install()
        await many_queues(floor, 14)
        await open_wall(page, floor)
        await expect(page.locator(".tile")).to_have_count(7)
        await expect(page.get_by_test_id("wall-q00")).to_be_visible()
        await page.clock.fast_forward(15_000)
        await expect(page.get_by_test_id("wall-q07")).to_be_visible()
        await page.get_by_test_id("wall-next").click()
        await expect(page.get_by_test_id("wall-page")).to_have_text("Page 1/2")
        await page.get_by_test_id("wall-pause").click()
        await page.clock.fast_forward(20_000)
        await expect(page.get_by_test_id("wall-q00")).to_be_visible()


async def test_without_a_connection_the_wall_says_so_and_fades() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await open_wall(page, floor)
        await expect(page.locator(".wall.stale")).to_have_count(0)
        await page.context.set_offline(offline=True)
        await floor.console.stop()
        await expect(page.get_by_test_id("link-state")).to_have_text("Reconnecting…")
        await expect(page.locator(".wall.stale")).to_have_count(1)


async def test_a_screen_of_its_own_is_signed_in_as_a_wall_and_has_nothing_else() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await floor.call_comes("c1", "+886912345678", queue="sales")
        floor.figures = Today(START, 900_000, [day("sales", 17)], START)
        await page.goto(f"{floor.console.url}/#/floor")
        await browser.fill_in(page, "screen", PASSWORD)
        tile = page.get_by_test_id("wall-sales")
        await expect(tile.get_by_test_id("wall-waiting")).to_have_text("1")
        await expect(tile.get_by_test_id("wall-answered")).to_have_text("17")
        await expect(page.get_by_test_id("wall-leave")).to_have_count(0)
        await expect(tile.get_by_test_id("wall-level")).to_have_text("84%")
        await page.get_by_test_id("formula").select_option("over_answered")
        await expect(tile.get_by_test_id("wall-level")).to_have_text("–")
        await page.get_by_test_id("limits").click()
        await expect(page.get_by_test_id("limits-dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await picture(page, "wall-alone")
        for view in ("floor", "calls", "account", "agent"):
            await page.goto(f"{floor.console.url}/#/{view}")
            await expect(tile).to_be_visible()
        await page.get_by_test_id("sign-out").click()
        await expect(page.get_by_test_id("user")).to_be_visible()
