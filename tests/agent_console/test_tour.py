"""Every view, in both languages, light and dark, narrow and wide: axe finds no violation, nothing is cut off, and every
word is translated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.agent_console.tour import tour

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "agent_console" / "page" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (1280, 1920)
UNTRANSLATED = re.compile(r"\b[a-z][A-Za-z]+\.[a-z][A-Za-z.]+\b")
"""As a missing key is shown: its own name."""


async def violations(page: Page) -> list[str]:
    """What axe has against this view: rule, and where."""
    found: list[dict[str, Any]] = await page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
async def test_every_view_is_accessible_fits_and_is_translated(language: str) -> None:
    axe = AXE.read_text()
    wrong: list[str] = []
    seen: list[str] = []

    async def look(page: Page, name: str) -> None:
        await page.evaluate(axe)
        seen.append(name)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            wrong.extend(f"{name}, {scheme}: {one}" for one in await violations(page))
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"{name}: wider than {width}")
        text = await page.inner_text("body")
        wrong.extend(f"{name}: {key} is no word" for key in UNTRANSLATED.findall(text))

    await tour(language, look)
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 5
