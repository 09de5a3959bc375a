"""Each fuzz target for a bounded run with a fixed seed; `make fuzz` runs longer."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

RUNS = 5_000
LENGTH_MAX = 600


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_seen_in_the_field_breaks_no_codec(target: str) -> None:
    found = list(seeds(target))
    assert found
    for seed in found:
        TARGETS[target](seed)


@pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris has wheels for Linux on x86_64 and Python to 3.13 only"
)
@pytest.mark.parametrize("target", TARGETS)
def test_no_bytes_break_a_codec(target: str, tmp_path: Path) -> None:
    options = [f"-runs={RUNS}", "-seed=1", f"-max_len={LENGTH_MAX}", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, "-m", "tests.fuzz", target, str(tmp_path / "corpus"), *options]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stderr[-4_000:]
    assert f"Done {RUNS} runs" in run.stderr
