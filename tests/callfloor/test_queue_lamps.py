"""A lamp burns while callers wait, whatever else happens to them, and goes out when nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules
from callfloor.queue_lamps import QueueLamps
from cti.serial_line import SerialLine
from cti.serial_settings import SerialSettings

STATIONS = {"service": "5551111", "sales": "5552222", "night": "5552222"}


class Floor:
    """An ACD, a line in memory and its lamps; each input comes two seconds after the one before."""

    def __init__(self) -> None:
        self.acd, self.clock = Acd(), Clock()
        settings = SerialSettings(name="line1", device="/dev/none", lamps=STATIONS)
        self.line = SerialLine(settings, self._tell, self._now, self.clock)
        self.lamps = QueueLamps(self.acd, self.line, settings.lamps)
        make: Any = StringTransport
        self.transport = make()
        queues = {name: QueueRules(name, wrap_up_ms=0) for name in STATIONS}
        self.say(say.Configure(0, queues, {"a1": AgentRules("Alice", {"service": 1})}))
        self.line.opened(self.transport)

    async def _tell(self, said: AnyInput) -> Sequence[AnyFact]:
        return []

    def _now(self) -> int:
        return round(self.clock.seconds() * 1_000)

    def say(self, said: AnyInput) -> str:
        """What the line is told about it."""
        self.transport.clear()
        self.clock.advance(2)
        self.lamps.see(Line(1, said, self.acd.handle(said)))
        return str(self.transport.value().decode())


def test_lamps_follow_the_queues() -> None:
    floor = Floor()
    assert floor.transport.value() == b"RMV:MWI 5551111!\x04RMV:MWI 5552222!\x04", "whatever burned before"
    told = [
        floor.say(said)
        for said in (
            say.CallArrived(1_000, "c1", "x", queue="service"),
            say.CallArrived(1_000, "c2", "x", queue="service"),
            say.CallArrived(1_000, "c3", "x", queue="night"),
            say.CallArrived(1_000, "c4", "x", queue="sales"),
            say.LogIn(2_000, "a1", "PJSIP/1"),
            say.GoReady(2_000, "a1"),
            say.OfferAnswered(3_000, 1, "leg"),
            say.CallerGone(4_000, "c2"),
            say.CallerGone(4_000, "c3"),
            say.CallerGone(4_000, "c4"),
        )
    ]
    assert [(n, text) for n, text in enumerate(told) if text] == [
        (0, "OP:MWI 5551111!\x04"),
        (2, "OP:MWI 5552222!\x04"),
        (7, "RMV:MWI 5551111!\x04"),
        (9, "RMV:MWI 5552222!\x04"),
    ]
