"""The wheel's build step: when the page is made anew, with which Node, and what is said when it cannot be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hatch_build import PageNotBuilt, is_built, node_in_wheel, node_on_path, run

BUILT_AT_11 = {"dist/index.html": 11, "dist/report.js": 11}


def make(page: Path, name: str, at: int) -> None:
    path = page / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    os.utime(path, (at, at))


@pytest.mark.parametrize(
    ("files", "built"),
    [
        ({"src/main.ts": 10, "package.json": 10}, False),
        ({"src/main.ts": 10, "dist/index.html": 11}, False),
        ({"src/main.ts": 10, **BUILT_AT_11}, True),
        ({"src/main.ts": 10, "dist/index.html": 10, "dist/report.js": 10}, True),
        ({"src/report/main.ts": 12, "dist/index.html": 13, "dist/report.js": 11}, False),
        ({"src/views/A.vue": 12, **BUILT_AT_11}, False),
        ({"package-lock.json": 12, **BUILT_AT_11}, False),
        ({"src/main.ts": 10, **BUILT_AT_11, "node_modules/x/y.js": 99, "tests/a.test.ts": 99}, True),
    ],
)
def test_the_page_is_made_anew_when_a_source_is_newer(tmp_path: Path, files: dict[str, int], built: bool) -> None:
    for name, at in files.items():
        make(tmp_path, name, at)
    assert is_built(tmp_path) is built


@pytest.mark.parametrize(
    ("version", "suitable"),
    [("v18.20.4", False), ("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True), ("", False)],
)
def test_an_old_node_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, suitable: bool
) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (node_on_path() is not None) is suitable


def test_without_a_path_the_wheel_has_a_node_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert node_on_path() is None
    npm = node_in_wheel()
    assert npm is not None
    run([*npm, "--version"], tmp_path)


def test_a_step_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(PageNotBuilt, match=r"(?s)ended with 3:\nno such package"):
        run(["/bin/sh", "-c", "echo no such package >&2; exit 3"], tmp_path)
    with pytest.raises(PageNotBuilt, match="cannot be run"):
        run([str(tmp_path / "none")], tmp_path)
