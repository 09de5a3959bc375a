"""What all tests share: the lab with its real Asterisk, and one cache of spoken prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.asterisk import lab_folder

pytest_plugins = ["tests.lab.fixtures"]


@pytest.fixture(scope="session")
def speech() -> Path:
    """Spoken prompts, beside the lab: the same sentences are made once a machine, half a minute of espeak's time."""
    folder = lab_folder().parent / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
