"""The page in a real Chromium: how soon it is there, and from the answer of a call to the record in the DOM. I/O.

The ACD and the console are real and run in this process; what the switch's own link adds is in `benchmarks.ami`.
*Answer* is the moment at which the ACD is told of it, *record* the one at which the customer's name stands in the DOM,
both by the machine's clock.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import time
from statistics import median, quantiles

from playwright.async_api import Page, async_playwright
from rich.console import Console
from rich.table import Table

from acd import vocabulary as say
from agent_console.server import PAGE
from agent_console.settings import WebSettings
from tests.agent_console.floor import PASSWORD, Floor, open_floor
from tests.agent_console.test_page import go_ready
from tests.live import browser

CALLS = 200
VISITS = 10

WATCH = """
    window.seen = {}
    new MutationObserver(() => {
      const pop = document.querySelector("[data-testid=pop]")
      const call = pop?.dataset.call
      if (call && !(call in seen) && pop.querySelector("[data-testid=customer]"))
        seen[call] = performance.timeOrigin + performance.now()
    }).observe(document.body, { subtree: true, childList: true, attributes: true })
"""


def run(screen: Console) -> None:
    load = os.getloadavg()[0]
    pops, paints = asyncio.run(_measured())
    points = quantiles(pops, n=100)
    table = Table("", "", title=f"The page in Chromium (load average {load:.1f})")
    figures = " / ".join(f"{one:.1f}" for one in (points[49], points[94], points[98], max(pops)))
    table.add_row(f"answer → record in the DOM, {CALLS} calls: median / 95 % / 99 % / max", f"{figures} ms")
    table.add_row(f"first contentful paint, {VISITS} visits: min / median / max", _spread(paints))
    for name, (whole, packed) in _sizes().items():
        table.add_row(name, f"{whole / 1e3:,.0f} kB, {packed / 1e3:,.0f} kB by gzip")
    screen.print(table)


async def _measured() -> tuple[list[float], list[float]]:
    async with open_floor(WebSettings(port=0, requests_per_second=10_000)) as floor:
        async with browser.open_page(floor.console.url) as page:
            pops = await _pops(floor, page)
        return pops, [await _paint(floor.console.url) for _ in range(VISITS)]


async def _pops(floor: Floor, page: Page) -> list[float]:
    await browser.sign_in(page, "ann", PASSWORD)
    await page.evaluate(WATCH)
    await go_ready(page)
    found = []
    for number in range(CALLS):
        call = f"c{number}"
        await floor.call_comes(call)
        await page.get_by_test_id("offer").wait_for()
        begun = time.time()
        await floor.answer()
        await page.wait_for_function("call => call in seen", arg=call)
        found.append(await page.evaluate("call => seen[call]", call) - begun * 1000)
        await floor.tell(say.AgentGone(floor.clock, floor.acd.state.agents["a1"].offer))
        await floor.tell(say.EndWrapUp(floor.clock, "a1"))
        await page.get_by_test_id("idle").wait_for()
    return found


async def _paint(url: str) -> float:
    """Milliseconds from the navigation, in a browser that has seen nothing yet."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.ARGS)
        page = await chromium.new_page()
        await page.goto(url)
        await page.get_by_test_id("user").wait_for()
        paint: float = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        await chromium.close()
        return paint


def _sizes() -> dict[str, tuple[int, int]]:
    """What the first visit loads, and all that there is."""
    index = (PAGE / "index.html").read_text()
    first = [PAGE / name.lstrip("/") for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', index)]
    everything = [*(PAGE / "assets").iterdir()]
    sizes = {}
    for what, files in (("loaded at first", first), ("all of the page", everything)):
        contents = [file.read_bytes() for file in files]
        sizes[what] = (sum(map(len, contents)), sum(len(gzip.compress(content)) for content in contents))
    return sizes


def _spread(found: list[float]) -> str:
    return f"{min(found):.0f} / {median(found):.0f} / {max(found):.0f} ms"
