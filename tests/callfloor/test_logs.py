"""The log: no secret ever, callers' numbers masked on request, one JSON object a line for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from callfloor.config import LogSettings
from callfloor.logs import masked, set_up


@pytest.fixture(autouse=True)
def _restore_structlog() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("number", "shown"), [("+861065321234", "**********234"), ("12345", "*****"), ("", ""), ("anonymous", "******ous")]
)
def test_only_the_end_of_a_number_is_shown(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_json_lines_with_ids_masked_numbers_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(json_lines=True, mask_numbers=True))
    structlog.get_logger("x").info("call.began", call="c1", ani="+861065321234", secret="hunter2")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["call"], line["ani"]) == ("call.began", "c1", "**********234")
    assert "hunter2" not in str(line)


def test_numbers_are_whole_where_the_operator_wants_them(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(json_lines=True, level="warning"))
    log = structlog.get_logger("x")
    log.info("not shown at this level")
    log.warning("call.began", ani="+861065321234")
    assert json.loads(capsys.readouterr().err)["ani"] == "+861065321234"
