"""The REST API as its document tells it: every route is described and held to it; keys, limits, errors of one shape."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import ValidationError
from schemathesis import checks, openapi
from schemathesis.core.result import Ok

from agent_console.api_keys import find_key, hash_key, new_key
from agent_console.rest.openapi import describe, operations
from agent_console.settings import ApiKey, WebSettings
from tests.agent_console.floor import KEY, Floor, open_client, open_floor, sign_in

BEARER = {"Authorization": f"Bearer {KEY}"}
MANY = WebSettings(port=0, requests_per_second=10_000)


def test_every_route_says_what_it_does_and_answers() -> None:
    app = Floor().console.app
    spec = describe(app, "1")
    for one in operations(app):
        where = f"{one.method} {one.path}"
        assert one.endpoint.__doc__, f"{where}: its function has no docstring"
        assert one.answers or one.status == 204, f"{where}: say what it answers, by @answers(…) under its decorator"
    assert {"/api/v1/calls", "/api/v1/audit"} <= spec["paths"].keys()


async def test_the_document_is_served_whole_and_every_reference_in_it_leads_somewhere() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as machine:
        answer = await machine.get("/api/v1/openapi.json")
        assert answer.status_code == 200
        spec = answer.json()
        assert set(spec["paths"]) == {one.path for one in operations(floor.console.app)}
        for name in spec["components"]["schemas"]:
            jsonschema_rs.validator_for({**spec, "$ref": f"#/components/schemas/{name}"}).is_valid({})
        text = json.dumps(spec)
        assert "HTTPValidationError" not in text


@contextmanager
def live_floor(user: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A floor that serves in a thread of its own, since schemathesis asks from this one; its address and a cookie."""
    loop, begun, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def serve() -> None:
        async with open_floor(MANY) as floor:
            found.extend((floor.console.url, {"Cookie": await sign_in(floor, user)}))
            begun.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="floor")
    thread.start()
    try:
        assert begun.wait(20)
        yield found[0], found[1]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


HELD_TO = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.ignored_auth,
]
ENDS_SESSIONS = ("/api/v1/sign-in", "/api/v1/sign-out", "/api/v1/sessions/{session}")
"""Asked without a session, so that the others keep theirs."""
BOUNDED = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)


@pytest.mark.parametrize("user", ["ann", "root"])
@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_strange_requests_to_every_route_are_answered_as_described(
    user: str, mode: schemathesis.GenerationMode
) -> None:
    """In mode `negative`, something about the request is not as the document says."""
    with live_floor(user) as (url, cookie):
        document = openapi.from_url(f"{url}/api/v1/openapi.json")
        for found in document.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if mode is schemathesis.GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue

            @BOUNDED
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case[Any]) -> None:
                own = {} if case.operation.path in ENDS_SESSIONS else cookie
                case.call_and_validate(headers=own, checks=HELD_TO)

            ask()


async def test_a_machine_asks_with_its_key_and_may_do_what_its_role_may() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url, headers=BEARER) as machine:
        assert (await machine.get("/api/v1/me")).json() == {"user": "key:crm", "role": "supervisor", "agent": None}
        assert (await machine.get("/api/v1/calls")).status_code == 200
        assert (await machine.get("/api/v1/audit")).status_code == 403
        assert (await machine.get("/api/v1/sessions")).json() == {"sessions": []}
        async with open_client(floor, "", headers=BEARER) as screen:
            assert (await screen.until("snapshot"))["me"]["user"] == "key:crm"
            assert (await screen.ask(1, "go_ready"))["ok"] is False


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY, "Bearer \xe4"])
async def test_what_is_no_key_opens_nothing_and_no_cookie_makes_up_for_it(said: str) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as machine:
        headers = [(b"cookie", (await sign_in(floor, "root")).encode()), (b"authorization", said.encode("latin-1"))]
        assert (await machine.get("/api/v1/me", headers=headers)).status_code == 401


async def test_a_key_that_is_taken_away_opens_nothing_any_more() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url, headers=BEARER) as machine:
        assert (await machine.get("/api/v1/me")).status_code == 200
        del floor.keys["crm"]
        assert (await machine.get("/api/v1/me")).status_code == 401


def test_a_key_is_random_and_only_its_hash_is_kept() -> None:
    key = new_key()
    assert key != new_key()
    assert len(key.removeprefix("callfloor_")) >= 43  # 256 bits in base64
    keys = {"crm": ApiKey(key_hash=hash_key(new_key())), "bi": ApiKey(key_hash=hash_key(key))}
    assert find_key(keys, f"bearer {key}") == "bi"
    with pytest.raises(ValidationError, match="key_hash"):
        ApiKey(key_hash=key)


async def test_who_asks_too_often_waits_and_others_do_not() -> None:
    async with open_floor(WebSettings(port=0, requests_per_second=1)) as floor:
        cookie = {"Cookie": await sign_in(floor, "ann")}
        async with httpx.AsyncClient(base_url=floor.console.url) as browser:
            asked = [await browser.get("/api/v1/me", headers=cookie) for _ in range(12)]
            assert [answer.status_code for answer in asked] == [200] * 10 + [429] * 2
            assert asked[-1].json() == {"detail": "too many requests"}
            assert int(asked[-1].headers["retry-after"]) >= 1
            assert (await browser.get("/api/v1/me", headers=BEARER)).status_code == 200
            strangers = [(await browser.get("/api/v1/me")).status_code for _ in range(101)]
            assert strangers == [401] * 99 + [429] * 2  # one of the hundred was the sign-in
            floor.clock += 2_000
            assert (await browser.get("/api/v1/me", headers=cookie)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/api/v1/me", None, 401, "not signed in"),
        ("GET", "/api/v1/none", None, 404, "no such thing"),
        ("POST", "/api/v1/me", None, 405, "Method Not Allowed"),
        ("POST", "/api/v1/sign-in", b"{", 400, "body.1: JSON decode error"),
        ("POST", "/api/v1/sign-in", b'{"user":"a"}', 422, "body.password: Field required"),
        ("POST", "/api/v1/sign-in", b'{"user":"a","password":"\\ud800"}', 422, "body.password: Input should be"),
        ("POST", "/api/v1/sign-in", b'{"user":1,"password":"\\ud800"}', 422, "body.user: Input should be"),
        ("GET", "/api/v1/calls?limit=0", None, 422, "query.limit: Input should be greater than"),
    ],
)
async def test_every_refusal_has_one_shape_and_names_the_place(
    method: str, path: str, body: bytes | None, status: int, said: str
) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        headers = BEARER if "calls" in path else {}
        answer = await browser.request(
            method, path, content=body, headers={"Content-Type": "application/json", **headers}
        )
        assert answer.status_code == status
        assert list(answer.json()) == ["detail"]
        assert answer.json()["detail"].startswith(said)
