"""What is a telephone number, and how it is written."""

from __future__ import annotations

import pytest

from records.numbers import normalise


@pytest.mark.parametrize(
    ("raw", "region", "normal"),
    [
        ("0912345678", "TW", "+886912345678"),
        ("0912-345-678", "TW", "+886912345678"),
        ("+886 912 345 678", "DE", "+886912345678"),
        ("886912345678", "TW", "+886912345678"),
        ("(02) 2345 6789", "TW", "+886223456789"),
        ("030 901820", "DE", "+4930901820"),
        ("anonymous", "TW", None),
        ("Anonymous", "TW", None),
        ("unknown", "TW", None),
        ("", "TW", None),
        ("1001", "TW", None),
        ("s", "TW", None),
        ("+", "TW", None),
        ("0" * 30, "TW", None),
        ("9" * 1_000_000, "TW", None),
        ("0912345678\r\nAction: Originate", "TW", None),
        ("'; DROP TABLE customers; --", "TW", None),
        ("${SHELL(id)}", "TW", None),
        ("\x00", "TW", None),
    ],
)
def test_numbers(raw: str, region: str, normal: str | None) -> None:
    assert normalise(raw, region) == normal
