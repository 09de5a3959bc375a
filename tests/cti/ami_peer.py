"""A peer that speaks AMI on loopback and does as it is told: no switch, only the other end of a wire. Does I/O."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pydantic

from cti.ami import AmiReader, Header, Message, encode_message
from cti.lease import VARIABLE
from cti.rights import ACTIONS
from cti.settings import NodeSettings

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = "156322171"
UPKEEP = {"Ping", "Filter", "ListCommands", "UserEvent"}


class Peer:
    """Answers every action with Success, but for those named in `refuses` (Error) and `ignores` (silence).

    `received` has the actions that came after login, without those that are about the link itself, which are in
    `upkeep`. `variables` are the switch's global ones, `rights` the actions that its user may say, `unheard` the
    events that its user is not told.
    """

    def __init__(self, secret: str = "s3cret") -> None:
        self.secret = secret
        self.refuses: dict[str, str] = {"DeviceStateList": "Invalid/unknown command: DeviceStateList."}
        self.ignores: set[str] = set()
        self.lists: list[list[Header]] = []
        self.variables: dict[str, str] = {}
        self.rights = set(ACTIONS)
        self.unheard: set[str] = set()
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.upkeep: asyncio.Queue[Message] = asyncio.Queue()
        self.logins: asyncio.Queue[Message] = asyncio.Queue()
        self.connections = 0
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End every connection, as a killed process does."""
        for writer in self._writers:
            writer.transport.abort()

    def write(self, *chunks: bytes) -> None:
        for writer in self._writers:
            for chunk in chunks:
                writer.write(chunk)

    def event(self, name: str, **headers: object) -> None:
        self.write(encode_message([("Event", name), *((key, str(value)) for key, value in headers.items())]))

    def settings(self, **changes: object) -> NodeSettings:
        """How to reach this peer, in a hurry."""
        values: dict[str, object] = {
            "name": "node1",
            "port": self.port,
            "secret": pydantic.SecretStr("s3cret"),
            "reconnect_min_s": 0.01,
            "reconnect_max_s": 0.05,
        }
        return NodeSettings.model_validate(values | changes)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        writer.write(BANNER)
        actions = AmiReader()
        try:
            while data := await reader.read(65_536):
                for action in actions.feed(data):
                    self._take(writer, action)
        except OSError:
            pass  # cut
        finally:
            self._writers.discard(writer)
            writer.close()

    def _take(self, writer: asyncio.StreamWriter, action: Message) -> None:
        name, action_id = action.get("Action"), action.get("ActionID")

        def answer(*headers: Header) -> None:
            writer.write(encode_message([headers[0], ("ActionID", action_id), *headers[1:]]))

        is_upkeep = name in UPKEEP or VARIABLE in action.all("Variable") or action.get("Channel") == "Callfloor/nobody"
        if name == "Login":
            self.logins.put_nowait(action)
        elif is_upkeep:
            self.upkeep.put_nowait(action)
        elif name not in ("Challenge", "DeviceStateList"):
            self.received.put_nowait(action)
        if name in self.ignores:
            return
        if name in self.refuses and not (is_upkeep and name == "Originate"):
            answer(("Response", "Error"), ("Message", self.refuses[name]))
        elif is_upkeep:
            self._keep_up(action, answer)
        elif name == "Challenge":
            answer(("Response", "Success"), ("Challenge", CHALLENGE))
        elif name == "Login" and not self._is_known(action):
            answer(("Response", "Error"), ("Message", "Authentication failed"))
            writer.close()
        elif name == "Status":
            answer(("Response", "Success"), ("EventList", "start"), ("Message", "Channel status will follow"))
            for row in self.lists:
                answer(("Event", "Status"), *row)
            answer(("Event", "StatusComplete"), ("EventList", "Complete"), ("ListItems", str(len(self.lists))))
        else:
            answer(("Response", "Success"), ("Message", "done"))

    def _keep_up(self, action: Message, answer: Callable[..., None]) -> None:
        """What a session asks about itself and its switch."""
        done, variable = ("Response", "Success"), action.get("Variable")
        caused = {"UserEvent": "UserEvent", "Originate": "OriginateResponse"}.get(action.get("Action"), "")
        match action.get("Action"):
            case "ListCommands":
                answer(done, *((name, "Does it.  (Priv: call,all)") for name in sorted(self.rights)))
            case "Getvar":
                answer(done, ("Variable", variable), ("Value", self.variables.get(variable, "")))
            case "Setvar":
                self.variables[variable] = action.get("Value")
                answer(done, ("Message", "Variable Set"))
            case _:
                answer(done, ("Message", "done"))
        if caused and caused not in self.unheard:
            self.event(caused, UserEvent=action.get("UserEvent"), Response="Failure")

    def _is_known(self, login: Message) -> bool:
        key = hashlib.md5((CHALLENGE + self.secret).encode(), usedforsecurity=False).hexdigest()
        return login.get("Key") == key or login.get("Secret") == self.secret


@asynccontextmanager
async def running(peer: Peer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    await peer.start(tls=tls)
    try:
        yield peer
    finally:
        await peer.stop()


@asynccontextmanager
async def task(run: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    """`run()` beside the test, ended with it."""

    async def body() -> None:
        await run()

    running_task = asyncio.create_task(body())
    try:
        yield running_task
    finally:
        running_task.cancel()
        await asyncio.wait([running_task])
