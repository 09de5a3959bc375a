"""The command line as a stranger meets it: help, clear messages, and what the commands print."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, Line, QueueRules
from agent_console.api_keys import hash_key
from agent_console.settings import ApiKey
from records.journal import Journal
from tests.live.system import write_config


def callfloor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callfloor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "160"},
        timeout=60,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A system whose journal tells of one call."""
    nodes = '[nodes.pbx1]\nuser = "callfloor"\nsecret = "s3cret"'
    path = write_config(
        tmp_path, nodes=nodes, phones={"a1": "PJSIP/1"}, agi_port=closed_port(), speech=tmp_path / "speech"
    )
    acd = Acd()
    said: list[say.AnyInput] = [
        say.Configure(0, {"service": QueueRules("Service")}, {"a1": AgentRules("Alice", {"service": 1})}),
        say.LogIn(1_000, "a1", "PJSIP/1"),
        say.GoReady(1_000, "a1"),
        say.CallArrived(2_000, "pbx1-1.1", "PJSIP/trunk-1", "+861065321234", "4001", "pbx1", "0001", "service"),
        say.OfferAnswered(5_000, 1, "PJSIP/1-2"),
        say.CallerGone(65_000, "pbx1-1.1", "Normal Clearing"),
    ]
    with Journal.open(tmp_path / "callfloor.journal", "never") as journal:
        for n, one in enumerate(said, 1):
            journal.append(Line(n, one, acd.handle(one)))
    return path


def test_help_names_every_command_and_a_wrong_one_is_told() -> None:
    shown = callfloor("--help")
    assert shown.returncode == 0
    for command in ("serve", "demo", "pbx", "journal", "explain", "version", "password", "api-key", "customers"):
        assert f"  {command} " in shown.stdout
    assert "render" in callfloor("pbx", "--help").stdout
    assert "verify" in callfloor("journal", "--help").stdout
    wrong = callfloor("serv")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("callfloor: No such command 'serv'.")
    assert len(wrong.stderr.splitlines()) == 1


def test_a_key_is_shown_once_and_its_hash_is_what_the_configuration_takes() -> None:
    made = callfloor("api-key")
    key = made.stderr.split()[-1]
    assert key.startswith("callfloor_")
    assert ApiKey(key_hash=made.stdout.strip()).key_hash == hash_key(key)


def test_a_bad_option_is_one_clear_line() -> None:
    wrong = callfloor("demo", "--speed", "fast")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("callfloor: Invalid value for '--speed': ")
    assert len(wrong.stderr.splitlines()) == 1


def test_version() -> None:
    assert callfloor("version").stdout.startswith("callfloor 0.")


def test_explain_tells_the_story_of_a_call(config: Path) -> None:
    told = callfloor("explain", "pbx1-1.1", "--config", str(config)).stdout
    for part in (
        "from +861065321234",
        "Joined the queue Service",
        "Offer 1 to Alice (a1)",
        "longest idle",
        "talk with Alice",
    ):
        assert part in told


def test_explain_of_an_unknown_call_says_so(config: Path) -> None:
    told = callfloor("explain", "pbx1-9.9", "--config", str(config))
    assert told.returncode == 2
    assert told.stderr.strip().endswith("never mentions a call 'pbx1-9.9'")


def test_journal_cat_prints_json_and_can_be_asked_for_one_call(config: Path) -> None:
    lines = callfloor("journal", "cat", "--config", str(config)).stdout.splitlines()
    assert [msgspec.json.decode(line, type=Line).seq for line in lines] == [1, 2, 3, 4, 5, 6]
    of_call = callfloor("journal", "cat", "--call", "pbx1-1.1", "--config", str(config)).stdout.splitlines()
    assert [msgspec.json.decode(line, type=Line).seq for line in of_call] == [4, 5, 6]


def test_journal_verify_decides_everything_again(config: Path, tmp_path: Path) -> None:
    assert "6 lines, " in callfloor("journal", "verify", "--config", str(config)).stdout
    with Journal.open(tmp_path / "callfloor.journal", "never") as journal:
        journal.append(Line(7, say.GoReady(70_000, "a1"), [say.AgentNotReady("a1", "not what the ACD decides")]))
    found = callfloor("journal", "verify", "--config", str(config))
    assert found.returncode == 1
    assert "line 7: would be decided differently today" in found.stderr


def test_journal_remember_spares_the_next_start_the_reading(config: Path, tmp_path: Path) -> None:
    for _ in range(2):
        told = callfloor("journal", "remember", "--config", str(config))
        assert told.returncode == 0, told.stderr
        assert (
            told.stdout.split()
            == f"{tmp_path}/callfloor.journal: the next start need not read the first 6 lines".split()
        )
    assert len([*tmp_path.glob("callfloor.journal.*.checkpoint")]) == 1


def test_a_damaged_journal_is_named_with_its_place(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "callfloor.journal"
    whole = bytearray(path.read_bytes())
    whole[30] ^= 1
    path.write_bytes(whole)
    for command in (["journal", "verify"], ["serve"]):
        found = callfloor(*command, "--config", str(config))
        assert found.returncode == 2, found.stderr
        assert "callfloor.journal, line 1, byte 0: expected a line that matches its crc32" in found.stderr
        assert "Traceback" not in found.stderr


def test_pbx_render_prints_or_writes_the_files_of_asterisk(config: Path, tmp_path: Path) -> None:
    printed = callfloor("pbx", "render", "--config", str(config)).stdout
    assert "[callfloor-call]" in printed
    assert "s3cret" in printed
    callfloor("pbx", "render", "pbx1", "--into", str(tmp_path / "etc"), "--config", str(config))
    manager = tmp_path / "etc" / "callfloor.manager.conf"
    assert "s3cret" in manager.read_text()
    assert manager.stat().st_mode & 0o077 == 0
    unknown = callfloor("pbx", "render", "pbx9", "--config", str(config))
    assert (unknown.returncode, "there is no node 'pbx9' (nodes: pbx1)" in unknown.stderr) == (2, True)


def test_pbx_check_of_a_switch_that_is_not_there_says_so_and_fails(config: Path) -> None:
    text = config.read_text().replace("[nodes.pbx1]", f"[nodes.pbx1]\nport = {closed_port()}")
    config.write_text(text)
    found = callfloor("pbx", "check", "--config", str(config))
    assert found.returncode == 1
    assert found.stdout.startswith("error")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_taken_port_is_one_clear_line(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(config.read_text().replace("port = 0", f"port = {port}", 1))
        (config.parent / "callfloor.journal").unlink()
        config.write_text(config.read_text().replace('zh = "售后服务请按一，结束请按零。"', 'zh = "一"'))
        found = callfloor("serve", "--config", str(config))
    assert found.returncode == 2
    assert (
        found.stderr.strip()
        .splitlines()[-1]
        .endswith(f"cannot listen on 127.0.0.1 port {port}: Address already in use")
    )
    assert "Traceback" not in found.stderr


def test_a_second_system_on_the_same_journal_is_refused(config: Path, tmp_path: Path) -> None:
    with Journal.open(tmp_path / "callfloor.journal", "never"):
        found = callfloor("serve", "--config", str(config))
    assert found.returncode == 2
    assert "another process is writing this journal" in found.stderr


def test_customers_that_cannot_be_read_are_named_with_their_line(config: Path, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("reference,name,company,note,numbers\nC-1,Chen,,,not a number\n")
    found = callfloor("customers", "load", str(tmp_path / "c.csv"), "--config", str(config))
    assert found.returncode == 2
    assert "c.csv, line 2: expected a telephone number" in found.stderr
