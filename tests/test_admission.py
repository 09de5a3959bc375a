"""Callfloor at a real Asterisk that has another Callfloor already, or a manager user with too few rights."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from pbx_config.render import MANAGER
from tests.lab.asterisk import free_port
from tests.lab.sipp import call
from tests.live.screen import Screen
from tests.live.system import serve, write_config
from tests.test_first_call import link_is_up, open_center, signed_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def down(boss: Screen, why: str) -> str:
    """Waits until the switch is shown as down for such a reason, and returns it."""

    def told() -> str:
        shown = [link["why"] for link in boss.snapshot["links"]]
        shown += [fact["why"] for fact in boss.facts if fact["type"] == "LinkDown"]
        return next((text for text in shown if why in text), "")

    found: str = await boss.until(told, why)
    return found


async def test_a_second_callfloor_stays_away_from_the_switch_of_the_first(tmp_path: Path, speech: Path) -> None:
    first_folder, second_folder = tmp_path / "first", tmp_path / "second"
    first_folder.mkdir()
    second_folder.mkdir()
    async with open_center(first_folder, speech) as center:
        # The first may be silent for long before it counts as dead: a start takes its time on a busy machine.
        patient = center.config.read_text().replace("reconcile_s = 2", "reconcile_s = 2\nping_s = 60")
        center.config.write_text(patient)
        nodes = f'[nodes.lab]\nport = {center.asterisk.settings.ami_port}\nsecret = "lab-live"\nping_s = 1'
        phones = {"a1": center.desk1.dial}
        agi_port = free_port(socket.SOCK_STREAM)
        other = write_config(second_folder, nodes=nodes, phones=phones, agi_port=agi_port, speech=speech)
        async with (
            serve(center.config) as first,
            signed_in(first, "boss", "a2") as (boss, a2),
            serve(other) as second,
            signed_in(second, "boss", "a1") as (other_boss, other_a1),
        ):
            await link_is_up(boss)
            why = await down(other_boss, "another Callfloor has this switch")
            assert f"on {socket.gethostname()}, process {first.process.pid}, node lab" in why
            assert str(first_folder / "callfloor.journal") in why
            assert any("error" in line and "another Callfloor has this switch" in line for line in second.log)

            await other_a1.ask("go_ready")
            async with call(center.asterisk, "service", ani="1001") as caller:
                await caller.until("answered")
                queued = await boss.fact("CallQueued")
                await a2.ask("go_ready")
                await boss.fact("CallConnected", call=queued["call"], agent="a2")
                assert not other_boss.seen("CallBegan")
                await first.kill()
                async with serve(center.config) as again, signed_in(again, "boss") as (boss_again,):
                    # The next run of the same journal takes the switch at once, whoever else waits for it.
                    await link_is_up(boss_again)
                    assert not other_boss.seen("LinkUp")
                    caller.hang_up()
                    await boss_again.fact("CallEnded", call=queued["call"], by="caller")


@pytest.mark.parametrize(
    ("line", "poorer", "why"),
    [
        (
            r"write=.*",
            "write=system,originate,user",
            "may not Bridge, Getvar, Redirect, Setvar: [callfloor] in manager.conf needs the line `write=system,call,",
        ),
        (r"read=.*", "read=system,user", "does not hear OriginateResponse: [callfloor] in manager.conf needs the line"),
        (r"read=.*", "read=system,call", "does not hear UserEvent: [callfloor] in manager.conf needs the line"),
        (r"eventfilter.*UserEvent.*", "", "does not hear UserEvent"),
    ],
)
async def test_too_few_rights_are_said_at_the_start_with_the_line_to_add(
    tmp_path: Path, speech: Path, line: str, poorer: str, why: str
) -> None:
    async with open_center(tmp_path, speech) as center:
        users = center.asterisk.folder / "etc" / MANAGER
        rendered = users.read_text()
        users.write_text(re.sub(line, poorer, rendered, count=1))
        await center.asterisk.cli("manager reload")
        async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
            await down(boss, why)
            assert any("error" in logged and why[:40] in logged for logged in system.log)
            users.write_text(rendered)
            await center.asterisk.cli("manager reload")
            await boss.fact("LinkUp", link="ami:lab")
