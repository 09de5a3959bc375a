"""The supervisor's floor in a real browser: each act by hand, the day's figures by the formula that is chosen."""

from __future__ import annotations

from playwright.async_api import Page, expect

from acd import vocabulary as say
from agent_console.callers import Interval, QueueToday, Today
from agent_console.settings import User
from tests.agent_console.floor import HASH, PASSWORD, START, Floor, open_floor
from tests.agent_console.test_page import open_page, pytestmark  # noqa: F401 - needs Chromium as well
from tests.live import browser


async def act(page: Page, row: str, *names: str) -> None:
    """Opens the row's menu and chooses, one after the other."""
    await page.get_by_test_id(row).get_by_test_id("acts").click()
    for name in names:
        await page.get_by_test_id(f"act-{name}").press("Enter")


async def open_boss(page: Page) -> None:
    await browser.sign_in(page, "sue", PASSWORD)
    await expect(page.get_by_test_id("agent-a1")).to_be_visible()
    # The charts above the agents come a moment later, and may move what is about to be clicked.
    await expect(page.get_by_test_id("day-chart").locator("canvas")).to_be_visible()
    await expect(page.get_by_test_id("state-chart").locator("canvas")).to_be_visible()


async def test_a_supervisor_sets_an_agent_ready_and_not_ready_and_logs_them_out() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await open_boss(page)
        state = page.get_by_test_id("agent-a1").get_by_test_id("state")
        await act(page, "agent-a1", "ready")
        await expect(state).to_have_text("Ready")
        await act(page, "agent-a1", "not-ready")
        await expect(state).to_have_text("Not ready · by a supervisor")
        await act(page, "agent-a1", "log-out", "log-out-sure")
        await expect(state).to_have_text("Logged off")
        assert say.AgentLoggedOut("a1", by="sue") in floor.lines[-1].facts


async def test_a_waiting_call_is_put_first_moved_and_pulled() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await floor.tell(say.LogIn(floor.clock, "a2", "PJSIP/1002"))
        await floor.call_comes("c1", queue="sales")
        await open_boss(page)
        await act(page, "live-c1", "priority", "priority-10")
        await act(page, "live-c1", "move", "move-help")
        await expect(page.get_by_test_id("queue-help").get_by_test_id("waiting")).to_have_text("1")
        assert floor.acd.state.calls["c1"].priority == 10
        await floor.tell(say.GoReady(floor.clock, "a1"))  # serves sales only
        await act(page, "live-c1", "pull", "pull-a1")
        await expect(page.get_by_test_id("agent-a1").get_by_test_id("state")).to_have_text("Ringing")


async def test_a_queue_is_closed_and_opened_by_keyboard_alone() -> None:
    async with open_floor() as floor, open_page(floor, "zh-CN") as page:
        await open_boss(page)
        menu = page.get_by_test_id("queue-help").get_by_test_id("acts")
        await menu.press("Enter")
        await expect(page.get_by_test_id("act-close")).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_test_id("act-close-sure")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("queue-help")).to_contain_text("已关闭")
        await menu.press("Enter")
        await expect(page.get_by_test_id("act-open")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("queue-help")).not_to_contain_text("已关闭")
        assert floor.acd.state.queues["help"].open


async def test_skills_are_written_as_one_line() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await open_boss(page)
        await act(page, "agent-a1", "skills")
        await page.get_by_test_id("skills").fill("zh 0")
        await page.get_by_test_id("save-skills").click()
        await expect(page.get_by_test_id("skills-problem")).to_be_visible()
        await page.get_by_test_id("skills").fill("zh 3, billing")
        await page.get_by_test_id("save-skills").click()
        await expect(page.get_by_test_id("skills-dialog")).to_have_count(0)
        assert floor.acd.state.agents["a1"].skills == {"zh": 3, "billing": 1}
        await act(page, "agent-a1", "skills")
        await expect(page.get_by_test_id("skills")).to_have_value("zh 3, billing 1")


async def test_a_supervisor_listens_joins_and_stops() -> None:
    async with open_floor() as floor:
        floor.users["sue"] = User(password_hash=HASH, role="supervisor", phone="PJSIP/1009")
        async with open_page(floor) as page:
            await talk(floor)
            await open_boss(page)
            await act(page, "agent-a1", "listen")
            monitor = page.get_by_test_id("agent-a1").get_by_test_id("monitor")
            await expect(monitor).to_have_text("sue listens")
            await floor.tell(say.OfferAnswered(floor.clock, floor.acd.state.last_offer, "m"))
            await act(page, "agent-a1", "barge")
            await expect(monitor).to_have_text("sue has joined")
            await act(page, "agent-a1", "stop")
            await expect(monitor).to_have_count(0)


async def talk(floor: Floor) -> None:
    await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
    await floor.tell(say.GoReady(floor.clock, "a1"))
    await floor.call_comes("c1", queue="sales")
    await floor.answer()


async def test_the_service_level_is_shown_by_the_formula_that_is_chosen_and_the_choice_is_kept() -> None:
    levels: dict[str, float | None] = {"over_offered": 0.5, "over_answered": 0.8}
    figures = QueueToday("sales", 10, 7, 3, levels, 0.3, 8_000, 180_000, 0.75, [Interval(START, 10, 7, 3)], [])
    async with open_floor() as floor, open_page(floor) as page:
        floor.figures = Today(START, 900_000, [figures], START)
        await open_boss(page)
        row = page.get_by_test_id("today-sales")
        await expect(row.get_by_test_id("level")).to_have_text("50%")
        await expect(row).to_contain_text("3 (30%)")
        await expect(row).to_contain_text("3:00")
        await page.get_by_test_id("formula").select_option("over_answered")
        await expect(row.get_by_test_id("level")).to_have_text("80%")
        await expect(page.get_by_test_id("definition")).to_contain_text("Asterisk's SL")
        await page.reload()
        await expect(row.get_by_test_id("level")).to_have_text("80%")
