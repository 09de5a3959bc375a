"""Prints the coverage of the pure modules (those whose docstring says so) after a test run; below the floor, exit 1."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

FLOOR_PERCENT = 95
PARTS = ("acd", "agent_console", "callfloor", "cti", "ivr", "pbx_config", "records", "simulator")

pure = [
    str(path)
    for part in PARTS
    for path in sorted(Path(part).rglob("*.py"))
    if re.search(r"\bPure\b", ast.get_docstring(ast.parse(path.read_text())) or "") and path.name != "__init__.py"
]
report = subprocess.run(
    [sys.executable, "-m", "coverage", "report", f"--include={','.join(pure)}", f"--fail-under={FLOOR_PERCENT}"],
    check=False,
)
print(f"The coverage of the {len(pure)} pure modules must be at least {FLOOR_PERCENT} %.")
sys.exit(report.returncode)
