"""Hold, consultation, conference, transfers and callbacks on a real Asterisk, with sound; `callfloor serve` as run."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.rtp import Voice
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.screen import Screen
from tests.live.system import System, serve
from tests.test_first_call import (
    CallCenter,
    asks_to_be_called_back,
    call_row,
    callfloor,
    link_is_up,
    open_center,
    signed_in,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

CALLER, DESK1, DESK2, OUTSIDE = 440, 700, 900, 1100
"""What each of them sings, in hertz."""

NUMBER = "01055667788"


@pytest.fixture
async def center(tmp_path: Path, speech: Path) -> AsyncIterator[CallCenter]:
    async with open_center(tmp_path, speech) as opened:
        yield opened


@contextlib.asynccontextmanager
async def talking(center: CallCenter) -> AsyncIterator[tuple[System, Phone, Screen, Screen, Screen, str]]:
    """a1 talks to a caller; a2 is ready. Gives the caller, the screens of boss, a1 and a2, and the call."""
    async with serve(center.config) as system, signed_in(system, "boss", "a1", "a2") as (boss, a1, a2):
        await link_is_up(boss)
        await granted(a1, "go_ready")
        async with call(center.asterisk, "service", ani="2125550100", hz=CALLER) as caller:
            await caller.until("answered")
            connected = await boss.fact("CallConnected", agent="a1")
            await granted(a2, "go_ready")
            await hear_each_other(caller, center.desk1)
            yield system, caller, boss, a1, a2, connected["call"]


async def granted(who: Screen, do: str, **more: Any) -> None:
    answer = await who.ask(do, **more)
    assert answer["ok"], answer


def agent(to: str) -> dict[str, str]:
    return {"kind": "agent", "to": to}


HZ = {"caller": CALLER, "one": DESK1, "two": DESK2, "outside": OUTSIDE}


async def hear_each_other(*phones: Phone) -> None:
    """Each hears each of the others: two by their tones alone, three by the tones of the other two."""
    for phone in phones:
        tones = [HZ[other.name] for other in phones if other is not phone]
        await (phone.voice.hear(tones[0]) if len(tones) == 1 else phone.voice.hear_all(*tones))


async def music(voice: Voice) -> None:
    await voice.hear_other_than(DESK1, DESK2)


async def test_on_hold_the_caller_hears_music_and_the_agent_nothing(center: CallCenter) -> None:
    async with talking(center) as (_, caller, boss, a1, _, name):
        await granted(a1, "hold", call=name)
        await music(caller.voice)
        await center.desk1.voice.hear_silence()
        await granted(a1, "resume", call=name)
        await hear_each_other(caller, center.desk1)
        await granted(a1, "hold", call=name)
        await music(caller.voice)
        caller.hang_up()
        await center.desk1.until("gone")
        ended = await boss.fact("CallEnded", call=name)
        assert (ended["by"], ended["agent"]) == ("caller", "a1")
        assert not boss.seen("MusicMissing")
        assert not boss.seen("BridgeMissing")


async def test_a_colleague_is_asked_joins_the_talk_and_stays_with_the_caller(center: CallCenter) -> None:
    async with talking(center) as (_, caller, boss, a1, a2, name):
        await granted(a1, "consult", call=name, to=agent("a2"))
        consult = await a2.fact("CallOffered", agent="a2")
        await center.desk1.voice.hear(425)  # it rings there
        await center.desk2.until("answered")
        await hear_each_other(center.desk1, center.desk2)
        await music(caller.voice)
        assert (await a2.message("pop", call=consult["call"]))["record"]["ani"] == "2125550100"
        await granted(a1, "join", call=name)
        await hear_each_other(caller, center.desk1, center.desk2)
        assert (await a2.message("pop", call=name))["record"]["ani"] == "2125550100"
        await granted(a1, "hang_up", call=name)
        await center.desk1.until("gone")
        await hear_each_other(caller, center.desk2)
        await granted(a2, "hold", call=name)  # out of the conference, and back again
        await music(caller.voice)
        await granted(a2, "resume", call=name)
        await hear_each_other(caller, center.desk2)
        caller.hang_up()
        await center.desk2.until("gone")
        await boss.fact("WrapUpStarted", agent="a2", call=name)
        assert not boss.seen("BridgeMissing")
    story = await callfloor("explain", name, "--config", str(center.config))
    assert "consult" in story


async def test_an_attended_transfer_and_a_consultation_that_is_given_up(center: CallCenter) -> None:
    async with talking(center) as (_, caller, boss, a1, a2, name):
        await granted(a1, "consult", call=name, to=agent("a2"))
        await center.desk2.until("answered")
        await hear_each_other(center.desk1, center.desk2)
        await granted(a1, "resume", call=name)
        await center.desk2.until("gone")
        await hear_each_other(caller, center.desk1)
        await granted(a1, "consult", call=name, to=agent("a2"))
        await center.desk2.until("answered")
        await hear_each_other(center.desk1, center.desk2)
        await granted(a1, "transfer", call=name)
        await center.desk1.until("gone")
        await hear_each_other(caller, center.desk2)
        await boss.fact("AgentLeft", call=name, agent="a1")
        await granted(a2, "hang_up", call=name)
        await caller.until("gone")
        assert (await boss.fact("CallEnded", call=name))["agent"] == "a2"


async def test_a_blind_transfer_keeps_the_caller_and_brings_the_record_along(center: CallCenter) -> None:
    async with talking(center) as (_, caller, boss, a1, a2, name):
        await granted(a1, "transfer", call=name, to=agent("a2"))
        await center.desk1.until("gone")
        await center.desk2.until("answered")
        await hear_each_other(caller, center.desk2)
        assert (await a2.message("pop", call=name))["record"]["ani"] == "2125550100"
        await boss.fact("CallTransferred", call=name, agent="a1")
        caller.hang_up()
        await center.desk2.until("gone")
        assert (await call_row(center, name))["agent"] == "a2"


async def test_a_transfer_to_a_number_outside_and_one_that_fails(tmp_path: Path, speech: Path) -> None:
    async with (
        agent_phone("outside", answer_ms=300, hz=OUTSIDE) as outside,
        open_center(tmp_path, speech, outside=outside) as center,
        talking(center) as (_, caller, boss, a1, _, name),
    ):
        await granted(a1, "consult", call=name, to={"kind": "number", "to": NUMBER})
        await outside.until("answered")
        await hear_each_other(center.desk1, outside)
        await granted(a1, "resume", call=name)
        await outside.until("gone")
        await granted(a1, "transfer", call=name, to={"kind": "number", "to": NUMBER})
        await center.desk1.until("gone")
        await outside.until("answered")
        await hear_each_other(caller, outside)
        outside.hang_up()
        await caller.until("gone")
        ended = await boss.fact("CallEnded", call=name)
        assert (ended["by"], ended.get("agent", "")) == ("agent", "")


CALLED_BACK = """
[queues.service.callback]
lead_ms = 0
ring_ms = 15000
tries = 2
retry_ms = 1000
"""


async def test_a_caller_is_called_back_in_turn_and_tried_again(tmp_path: Path, speech: Path) -> None:
    async with (
        agent_phone("outside", answer_ms=None, hz=OUTSIDE) as outside,
        open_center(tmp_path, speech, CALLED_BACK, outside=outside) as center,
        serve(center.config) as system,
        signed_in(system, "boss", "a1") as (boss, a1),
    ):
        await link_is_up(boss)
        async with call(center.asterisk, "4002", ani="2125550111") as caller:
            name = await asks_to_be_called_back(caller, boss)
            await boss.fact("CallbackPlaced", call=name)
            await caller.until("gone")
        await granted(a1, "go_ready")
        await boss.fact("AgentReserved", agent="a1")
        await outside.until("rung")
        outside.answer()
        await boss.fact("CallbackReached", call=name)
        offered = await a1.message("offer", call=name)
        assert offered["record"]["ani"] == "2125550111"
        await center.desk1.until("answered")
        await hear_each_other(outside, center.desk1)
        await granted(a1, "hold", call=name)
        await music(outside.voice)
        await granted(a1, "resume", call=name)
        await hear_each_other(outside, center.desk1)
        await system.kill()
        await hear_each_other(outside, center.desk1)
        async with serve(center.config) as again, signed_in(again, "boss") as (later,):
            await link_is_up(later)
            outside.hang_up()
            ended = await later.fact("CallEnded", call=name)
            assert (ended["by"], ended["agent"]) == ("caller", "a1")
            await center.desk1.until("gone")


async def test_a_callback_that_nobody_can_dial_stays_on_record(center: CallCenter) -> None:
    """No way to numbers outside is configured."""
    with center.config.open("a") as config:
        config.write(CALLED_BACK)
    async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
        await link_is_up(boss)
        async with call(center.asterisk, "4002", ani="2125550111") as caller:
            name = await asks_to_be_called_back(caller, boss)
            await boss.fact("CallbackPlaced", call=name)
            await caller.until("gone")
        await granted(a1, "go_ready")
        await boss.fact("CallbackMissed", call=name, reason="unreachable")
        assert (await boss.fact("CallLeftQueue", call=name))["wish"] == "callback"


async def test_the_agent_hangs_up_while_consulting_and_the_caller_is_back_in_line(center: CallCenter) -> None:
    async with talking(center) as (_, caller, boss, a1, _, name):
        await granted(a1, "consult", call=name, to=agent("a2"))
        await center.desk2.until("answered")
        await hear_each_other(center.desk1, center.desk2)
        center.desk1.hang_up()
        await boss.fact("CallTransferred", call=name, agent="a1")
        await center.desk2.until("gone")
        await boss.until(lambda: sum(f["type"] == "CallConnected" and f["call"] == name for f in boss.facts) == 2)
        assert "gone" not in caller.events
