"""`callfloor demo` as a newcomer runs it: it tells how to sign in, a person takes a call, Ctrl-C ends it cleanly."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import pytest

from callfloor.demo import PASSWORD, YOU
from tests.live.screen import screen


@pytest.mark.timeout(240)
async def test_a_person_takes_a_call_in_the_demo(tmp_path: Path) -> None:
    arguments = ["demo", "--folder", str(tmp_path / "demo"), "--port", "0", "--speed", "10"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callfloor", *arguments, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        line = (await asyncio.wait_for(process.stderr.readline(), 120)).decode()
        found = re.match(r"The web page: (http://127\.0\.0\.1:\d+) - sign in as 'you' .* password 'callfloor'", line)
        assert found, line
        async with screen(found[1], YOU, PASSWORD) as you:
            assert (await you.ask("go_ready"))["ok"]
            pop = await you.message("pop")
            assert pop["record"]["queue"] in ("service", "sales")
            assert pop["record"]["ani"]
            await you.ask("hang_up", call=pop["call"])
            await you.fact("WrapUpStarted", call=pop["call"])
            assert (await you.ask("end_wrap_up"))["ok"]
            async with asyncio.timeout(30):  # the database follows the journal a moment later, and tells nobody
                while pop["call"] not in (await you.rest.get("/api/v1/calls")).text:
                    pass
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        assert "Traceback" not in (await process.stderr.read()).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
