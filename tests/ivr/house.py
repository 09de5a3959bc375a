"""What the IVR's tests share: a real ACD with its journal, one set of flows, and Asterisk's side of an AGI session."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Configure, GoReady, Line, LogIn, QueueRules
from ivr.agi import Command, CommandReader, Reply, encode_environment, encode_reply
from ivr.settings import IvrSettings

FLOWS = {
    "default_hotline": "8001",
    "hotlines": {
        "8001": {"flow": "main", "language": "en"},
        "8002": {"flow": "main", "language": "zh", "greeting": "您好，这里是客户服务热线。"},
        "8003": {"flow": "direct", "language": "en"},
        "8004": {"flow": "patient", "language": "en"},
    },
    "announcements": {"sorry": {"en": "We are sorry that it takes so long.", "zh": "很抱歉让您久等了。"}},
    "flows": {
        "main": {
            "greeting": {"en": "Welcome.", "zh": "您好。"},
            "menus": {
                "top": {
                    "prompt": {
                        "en": "Service 1, bills 2, hours 3, end 0.",
                        "zh": "服务按一，账单按二，时间按三，结束按零。",
                    },
                    "keys": {
                        "1": {"queue": "service"},
                        "2": {"menu": "bills"},
                        "3": {"say": {"en": "Nine to five.", "zh": "九点到五点。"}},
                        "0": {"hangup": True},
                    },
                    "wrong": {"retries": 1, "then": {"queue": "service"}},
                    "no_key": {"say": {"en": "Hello?", "zh": "喂？"}, "retries": 1},
                },
                "bills": {
                    "prompt": {"en": "To speak about a bill, press star.", "zh": "账单问题请按星号键。"},
                    "keys": {"*": {"queue": "bills", "priority": 3}},
                },
            },
        },
        "direct": {"start": {"queue": "service"}},
        "patient": {"start": {"queue": "service"}, "offers": ["message"], "exit_key": "*"},
    },
}


def ivr_settings(**changed: object) -> IvrSettings:
    return IvrSettings.model_validate({**FLOWS, "port": 0, "smdi_wait_ms": 30_000, **changed})


class House:
    """A real ACD and its journal; the clock stands still unless `at` is moved."""

    def __init__(self, *, ready: Sequence[str] = (), **queues: Any) -> None:
        self.acd = Acd()
        self.at = 1_000_000
        self.journal: list[Line] = []
        self.listeners: list[Callable[[Line], None]] = []
        self.changed = asyncio.Event()
        rules = {name: QueueRules(name, **queues) for name in ("service", "bills")}
        agents = {"a1": AgentRules("Ann", {"service": 1, "bills": 1}), "a2": AgentRules("Bo", {"service": 1})}
        self.say(Configure(self.at, rules, agents))
        for agent in agents:
            self.say(LogIn(self.at, agent, f"PJSIP/{agent}"))
            if agent in ready:
                self.say(GoReady(self.at, agent))

    def now(self) -> int:
        return self.at

    def say(self, said: AnyInput) -> list[AnyFact]:
        facts = self.acd.handle(said)
        line = Line(len(self.journal) + 1, said, facts)
        self.journal.append(line)
        for see in self.listeners:
            see(line)
        self.changed.set()
        return facts

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        return self.say(said)

    def said(self, call: str) -> list[str]:
        """The inputs about one call, as words."""
        return [type(line.input).__name__ for line in self.journal if getattr(line.input, "call", "") == call]


ENVIRONMENT = {
    "network": "yes",
    "network_script": "call",
    "request": "agi://127.0.0.1/call",
    "channel": "PJSIP/trunk-00000001",
    "uniqueid": "1700000000.1",
    "callerid": "13800138000",
    "calleridname": "unknown",
}
CALL = "pbx1-1700000000.1"
VARIABLES = {"CALLFLOOR_CALL": CALL, "CALLFLOOR_ANI": "13800138000", "CALLFLOOR_DNIS": "8001"}

Answer = Callable[[Command], Awaitable[bytes | None]]


class Channel:
    """Asterisk's side of one session over a real socket. `keys`: what the caller presses each time a key is awaited.

    `answer` may give the raw bytes for a command in place of the usual reply (None: the usual one).
    """

    def __init__(self, keys: Sequence[str] = (), variables: dict[str, str] | None = None) -> None:
        self.keys = deque(keys)
        self.variables = {**VARIABLES, **(variables or {})}
        self.heard: list[str] = []
        self.commands: list[Command] = []
        self.set: dict[str, str] = {}

    async def run(self, port: int, route: str = "call", answer: Answer | None = None, **environment: str) -> None:
        """Returns when the other side has closed the connection, which is the last that a session does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        commands = CommandReader()
        values = {**ENVIRONMENT, "network_script": route, **environment}
        writer.write(encode_environment(values))
        try:
            while data := await reader.read(4096):
                for command in commands.feed(data):
                    self.commands.append(command)
                    raw = await answer(command) if answer is not None else None
                    writer.write(raw if raw is not None else encode_reply(self.reply(command)))
        except ConnectionError:
            pass
        finally:
            writer.close()

    def reply(self, command: Command) -> Reply:
        match command:
            case Command("GET VARIABLE", (name,)):
                value = self.variables.get(name, "")
                return Reply(200, "1" if value else "0", value)
            case Command("SET VARIABLE", (name, value)):
                self.set[name] = value
                return Reply(200, "1")
            case Command("SET MUSIC", (how,)):
                self.heard.append(f"music {how.lower()}")
                return Reply(200, "0")
            case Command("STREAM FILE", (file, _)):
                self.heard.append(file)
                return Reply(200, "0", endpos=8_000)
            case Command("WAIT FOR DIGIT", _):
                key = self.keys.popleft() if self.keys else ""
                return Reply(200, str(ord(key)) if key else "0")
            case Command("RECORD FILE", _):
                return Reply(200, "35", "dtmf", 40_000)
            case _:
                return Reply(510, text="Invalid or unknown command")
