"""Every role tries everything: all requests of the WebSocket, all routes. Derived from the code, so that a new one
without a stated right is found here."""

from __future__ import annotations

import re
from typing import get_args

import httpx
import msgspec
import pytest

from agent_console import rights
from agent_console.messages import BadMessage, Request, to_input
from agent_console.rest.openapi import Operation, operations
from agent_console.sessions import Viewer
from agent_console.settings import ROLES, User
from tests.agent_console.floor import HASH, KEY, USERS, Floor, end_of, open_client, open_floor, sign_in

(DO,) = (get_args(field.type) for field in msgspec.structs.fields(Request) if field.name == "do")
OPERATIONS = [*operations(Floor().console.app)]
WHO = {"": "", "agent": "ann", "supervisor": "sue", "admin": "root", "wall": "screen"}
"""Role → who has it; "" is nobody."""


def test_every_request_has_a_right_and_every_route_its_roles() -> None:
    assert set(DO) == rights.REQUESTS.keys(), "agent_console/rights.py: say who may ask it"
    assert set(ROLES) == set(WHO) - {""}
    for one in OPERATIONS:
        assert one.roles, f"{one.method} {one.path}: depend on viewer_of, or say @open_to_all"


def test_what_the_table_does_not_name_nobody_may() -> None:
    for role in ROLES:
        assert rights.why_not("fly", Viewer("x", role, "a1")) == "nobody may do that"


@pytest.mark.parametrize("user", [*filter(None, WHO.values())])
async def test_a_request_that_one_may_not_make_is_refused_and_nothing_happens(user: str) -> None:
    async with open_floor() as floor, open_client(floor, user) as client:
        viewer = Viewer(user, USERS[user].role, USERS[user].agent, USERS[user].phone)
        await (client.attached() if viewer.agent else client.until("snapshot"))
        refused = [do for do in DO if rights.why_not(do, viewer)]
        assert refused
        before = len(floor.lines)
        for number, do in enumerate(refused):
            to = {"kind": "agent", "to": "a1"}
            floor.clock += 1_000
            answer = await client.ask(number, do, to=to, call="c1", offer=1, reason="", digits="1", mode="listen")
            assert answer["ok"] is False, do
            assert answer["why"] == rights.why_not(do, viewer)
        assert len(floor.lines) == before


@pytest.mark.parametrize("do", DO)
def test_a_request_speaks_for_the_session_and_for_nobody_else(do: str) -> None:
    """Whatever a client says, the input that the ACD hears names the session's agent or, as its author, its user."""
    request = msgspec.convert(
        {"type": "request", "id": 1, "do": do, "call": "c1", "to": {"kind": "agent", "to": "a2"}}, Request
    )
    viewer = Viewer("ann", "supervisor", "a1", "PJSIP/1001")
    try:
        said = to_input(request, viewer, 5)
    except BadMessage:
        said = to_input(msgspec.structs.replace(request, to=msgspec.convert(NUMBER, type(request.to))), viewer, 5)
    if rights.REQUESTS[do] == "supervisor":
        assert getattr(said, "by", None) == "ann"
    else:
        assert getattr(said, "agent", None) == "a1"


NUMBER = {"kind": "number", "to": "+861065321234"}


def url_of(operation: Operation) -> str:
    """Something at this path: nothing that there is, so that whoever may ask gets 404 or 422 and changes nothing."""
    return re.sub(r"\{\w+(:\w+)?\}", "none", operation.path)


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.method + one.path)
async def test_a_route_is_open_to_the_roles_that_it_names_and_to_no_other(operation: Operation, role: str) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        headers = {"Cookie": await sign_in(floor, WHO[role])} if role else {"Cookie": "callfloor_session=forged"}
        answer = await browser.request(operation.method, url_of(operation), headers=headers)
        if role in operation.roles:
            assert answer.status_code not in (401, 403, 500)
        else:
            assert answer.status_code == (403 if role else 401)
            assert answer.json().keys() == {"detail"}


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method not in ("GET", "HEAD")], ids=lambda one: one.method + one.path
)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
async def test_a_page_of_another_site_changes_nothing(operation: Operation, origin: str) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        cookie = await sign_in(floor, "root")
        lines = len(floor.lines)
        headers = {"Cookie": cookie, "Origin": origin}
        assert (await browser.request(operation.method, url_of(operation), headers=headers)).status_code == 403
        assert len(floor.lines) == lines
        assert (await browser.get("/api/v1/me", headers={"Cookie": cookie})).status_code == 200


async def test_reading_changes_nothing() -> None:
    """A GET needs no origin, so it must change nothing: no fact, no session."""
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        headers = {"Cookie": await sign_in(floor, "root")}
        lines = len(floor.lines)
        for one in OPERATIONS:
            if one.method == "GET":
                await browser.get(url_of(one), headers=headers)
        assert len(floor.lines) == lines
        assert len((await browser.get("/api/v1/sessions", headers=headers)).json()["sessions"]) == 1


@pytest.mark.parametrize(
    "now",
    [
        None,
        User(password_hash=HASH, role="supervisor"),
        User(password_hash=HASH, agent="a2", phone="PJSIP/1001"),
        User(password_hash=HASH + "A", agent="a1", phone="PJSIP/1001"),
    ],
    ids=["removed", "another role", "another agent", "another password"],
)
async def test_a_user_who_is_removed_or_changed_is_signed_out_everywhere(now: User | None) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        cookie = await sign_in(floor, "ann")
        async with open_client(floor, "ann", cookie=cookie) as ann:
            await ann.attached()
            if now is None:
                del floor.users["ann"]
            else:
                floor.users["ann"] = now
            assert (await browser.get("/api/v1/me", headers={"Cookie": cookie})).status_code == 401
            await ann.send({"type": "request", "id": 1, "do": "go_ready"})
            assert (await end_of(ann))[0] == 4401
        assert floor.acd.state.agents["a1"].presence == "not ready"
        async with open_client(floor, "", cookie=cookie) as again:
            assert (await end_of(again))[0] == 4401


async def test_one_sees_ones_own_sessions_and_ends_one_or_all_others() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        first, second, third = [{"Cookie": await sign_in(floor, "ann")} for _ in range(3)]
        bob = {"Cookie": await sign_in(floor, "bob")}
        listed = (await browser.get("/api/v1/sessions", headers=first)).json()["sessions"]
        assert [one["current"] for one in listed] == [True, False, False]
        assert listed[0]["address"] == "127.0.0.1"
        assert "httpx" in listed[0]["browser"]
        assert not any(part in str(listed) for part in first["Cookie"].split("="))
        path = f"/api/v1/sessions/{listed[1]['session']}"
        assert (await browser.delete(path, headers=bob)).status_code == 404
        async with open_client(floor, "ann", cookie=second["Cookie"]) as screen:
            await screen.attached()
            assert (await browser.delete(path, headers=first)).status_code == 204
            assert (await end_of(screen))[0] == 4401
        assert (await browser.get("/api/v1/me", headers=second)).status_code == 401
        assert (await browser.delete("/api/v1/sessions", headers=third)).status_code == 204
        assert (await browser.get("/api/v1/me", headers=first)).status_code == 401
        assert (await browser.get("/api/v1/me", headers=third)).status_code == 200
        assert (await browser.get("/api/v1/me", headers=bob)).status_code == 200


async def test_an_admin_sees_and_ends_anybodys_sessions_and_others_do_not() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        ann, sue, root = [{"Cookie": await sign_in(floor, user)} for user in ("ann", "sue", "root")]
        for user in (ann, sue):
            assert (await browser.get("/api/v1/sessions?everyone=true", headers=user)).status_code == 403
        listed = (await browser.get("/api/v1/sessions?everyone=true", headers=root)).json()["sessions"]
        assert [(one["user"], one["current"]) for one in listed] == [("ann", False), ("sue", False), ("root", True)]
        path = f"/api/v1/sessions/{listed[0]['session']}"
        assert (await browser.delete(path, headers=sue)).status_code == 404
        async with open_client(floor, "ann", cookie=ann["Cookie"]) as screen:
            await screen.attached()
            assert (await browser.delete(path, headers=root)).status_code == 204
            assert (await end_of(screen))[0] == 4401
        [ended] = [
            one
            for one in (await browser.get("/api/v1/audit", headers=root)).json()["entries"]
            if one["what"] == "session ended"
        ]
        assert (ended["user"], ended["why"]) == ("ann", "by root")


async def test_a_machines_key_has_no_sessions_to_end() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as machine:
        machine.headers["Authorization"] = f"Bearer {KEY}"
        assert (await machine.delete("/api/v1/sessions/key:crm")).status_code == 404
        assert (await machine.post("/api/v1/sign-out")).status_code == 204
        assert (await machine.get("/api/v1/me")).status_code == 200
