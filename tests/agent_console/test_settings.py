"""Admins change the configuration through REST: checked as a whole, all or none, and it holds at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd import vocabulary as say
from agent_console.settings import User
from callfloor.kept_passwords import path_beside, read_passwords
from tests.agent_console.floor import HASH, PASSWORD, Floor, end_of, open_client, open_floor, sign_in

SETTINGS = "/api/v1/settings"
SALES: dict[str, Any] = {"name": "Sales", "wrap_up_ms": 60_000}


@asynccontextmanager
async def admin(floor: Floor, user: str = "root") -> AsyncIterator[httpx.AsyncClient]:
    headers = {"cookie": await sign_in(floor, user), "origin": floor.console.url}
    async with httpx.AsyncClient(base_url=floor.console.url, headers=headers) as client:
        yield client


async def tag(client: httpx.AsyncClient, place: str) -> str:
    tables = (await client.get(SETTINGS)).json()["tables"]
    return next((table["tag"] for table in tables if table["place"] == place), "")


async def change(client: httpx.AsyncClient, tables: dict[str, Any]) -> httpx.Response:
    """As somebody who has just looked."""
    changes = [{"place": place, "tag": await tag(client, place), "table": table} for place, table in tables.items()]
    return await client.post(SETTINGS, json={"changes": changes})


async def test_a_change_holds_at_once_is_journaled_with_its_author_and_can_be_put_back() -> None:
    async with open_floor() as floor, admin(floor) as root:
        before = (await root.get(SETTINGS)).json()["tables"]
        answer = await change(root, {"queues.sales": SALES | {"name": "Verkauf"}})
        assert answer.status_code == 200
        now = next(table for table in answer.json()["tables"] if table["place"] == "queues.sales")
        assert (now["table"]["name"], now["from_file"]) == ("Verkauf", False)
        assert floor.acd.state.queues["sales"].rules.name == "Verkauf"
        changed, configured = floor.lines[-1].facts
        assert isinstance(changed, say.SettingsChanged)
        assert isinstance(configured, say.Configured)
        assert changed.by == "root"

        (last,) = (await root.get(f"{SETTINGS}/changes")).json()["changes"]
        assert (last["by"], last["seq"], last["places"][0]["after"]["name"]) == ("root", len(floor.lines), "Verkauf")
        answer = await change(root, {one["place"]: one["before"] for one in last["places"]})
        assert [table["table"] for table in answer.json()["tables"]] == [table["table"] for table in before]
        assert floor.acd.state.queues["sales"].rules.name == "Sales"


async def test_several_places_change_together_or_not_at_all() -> None:
    async with open_floor() as floor, admin(floor) as root:
        zoe = {"agents.zoe": {"name": "Zoe", "queues": {"night": 1}}, "queues.night": {"name": "Night"}}
        assert (await change(root, zoe)).status_code == 200
        assert floor.acd.state.agents["zoe"].queues == {"night": 1}
        seq = len(floor.lines)
        answer = await change(root, {"queues.help": {"name": "Hilfe"}, "queues.night": None})
        assert answer.status_code == 422
        assert answer.json()["faults"] == [
            {"place": "agents.zoe.queues", "expected": "there is no queue 'night' (queues: help, sales)"}
        ]
        assert len(floor.lines) == seq


@pytest.mark.parametrize(
    ("place", "table", "at", "expected"),
    [
        ("queues.sales", {"name": "Sales", "ring_ms": 5}, "queues.sales.ring_ms", "greater than or equal to 1000"),
        ("queues.sales", {"name": "Sales", "rings": 5}, "queues.sales.rings", "no such key"),
        ("queues.sales", {"ring_ms": 5_000}, "queues.sales.name", "missing"),
        ("queues.sales", {"name": "S", "when_full": "queue:x"}, "queues.sales.when_full", "there is no queue 'x'"),
        ("queues.sales", {"name": "S", "hours": {"zone": "Mars", "week": {}}}, "queues.sales.hours.zone", "time zone"),
        ("queues.sales", {"name": "S", "skills": "zh >"}, "queues.sales.skills", ""),
        ("queues.sales", None, "agents.a1.queues", "there is no queue 'sales'"),
        ("agents.a1", None, "users.ann.agent", "there is no agent 'a1'"),
        ("users.ann", {"role": "agent"}, "users.ann", "needs `agent`"),
        ("users.ann", {"agent": "a1", "softphone": "pbx9"}, "users.ann.softphone", "there is no node 'pbx9'"),
        ("users.new", {"role": "supervisor"}, "users.new.password", "missing"),
        ("users.new", {"role": "supervisor", "password": "short"}, "users.new.password", "expected 8 to 256"),
        ("users.new", {"password_hash": HASH, "role": "supervisor"}, "users.new.password_hash", "no such key"),
        ("users.root", {"role": "supervisor"}, "users", "expected one user of role admin at least"),
        ("users.root", None, "users", "expected one user of role admin at least"),
        ("ivr.hotlines.4001", None, "ivr.hotlines", "at least 1 item"),
        ("ivr.hotlines.4002", {"flow": "nowhere"}, "ivr.hotlines.4002.flow", "there is no flow 'nowhere'"),
        ("routing", {"dials_out": "pbx9"}, "routing.dials_out", "there is no node 'pbx9'"),
        ("routing", None, "routing", "cannot be taken away"),
        ("web", {"port": 80}, "web", "expected queues.NAME"),
        ("nodes.pbx1", {"secret": "mine"}, "nodes.pbx1", "expected queues.NAME"),
        ("queues.sales", {"name": {"env": "CALLFLOOR_AMI_SECRET"}}, "queues.sales.name", "only be said in the file"),
    ],
)
async def test_what_cannot_be_gone_by_is_said_with_its_place_and_changes_nothing(
    place: str, table: Any, at: str, expected: str
) -> None:
    async with open_floor() as floor, admin(floor) as root:
        answer = await change(root, {place: table})
        assert answer.status_code == 422, answer.text
        faults = answer.json()["faults"]
        assert any(fault["place"].startswith(at) and expected in fault["expected"] for fault in faults), faults
        asked = {"changes": [{"place": place, "table": table}]}
        assert (await root.post(f"{SETTINGS}/check", json=asked)).json() == {"faults": faults, "warnings": []}
        assert len(floor.lines) == 1
        assert HASH not in answer.text


async def test_a_table_as_deep_as_a_well_is_refused() -> None:
    table: dict[str, Any] = {}
    for _ in range(200):
        table = {"a": table}
    async with open_floor() as floor, admin(floor) as root:
        answer = await change(root, {"queues.sales": table})
        assert answer.json()["faults"] == [
            {"place": "queues.sales", "expected": "expected tables within tables, at most 10"}
        ]


async def test_who_looked_before_the_change_of_another_is_told() -> None:
    async with open_floor() as floor, admin(floor) as root:
        seen = await tag(root, "queues.sales")
        await change(root, {"queues.sales": SALES | {"weight": 2}})
        late = {"place": "queues.sales", "tag": seen, "table": SALES | {"weight": 3}}
        other = {"place": "queues.help", "tag": await tag(root, "queues.help"), "table": {"name": "Help!"}}
        answer = await root.post(SETTINGS, json={"changes": [late, other]})
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "queues.sales has been changed meanwhile: look at it again",
        )
        assert floor.acd.state.queues["help"].rules.name == "Help"


async def test_nobody_on_a_call_loses_the_ground_under_their_feet() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, admin(floor) as root:
        await ann.until("snapshot")
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.call_comes()
        await floor.answer()
        answer = await change(root, {"agents.a1": {"name": "Ann", "queues": {"help": 1}}})
        assert answer.status_code == 409
        assert answer.json()["detail"] == "agent a1 no longer serves sales, but is on call c1 of it"
        assert floor.administrator.settings.changes == {}


async def test_a_new_user_signs_in_and_one_who_is_changed_is_signed_out(tmp_path: Path) -> None:
    async with open_floor(folder=tmp_path) as floor, open_client(floor, "sue") as sue, admin(floor) as root:
        await sue.until("snapshot")
        zoe = {"role": "supervisor", "password": "correct horse battery staple"}
        answer = await change(root, {"users.zoe": zoe, "users.sue": {"role": "agent", "agent": "a1"}})
        assert answer.status_code == 200
        assert PASSWORD not in answer.text
        assert "$argon2id$" not in answer.text
        async with admin(floor, "zoe") as now:
            assert (await now.get("/api/v1/me")).json()["role"] == "supervisor"
        assert await end_of(sue) == (4401, "the session has ended")
        journaled = repr(floor.lines[-1])
        assert "users.zoe" in journaled
        assert PASSWORD not in journaled
        assert "$argon2id$" not in journaled
        file = path_beside(tmp_path / "callfloor.journal")
        assert (file.stat().st_mode & 0o777, [*read_passwords(file)]) == (0o600, ["zoe"])
        await change(root, {"users.zoe": None})
        assert read_passwords(file) == {}
        assert "zoe" not in floor.users
        # Who comes back does not bring the old password.
        again = await change(root, {"users.zoe": {"role": "supervisor"}})
        assert again.json()["faults"] == [{"place": "users.zoe.password", "expected": "missing"}]


async def test_a_password_can_be_set_alone_and_leaves_no_more_than_that_it_was(tmp_path: Path) -> None:
    async with open_floor(folder=tmp_path) as floor, admin(floor) as root:
        table = {"agent": "a1", "phone": "PJSIP/1001"}
        await change(root, {"users.ann": table | {"password": "another password"}})
        (fact,) = floor.lines[-1].facts
        assert isinstance(fact, say.SettingsChanged)
        assert fact.changes[0].before == fact.changes[0].after == table
        assert floor.users["ann"] == User(
            password_hash=floor.users["ann"].password_hash, agent="a1", phone="PJSIP/1001"
        )
        refused = await root.post("/api/v1/sign-in", json={"user": "ann", "password": PASSWORD})
        assert refused.status_code == 401
        granted = await root.post("/api/v1/sign-in", json={"user": "ann", "password": "another password"})
        assert granted.status_code == 200


async def test_what_changes_nothing_is_not_journaled_and_a_check_is_no_change() -> None:
    async with open_floor() as floor, admin(floor) as root:
        tables = (await root.get(SETTINGS)).json()["tables"]
        answer = await root.post(SETTINGS, json={"changes": tables and [
            {"place": one["place"], "tag": one["tag"], "table": one["table"]} for one in tables
        ]})  # fmt: skip
        assert answer.status_code == 200
        assert len(floor.lines) == 1
        checked = await root.post(
            f"{SETTINGS}/check", json={"changes": [{"place": "queues.q", "table": {"name": "Q"}}]}
        )
        assert checked.json()["faults"] == []
        assert any("q" in warning for warning in checked.json()["warnings"])
        assert len(floor.lines) == 1


async def test_the_forms_are_drawn_from_the_same_models_that_check_the_file() -> None:
    async with open_floor() as floor, admin(floor) as root:
        schema = (await root.get(f"{SETTINGS}/schema")).json()
        assert schema.keys() == {"queues", "agents", "users", "ivr.hotlines", "routing", "$defs"}
        queue = schema["$defs"]["QueueRules"]["properties"]
        assert {*queue} == {*say.QueueRules.__struct_fields__, "hours"}
        assert queue["ring_ms"] | {"title": ""} == {
            "default": 15_000, "maximum": 300_000, "minimum": 1_000, "title": "", "type": "integer",
        }  # fmt: skip
        assert queue["when_full"]["format"] == "treatment"
        assert schema["users"]["properties"].keys() == User.model_fields.keys() - {"password_hash"} | {"password"}


async def test_everybody_changes_their_own_password_if_they_know_it(tmp_path: Path) -> None:
    new = "a password of my own"
    async with open_floor(folder=tmp_path) as floor, admin(floor, "ann") as ann:
        wrong = await ann.post("/api/v1/password", json={"old": "no idea", "new": new})
        assert (wrong.status_code, wrong.json()["detail"]) == (422, "old: this is not the password")
        assert (await ann.post("/api/v1/password", json={"old": PASSWORD, "new": "short"})).status_code == 422
        assert len(floor.lines) == 1
        assert (await ann.post("/api/v1/password", json={"old": PASSWORD, "new": new})).status_code == 204
        assert (await ann.get("/api/v1/me")).status_code == 401  # signed out everywhere
        (fact,) = floor.lines[-1].facts
        assert isinstance(fact, say.SettingsChanged)
        assert (fact.by, fact.changes[0].place) == ("ann", "users.ann")
        again = await ann.post("/api/v1/sign-in", json={"user": "ann", "password": new})
        assert again.status_code == 200


async def test_who_guesses_at_the_old_password_must_wait() -> None:
    async with open_floor() as floor, admin(floor, "ann") as ann:
        answers = [await ann.post("/api/v1/password", json={"old": f"guess {n}", "new": "12345678"}) for n in range(12)]
        assert answers[0].status_code == 422
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0
