"""The rules of the house, held by reading the source: who may import whom, and that the core is pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("acd", "agent_console", "callfloor", "cti", "ivr", "pbx_config", "records", "simulator")
MAY_IMPORT_ANYTHING = ("callfloor", "simulator")
IMPURE = {
    "asyncio", "concurrent", "datetime", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "subprocess", "sys",
    "tempfile", "threading", "time", "uuid", "serial", "structlog", "twisted", "uvicorn", "fastapi",
    "websockets",
}  # fmt: skip


def sources(part: str) -> list[Path]:
    return sorted(path for path in (ROOT / part).rglob("*.py") if "node_modules" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("part", [part for part in PARTS if part not in MAY_IMPORT_ANYTHING])
def test_parts_import_the_acd_and_themselves_never_each_other(part: str) -> None:
    allowed = {part, "acd"}
    for path in sources(part):
        foreign = set(imports(path)) & (set(PARTS) | {"tests", "benchmarks"}) - allowed
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


def test_the_acd_imports_nothing_of_ours_and_nothing_that_does_io() -> None:
    for path in sources("acd"):
        assert not set(imports(path)) & (set(PARTS) - {"acd"}), path
        assert not set(imports(path)) & IMPURE, path


def modules_called_pure() -> list[Path]:
    paths = [path for part in PARTS for path in sources(part) if path.name != "__init__.py"]
    return [path for path in paths if re.search(r"\bPure\b", ast.get_docstring(ast.parse(path.read_text())) or "")]


@pytest.mark.parametrize("path", modules_called_pure(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_that_calls_itself_pure_imports_nothing_that_does_io(path: Path) -> None:
    harmless = {"random"} if path.parts[-2] == "simulator" else set()  # chance from a seed that is given
    harmless |= {"datetime", "io", "pathlib"}  # values and paths, as long as nothing is opened
    assert not set(imports(path)) & (IMPURE - harmless)


def test_every_module_says_what_it_is_and_whether_it_does_io() -> None:
    for part in PARTS:
        for path in sources(part):
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            assert text, f"{path.relative_to(ROOT)} has no docstring"
            if path.name not in ("__init__.py", "__main__.py") and "migrations" not in path.parts:
                said = text.lower()
                assert "pure" in said or "i/o" in said, f"{path.relative_to(ROOT)} says neither pure nor I/O"
