"""Passwords that were set on the page: a file of their hashes beside the journal, for this user alone. Does I/O.

Not in the journal, which is kept for good and read by many; so this is the one thing about the settings that no fact
holds. A fact says that, when and by whom a password was set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from callfloor.document import KeptPassword

_decode = msgspec.json.Decoder(dict[str, KeptPassword]).decode


class PasswordsUnreadable(Exception):
    """The file is not as we wrote it; the message names it."""


def path_beside(journal: Path) -> Path:
    return journal.with_suffix(".passwords")


def read_passwords(path: Path) -> dict[str, KeptPassword]:
    """User → hash; nothing if there is no such file. Raises PasswordsUnreadable."""
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise PasswordsUnreadable(f"{path}: {error}") from error


def write_passwords(path: Path, passwords: Mapping[str, KeptPassword]) -> None:
    """All or nothing: the file is replaced by a whole one that is on the disk. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(passwords))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
