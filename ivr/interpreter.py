"""How a call goes through its flow. Pure: a dialogue yields one command at a time and is sent what came of it.

    dialogue = answer(caller, settings, calls)
    command = next(dialogue)                       # what the shell has to do first
    command = dialogue.send(event)                 # what came of it → what to do next; StopIteration.value at the end

The dialogue reads from top to bottom like the conversation it is; its state is the generator's frame. A caller who
hangs up, or whom an agent takes out of the dialogue, simply ends it: the shell closes the generator, and nothing is
told, because only the switch knows which of the two it was.

    command      what the shell does                              event sent back
    Play         plays to the end                                 Done
    Ask          plays until a key, then collects keys            Keys ("" if none came)
    Rest         plays, then music, until the exit key or a time  Rested
    Tell         stamps the input with the time and tells the ACD Told
    FindLast     asks who has talked to this number last          Found ("" if nobody knows in time)
    AwaitCaller  waits for the serial line to bring the numbers   Done (look in `calls`)
    Record       records until # or silence or hang-up            Done
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Literal, TypeAlias

import msgspec

from acd.vocabulary import (
    AnyFact,
    AnyInput,
    CallArrived,
    CallbackPlaced,
    CallLeftQueue,
    EnterQueue,
    LeaveQueue,
    MenuAnswered,
    Treatment,
)
from ivr import prompts as say
from ivr.calls import Calls, Waiting
from ivr.prompts import Prompt
from ivr.settings import LAST, Choice, Flow, Hotline, IvrSettings, Language, Menu, Missed

Next: TypeAlias = Literal["wait", "hangup"]
"""Where the dialplan takes the caller afterwards: to music until an agent answers, or to the end."""

STAMPED_BY_SHELL = 0
"""The `at` of every input yielded here: a pure dialogue has no clock."""

TRIES = 3
NUMBER_LENGTH_MAX = 15  # E.164
KEY_MS = 5_000
NUMBER_KEY_MS = 8_000

_CALLABLE = re.compile(r"\+?[0-9]{3,15}")


class Caller(msgspec.Struct, frozen=True):
    """A call as its channel tells it. `queue` and `priority` are set once the call has been in a queue."""

    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    node: str = ""
    port: str = ""
    queue: str = ""
    priority: int = 0


class Play(msgspec.Struct, frozen=True):
    prompts: tuple[Prompt, ...]


class Ask(msgspec.Struct, frozen=True):
    """`timeout_ms` is the patience after the last prompt, and between two keys. # ends where more than one may come."""

    prompts: tuple[Prompt, ...]
    keys_max: int
    timeout_ms: int


class Rest(msgspec.Struct, frozen=True):
    """The caller waits. No key but `exit_key` ("": none) cuts prompts or music short. The music lasts at most
    `most_ms`, and ends when it is `until` (ms since 1970; 0: no such time) and the ACD has said what is due then."""

    prompts: tuple[Prompt, ...]
    exit_key: str
    until: int
    most_ms: int


class Tell(msgspec.Struct, frozen=True):
    input: AnyInput


class FindLast(msgspec.Struct, frozen=True):
    ani: str


class AwaitCaller(msgspec.Struct, frozen=True):
    call: str
    timeout_ms: int


class Record(msgspec.Struct, frozen=True):
    name: str
    max_ms: int


class Done(msgspec.Struct, frozen=True):
    pass


class Keys(msgspec.Struct, frozen=True):
    keys: str


class Rested(msgspec.Struct, frozen=True):
    """Whether the exit key was pressed, and how long there was music. `crowded`: none, since others need the line; the
    dialplan has music as well."""

    by_key: bool = False
    waited_ms: int = 0
    crowded: bool = False


class Found(msgspec.Struct, frozen=True):
    agent: str


class Told(msgspec.Struct, frozen=True):
    facts: Sequence[AnyFact]


Command: TypeAlias = Play | Ask | Rest | Tell | FindLast | AwaitCaller | Record
Event: TypeAlias = Done | Keys | Rested | Found | Told
Dialogue: TypeAlias = Generator[Command, Event, Next]


class NoSense(TypeError):
    """The shell sent back an event that does not belong to the command: a bug of ours."""


def _play(*prompts: Prompt) -> Generator[Command, Event, None]:
    if prompts:
        yield Play(prompts)


def _ask(prompts: Sequence[Prompt], keys_max: int, timeout_ms: int) -> Generator[Command, Event, str]:
    event = yield Ask(tuple(prompts), keys_max, timeout_ms)
    if not isinstance(event, Keys):
        raise NoSense(f"expected Keys, found {event!r}")
    return event.keys


def _rest(rest: Rest) -> Generator[Command, Event, Rested]:
    event = yield rest
    if not isinstance(event, Rested):
        raise NoSense(f"expected Rested, found {event!r}")
    return event


def _find_last(ani: str) -> Generator[Command, Event, str]:
    event = yield FindLast(ani)
    if not isinstance(event, Found):
        raise NoSense(f"expected Found, found {event!r}")
    return event.agent


def _tell(said: AnyInput) -> Generator[Command, Event, Sequence[AnyFact]]:
    event = yield Tell(said)
    if not isinstance(event, Told):
        raise NoSense(f"expected Told, found {event!r}")
    return event.facts


# ------------------------------------------------------------------------------------------- a call that arrives


def answer(caller: Caller, settings: IvrSettings, calls: Calls) -> Dialogue:
    """The whole conversation with a call that has just arrived (AGI request `/call`)."""
    # The switch's own event announces the call as well, before or after this: the ACD takes whichever comes first.
    yield from _tell(_arrived(caller))
    if calls.waiting(caller.call) is not None:
        return "wait"  # we were restarted while it listened to its place in the queue: it still has it
    if caller.port and not caller.dnis and calls.numbers(caller.call) == (caller.ani, ""):
        yield AwaitCaller(caller.call, settings.smdi_wait_ms)
    return (yield from _conversation(caller, settings, calls).run())


def _conversation(caller: Caller, settings: IvrSettings, calls: Calls) -> _Conversation:
    """With the numbers that the serial line has told, where the channel has none."""
    ani, dnis = calls.numbers(caller.call)
    caller = msgspec.structs.replace(caller, ani=caller.ani or ani, dnis=caller.dnis or dnis)
    return _Conversation(caller, settings, calls)


def _arrived(caller: Caller) -> CallArrived:
    return CallArrived(STAMPED_BY_SHELL, caller.call, caller.channel, caller.ani, caller.dnis, caller.node, caller.port)


class _Conversation:
    """What stays the same through one call's conversation: who, in which language, by which flow."""

    def __init__(self, caller: Caller, settings: IvrSettings, calls: Calls) -> None:
        hotline: Hotline = settings.hotline(caller.dnis)
        self.caller = caller
        self.calls = calls
        self.settings = settings
        self.language: Language = hotline.language
        self.greeting = hotline.greeting
        self.flow: Flow = settings.flows[hotline.flow]

    def run(self) -> Dialogue:
        if self.greeting:
            yield from _play(Prompt(self.language, self.greeting))
        elif self.flow.greeting is not None:
            yield from _play(Prompt(self.language, self.flow.greeting[self.language]))
        choice, here = self.flow.start, self.flow.start.menu
        while True:
            if choice.say is not None:
                yield from _play(Prompt(self.language, choice.say[self.language]))
            if choice.hangup:
                if choice.say is None:
                    yield from _play(self._sentence("goodbye"))
                return "hangup"
            if choice.queue:
                return (yield from self._enter_queue(choice))
            here = choice.menu or here
            choice = yield from self._menu(here)

    def _sentence(self, name: str) -> Prompt:
        return say.sentence(self.language, name)

    def _menu(self, name: str) -> Generator[Command, Event, Choice]:
        """Asks until a key of the menu is pressed, or until one of the two ways of missing it is used up."""
        menu: Menu = self.flow.menus[name]
        prompt = Prompt(self.language, menu.prompt[self.language])
        missed = {"wrong": 0, "no_key": 0}
        apology: tuple[Prompt, ...] = ()
        while True:
            key = yield from _ask((*apology, prompt), 1, menu.timeout_ms)
            if (choice := menu.choice(key)) is not None:
                yield from _tell(MenuAnswered(STAMPED_BY_SHELL, self.caller.call, name, key))
                return choice
            way = "wrong" if key else "no_key"
            rule: Missed = menu.wrong if key else menu.no_key
            missed[way] += 1
            if missed[way] > rule.retries:
                return rule.then
            apology = (self._sentence(way) if rule.say is None else Prompt(self.language, rule.say[self.language]),)

    # --------------------------------------------------------------------------------------- waiting, or not

    def _enter_queue(self, choice: Choice) -> Dialogue:
        preferred = choice.preferred
        if preferred == LAST:
            preferred = (yield from _find_last(self.caller.ani)) if self.caller.ani else ""
        skills = self.flow.ask(choice, self.language)
        how = (choice.queue, choice.priority, skills, preferred, choice.head_start_ms)
        yield from _tell(EnterQueue(STAMPED_BY_SHELL, self.caller.call, *how))
        waiting = self.calls.waiting(self.caller.call)
        if waiting is None or waiting.offered:
            # An agent's phone is ringing: the caller hears music, not a place in a queue. Or the call is not taken, or
            # refused (the Refused fact has its reason): the waiting context keeps the caller and heals.
            return (yield from self.keep_waiting(()))
        left = yield from self._choose(self._place(waiting))
        return left or (yield from self.keep_waiting(self._hold()))

    def keep_waiting(self, spoken: Sequence[Prompt] | None = None) -> Dialogue:
        """Says `spoken` first, or else the place. While the exit key may be pressed or something is due, the caller
        waits here and not in the dialplan, whose music hears no key and is interrupted at its own times."""
        call, every_ms = self.caller.call, self.settings.place_every_ms
        unplaced_ms = every_ms if spoken is None else 0
        spoken = spoken or ()
        while True:
            if (to := self.calls.sent_on(call)) is not None:
                return (yield from self._treat(to))
            waiting = self.calls.waiting(call)
            if waiting is None:
                return "wait"
            if unplaced_ms >= every_ms:
                unplaced_ms = 0
                spoken = () if waiting.offered else (*self._place(waiting), *self._hold())
            if (news := self.calls.news(call)) is not None:
                spoken = (*self._announcement(news.announce), *spoken)
                if news.offer_callback:
                    if (left := (yield from self._choose(spoken))) is not None:
                        return left
                    spoken = self._hold()
                    continue
            if not (self.flow.exit_key or waiting.due):
                yield from _play(*spoken)
                return "wait"
            rested = yield from _rest(Rest(tuple(spoken), self.flow.exit_key, waiting.due, every_ms - unplaced_ms))
            if rested.crowded:
                return "wait"
            spoken = ()
            unplaced_ms += rested.waited_ms
            if rested.by_key:
                if (left := (yield from self._choose(()))) is not None:
                    return left
                spoken = self._hold()

    def _place(self, waiting: Waiting) -> list[Prompt]:
        return say.place_and_wait(self.language, waiting.position, waiting.expected_wait_ms)

    def _hold(self) -> list[Prompt]:
        key = self.flow.exit_key
        return [self._sentence("hold"), *([say.exit_hint(self.language, key)] if key else [])]

    def _announcement(self, name: str) -> list[Prompt]:
        """Nothing where there is none of that name any more: a step that was taken by rules of before a restart."""
        text = self.settings.announcements.get(name, {}).get(self.language)
        return [Prompt(self.language, text)] if text else []

    def _choose(self, spoken: Sequence[Prompt]) -> Generator[Command, Event, Next | None]:
        """To wait, to be called back or to leave a message, as far as the flow offers it; None: to wait."""
        offers = self.flow.offers
        if not offers:
            yield from _play(*spoken)
            return None
        choices = self._sentence("choices" if len(offers) > 1 else f"choices_{offers[0]}")
        for _ in range(TRIES):
            match (yield from _ask((*spoken, choices), 1, KEY_MS)):
                case "2" if "callback" in offers:
                    return (yield from self._call_back())
                case "3" if "message" in offers:
                    return (yield from self._leave_message())
                case "1" | "":
                    break
                case _:
                    spoken = [self._sentence("wrong")]
        return None

    def _treat(self, to: Treatment) -> Dialogue:
        """What becomes of a caller whom the queue did not take or keep. Queues and numbers are the ACD's to do."""
        match to.kind:
            case "voicemail":
                return (yield from self._leave_message())
            case "callback":
                return (yield from self._call_back()) or "wait"
            case "hang up":
                return "hangup"
            case _:
                return "wait"

    def _call_back(self) -> Generator[Command, Event, Next | None]:
        """None: the caller has thought better of it, or gave no number."""
        number = self.caller.ani if _CALLABLE.fullmatch(self.caller.ani) else ""
        for _ in range(TRIES):
            if not number:
                entered = yield from _ask((self._sentence("enter_number"),), NUMBER_LENGTH_MAX, NUMBER_KEY_MS)
                if not _CALLABLE.fullmatch(entered):
                    continue
                number = entered
            spoken = (self._sentence("call_at"), *say.figures(self.language, number), self._sentence("confirm"))
            if (yield from _ask(spoken, 1, KEY_MS)) != "2":
                left = yield from self._leave_queue(
                    LeaveQueue(STAMPED_BY_SHELL, self.caller.call, "callback", number=number)
                )
                if not left:
                    return "wait"
                yield from _play(self._sentence("callback_noted"))
                return "hangup"
            number = ""
        return None

    def _leave_message(self) -> Dialogue:
        """The wish is told before the recording starts, since most people end a message by hanging up.

        So it is on record by then, and no agent is connected in the middle of a sentence.
        """
        yield from _play(self._sentence("leave_message"))
        name = f"message-{re.sub(r'[^A-Za-z0-9._-]', '_', self.caller.call)}"
        if not (
            yield from self._leave_queue(
                LeaveQueue(STAMPED_BY_SHELL, self.caller.call, "message", recording=f"{name}.wav")
            )
        ):
            return "wait"
        yield Record(name, self.settings.message_max_ms)
        yield from _play(self._sentence("message_noted"))
        return "hangup"

    def _leave_queue(self, wish: LeaveQueue) -> Generator[Command, Event, bool]:
        """False where the ACD refused: an agent has just answered, and the bridge will take the caller there."""
        facts = yield from _tell(wish)
        return any(isinstance(fact, CallLeftQueue | CallbackPlaced) and fact.call == wish.call for fact in facts)


# -------------------------------------------------------------------------------------------- a call that waits


def wait(caller: Caller, settings: IvrSettings, calls: Calls) -> Dialogue:
    """One look after a waiting call, after a slice of music (AGI request `/waiting`): its place, or healing."""
    talk = _conversation(caller, settings, calls)
    if calls.sent_on(caller.call) is not None or calls.waiting(caller.call) is not None:
        return (yield from talk.keep_waiting())
    if calls.talks(caller.call):
        return "wait"
    if not caller.queue:
        # We were down when it arrived, or its menu was cut short: the conversation starts now.
        return (yield from answer(caller, settings, calls))
    # The ACD may have lost it (a new journal): both are ignored or refused if it has not.
    yield from _tell(_arrived(caller))
    yield from _tell(EnterQueue(STAMPED_BY_SHELL, caller.call, caller.queue, caller.priority))
    return "wait"
