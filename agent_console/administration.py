"""What admins see and change of the configuration, and who answers them. Pure: the house gives the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

Table: TypeAlias = dict[str, Any]


class SettingsTable(msgspec.Struct, frozen=True):
    """One table of the configuration. `place` is its name, such as `queues.sales`; `tag` the version of what it says,
    which a change must know. `from_file`: nobody has changed it on the page since the file was written."""

    place: str
    tag: str
    table: Table
    from_file: bool = True


class SettingsNow(msgspec.Struct, frozen=True):
    """Everything that can be changed. `known`: names that tables may refer to, by kind (`queues`, `agents`, `nodes`,
    `flows`, `softphone_nodes`, `announcements`, `skills`). `warnings`: what is allowed, but hardly anybody wants."""

    tables: list[SettingsTable]
    known: dict[str, list[str]]
    warnings: list[str]


class WantedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a place is to say: None for nothing. `tag` is that of the table which the author has seen, "" for none.
    A user's `password` may stand in the table; it is kept as a hash and never told again."""

    place: str
    tag: str = ""
    table: Table | None = None


class SettingsFault(msgspec.Struct, frozen=True):
    """Where something is wrong ("" for a matter between tables), and what was expected there."""

    place: str
    expected: str


class SettingsChecked(msgspec.Struct, frozen=True):
    faults: list[SettingsFault]
    warnings: list[str]


class PlaceChanged(msgspec.Struct, frozen=True):
    place: str
    before: Table | None = None
    after: Table | None = None


class SettingsChange(msgspec.Struct, frozen=True):
    """What was changed at once. `seq` is the journal's line."""

    seq: int
    at: int
    by: str
    places: list[PlaceChanged]


class SettingsWrong(Exception):
    """They cannot be gone by; nothing was changed."""

    def __init__(self, faults: Sequence[SettingsFault]) -> None:
        super().__init__("; ".join(f"{one.place}: {one.expected}" if one.place else one.expected for one in faults))
        self.faults = list(faults)


class SettingsConflict(Exception):
    """Somebody was quicker, or the floor does not allow it now; nothing was changed. The message says which."""


class Administration(Protocol):
    """Who answers admins."""

    async def now(self) -> SettingsNow: ...

    def schema(self) -> dict[str, Any]:
        """JSON Schema of each kind of table: `queues`, `agents`, `users`, `ivr.hotlines`, `routing`."""

    async def check(self, wanted: Sequence[WantedTable]) -> SettingsChecked:
        """What would be wrong with these changes, without making them."""

    async def change(self, wanted: Sequence[WantedTable], by: str) -> SettingsNow:
        """All of them or none. Raises SettingsWrong and SettingsConflict."""

    async def set_password(self, user: str, password: str) -> None:
        """As the user wants it. Raises SettingsWrong."""

    async def changes(self, limit: int) -> Sequence[SettingsChange]:
        """The latest first."""
