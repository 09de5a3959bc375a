"""The journal: one file of lines, in which everything that the ACD was told and decided is kept. I/O on that file.

    crc32 of the JSON, 8 hex digits | space | JSON of `acd.vocabulary.Line` | newline

The n-th line has sequence number n, from 1, so that a place in the file and a place in the sequence are the same thing.
One process writes (the file is locked), any number may read while it does. Whatever stands after the last whole line is
a write that was cut short: nobody was ever told that it succeeded, so it is dropped. Anything else that is wrong is
damage, and is never read past.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

import msgspec
import structlog

from acd.vocabulary import Line
from records.settings import Fsync

FSYNC_INTERVAL_S = 0.1
_BLOCK = 32 * 1024  # larger ones replay more slowly: their lines grow old enough for the garbage collector
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = structlog.get_logger(__name__)


class JournalError(OSError):
    """The journal could not be written or opened; the file is as it was before."""


class JournalFull(JournalError):
    """No room for the line. The file ends with the line before it; appending the very same line again is right."""


class JournalLocked(JournalError):
    """Another process is writing this journal."""


class JournalCorrupt(Exception):
    """The journal is damaged, or was not written by us."""

    def __init__(self, path: Path, line: int, offset: int, expected: str) -> None:
        super().__init__(f"{path}, line {line}, byte {offset}: expected {expected}")
        self.path = path
        self.line = line
        self.offset = offset
        self.expected = expected


class Verified(msgspec.Struct, frozen=True):
    """What a whole journal holds. `torn_bytes` after the last whole line are a write that was cut short."""

    lines: int
    facts: int
    first_at: int
    last_at: int
    torn_bytes: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


def find(path: Path, word: bytes) -> Iterator[Line]:
    """The whole lines in which these bytes stand, without reading the others. Raises JournalCorrupt for one of them
    that is damaged, OSError if the file cannot be read."""
    with path.open("rb") as opened:
        if not os.fstat(opened.fileno()).st_size:
            return  # an empty file cannot be mapped
        with mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
            at = data.find(word)
            while at >= 0:
                begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
                if end < 0:
                    return  # a write that was cut short
                payload = _payload(data[begin:end])
                if payload is None:
                    raise JournalCorrupt(path, _lines_before(path, begin) + 1, begin, "a line that matches its crc32")
                yield _decode(payload)
                at = data.find(word, end)


def _payload(raw: bytes) -> bytes | None:
    """The JSON of a line without its newline; None if the line is not as it was written."""
    payload = raw[9:]
    # The digits are compared as text: int() would take "0XAB", "+0ab" and upper case for the same number.
    return payload if raw[:9] == b"%08x " % crc32(payload) else None


class Journal:
    """The one writer of a journal. Made by `Journal.open`."""

    def __init__(self, path: Path, descriptor: int, end: int, last_seq: int, fsync: Fsync) -> None:
        self.path = path
        self.last_seq = last_seq
        self._descriptor = descriptor
        self._end = end
        self._fsync = fsync
        self._fault: OSError | None = None
        self._unsynced = threading.Event()
        self._closing = threading.Event()
        self._syncer: threading.Thread | None = None
        if fsync == "interval":
            self._syncer = threading.Thread(target=self._sync_at_intervals, name="journal-fsync", daemon=True)
            self._syncer.start()

    @classmethod
    def open(cls, path: Path, fsync: Fsync = "interval") -> Self:
        """Lock the journal at `path` for writing, make it if there is none, and cut off a torn last line.

        Only the end of the file is looked at; `replay` sees the rest.

        Raises `JournalLocked`, `JournalCorrupt`, or OSError if the file cannot be opened at all.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JournalLocked(errno.EWOULDBLOCK, "another process is writing this journal", str(path)) from None
            end, last_seq = _good_end(path, descriptor)
            torn = os.fstat(descriptor).st_size - end
            if torn:
                log.warning("journal.torn_line_dropped", path=str(path), after_seq=last_seq, offset=end, bytes=torn)
                os.ftruncate(descriptor, end)
            _sync_folder(path.parent)
            return cls(path, descriptor, end, last_seq, fsync)
        except BaseException:
            os.close(descriptor)
            raise

    def append(self, line: Line) -> None:
        """Write one line; once this returns, a killed process has not lost it.

        Raises `JournalFull` if there is no room, `JournalError` if the disk failed otherwise (both leave the file as it
        was), and ValueError if the line is not the next one. After a failed fsync nobody knows what is on the disk:
        every append from then on raises, and only a new start, which reads the file again, may go on.
        """
        if self._fault is not None:
            raise JournalError(self._fault.errno, f"an earlier fsync failed: {self._fault.strerror}", str(self.path))
        if line.seq != self.last_seq + 1:
            raise ValueError(f"the journal's next line is {self.last_seq + 1}, got {line.seq}")
        payload = _encode(line)
        raw = b"%08x %b\n" % (crc32(payload), payload)
        self._write(raw)
        self._end += len(raw)
        self.last_seq = line.seq
        if self._fsync == "always":
            self._sync()
            if self._fault is not None:
                raise JournalError(self._fault.errno, f"fsync: {self._fault.strerror}", str(self.path))
        else:
            self._unsynced.set()

    def close(self) -> None:
        """Force everything to the disk and let the file go. Raises `JournalError` if that fails."""
        self._closing.set()
        self._unsynced.set()
        if self._syncer is not None:
            self._syncer.join()
        try:
            self._sync()
        finally:
            os.close(self._descriptor)
        if self._fault is not None:
            raise JournalError(self._fault.errno, f"fsync: {self._fault.strerror}", str(self.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, raw: bytes) -> None:
        """All of `raw` at the end of the file, or nothing."""
        try:
            written = os.pwrite(self._descriptor, raw, self._end)
        except OSError as error:
            self._take_back()
            kind = JournalFull if error.errno in _FULL else JournalError
            raise kind(error.errno, error.strerror, str(self.path)) from error
        if written < len(raw):
            self._take_back()
            raise JournalFull(errno.ENOSPC, f"only {written} of {len(raw)} bytes fitted", str(self.path))

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            self._fault = error
            raise JournalError(error.errno, f"a torn line stays: {error.strerror}", str(self.path)) from error

    def _sync(self) -> None:
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self._fault = error
            log.exception("journal.fsync_failed", path=str(self.path))

    def _sync_at_intervals(self) -> None:
        """The one thread here: an fsync may take a second on a busy disk, and calls must not wait for it."""
        while not self._closing.is_set():
            self._unsynced.wait()
            self._unsynced.clear()
            self._sync()
            self._closing.wait(FSYNC_INTERVAL_S)


class JournalReader:
    """Reads a journal from a place on, also while it is being written."""

    def __init__(self, path: Path, after: int = 0, offset: int | None = None) -> None:
        """Start behind the line with sequence number `after`, which ends at `offset` if that is known.

        Raises FileNotFoundError, and `JournalCorrupt` if the journal ends before that line.
        """
        self.path = path
        self.last_seq = after
        """The sequence number of the last line read."""
        self.offset: int
        """Where the next line begins, in bytes."""
        self.torn_bytes = 0
        """How much stood behind the last whole line when `read` last found nothing: a write that was cut short."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.offset = self._end_of_line(after) if offset is None else offset
        except BaseException:
            self.close()
            raise

    def read(self, place: int | None = None) -> list[Line]:
        """The next whole lines, some hundreds at most, only those that begin before `place` if it is given; none at
        the end. Raises `JournalCorrupt`."""
        lines: list[Line] = []
        data = self._whole_lines()
        for raw in data[:-1]:
            if place is not None and self.offset >= place:
                return lines
            line = self._line(raw)
            if line is None:
                break
            lines.append(line)
            self.last_seq = line.seq
            self.offset += len(raw) + 1
        if not lines:
            self.torn_bytes = len(b"\n".join(data))
        return lines

    def mark(self) -> str:
        """The crc32 of the first line, by which this journal is told from any other; "" while it is empty."""
        return os.pread(self._descriptor, 8, 0).decode("ascii", "replace")

    def sync(self) -> None:
        """Force to the disk what has been read, so that nothing made from it can outlive it."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _whole_lines(self) -> list[bytes]:
        """Whole lines from the offset on, and then what stands behind the last newline."""
        # Read anew from the offset, not from a buffer: the writer may have taken a torn line back since the last time.
        size = _BLOCK
        while True:
            data = os.pread(self._descriptor, size, self.offset)
            if b"\n" in data or len(data) < size:
                return data.split(b"\n")
            size *= 2

    def _line(self, raw: bytes) -> Line | None:
        """The line at the offset; None if it is the last and was cut short."""
        number = self.last_seq + 1
        payload = _payload(raw)
        if payload is None:
            if self.offset + len(raw) + 1 == os.fstat(self._descriptor).st_size:
                return None
            raise JournalCorrupt(self.path, number, self.offset, "a line that matches its crc32")
        try:
            line = _decode(payload)
        except msgspec.DecodeError as error:
            raise JournalCorrupt(self.path, number, self.offset, f"a journal line ({error})") from error
        if line.seq != number:
            raise JournalCorrupt(self.path, number, self.offset, f"sequence number {number}, got {line.seq}")
        return line

    def _end_of_line(self, number: int) -> int:
        if number == 0:
            return 0
        end, last = _good_end(self.path, self._descriptor)
        if last < number:
            raise JournalCorrupt(self.path, last + 1, end, f"line {number}; the journal ends before it")
        return _first(self.path, self._descriptor, end, lambda line: line.seq > number)


def place_at(path: Path, at: int) -> int:
    """Where the first line begins that is not before the time `at`; the end of the last whole line if there is none.
    Looks at some thirty lines, however long the journal is. Raises FileNotFoundError and `JournalCorrupt`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end, _ = _good_end(path, descriptor)
        return _first(path, descriptor, end, lambda line: line.input.at >= at)
    finally:
        os.close(descriptor)


def _first(path: Path, descriptor: int, end: int, comes: Callable[[Line], bool]) -> int:
    """Where the first line begins that `comes`, as all behind it do; `end` if there is none. Each time one of the lines
    is looked at, half of them are out of the question."""
    low, high = 0, end
    while low < high:
        start = _start_of_line(descriptor, (low + high) // 2 + 1)
        line_end, line = _line_at(path, descriptor, start)
        if comes(line):
            high = start
        else:
            low = line_end
    return low


def _line_at(path: Path, descriptor: int, start: int) -> tuple[int, Line]:
    """Where the line ends that begins at `start`, and what it says."""
    size = _BLOCK
    while (newline := (data := os.pread(descriptor, size, start)).find(b"\n")) < 0 and len(data) == size:
        size *= 2
    payload = _payload(data[:newline])
    if payload is None:
        raise JournalCorrupt(path, _lines_before(path, start) + 1, start, "a line that matches its crc32")
    try:
        return start + newline + 1, _decode(payload)
    except msgspec.DecodeError as error:
        raise JournalCorrupt(path, _lines_before(path, start) + 1, start, f"a journal line ({error})") from error


def replay(path: Path) -> Iterator[Line]:
    """Every whole line of the journal, in order; a torn last line is reported in the log and left out.

    Raises FileNotFoundError and `JournalCorrupt`.
    """
    with JournalReader(path) as reader:
        while lines := reader.read():
            yield from lines
        if torn := reader.torn_bytes:
            log.warning("journal.torn_line_left_out", path=str(path), after_seq=reader.last_seq, bytes=torn)


def verify(path: Path) -> Verified:
    """Read a whole journal and count it. Raises `JournalCorrupt`, also where time goes backwards."""
    facts = first_at = last_at = 0
    with JournalReader(path) as reader:
        while lines := reader.read():
            first_at = first_at or lines[0].input.at
            for line in lines:
                if line.input.at < last_at:
                    expected = f"a time of at least {last_at}, got {line.input.at}"
                    with JournalReader(path, after=line.seq - 1) as place:
                        raise JournalCorrupt(path, line.seq, place.offset, expected)
                last_at = line.input.at
                facts += len(line.facts)
        return Verified(reader.last_seq, facts, first_at, last_at, reader.torn_bytes)


def _good_end(path: Path, descriptor: int) -> tuple[int, int]:
    """Where the last whole line ends, and its sequence number: 0, 0 for an empty journal."""
    end = size = os.fstat(descriptor).st_size
    while end:
        start = _start_of_line(descriptor, end)
        raw = os.pread(descriptor, end - start, start)
        payload = _payload(raw[:-1]) if raw.endswith(b"\n") else None
        if payload is not None:
            try:
                return end, _decode(payload).seq
            except msgspec.DecodeError as error:
                raise JournalCorrupt(
                    path, _lines_before(path, start) + 1, start, f"a journal line ({error})"
                ) from error
        if end < size:
            expected = "a line that matches its crc32"
            raise JournalCorrupt(path, _lines_before(path, start) + 1, start, expected)
        end = start
    return 0, 0


def _start_of_line(descriptor: int, end: int) -> int:
    """Where the line begins whose last byte stands before `end`."""
    window = _BLOCK
    while True:
        start = max(0, end - window)
        data = os.pread(descriptor, end - start, start)
        newline = data.rfind(b"\n", 0, -1)
        if newline >= 0:
            return start + newline + 1
        if start == 0:
            return 0
        window *= 2


def _lines_before(path: Path, offset: int) -> int:
    return path.read_bytes()[:offset].count(b"\n")


def _sync_folder(folder: Path) -> None:
    # A new file is only safe once the folder that names it is.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
