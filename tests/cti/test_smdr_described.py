"""SMDR of any other switch: its lines described in the configuration, as docs/operations.md shows it."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cti.serial_reader import Message, SerialReader, Unreadable
from cti.serial_settings import SerialSettings
from cti.smdr import SmdrRecord, SmdrRemark

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NOW = round(datetime(2026, 6, 5, 14, tzinfo=UTC).timestamp() * 1_000)


def line(smdr: dict[str, Any], **more: Any) -> SerialSettings:
    return SerialSettings.model_validate(
        {"name": "line1", "device": "/dev/x", "protocol": "smdr", "smdr": smdr, "timezone": "UTC"} | more
    )


def heard(smdr: dict[str, Any], text: str, now: int = NOW) -> list[Message]:
    return SerialReader(line(smdr)).feed(text.encode() + b"\r\n", now)


def at(hour: int, minute: int, second: int = 0, day: int = 5) -> int:
    return round(datetime(2026, 6, day, hour, minute, second, tzinfo=UTC).timestamp() * 1_000)


def described_in_the_docs() -> list[dict[str, Any]]:
    blocks = re.findall(r"((?:^    .*\n)+)", OPERATIONS.read_text(), re.MULTILINE)
    tables = [tomllib.loads(re.sub("^    ", "", block, flags=re.MULTILINE)) for block in blocks if ".smdr]" in block]
    return [table["serial"]["line1"]["smdr"] for table in tables]


# NEC's IPK family prints, by its manual: class, time, date, line, duration, station, number.
NEC = """
IVIN 13:42 06/05 002 00:01:05 101 0912345678
POTA 13:50 06/05 003 00:00:20 102 0223456789
PTRS 13:42 06/05 002 00:01:05 101 0912345678
BFL  13:55
    06/05/2026   PAGE 001
"""


def test_the_example_of_the_docs_reads_what_it_is_for() -> None:
    [smdr] = described_in_the_docs()
    first, second, third, fourth, fifth = heard(smdr, NEC)
    assert isinstance(first, SmdrRecord)
    assert (first.direction, first.ended_at, first.extension) == ("in", at(13, 43, 5), "101")
    assert (first.trunk, first.number, first.talked_ms, first.continues) == ("002", "0912345678", 65_000, False)
    assert isinstance(second, SmdrRecord)
    assert (second.direction, second.number) == ("out", "0223456789")
    assert isinstance(third, SmdrRecord)
    assert third.continues
    assert (fourth, fifth) == (
        SmdrRemark("records missing", "BFL  13:55"),
        SmdrRemark("title", "    06/05/2026   PAGE 001"),
    )


ESI = {  # quoted CSV: type, date, time, duration, extension, digits, name, line
    "csv": ["type", "date", "time", "duration", "extension", "digits", "name", "trunk"],
    "date": "%m/%d/%y",
    "time": "%H:%M",
    "rules": [
        {"column": "type", "like": "I", "means": "in", "takes": {"number": "digits"}},
        {"column": "type", "like": "O", "means": "out", "takes": {"number": "digits"}},
    ],
}
GERMAN = {  # 24 hours, day first, semicolons, seconds, the number in two parts
    "csv": ["date", "time", "extension", "kind", "area", "rest", "duration"],
    "separator": ";",
    "date": "%d.%m.%Y",
    "time": "%H.%M.%S",
    "stamp": "start",
    "durations": {"duration": "S"},
    "rules": [
        {"column": "kind", "like": "k", "means": "in", "takes": {"number": "area+rest", "dnis": ""}},
        {"column": "kind", "like": "g", "means": "out", "takes": {"number": "area+rest"}},
        {"column": "kind", "like": "i(?P<dialed>.*)", "means": "internal"},
    ],
}
BY_WIDTHS = {
    "widths": {"time": 5, "extension": 4, "caller": 12, "dialed": 4, "ring": 3, "duration": 6},
    "time": "%H:%M",
    "durations": {"duration": "MMM:SS", "ring": "S"},
    "rules": [{"column": "caller", "like": "[0-9]+|unknown", "means": "in"}],
}


@pytest.mark.parametrize(
    ("smdr", "text", "record"),
    [
        (
            ESI,
            '"I","06/05/26","13:42","00:01:05","101","0912345678","WANG, MEI","2"',
            SmdrRecord("in", at(13, 42), "101", "2", "0912345678", talked_ms=65_000),
        ),
        (
            ESI,
            '"O","06/05/26","13:42","00:00:05","101","911","","2"',
            SmdrRecord("out", at(13, 42), "101", "2", "911", talked_ms=5_000),
        ),
        (
            GERMAN,
            "05.06.2026;13.42.01;101;k;0912;345678;65",
            SmdrRecord("in", at(13, 43, 6), "101", "", "0912345678", talked_ms=65_000),
        ),
        (
            GERMAN,
            "05.06.2026;13.42.01;101;i102;;;5",
            SmdrRecord("internal", at(13, 42, 6), "101", "", "102", talked_ms=5_000),
        ),
        (
            BY_WIDTHS,
            "23:58 101  0912345678   4001 12  001:05",
            SmdrRecord("in", at(23, 58, day=4), "101", "", "0912345678", "4001", 12_000, 65_000),
        ),
        (
            BY_WIDTHS,
            "13:58 101  unknown           999 001:05",
            SmdrRecord("in", at(13, 58), "101", ring_ms=999_000, talked_ms=65_000),
        ),
    ],
)
def test_by_names_in_csv_and_by_widths(smdr: dict[str, Any], text: str, record: SmdrRecord) -> None:
    [found] = heard(smdr, text)
    assert isinstance(found, SmdrRecord)
    assert found.text == text
    for name in record.__struct_fields__[:-1]:
        assert getattr(found, name) == getattr(record, name), name


@pytest.mark.parametrize(
    ("smdr", "text", "why"),
    [
        (
            ESI,
            '"X","06/05/26","13:42","00:01:05","101","1","","2"',
            "column type: expected what tells a call's direction",
        ),
        (ESI, '"I","06/05/26","13:42"', "expected 8 columns or more, not 3"),
        (ESI, '"I","06/05/26","13:42","1:05","101","1","","2"', "column duration: expected HH:MM:SS"),
        (GERMAN, "06/05/2026;13.42.01;101;k;0;3;65", "expected the form %d.%m.%Y %H.%M.%S"),
        (BY_WIDTHS, "13:58 101  unknown           999 001:", "column duration: expected MMM:SS"),
    ],
)
def test_a_line_that_does_not_fit_is_said_with_its_column(smdr: dict[str, Any], text: str, why: str) -> None:
    [found] = heard(smdr, text)
    assert isinstance(found, Unreadable)
    assert why in found.why
    assert "0912345678" not in found.why


@given(st.sampled_from([ESI, GERMAN, BY_WIDTHS]), st.text(max_size=200))
def test_no_text_raises(smdr: dict[str, Any], text: str) -> None:
    heard(smdr, text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": {"time": "1-4"}}, "expected one of columns, widths, csv"),
        ({"csv": []}, "expected one of columns, widths, csv"),
        (
            {"csv": ["type", "date", "time"]},
            "durations.duration: there is no column 'duration' (columns: date, time, type)",
        ),
        ({"date": "", "time": ""}, "expected the form of date or time"),
        ({"date": "dd.mm.yy"}, "expected letters of strptime, such as %d.%m.%y"),
        ({"time": "%Q"}, "expected letters of strptime"),
        ({"durations": {"duration": "hh:mm"}}, "expected H, M, S"),
        ({"rules": [{"column": "kind", "like": "I", "means": "in"}]}, "rules.0.column: there is no column 'kind'"),
        ({"rules": [{"column": "type", "like": "(", "means": "in"}]}, "expected a regular expression"),
        ({"rules": [{"column": "type", "like": "I", "means": "inward"}]}, "means"),
        ({"rules": [{"column": "type", "like": "I"}]}, 'expected one at least that means "in", "out" or "internal"'),
        (
            {"rules": [{"column": "type", "like": "I", "means": "in", "takes": {"number": "trunk+digit"}}]},
            "rules.0.takes: there is no column 'digit'",
        ),
        ({"rules": [{"column": "type", "like": "I", "means": "in", "takes": {"ani": "digits"}}]}, "takes"),
        ({"lines": [{"like": "x", "means": "in"}]}, "lines"),
        ({"colour": "red"}, "colour"),
        ({"csv": [], "columns": {"type": "1", "date": "9-3", "time": "4-5", "duration": "6-7"}}, "expected from-to"),
        ({"csv": [], "columns": {"type": "0-3"}}, "columns"),
    ],
)
def test_a_wrong_description_is_named_with_what_was_expected(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        line(ESI | {"rules": [{"column": "type", "like": "I", "means": "in"}]} | change)
    assert said in str(refused.value)


def test_a_built_in_format_and_a_described_one_are_one_too_many() -> None:
    with pytest.raises(ValidationError, match="expected smdr_format or the table smdr, not both"):
        line(ESI, smdr_format="panasonic-a")
