"""Finding calls and customers, and calling them, in a real browser; the agent's own day."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from acd import vocabulary as say
from acd.vocabulary import RoutingRules
from tests.agent_console.floor import AGENTS, QUEUES, Floor, open_floor
from tests.agent_console.test_page import go_ready, open_page, picture, sign_in

pytestmark = pytest.mark.browser


async def dials_out(floor: Floor) -> None:
    await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS, RoutingRules(dials_out="pbx1")))


def placed(floor: Floor) -> list[str]:
    facts = [fact for line in floor.lines for fact in line.facts]
    return [fact.number for fact in facts if isinstance(fact, say.CallPlaced)]


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_an_agent_dials_a_number_and_sees_the_own_day(language: str) -> None:
    async with open_floor() as floor, open_page(floor, language) as page:
        await dials_out(floor)
        floor.measured = ["sales", "help"]
        await sign_in(page, "ann")
        await go_ready(page)
        await expect(page.get_by_test_id("day-calls")).to_have_text("12")
        await expect(page.get_by_test_id("own-sales").get_by_test_id("own-level")).to_have_text("93%")
        await expect(page.get_by_test_id("own-help")).to_have_count(0)  # not hers
        assert floor.days[-1][0] == "a1"
        await picture(page, f"idle-{language}")
        dial = page.get_by_test_id("dial")
        await page.get_by_test_id("dial-number").fill("call me")
        await expect(dial).to_be_disabled()
        await page.get_by_test_id("dial-number").fill("+86 (10) 6532-1234")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("offer")).to_be_visible()
        assert placed(floor) == ["+861065321234"]


async def test_a_customer_is_found_and_called_and_so_is_who_was_missed() -> None:
    async with open_floor() as floor, open_page(floor, dark=True) as page:
        await dials_out(floor)
        await sign_in(page, "ann")
        await go_ready(page)
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("customer-words").fill("Mei-ling")
        await page.keyboard.press("Enter")
        await picture(page, "customers-found")
        await page.get_by_test_id("call-customer").press("Enter")
        await expect(page.get_by_test_id("offer")).to_be_visible()  # the view of the own call has come forward
        await floor.tell(say.OfferUnanswered(floor.clock, floor.acd.state.last_offer, "no answer"))

        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("missed").press("Space")
        await expect(page.get_by_test_id("dial-c0")).to_be_enabled()
        assert (floor.queries[-1].missed, floor.queries[-1].agent) == (True, "a1")
        await page.get_by_test_id("dial-c0").press("Enter")
        await expect(page.get_by_test_id("offer")).to_be_visible()
        assert placed(floor) == ["+886912345678", "+886912345678"]


@pytest.mark.parametrize(
    ("asked", "number", "words"),
    [
        ("0912 345", "0912 345", ""),
        ("invoice May", "", "invoice May"),
        ("+886", "+886", ""),
        ("7 Main St", "", "7 Main St"),
    ],
)
async def test_digits_are_a_number_and_all_else_are_words(asked: str, number: str, words: str) -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "sue")
        await page.get_by_test_id("nav-calls").click()
        await expect(page.get_by_test_id("call-c0")).to_be_visible()
        heard = len(floor.queries)
        await page.get_by_test_id("number").fill(asked)
        async with page.expect_response("**/api/v1/calls?**"):
            await page.get_by_test_id("search").click()
        assert [(one.number, one.words, one.agent) for one in floor.queries[heard:]] == [(number, words, "")]
        await expect(page.get_by_test_id("dial-c0")).to_have_count(0)  # a supervisor without an agent dials nobody


async def test_who_talks_already_cannot_dial() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await dials_out(floor)
        await sign_in(page, "ann")
        await go_ready(page)
        await floor.call_comes()
        await floor.answer()
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("customer-words").fill("Mei-ling")
        await page.get_by_test_id("customer-find").click()
        await expect(page.get_by_test_id("call-customer")).to_be_disabled()
