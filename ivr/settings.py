"""What an operator may set for the IVR: hotlines, flows, speech. Pure: models and their checks, no I/O.

A flow is data. In the one TOML file it reads:

    [ivr.hotlines.4008001000]
    flow = "main"
    language = "zh"

    [ivr.flows.main.menus.top]
    prompt = { zh = "咨询请按一，投诉请按二。", en = "For advice press 1, for complaints press 2." }
    keys = { "1" = { queue = "service" }, "2" = { queue = "complaints", priority = 5 }, "0" = { hangup = true } }
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from acd.asks import AskError, both, parse
from acd.queue_rules import LONGEST_OF_TWO

Language: TypeAlias = Literal["zh", "en"]
Text: TypeAlias = dict[Language, str]
"""One sentence in each language that the flow is heard in."""

Key: TypeAlias = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
Offer: TypeAlias = Literal["callback", "message"]
Engine: TypeAlias = Literal["espeak", "gtts", "files"]


def _ask(text: str) -> str:
    try:
        ask = parse(text).text
    except AskError as error:
        raise ValueError(str(error)) from None
    if len(ask) > LONGEST_OF_TWO:
        raise ValueError(f"expected at most {LONGEST_OF_TWO} characters, so that the queue can ask for as much")
    return ask


Ask: TypeAlias = Annotated[str, AfterValidator(_ask)]
"""Skills that are asked for, such as `billing >= 3`: see `acd.asks`."""

LAST = "last"
"""In place of an agent's id: whoever has talked to this caller last."""


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Settings):
    """Where a key leads: `say` first if given, then one of `queue`, `menu`, `hangup`; `say` alone, the menu again.

    How the call enters the queue: `priority`; the `skills` it asks for beside what the queue asks for; a `preferred`
    agent, by id or `last`, who is asked first for the queue's `prefer_ms`; `head_start_ms` that count as waited.
    """

    say: Text | None = None
    queue: str = ""
    priority: int = Field(default=0, ge=-100, le=100)
    skills: Ask = ""
    preferred: str = Field(default="", max_length=80)
    head_start_ms: int = Field(default=0, ge=0, le=3_600_000)
    menu: str = ""
    hangup: bool = False

    @model_validator(mode="after")
    def _leads_to_one_place(self) -> Choice:
        ways = [name for name in ("queue", "menu", "hangup") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"expected one of queue, menu and hangup, found {' and '.join(ways)}")
        if not ways and self.say is None:
            raise ValueError("leads nowhere: expected queue, menu, say or hangup")
        for name in ("priority", "skills", "preferred", "head_start_ms"):
            if getattr(self, name) and not self.queue:
                raise ValueError(f"{name} counts only where a queue is named")
        return self


class Missed(Settings):
    """What follows a wrong key, or none: `say` (a stock sentence if not given) and the menu again, then `then`."""

    say: Text | None = None
    retries: int = Field(default=2, ge=0, le=9)
    then: Choice = Choice(hangup=True)


class Menu(Settings):
    prompt: Text
    keys: dict[Key, Choice] = Field(min_length=1)
    timeout_ms: int = Field(default=5_000, ge=500, le=60_000)
    wrong: Missed = Missed()
    no_key: Missed = Missed()

    def choice(self, key: str) -> Choice | None:
        return next((choice for known, choice in self.keys.items() if known == key), None)


class Flow(Settings):
    """`start` is where a caller begins: a menu, or a queue straight away.

    `language_skills`: what every call of the flow asks for, by the language that it is heard in.
    `offers`: what a caller may choose in place of waiting. `exit_key` asks for that choice again while there is music.
    """

    greeting: Text | None = None
    start: Choice = Choice(menu="top")
    menus: dict[str, Menu] = {}
    language_skills: dict[Language, Ask] = {}
    offers: tuple[Offer, ...] = ("callback", "message")
    exit_key: Key | Literal[""] = ""

    def choices(self) -> Iterator[tuple[str, Choice]]:
        """Every choice of this flow with its place, such as `menus.top.keys.1`."""
        yield "start", self.start
        for name, menu in self.menus.items():
            for key, choice in menu.keys.items():
                yield f"menus.{name}.keys.{key}", choice
            yield f"menus.{name}.wrong.then", menu.wrong.then
            yield f"menus.{name}.no_key.then", menu.no_key.then

    def ask(self, choice: Choice, language: Language) -> str:
        """All that a call asks for that comes to a queue by this choice."""
        own = self.language_skills.get(language, "")
        return both(parse(own), parse(choice.skills)).text if own and choice.skills else own or choice.skills

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Every sentence of this flow with its place."""
        if self.greeting is not None:
            yield "greeting", self.greeting
        for place, choice in self.choices():
            if choice.say is not None:
                yield f"{place}.say", choice.say
        for name, menu in self.menus.items():
            yield f"menus.{name}.prompt", menu.prompt
            for way, missed in (("wrong", menu.wrong), ("no_key", menu.no_key)):
                if missed.say is not None:
                    yield f"menus.{name}.{way}.say", missed.say

    @model_validator(mode="after")
    def _menus_exist(self) -> Flow:
        for place, choice in self.choices():
            if choice.menu and choice.menu not in self.menus:
                there = ", ".join(sorted(self.menus)) or "none at all"
                raise ValueError(f"{place}: there is no menu {choice.menu!r} in this flow (its menus: {there})")
        if not (self.start.menu or self.start.queue or self.start.hangup):
            raise ValueError("start: expected a menu, a queue or hangup")
        if len(set(self.offers)) < len(self.offers):
            raise ValueError("offers: expected each once")
        if self.exit_key and not self.offers:
            raise ValueError(
                "exit_key: leads to a choice, but offers is empty: expected callback, message or both there"
            )
        return self


class Hotline(Settings):
    """One dialed number (DNIS). Its own `greeting` is heard in place of the flow's."""

    flow: str
    language: Language = "zh"
    greeting: str = ""


class SpeechSettings(Settings):
    """How sentences become sound.

    `voices` names a voice per language in the engine's own words; `asterisk_path` is the folder `cache` as Asterisk
    sees it, where that differs (a container).
    """

    engine: Engine = "espeak"
    voices: dict[Language, str] = {}
    words_per_minute: int = Field(default=150, ge=80, le=300)
    cache: Path = Path("var/speech")
    asterisk_path: str = ""


class IvrSettings(Settings):
    """`hotlines` by dialed number; a call with no or another number takes `default_hotline`.

    `smdi_wait_ms`: how long a call that came on a port without a number waits for the serial line to bring it.
    `last_agent_ms`: how long a call waits to be told who has talked to this caller last; it goes on without.
    `place_every_ms`: how often a waiting caller is told the place, who waits with us and not in the dialplan (a flow
    with an exit key, a queue with steps). `announcements`: what a queue's steps may `announce`, by name.
    `messages` is where callers' messages are recorded; `asterisk_messages` the same folder as Asterisk sees it.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=4573, ge=0, le=65_535)
    connections_max: int = Field(default=1_000, ge=1)
    environment_ms: int = Field(default=5_000, ge=100)
    session_ms: int = Field(default=900_000, ge=1_000)
    last_agent_ms: int = Field(default=300, ge=0, le=3_000)
    smdi_wait_ms: int = Field(default=3_000, ge=0, le=30_000)
    message_max_ms: int = Field(default=120_000, ge=5_000)
    place_every_ms: int = Field(default=60_000, ge=5_000, le=3_600_000)
    messages: Path = Path("var/messages")
    asterisk_messages: str = ""
    default_hotline: str
    hotlines: dict[str, Hotline] = Field(min_length=1)
    flows: dict[str, Flow] = Field(min_length=1)
    announcements: dict[str, Text] = {}
    speech: SpeechSettings = SpeechSettings()

    def hotline(self, dnis: str) -> Hotline:
        return self.hotlines.get(dnis) or self.hotlines[self.default_hotline]

    def entries(self) -> Iterator[tuple[str, Choice, str]]:
        """Every way into a queue: its place, its choice, and what a call asks for that takes it."""
        for name, flow in self.flows.items():
            languages = {hotline.language for hotline in self.hotlines.values() if hotline.flow == name}
            for place, choice in flow.choices():
                for language in sorted(languages) if choice.queue else ():
                    yield f"flows.{name}.{place}", choice, flow.ask(choice, language)

    def preferred(self) -> list[tuple[str, str]]:
        """Every agent whom a flow names, with the place that does: whoever knows the agents checks them."""
        return [
            (f"flows.{name}.{place}.preferred", choice.preferred)
            for name, flow in self.flows.items()
            for place, choice in flow.choices()
            if choice.preferred not in ("", LAST)
        ]

    def queues(self) -> list[tuple[str, str]]:
        """Every queue that a flow leads to, with the place that names it: whoever knows the queues checks them."""
        return [
            (f"flows.{name}.{place}.queue", choice.queue)
            for name, flow in self.flows.items()
            for place, choice in flow.choices()
            if choice.queue
        ]

    @model_validator(mode="after")
    def _references_hold(self) -> IvrSettings:
        if self.default_hotline not in self.hotlines:
            there = ", ".join(sorted(self.hotlines))
            raise ValueError(f"default_hotline: there is no hotline {self.default_hotline!r} (hotlines: {there})")
        for dnis, hotline in self.hotlines.items():
            if hotline.flow not in self.flows:
                there = ", ".join(sorted(self.flows))
                raise ValueError(f"hotlines.{dnis}.flow: there is no flow {hotline.flow!r} (flows: {there})")
            for place, choice in self.flows[hotline.flow].choices():
                if len(ask := self.flows[hotline.flow].ask(choice, hotline.language)) > LONGEST_OF_TWO:
                    raise ValueError(
                        f"flows.{hotline.flow}.{place}.skills: expected at most {LONGEST_OF_TWO} characters with "
                        f"language_skills, found {len(ask)}"
                    )
            texts = [(f"flows.{hotline.flow}.{place}", text) for place, text in self.flows[hotline.flow].texts()]
            # Whoever waits may come to any queue, by an overflow or a supervisor's hand.
            texts += [(f"announcements.{name}", text) for name, text in self.announcements.items()]
            for place, text in texts:
                if not text.get(hotline.language, "").strip():
                    raise ValueError(f"{place}: no text in {hotline.language!r}, the language of hotline {dnis}")
        return self
