"""Pytest's side of the lab: what the marker `asterisk` means, and a running Asterisk as a fixture. Does I/O.

Where there can be no Asterisk, tests that need one are skipped with the reason; with CI=true in the environment they
fail, since CI can have one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab.asterisk import AsteriskLab, lab_settings, run_asterisk, why_no_asterisk
from tests.lab.ivr_line import IvrLine, open_ivr_line
from tests.lab.manager import ManagerSession, manager_session


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("asterisk") is None:
        return
    why = why_no_asterisk()
    if why and os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    if why:
        pytest.skip(why)


@pytest_asyncio.fixture
async def ivr_line() -> AsyncIterator[IvrLine]:
    """The FastAGI end of the switch, in a test's hands."""
    async with open_ivr_line() as line:
        yield line


@pytest_asyncio.fixture
async def asterisk(ivr_line: IvrLine) -> AsyncIterator[AsteriskLab]:
    """An Asterisk whose IVR is `ivr_line`."""
    async with run_asterisk(lab_settings(agi_port=ivr_line.port)) as lab:
        yield lab


@pytest_asyncio.fixture
async def manager(asterisk: AsteriskLab) -> AsyncIterator[ManagerSession]:
    """A session of the live system's manager user."""
    async with manager_session(asterisk.settings.ami_port, asterisk.settings.live) as session:
        yield session
