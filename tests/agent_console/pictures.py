"""Pictures of every view, in both languages, light and dark, 1280 and 1920 wide: `make screenshots`. Does I/O."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Page

from tests.agent_console.tour import tour

LANGUAGES = {"en-US": "en", "zh-CN": "zh"}
WIDTHS = (1280, 1920)


async def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language, short in LANGUAGES.items():

        async def look(page: Page, name: str, short: str = short) -> None:
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 800 * width // 1280})
                for scheme in ("light", "dark"):
                    await page.emulate_media(color_scheme=scheme)
                    path = folder / f"{name}-{short}-{scheme}-{width}.jpg"
                    await page.screenshot(path=path, type="jpeg", quality=60, animations="disabled")

        await tour(language, look)


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
