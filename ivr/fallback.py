"""`python -m ivr.fallback SOUND`: what a caller meets while Callfloor cannot be reached. Does I/O, by pyst2.

Asterisk runs it as a local AGI script, so it depends on nothing that may be down: an apology is played, and the
dialplan is told to keep the caller with music (`CALLFLOOR_NEXT=wait`), from where Callfloor takes the call when back.
SOUND is a sound file as Asterisk names it, without extension.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO

from asterisk.agi import AGI, AGIException


def apologise(sound: str, stdin: TextIO, stdout: TextIO) -> None:
    """Speaks AGI on the two streams. Returns quietly if the caller hangs up meanwhile."""
    try:
        # pyst2 writes the whole conversation, numbers included, to its stderr: that is Asterisk's console, so keep it.
        agi = AGI(stdin=stdin, stdout=stdout, stderr=io.StringIO())
        agi.answer()
        agi.set_variable("CALLFLOOR_NEXT", "wait")  # first, since the caller may be gone before the sound ends
        agi.stream_file(sound)
    except (AGIException, ValueError, OSError):
        # Hung up: -1, 511, a broken pipe; or no reply at all, of which pyst2 makes int("").
        return


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m ivr.fallback SOUND", file=sys.stderr)  # noqa: T201 - Asterisk shows it on its console
        return 2
    # A caller's name may come in any encoding; pyst2 would take the default and stop at the first odd byte.
    stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="latin-1")
    stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="latin-1", write_through=True)
    apologise(sys.argv[1], stdin, stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
