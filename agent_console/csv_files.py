"""Tables as CSV files that spreadsheets open rightly: RFC 4180, UTF-8, no cell that would be run as a formula. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None

BOM = "\ufeff"
"""By this Excel knows that a file is UTF-8; without it Chinese turns into other signs."""
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is a formula to some spreadsheet; the wide ones to those of East Asia."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def safe(cell: Cell) -> Cell:
    """With an apostrophe before what would be run as a formula. A sign and digits alone only ever are a number:
    telephone numbers such as +861065321234 stay as they are."""
    if isinstance(cell, str) and cell.startswith(_RUNS) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def text(rows: Iterable[Iterable[Cell]]) -> str:
    """Lines end with CR LF. None is an empty cell."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([safe(cell) for cell in row] for row in rows)
    return file.getvalue()
