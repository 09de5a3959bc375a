"""What the house wires between its parts and no other test crosses."""

from __future__ import annotations

from pathlib import Path

import pytest

from callfloor.config import load
from callfloor.house import House
from records.call_records import CallRecord, Segment
from records.call_rows import write_calls
from tests.callfloor.test_config import EXAMPLE


async def test_the_ivr_learns_who_talked_to_a_caller_last_and_goes_on_without_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLFLOOR_AMI_SECRET", "live-secret")
    monkeypatch.setenv("CALLFLOOR_OPERATOR_SECRET", "operator-secret")
    (tmp_path / "var").mkdir()
    path = tmp_path / "callfloor.toml"
    # The test is not of the deadline: a busy machine may take its time.
    path.write_text(EXAMPLE.read_text().replace("#last_agent_ms = 300", "last_agent_ms = 3000"))
    house = House(load(path), reactor=None)
    try:
        assert await house.ivr.find_last("13800138000") == ""  # there are no tables yet: told in the log
        await house.database.migrate()
        talk = Segment("talk", 5, 9, agent="a2")
        record = CallRecord("c1", 1, caller="+8613800138000", ended_at=9, segments=[talk])
        await house.database.run(lambda connection: write_calls(connection, [record]))
        assert await house.ivr.find_last("13800138000") == "a2"
        assert await house.ivr.find_last("13800138001") == ""
    finally:
        await house.close()
