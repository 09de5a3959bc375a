"""Customers over REST: who may find, read and change them, what is refused, and what the open screens show of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from acd import vocabulary as say
from acd.vocabulary import AgentRules
from tests.agent_console.floor import AGENTS, QUEUES, Floor, open_client, open_floor, sign_in
from tests.agent_console.test_live import ready_agent

CHEN = {"name": "Chen Mei-ling", "numbers": ["+886912345678"], "fields": {"tier": "Silver"}}


@asynccontextmanager
async def rest(floor: Floor, user: str | None) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Cookie": await sign_in(floor, user)} if user else {}
    async with httpx.AsyncClient(base_url=f"{floor.console.url}/api/v1/", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("user", "method", "path", "status"),
    [
        (None, "GET", "customers?words=Chen", 401),
        (None, "GET", "customers/7", 401),
        (None, "POST", "customers", 401),
        (None, "PUT", "customers/7", 401),
        (None, "GET", "customers/fields", 401),
        ("ann", "GET", "customers?words=Chen", 200),
        ("ann", "GET", "customers", 422),
        ("ann", "GET", "customers?words=C", 422),
        ("ann", "GET", "customers?words=%20%20%20", 422),
        ("ann", "GET", "customers?words=Chen&limit=51", 422),
        ("ann", "GET", "customers/7", 200),
        ("ann", "GET", "customers/8", 404),
        ("ann", "GET", "customers/7%20or%201", 422),
        ("ann", "GET", "customers/fields", 200),
        ("ann", "GET", "customers/7/changes", 403),
        ("sue", "GET", "customers/7/changes", 200),
        ("ann", "POST", "customers", 201),
        ("ann", "PUT", "customers/7", 200),
        ("ann", "PUT", "customers/8", 409),
    ],
)
async def test_who_may_do_what_with_customers(user: str | None, method: str, path: str, status: int) -> None:
    body = {**CHEN, "updated_at": 0} if method == "PUT" else CHEN if method == "POST" else None
    async with open_floor() as floor, rest(floor, user) as client:
        answer = await client.request(method, path, json=body)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"note": "x" * 10_001},
        {"numbers": ["1" * 65]},
        {"numbers": ["+861"] * 51},
        {"numbers": ["x"]},
        {"fields": {"tier": "x" * 2_001}},
        {"fields": {"x" * 41: ""}},
        {"updated_at": 0},
        {"id": "7"},
        {"name": None},
    ],
    ids=str,
)
async def test_what_is_no_customer_is_refused(wrong: dict[str, Any]) -> None:
    async with open_floor() as floor, rest(floor, "ann") as client:
        answer = await client.post("customers", json={**CHEN, **wrong})
        assert answer.status_code == 422
        assert [*floor.customers] == ["7"]


async def test_of_two_who_change_a_customer_the_second_is_told_what_the_first_has_made_of_it() -> None:
    async with open_floor() as floor, rest(floor, "ann") as ann, rest(floor, "bob") as bob:
        read = (await ann.get("customers/7")).json()
        assert (await bob.put("customers/7", json={**CHEN, "name": "Chen M.", "updated_at": 0})).status_code == 200
        answer = await ann.put("customers/7", json={**CHEN, "updated_at": read["updated_at"]})
        assert answer.status_code == 409
        assert answer.json()["detail"] == "somebody else has changed this customer meanwhile"
        assert answer.json()["customer"]["name"] == "Chen M."
        assert floor.customers["7"].name == "Chen M."
        async with rest(floor, "sue") as sue:
            [change] = (await sue.get("customers/7/changes")).json()["changes"]
            assert change == {"at": floor.clock, "by": "bob", "changes": {"name": ["", "Chen M."]}}


async def test_another_sites_page_changes_nobody() -> None:
    async with open_floor() as floor, rest(floor, "ann") as client:
        answer = await client.post("customers", json=CHEN, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert [*floor.customers] == ["7"]


async def test_a_changed_customer_is_renewed_on_the_screen_of_who_talks_to_them() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, rest(floor, "bob") as bob:
        await ready_agent(floor, ann)
        await floor.call_comes()
        await floor.answer()
        while not (record := (await ann.until("pop"))["record"])["customers"]:
            pass
        await bob.put("customers/7", json={**CHEN, "name": "Chen, now Lin", "updated_at": 0})
        while (record := (await ann.until("pop"))["record"])["customers"][0]["name"] != "Chen, now Lin":
            pass
        assert record["customers"][0]["fields"] == {"tier": "Silver"}


async def test_a_created_customer_who_is_chosen_is_the_callers_record() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, rest(floor, "ann") as client:
        await ready_agent(floor, ann)
        await floor.call_comes(ani="+886900000000")
        await floor.answer()
        made = (await client.post("customers", json={"name": "New"})).json()
        assert (await ann.ask(3, "choose_customer", call="c1", customer=made["id"]))["ok"]
        while not (record := (await ann.until("pop"))["record"])["customers"]:
            pass
        assert (record["customer"], record["customers"][0]["name"]) == (made["id"], "New")


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("ann", "calls/own-day?since=0", 200),
        ("sue", "calls/own-day?since=0", 404),
        (None, "calls/own-day?since=0", 401),
        ("ann", "calls/own-day", 422),
        ("ann", "calls/own-day?since=-1", 422),
        ("ann", f"calls?words={'x' * 101}", 422),
        ("ann", "calls?missed=perhaps", 422),
    ],
)
async def test_the_own_day_is_the_own_agents_and_no_longer_than_a_day(user: str | None, path: str, status: int) -> None:
    async with open_floor() as floor, rest(floor, user) as client:
        answer = await client.get(path)
        assert answer.status_code == status, answer.text
        if status == 200:
            assert floor.days == [("a1", floor.clock - 26 * 3_600_000)]
            assert answer.json()["calls"] == 12


async def test_an_agent_finds_only_own_calls_whatever_is_searched() -> None:
    async with open_floor() as floor, rest(floor, "ann") as ann, rest(floor, "sue") as sue:
        for client in (ann, sue):
            assert (await client.get("calls?words=invoice&missed=true&number=09")).status_code == 200
        assert [(one.words, one.missed, one.number, one.agent) for one in floor.queries] == [
            ("invoice", True, "09", "a1"),
            ("invoice", True, "09", ""),
        ]


async def test_the_own_day_has_the_own_queues_alone_in_their_order() -> None:
    async with open_floor() as floor, rest(floor, "ann") as ann:
        both = AGENTS | {"a1": AgentRules("Ann", {"sales": 1, "help": 2})}
        await floor.tell(say.Configure(floor.clock, QUEUES, both))
        floor.measured = ["help", "sales"]
        own = (await ann.get("calls/own-day?since=0")).json()["queues"]
        assert [one["queue"] for one in own] == ["sales", "help"]
        await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS))
        assert (await ann.get("calls/own-day?since=0")).json()["queues"] == [
            {
                "queue": "sales",
                "offered": 40,
                "answered": 38,
                "service_level": {"over_offered": 0.925, "over_answered": 0.95},
            }
        ]
