"""`python -m tests.fuzz TARGET FOLDER [libFuzzer's options]`: atheris looks for bytes that break a codec. Does I/O.

FOLDER has the seeds and takes what reaches new code. An input that breaks something is written to the file that is
named at the end; `python -m tests.fuzz TARGET FILE` runs it alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cti", "ivr"]):
    from tests.fuzz.targets import TARGETS


def main(target: str, place: str, *options: str) -> None:
    if not Path(place).is_file():
        from tests.fuzz.seeds import write_seeds  # noqa: PLC0415 - its modules are not to be instrumented

        write_seeds(target, Path(place))
    atheris.Setup([sys.argv[0], place, *options], TARGETS[target])
    atheris.Fuzz()


main(*sys.argv[1:])
