"""What the fuzzer begins with: captures and the examples of the codecs' own tests. Does I/O: reads and writes files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.cti.test_asterisk import CAPTURES
from tests.cti.test_smdi import PROVED
from tests.cti.test_smdr import LINES
from tests.ivr.test_agi import ENVIRONMENT, REPLIES


def seeds(target: str) -> Iterable[bytes]:
    match target:
        case "ami":
            yield from _kinds_of_messages()
            yield b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\n\r\n"
        case "agi":
            yield from (ENVIRONMENT + reply for reply, _ in REPLIES)
            yield b'SET VARIABLE "A" "b \\"c\\""\nSTREAM FILE x "12" 0\n'
        case "smdi":
            yield from (data for data, _ in PROVED)
        case "smdr":
            yield from (line + b"\r\n" for _, line, _ in LINES)


def _kinds_of_messages() -> Iterable[bytes]:
    """One of each kind that stands in the captures: the shorter a seed, the more is tried with it."""
    kinds: dict[bytes, bytes] = {}
    for path in sorted(CAPTURES.glob("ami-*.txt")):
        for message in path.read_bytes().split(b"\r\n\r\n"):
            kinds.setdefault(message.partition(b"\r\n")[0], message + b"\r\n\r\n")
    return kinds.values()


def write_seeds(target: str, folder: Path) -> None:
    """A file for each, as libFuzzer wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number}").write_bytes(seed)
