"""What callers do: wait, give up, call again, take a callback, follow the menu, talk, are held and sent on.

Times are constants wherever the story needs the minute; shares are counted over a day.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import Line
from simulator.confidence import share
from simulator.scenario import Scenario
from tests.simulator.days import facts, journal, kind, queue, scenario, team

DAY = {"date": "2026-11-23", "hours": "09:00-21:00"}
CONFIDENCE = 0.999


def floor(callers: dict[str, Any], agents: int = 20, rules: dict[str, Any] | None = None, **tables: Any) -> Scenario:
    said = {
        "day": DAY,
        "queues": {"service": rules or queue()},
        "kinds": {"caller": callers},
        "teams": {"front": team(agents)},
    }
    return scenario(**{**said, **tables})


NOBODY_COMES: dict[str, Any] = {"front": team(1, shifts=[{"hours": "22:00-23:00"}])}
"""The day is over when the first agent begins."""


def first_calls(lines: list[Line]) -> list[str]:
    return [fact.call for _, fact in facts(lines, say.CallBegan) if "." not in fact.call]


def test_callers_come_as_often_as_the_counts_say_by_interval() -> None:
    counts = [0, 100, 400, 20] * 6
    lines = journal(floor(kind(counts=counts), day={**DAY, "interval_s": 1_800}, arrivals={"growth": 1.5}))
    begins = lines[0].input.at
    came = Counter((at - begins) // 1_800_000 for at, _ in facts(lines, say.CallBegan))
    assert came[0] == came[4] == 0
    for wanted in set(counts):
        found = sum(came[n] for n, count in enumerate(counts) if count == wanted)
        assert abs(found - wanted * 1.5 * 6) <= 3.3 * math.sqrt(wanted * 1.5 * 6), wanted


def test_the_weekday_counts() -> None:
    monday, sunday = (
        len(
            first_calls(journal(floor(kind(total=500), day={**DAY, "date": date}, arrivals={"weekdays": {"sun": 0.2}})))
        )
        for date in ("2026-11-23", "2026-11-22")
    )
    assert 430 < monday < 570
    assert 70 < sunday < 130


def test_patience_is_over_to_the_millisecond() -> None:
    lines = journal(floor(kind(total=50, patience_s=42.5, ivr_s=10), teams=NOBODY_COMES))
    assert {fact.waited_ms for _, fact in facts(lines, say.CallAbandoned)} == {42_500}
    began = {fact.call: at for at, fact in facts(lines, say.CallBegan)}
    assert {at - began[fact.call] for at, fact in facts(lines, say.CallQueued)} == {10_000}


def test_who_gave_up_calls_again_with_the_stated_share_after_a_while_and_not_for_ever() -> None:
    redial = {"abandoned": 0.4, "after_s": 600, "tries": 2}
    lines = journal(floor(kind(total=3_000, patience_s=30, redial=redial), teams=NOBODY_COMES))
    began = {fact.call: at for at, fact in facts(lines, say.CallBegan)}
    tries = Counter(call.count(".") and int(call.rpartition(".")[2]) for call in began)
    assert set(tries) == {0, 1, 2}
    # The last to give up call again after the day is over, to find nobody who counts them.
    early = [call for call in began if began[call] < lines[0].input.at + 11 * 3_600_000]
    for attempt, suffix in ((0, ".1"), (1, ".2")):
        before = [call for call in early if (call.count(".") and int(call.rpartition(".")[2])) == attempt]
        again = [call for call in before if f"{call.partition('.')[0]}{suffix}" in began]
        assert share(len(again), len(before), CONFIDENCE).covers(0.4)
        for call in again:
            assert began[f"{call.partition('.')[0]}{suffix}"] == began[call] + 30_000 + 600_000
    first, again_call = "caller-0", next(call for call in began if call.endswith(".1"))
    anis = {fact.call: fact.ani for _, fact in facts(lines, say.CallBegan)}
    assert anis[again_call] == anis[again_call.partition(".")[0]], "the same telephone"
    assert len({ani for call, ani in anis.items() if "." not in call}) == tries[0]
    assert first in anis


def test_who_was_sent_away_calls_again_too() -> None:
    redial = {"deflected": 0.5, "after_s": 60, "tries": 1}
    rules = queue(join_when=["free"], when_empty="hang up")
    lines = journal(floor(kind(total=2_000, redial=redial), rules=rules, teams=NOBODY_COMES))
    sent_away = {fact.call for _, fact in facts(lines, say.CallDeflected)}
    calls = {fact.call for _, fact in facts(lines, say.CallBegan)}
    assert sent_away == calls
    first = [call for call in calls if "." not in call]
    assert share(len(calls) - len(first), len(first), CONFIDENCE).covers(0.5)


def test_the_menu_leads_by_weight_to_queues_with_priority_and_away() -> None:
    menu = [
        {"key": "1", "queue": "service", "weight": 6},
        {"key": "2", "queue": "service", "priority": 3, "skills": "zh >= 2", "weight": 3},
        {"key": "*", "weight": 1},
    ]
    teams = {"front": team(30, skills={"zh": 2})}
    lines = journal(floor(kind(total=2_000, menu=menu, ivr_s=5), teams=teams))
    pressed = {fact.call: fact.choice for _, fact in facts(lines, say.MenuChosen)}
    for key, wanted in (("1", 0.6), ("2", 0.3), ("*", 0.1)):
        assert share(sum(choice == key for choice in pressed.values()), len(pressed), CONFIDENCE).covers(wanted)
    queued = {fact.call: fact for _, fact in facts(lines, say.CallQueued)}
    assert {(pressed[call], fact.priority, fact.skills) for call, fact in queued.items()} == {
        ("1", 0, ""),
        ("2", 3, "zh >= 2"),
    }
    ended = {fact.call: fact.agent for _, fact in facts(lines, say.CallEnded)}
    assert all(ended[call] == "" for call, key in pressed.items() if key == "*")


def test_a_callback_is_taken_by_the_stated_share_and_keeps_its_caller() -> None:
    rules = queue(
        steps=[{"after_ms": 10_000, "offer_callback": True}],
        callback={"tries": 2, "retry_ms": 60_000, "ring_ms": 20_000},
    )
    callback = {"accepts": 0.6, "answers": 0.7, "answer_s": 8}
    lines = journal(floor(kind(total=800, service_s=200, callback=callback), agents=2, rules=rules))
    asked = [fact.call for _, fact in facts(lines, say.CallRelaxed) if fact.offer_callback]
    placed = {fact.call for _, fact in facts(lines, say.CallbackPlaced)}
    assert share(len(placed & set(asked)), len(asked), CONFIDENCE).covers(0.6)
    dialed = {(fact.call, fact.attempt): at for at, fact in facts(lines, say.CallbackDialed)}
    reached = [(at, fact.call) for at, fact in facts(lines, say.CallbackReached)]
    assert share(len(reached), len(dialed), CONFIDENCE).covers(0.7)
    for at, call in reached:
        assert at - 8_000 in {when for (one, _), when in dialed.items() if one == call}
    anis = {fact.call: fact.ani for _, fact in facts(lines, say.CallBegan)}
    assert all(fact.number == anis[fact.call] for _, fact in facts(lines, say.CallbackPlaced))


def test_a_wish_for_a_callback_is_taken_down_where_there_is_no_virtual_hold() -> None:
    rules = queue(steps=[{"after_ms": 10_000, "offer_callback": True}])
    lines = journal(floor(kind(total=200, callback={"accepts": 1.0}), rules=rules, teams=NOBODY_COMES))
    left = facts(lines, say.CallLeftQueue)
    assert len(left) == len(first_calls(lines))
    assert {(fact.wish, fact.waited_ms) for _, fact in left} == {("callback", 10_000)}
    assert not facts(lines, say.CallAbandoned)


@pytest.mark.parametrize("attended", [False, True], ids=["blind", "attended"])
def test_a_share_of_talks_is_handed_on_to_another_queue(attended: bool) -> None:
    transfer = {"share": 0.3, "queue": "experts", "service_s": 50, "attended": attended, "consult_s": 20}
    lines = journal(
        floor(
            kind(total=1_000, service_s=100, transfers=[transfer]),
            queues={"service": queue(), "experts": queue()},
            teams={"front": team(40), "experts": team(40, queues={"experts": 1})},
        )
    )
    calls = first_calls(lines)
    said = facts(lines, say.ConsultJoined) if attended else facts(lines, say.CallTransferred)
    assert share(len(said), len(calls), CONFIDENCE).covers(0.3)
    handed_on = {fact.call for _, fact in said}
    last_talks = {fact.call: fact for _, fact in facts(lines, say.CallEnded) if fact.call in calls}
    for call, ended in last_talks.items():
        talked_ms = 50_000 + attended * 20_000 if call in handed_on else 100_000
        assert (ended.talked_ms, ended.agent.partition("-")[0]) == (
            talked_ms,
            "experts" if call in handed_on else "front",
        )


def test_nobody_to_consult_and_the_talk_ends_without() -> None:
    transfer = {"share": 1.0, "queue": "experts", "service_s": 50, "attended": True}
    lines = journal(
        floor(
            kind(total=20, service_s=100, transfers=[transfer]),
            queues={"service": queue(), "experts": queue()},
            teams={"front": team(20), "experts": team(1, queues={"experts": 1}, shifts=[{"hours": "22:00-23:00"}])},
        )
    )
    calls = first_calls(lines)
    talks = [fact for _, fact in facts(lines, say.CallEnded) if fact.call in calls]
    assert {fact.talked_ms for fact in talks} == {100_000 + 120_000}
    assert not facts(lines, say.ConsultJoined)


def test_a_hold_makes_the_talk_longer_by_itself() -> None:
    lines = journal(floor(kind(total=600, service_s=100, hold={"share": 0.25, "for_s": 30})))
    held = {fact.call: at for at, fact in facts(lines, say.CallHeld)}
    resumed = {fact.call: at for at, fact in facts(lines, say.CallResumed)}
    assert {at - held[call] for call, at in resumed.items()} == {30_000}
    talks = {fact.call: fact.talked_ms for _, fact in facts(lines, say.CallEnded)}
    assert share(len(held), len(talks), CONFIDENCE).covers(0.25)
    assert all(talked_ms == (130_000 if call in held else 100_000) for call, talked_ms in talks.items())


def test_an_overflow_to_a_number_is_answered_outside_or_ends_in_the_voicemail() -> None:
    rules = queue(max_wait_ms=30_000, when_too_long="number:13800000001")
    outside = {"answer_s": 5, "no_answer": 0.4}
    lines = journal(floor(kind(total=500, service_s=60), rules=rules, teams=NOBODY_COMES, outside=outside))
    offered = [fact for _, fact in facts(lines, say.CallOffered)]
    connected = facts(lines, say.CallConnected)
    assert {(fact.agent, fact.number) for fact in offered} == {("", "13800000001")}
    assert {fact.waited_ms for _, fact in connected} == {35_000}
    assert share(len(connected), len(offered), CONFIDENCE).covers(0.6)
    ended = {fact.call for _, fact in facts(lines, say.CallEnded)}
    assert len(ended) == len(first_calls(lines))


@pytest.mark.parametrize(
    ("to", "wishes", "lasts_ms"),
    [("voicemail", {"message"}, 20_000), ("callback", {"callback"}, 0), ("hang up", set(), 0)],
)
def test_who_is_sent_away_leaves_a_message_or_a_number_or_just_goes(to: str, wishes: set[str], lasts_ms: int) -> None:
    rules = queue(max_wait_ms=30_000, when_too_long=to)
    lines = journal(floor(kind(total=100, callback={"accepts": 1.0}), rules=rules, teams=NOBODY_COMES))
    sent = {fact.call: at for at, fact in facts(lines, say.CallDeflected)}
    ended = {fact.call: at for at, fact in facts(lines, say.CallEnded)}
    left = facts(lines, say.CallLeftQueue)
    assert {ended[call] - at for call, at in sent.items()} == {lasts_ms}
    assert len(sent) == len(first_calls(lines))
    assert len(left) == (len(sent) if wishes else 0)
    assert {fact.wish for _, fact in left} == wishes


def test_the_last_callers_are_served_after_the_day_and_then_it_is_over() -> None:
    lines = journal(floor(kind(total=600, service_s=600), agents=6, day={**DAY, "hours": "09:00-10:00"}))
    ends_at = lines[0].input.at + 3_600_000
    assert max(at for at, _ in facts(lines, say.CallBegan)) <= ends_at
    assert max(at for at, _ in facts(lines, say.CallEnded)) > ends_at + 3_600_000
    assert lines[-1].input.at <= ends_at + 4 * 3_600_000
