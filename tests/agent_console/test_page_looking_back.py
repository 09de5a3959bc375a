"""Looking back in a real browser: a call's story as a time line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import expect

from acd import vocabulary as say
from records.call_records import Kind
from tests.agent_console.floor import open_floor
from tests.agent_console.test_looking_back import record
from tests.agent_console.test_page import open_page, picture, sign_in

pytestmark = pytest.mark.browser

WORDS = Path(__file__).parents[2] / "agent_console" / "page" / "src" / "words"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_fact_and_every_stay_has_a_word(language: str) -> None:
    text = (WORDS / f"{language}.ts").read_text()
    story = text.partition("\n  story: {")[2].partition("\n  },")[0]
    stays, facts = (story.partition(f"    {part}: {{")[2].partition("    },")[0] for part in ("stays", "facts"))
    assert {json.loads(f'"{name}"') for name in re.findall(r'^ +"?([\w-]+)"?: ', stays, re.MULTILINE)} == {
        *get_args(Kind)
    }
    assert {*re.findall(r"^ +(\w+): ", facts, re.MULTILINE)} == {fact.__name__ for fact in get_args(say.AnyFact)}


async def test_a_supervisor_goes_from_the_list_to_a_story_and_back_by_keyboard() -> None:
    async with open_floor() as floor, open_page(floor) as page:
        await sign_in(page, "sue")
        await page.get_by_test_id("nav-calls").click()
        await page.get_by_test_id("call-c0").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("line-CallBegan")).to_contain_text("The call arrived.")
        assert page.url.endswith("#/calls/c0")
        offered = page.get_by_test_id("line-CallOffered")
        await expect(offered).to_contain_text("Offered · Ann")
        await expect(offered.get_by_text("wrapping up: Bob (c7)")).to_be_hidden()
        await offered.get_by_text("Why").focus()
        await page.keyboard.press("Enter")
        await expect(offered.get_by_text("wrapping up: Bob (c7)")).to_be_visible()
        await expect(page.get_by_test_id("nav-calls")).to_have_attribute("aria-current", "page")
        await page.get_by_test_id("to-calls").click()
        await expect(page.get_by_test_id("call-c0")).to_be_visible()


async def test_a_recording_plays_beside_the_story_and_a_line_leads_to_its_place(tmp_path: Path) -> None:
    record(tmp_path)
    async with open_floor() as floor, open_page(floor) as page:
        floor.recorded = tmp_path
        await sign_in(page, "sue")
        parts: list[int] = []
        page.on("response", lambda answer: parts.append(answer.status) if "/recordings/" in answer.url else None)
        await page.goto(f"{floor.console.url}/#/calls/c0")
        player = page.get_by_test_id("player-c0-1")
        await expect(player).to_contain_text("0:00 / 0:04")
        await expect(player.get_by_test_id("silences")).to_contain_text("0:02–0:03")
        await player.get_by_test_id("play").click()
        await expect(player.get_by_test_id("play")).to_have_text("Pause")
        await expect(player).to_contain_text("0:01 / 0:04")
        for side in ("agent", "other"):
            assert await page.get_by_test_id(f"audio-{side}").evaluate(
                "audio => audio.currentTime > 0.5 && !audio.muted"
            )
        await player.get_by_test_id("side").select_option("other")
        await expect(page.get_by_test_id("audio-agent")).to_have_js_property("muted", value=True)
        await page.get_by_test_id("line-RecordingResumed").get_by_role("button").click()
        await expect(player).to_contain_text("0:03 / 0:04")
        await expect(page.get_by_test_id("line-RecordingResumed")).to_have_class(re.compile("now"))
        await expect(page.get_by_test_id("line-CallBegan").get_by_role("button")).to_have_count(0)
        await player.get_by_test_id("position").focus()
        await page.keyboard.press("Home")
        await expect(page.get_by_test_id("line-CallConnected")).not_to_have_class(re.compile("now"))
        assert 206 in parts
        await picture(page, "recording")


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_a_link_leads_to_a_story(tmp_path: Path, language: str) -> None:
    async with open_floor() as floor, open_page(floor, language, dark=language == "en-US") as page:
        record(tmp_path)
        floor.recorded = tmp_path
        await sign_in(page, "sue")
        await page.goto(f"{floor.console.url}/#/calls/c0")
        await expect(page.get_by_test_id("stays").get_by_role("row")).to_have_count(8)
        await picture(page, f"call-{language}")
