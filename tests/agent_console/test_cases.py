"""Cases over REST: who may find, read and change them, what is refused, and what the open screens show of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agent_console.floor import open_client, open_floor
from tests.agent_console.test_customers import rest
from tests.agent_console.test_live import ready_agent

KETTLE = {"customer": "7", "title": "Broken kettle", "text": "leaks", "call": "c1"}
CLOSED = {"title": "Broken kettle", "text": "a new one is sent", "call": "c2", "is_open": False}


@pytest.mark.parametrize(
    ("user", "method", "path", "status"),
    [
        (None, "GET", "cases?words=kettle", 401),
        (None, "GET", "cases/1", 401),
        (None, "POST", "cases", 401),
        (None, "PUT", "cases/1", 401),
        ("ann", "GET", "cases?words=kettle", 200),
        ("ann", "GET", "cases?customer=7", 200),
        ("ann", "GET", "cases", 422),
        ("ann", "GET", "cases?words=k", 422),
        ("ann", "GET", "cases?words=%20%20%20", 422),
        ("ann", "GET", "cases?words=kettle&limit=51", 422),
        ("ann", "GET", "cases?customer=7%20or%201", 422),
        ("ann", "GET", "cases/1", 200),
        ("ann", "GET", "cases/2", 404),
        ("ann", "GET", "cases/1%20or%201", 422),
        ("sue", "POST", "cases", 201),
        ("ann", "PUT", "cases/1", 200),
        ("ann", "PUT", "cases/2", 409),
    ],
)
async def test_who_may_do_what_with_cases(user: str | None, method: str, path: str, status: int) -> None:
    async with open_floor() as floor, rest(floor, user) as client:
        await floor.open_case("7", "Broken kettle", "leaks", "c0", "bob")
        body = {**CLOSED, "updated_at": floor.clock} if method == "PUT" else KETTLE if method == "POST" else None
        answer = await client.request(method, path, json=body)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": None},
        {"text": "x" * 10_001},
        {"call": "x" * 129},
        {"customer": "8"},
        {"customer": "Chen"},
        {"is_open": False},
        {"by": "somebody else"},
    ],
    ids=str,
)
async def test_what_is_no_case_is_refused(wrong: dict[str, Any]) -> None:
    async with open_floor() as floor, rest(floor, "ann") as client:
        answer = await client.post("cases", json={**KETTLE, **wrong})
        assert answer.status_code == 422
        assert floor.cases == {}


async def test_of_two_who_change_a_case_the_second_is_told_what_the_first_has_made_of_it() -> None:
    async with open_floor() as floor, rest(floor, "ann") as ann, rest(floor, "bob") as bob:
        made = (await ann.post("cases", json=KETTLE)).json()
        assert (made["opened_by"], made["entries"][0]["text"], made["entries"][0]["call"]) == ("ann", "leaks", "c1")
        wanted = {**CLOSED, "updated_at": made["updated_at"]}
        assert (await bob.put(f"cases/{made['id']}", json=wanted)).status_code == 200
        answer = await ann.put(f"cases/{made['id']}", json=wanted)
        assert answer.status_code == 409
        assert answer.json()["case"]["is_open"] is False
        assert [(one["by"], one["text"]) for one in answer.json()["case"]["entries"]] == [
            ("ann", "leaks"),
            ("bob", "a new one is sent"),
        ]
        found = (await ann.get("cases?words=kettle&only_open=false")).json()["cases"]
        assert [(row["title"], row["is_open"], row["entries"]) for row in found] == [("Broken kettle", False, 2)]


async def test_another_sites_page_opens_no_case() -> None:
    async with open_floor() as floor, rest(floor, "ann") as client:
        answer = await client.post("cases", json=KETTLE, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert floor.cases == {}


async def test_a_case_that_somebody_opens_or_closes_is_on_the_screen_of_who_talks_to_the_customer() -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, rest(floor, "bob") as bob:
        await ready_agent(floor, ann)
        await floor.call_comes()
        await floor.answer()
        made = (await bob.post("cases", json=KETTLE)).json()
        while not (record := (await ann.until("pop"))["record"])["cases"]:
            pass
        assert [(row["title"], row["customer"]) for row in record["cases"]] == [("Broken kettle", "7")]
        await bob.put(f"cases/{made['id']}", json={**CLOSED, "updated_at": made["updated_at"]})
        while (await ann.until("pop"))["record"]["cases"]:
            pass
