"""A caller whose number and name are made to inject, through real Asterisk and the live system to an agent's screen."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.lab.sipp import call
from tests.live.system import serve
from tests.test_first_call import link_is_up, open_center, signed_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def test_whatever_a_caller_calls_himself_one_call_reaches_the_agent(tmp_path: Path, speech: Path) -> None:
    async with open_center(tmp_path, speech) as center:
        # A colon as %3a: as it is, it would end the user part, and with it what the switch takes for the number.
        hostile = [
            ("1%0d%0a%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%201.1", '"x"'),
            ("1%0aAction%3a%20Originate%0aChannel%3a%20PJSIP/evil", '"${SHELL(id)}"'),
            ("1,DNIS%3a%202,Queue%3a%20vip", '"a, b; c = d"'),
            ("1$%7bSHELL(id)%7d", '"$[1 + 1] ${SHELL(id)}"'),
            ("1%22;Application=System;Data=id", '"Robert\'); DROP TABLE calls --"'),
            ("1%3cscript%3ealert(1)%3c/script%3e", '"<script>alert(1)</script>"'),
            ("1" + "a" * 2_000, '"' + "b" * 2_000 + '"'),
        ]
        async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
            await link_is_up(boss)
            for number, (ani, name) in enumerate(hostile, 1):
                await a1.ask("go_ready")
                async with call(center.asterisk, "service", ani=ani, name=name) as caller:
                    await caller.until("answered")
                    connected = await boss.until(partial(_nth, boss.facts, "CallConnected", number), f"{ani} {name}")
                    record = (await a1.message("pop", call=connected["call"]))["record"]
                    assert record["ani"].startswith("1"), record
                    assert set(record["ani"]) <= set("0123456789+*#"), record
                    assert record["dnis"] == "4002"
                    await center.desk1.voice.hear_something()
                    caller.hang_up()
                    await boss.fact("WrapUpEnded", call=connected["call"])
            # As many calls as were made, each to the end that its caller gave it, and nobody else was rung.
            count = len(hostile)
            kinds = [fact["type"] for fact in boss.facts]
            assert {kinds.count(kind) for kind in ("CallBegan", "CallOffered", "CallConnected", "CallEnded")} == {count}
            assert {fact["by"] for fact in boss.facts if fact["type"] == "CallEnded"} == {"caller"}
            assert {fact["queue"] for fact in boss.facts if fact["type"] == "CallQueued"} == {"service"}
            assert not any(kind in kinds for kind in ("LinkDown", "OfferFailed", "StrayLeg", "StrayCall"))
        # An expression that were evaluated would leave its trace: SHELL is not among the modules of this Asterisk.
        assert "SHELL not registered" not in center.asterisk.log


def _nth(facts: list[dict[str, object]], kind: str, number: int) -> dict[str, object] | None:
    found = [fact for fact in facts if fact["type"] == kind]
    return found[number - 1] if len(found) >= number else None
