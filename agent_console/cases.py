"""Cases as the screens ask for them: what a customer wants that one call has not settled. Pure: shapes only.

Times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class CaseRow(msgspec.Struct, frozen=True):
    """A case as lists and the caller's record show it. `customer` is an id, `name` the customer's; `entries` is how
    many it has."""

    id: str
    customer: str
    name: str
    title: str
    is_open: bool
    opened_at: int
    opened_by: str
    updated_at: int
    entries: int


class CaseEntry(msgspec.Struct, frozen=True):
    """What somebody added to a case, and what they changed: field (`title`, `state`) → [before, after]. `call`: during
    which call, or ""."""

    at: int
    by: str
    text: str = ""
    call: str = ""
    changes: dict[str, list[str]] = {}


class Case(msgspec.Struct, frozen=True):
    """A case with its entries, in their order. `updated_at` tells when it was changed last."""

    id: str
    customer: str
    name: str
    title: str
    is_open: bool
    opened_at: int
    opened_by: str
    updated_at: int
    entries: list[CaseEntry]


class CaseNotSaved(Exception):
    """A case was not saved: the message says which field is wrong, or that somebody has changed it meanwhile
    (`conflict`); `now` is the case as it stands then, None if it is gone."""

    def __init__(self, why: str, *, conflict: bool = False, now: Case | None = None) -> None:
        super().__init__(why)
        self.conflict = conflict
        self.now = now


class CaseRecords(Protocol):
    """What the screens ask the records for about cases."""

    async def cases_of(self, customer: str) -> Sequence[CaseRow]:
        """Open ones first, then the latest changed first; fifty at most."""

    async def find_cases(self, words: str, limit: int, *, only_open: bool) -> Sequence[CaseRow]:
        """Those that have all the words in title, entries or the customer's name or company."""

    async def case(self, case: str) -> Case | None: ...

    async def open_case(self, customer: str, title: str, text: str, call: str, by: str) -> Case:
        """Raises CaseNotSaved."""

    async def change_case(
        self, case: str, updated_at: int, title: str, text: str, call: str, by: str, *, is_open: bool
    ) -> Case:
        """Changes the case that it was at `updated_at`, and adds `text` to it, "" for nothing. Raises CaseNotSaved."""
