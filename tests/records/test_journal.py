"""The journal keeps what it was given, through torn writes, full disks, kills and damage."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acd.vocabulary import CallArrived, CallBegan, Line, LogIn, Refused
from records.journal import (
    Journal,
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalReader,
    replay,
    verify,
)
from records.settings import Fsync


def line(seq: int, *, at: int | None = None, ani: str = "+886912345678") -> Line:
    call = f"pbx-{seq}"
    said = CallArrived(at=seq if at is None else at, call=call, channel=f"PJSIP/trunk-{seq}", ani=ani)
    return Line(seq=seq, input=said, facts=[CallBegan(call=call, channel=said.channel, ani=ani)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "floor.journal"


def write(path: Path, count: int, fsync: Fsync = "never") -> list[Line]:
    lines = [line(seq) for seq in range(1, count + 1)]
    with Journal.open(path, fsync) as journal:
        for each in lines:
            journal.append(each)
    return lines


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_what_was_appended_is_replayed(path: Path, fsync: Fsync) -> None:
    lines = write(path, 5, fsync)
    assert list(replay(path)) == lines
    with Journal.open(path, fsync) as journal:
        assert journal.last_seq == 5
        journal.append(line(6))
    assert list(replay(path)) == [*lines, line(6)]


def test_a_line_is_readable_text_with_its_crc(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.append(Line(1, LogIn(at=7, agent="a1"), [Refused(what="LogIn", who="a1", why="unknown agent")]))
    assert path.read_bytes() == (
        b'000b5f3c {"seq":1,"input":{"type":"LogIn","at":7,"agent":"a1"},'
        b'"facts":[{"type":"Refused","what":"LogIn","who":"a1","why":"unknown agent"}]}\n'
    )


def test_an_empty_or_new_journal_replays_nothing(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(replay(path))
    Journal.open(path).close()
    assert list(replay(path)) == []
    assert path.stat().st_mode & 0o077 == 0, "callers' numbers are nobody else's business"


def test_hostile_text_stays_one_line(path: Path) -> None:
    hostile = line(1, ani='"\r\n\x00\u2028deadbeef {"seq":2}\n' + "長" * 4096)
    with Journal.open(path) as journal:
        journal.append(hostile)
        journal.append(line(2))
    assert list(replay(path)) == [hostile, line(2)]


def test_only_the_next_line_is_taken(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.append(line(1))
        for seq in (0, 1, 3):
            with pytest.raises(ValueError, match=f"next line is 2, got {seq}"):
                journal.append(line(seq))
    assert list(replay(path)) == [line(1)]


# ------------------------------------------------------------------------------------------- torn writes


def test_a_last_line_torn_at_any_byte_is_dropped_and_written_again(path: Path) -> None:
    lines = write(path, 3)
    whole = path.read_bytes()
    begins = whole.rindex(b"\n", 0, -1) + 1
    for end in range(begins + 1, len(whole)):
        path.write_bytes(whole[:end])
        assert list(replay(path)) == lines[:2]
        assert verify(path).torn_bytes == end - begins
        with Journal.open(path, "never") as journal:
            assert journal.last_seq == 2
            assert path.stat().st_size == begins
            journal.append(lines[2])
        assert path.read_bytes() == whole


def test_a_first_line_torn_leaves_an_empty_journal(path: Path) -> None:
    write(path, 1)
    path.write_bytes(path.read_bytes()[:-1])
    with Journal.open(path) as journal:
        assert journal.last_seq == 0
    assert path.read_bytes() == b""


def test_a_last_line_whose_bytes_never_reached_the_disk_is_dropped(path: Path) -> None:
    lines = write(path, 3)
    whole = path.read_bytes()
    begins = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[:begins] + bytes(len(whole) - begins - 1) + b"\n")
    assert list(replay(path)) == lines[:2]
    with Journal.open(path) as journal:
        assert journal.last_seq == 2


# ------------------------------------------------------------------------------------------------ damage


def test_a_flipped_bit_in_any_byte_of_the_middle_is_named(path: Path) -> None:
    write(path, 4)
    whole = path.read_bytes()
    starts = [0, *(i + 1 for i, byte in enumerate(whole) if byte == ord("\n"))]
    for at in range(starts[1], starts[2]):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(JournalCorrupt, match=f"line 2, byte {starts[1]}: .* matches its crc32"):
                list(replay(path))


def test_damage_before_the_last_line_stops_the_opening(path: Path) -> None:
    write(path, 4)
    whole = path.read_bytes()
    starts = [0, *(i + 1 for i, byte in enumerate(whole) if byte == ord("\n"))]
    damaged = bytearray(whole[:-1])
    damaged[starts[2] + 3] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(JournalCorrupt) as caught:
        Journal.open(path)
    assert (caught.value.path, caught.value.line, caught.value.offset) == (path, 3, starts[2])
    assert path.read_bytes() == damaged, "evidence is not touched"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: [*lines[:1], *lines[2:]], "line 2, byte .*: expected sequence number 2, got 3"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "line 2, byte .*: expected sequence number 2, got 1"),
        (lambda lines: lines[1:], "line 1, byte 0: expected sequence number 1, got 2"),
        (lambda lines: [b"hello", *lines], "line 1, byte 0: expected a line that matches its crc32"),
        (lambda lines: [b"", *lines], "line 1, byte 0: expected a line that matches its crc32"),
        (lambda lines: [b"a3a6bf43 {}", *lines], r"line 1, byte 0: expected a journal line \(.*`seq`"),
    ],
)
def test_what_is_not_our_sequence_is_refused(
    path: Path, spoil: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    write(path, 4)
    path.write_bytes(b"".join(each + b"\n" for each in spoil(path.read_bytes().splitlines())))
    with pytest.raises(JournalCorrupt, match=message):
        list(replay(path))


def test_verify_counts_and_finds_time_going_backwards(path: Path) -> None:
    write(path, 3)
    counted = verify(path)
    assert (counted.lines, counted.facts, counted.first_at, counted.last_at, counted.torn_bytes) == (3, 3, 1, 3, 0)
    size = path.stat().st_size
    with Journal.open(path) as journal:
        journal.append(line(4, at=2))
    with pytest.raises(JournalCorrupt, match=f"line 4, byte {size}: expected a time of at least 3, got 2"):
        verify(path)


# -------------------------------------------------------------------------------------- following a writer


def test_a_reader_follows_the_writer(path: Path) -> None:
    with Journal.open(path) as journal, JournalReader(path) as reader:
        assert reader.read() == []
        journal.append(line(1))
        journal.append(line(2))
        assert reader.read() == [line(1), line(2)]
        assert reader.read() == []
        journal.append(line(3))
        assert reader.read() == [line(3)]


def test_a_reader_waits_for_the_end_of_a_line_and_forgets_one_taken_back(path: Path) -> None:
    lines = write(path, 2)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    with JournalReader(path) as reader:
        os.truncate(path, len(whole) - 5)
        assert reader.read() == lines[:1]
        assert reader.read() == []
        os.truncate(path, first)
        with Journal.open(path) as journal:
            journal.append(line(2, ani="another"))
        assert reader.read() == [line(2, ani="another")]


def test_a_reader_starts_anywhere_but_not_behind_the_end(path: Path) -> None:
    lines = write(path, 2_000)
    for after in (0, 1, 999, 1_999, 2_000):
        with JournalReader(path, after) as reader:
            found: list[Line] = []
            while more := reader.read():
                found += more
        assert found == lines[after:]
    with pytest.raises(JournalCorrupt, match="expected line 2001; the journal ends before it"):
        JournalReader(path, 2_001)


def test_a_line_longer_than_any_block_is_read(path: Path) -> None:
    long = line(2, ani="9" * 3_000_000)
    with Journal.open(path) as journal:
        for each in (line(1), long, line(3)):
            journal.append(each)
    assert list(replay(path)) == [line(1), long, line(3)]
    os.truncate(path, path.stat().st_size - 1)
    with Journal.open(path) as journal:
        assert journal.last_seq == 2


# ------------------------------------------------------------------------------------------ lock, disk, kill


def test_two_processes_cannot_write(path: Path) -> None:
    with Journal.open(path) as journal:
        with pytest.raises(JournalLocked, match="another process is writing this journal"):
            Journal.open(path)
        journal.append(line(1))
    Journal.open(path).close()


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_a_full_disk_refuses_the_line_whole_and_takes_it_later(path: Path, fsync: Fsync) -> None:
    with Journal.open(path, fsync) as journal:
        journal.append(line(1))
        good = path.stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        for room in (0, 1, 50):
            resource.setrlimit(resource.RLIMIT_FSIZE, (good + room, before[1]))
            try:
                with pytest.raises(JournalFull):
                    journal.append(line(2))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert path.stat().st_size == good
            assert journal.last_seq == 1
        journal.append(line(2))
    assert list(replay(path)) == [line(1), line(2)]


@pytest.mark.parametrize("fsync", ["always", "interval"])
def test_after_a_failed_fsync_nothing_more_is_believed(path: Path, fsync: Fsync) -> None:
    journal = Journal.open(path, fsync)
    # A pipe's end cannot be forced to a disk: the kernel's own refusal, where a dying disk's would come.
    receiving, sending = os.pipe()
    file = os.dup(journal._descriptor)
    os.dup2(sending, journal._descriptor)
    journal._sync()
    os.dup2(file, journal._descriptor)
    with pytest.raises(JournalError, match="an earlier fsync failed"):
        journal.append(line(1))
    with pytest.raises(JournalError, match="fsync"):
        journal.close()
    for descriptor in (receiving, sending, file):
        os.close(descriptor)
    assert list(replay(path)) == []


WRITER = """
import sys
from pathlib import Path
from records.journal import Journal
from tests.records.test_journal import line
journal = Journal.open(Path(sys.argv[1]), "interval")
while True:
    journal.append(line(journal.last_seq + 1))
    if journal.last_seq % 50 == 0:
        print(journal.last_seq, file=sys.stderr, flush=True)  # structlog writes to stdout
"""


def test_a_killed_writer_has_lost_nothing_it_had_been_promised(path: Path) -> None:
    promised = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stderr is not None
            for _ in range(5):
                promised = int(writer.stderr.readline())
            writer.kill()
        found = list(replay(path))
        assert len(found) >= promised
        assert found == [line(seq) for seq in range(1, len(found) + 1)]
