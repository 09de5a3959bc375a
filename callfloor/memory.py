"""What the parts of the live system remember, all of it from the journal's lines. Pure.

The parts are given their share of it when they are made, and keep it up from then on. So it can be kept beside the
journal (`callfloor.checkpoint`), and a start need only read what has come since.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from acd.core import Acd
from acd.vocabulary import Line
from agent_console.known import Known
from callfloor.timetable import Words
from callfloor.today import Today
from cti.channels import Channels
from cti.matching import SerialMatcher
from cti.serial_settings import SerialSettings
from ivr.calls import Calls


class Parts(BaseModel):
    """Whose memory it is: the nodes by their names, and the serial lines."""

    model_config = ConfigDict(frozen=True)

    nodes: tuple[str, ...]
    lines: tuple[SerialSettings, ...]


class Memory:
    """As of line `seq` of the journal; nothing, to begin with."""

    def __init__(self, parts: Parts) -> None:
        self.seq = 0
        self.acd = Acd()
        self.channels = {node: Channels(node) for node in parts.nodes}
        self.matchers = {line.name: SerialMatcher.of(line) for line in parts.lines}
        self.ivr = Calls(self.acd.state)
        self.words = Words()
        self.screens = Known()
        self.today = Today()

    def learn(self, line: Line) -> None:
        """Takes in the next line."""
        at = line.input.at
        self.acd.replay([line])
        for channels in self.channels.values():
            channels.learn(line)
        for matcher in self.matchers.values():
            for fact in line.facts:
                matcher.learn(at, fact)
        self.ivr.see(line)
        self.words.learn(line, at)
        self.screens.learn(line)
        self.today.see(line)
        self.seq = line.seq
