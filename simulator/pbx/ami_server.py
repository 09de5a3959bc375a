"""The AMI server of the simulated PBX: login, who hears what, faults on demand. A thin shell: I/O over TCP."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from contextlib import suppress

import structlog

from cti.ami import AmiError, AmiReader, Message, encode_message
from simulator.pbx.ami_actions import WRITE_CLASSES, AmiActions, Answer, success
from simulator.pbx.ami_filter import EventFilter, FilterError
from simulator.pbx.channel import Headers
from simulator.pbx.switch import NotPossible, Switch
from simulator.settings import ManagerSettings, SimulatedPbxSettings

log = structlog.get_logger(__name__)

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
READ_SIZE = 65_536
BEHIND_MAX = 4 * 1_048_576
"""Bytes that a reader may be behind. Asterisk cuts one whose socket takes nothing for `writetimeout`."""
REFUSED_LOGIN_S = 1.0
"""How long Asterisk thinks about a wrong password."""


class AmiServer:
    """`settings.managers` may log in. Everything that is emitted goes to whoever may hear it and wants to."""

    def __init__(self, settings: SimulatedPbxSettings) -> None:
        self.managers = {manager.name: manager for manager in settings.managers}
        self._host = settings.host
        self._port = settings.ami_port
        self._server: asyncio.Server | None = None
        self._sessions: set[AmiSession] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._switch: Switch | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._to_drop: list[str] = []

    @property
    def port(self) -> int:
        """Listened on since the first `start`; kept over `stop`."""
        return self._port

    async def start(self, switch: Switch) -> None:
        """Raises OSError where the port is taken."""
        self._switch = switch
        self._server = await asyncio.start_server(self._accept, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """The PBX goes down as far as AMI can see: no connection is left, none is taken. `start` brings it back."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self.emit("Shutdown", "system,all", [("Shutdown", "Cleanly"), ("Restart", "False")])
        self.cut()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def emit(self, event: str, privilege: str, headers: Headers) -> None:
        """An event to every session that may hear it."""
        if event in self._to_drop:
            self._to_drop.remove(event)
            return
        listening = [session for session in self._sessions if session.hears(event, privilege, headers)]
        if listening:
            data = encode_message([("Event", event), ("Privilege", privilege), *headers])
            for session in listening:
                session.write(data)

    # ------------------------------------------------------------------------------------------- faults on demand

    def cut(self) -> None:
        """Every connection breaks, as if a cable had been pulled out and in again."""
        for session in self._sessions:
            session.transport.abort()

    def stall(self) -> None:
        """Nothing is read or written any more; connections stay open."""
        self._flowing.clear()

    def resume(self) -> None:
        """After `stall`: what was said meanwhile goes out at once."""
        self._flowing.set()
        for session in self._sessions:
            session.write(b"")

    def drop_next(self, event: str) -> None:
        """The next event of this name is lost."""
        self._to_drop.append(event)

    def send_garbage(self, data: bytes) -> None:
        """Bytes that nobody asked for, to every connection."""
        for session in self._sessions:
            session.write(data)

    # --------------------------------------------------------------------------------------------- one connection

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio serves each connection in a task"
        assert self._switch is not None, "listening begins in start"
        session = AmiSession(self.managers, AmiActions(self._switch, self.emit), writer.transport, self._flowing)
        self._sessions.add(session)
        self._serving.add(task)
        try:
            await session.serve(reader)
        except (AmiError, OSError) as error:
            log.info("simulator.ami_session_ended", why=str(error))
        except asyncio.CancelledError:
            log.debug("simulator.ami_session_cancelled")  # by stop(), and awaited there
        finally:
            self._sessions.discard(session)
            self._serving.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class AmiSession:
    """One manager's connection: nothing is allowed before login, and what its classes allow after it."""

    def __init__(
        self,
        managers: dict[str, ManagerSettings],
        actions: AmiActions,
        transport: asyncio.WriteTransport,
        flowing: asyncio.Event,
    ) -> None:
        self.transport = transport
        self._managers = managers
        self._actions = actions
        self._flowing = flowing
        self._held = bytearray()
        self._manager: ManagerSettings | None = None
        self._read: frozenset[str] = frozenset()
        self._filter = EventFilter()
        self._challenge = ""
        self._over = False

    def hears(self, event: str, privilege: str, headers: Headers) -> bool:
        return _allows(self._read, frozenset(privilege.split(",")) - {"all"}) and self._filter.hears(event, headers)

    def write(self, data: bytes) -> None:
        self._held += data
        if not self._flowing.is_set() or self.transport.is_closing():
            return
        self.transport.write(bytes(self._held))
        self._held.clear()
        if self.transport.get_write_buffer_size() > BEHIND_MAX:
            log.warning("simulator.ami_reader_too_slow")
            self.transport.abort()

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Until logoff, a refused login or the end of the connection. Raises AmiError on what is not AMI."""
        actions = AmiReader()
        self.write(BANNER)
        while not self._over and (data := await reader.read(READ_SIZE)):
            await self._flowing.wait()
            for action in actions.feed(data):
                await self._answer(action)
                if self._over:
                    break

    async def _answer(self, action: Message) -> None:
        was_in = self._manager is not None
        try:
            answer = await self._perform(action.get("Action").lower(), action)
        except (NotPossible, FilterError) as error:
            answer = [[("Response", "Error"), ("Message", str(error))]]
        for headers in answer:
            self.write(encode_message(_answering(action.get("ActionID"), headers)))
        if self._manager is not None and not was_in:
            self._begin(self._manager)

    def _begin(self, manager: ManagerSettings) -> None:
        """After a login's response: events are heard from now on."""
        self._read = manager.read
        booted: Headers = [("Uptime", "1"), ("LastReload", "1"), ("Status", "Fully Booted")]
        if self.hears("FullyBooted", "system,all", booted):
            self.write(encode_message([("Event", "FullyBooted"), ("Privilege", "system,all"), *booted]))

    async def _perform(self, name: str, action: Message) -> Answer:
        if not name:
            raise NotPossible("Missing action in request")
        match name:
            case "login":
                return await self._log_in(action)
            case "challenge":
                return self._give_challenge(action)
            case "logoff":
                self._over = True
                return [[("Response", "Goodbye"), ("Message", "Thanks for all the fish.")]]
        if self._manager is None:
            raise NotPossible("Permission denied")
        if name not in WRITE_CLASSES:
            asked = action.get("Action")
            raise NotPossible(f"Invalid/unknown command: {asked}. Use Action: ListCommands to show available commands.")
        if not _may(self._manager, name):
            raise NotPossible("Permission denied")
        match name:
            case "listcommands":
                return [_commands(self._manager)]
            case "filter":
                return self._add_filter(action)
            case "events":
                return self._mask(action)
        return self._actions.perform(name, action)

    # ---------------------------------------------------------------------------------------------------- login

    def _give_challenge(self, action: Message) -> Answer:
        if action.get("AuthType").upper() != "MD5":
            raise NotPossible("Must specify AuthType")
        self._challenge = str(secrets.randbelow(900_000_000) + 100_000_000)
        return [[("Response", "Success"), ("Challenge", self._challenge)]]

    async def _log_in(self, action: Message) -> Answer:
        if self._manager is not None:
            return [success("Already authenticated")]
        manager = self._managers.get(action.get("Username"))
        if manager is None or not self._knows(manager.secret.get_secret_value(), action):
            await asyncio.sleep(REFUSED_LOGIN_S)
            self._over = True
            raise NotPossible("Authentication failed")
        for criteria, value in manager.filters:
            self._filter.add(criteria, value)
        self._manager = manager
        return [success("Authentication accepted")]

    def _knows(self, secret: str, action: Message) -> bool:
        if action.get("AuthType").upper() == "MD5":
            # AMI's own challenge-response; Asterisk has no other.
            expected = hashlib.md5((self._challenge + secret).encode(), usedforsecurity=False).hexdigest()
            return bool(self._challenge) and secrets.compare_digest(expected, action.get("Key").lower())
        return secrets.compare_digest(secret.encode(), action.get("Secret").encode())

    # ----------------------------------------------------------------------------------------------- what is heard

    def _add_filter(self, action: Message) -> Answer:
        if action.get("Operation").lower() != "add":
            raise NotPossible("Unknown operation")
        if criteria := action.get("MatchCriteria"):
            self._filter.add(criteria, action.get("Filter"))
        else:
            self._filter.add_expression(action.get("Filter"))
        return [success("Success")]

    def _mask(self, action: Message) -> Answer:
        assert self._manager is not None
        mask = action.get("EventMask").lower()
        if mask in ("off", "on"):
            self._read = frozenset() if mask == "off" else self._manager.read
            return [[("Response", "Success"), ("Events", mask.capitalize())]]
        self._read = frozenset(mask.split(","))
        return [[("Response", "Success"), ("Events", "On")]]


def _answering(action_id: str, headers: Headers) -> Headers:
    """With the ActionID where Asterisk has it: second, but last in an item of a list."""
    if not action_id:
        return headers
    names = [name for name, _ in headers]
    place = len(headers) if names[0] == "Event" and "EventList" not in names else 1
    return [*headers[:place], ("ActionID", action_id), *headers[place:]]


def _commands(manager: ManagerSettings) -> Headers:
    """What this manager may say, as Asterisk lists it: one header for each."""
    mine = [(name, classes) for name, classes in sorted(WRITE_CLASSES.items()) if _may(manager, name)]
    texts = [(name, f"As Asterisk does.  (Priv: {','.join(sorted(classes)) or '<none>'})") for name, classes in mine]
    return [("Response", "Success"), *texts]


def _may(manager: ManagerSettings, name: str) -> bool:
    return not WRITE_CLASSES[name] or _allows(manager.write, WRITE_CLASSES[name])


def _allows(granted: frozenset[str], needed: frozenset[str]) -> bool:
    return "all" in granted or bool(granted & needed)
