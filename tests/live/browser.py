"""The console's page in a real Chromium (Debian's), driven by Playwright. Does I/O."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)


@asynccontextmanager
async def open_page(
    url: str, language: str = "en-US", *, dark: bool = False, refused: int = 401
) -> AsyncIterator[Page]:
    """A browser of its own at `url`; at the end, the page must have complained of nothing but what the story is about:
    answers with the status `refused`, and a network that it has taken away."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = await browser.new_page(
            locale=language, viewport={"width": 1180, "height": 860}, color_scheme="dark" if dark else "light"
        )
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(url)
        try:
            yield page
        finally:
            await browser.close()
        # Beside these a browser may complain of our own 401 to "who am I?" before the sign-in, and of nothing else.
        expected = rf"\b(401|{refused}|ERR_INTERNET_DISCONNECTED)\b"
        assert [problem for problem in problems if not re.search(expected, problem)] == []


async def sign_in(page: Page, user: str, password: str) -> None:
    await fill_in(page, user, password)
    await expect(page.get_by_test_id("me")).to_have_text(user)


async def fill_in(page: Page, user: str, password: str) -> None:
    """Signs in, wherever that leads."""
    await page.get_by_test_id("user").fill(user)
    await page.get_by_test_id("password").fill(password)
    await page.keyboard.press("Enter")
