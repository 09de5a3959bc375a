"""Messages that the dialplan took by itself while we could not be reached: found, told to the ACD, put to the others.

Does I/O: files. Reading a name is pure. What is on record the ACD alone remembers; a file is told of first and moved
afterwards, and one that is found again, because we died in between, is no news there.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from acd.vocabulary import MessageFound, Now, Tell

log = structlog.get_logger(__name__)

LOOK_S = 10.0
WAV_HEADER = 44
OURS = "message-"
"""How the names of messages begin that are in their place: the IVR's own recordings, and those found."""

_NAME = re.compile(
    r"(?P<call>(?P<node>[A-Za-z0-9]{1,16})-(?:[A-Za-z0-9._-]{1,64}-)?(?P<second>[0-9]{9,11})\.[0-9]{1,12})"
    r"_(?P<ani>[0-9+*#]{0,64})_(?P<dnis>[0-9A-Za-z+*#_]{0,64})\.wav",
    re.ASCII,
)


class Name(msgspec.Struct, frozen=True):
    """What the dialplan has put into a recording's name. `began_at`: the call's beginning, ms since 1970."""

    call: str
    node: str
    ani: str
    dnis: str
    began_at: int

    @property
    def recording(self) -> str:
        """The file's name in its place: nothing in it that a shell, a browser or a player could mistake."""
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", f"{self.call}_{self.ani}_{self.dnis}")
        return f"{OURS}{plain}.wav"


def read_name(text: str) -> Name | None:
    """None if it is not a name that our dialplan gives (`callfloor-message` in the template)."""
    if (found := _NAME.fullmatch(text)) is None:
        return None
    return Name(found["call"], found["node"], found["ani"], found["dnis"], int(found["second"]) * 1_000)


class _File(msgspec.Struct, frozen=True):
    path: Path
    name: Name
    size: int
    written_ns: int
    whole: bool
    """By its header: Asterisk writes the length of the sound into it when the recording is over."""


class FoundMessages:
    """Looks into the folders of the nodes (node → folder) now and then. `messages`: where the IVR's own are."""

    def __init__(self, folders: Mapping[str, Path], messages: Path, tell: Tell, now: Now) -> None:
        self._folders = folders
        self._messages = messages
        self._tell = tell
        self._now = now
        self._before: dict[Path, tuple[int, int]] = {}
        """Size and time of the files that were not whole at the last look."""
        self._said: set[Path] = set()
        """What the log has been told of."""

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tells of each message that is complete, and moves it. What is still being written is left for later; what
        has no header of its own, but has not changed since the last look, is as complete as it will ever be."""
        seen: set[Path] = set()
        before, self._before = self._before, {}
        for node, folder in self._folders.items():
            try:
                files, strange = await asyncio.to_thread(_files, folder, node)
            except FileNotFoundError:
                continue  # the dialplan makes it with the first message
            except OSError as error:
                seen.add(folder)
                self._complain(folder, "ivr.messages_unreadable", str(error))
                continue
            for path in strange:
                seen.add(path)
                self._complain(path, "ivr.message_strange", "not a name that the dialplan gives, or no plain file")
            for file in files:
                seen.add(file.path)
                if file.whole or before.get(file.path) == (file.size, file.written_ns):
                    await self._take(file)
                else:
                    self._before[file.path] = file.size, file.written_ns
        self._said &= seen

    async def _take(self, file: _File) -> None:
        name, at = file.name, self._now()
        recorded_at = min(at, file.written_ns // 1_000_000)
        began_at = min(name.began_at, recorded_at)
        numbers = (name.node, name.ani, name.dnis)
        # Shielded: what was said is finished in the journal even if this task ends meanwhile.
        told = self._tell(MessageFound(at, name.call, name.recording, *numbers, began_at, recorded_at))
        if await asyncio.shield(told):
            log.info("ivr.message_found", call=name.call, ani=name.ani, dnis=name.dnis, recording=name.recording)
        try:
            await asyncio.to_thread(_move, file.path, self._messages / name.recording)
        except OSError as error:
            self._complain(file.path, "ivr.message_not_moved", str(error))

    def _complain(self, path: Path, event: str, why: str) -> None:
        """Once, as long as it is there."""
        if path not in self._said:
            self._said.add(path)
            log.warning(event, path=ascii(str(path)), why=why)


def _files(folder: Path, node: str) -> tuple[list[_File], list[Path]]:
    """The messages in a folder, and what else is there that should not be."""
    files, strange = list[_File](), list[Path]()
    for path in sorted(folder.iterdir()):
        name = read_name(path.name)
        if path.name.startswith(OURS) or (name is not None and name.node != node):
            continue  # in its place, or of a node that shares the folder
        try:
            found = path.lstat()
            if name is None or not stat.S_ISREG(found.st_mode):
                strange.append(path)
                continue
            files.append(_File(path, name, found.st_size, found.st_mtime_ns, _is_whole(path, found.st_size)))
        except FileNotFoundError:
            continue  # somebody has taken it away this moment
    return files, strange


def _is_whole(path: Path, size: int) -> bool:
    """Whether the header of a WAV file (RIFF, 44 bytes) says as much sound as there is. No, if it may not be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:
        return False
    try:
        header = os.read(descriptor, WAV_HEADER)
    finally:
        os.close(descriptor)
    sound = int.from_bytes(header[40:44], "little")
    return header[:4] == b"RIFF" and 0 < sound == size - WAV_HEADER


def _move(source: Path, target: Path) -> None:
    """There whole or not at all, also onto another disk."""
    try:
        source.replace(target)
    except OSError:
        part = target.with_name(f"{target.name}.part")
        shutil.copy2(source, part)
        part.replace(target)
        source.unlink()
