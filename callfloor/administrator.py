"""Changes the configuration while the system runs: checks what admins want as a whole, has it journaled, and gives the
house what then holds. Does I/O: keeps passwords in their file, reads the journal. All that takes long is done in
threads, for callers wait on the loop: a check of 1,000 agents takes a tenth of a second.

Nothing is remembered here that the file, the journal and the passwords do not say: `see` takes in each change, our own
as well, and a start reads the same from `callfloor.config.load`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from pydantic import ValidationError

from acd.vocabulary import Change, Line, Now, Refused, SettingsChanged, Tell
from agent_console.administration import (
    PlaceChanged,
    SettingsChange,
    SettingsChecked,
    SettingsConflict,
    SettingsFault,
    SettingsNow,
    SettingsTable,
    SettingsWrong,
    Table,
    WantedTable,
)
from agent_console.passwords import hash_password, nobody
from callfloor.config import Config, check_settings, faults
from callfloor.document import (
    SECRET,
    SINGLE,
    KeptPassword,
    NoSuchPlace,
    Settings,
    digest,
    places,
    split_place,
    table_at,
)
from callfloor.kept_passwords import path_beside, write_passwords
from callfloor.settings_form import LEAST_PASSWORD, LONGEST_PASSWORD, PASSWORD, schema
from ivr.speech import SpeechError

log = structlog.get_logger(__name__)

USERS = "users."
PLACE_INSIDE = re.compile(r"([a-z_]+(?:\.[^:\s]+)?): ")
DEEPEST = 10
"""More than any table has, and far less than Python can follow."""


class Administrator:
    """`prepare` makes ready what a configuration needs before it holds, `apply` has the house go by it. `journaled`
    gives the journal's lines that have changes of settings, perhaps among others; it is asked in a thread."""

    def __init__(
        self,
        config: Config,
        tell: Tell,
        now: Now,
        prepare: Callable[[Config], Awaitable[None]],
        apply: Callable[[Config], None],
        journaled: Callable[[], Iterable[Line]],
    ) -> None:
        self._config = config
        self._tell = tell
        self._now = now
        self._prepare = prepare
        self._apply = apply
        self._journaled = journaled
        self._one_changes = asyncio.Lock()
        self._schema = schema()
        self._ready: Config | None = None
        """What has been checked and is being journaled."""
        self._password_file = path_beside(config.records.journal.path)
        self._passwords: Mapping[str, KeptPassword] = dict(config.settings.passwords)

    @property
    def settings(self) -> Settings:
        return self._config.settings

    def see(self, line: Line) -> None:
        """Goes by what was changed, whoever asked for it."""
        changes = [change for fact in line.facts if isinstance(fact, SettingsChanged) for change in fact.changes]
        if changes:
            settings = replace(self.settings, passwords=self._passwords).after(changes)
            ready = self._ready
            is_ours = ready is not None and ready.settings.changes == settings.changes
            self._config = ready if ready and is_ours else check_settings(settings, self._config.folder)
            self._apply(self._config)

    # ------------------------------------------------------------------------------------- what is asked

    async def now(self) -> SettingsNow:
        return await asyncio.to_thread(_as_it_is, self._config)

    def schema(self) -> dict[str, Any]:
        return self._schema

    async def check(self, wanted: Sequence[WantedTable]) -> SettingsChecked:
        return await asyncio.to_thread(self._check, wanted)

    async def change(self, wanted: Sequence[WantedTable], by: str) -> SettingsNow:
        async with self._one_changes:
            for one in wanted:
                if one.tag != digest(table_at(self.settings.document, one.place) if _is_place(one.place) else None):
                    raise SettingsConflict(f"{one.place} has been changed meanwhile: look at it again")
            config = await asyncio.to_thread(self._with_passwords, wanted)
            try:
                await self._prepare(config)
            except SpeechError as error:
                raise SettingsWrong([SettingsFault("ivr.hotlines", str(error))]) from error
            await self._journal(wanted, config, by)
            return await self.now()

    async def set_password(self, user: str, password: str) -> None:
        place = f"{USERS}{user}"
        table = table_at(self.settings.document, place) or {}
        await self.change([WantedTable(place, digest(table), table | {PASSWORD: password})], user)

    async def changes(self, limit: int) -> Sequence[SettingsChange]:
        return await asyncio.to_thread(self._read_changes, limit)

    # -------------------------------------------------------------------------------------------- inside

    def _check(self, wanted: Sequence[WantedTable]) -> SettingsChecked:
        try:
            config = self._checked(wanted, lambda _: nobody())
        except SettingsWrong as error:
            return SettingsChecked(error.faults, [])
        return SettingsChecked([], config.rules().warnings(config.asks()))

    def _with_passwords(self, wanted: Sequence[WantedTable]) -> Config:
        config = self._checked(wanted, lambda _: nobody())  # before a password is hashed for nothing
        hashes = {user: hash_password(text) for user, text in _passwords(wanted)}
        return self._checked(wanted, hashes.__getitem__) if hashes else config

    def _checked(self, wanted: Sequence[WantedTable], hashed: Callable[[str], str]) -> Config:
        """The configuration with these changes. `hashed`: the hash of a user's new password. Raises SettingsWrong."""
        if wrong := [*_malformed(wanted, self.settings)]:
            raise SettingsWrong(wrong)
        settings = self.settings
        for user, _ in _passwords(wanted):
            settings = settings.keep(user, hashed(user))
        for one in wanted:
            if one.table is None and one.place.startswith(USERS):
                settings = settings.keep(one.place.removeprefix(USERS), None)
        try:
            config = check_settings(settings.after(self._changes(wanted)), self._config.folder)
        except ValidationError as error:
            raise SettingsWrong([_fault(text) for text in faults(error)]) from None
        if _admins(self._config) and not _admins(config):
            raise SettingsWrong([SettingsFault("users", "expected one user of role admin at least")])
        return config

    def _changes(self, wanted: Sequence[WantedTable]) -> tuple[Change, ...]:
        """Without those that would change nothing; a new password is a change, though no table says it."""
        with_password = {f"{USERS}{user}" for user, _ in _passwords(wanted)}
        changes = (self.settings.change(one.place, _stated(one)) for one in wanted)
        return tuple(one for one in changes if one.before != one.after or one.place in with_password)

    async def _journal(self, wanted: Sequence[WantedTable], config: Config, by: str) -> None:
        """Passwords first: a hash too many does no harm, a user without one would keep us from starting."""
        changes = self._changes(wanted)
        if not changes:
            return
        before, after = self._passwords, config.settings.passwords
        await self._keep({**before, **after})
        self._ready = config
        facts = await self._tell(config.rules().change(self._now(), by, changes))
        self._ready = None
        refused = next((fact.why for fact in facts if isinstance(fact, Refused)), "")
        await self._keep(before if refused else after)
        if refused:
            raise SettingsConflict(refused)
        log.info("settings.changed", by=by, places=[change.place for change in changes])

    async def _keep(self, passwords: Mapping[str, KeptPassword]) -> None:
        if passwords != self._passwords:
            await asyncio.to_thread(write_passwords, self._password_file, passwords)
            self._passwords = dict(passwords)

    def _read_changes(self, limit: int) -> list[SettingsChange]:
        found = [
            SettingsChange(line.seq, line.input.at, fact.by, [_place(change) for change in fact.changes])
            for line in self._journaled()
            for fact in line.facts
            if isinstance(fact, SettingsChanged)
        ]
        return found[: -limit - 1 : -1]


def _as_it_is(config: Config) -> SettingsNow:
    settings, document = config.settings, config.settings.document
    tables = [
        SettingsTable(place, digest(table), table, not settings.is_last_word(place))
        for place in places(document)
        for table in [table_at(document, place) or {}]
    ]
    return SettingsNow(tables, _known(config), config.rules().warnings(config.asks()))


def _place(change: Change) -> PlaceChanged:
    return PlaceChanged(change.place, change.before, change.after)


def _known(config: Config) -> dict[str, list[str]]:
    skills = {skill for agent in config.agents.values() for skill in agent.skills}
    return {
        "queues": [*config.queues],
        "agents": [*config.agents],
        "nodes": [*config.nodes],
        "softphone_nodes": [name for name, node in config.nodes.items() if node.dialplan.softphones is not None],
        "flows": [*config.ivr.flows],
        "announcements": [*config.ivr.announcements],
        "skills": sorted(skills),
    }


def _admins(config: Config) -> list[str]:
    return [name for name, user in config.users.items() if user.role == "admin"]


def _is_place(place: str) -> bool:
    try:
        split_place(place)
    except NoSuchPlace:
        return False
    return True


def _passwords(wanted: Sequence[WantedTable]) -> Iterator[tuple[str, str]]:
    """Users and the passwords that they are to have from now on."""
    for one in wanted:
        if one.place.startswith(USERS) and one.table is not None and one.table.get(PASSWORD):
            yield one.place.removeprefix(USERS), str(one.table[PASSWORD])


def _stated(one: WantedTable) -> Table | None:
    """What is to be journaled: without the password, and without what is left out (TOML knows no null)."""
    if one.table is None:
        return None
    table = {key: value for key, value in one.table.items() if not (key == PASSWORD and one.place.startswith(USERS))}
    stated: Table = _without_nulls(table)
    return stated


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _malformed(wanted: Sequence[WantedTable], settings: Settings) -> Iterator[SettingsFault]:
    """What is wrong before the tables are looked at as a whole."""
    seen: set[str] = set()
    for one in wanted:
        try:
            split_place(one.place)
        except NoSuchPlace as error:
            yield _fault(str(error))
            continue
        if one.place in seen:
            yield SettingsFault(one.place, "expected each place once")
        seen.add(one.place)
        if one.place in SINGLE and one.table is None:
            yield SettingsFault(one.place, "expected a table: it cannot be taken away")
        table = one.table or {}
        if _is_deep(table):
            yield SettingsFault(one.place, f"expected tables within tables, at most {DEEPEST}")
            continue
        if SECRET in table:
            yield SettingsFault(f"{one.place}.{SECRET}", "no such key")
        password = table.get(PASSWORD) if one.place.startswith(USERS) else None
        if password and not (isinstance(password, str) and LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD):
            yield SettingsFault(
                f"{one.place}.{PASSWORD}", f"expected {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters"
            )
        for place in _read_from_environment(table, table_at(settings.document, one.place), one.place):
            yield SettingsFault(place, "{ env = … } can only be said in the file")


def _is_deep(table: Table) -> bool:
    level: list[Any] = [table]
    for _ in range(DEEPEST):
        inside = [[*one.values()] if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [item for items in inside for item in items]
    return bool(level)


def _read_from_environment(value: Any, before: Any, place: str) -> Iterator[str]:
    """Where a change would have the environment read: the server's secrets are not for who may use the page."""
    if value == before:
        return
    if isinstance(value, dict):
        if set(value) == {"env"}:
            yield place
        for key, item in value.items():
            yield from _read_from_environment(
                item, before.get(key) if isinstance(before, dict) else None, f"{place}.{key}"
            )
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _read_from_environment(item, None, f"{place}.{n}")


def _fault(text: str) -> SettingsFault:
    place, colon, expected = text.partition(": ")
    if not colon or " " in place:
        return SettingsFault("", text)
    if (inside := PLACE_INSIDE.match(expected)) is not None:  # found by the check of a whole table
        place, expected = f"{place}.{inside[1]}", expected[inside.end() :]
    if place.endswith(f".{SECRET}"):
        place = place.removesuffix(SECRET) + PASSWORD
    return SettingsFault(place, expected)
