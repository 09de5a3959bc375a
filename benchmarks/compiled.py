"""The core and the simulator's people as C, from the very same source, by mypyc: what that gives in speed. Does I/O.

Only for measuring: what is installed is plain Python. mypyc keeps what the types promise, so a module that it compiles
must be as strict as mypy wants it. The words of the vocabulary (msgspec's structs, which are C already) stay as they
are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parent.parent
PACKAGES = ("acd", "benchmarks", "callfloor", "records", "simulator")
MODULES = (
    *("acd/agent_choices", "acd/agent_rules", "acd/agent_state", "acd/asks", "acd/call_choices", "acd/call_rules"),
    *("acd/call_state", "acd/callback_rules", "acd/choosing", "acd/core", "acd/estimates", "acd/lanes", "acd/model"),
    *("acd/moves", "acd/order", "acd/queue_rules", "acd/rules", "acd/skill_index", "acd/state", "acd/switch_rules"),
    *("acd/talk_rules", "simulator/callers", "simulator/engine", "simulator/staff"),
)


def compile_into(folder: Path) -> None:
    """Copies the house into `folder` and compiles its hot modules there. Takes some minutes.

    Raises subprocess.CalledProcessError, with the compiler's words in `stdout` and `stderr`.
    """
    for package in PACKAGES:
        shutil.copytree(HOUSE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "page"))
    mypyc = [sys.executable, "-m", "mypyc", *(f"{module}.py" for module in MODULES)]
    where = {**os.environ, "PYTHONPATH": str(folder), "MYPYC_OPT_LEVEL": "2"}
    subprocess.run(mypyc, cwd=folder, env=where, check=True, capture_output=True, text=True)
