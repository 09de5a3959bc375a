"""The memory of the house, kept beside the journal, so that a start reads only what has come since. I/O on that file.

Checkpoints are a cache: they may be deleted at any time, and where anything about one does not fit (other code, other
parts, another journal, a damaged file), it is as if it were not there. Each version of the code has its own, so that a
new version can make them while the old one still serves. The earlier ones stay, one for each 100,000 lines or so: from
there days and calls of long ago are looked up.

    JSON of `_Head` | newline | pickle of `callfloor.memory.Memory`
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from glob import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
import structlog

from acd.vocabulary import Line
from callfloor.memory import Memory, Parts
from records.journal import JournalReader
from records.remembered import Kept, Made

APART = 100_000
"""After so many lines a checkpoint is made: as many take some seconds to read."""
LEAST = 1_000
"""A start that has read fewer lines makes none."""
PACKAGES = ("acd", "agent_console", "callfloor", "cti", "ivr", "records")
"""Those whose classes stand in a memory, or decide what does."""
_PLAIN = {
    ("array", "_array_reconstructor"),
    ("array", "array"),
    *(("builtins", name) for name in ("dict", "frozenset", "int", "list", "set", "tuple")),
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
}
_TAIL_BYTES = 4_096

log = structlog.get_logger(__name__)


class Checkpoint(NamedTuple):
    """`memory` as of the line that ends at `offset` of the journal."""

    memory: Memory
    offset: int


class _Head(msgspec.Struct, frozen=True):
    """What must fit. `mark`: the crc32 of the journal's first line; `tail`: that of its last bytes before `offset`."""

    parts: str
    zone: str
    mark: str
    seq: int
    offset: int
    tail: int
    size: int
    crc32: int


def load(journal: Path, parts: Parts) -> Checkpoint | None:
    """What was remembered last of this journal; None if there is nothing that fits. What does not is gone."""
    for path in reversed(_all(journal)):
        if (found := _load(path, journal, parts)) is not None:
            return found
        _remove(path)
    return None


def catch_up(
    memory: Memory, reader: JournalReader, parts: Parts, least: int, took_in: Callable[[Line], None] = lambda _: None
) -> None:
    """Learns all whole lines that `reader` finds, which begins behind `memory.seq`, and makes checkpoints on the way,
    at the end too if so many lines (`least`) have come since. Raises JournalCorrupt. Checkpoints that do not go with
    the lines behind them are gone when this raises."""
    kept = memory.seq
    try:
        while lines := reader.read():
            for line in lines:
                memory.learn(line)
                took_in(line)
            if memory.seq - kept >= APART:
                kept = _try_to_save(memory, reader, parts)
    except Exception:  # whatever it is: if what was kept is wrong, the next start must not fail in the same place
        for path in _all(reader.path):
            _remove(path)
        raise
    if memory.seq - kept >= least:
        _try_to_save(memory, reader, parts)


def save(memory: Memory, reader: JournalReader, parts: Parts) -> None:
    """Keeps what `memory` has learned, up to where `reader` is. Raises OSError. Nothing is forced to the disk, as
    callers would wait for it: what a power cut has torn, or what tells of more than the journal then, does not fit."""
    path = _path(reader.path, memory.seq)
    data = pickle.dumps(memory, protocol=5)
    head = _Head(
        parts=parts.model_dump_json(),
        zone=_zone(),
        mark=reader.mark(),
        seq=memory.seq,
        offset=reader.offset,
        tail=_tail(reader.path, reader.offset),
        size=len(data),
        crc32=crc32(data),
    )
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(head) + b"\n")
            file.write(data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    log.info("checkpoint.saved", path=str(path), lines=memory.seq, bytes=len(data))
    _thin_out(_all(reader.path))


def forget_others(journal: Path) -> None:
    """Removes the checkpoints of other versions, and what was never finished."""
    ours = _all(journal)
    for path in journal.parent.glob(f"{escape(journal.name)}.*.checkpoint*"):
        if path not in ours:
            _remove(path)


def kept_before(journal: Path, parts: Parts, after: int, place: int) -> Kept | None:
    """What the last checkpoint knows of days and calls that is about a place behind `after` and not behind `place`, in
    bytes of the journal; None if there is none."""
    paths = _all(journal)
    nearest = bisect_right(paths, place, key=_offset) - 1
    if nearest < 0 or _offset(paths[nearest]) <= after or (found := _load(paths[nearest], journal, parts)) is None:
        return None
    return Kept(found.offset, found.memory.seq, Made(found.memory.acd.state, found.memory.today.measures))


def _load(path: Path, journal: Path, parts: Parts) -> Checkpoint | None:
    try:
        head_line, _, data = path.read_bytes().partition(b"\n")
        head = msgspec.json.decode(head_line, type=_Head)
        fault = _does_not_fit(head, data, journal, parts)
        memory = None if fault else _Ours(io.BytesIO(data)).load()
    # Whatever is wrong with it, the journal has all of it too.
    except Exception as error:  # noqa: BLE001
        log.warning("checkpoint.left_out", path=str(path), why=repr(error)[:500])
        return None
    if isinstance(memory, Memory) and memory.seq == head.seq:
        return Checkpoint(memory, head.offset)
    log.warning("checkpoint.left_out", path=str(path), why=fault or "expected a memory as of the line that it names")
    return None


def _try_to_save(memory: Memory, reader: JournalReader, parts: Parts) -> int:
    try:
        save(memory, reader, parts)
    except OSError as error:
        log.warning("checkpoint.not_saved", why=str(error))
    return memory.seq


def _thin_out(paths: list[Path]) -> None:
    """The last but one goes, unless there would be too long a way without it."""
    if len(paths) > 1 and _seq(paths[-1]) - (_seq(paths[-3]) if len(paths) > 2 else 0) <= APART:
        _remove(paths[-2])


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("checkpoint.not_removed", path=str(path), why=str(error))


def _all(journal: Path) -> list[Path]:
    """The checkpoints of this version, in the order of their lines."""
    return sorted(journal.parent.glob(f"{escape(journal.name)}.{_code()}.*.checkpoint"))


def _path(journal: Path, seq: int) -> Path:
    return journal.with_name(f"{journal.name}.{_code()}.{seq:012}.checkpoint")


def _seq(path: Path) -> int:
    return int(path.name.split(".")[-2])


def _offset(path: Path) -> int:
    """Of what it says of itself; before the journal's beginning if it says nothing."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline(), type=_Head).offset
    except (OSError, msgspec.DecodeError):
        return -1


@cache
def _code() -> str:
    """Of the code that makes and reads a memory: another one may remember other things by the same names."""
    root = Path(__file__).parent.parent
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    digest = hashlib.sha256(f"{sys.version} msgspec {version('msgspec')} pydantic {version('pydantic')}".encode())
    for file in files:
        digest.update(f"{file.relative_to(root)} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _zone() -> str:
    """The machine's own: by it a day begins."""
    return f"{time.tzname} {time.timezone}"


def _tail(journal: Path, offset: int) -> int:
    with journal.open("rb") as file:
        begin = max(0, offset - _TAIL_BYTES)
        return crc32(os.pread(file.fileno(), offset - begin, begin))


def _does_not_fit(head: _Head, data: bytes, journal: Path, parts: Parts) -> str:
    """Why this checkpoint says nothing, or ""."""
    if (head.size, head.crc32) != (len(data), crc32(data)):
        return "it is damaged"
    if head.parts != parts.model_dump_json():
        return "nodes or serial lines are other ones"
    if head.zone != _zone():
        return f"it is of time zone {head.zone}"
    if not journal.exists() or journal.stat().st_size < head.offset:
        return f"the journal ends before line {head.seq}"
    with JournalReader(journal, head.seq, head.offset) as reader:
        mark = reader.mark()
    if head.mark != mark or head.tail != _tail(journal, head.offset):
        return "it is of another journal"
    return ""


class _Ours(pickle.Unpickler):
    """Makes objects of our own classes and plain containers only: a file that somebody has put there runs nothing."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if module.partition(".")[0] in PACKAGES else None
        if isinstance(found, type):
            return found
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"expected a class of ours, got {module}.{name}")
