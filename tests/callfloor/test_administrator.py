"""Settings that are changed on the page, in a real house: journal, passwords and file, over restarts."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd import vocabulary as say
from agent_console.administration import SettingsConflict, WantedTable
from agent_console.passwords import hash_password
from callfloor.config import ConfigError, load, load_rules
from callfloor.config_export import export
from callfloor.document import digest, table_at
from callfloor.house import FILE, House
from callfloor.kept_passwords import path_beside
from records.journal import replay

TEXT = f"""\
[log]
level = "error"
[web]
port = 0
[nodes.pbx1]
port = 1
secret = "s"
dialplan = {{ agi_port = 4573, operator = {{ name = "operator", secret = "o" }} }}
[queues.service]   # for everybody
name = "Service"
[agents.a1]
name = "Ann"
queues = {{ service = 1 }}
[users.root]
password_hash = "{hash_password("roots own password")}"
role = "admin"
[ivr]
port = 0
default_hotline = "4001"
hotlines.4001 = {{ flow = "main", language = "en" }}
[ivr.speech]
cache = "speech"
[ivr.flows.main]
greeting = {{ en = "Hello." }}
start = {{ queue = "service" }}
"""
NIGHT = {"name": "Night", "hours": {"zone": "UTC", "week": {}}}
"""A queue that is never open."""


@pytest.fixture
def path(tmp_path: Path, speech: Path) -> Path:
    (tmp_path / "speech").symlink_to(speech)
    file = tmp_path / "callfloor.toml"
    file.write_text(TEXT)
    return file


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[House]:
    house = House(load(path), reactor=None)
    try:
        await house.start(lambda what, done, of: None)
        yield house
    finally:
        await house.close()


def wanted(house: House, tables: dict[str, Any]) -> list[WantedTable]:
    document = house.administrator.settings.document
    return [WantedTable(place, digest(table_at(document, place)), table) for place, table in tables.items()]


async def change(house: House, tables: dict[str, Any]) -> None:
    await house.administrator.change(wanted(house, tables), "root")


def changed(path: Path) -> list[say.SettingsChanged]:
    lines = replay(load(path).records.journal.path)
    return [fact for line in lines for fact in line.facts if isinstance(fact, say.SettingsChanged)]


async def may_sign_in(house: House, user: str, password: str) -> bool:
    async with httpx.AsyncClient(base_url=house.console.url) as client:
        answer = await client.post("/api/v1/sign-in", json={"user": user, "password": password})
        return answer.status_code == 200


async def closed(house: House, queue: str) -> None:
    """Until the queue is closed: the hours are looked at on their own."""
    heard = asyncio.Event()
    house.floor.follow(lambda _: heard.set())
    while house.floor.acd.state.queues[queue].open:
        heard.clear()
        await heard.wait()


async def test_what_was_changed_on_the_page_is_there_after_a_restart(path: Path) -> None:
    async with running(path) as house:
        tables = {
            "queues.night": NIGHT,
            "agents.zoe": {"name": "Zoe", "queues": {"night": 1, "service": 2}},
            "users.zoe": {"agent": "zoe", "phone": "PJSIP/7", "password": "zoes own password"},
            "ivr.hotlines.4002": {"flow": "main", "language": "en", "greeting": "A number of its own."},
        }
        await change(house, tables)
        assert await may_sign_in(house, "zoe", "zoes own password")
        await closed(house, "night")
        greeting = house.ivr.settings.hotline("4002").greeting
        assert greeting == "A number of its own."
    assert path.read_text() == TEXT
    async with running(path) as house:
        assert house.floor.acd.state.agents["zoe"].queues == {"night": 1, "service": 2}
        assert await may_sign_in(house, "zoe", "zoes own password")
        assert not house.floor.acd.state.queues["night"].open
        assert house.ivr.settings.hotline("4002").greeting == greeting
        await change(house, {"queues.night": {"name": "Night"}})
    assert load_rules(path).rules() == load(path).rules()
    assert [fact.by for fact in changed(path)] == ["root", "root"]


async def test_the_export_begins_a_system_as_it_stood(path: Path, tmp_path: Path) -> None:
    async with running(path) as house:
        await change(house, {"queues.service": {"name": "Support", "weight": 2}, "queues.night": NIGHT})
        await change(house, {"users.root": {"role": "admin", "password": "another password"}})
    config = load(path)
    text = export(path.read_text(), config.settings)
    assert "# for everybody" in text
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "speech").symlink_to(tmp_path / "speech")
    (elsewhere / "callfloor.toml").write_text(text)
    begun = load(elsewhere / "callfloor.toml")
    assert (begun.rules(), begun.users, begun.ivr.hotlines) == (config.rules(), config.users, config.ivr.hotlines)
    async with running(elsewhere / "callfloor.toml") as house:
        assert await may_sign_in(house, "root", "another password")
    # In the old place it is what is there already: the page's words are the file's.
    path.write_text(text)
    assert load(path).settings.document == tomllib.loads(text)


async def test_a_place_that_is_edited_in_the_file_afterwards_is_the_files_again(path: Path) -> None:
    async with running(path) as house:
        await change(house, {"queues.service": {"name": "Support"}, "queues.night": NIGHT})
    path.write_text(TEXT.replace('name = "Service"', 'name = "Helpdesk"'))
    async with running(path) as house:
        assert {queue.rules.name for queue in house.floor.acd.state.queues.values()} == {"Helpdesk", "Night"}
    last = changed(path)[-1]
    assert (last.by, last.changes[0].before, last.changes[0].after) == (FILE, {"name": "Support"}, {"name": "Helpdesk"})
    path.write_text(TEXT)  # as it was when the page changed it: that word is outdated all the same
    async with running(path) as house:
        assert house.floor.acd.state.queues["service"].rules.name == "Service"


async def test_a_refusal_leaves_no_password_behind(path: Path) -> None:
    async with running(path) as house:
        await house.floor.tell(say.LogIn(0, "a1", "PJSIP/1"))
        tables = {"agents.a1": None, "users.zoe": {"role": "supervisor", "password": "zoes own password"}}
        with pytest.raises(SettingsConflict, match="agent a1 is gone, but is not ready: log the agent out first"):
            await change(house, tables)
        assert not await may_sign_in(house, "zoe", "zoes own password")
    assert "zoe" not in path_beside(path.with_name("callfloor.journal")).read_text()


async def test_a_file_that_does_not_fit_the_pages_words_is_told_both(path: Path) -> None:
    async with running(path) as house:
        await change(house, {"queues.night": NIGHT, "agents.a1": {"name": "Ann", "queues": {"night": 1, "service": 1}}})
        await change(house, {"queues.service": {"name": "Support"}})
    path.write_text(TEXT.replace("[queues.service]", "[queues.support]").replace('"service"', '"support"'))
    with pytest.raises(ConfigError) as caught:
        load(path)
    faults = "\n".join(caught.value.faults)
    assert "agents.a1.queues: there is no queue 'service'" in faults
    assert "changed on the page since: queues.night, agents.a1; what the file says anew there counts" in faults


@pytest.mark.parametrize("text", ["", "no json", '{"zoe": 1}'])
def test_passwords_that_cannot_be_read_keep_nobody_in_the_dark(path: Path, text: str) -> None:
    file = path_beside(path.with_name("callfloor.journal"))
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"callfloor\.passwords"):
        load(path)
