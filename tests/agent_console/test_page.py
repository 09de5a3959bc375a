"""The web page in a real browser: a call from the agent's chair in both languages, the floor from the supervisor's."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from acd.vocabulary import CallbackRules, QueueRules
from tests.agent_console.floor import AGENTS, PASSWORD, QUEUES, Floor, open_floor
from tests.live import browser

pytestmark = pytest.mark.browser


async def sign_in(page: Page, user: str) -> None:
    await browser.sign_in(page, user, PASSWORD)


async def go_ready(page: Page) -> None:
    """Not before the page knows that its agent is logged in: until then the button logs in."""
    await expect(page.get_by_test_id("not-ready")).to_be_enabled()
    await page.get_by_test_id("ready").click()
    await expect(page.get_by_test_id("ready")).to_be_disabled()


def open_page(floor: Floor, language: str = "en-US", *, dark: bool = False) -> AbstractAsyncContextManager[Page]:
    return browser.open_page(floor.console.url, language, dark=dark)


async def picture(page: Page, name: str) -> None:
    """Kept for a person to look at, where CALLFLOOR_PICTURES names a folder."""
    if folder := os.environ.get("CALLFLOOR_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


WORDS = {
    "en-US": ("Ready", "Incoming call", "Talking", "Wrap-up", "Free"),
    "zh-CN": ("就绪", "来电", "通话中", "话后处理", "空闲"),
}


@pytest.mark.parametrize("language", WORDS)
async def test_an_agent_takes_a_call(language: str) -> None:
    ready, incoming, talking, wrap_up, free = WORDS[language]
    async with open_floor() as floor, open_page(floor, language) as page:
        await picture(page, f"sign-in-{language}")
        await sign_in(page, "ann")
        await go_ready(page)
        await expect(page.get_by_test_id("presence")).to_have_text(ready)
        await picture(page, f"ready-{language}")

        await floor.call_comes(ani="+886912345678")
        offer = page.get_by_test_id("offer")
        await expect(offer).to_contain_text(incoming)
        await expect(offer.get_by_test_id("caller")).to_have_text("+886912345678")
        await expect(offer.get_by_test_id("caller-queue")).to_have_text("Sales")
        await expect(offer.get_by_test_id("earlier-calls")).to_have_count(0)
        await picture(page, f"offer-{language}")

        await floor.answer()
        pop = page.get_by_test_id("pop")
        await expect(pop.get_by_test_id("customer")).to_contain_text("Chen Mei-ling <b>")
        await expect(page.get_by_test_id("line")).to_have_text(talking)
        await expect(pop.get_by_test_id("earlier-calls")).to_contain_text("1:01")
        await picture(page, f"pop-{language}")

        await page.get_by_test_id("hang-up").click()
        await floor.tell(say.AgentGone(floor.clock, 1))
        await expect(page.get_by_test_id("line")).to_have_text(wrap_up)
        await picture(page, f"wrap-up-{language}")
        await page.get_by_test_id("end-wrap-up").click()
        await expect(page.get_by_test_id("line")).to_have_text(free)
        await expect(page.get_by_test_id("pop")).to_have_count(0)


async def test_a_rejected_offer_leaves_no_caller_on_the_screen() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await go_ready(page)
        await floor.call_comes()
        await page.get_by_test_id("reject").click()
        await expect(page.get_by_test_id("idle")).to_be_visible()
        await expect(page.get_by_test_id("caller")).to_have_count(0)
        await page.get_by_test_id("language").click()
        await expect(page.get_by_test_id("link-state")).to_have_text("已连接")


async def test_a_supervisor_watches_the_floor_and_reads_a_story() -> None:
    async with open_floor() as floor, open_page(floor, dark=True) as page:
        await floor.tell(say.LogIn(floor.clock, "a1"))
        await floor.tell(say.LinkLost(floor.clock, "serial:line1", "unplugged"))
        await floor.tell(say.LinkRestored(floor.clock, "ami:pbx1"))
        await sign_in(page, "sue")
        await floor.call_comes("c1")
        await floor.call_comes("c2")
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("2")
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.answer()
        await expect(page.get_by_test_id("agent-a1").get_by_test_id("state")).to_have_text("Talking")
        await expect(page.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("1")
        await expect(page.get_by_test_id("link-serial:line1")).to_contain_text("down")
        await picture(page, "floor")
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("number").fill("0912")
        await page.get_by_test_id("search").click()
        await page.get_by_test_id("call-c0").click()
        await expect(page.get_by_test_id("story")).to_contain_text("c0")
        await expect(page.get_by_test_id("line-CallBegan")).to_contain_text("The call arrived.")
        assert floor.queries[-1].number == "0912"
        await picture(page, "records")


async def test_a_page_comes_back_by_itself_and_has_missed_nothing() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await go_ready(page)
        await expect(page.get_by_test_id("presence")).to_have_text("Ready")
        await page.context.set_offline(True)
        await page.evaluate("dispatchEvent(new Event('offline'))")
        for screen in [*floor.console._hub._screens]:
            screen.close(1012, "the network is gone")
        await expect(page.get_by_test_id("link-state")).to_have_text("Reconnecting…")
        await floor.call_comes()
        await page.context.set_offline(False)
        await expect(page.get_by_test_id("link-state")).to_have_text("Connected")
        await expect(page.get_by_test_id("offer").get_by_test_id("caller")).to_have_text("+886912345678")


async def test_the_same_agent_on_a_second_screen_is_told_on_the_first() -> None:
    async with open_floor() as floor, open_page(floor) as first, open_page(floor) as second:
        await sign_in(first, "ann")
        await sign_in(second, "ann")
        await expect(first.get_by_test_id("taken-over")).to_be_visible()
        await expect(second.get_by_test_id("idle")).to_be_visible()


PASSING_ON = {
    "en-US": ("On hold", "Talking", "Bob: no answer yet", "Talking to Bob", "A colleague asks you"),
    "zh-CN": ("保持中", "通话中", "Bob：尚未接听", "正在与Bob通话", "同事就此通话向您咨询"),
}


RECORDED = {
    "en-US": ("This talk is recorded", "Recording is paused: silence is kept"),
    "zh-CN": ("正在录音", "录音已暂停，保留静音"),
}


@pytest.mark.parametrize("language", RECORDED)
async def test_an_agent_sees_that_a_talk_is_recorded_and_pauses_it(language: str) -> None:
    on, paused = RECORDED[language]
    async with open_floor() as floor, open_page(floor, language) as page:
        await sign_in(page, "ann")
        await go_ready(page)
        await floor.call_comes("c1")
        await floor.answer()
        recording, button = page.get_by_test_id("recording"), page.get_by_test_id("pause-recording")
        await expect(page.get_by_test_id("hold")).to_be_visible()
        await expect(recording).to_have_count(0)
        await floor.tell(say.RecordCall(floor.clock, "a1", "c1"))
        await expect(recording).to_have_text(on)
        await button.press("Enter")
        await expect(recording).to_have_text(paused)
        await picture(page, f"recording-paused-{language}")
        await floor.tell(say.RecordingFailed(floor.clock, 1, paused=True, why="refused"))
        await expect(recording).to_have_text(on)
        await floor.tell(say.AgentGone(floor.clock, 1))
        await expect(recording).to_have_count(0)


@pytest.mark.parametrize("language", PASSING_ON)
async def test_an_agent_holds_consults_and_hands_the_caller_over_by_keyboard(language: str) -> None:
    held, talking, asking, asked, consulted = PASSING_ON[language]
    async with open_floor() as floor, open_page(floor, language) as ann, open_page(floor, language) as bob:
        for page, user in ((ann, "ann"), (bob, "bob")):
            await sign_in(page, user)
            await go_ready(page)
        await floor.call_comes()
        await floor.answer()

        hold, state = ann.get_by_test_id("hold"), ann.get_by_test_id("call-state")
        await hold.press("Enter")
        await expect(state).to_have_text(held)
        await expect(ann.get_by_test_id("caller")).to_have_text("+886912345678")
        await hold.press("Enter")
        await expect(state).to_have_text(talking)

        await ann.get_by_test_id("pass-on").press("Enter")
        await expect(ann.get_by_test_id("to-kind")).to_be_focused()
        await expect(ann.get_by_test_id("to").locator("option")).to_have_count(2)
        await picture(ann, f"transfer-form-{language}")
        await ann.keyboard.press("Tab")
        await ann.keyboard.type("Bob")
        await ann.keyboard.press("Tab")
        await ann.keyboard.press("Enter")
        await expect(ann.get_by_test_id("consult")).to_contain_text(asking)
        await expect(ann.get_by_test_id("complete")).to_be_disabled()
        await expect(state).to_have_text(held)

        await floor.answer("a2")
        await expect(ann.get_by_test_id("consult")).to_contain_text(asked)
        await expect(bob.get_by_test_id("consulted")).to_contain_text(consulted)
        await expect(bob.get_by_test_id("hold")).to_have_count(0)
        await expect(bob.get_by_test_id("caller")).to_have_text("+886912345678")
        await picture(ann, f"consult-{language}")
        await ann.get_by_test_id("complete").press("Enter")

        await expect(ann.get_by_test_id("end-wrap-up")).to_be_visible()
        await expect(ann.get_by_test_id("caller")).to_have_text("+886912345678")
        await expect(bob.get_by_test_id("consulted")).to_have_count(0)
        await expect(bob.get_by_test_id("pop")).to_have_attribute("data-call", "c1")
        await bob.get_by_test_id("hold").press("Enter")
        await expect(bob.get_by_test_id("call-state")).to_have_text(held)
        await expect(bob.get_by_test_id("customer")).to_contain_text("Chen Mei-ling")


async def test_an_agent_joins_or_goes_back_to_the_caller_and_transfers_at_once() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "ann")
        await go_ready(page)
        await floor.call_comes()
        await floor.answer()
        await page.get_by_test_id("pass-on").click()
        await page.get_by_test_id("to-kind").select_option("number")
        await page.get_by_test_id("to").fill("help desk")
        await page.get_by_test_id("consult-first").click()
        await expect(page.get_by_test_id("refusal")).to_contain_text("expected a number")
        await page.get_by_test_id("to").fill("+861065321234")
        await page.get_by_test_id("consult-first").click()
        await expect(page.get_by_test_id("consult")).to_contain_text("+861065321234: no answer yet")
        await expect(page.get_by_test_id("refusal")).to_have_count(0)
        await page.get_by_test_id("back").click()
        await expect(page.get_by_test_id("call-state")).to_have_text("Talking")
        await expect(page.get_by_test_id("transfer-form")).to_have_count(0)

        await page.get_by_test_id("pass-on").click()
        await page.get_by_test_id("to-kind").select_option("number")
        await page.get_by_test_id("to").fill("+861065321234")
        await page.get_by_test_id("consult-first").click()
        await expect(page.get_by_test_id("consult")).to_be_visible()
        number = floor.acd.state.last_offer
        await floor.tell(say.OfferAnswered(floor.clock, number, "trunk"))
        await page.get_by_test_id("join").click()
        await expect(page.get_by_test_id("call-state")).to_have_text("Talking")
        await expect(page.get_by_test_id("consult")).to_have_count(0)
        assert len(floor.acd.state.calls["c1"].offers) == 2
        await floor.tell(say.AgentGone(floor.clock, number))

        await page.get_by_test_id("pass-on").click()
        await page.get_by_test_id("to-kind").select_option("queue")
        await page.get_by_test_id("to").select_option("help")
        await page.get_by_test_id("transfer-now").click()
        await expect(page.get_by_test_id("end-wrap-up")).to_be_visible()
        assert floor.acd.state.calls["c1"].queue == "help"


LOST = {
    "en-US": ("The switch cannot reach your telephone.", "telephone not reachable"),
    "zh-CN": ("交换机无法连接您的话机。", "话机无法连接"),
}


@pytest.mark.parametrize("language", LOST)
async def test_an_agent_whose_telephone_is_gone_and_the_supervisor_see_why_no_calls_come(language: str) -> None:
    to_agent, to_supervisor = LOST[language]
    async with open_floor() as floor, open_page(floor, language) as ann, open_page(floor, language) as sue:
        await sign_in(ann, "ann")
        await go_ready(ann)
        await sign_in(sue, "sue")
        row = sue.get_by_test_id("agent-a1")
        await expect(row.get_by_test_id("unreachable")).to_have_count(0)

        await floor.tell(say.PhoneState(floor.clock, "PJSIP/1001", reachable=False, why="unregistered"))
        await expect(ann.get_by_test_id("unreachable")).to_contain_text(to_agent)
        await expect(row.get_by_test_id("unreachable")).to_have_text(to_supervisor)
        await floor.call_comes()
        await expect(sue.get_by_test_id("queue-sales").get_by_test_id("waiting")).to_have_text("1")
        await expect(ann.get_by_test_id("offer")).to_have_count(0)
        await picture(ann, f"unreachable-{language}")
        await picture(sue, f"unreachable-floor-{language}")

        await floor.tell(say.PhoneState(floor.clock, "PJSIP/1001", reachable=True))
        await expect(ann.get_by_test_id("offer")).to_be_visible()
        await expect(ann.get_by_test_id("unreachable")).to_have_count(0)
        await expect(row.get_by_test_id("unreachable")).to_have_count(0)


async def test_an_agent_who_rests_or_is_kept_for_a_callback_sees_so() -> None:
    rules = QueueRules("Sales", on_no_answer="rest", callback=CallbackRules())
    async with open_floor() as floor, open_page(floor) as page:
        await floor.tell(say.Configure(floor.clock, {**QUEUES, "sales": rules}, AGENTS))
        await sign_in(page, "ann")
        await go_ready(page)
        await floor.call_comes()
        await floor.tell(say.OfferUnanswered(floor.clock, 1, "no answer"))
        await expect(page.get_by_test_id("line")).to_have_text("Resting")
        await expect(page.get_by_test_id("idle")).to_contain_text("The next one can come in")
        await floor.tell(say.LeaveQueue(floor.clock, "c1", "callback"))
        await floor.pass_ms(10_000)
        await expect(page.get_by_test_id("line")).to_have_text("Reserved")
        await expect(page.get_by_test_id("idle")).to_contain_text("is being called back for you")
