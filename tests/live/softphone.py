"""An agent's page whose browser has a microphone that sings, and an ear for what comes out of the telephone in it."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.live.browser import ARGS, CHROMIUM

PATIENCE_S = 30
RATE = 48_000

KEEP_CONNECTIONS = """
window.connections = []
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) { super(...how); window.connections.push(this) }
}
window.sockets = []
window.WebSocket = class extends WebSocket {
  constructor(...how) { super(...how); window.sockets.push(this) }
}
localStorage.setItem("callfloor.sound", JSON.stringify({ processing: false }))
"""
"""The browser's noise suppression would make nothing of a tone."""

PEAK = """async () => {
  const connection = window.connections.at(-1)
  const track = connection?.getReceivers()[0]?.track
  if (!track) return 0
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 8192
  analyser.smoothingTimeConstant = 0
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
  await new Promise((resolve) => setTimeout(resolve, 400))
  const heard = new Float32Array(analyser.frequencyBinCount)
  analyser.getFloatFrequencyData(heard)
  const best = heard.indexOf(Math.max(...heard))
  const hz = heard[best] > -60 ? Math.round((best * context.sampleRate) / analyser.fftSize) : 0
  await context.close()
  return hz
}"""
"""The loudest tone that comes in, in hertz; 0 for silence."""

STATISTICS = """async () => {
  const found = {}
  for (const one of (await window.connections.at(-1).getStats()).values()) found[one.type] = one
  return found
}"""


def sing(path: Path, hz: int) -> Path:
    """A second of a tone, which the browser repeats."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        samples = (round(10_000 * math.sin(2 * math.pi * hz * n / RATE)) for n in range(RATE))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


@asynccontextmanager
async def browser_with_microphone(folder: Path, hz: int) -> AsyncIterator[Browser]:
    microphone = sing(folder / f"microphone-{hz}.wav", hz)
    arguments = [
        *ARGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


async def open_softphone(browser: Browser, url: str, language: str = "en-US") -> Page:
    context = await browser.new_context(locale=language, viewport={"width": 1180, "height": 860})
    page = await context.new_page()
    await page.add_init_script(KEEP_CONNECTIONS)
    await page.goto(url)
    return page


async def hears(page: Page, hz: int) -> None:
    """Until this tone comes out of the telephone in the page, within 15 Hz; 0 is silence."""
    peaks: list[int] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not peaks or abs(peaks[-1] - hz) > 15:
                peaks.append(await page.evaluate(PEAK))
    except TimeoutError:
        raise AssertionError(f"not {hz} Hz in {PATIENCE_S} s, but {peaks}") from None
