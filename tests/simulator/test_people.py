"""The people behind the simulated PBX: drawn from a seed, and true to what was drawn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from statistics import mean

import pytest
from pydantic import ValidationError

from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, Caller, Callers, CallPlan, call_plans, human, reliable
from simulator.settings import CallersSettings, PhonesSettings
from tests.simulator.pbx_peers import PATIENCE_S, ScriptedIvr, logged_in, running, say

WAIT = say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")
MENU = say("STREAM FILE", "/nowhere/menu", "0123456789*#")


async def over(caller: Caller) -> str:
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    return caller.outcome


def plan(**changes: object) -> CallPlan:
    values: dict[str, object] = {"ani": "13800000001", "dnis": "4008001000", **changes}
    return CallPlan(**values)  # type: ignore[arg-type] # any of its fields


# ----------------------------------------------------------------------------------------------------------- drawn


def test_the_same_seed_gives_the_same_people() -> None:
    settings = CallersSettings(numbers=("1", "2", "3"), hotlines=("8", "9"), port_line_share=0.3)
    first = list(islice(call_plans(settings), 200))
    assert first == list(islice(call_plans(settings), 200))
    assert first != list(islice(call_plans(settings.model_copy(update={"seed": 2})), 200))


def test_they_are_as_the_settings_say() -> None:
    settings = CallersSettings(
        calls_per_hour=360, talk_ms=60_000, patience_ms=90_000, wrong_key_share=0.2, no_key_share=0.1, keys=("1", "2")
    )
    people = list(islice(call_plans(settings), 10_000))
    assert mean(person.gap_ms for person in people) == pytest.approx(10_000, rel=0.05)
    assert mean(person.talk_ms for person in people) == pytest.approx(60_000, rel=0.05)
    assert mean(person.patience_ms for person in people) == pytest.approx(90_000, rel=0.05)
    assert mean(person.keys == "" for person in people) == pytest.approx(0.1, abs=0.02)
    assert mean(person.keys.startswith("*") for person in people) == pytest.approx(0.2, abs=0.02)
    assert mean(person.hangs_up == "agent" for person in people) == pytest.approx(0.5, abs=0.02)
    assert {person.keys for person in people} == {"", "1", "2", "*1", "*2"}


def test_nobody_is_patient_or_talks_where_the_means_are_zero() -> None:
    person = next(call_plans(CallersSettings(patience_ms=0, talk_ms=0)))
    assert (person.patience_ms, person.talk_ms) == (0, 0)


def test_each_phone_has_its_own_chance() -> None:
    settings = PhonesSettings(answer_ms=(1_000, 2_000), no_answer_share=0.25)
    decide, same, other = human(settings, "PJSIP/1"), human(settings, "PJSIP/1"), human(settings, "PJSIP/2")
    rings = [decide() for _ in range(2_000)]
    assert rings == [same() for _ in range(2_000)]
    assert rings != [other() for _ in range(2_000)]
    assert mean(how == "no answer" for how, _ in rings) == pytest.approx(0.25, abs=0.03)
    assert all(1_000 <= after_ms <= 2_000 for how, after_ms in rings if how == "answer")


@pytest.mark.parametrize(
    "wrong", [{"calls_per_hour": 0}, {"numbers": ()}, {"no_key_share": 1.5}, {"patience_ms": -1}, {"colour": "red"}]
)
def test_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CallersSettings.model_validate(wrong)


def test_a_phone_cannot_answer_before_it_rings() -> None:
    with pytest.raises(ValidationError, match="from and to"):
        PhonesSettings(answer_ms=(2_000, 1_000))


# ---------------------------------------------------------------------------------------------------------- at work


async def test_a_caller_presses_the_keys_of_the_plan_one_a_question(pbx: SimulatedPbx, ivr: ScriptedIvr) -> None:
    ivr.scripts["call"] = [MENU, say("WAIT FOR DIGIT", "60000"), say("STREAM FILE", "/nowhere/sorry", ""), MENU, WAIT]
    caller = Callers(pbx, iter(())).call(plan(keys="*2", reaction_ms=100, patience_ms=100))
    assert await over(caller) == "abandoned"
    assert ivr.replies()[:4] == ["200 42", "200 50", "200 0", "200 0"]


async def test_a_caller_without_keys_says_nothing(pbx: SimulatedPbx, ivr: ScriptedIvr) -> None:
    ivr.scripts["call"] = [MENU, say("WAIT FOR DIGIT", "200"), say("SET VARIABLE", "CALLFLOOR_NEXT", "hangup")]
    assert await over(Callers(pbx, iter(())).call(plan())) == "released"
    assert ivr.replies()[:2] == ["200 0", "200 0"]


@dataclass(frozen=True)
class Talk:
    hangs_up: str
    by_itself: bool
    first_down: str


@pytest.mark.parametrize(
    "talk",
    [
        Talk("caller", by_itself=True, first_down="PJSIP/trunk"),
        Talk("agent", by_itself=True, first_down="PJSIP/1001"),
        Talk("agent", by_itself=False, first_down="PJSIP/trunk"),
    ],
    ids=["the caller hangs up", "the agent hangs up", "a person's phone is never hung up for them"],
)
async def test_whoever_shall_hangs_up_after_the_talk(pbx: SimulatedPbx, talk: Talk) -> None:
    phone = AgentPhone(reliable(10), pbx.seconds, by_itself=talk.by_itself)
    pbx.add_phone("PJSIP/1001", phone)
    async with logged_in(pbx) as ami:
        caller = Callers(pbx, iter(())).call(plan(talk_ms=2_000, hangs_up=talk.hangs_up))
        arrived = await ami.event("UserEvent", UserEvent="CallfloorArrived")
        await ami.ask(
            "Originate", Channel="PJSIP/1001", Context="callfloor-agent", Exten="s", Priority="1", Async="true"
        )
        answered = await ami.event("UserEvent", UserEvent="CallfloorAnswered")
        assert phone.on_call is not None
        await ami.ask("Bridge", Channel1=arrived.get("Channel"), Channel2=answered.get("Channel"))
        await asyncio.wait_for(caller.talking.wait(), PATIENCE_S)
        assert await over(caller) == "talked"
        request = await ami.event("HangupRequest")
        assert request.get("Channel").partition("-")[0] == talk.first_down
        await ami.event("Hangup", Channel=answered.get("Channel"))
        assert phone.on_call is None


async def test_callers_come_one_after_the_other(pbx: SimulatedPbx) -> None:
    plans = iter([plan(ani=str(number), gap_ms=100, patience_ms=100) for number in range(3)])
    async with logged_in(pbx) as ami:
        await Callers(pbx, plans).run()
        for number in range(3):
            await ami.event("UserEvent", ANI=str(number))


async def test_whom_no_port_line_is_free_for_is_turned_away(ivr: ScriptedIvr) -> None:
    async with running(ivr, port_lines=("9001",)) as pbx:
        callers = Callers(pbx, iter(()))
        first, second = (callers.call(plan(on_port_line=True, patience_ms=100)) for _ in range(2))
        assert callers.turned_away == 1
        assert second.over.is_set()
        assert await over(first) == "abandoned"
