"""A PostgreSQL of the tests' own: a cluster in a temporary folder, gone at the end. I/O: processes, files.

PostgreSQL refuses to run as root; started by root it runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60


def postgres_programs() -> Path | None:
    """Debian's folder of the newest PostgreSQL server, if one is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Server:
    """`url` of its database; the server runs but between `stop` and `start`."""

    url: str
    _start: Sequence[str]
    _stop: Sequence[str]
    _folder: Path

    def start(self) -> None:
        subprocess.run(self._start, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run(self._stop, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)


@contextmanager
def run_postgres() -> Iterator[str]:
    """The URL of an empty database; the server ends with the block."""
    with run_server() as server:
        yield server.url


@contextmanager
def run_server() -> Iterator[Server]:
    """With an empty database; it ends with the block."""
    programs = postgres_programs()
    assert programs is not None, "no PostgreSQL: install Debian's package postgresql"
    as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="callfloor-pg-"))
    if as_nobody:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
    control = [*as_nobody, str(programs / "pg_ctl"), "-D", data, "-w", "-t", str(START_S), "-l", str(folder / "log")]
    try:
        initdb = [*as_nobody, str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "callfloor", "-E", "UTF8"]
        subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        url = f"postgresql://callfloor@127.0.0.1:{port}/postgres"
        server = Server(url, [*control, "-o", options, "start"], [*control, "-m", "fast", "stop"], folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
