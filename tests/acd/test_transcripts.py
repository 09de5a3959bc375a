"""Every transcript is told again; the ACD must say exactly what stands there.

REWRITE=1 writes what it says now into the files: commit that only if you understand each change.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acd.core import Acd
from tests.acd.transcript import tell, transcripts


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_the_acd_says_what_the_transcript_says(path: Path) -> None:
    text = path.read_text()
    story = tell(text)
    if os.environ.get("REWRITE"):
        path.write_text(story.text)
    assert story.text == path.read_text()


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_the_facts_alone_bring_back_the_state_at_every_line(path: Path) -> None:
    journal = tell(path.read_text()).journal
    live, again = Acd(), Acd()
    for line in journal:
        assert live.handle(line.input) == line.facts
        again.replay([line])
        assert again.state == live.state
