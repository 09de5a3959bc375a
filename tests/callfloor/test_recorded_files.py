"""From a recording's name to its file: only plain files right in their folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callfloor.recorded_files import RecordedFiles


@pytest.fixture
def files(tmp_path: Path) -> RecordedFiles:
    (tmp_path / "secret.wav").write_bytes(b"x")
    (tmp_path / "secret-agent.wav").write_bytes(b"x")
    for name in ("pbx", "messages"):
        (tmp_path / name).mkdir()
    (tmp_path / "pbx" / "pbx1-17.5-3-agent.wav").write_bytes(b"x")
    (tmp_path / "messages" / "message-pbx1-17.5.wav").write_bytes(b"x")
    (tmp_path / "messages" / "link.wav").symlink_to(tmp_path / "secret.wav")
    (tmp_path / "messages" / "folder.wav").mkdir()
    (tmp_path / "messages" / ".hidden").write_bytes(b"x")
    os.mkfifo(tmp_path / "messages" / "pipe.wav")
    return RecordedFiles({"pbx1": tmp_path / "pbx"}, tmp_path / "messages")


def test_a_leg_and_a_message_are_found(files: RecordedFiles, tmp_path: Path) -> None:
    assert files.leg("pbx1", "pbx1-17.5-3", "agent") == tmp_path / "pbx" / "pbx1-17.5-3-agent.wav"
    assert files.message("message-pbx1-17.5.wav") == tmp_path / "messages" / "message-pbx1-17.5.wav"
    assert files.leg("pbx1", "pbx1-17.5-3", "other") is None
    assert files.leg("pbx2", "pbx1-17.5-3", "agent") is None


@pytest.mark.parametrize(
    "name",
    ["../secret.wav", "..", ".", "", "link.wav", "folder.wav", ".hidden", "pipe.wav", "a\0b", "x" * 300, "/etc/passwd"],
)
def test_nothing_else_is(files: RecordedFiles, name: str) -> None:
    assert files.message(name) is None
    assert files.leg("pbx1", name, "agent") is None


def test_no_name_leads_out_of_the_folder(files: RecordedFiles) -> None:
    assert files.leg("pbx1", "../secret", "agent") is None
