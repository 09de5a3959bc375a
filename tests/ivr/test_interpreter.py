"""Conversations as transcripts: what the caller hears and presses, and what the ACD is told. Against a real ACD."""

from __future__ import annotations

from textwrap import dedent

import msgspec
import pytest

from acd.vocabulary import (
    CallArrived,
    CallbackRules,
    CallerIdentified,
    CallLeftQueue,
    CloseQueue,
    EnterQueue,
    GoReady,
    HoldCall,
    OfferAnswered,
    Step,
    TimeCame,
    Treatment,
)
from ivr.calls import Calls
from ivr.interpreter import (
    Ask,
    AwaitCaller,
    Caller,
    Command,
    Dialogue,
    Done,
    Event,
    FindLast,
    Found,
    Keys,
    NoSense,
    Play,
    Record,
    Rest,
    Rested,
    Tell,
    Told,
    answer,
    wait,
)
from ivr.prompts import Prompt, all_prompts
from tests.ivr.house import House, ivr_settings

SETTINGS = ivr_settings()
MADE_AHEAD = set(all_prompts(SETTINGS))


def caller(**changed: object) -> Caller:
    known: dict[str, object] = {"call": "c1", "channel": "PJSIP/t-1", "ani": "13800138000", "dnis": "8001"}
    return Caller(**{**known, **changed})  # type: ignore[arg-type]  # a test's shorthand


def spoken(prompts: tuple[Prompt, ...]) -> str:
    assert set(prompts) <= MADE_AHEAD, "only what was made ahead can be played"
    return " ".join(prompt.text for prompt in prompts)


class Talk:
    """Drives a dialogue as the shell does, and writes down each command with what came of it."""

    def __init__(self, house: House, keys: str = "", last: str = "") -> None:
        self.house = house
        self.last = last
        self.keys = keys.split()
        self.lines: list[str] = []
        self.calls = Calls(house.acd.state)
        house.listeners.append(self.calls.see)

    def run(self, dialogue: Dialogue, command: Command | None = None) -> str:
        """Runs a dialogue to its end, from `command` on if it has begun."""
        try:
            command = command or next(dialogue)
            while True:
                command = dialogue.send(self.do(command))
        except StopIteration as end:
            self.lines.append(str(end.value))
        return "\n".join(self.lines)

    def do(self, command: Command) -> Event:
        match command:
            case Play(prompts):
                self.lines.append(f"play {spoken(prompts)}")
            case Ask(prompts):
                keys = self.keys.pop(0).replace("-", "") if self.keys else ""
                self.lines.append(f"ask {spoken(prompts)} <- {keys or 'nothing'}")
                return Keys(keys)
            case Tell(said):
                told = [str(value) for value in (getattr(said, f) for f in said.__struct_fields__[2:5]) if value != ""]
                facts = self.house.say(msgspec.structs.replace(said, at=self.house.at))
                heard = ", ".join(type(fact).__name__ for fact in facts)
                self.lines.append(f"tell {' '.join([type(said).__name__, *told])} -> {heard or '-'}")
                return Told(facts)
            case Rest(prompts, exit_key, until, most_ms):
                return self.rest(prompts, exit_key, until, most_ms)
            case FindLast(ani):
                self.lines.append(f"find last {ani}")
                return Found(self.last)
            case AwaitCaller():
                self.lines.append("await caller")
            case Record(name, _):
                self.lines.append(f"record {name}")
        return Done()

    def rest(self, prompts: tuple[Prompt, ...], exit_key: str, until: int, most_ms: int) -> Rested:
        """Time goes by until the key that comes next is pressed (`-`: none) or the music is over."""
        key = self.keys.pop(0) if self.keys else "gone"
        said = [spoken(prompts)] if prompts else []
        self.lines.append(" ".join(["rest", *said, "<-", key.replace("-", "nothing")]))
        if key == "gone":
            raise StopIteration("gone")
        if exit_key and key == exit_key:
            return Rested(by_key=True)
        waited_ms = min(most_ms, until - self.house.at) if until else most_ms
        self.house.at += waited_ms
        deadline = self.house.acd.next_deadline()
        if deadline is not None and deadline <= self.house.at:
            self.house.say(TimeCame(self.house.at))
        return Rested(False, waited_ms)


def transcript(house: House, keys: str, who: Caller | None = None) -> str:
    talk = Talk(house, keys)
    return talk.run(answer(who or caller(), SETTINGS, talk.calls))


def text(expected: str) -> str:
    return dedent(expected).strip()


ARRIVED = "tell CallArrived PJSIP/t-1 13800138000 8001 -> CallBegan"
TOP = "Service 1, bills 2, hours 3, end 0."
ALONE = "You are next in line."
CHOICES = "To keep waiting, press 1. To be called back, press 2. To leave a message, press 3."
HOLD = "Please hold. We will answer your call as soon as we can."


def test_a_free_agent_is_offered_and_no_place_is_announced() -> None:
    assert transcript(House(ready=["a1"]), "1") == text(f"""
        {ARRIVED}
        play Welcome.
        ask {TOP} <- 1
        tell MenuAnswered top 1 -> MenuChosen
        tell EnterQueue service 0 -> CallQueued, CallOffered
        wait
    """)


def test_no_free_agent_place_and_wait_are_told_and_the_caller_waits() -> None:
    assert transcript(House(), "1 1") == text(f"""
        {ARRIVED}
        play Welcome.
        ask {TOP} <- 1
        tell MenuAnswered top 1 -> MenuChosen
        tell EnterQueue service 0 -> CallQueued
        ask {ALONE} {CHOICES} <- 1
        play {HOLD}
        wait
    """)


def test_an_expected_wait_is_spoken_where_it_is_known() -> None:
    house = House(ready=["a1", "a2"])
    for n in range(4):
        house.say(CallArrived(house.at, f"before{n}", "PJSIP/x"))
        house.say(EnterQueue(house.at, f"before{n}", "service"))
    assert f"ask There are 2 callers ahead of you. The expected wait is about 5 minutes. {CHOICES}" in transcript(
        house, "1 1"
    )


def test_a_menu_leads_to_another_a_message_returns_to_its_menu_and_chinese_is_by_hotline() -> None:
    top = "服务按一，账单按二，时间按三，结束按零。"
    assert transcript(House(ready=["a1"]), "3 2 *", caller(dnis="8002")) == text(f"""
        tell CallArrived PJSIP/t-1 13800138000 8002 -> CallBegan
        play 您好，这里是客户服务热线。
        ask {top} <- 3
        tell MenuAnswered top 3 -> MenuChosen
        play 九点到五点。
        ask {top} <- 2
        tell MenuAnswered top 2 -> MenuChosen
        ask 账单问题请按星号键。 <- *
        tell MenuAnswered bills * -> MenuChosen
        tell EnterQueue bills 3 -> CallQueued, CallOffered
        wait
    """)


def test_wrong_keys_and_no_keys_have_their_own_ways() -> None:
    assert transcript(House(ready=["a1"]), "8 - 9") == text(f"""
        {ARRIVED}
        play Welcome.
        ask {TOP} <- 8
        ask Sorry, that is not one of the choices. {TOP} <- nothing
        ask Hello? {TOP} <- 9
        tell EnterQueue service 0 -> CallQueued, CallOffered
        wait
    """)
    assert transcript(House(), "- -") == text(f"""
        {ARRIVED}
        play Welcome.
        ask {TOP} <- nothing
        ask Hello? {TOP} <- nothing
        play Thank you for calling. Goodbye.
        hangup
    """)


def test_the_caller_ends_the_call_by_key() -> None:
    assert transcript(House(), "0").splitlines()[-2:] == ["play Thank you for calling. Goodbye.", "hangup"]


CONFIRM = "To confirm, press 1. To give another number, press 2."
ENTER = "Please enter your telephone number, then press the hash key."


def test_callback_to_the_calling_number() -> None:
    assert transcript(House(), "1 2 1").splitlines()[-4:] == [
        f"ask We will call you back at this number: 1 3 8 0 0 1 3 8 0 0 0 {CONFIRM} <- 1",
        "tell LeaveQueue callback 13800138000 -> CallLeftQueue",
        "play Thank you. We will call you back as soon as we can. Goodbye.",
        "hangup",
    ]


def test_callback_to_another_number_and_from_a_withheld_one() -> None:
    assert transcript(House(), "1 2 2 5551234 1").splitlines()[-5:-2] == [
        f"ask {ENTER} <- 5551234",
        f"ask We will call you back at this number: 5 5 5 1 2 3 4 {CONFIRM} <- 1",
        "tell LeaveQueue callback 5551234 -> CallLeftQueue",
    ]
    withheld = transcript(House(), "1 2 55*5 - -", caller(ani='x"\r\nAction: Logoff'))
    assert withheld.splitlines()[-5:] == [
        f"ask {ENTER} <- 55*5",
        f"ask {ENTER} <- nothing",
        f"ask {ENTER} <- nothing",
        f"play {HOLD}",
        "wait",
    ]


def test_a_message_is_on_record_before_it_is_spoken() -> None:
    assert transcript(House(), "1 3").splitlines()[-5:] == [
        "play Please leave your message after the tone. When you have finished, press hash or hang up.",
        "tell LeaveQueue message message-c1.wav -> CallLeftQueue",
        "record message-c1",
        "play We have your message. Thank you for calling. Goodbye.",
        "hangup",
    ]


@pytest.mark.parametrize(("keys", "last"), [("2 1", "callback 13800138000"), ("3", "message message-c1.wav")])
def test_an_agent_who_answers_meanwhile_wins_over_the_wish(keys: str, last: str) -> None:
    house = House()
    talk = Talk(house, "1 " + keys)
    dialogue = answer(caller(), SETTINGS, talk.calls)
    event = talk.do(next(dialogue))
    while not isinstance(command := dialogue.send(event), Tell) or type(command.input).__name__ != "LeaveQueue":
        event = talk.do(command)
    house.say(GoReady(house.at, "a1"))
    house.say(OfferAnswered(house.at, 1, "PJSIP/a1-1"))
    with pytest.raises(StopIteration) as end:
        dialogue.send(talk.do(command))
    assert end.value.value == "wait"
    assert talk.lines[-1] == f"tell LeaveQueue {last} -> Refused"


def test_a_port_call_waits_for_the_serial_line_and_then_speaks_its_language() -> None:
    house = House()
    talk = Talk(house, "1 2 1")
    dialogue = answer(caller(ani="", dnis="", port="0007"), SETTINGS, talk.calls)
    event = talk.do(next(dialogue))
    assert isinstance(dialogue.send(event), AwaitCaller)
    house.say(CallerIdentified(house.at, "c1", "13900139000", "serial:line1", "8002"))
    talk.run(dialogue, dialogue.send(Done()))
    assert "play 您好，这里是客户服务热线。" in talk.lines
    assert "tell LeaveQueue callback 13900139000 -> CallLeftQueue" in talk.lines


def test_a_port_call_that_nothing_tells_about_takes_the_default_hotline() -> None:
    assert transcript(House(), "0", caller(ani="", dnis="", port="0007")).splitlines()[1:3] == [
        "await caller",
        "play Welcome.",
    ]


def test_an_unknown_number_takes_the_default_hotline_and_a_flow_may_be_a_queue_alone() -> None:
    assert "play Welcome." in transcript(House(), "0", caller(dnis="4711"))
    assert transcript(House(ready=["a1"]), "", caller(dnis="8003")).splitlines()[1:] == [
        "tell EnterQueue service 0 -> CallQueued, CallOffered",
        "wait",
    ]


def test_a_queue_that_the_acd_does_not_have_keeps_the_caller_waiting() -> None:
    flows = {"default_hotline": "1", "hotlines": {"1": {"flow": "f"}}, "flows": {"f": {"start": {"queue": "gone"}}}}
    talk = Talk(House())
    assert talk.run(answer(caller(), ivr_settings(**flows), talk.calls)).splitlines()[1:] == [
        "tell EnterQueue gone 0 -> Refused",
        "wait",
    ]


def test_a_waiting_call_is_told_its_place_of_now() -> None:
    house, talk = House(), Talk(House())
    talk = Talk(house)
    for call in ("c0", "c1"):
        house.say(CallArrived(house.at, call, "PJSIP/x", dnis="8001"))
        house.say(EnterQueue(house.at, call, "service"))
        house.at += 1
    assert talk.run(wait(caller(), SETTINGS, talk.calls)) == f"play There is 1 caller ahead of you. {HOLD}\nwait"
    house.say(GoReady(house.at, "a1"))  # c0 rings now
    talk.lines.clear()
    assert talk.run(wait(caller(), SETTINGS, talk.calls)) == (
        f"play {ALONE} The expected wait is about 2 minutes. {HOLD}\nwait"
    )
    talk.lines.clear()
    assert talk.run(wait(caller(call="c0"), SETTINGS, talk.calls)) == "wait"


def test_a_caller_on_hold_hears_music_and_is_asked_nothing() -> None:
    """Neither a menu, had the call gone straight to an agent, nor a place in a queue that it has long left."""
    house = House(ready=["a1"])
    talk = Talk(house)
    house.say(CallArrived(house.at, "c1", "PJSIP/x", dnis="8001"))
    house.say(EnterQueue(house.at, "c1", "service"))
    house.say(OfferAnswered(house.at, 1, "PJSIP/a1-1"))
    house.say(HoldCall(house.at, "a1", "c1"))
    for queue in ("", "service"):
        talk.lines.clear()
        assert talk.run(wait(caller(queue=queue), SETTINGS, talk.calls)) == "wait"


def test_a_waiting_port_call_hears_the_language_that_the_serial_line_told() -> None:
    house = House()
    talk = Talk(house)
    house.say(CallArrived(house.at, "c1", "PJSIP/x", port="0007"))
    house.say(CallerIdentified(house.at, "c1", "13900139000", "serial:line1", "8002"))
    house.say(EnterQueue(house.at, "c1", "service"))
    assert talk.run(wait(caller(ani="", dnis="", port="0007"), SETTINGS, talk.calls)).startswith("play 您是下一位。")


def test_a_call_whose_conversation_was_cut_while_it_waited_is_not_asked_again() -> None:
    house = House()
    talk = Talk(house)
    house.say(CallArrived(house.at, "c1", "PJSIP/t-1", "13800138000", "8001"))
    house.say(EnterQueue(house.at, "c1", "service"))
    assert talk.run(answer(caller(), SETTINGS, talk.calls)).splitlines()[-1] == "wait"
    assert not any(line.startswith(("ask", "play")) for line in talk.lines)


def test_a_call_that_the_acd_has_lost_is_announced_and_queued_again() -> None:
    talk = Talk(House())
    lost = caller(queue="service", priority=2)
    assert talk.run(wait(lost, SETTINGS, talk.calls)) == text(f"""
        {ARRIVED}
        tell EnterQueue service 2 -> CallQueued
        wait
    """)


def test_a_call_that_waits_without_ever_having_been_queued_has_its_conversation_now() -> None:
    talk = Talk(House(ready=["a1"]), "1")
    assert "play Welcome." in talk.run(wait(caller(), SETTINGS, talk.calls))


def test_wrong_keys_while_choosing_end_in_waiting_and_so_do_endless_second_thoughts() -> None:
    wrong = f"ask Sorry, that is not one of the choices. {CHOICES} <- 9"
    assert transcript(House(), "1 9 9 9").splitlines()[-5:] == [
        f"ask {ALONE} {CHOICES} <- 9",
        wrong,
        wrong,
        f"play {HOLD}",
        "wait",
    ]
    assert transcript(House(), "1 2 2 555 2 666 2").splitlines()[-2:] == [f"play {HOLD}", "wait"]


def test_a_shell_that_sends_nonsense_is_told() -> None:
    dialogue = answer(caller(), SETTINGS, Calls(House().acd.state))
    next(dialogue)
    with pytest.raises(NoSense, match="expected Told"):
        dialogue.send(Keys("1"))
    dialogue = answer(caller(), SETTINGS, Calls(House().acd.state))
    next(dialogue)
    assert isinstance(dialogue.send(Told([])), Play)
    assert isinstance(dialogue.send(Done()), Ask)
    with pytest.raises(NoSense, match="expected Keys"):
        dialogue.send(Done())


def test_a_closed_queue_takes_a_message() -> None:
    house = House(ready=["a1"])
    house.say(CloseQueue(house.at, "service", "s1"))
    talk = Talk(house, "1")
    assert talk.run(answer(caller(), SETTINGS, talk.calls)) == text(f"""
        {ARRIVED}
        play Welcome.
        ask {TOP} <- 1
        tell MenuAnswered top 1 -> MenuChosen
        tell EnterQueue service 0 -> CallDeflected
        play Please leave your message after the tone. When you have finished, press hash or hang up.
        tell LeaveQueue message message-c1.wav -> CallLeftQueue
        record message-c1
        play We have your message. Thank you for calling. Goodbye.
        hangup
    """)


@pytest.mark.parametrize(
    ("to", "ends"),
    [
        (Treatment("voicemail"), "hangup"),
        (Treatment("callback"), "hangup"),
        (Treatment("hang up"), "hangup"),
        (Treatment("number", "4000"), "wait"),
    ],
)
def test_who_has_waited_too_long_is_treated_at_the_next_look(to: Treatment, ends: str) -> None:
    house = House(max_wait_ms=60_000, when_too_long=to)
    talk = Talk(house, "1")
    house.say(CallArrived(house.at, "c1", "x", queue="service"))
    house.at += 60_000
    house.say(TimeCame(house.at))
    assert talk.run(wait(caller(queue="service"), SETTINGS, talk.calls)).splitlines()[-1] == ends
    wish = {"voicemail": "message", "callback": "callback"}.get(to.kind)
    facts = [fact for line in house.journal for fact in line.facts]
    assert [fact.wish for fact in facts if isinstance(fact, CallLeftQueue)] == ([wish] if wish else [])
    assert not any(isinstance(line.input, EnterQueue) for line in house.journal), "never back into the queue by itself"


def test_a_callback_that_keeps_its_place_ends_the_conversation() -> None:
    talk = Talk(House(callback=CallbackRules()), "1 2 1")
    assert talk.run(answer(caller(), SETTINGS, talk.calls)).splitlines()[-3] == (
        "tell LeaveQueue callback 13800138000 -> CallbackPlaced"
    )
    assert talk.lines[-1] == "hangup"


SORRY = "We are sorry that it takes so long."


def waits(house: House, keys: str, **who: object) -> list[str]:
    """What c1, who waits in the queue by now, hears and presses at the next look."""
    talk = Talk(house, keys)
    for line in house.journal:
        talk.calls.see(line)
    house.say(CallArrived(house.at, "c1", "PJSIP/t-1", "13800138000", "8001"))
    house.say(EnterQueue(house.at, "c1", "service"))
    return talk.run(wait(caller(queue="service", **who), SETTINGS, talk.calls)).splitlines()


def test_a_step_announces_something_and_the_caller_keeps_the_place() -> None:
    house = House(steps=(Step(20_000, announce="sorry"), Step(70_000, priority=1)))
    assert waits(house, "- - - -") == [
        f"rest {ALONE} {HOLD} <- nothing",
        f"rest {SORRY} <- nothing",
        f"rest {ALONE} {HOLD} <- nothing",
        "wait",
    ]
    [call] = house.acd.state.calls.values()
    assert (call.queue, call.step, call.priority) == ("service", 2, 1)
    assert house.at - call.joined_at == 70_000


def test_an_announcement_is_heard_in_the_calls_language() -> None:
    house = House(steps=(Step(20_000, announce="sorry"),))
    assert waits(house, "-", dnis="8002")[-2:] == [
        "play 很抱歉让您久等了。",
        "wait",
    ]


def test_an_announcement_that_is_no_longer_configured_is_not_heard() -> None:
    assert waits(House(steps=(Step(20_000, announce="gone"),)), "-")[1:] == ["wait"]


STEP = (Step(20_000, announce="sorry", offer_callback=True),)


def test_a_step_offers_a_callback_which_keeps_the_place() -> None:
    house = House(steps=STEP, callback=CallbackRules())
    assert waits(house, "- 2 1")[1:] == [
        f"ask {SORRY} {CHOICES} <- 2",
        f"ask We will call you back at this number: 1 3 8 0 0 1 3 8 0 0 0 {CONFIRM} <- 1",
        "tell LeaveQueue callback 13800138000 -> CallbackPlaced",
        "play Thank you. We will call you back as soon as we can. Goodbye.",
        "hangup",
    ]


def test_who_would_rather_wait_waits_on() -> None:
    assert waits(House(steps=STEP), "- 1")[1:] == [f"ask {SORRY} {CHOICES} <- 1", f"play {HOLD}", "wait"]
    assert waits(House(steps=STEP), "- -")[1:] == [f"ask {SORRY} {CHOICES} <- nothing", f"play {HOLD}", "wait"]


def test_a_step_that_comes_while_it_rings_is_heard_when_nobody_has_answered() -> None:
    house = House(ready=["a1"], steps=(Step(5_000, announce="sorry"),), ring_ms=10_000)
    assert waits(house, "-") == ["rest <- nothing", f"play {SORRY}", "wait"]


EXIT = "For other choices while you wait, press star at any time."
MESSAGE = "To keep waiting, press 1. To leave a message, press 3."


def test_the_exit_key_leads_from_music_to_the_choices_of_the_flow() -> None:
    """Again and again, and what the flow does not offer (a callback here) is no choice."""
    house = House()
    assert waits(house, "- * 1 * 2 3", dnis="8004") == [
        f"rest {ALONE} {HOLD} {EXIT} <- nothing",
        f"rest {ALONE} {HOLD} {EXIT} <- *",
        f"ask {MESSAGE} <- 1",
        f"rest {HOLD} {EXIT} <- *",
        f"ask {MESSAGE} <- 2",
        f"ask Sorry, that is not one of the choices. {MESSAGE} <- 3",
        "play Please leave your message after the tone. When you have finished, press hash or hang up.",
        "tell LeaveQueue message message-c1.wav -> CallLeftQueue",
        "record message-c1",
        "play We have your message. Thank you for calling. Goodbye.",
        "hangup",
    ]


def test_the_exit_key_works_while_a_phone_rings_and_from_the_first_moment() -> None:
    house = House(ready=["a1"])
    lines = transcript(house, "* 3", caller(dnis="8004")).splitlines()
    assert lines[1:4] == ["tell EnterQueue service 0 -> CallQueued, CallOffered", "rest <- *", f"ask {MESSAGE} <- 3"]
    assert "tell LeaveQueue message message-c1.wav -> OfferFailed, CallLeftQueue" in lines


def test_who_is_sent_on_while_resting_is_treated_at_once() -> None:
    house = House(max_wait_ms=30_000)
    assert waits(house, "- -")[1] == (
        "play Please leave your message after the tone. When you have finished, press hash or hang up."
    )


@pytest.mark.parametrize(
    ("key", "ani", "asked", "preferred", "looked_up"),
    [
        ({}, "1", "zh >= 2", "", False),
        ({"skills": "billing>=3 or tax"}, "1", "zh >= 2 and (billing >= 3 or tax)", "", False),
        ({"preferred": "a2"}, "1", "zh >= 2", "a2", False),
        ({"preferred": "last"}, "1", "zh >= 2", "a1", True),
        ({"preferred": "last"}, "", "zh >= 2", "", False),
    ],
)
def test_a_key_says_how_the_call_enters_the_queue(
    key: dict[str, str], ani: str, asked: str, preferred: str, looked_up: bool
) -> None:
    start = {"queue": "service", "priority": 2, "head_start_ms": 30_000, **key}
    flow = {"start": start, "language_skills": {"zh": "zh >= 2"}}
    hotlines = {"8001": {"flow": "main", "language": "zh"}}
    settings = ivr_settings(flows={"main": flow}, hotlines=hotlines)
    house = House()
    talk = Talk(house, last="a1")
    said = talk.run(answer(caller(ani=ani), settings, talk.calls))
    [entered] = [line.input for line in house.journal if isinstance(line.input, EnterQueue)]
    assert entered == EnterQueue(house.at, "c1", "service", 2, asked, preferred, 30_000)
    assert ("find last" in said) is looked_up
