"""The built page as a target: nothing in it needs inline script or style, whatever a caller is called stays text, and a
wrong clock misleads nobody. In a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
import pytest
from playwright.async_api import Page, expect

from acd import vocabulary as say
from agent_console.callers import Caller, Customer
from agent_console.server import PAGE
from tests.agent_console.floor import PASSWORD, START, Floor, open_floor
from tests.agent_console.test_page import go_ready
from tests.live import browser

WATCH = """
    window.violations = []
    document.addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective))
"""
HOUR = 3_600_000


class HostileFloor(Floor):
    """Its callers have the names that callers should not have."""

    name = ""

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        return Caller([Customer("7", self.name, {self.name: self.name})], [])


def test_the_built_page_has_no_inline_script_or_style() -> None:
    text = (PAGE / "index.html").read_text()
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text)


def test_no_source_of_the_page_writes_html() -> None:
    sources = [path for path in (PAGE.parent / "src").rglob("*") if path.suffix in (".ts", ".vue")]
    assert sources
    for path in sources:
        found = re.findall(
            r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function|\beval\(", path.read_text()
        )
        assert not found, f"{path}: {found}"


@pytest.mark.parametrize("path", ["/", "/assets/none.js", "/api/v1/me", "/api/v1/none", "/healthz", "/metrics"])
async def test_every_answer_carries_the_policy(path: str) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as client:
        policy = (await client.get(path)).headers["content-security-policy"]
        rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";") if rule.strip())}
        assert rules["default-src"] == ["'none'"]
        assert rules["frame-ancestors"] == ["'none'"]
        for name, sources in rules.items():
            assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(sources), name


@pytest.mark.browser
@pytest.mark.parametrize("user", ["ann", "sue", "root"])
async def test_no_view_breaks_the_policy_and_the_policy_holds(user: str) -> None:
    async with open_floor() as floor, browser.open_page(floor.console.url) as page:
        await page.add_init_script(WATCH)
        await page.reload()
        await browser.sign_in(page, user, PASSWORD)
        await floor.tell(say.LogIn(floor.clock, "a1"))
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.call_comes()
        await floor.answer()
        views: Sequence[str] = await page.locator("[data-testid^=nav-]").evaluate_all(
            "links => links.map(link => link.dataset.testid)"
        )
        for view in views:  # by address: the wall has no navigation
            await page.goto(f"{floor.console.url}/#/{view.removeprefix('nav-')}")
            await expect(page.locator("main")).to_be_visible()
        assert await page.evaluate("violations") == []


INLINE = """
    const script = document.createElement("script")
    script.textContent = "window.ran = 1"
    document.body.append(script)
    document.body.setAttribute("onclick", "window.ran = 1")
    document.body.click()
"""


async def break_the_policy(floor: Floor, seen: list[str | None]) -> None:
    async with browser.open_page(floor.console.url) as page:
        await page.add_init_script(WATCH)
        await page.reload()
        await page.evaluate(INLINE)
        seen += [await page.evaluate("window.ran"), *await page.evaluate("violations")]


@pytest.mark.browser
async def test_an_inline_script_is_not_run_and_is_reported() -> None:
    """That nothing was reported above means something."""
    async with open_floor() as floor:
        seen: list[str | None] = []
        with pytest.raises(AssertionError):  # the browser complains, as it should
            await break_the_policy(floor, seen)
        assert seen == [None, "script-src-elem", "script-src-attr"]


NAMES = {
    "markup": "<img src=x onerror=window.ran=1><script>window.ran=1</script>",
    "template": "{{ window.ran = 1 }} ${window.ran = 1} @:nav.floor {name} | %s",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈 陳美玲",
    "right to left": "\u202emoc.live\u202c שלום مرحبا",
    "without an end": "W" * 5_000,
}


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_whatever_a_caller_is_called_is_shown_as_text(
    name: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.agent_console.floor.Floor", HostileFloor)
    monkeypatch.setattr(HostileFloor, "name", name)
    async with open_floor() as floor, browser.open_page(floor.console.url, language) as page:
        await browser.sign_in(page, "ann", PASSWORD)
        await go_ready(page)
        await floor.call_comes(ani=name[:200])
        await floor.answer()
        await expect(page.get_by_test_id("pop").get_by_test_id("customer")).to_contain_text(name)
        await expect(page.get_by_test_id("pop").get_by_test_id("caller")).to_have_text(name[:200])
        assert await page.evaluate("window.ran") is None
        assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


async def wrap_up_timer(page: Page, floor: Floor, off_ms: int) -> str:
    await page.clock.install(time=(START + off_ms) / 1000)
    await page.reload()
    await browser.sign_in(page, "ann", PASSWORD)
    await expect(page.get_by_test_id("end-wrap-up")).to_be_visible()
    return " ".join(await page.locator("time").all_text_contents())


@pytest.mark.browser
@pytest.mark.parametrize("off_h", [-30, -5, 0, 5, 30])
async def test_a_clock_that_is_wrong_by_hours_shows_the_same_times(off_h: int) -> None:
    async with open_floor() as floor, browser.open_page(floor.console.url) as page:
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.call_comes()
        await floor.answer()
        await floor.tell(say.AgentGone(floor.clock, 1))
        floor.clock += 10_000
        shown = await wrap_up_timer(page, floor, off_h * HOUR)
        found = [int(m) * 60 + int(s) for m, s in re.findall(r"\b(\d+):(\d\d)\b", shown)]
        assert found, shown
        assert not re.search(r"\d+:\d\d:\d\d", shown), shown
        assert all(seconds <= 60 for seconds in found), shown
