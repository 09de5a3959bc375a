"""Guessing passwords: every way of it is slowed down, and none of them keeps a user out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agent_console.audit import Audit
from agent_console.guesses import Guess, GuessLimit, known_by, prove
from agent_console.limits import Limit
from agent_console.settings import WebSettings
from tests.agent_console.floor import HASH, PASSWORD, open_client, open_floor, sign_in


def test_a_limit_refills_and_remembers_a_bounded_number() -> None:
    limit = Limit(free=3, refill_ms=1_000, remembered=100)
    for at in range(3):
        assert limit.wait_ms("a", at) == 0
        limit.add("a", at)
    assert 0 < limit.wait_ms("a", 3) <= 1_000
    assert limit.wait_ms("b", 3) == 0
    assert limit.wait_ms("a", 3 + limit.wait_ms("a", 3)) == 0
    limit.take_back("a", 3)
    assert limit.wait_ms("a", 3) == 0
    for number in range(1_000):
        limit.add(number, 50)
    assert len(limit) == 100


def passed(limit: GuessLimit, guesses: int, guess: Callable[[int], Guess]) -> int:
    """How many of these guesses, made at once, are let through to the password."""
    through = 0
    for number in range(guesses):
        if not limit.wait_ms(guess(number), 0):
            limit.count(guess(number), 0)
            through += 1
    return through


@pytest.mark.parametrize(
    ("guess", "through"),
    [
        (lambda n: Guess("ann", "10.6.6.6"), 5),
        (lambda n: Guess(f"user{n}", "10.6.6.6"), 100),
        (lambda n: Guess("ann", f"10.6.{n // 250}.{n % 250}"), 100),
        (lambda n: Guess("ann", f"10.6.{n // 250}.{n % 250}", known="nonce"), 5),
    ],
    ids=["one address, one user", "one address, many users", "many addresses, one user", "a browser that is known"],
)
def test_a_thousand_guesses_at_once_are_few(guess: Callable[[int], Guess], through: int) -> None:
    assert passed(GuessLimit(), 1_000, guess) == through


def test_who_is_guessed_at_from_everywhere_still_gets_in_from_their_own_browser() -> None:
    limit = GuessLimit()
    passed(limit, 10_000, lambda n: Guess("ann", f"10.6.{n // 250}.{n % 250}"))
    assert limit.wait_ms(Guess("ann", "10.0.0.1"), 0) > 0
    assert limit.wait_ms(Guess("ann", "10.0.0.1", known="nonce"), 0) == 0
    assert limit.wait_ms(Guess("bob", "10.0.0.1"), 0) == 0


def test_an_office_behind_one_address_signs_in_at_nine() -> None:
    limit = GuessLimit()
    for number in range(1_000):
        guess = Guess(f"user{number}", "10.0.0.1")
        assert not limit.wait_ms(guess, 0)
        limit.count(guess, 0)
        limit.right(guess, 0)


def test_right_ones_do_not_wash_away_guesses_at_others() -> None:
    """An attacker with an account of their own does not buy guesses by signing in between."""
    limit, through = GuessLimit(), 0
    for number in range(1_000):
        own, other = Guess("mallory", "10.6.6.6"), Guess(f"user{number}", "10.6.6.6")
        if not limit.wait_ms(other, 0):
            limit.count(other, 0)
            through += 1
        if not limit.wait_ms(own, 0):
            limit.count(own, 0)
            limit.right(own, 0)
    assert through == 100


@pytest.mark.parametrize("cookie", ["", ".", "nonce", "nonce.", "nonce.00", "ä.ö", prove("bob", "nonce", HASH)])
def test_a_proof_cannot_be_made_up_nor_taken_from_another(cookie: str) -> None:
    assert known_by("ann", cookie, HASH) == ""
    assert known_by("ann", prove("ann", "nonce", HASH), HASH) == "nonce"
    assert known_by("ann", prove("ann", "nonce", HASH), HASH + "changed") == ""


async def test_the_browser_that_was_signed_in_before_is_let_in_while_strangers_wait() -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as own:
        right = {"user": "ann", "password": PASSWORD}
        first = await own.post("/api/v1/sign-in", json=right)
        known = next(line for line in first.headers.get_list("set-cookie") if "callfloor_known_" in line)
        assert "HttpOnly" in known
        assert "SameSite=strict" in known
        assert "Path=/api/v1/sign-in" in known
        assert "ann" not in known
        async with httpx.AsyncClient(base_url=floor.console.url) as stranger:
            tries = [await stranger.post("/api/v1/sign-in", json={"user": "ann", "password": str(n)}) for n in range(6)]
            assert tries[-1].status_code == 429
            assert (await stranger.post("/api/v1/sign-in", json=right)).status_code == 429
        assert (await own.post("/api/v1/sign-in", json=right)).status_code == 200


# ------------------------------------------------------------------------------------------------ the audit


async def audit_of(floor: Any) -> list[dict[str, Any]]:
    headers = {"Cookie": await sign_in(floor, "root")}
    async with httpx.AsyncClient(base_url=floor.console.url, headers=headers) as admin:
        entries: list[dict[str, Any]] = (await admin.get("/api/v1/audit", params={"limit": 50})).json()["entries"]
    return entries[1:]  # without that sign-in


async def test_the_audit_tells_who_came_in_changed_something_or_was_refused(tmp_path: Path) -> None:
    file = tmp_path / "var" / "callfloor.audit"
    async with open_floor(WebSettings(port=0, audit=file)) as floor:
        async with httpx.AsyncClient(base_url=floor.console.url) as browser:
            await browser.post("/api/v1/sign-in", json={"user": "ann", "password": "hunter2"})
            await browser.post("/api/v1/sign-in", json={"user": "ann", "password": PASSWORD})
            await browser.get("/api/v1/calls", params={"number": "0912"})
            assert (await browser.get("/api/v1/audit")).status_code == 403
            assert (await browser.delete("/api/v1/sessions")).status_code == 204
            await browser.post("/api/v1/sign-out", headers={"Origin": "http://evil.example"})
            cookie = f"callfloor_session={browser.cookies['callfloor_session']}"
            async with open_client(floor, "ann", cookie=cookie) as ann:
                await ann.attached()
            with pytest.raises(InvalidStatus):
                await connect(floor.console.url.replace("http", "ws") + "/ws", origin="http://evil.example")  # type: ignore[arg-type]  # an Origin is a str
            await browser.post("/api/v1/sign-out")
        told = [(entry["what"], entry.get("user", ""), entry.get("request", "")) for entry in await audit_of(floor)]
        assert told[::-1] == [
            ("sign in refused", "ann", ""),
            ("sign in", "ann", ""),
            ("request refused", "ann", "GET /api/v1/audit"),
            ("changed", "ann", "DELETE /api/v1/sessions"),
            ("request refused", "", "POST /api/v1/sign-out"),
            ("screen opened", "ann", ""),
            ("request refused", "", "GET /ws"),
            ("sign out", "ann", ""),
        ]
        text = file.read_text()
        assert "hunter2" not in text
        assert PASSWORD not in text
        assert "0912" not in text
        assert [json.loads(line)["what"] for line in text.splitlines()][:8] == [what for what, _, _ in told[::-1]]
        assert file.stat().st_mode & 0o077 == 0


def test_an_audit_goes_on_where_its_file_ends_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    file, clock = tmp_path / "audit", [5]
    audit = Audit(file, lambda: clock[0])
    audit.note("sign in", user="ann")
    file.write_bytes(file.read_bytes() + b'{"torn\n')
    clock[0] = 6
    again = Audit(file, lambda: clock[0])
    again.note("sign out", user="ann")
    again.note("sign in", user="bob")
    assert [entry.what for entry in again.latest(10)] == ["sign in", "sign out", "sign in"]
    assert [entry.at for entry in again.latest(10, before=6)] == [5]
    assert [entry.what for entry in again.latest(1, user="ann")] == ["sign out"]
    file.rename(tmp_path / "audit.1")  # rotated
    again.note("sign out", user="bob")
    assert len(file.read_text().splitlines()) == 1
    assert file.stat().st_mode & 0o077 == 0


def test_a_full_disk_keeps_nobody_from_their_screen(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit", lambda: 5)
    (tmp_path / "audit").unlink()
    (tmp_path / "audit").mkdir()
    audit.note("sign in", user="ann")
    assert len(audit.latest(10)) == 1


def test_a_page_of_the_audit_does_not_end_in_the_middle_of_a_moment() -> None:
    clock = iter([1, 2, 2, 2, 3])
    audit = Audit(None, lambda: next(clock))
    for number in range(5):
        audit.note(f"what {number}")
    page = audit.latest(2)
    assert [entry.what for entry in page] == ["what 4", "what 3", "what 2", "what 1"]
    assert [entry.what for entry in audit.latest(2, before=page[-1].at)] == ["what 0"]
