"""A tour of every view of the page while something is going on on the floor: for eyes, axe and pictures. Does I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from acd import vocabulary as say
from acd.vocabulary import AgentRules, QueueRules
from agent_console.callers import Today as Figures
from callfloor.local_day import bounds, date_of
from callfloor.today import Today
from tests.agent_console.floor import PASSWORD, Floor, open_floor
from tests.agent_console.working_day import working_day
from tests.live import browser

Look = Callable[[Page, str], Awaitable[None]]
"""(page, name of the view): whatever is to be done with each view."""

PEOPLE = {
    "a1": "Wang Li",
    "a2": "Zhang Wei",
    "a3": "Liu Yang",
    "a4": "Chen Jie",
    "a5": "Yang Min",
    "a6": "Zhao Lei",
    "a7": "Huang Xin",
    "a8": "Zhou Tao",
}
QUEUES = {
    "sales": QueueRules("Sales", wrap_up_ms=60_000, record="always"),
    "help": QueueRules("Technical help", wrap_up_ms=30_000),
    "cards": QueueRules("Lost cards", service_level_ms=10_000),
}
AGENTS = {
    agent: AgentRules(name, {"sales": 1, "help": 2} if number % 2 == 0 else {"help": 1, "cards": 1})
    for number, (agent, name) in enumerate(PEOPLE.items())
}


async def busy(floor: Floor) -> None:
    """Some talk, some wait, one is away, one link is down."""
    await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS))
    await floor.tell(say.LinkRestored(floor.clock, "ami:pbx1"))
    await floor.tell(say.LinkLost(floor.clock, "serial:line1", "unplugged"))
    for number, agent in enumerate([*PEOPLE][2:]):
        await floor.tell(say.LogIn(floor.clock, agent, f"PJSIP/10{number:02}"))
        if agent != "a8":
            await floor.tell(say.GoReady(floor.clock, agent))
    await floor.tell(say.GoNotReady(floor.clock, "a8", "lunch"))
    for number, queue in enumerate(["sales", "help", "cards", "sales", "help", "cards", "cards", "sales"]):
        known = number == 7  # the one whom Ann will talk to
        await floor.call_comes(f"c{number}", "+886912345678" if known else f"+86138000010{number:02}", queue)
        await floor.pass_ms(7_000)
        for agent in PEOPLE:
            if number < 5 and floor.acd.state.agents[agent].offer:
                await floor.answer(agent)


def so_far(now: int) -> Figures:
    """The figures of a day that has gone on for hours."""
    today = Today()
    for line in working_day(now - 500 * 60_000, 600, QUEUES, AGENTS):
        if line.input.at <= now:
            today.see(line)
    return today.figures(now)


async def tour(language: str, look: Look) -> None:
    """Through all views in this language, `look` at each."""
    async with open_floor() as floor:
        await floor.open_case("7", "Replacement card", "The new one has not come.", "c0", "bob")
        await busy(floor)
        async with browser.open_page(floor.console.url, language) as page:
            await expect(page.get_by_test_id("user")).to_be_visible()
            await look(page, "sign-in")
            await browser.sign_in(page, "ann", PASSWORD)
            await _a_call(floor, page, look)
        floor.figures = so_far(floor.clock)
        async with browser.open_page(floor.console.url, language) as page:
            await browser.sign_in(page, "sue", PASSWORD)
            await expect(page.get_by_test_id("agent-a8")).to_be_visible()
            await look(page, "floor")
            await page.get_by_test_id("nav-wall").click()
            await expect(page.get_by_test_id("wall-cards")).to_be_visible()
            await look(page, "wall")
            await page.get_by_test_id("wall-leave").click()
            await page.get_by_test_id("nav-calls").click()
            await expect(page.get_by_test_id("call-c0")).to_be_visible()
            await look(page, "records")
            await page.get_by_test_id("call-c0").click()
            await expect(page.get_by_test_id("stays")).to_be_visible()
            await look(page, "call")
            floor.worked = working_day(bounds(date_of(floor.clock))[0] + 6 * 3_600_000, 600, QUEUES, AGENTS)
            await page.get_by_test_id("nav-days").click()
            await expect(page.get_by_test_id("lane-a1")).to_be_visible()
            await look(page, "days")
        async with browser.open_page(floor.console.url, language) as page:
            await browser.sign_in(page, "root", PASSWORD)
            await page.get_by_test_id("nav-admin").click()
            await _settings(page, look)
            await page.get_by_test_id("me").click()
            await expect(page.get_by_test_id("audit-entry").first).to_be_visible()
            await look(page, "account")


async def _settings(page: Page, look: Look) -> None:
    for tab in ("queues", "agents", "users", "ivr.hotlines"):
        await page.get_by_test_id(f"tab-{tab}").click()
        await page.locator(".settings-list .entry").first.click()
        await expect(page.get_by_test_id("settings-editor")).to_be_visible()
        await look(page, f"settings-{tab}")
    await page.get_by_test_id("tab-history").click()
    await expect(page.get_by_test_id("tab-history")).to_have_attribute("data-state", "active")
    await look(page, "settings-history")


async def _a_call(floor: Floor, page: Page, look: Look) -> None:
    await expect(page.get_by_test_id("idle")).to_be_visible()
    await look(page, "agent-not-ready")
    await expect(page.get_by_test_id("not-ready")).to_be_enabled()
    await page.get_by_test_id("ready").click()
    await expect(page.get_by_test_id("offer")).to_be_visible()  # somebody waits for this
    await look(page, "agent-offer")
    await floor.answer("a1")
    await expect(page.get_by_test_id("customer")).to_be_visible()
    await floor.pass_ms(65_000)
    await look(page, "agent-talk")
    await page.get_by_test_id("pass-on").click()
    await expect(page.get_by_test_id("to-kind")).to_be_focused()
    await look(page, "agent-transfer")
    await page.get_by_test_id("hang-up").click()
    await floor.tell(say.AgentGone(floor.clock, floor.acd.state.agents["a1"].offer))
    await expect(page.get_by_test_id("end-wrap-up")).to_be_visible()
    await look(page, "agent-wrap-up")
