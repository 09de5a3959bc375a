"""An agent's work with a caller, in a real browser: notes that survive, dispositions by keyboard, wrap-up."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from tests.agent_console.floor import AGENTS, QUEUES, Floor, open_floor
from tests.agent_console.test_page import go_ready, open_page, picture, sign_in

pytestmark = pytest.mark.browser

REQUIRED = {**QUEUES, "sales": msgspec.structs.replace(QUEUES["sales"], disposition_required=True)}
SAVED = {"en-US": ("Saved", "Required before wrap-up can end"), "zh-CN": ("已保存", "结束话后处理前必须选择")}


async def talking(floor: Floor, page: Page, user: str = "ann") -> None:
    await sign_in(page, user)
    await go_ready(page)
    await floor.call_comes()
    await floor.answer()
    await expect(page.get_by_test_id("note")).to_be_visible()


@pytest.mark.parametrize("language", SAVED)
async def test_an_agent_notes_disposes_and_ends_wrap_up_by_keyboard(language: str) -> None:
    saved, required = SAVED[language]
    async with open_floor() as floor, open_page(floor, language, dark=language == "zh-CN") as page:
        await floor.tell(say.Configure(floor.clock, REQUIRED, AGENTS))
        await talking(floor, page)
        await page.get_by_test_id("note").focus()
        await page.keyboard.type("Wants the invoice of May.")
        await expect(page.get_by_test_id("note-state")).to_have_text(saved)
        await picture(page, f"talking-{language}")
        await floor.tell(say.AgentGone(floor.clock, 1))

        await expect(page.get_by_test_id("disposition-none")).to_have_text(required)
        await expect(page.get_by_test_id("note")).to_have_value("Wants the invoice of May.")
        await page.get_by_test_id("end-wrap-up").press("Enter")
        await expect(page.get_by_test_id("disposition-filter")).to_be_focused()
        await expect(page.get_by_role("alert")).to_have_text(required)
        await picture(page, f"wrap-up-{language}")
        await page.get_by_test_id("extend-wrap-up").press("Enter")
        await expect(page.get_by_test_id("refusal")).to_have_count(0)

        await page.get_by_test_id("disposition-filter").focus()
        await page.keyboard.type("sale ag")
        await expect(page.get_by_test_id("dispositions").get_by_role("option")).to_have_count(1)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("disposition")).to_have_text("sale › again")
        await picture(page, f"disposed-{language}")
        await page.get_by_test_id("note").press("End")
        await page.keyboard.type(" Told so.")
        await page.get_by_test_id("end-wrap-up").press("Enter")
        await expect(page.get_by_test_id("idle")).to_be_visible()
        facts = [fact for line in floor.lines for fact in line.facts]
        notes = [fact for fact in facts if isinstance(fact, say.NoteWritten)]
        assert notes[-1] == say.NoteWritten("c1", "a1", "Wants the invoice of May. Told so.")
        assert say.CallDisposed("c1", "a1", "sale/again") in facts
        assert any(isinstance(fact, say.WrapUpExtended) for fact in facts)
        assert facts[-1] == say.WrapUpEnded("a1", "c1")


async def test_what_was_typed_and_not_saved_survives_the_tab() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await talking(floor, page)
        floor.writable.clear()  # nothing can be saved
        await page.get_by_test_id("note").press_sequentially("The tab dies in the middle of a wo")
        await page.goto("about:blank")  # without a word of farewell
        floor.writable.set()
        await page.goto(floor.console.url)
        await expect(page.get_by_test_id("note")).to_have_value("The tab dies in the middle of a wo")
        await expect(page.get_by_test_id("note-state")).to_have_text("Saved")
        assert floor.acd.state.calls["c1"].notes == {"a1": "The tab dies in the middle of a wo"}
        assert await page.evaluate("Object.keys(localStorage).filter((key) => key.includes('note'))") == []
        await page.reload()
        await expect(page.get_by_test_id("note")).to_have_value("The tab dies in the middle of a wo")


async def test_a_note_waits_for_a_link_that_is_lost() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await talking(floor, page)
        await page.context.set_offline(True)
        for screen in [*floor.console._hub._screens]:
            screen.close(1012, "the network is gone")
        await expect(page.get_by_test_id("link-state")).to_have_text("Reconnecting…")
        await page.get_by_test_id("note").fill("typed while the link was down")
        await expect(page.get_by_test_id("note-state")).to_contain_text("not saved yet")
        await page.context.set_offline(False)
        await expect(page.get_by_test_id("note-state")).to_have_text("Saved")
        assert floor.acd.state.calls["c1"].notes == {"a1": "typed while the link was down"}


async def test_the_notes_so_far_are_on_the_screen_of_who_gets_the_call() -> None:
    hostile = "<img src=x onerror=alert(1)> \u202eתודה\n👩‍👩‍👧 second line"
    async with open_floor() as floor, open_page(floor) as ann, open_page(floor) as bob:
        await sign_in(bob, "bob")
        await go_ready(bob)
        await talking(floor, ann)
        await ann.get_by_test_id("note").fill(hostile)
        await expect(ann.get_by_test_id("note-state")).to_have_text("Saved")
        await floor.tell(say.TransferCall(floor.clock, "a1", "c1", say.Target("agent", "a2")))
        await floor.answer("a2")
        notes = bob.get_by_test_id("earlier-notes")
        await expect(notes.locator("p")).to_have_text(hostile)
        await expect(notes).to_contain_text("Ann noted")
        assert await bob.locator("main img").count() == 0
        await expect(bob.get_by_test_id("note")).to_have_value("")
        await picture(bob, "notes-followed")
        await bob.get_by_test_id("note").fill("Bob's own")
        await expect(bob.get_by_test_id("note-state")).to_have_text("Saved")
        await expect(ann.get_by_test_id("earlier-notes")).to_have_count(0)


@pytest.mark.parametrize("language", SAVED)
async def test_an_agent_agrees_on_a_callback_by_keyboard_and_takes_it_back(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language) as page:
        await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS, say.RoutingRules(dials_out="pbx1")))
        await talking(floor, page)
        await page.get_by_test_id("agree-callback").press("Enter")
        await expect(page.get_by_test_id("callback-when")).to_be_focused()
        await expect(page.get_by_test_id("callback-number")).to_have_value("+886912345678")
        await page.get_by_test_id("callback-own").press("Space")
        await picture(page, f"callback-form-{language}")
        await page.get_by_test_id("callback-schedule").press("Enter")
        await expect(page.get_by_test_id("callback-agreed")).to_contain_text("1")
        [scheduled] = floor.acd.state.scheduled.values()
        assert (scheduled.number, scheduled.own) == ("+886912345678", True)
        assert 3_600_000 <= scheduled.due_at - floor.clock <= 7_200_000
        await expect(page.get_by_test_id("callbacks").get_by_role("listitem")).to_have_count(1)
        await picture(page, f"callbacks-{language}")
        await page.get_by_test_id("cancel-callback").press("Enter")
        await expect(page.get_by_test_id("callbacks")).to_have_count(0)
        assert floor.acd.state.scheduled == {}
