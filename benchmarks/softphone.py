"""The telephone in the page: from the switch's INVITE to the first sound. Real Asterisk, Chromium, SIPp callers. I/O.

The page answers by itself, so that no hand is measured. All moments are the page's own: the INVITE comes on its socket,
its 200 goes out, the media's connection stands (ICE and DTLS), the first packet of the caller's sound is there.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from tests.lab.asterisk import lab_folder, why_no_asterisk
from tests.lab.sipp import call
from tests.test_softphone import go_ready, open_desk

CALLS = 40

WATCH = """
window.marks = []
window.WebSocket = class extends WebSocket {
  constructor(...how) {
    super(...how)
    this.addEventListener("message", ({ data }) => {
      if (String(data).startsWith("INVITE ")) marks.push({ invited: performance.now() })
    })
  }
  send(data) {
    if (/^SIP\\/2.0 200/.test(data) && /CSeq: \\d+ INVITE/.test(data)) marks.at(-1).answered ??= performance.now()
    super.send(data)
  }
}
setInterval(async () => {
  const mark = marks.at(-1), connection = connections[marks.length - 1]
  if (!mark || !connection || (mark.sound && mark.connected)) return
  if (connection.connectionState === "connected") mark.connected ??= performance.now()
  for (const one of (await connection.getStats()).values())
    if (one.type === "inbound-rtp" && one.packetsReceived) mark.sound ??= performance.now()
}, 2)
"""
HEARD = "number => marks.length === number && Boolean(marks.at(-1).sound && marks.at(-1).connected)"


def run(screen: Console) -> None:
    if why := why_no_asterisk():
        screen.print(f"The telephone in the page: not on this machine; {why}")
        return
    load = os.getloadavg()[0]
    marks = asyncio.run(_measured())
    table = Table("ms", "median", "95 %", "max", title=f"{CALLS} calls to the page (load average {load:.1f})")
    for name, begin, end in (
        ("INVITE → 200", "invited", "answered"),
        ("200 → connected (ICE, DTLS)", "answered", "connected"),
        ("INVITE → first sound", "invited", "sound"),
    ):
        points = quantiles(found := [mark[end] - mark[begin] for mark in marks], n=100)
        table.add_row(name, *(f"{one:.0f}" for one in (points[49], points[94], max(found))))
    screen.print(table)


async def _measured() -> list[dict[str, float]]:
    speech = lab_folder().parent / "speech"
    with tempfile.TemporaryDirectory() as folder:
        async with open_desk(Path(folder), speech, 'softphone = "lab"\nauto_answer = true') as desk:
            await desk.page.add_init_script(WATCH)
            await desk.page.reload()
            await go_ready(desk)
            for number in range(1, CALLS + 1):
                async with call(desk.center.asterisk, "service", ani="2125550100", hz=440) as caller:
                    await desk.page.wait_for_function(HEARD, arg=number)
                    caller.hang_up()
                    await caller.until("hung up")
                await desk.page.get_by_test_id("idle").wait_for()
            marks: list[dict[str, float]] = await desk.page.evaluate("marks")
            return marks
