"""Where recordings lie: the only way from a recording's name to a file that is served. Does I/O: looks at files."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from cti.hearing import recorded_file

_PLAIN = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,254}", re.ASCII)
"""A file's name: no folder, no way up, nothing hidden."""


class RecordedFiles:
    """`folders`: node → its recordings as we see them; `messages`: callers' messages."""

    def __init__(self, folders: Mapping[str, Path], messages: Path) -> None:
        self._folders = folders
        self._messages = messages

    def leg(self, node: str, name: str, side: str) -> Path | None:
        """One side of an agent's leg; None if the node is not ours any more or the file is not here."""
        folder = self._folders.get(node)
        return None if folder is None else _file(folder, recorded_file(name, side))

    def message(self, name: str) -> Path | None:
        """A caller's message; None if the file is not here."""
        return _file(self._messages, name)


def _file(folder: Path, name: str) -> Path | None:
    """The file of this name right in the folder; not what a link leads to, nor anything but a plain file."""
    if _PLAIN.fullmatch(name) is None:
        return None
    path = folder.absolute() / name
    try:
        return path if stat.S_ISREG(path.lstat().st_mode) else None
    except OSError:  # it has been taken away, or another machine's folder is not mounted
        return None
