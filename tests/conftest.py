"""What all tests share: the lab with its real Asterisk, and one cache of spoken prompts."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import settings

from tests.lab.asterisk import lab_folder
from tests.live.browser import CHROMIUM

pytest_plugins = ["tests.lab.fixtures"]

settings.register_profile("callfloor", deadline=None)  # how long an example takes is the machine's matter
settings.load_profile("callfloor")


@pytest.fixture(scope="session")
def speech() -> Path:
    """Spoken prompts, beside the lab: the same sentences are made once a machine, half a minute of espeak's time."""
    folder = lab_folder().parent / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests in a browser are left out where there is none; in CI there is one."""
    if item.get_closest_marker("browser") and not Path(CHROMIUM).exists() and os.environ.get("CI") != "true":
        pytest.skip("no Chromium: install Debian's package chromium")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests that are `uncounted` run at their full speed: it takes three times as long to count which lines they reach,
    and others reach these lines, too."""
    counting = Coverage.current() if item.get_closest_marker("uncounted") else None
    if counting is None:
        return (yield)
    counting.stop()
    try:
        return (yield)
    finally:
        counting.start()
