"""Days that were recorded once, as journals: inputs, and what the ACD decided of them. I/O on the files of days/.

python -m tests.acd.recorded_days     decides all of them again; exits 1 where a fact differs

Needs nothing but acd and msgspec, so any Python can be asked whether it decides the same.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import msgspec

from acd.core import Acd
from acd.policy import CallChoice
from acd.vocabulary import Line
from tests.acd.busy_day import Day

FOLDER = Path(__file__).parent / "days"
SEEDS: dict[CallChoice, int] = {
    "oldest": 13,
    "priority": 27,
    "priority with ageing": 27,
    "queue weight": 27,
    "service level": 27,
}
"""Of the days that are recorded: one for each call choice, on which most kinds of facts come about."""

INPUTS = 450
"""Besides deadlines: some 90 calls."""

_DECODER = msgspec.json.Decoder(Line)


def path_of(choice: CallChoice) -> Path:
    return FOLDER / f"{choice.replace(' ', '_')}.journal.xz"


def record(choice: CallChoice) -> None:
    """Writes the day as the ACD decides it now."""
    acd = Acd()
    said = Day(SEEDS[choice], choice, acd.state).inputs(INPUTS)
    lines = (Line(seq, one, acd.handle(one)) for seq, one in enumerate(said, 1))
    texts = map(msgspec.json.encode, lines)
    path_of(choice).write_bytes(lzma.compress(b"".join(b"%08x %s\n" % (crc32(text), text) for text in texts)))


def journal_of(choice: CallChoice) -> bytes:
    """The day, in the journal's own format."""
    return lzma.decompress(path_of(choice).read_bytes())


def lines_of(choice: CallChoice) -> Iterator[Line]:
    for raw in journal_of(choice).splitlines():
        yield _DECODER.decode(raw[9:])


def first_difference(lines: Iterable[Line]) -> str:
    """Where a fresh ACD decides something else than the journal says, and what; "" if it comes to the same facts."""
    acd = Acd()
    for line in lines:
        facts = acd.handle(line.input)
        if facts != line.facts:
            return f"line {line.seq}, {line.input}\nrecorded: {line.facts}\nnow:      {facts}"
    return ""


if __name__ == "__main__":
    for one in SEEDS:
        if differs := first_difference(lines_of(one)):
            sys.exit(f"{path_of(one).name}, {differs}")
