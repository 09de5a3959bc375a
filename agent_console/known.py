"""What the screens know of the floor, all of it from the journal's lines. Pure."""

from __future__ import annotations

from acd.vocabulary import Line
from agent_console.audience import Audience
from agent_console.board import Board
from agent_console.pop_book import PopBook


class Known:
    """`learn` lines of the past. Of a line of now the hub tells each of the three itself, and screens what follows."""

    def __init__(self) -> None:
        self.board = Board()
        self.audience = Audience()
        self.pops = PopBook(self.board)

    def learn(self, line: Line) -> None:
        self.board.see(line)
        for fact in line.facts:
            self.pops.see(self.audience.see(fact).fact, line.input.at)
