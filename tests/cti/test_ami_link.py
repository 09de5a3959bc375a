"""The AMI link against a peer on loopback that does what real switches and networks do to a client."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop
from structlog.testing import capture_logs

from cti import ami_link
from cti.ami import AmiError, Header, Message
from cti.ami_link import ActionFailed, AmiLink, NotConnected, OnMessage, OutcomeUnknown
from tests.cti.ami_peer import BANNER, Peer, running, task

T = TypeVar("T")
LONG_S = 3600.0
MB = 1_048_576
BURST = 200


class Client:
    """A link and what it has said."""

    def __init__(
        self,
        peer: Peer,
        filters: Sequence[Sequence[Header]] = (),
        on_message: OnMessage | None = None,
        **settings: object,
    ) -> None:
        self.ups: asyncio.Queue[None] = asyncio.Queue()
        self.downs: asyncio.Queue[str] = asyncio.Queue()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.link = AmiLink(
            peer.settings(**settings),
            on_up=self._up,
            on_down=self.downs.put,
            on_message=on_message or self.messages.put,
            filters=filters,
        )

    async def _up(self) -> None:
        await self.ups.put(None)

    async def next(self) -> Message:
        return await soon(self.messages.get())


async def soon(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(20):
        return await awaitable


@asynccontextmanager
async def linked(
    peer: Peer,
    filters: Sequence[Sequence[Header]] = (),
    on_message: OnMessage | None = None,
    **settings: object,
) -> AsyncIterator[Client]:
    """A client whose link is up, to a running peer."""
    async with running(peer):
        client = Client(peer, filters, on_message, **settings)
        async with task(client.link.run):
            await soon(client.ups.get())
            yield client


# ---------------------------------------------------------------------------------------------------- login


async def test_login_proves_the_secret_without_sending_it_and_asks_for_few_events() -> None:
    peer = Peer()
    async with linked(peer, filters=[[("Operation", "Add"), ("MatchCriteria", "name(Hangup)")]]):
        login = peer.logins.get_nowait()
        assert (login.get("Username"), login.get("AuthType"), login.get("Secret")) == ("callfloor", "MD5", "")
        assert (await soon(peer.upkeep.get())).get("MatchCriteria") == "name(Hangup)"


async def test_a_switch_without_md5_gets_the_secret_on_loopback() -> None:
    peer = Peer()
    peer.refuses["Challenge"] = "Must specify AuthType"
    async with linked(peer):
        assert peer.logins.get_nowait().get("Secret") == "s3cret"


async def test_the_secret_is_not_sent_in_clear_to_another_machine() -> None:
    peer = Peer()
    peer.refuses["Challenge"] = "Must specify AuthType"
    async with running(peer):
        # 0.0.0.0 reaches this machine, but is not known to be it, like any name.
        client = Client(peer, host="0.0.0.0")
        async with task(client.link.run):
            assert "not sent without TLS" in await soon(client.downs.get())
    assert peer.logins.empty()


async def test_a_wrong_password_is_said_aloud_and_not_tried_again_soon() -> None:
    async with running(Peer(secret="another")) as peer:
        client = Client(peer, login_retry_s=LONG_S)
        with capture_logs() as logs:
            async with task(client.link.run):
                assert await soon(client.downs.get()) == "login refused: Authentication failed"
        assert [(entry["log_level"], entry["retry_s"]) for entry in logs] == [("error", LONG_S)]
        assert peer.connections == 1


async def test_a_refused_filter_costs_no_link() -> None:
    peer = Peer()
    peer.refuses["Filter"] = "Permission denied"
    async with linked(peer, filters=[[("Operation", "Add")]]) as client:
        assert (await soon(client.link.send("Bridge"))).get("Message") == "done"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody has signed, and its key."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=pbx -days 2"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names], check=True, capture_output=True)
    return certificate, key


async def test_tls_is_spoken_to_a_known_certificate_only(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with running(Peer(), tls=context) as peer:
        client = Client(peer, tls=True, tls_ca=certificate[0])
        async with task(client.link.run):
            await soon(client.ups.get())
        stranger = Client(peer, tls=True)
        async with task(stranger.link.run):
            assert "certificate verify failed" in await soon(stranger.downs.get())


# ------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("chunks", "name"),
    [
        pytest.param([b"Event: X\r\nName: Zo\xc3", b"\xab\r\n\r\n"], "Zoë", id="UTF-8 split between two reads"),
        pytest.param([b"Event: X\r\nName: M\xfcller\r\n\r\n"], "M\ufffdller", id="Latin-1"),
        pytest.param([b"Event: X\r\nName: " + b"x" * 16_384 + b"\r\n\r\n"], "x" * 16_384, id="line of 16 kB"),
        pytest.param([b"\r\n\n\r\nEvent: X\nName: y\n\n\n"], "y", id="stray blank lines"),
        pytest.param([b"stray text\r\n\r\nEvent: X\r\nName: y\r\n\r\n"], "y", id="stray text"),
    ],
)
async def test_what_switches_send_is_borne(chunks: list[bytes], name: str) -> None:
    peer = Peer()
    async with linked(peer) as client:
        # The event before it is heard before the rest is written: what is cut here is read in two pieces.
        peer.write(b"Event: before\r\n\r\n" + chunks[0])
        assert (await client.next()).get("Event") == "before"
        peer.write(*chunks[1:])
        assert (await client.next()).get("Name") == name
        peer.event("Y")
        assert (await client.next()).get("Event") == "Y"
    assert peer.connections == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"\xff" * 70_000, "a line longer than 65536 bytes", id="garbage without end"),
        pytest.param(b"\0" * 70_000, "a line longer than 65536 bytes", id="NULs without end"),
        pytest.param(b"Event: " + b"x" * MB, "a line longer than 65536 bytes", id="a header of 1 MB"),
        pytest.param(
            b"Event: X\r\n" + b"A: 1\r\n" * MB, "a message longer than 1048576 bytes", id="an event without end"
        ),
        pytest.param(b"A: 1\r\n" * 5_000 + b"\r\n", "a message of more than 4000 headers", id="headers without end"),
    ],
)
async def test_what_has_no_end_costs_the_link_and_the_next_one_is_clean(data: bytes, why: str) -> None:
    peer = Peer()
    async with linked(peer) as client:
        peer.write(data)
        assert await soon(client.downs.get()) == why
        await soon(client.ups.get())
        peer.event("Y")
        assert (await client.next()).get("Event") == "Y"


async def test_a_callback_that_raises_stops_nothing_and_is_logged_with_the_message() -> None:
    peer = Peer()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Message) -> None:
        if message.get("Event") == "Bad":
            raise RuntimeError("cannot bear it")
        await heard.put(message.get("Event"))

    with capture_logs() as logs:
        async with linked(peer, on_message=hear):
            peer.event("Bad", Uniqueid="1.5")
            peer.event("Good")
            assert await soon(heard.get()) == "Good"
    (entry,) = [entry for entry in logs if entry["event"] == "ami_callback_failed"]
    assert "1.5" in entry["message"]


async def test_events_are_heard_one_after_the_other() -> None:
    peer = Peer()
    heard: list[str] = []
    done = asyncio.Event()

    async def hear(message: Message) -> None:
        heard.append(f"{message.get('N')} begins")
        await asyncio.sleep(0)
        heard.append(f"{message.get('N')} ends")
        if message.get("N") == "2":
            done.set()

    async with linked(peer, on_message=hear):
        for number in range(3):
            peer.event("X", N=number)
        await soon(done.wait())
    assert heard == [f"{number} {moment}" for number in range(3) for moment in ("begins", "ends")]


# -------------------------------------------------------------------------------------------------- actions


async def test_actions_leave_in_the_order_of_the_calls_and_each_gets_its_own_answer() -> None:
    peer = Peer()
    async with linked(peer) as client:
        answers = [client.link.send("Setvar", [("N", str(number))]) for number in range(BURST)]
        received = [await soon(peer.received.get()) for _ in answers]
        assert [action.get("N") for action in received] == [str(number) for number in range(BURST)]
        ids = [(await soon(answer)).get("ActionID") for answer in answers]
        assert ids == [action.get("ActionID") for action in received]


async def test_a_refusal_is_told_in_the_words_of_the_switch() -> None:
    peer = Peer()
    peer.refuses["Hangup"] = "No such channel"
    async with linked(peer) as client:
        with pytest.raises(ActionFailed, match="No such channel"):
            await soon(client.link.send("Hangup", [("Channel", "x")]))


async def test_an_unanswered_action_ends_by_time_and_a_late_answer_reaches_nobody_else() -> None:
    peer = Peer()
    peer.ignores.add("Originate")
    async with linked(peer, answer_s=0.05) as client:
        with pytest.raises(OutcomeUnknown, match=r"Originate: no answer within 0\.05 s"):
            await soon(client.link.send("Originate", action_id="offer-1"))
        peer.write(b"Response: Error\r\nActionID: offer-1\r\nMessage: late\r\n\r\n")
        assert (await soon(client.link.send("Bridge"))).get("Message") == "done"


async def test_what_was_pending_when_the_link_was_lost_is_unknown_and_never_sent_again() -> None:
    peer = Peer()
    peer.ignores.add("Originate")
    async with linked(peer) as client:
        answer = client.link.send("Originate")
        await soon(peer.received.get())
        peer.cut()
        with pytest.raises(OutcomeUnknown):
            await soon(answer)
        await soon(client.ups.get())
        await soon(client.link.send("Bridge"))
        assert (await soon(peer.received.get())).get("Action") == "Bridge"


async def test_without_a_link_an_action_fails_at_once_and_is_not_kept() -> None:
    async with running(Peer()) as peer:
        client = Client(peer)
        with pytest.raises(NotConnected):
            client.link.send("Hangup")
        async with task(client.link.run):
            await soon(client.ups.get())
            await soon(client.link.send("Bridge"))
            assert (await soon(peer.received.get())).get("Action") == "Bridge"


async def test_before_the_login_is_through_there_is_no_link() -> None:
    peer = Peer()
    async with linked(peer) as client:
        peer.logins.get_nowait()
        peer.ignores.add("Login")
        peer.cut()
        await soon(peer.logins.get())
        with pytest.raises(NotConnected):
            client.link.send("Hangup")


async def test_a_newline_in_a_value_reaches_no_switch() -> None:
    peer = Peer()
    async with linked(peer) as client:
        with pytest.raises(AmiError):
            client.link.send("Setvar", [("Value", "x\r\n\r\nAction: Originate")])
        await soon(client.link.send("Bridge"))
        assert (await soon(peer.received.get())).get("Action") == "Bridge"


async def test_an_id_that_is_waiting_for_its_answer_cannot_be_taken_twice() -> None:
    peer = Peer()
    peer.ignores.add("Originate")
    async with linked(peer) as client:
        answer = client.link.send("Originate", action_id="offer-1")
        with pytest.raises(AmiError, match="offer-1"):
            client.link.send("Originate", action_id="offer-1")
        answer.cancel()


async def test_an_event_with_the_id_of_a_pending_action_is_an_event() -> None:
    peer = Peer()
    peer.ignores.add("Originate")
    async with linked(peer) as client:
        answer = client.link.send("Originate", action_id="offer-1")
        peer.write(b"Event: OriginateResponse\r\nActionID: offer-1\r\nResponse: Failure\r\n\r\n")
        assert (await client.next()).get("Event") == "OriginateResponse"
        assert not answer.done()
        answer.cancel()


async def test_an_answer_that_comes_twice_or_before_its_question_answers_nothing() -> None:
    peer = Peer()
    peer.ignores.add("Bridge")
    async with linked(peer) as client:
        answer = b"Response: %b\r\nActionID: offer-1\r\nMessage: %b\r\n\r\n"
        with capture_logs() as logs:
            peer.write(answer % (b"Error", b"before it was asked"))
            peer.event("X")
            await client.next()
            question = client.link.send("Bridge", action_id="offer-1")
            await soon(peer.received.get())
            peer.write(answer % (b"Success", b"first"))
            assert (await soon(question)).get("Message") == "first"
            peer.write(answer % (b"Error", b"second"))
            peer.event("Y")
            assert (await client.next()).get("Event") == "Y"
        assert [entry["event"] for entry in logs] == ["ami_answer_unasked"] * 2
    assert peer.connections == 1


# ---------------------------------------------------------------------------------------------------- lists


async def test_a_list_without_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_link, "LISTED_MAX", 100)
    peer = Peer()
    peer.lists = [[("Channel", "a")]] * 200
    async with linked(peer, answer_s=LONG_S) as client:

        async def hear(rows: Sequence[Message]) -> None:
            raise AssertionError(rows)

        with pytest.raises(OutcomeUnknown, match="a list of more than 100 rows"):
            await soon(client.link.listing("Status", (), hear))
        assert (await soon(client.link.send("Bridge"))).get("Message") == "done"


async def test_a_list_is_heard_where_it_ends_in_the_stream() -> None:
    peer = Peer()
    peer.lists = [[("Channel", "a")], [("Channel", "b")]]
    peer.ignores.add("Status")
    async with linked(peer) as client:

        async def hear(rows: Sequence[Message]) -> None:
            await asyncio.sleep(0)
            await client.messages.put(Message("Event: list\nRows: " + " ".join(row.get("Channel") for row in rows)))

        listing = asyncio.create_task(client.link.listing("Status", (), hear))
        asked = (await soon(peer.received.get())).get("ActionID")
        row = "Event: Status\r\nActionID: {}\r\nChannel: {}\r\n\r\n"
        peer.write(
            f"Response: Success\r\nActionID: {asked}\r\nEventList: start\r\n\r\n".encode(),
            row.format(asked, "a").encode(),
            b"Event: between\r\n\r\n",
            row.format("another", "x").encode(),
            row.format(asked, "b").encode(),
            f"Event: StatusComplete\r\nActionID: {asked}\r\nEventList: Complete\r\n\r\n".encode(),
            b"Event: behind\r\n\r\n",
        )
        heard = [await client.next() for _ in range(4)]
        assert [message.get("Event") for message in heard] == ["between", "Status", "list", "behind"]
        assert heard[2].get("Rows") == "a b"
        await soon(listing)


async def test_a_list_may_be_refused_or_never_end() -> None:
    peer = Peer()
    peer.refuses["Status"] = "Permission denied"
    async with linked(peer, answer_s=0.05) as client:

        async def hear(rows: Sequence[Message]) -> None:
            raise AssertionError(rows)

        with pytest.raises(ActionFailed, match="Permission denied"):
            await soon(client.link.listing("Status", (), hear))
        peer.refuses.clear()
        peer.ignores.add("Status")
        with pytest.raises(OutcomeUnknown):
            await soon(client.link.listing("Status", (), hear))


@pytest.mark.parametrize("came", ["a", "abb", "aa"], ids=["lost", "twice", "one lost and one twice"])
async def test_a_list_that_is_not_whole_is_not_believed(came: str) -> None:
    """Whoever is missing on it would be taken for gone."""
    peer = Peer()
    peer.ignores.add("Status")
    async with linked(peer) as client:

        async def hear(rows: Sequence[Message]) -> None:
            raise AssertionError(rows)

        listing = asyncio.create_task(client.link.listing("Status", (), hear))
        asked = (await soon(peer.received.get())).get("ActionID")
        head = f"ActionID: {asked}\r\n"
        peer.write(
            f"Response: Success\r\n{head}EventList: start\r\n\r\n".encode(),
            *(f"Event: Status\r\n{head}Channel: {row}\r\n\r\n".encode() for row in came),
            f"Event: StatusComplete\r\n{head}EventList: Complete\r\nListItems: 2\r\n\r\n".encode(),
        )
        with pytest.raises(OutcomeUnknown, match=f"{len(came)} rows came of 2, {len(set(came))} different"):
            await soon(listing)


# ------------------------------------------------------------------------------------------- losing the link


def test_an_action_at_the_moment_of_a_loss_is_not_sent_and_breaks_nothing() -> None:
    """uvloop, on which the live system runs, takes a write on a connection that is gone for a bug of ours."""

    async def story() -> None:
        async with linked(Peer()) as client:
            assert client.link._writer is not None
            client.link._writer.transport.abort()
            with pytest.raises(NotConnected):
                client.link.send("Ping")
            await soon(client.ups.get())

    uvloop.run(story())


async def test_a_loss_in_the_middle_of_a_login_is_no_refusal() -> None:
    """After a refusal the link would wait for two minutes."""
    peer = Peer()
    peer.ignores.add("Challenge")
    async with running(peer):
        client = Client(peer, login_retry_s=1_000, reconnect_min_s=0.01)
        answered = client.link._write

        def cut_then(name: str, *more: Any, **rest: Any) -> Any:
            if name == "Challenge" and client.link._writer is not None and peer.ignores:
                peer.ignores.clear()
                client.link._writer.transport.abort()
            return answered(name, *more, **rest)

        client.link._write = cut_then  # type: ignore[method-assign] # the moment cannot be met from outside
        async with task(client.link.run):
            await soon(client.downs.get())
            await soon(client.ups.get())


async def test_a_peer_that_falls_silent_is_noticed() -> None:
    peer = Peer()
    peer.ignores.add("Ping")
    async with linked(peer, ping_s=0.01, answer_s=0.05) as client:
        assert await soon(client.downs.get()) == "Ping: no answer within 0.05 s"
        peer.ignores.clear()
        await soon(client.ups.get())


async def test_a_peer_that_accepts_and_says_nothing_is_noticed() -> None:
    peer = Peer()
    peer.ignores.add("Challenge")
    async with running(peer):
        client = Client(peer, answer_s=0.05)
        async with task(client.link.run):
            assert await soon(client.downs.get()) == "Challenge: no answer within 0.05 s"


ANSWERED = b"Response: Success\r\nActionID: challenge-1\r\nChallenge: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "stays", "why"),
    [
        pytest.param(BANNER, False, "Challenge: the switch closed the connection", id="closes at login"),
        pytest.param(b"", False, "Challenge: the switch closed the connection", id="closes at once"),
        pytest.param(b"", True, "Challenge: no answer within 0.1 s", id="no banner ever"),
        pytest.param(BANNER[:-2], True, "Challenge: no answer within 0.1 s", id="half a banner"),
        pytest.param(BANNER[:-2] + b"x" * 70_000, True, "Challenge: a line longer", id="a banner without end"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", True, "Challenge: no answer within 0.1 s", id="HTTP"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", False, "Challenge: the switch closed", id="TLS"),
        pytest.param(BANNER + ANSWERED, True, "Login: no answer within 0.1 s", id="answers the challenge only"),
        pytest.param(
            BANNER + ANSWERED + b"\xff\0\x80: \r\n\r\n" * 100, True, "Login: no answer", id="garbage for an answer"
        ),
        pytest.param(BANNER + ANSWERED + b"\0" * 70_000, True, "Login: a line longer", id="NULs for an answer"),
        pytest.param(
            BANNER + ANSWERED + b"Response: Success\r\nActionID: login-2\r\n\r\n" + b"Response: Error\r\n\r\n",
            True,
            "Login: no answer within 0.1 s",
            id="answers before it is asked",
        ),
    ],
)
async def test_a_peer_that_is_no_switch_is_named_and_left(said: bytes, stays: bool, why: str) -> None:
    ended = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if ANSWERED in said or not stays:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        if stays:
            await reader.read()
        writer.close()
        ended.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer = Peer()
    peer.port = server.sockets[0].getsockname()[1]
    client = Client(peer, answer_s=0.1 if stays else LONG_S, reconnect_min_s=LONG_S, reconnect_max_s=LONG_S)
    async with task(client.link.run):
        assert why in await soon(client.downs.get())
        await soon(ended.acquire())  # the connection was given up, not kept
    assert client.ups.empty()
    server.close()
    await server.wait_closed()


async def test_a_switch_that_is_down_for_a_while_is_found_again() -> None:
    peer = Peer()
    async with linked(peer) as client:
        await peer.stop()
        whys = [await soon(client.downs.get()) for _ in range(4)]
        assert "closed" in whys[0]
        assert "Connect call failed" in whys[-1]
        await peer.start(peer.port)
        await soon(client.ups.get())


async def test_closing_while_reconnecting_is_the_end() -> None:
    peer = Peer()
    await peer.start()
    await peer.stop()
    client = Client(peer)
    run = asyncio.create_task(client.link.run())
    await soon(client.downs.get())
    await soon(client.link.close())
    assert run.cancelled()
    await peer.start(peer.port)
    await soon(client.link.run())  # closed for good: returns at once
    await peer.stop()
    assert peer.connections == 0


async def test_closing_fails_what_is_pending() -> None:
    peer = Peer()
    peer.ignores.add("Originate")
    async with linked(peer) as client:
        answer = client.link.send("Originate")
        await soon(client.link.close())
        with pytest.raises(OutcomeUnknown, match="the link was lost"):
            await soon(answer)
