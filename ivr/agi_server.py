"""The FastAGI server: a shell that does I/O. It moves bytes and time for the pure codec and the pure dialogues.

Each call is a session of its own, with deadlines and under a cap on their number; whatever goes wrong in one ends that
one alone. Then Asterisk's dialplan goes on with music: a caller is never dropped because a session failed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import msgspec
import structlog

from acd.vocabulary import CallerKnown, Line, Now, Tell
from ivr.agi import AgiError, Command, Environment, Hangup, Reply, SwitchReader, encode_command
from ivr.calls import Calls
from ivr.interpreter import (
    Ask,
    AwaitCaller,
    Caller,
    Dialogue,
    Done,
    Event,
    FindLast,
    Found,
    Keys,
    Play,
    Record,
    Rest,
    Rested,
    Told,
    answer,
    wait,
)
from ivr.interpreter import Command as DialogueCommand
from ivr.prompts import Prompt
from ivr.settings import IvrSettings

log = structlog.get_logger(__name__)

ANY_KEY = "0123456789*#"
READ_SIZE = 4_096
TELL_S = 3.0
"""How long the ACD may take for an answer. Longer is a journal that cannot be written: the dialplan has music."""
DUE_MS = 250
"""Time granted to the ACD to say what is due."""

ROUTES: Mapping[str, Callable[[Caller, IvrSettings, Calls], Dialogue]] = MappingProxyType(
    {"call": answer, "waiting": wait}
)


class Undecided(Exception):
    """The ACD has not answered in time."""


class ChannelGone(Exception):
    """The channel has left this session: hung up, or taken to an agent. Only the switch's events tell which."""


class FastAgiServer:
    """Listens for Asterisk and holds one conversation per call.

    `sound` gives the file of a prompt as Asterisk knows it, without extension. `now` is in ms since 1970. `calls`
    read the ACD's own state: places and waits are told as they are there. `last_agent` gives the id of the agent who
    has talked to a number last, or "" if that is not known. `fault`: why nothing can be decided at the moment, or "";
    then the dialplan is left alone with its callers, who have its words and music.
    """

    def __init__(
        self,
        settings: IvrSettings,
        tell: Tell,
        now: Now,
        sound: Callable[[Prompt], str],
        calls: Calls,
        last_agent: Callable[[str], Awaitable[str]],
        fault: Callable[[], str] = lambda: "",
    ) -> None:
        self.settings = settings
        self.calls = calls
        self.tell = tell
        self.now = now
        self.sound = sound
        self._last_agent = last_agent
        self._fault = fault
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, asyncio.Event] = {}

    @property
    def port(self) -> int:
        """The port listened on, once started (settings may ask for 0, any free one)."""
        if self._server is None:
            raise RuntimeError("the FastAGI server has not been started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_sessions(self) -> int:
        return len(self._sessions)

    @property
    def crowded(self) -> bool:
        """Whether lines are kept for those who are in menus: nobody waits on one then."""
        return 2 * self.open_sessions > self.settings.connections_max

    async def start(self) -> None:
        """Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._accept, self.settings.host, self.settings.port)
        log.info("ivr.listening", host=self.settings.host, port=self.port)

    async def close(self) -> None:
        """Stops listening and ends every session; their callers go on in the dialplan."""
        if self._server is None:
            return
        self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        await self._server.wait_closed()

    def see(self, line: Line) -> None:
        """Takes note of a line of the journal; quick, never blocks."""
        self.calls.see(line)
        for fact in line.facts:
            if isinstance(fact, CallerKnown) and (awaited := self._awaited.get(fact.call)) is not None:
                awaited.set()

    async def await_caller(self, call: str, timeout_ms: int) -> None:
        """Returns when the serial line has told who calls, or after `timeout_ms`."""
        awaited = self._awaited.setdefault(call, asyncio.Event())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(awaited.wait(), timeout_ms / 1000)
        finally:
            self._awaited.pop(call, None)

    async def find_last(self, ani: str) -> str:
        """Who has talked to this number last, or "": a database that is slow does not hold up the call."""
        try:
            async with asyncio.timeout(self.settings.last_agent_ms / 1000):
                return await self._last_agent(ani)
        except TimeoutError:
            log.warning("ivr.last_agent_not_in_time", last_agent_ms=self.settings.last_agent_ms)
            return ""

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None, "asyncio serves each connection in a task"
        if why := self._fault():
            log.warning("ivr.refused", why=why)
            writer.transport.abort()
            return
        if len(self._sessions) >= self.settings.connections_max:
            log.error("ivr.too_many_sessions", connections_max=self.settings.connections_max)
            writer.transport.abort()
            return
        self._sessions.add(session)
        try:
            await self._serve(Session(self, reader, writer))
        except asyncio.CancelledError:
            log.info("ivr.session_cancelled")  # by close(), and awaited there
        finally:
            self._sessions.discard(session)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, session: Session) -> None:
        try:
            async with asyncio.timeout(self.settings.session_ms / 1000) as deadline:
                await session.run(deadline)
        except ChannelGone:
            log.info("ivr.channel_gone", call=session.call)
        except Undecided as error:
            log.warning("ivr.undecided", call=session.call, what=str(error), tell_s=TELL_S)
        except TimeoutError:
            log.warning("ivr.session_timeout", call=session.call, session_ms=self.settings.session_ms)
        except AgiError as error:
            log.warning("ivr.not_agi", call=session.call, why=str(error))
        except OSError as error:
            log.info("ivr.connection_lost", call=session.call, why=str(error))
        except Exception:  # a bug met by one call must not take the other calls' server down
            log.exception("ivr.session_failed", call=session.call)


class Session:
    """One connection from Asterisk: reads who calls, then does what the dialogue says until it ends."""

    def __init__(self, server: FastAgiServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.call = ""
        self._house = server
        self._bytes = reader
        self._writer = writer
        self._switch = SwitchReader()
        self._arrived: list[Environment | Reply] = []
        self._kept = False

    async def run(self, deadline: asyncio.Timeout) -> None:
        """`deadline` is moved while the caller waits for an agent: that may take any time."""
        self._deadline = deadline
        try:
            async with asyncio.timeout(self._house.settings.environment_ms / 1000):
                environment = await self._read()
        except TimeoutError:
            log.info("ivr.silent_connection", environment_ms=self._house.settings.environment_ms)
            return
        except ChannelGone:
            log.debug("ivr.probed")  # connected and closed, as a health check does
            return
        assert isinstance(environment, Environment), "a session begins with its environment"
        dialogue_of = ROUTES.get(environment.route)
        if dialogue_of is None:
            raise AgiError(f"no route {environment.route[:40]!r}, expected agi://host:port/ with {' or '.join(ROUTES)}")
        caller = await self._caller(environment)
        self.call = caller.call
        log.info("ivr.session_began", call=self.call, route=environment.route, ani=caller.ani, dnis=caller.dnis)
        dialogue = dialogue_of(caller, self._house.settings, self._house.calls)
        try:
            following = await self._converse(dialogue)
        finally:
            dialogue.close()
        await self._command("SET VARIABLE", "CALLFLOOR_NEXT", following)
        log.info("ivr.session_ended", call=self.call, next=following)

    async def _converse(self, dialogue: Dialogue) -> str:
        try:
            command = next(dialogue)
            while True:
                command = dialogue.send(await self._do(command))
        except StopIteration as end:
            return str(end.value)

    async def _do(self, command: DialogueCommand) -> Event:
        match command:
            case Play(prompts):
                for prompt in prompts:
                    await self._play(prompt, "")
                return Done()
            case Ask():
                return Keys(await self._ask(command))
            case Rest():
                return await self._rest(command)
            case FindLast(ani):
                return Found(await self._house.find_last(ani))
            case AwaitCaller(call, timeout_ms):
                await self._house.await_caller(call, timeout_ms)
                return Done()
            case Record():
                await self._record(command)
                return Done()
            case _:
                stamped = msgspec.structs.replace(command.input, at=self._house.now())
                # Shielded: what was said to the ACD is finished there even if this session ends meanwhile.
                try:
                    async with asyncio.timeout(TELL_S):
                        return Told(await asyncio.shield(self._house.tell(stamped)))
                except TimeoutError:
                    raise Undecided(type(stamped).__name__) from None

    async def _caller(self, environment: Environment) -> Caller:
        call = await self._variable("CALLFLOOR_CALL")
        if not call:
            raise AgiError("CALLFLOOR_CALL is not set: the dialplan enters by Gosub(callfloor-call,s,1(dnis))")
        priority = await self._variable("CALLFLOOR_PRIORITY")
        unique_id = environment.values.get("uniqueid", "")
        return Caller(
            call=call,
            channel=environment.values.get("channel", ""),
            ani=await self._variable("CALLFLOOR_ANI"),
            dnis=await self._variable("CALLFLOOR_DNIS"),
            node=call.removesuffix(f"-{unique_id}") if unique_id else "",
            port=await self._variable("CALLFLOOR_PORT"),
            queue=await self._variable("CALLFLOOR_QUEUE"),
            priority=int(priority) if re.fullmatch(r"-?[0-9]{1,6}", priority) else 0,
        )

    async def _variable(self, name: str) -> str:
        return (await self._command("GET VARIABLE", name)).data

    async def _play(self, prompt: Prompt, escape: str) -> str:
        """Plays one prompt; returns the key of `escape` that ended it, or ""."""
        sound = self._house.sound(prompt)
        reply = await self._command("STREAM FILE", sound, escape)
        if reply.result == "-1":
            # Either the file cannot be opened or the channel is gone; on a channel that is gone the next one fails too.
            reply = await self._command("WAIT FOR DIGIT", "1")
            log.error("ivr.sound_missing", call=self.call, sound=sound, text=prompt.text)
        return _key(reply)

    async def _ask(self, ask: Ask) -> str:
        keys = ""
        for prompt in ask.prompts:
            if keys := await self._play(prompt, ANY_KEY):
                break
        while len(keys) < ask.keys_max and not (ask.keys_max > 1 and keys.endswith("#")):
            key = _key(await self._command("WAIT FOR DIGIT", str(ask.timeout_ms)))
            if not key:
                break
            keys += key
        return keys.removesuffix("#") if ask.keys_max > 1 else keys

    async def _rest(self, rest: Rest) -> Rested:
        house = self._house
        if not self._kept:
            await self._command("SET VARIABLE", "CALLFLOOR_NEXT", "wait")  # should we die, the caller has music
            self._kept = True
        for prompt in rest.prompts:
            if await self._play(prompt, rest.exit_key):
                return Rested(by_key=True)
        if house.crowded:
            return Rested(crowded=True)
        await self._command("SET MUSIC", "ON")
        began, by_key, waited_ms = house.now(), False, 0
        while not by_key and waited_ms < rest.most_ms:
            left_ms = rest.most_ms - waited_ms
            due_ms = max(rest.until - house.now(), 0) + DUE_MS if rest.until else left_ms
            patience_ms = min(left_ms, due_ms)
            self._deadline.reschedule(
                asyncio.get_running_loop().time() + (patience_ms + house.settings.session_ms) / 1000
            )
            key = _key(await self._command("WAIT FOR DIGIT", str(patience_ms)))
            if not key:
                waited_ms += patience_ms
                break
            by_key, waited_ms = key == rest.exit_key, house.now() - began
        await self._command("SET MUSIC", "OFF")
        return Rested(by_key, waited_ms)

    async def _record(self, record: Record) -> None:
        settings = self._house.settings
        path = f"{settings.asterisk_messages or settings.messages.absolute()}/{record.name}"
        await self._command("RECORD FILE", path, "wav", "#", str(record.max_ms), "BEEP", "s=10")

    async def _command(self, verb: str, *arguments: str) -> Reply:
        if self._arrived:
            raise AgiError(f"a reply came before {verb} was asked")
        if self._writer.is_closing():  # lost this moment: to write on it is a bug to uvloop
            raise ChannelGone
        self._writer.write(encode_command(Command(verb, arguments)))
        await self._writer.drain()
        reply = await self._read()
        assert isinstance(reply, Reply), "only a session's first message is an environment"
        if reply.data == "writefile":  # RECORD FILE: full disk, missing folder, no right to write there
            raise AgiError(f"Asterisk cannot write {arguments[0]!r}")
        unopened = verb == "STREAM FILE" and reply.endpos == 0
        if reply.code == 511 or (reply.result == "-1" and not unopened):
            raise ChannelGone
        if reply.code != 200:
            raise AgiError(f"{verb} was answered with {reply.code} {reply.text[:200]}")
        return reply

    async def _read(self) -> Environment | Reply:
        while not self._arrived:
            data = await self._bytes.read(READ_SIZE)
            if not data:
                raise ChannelGone
            for message in self._switch.feed(data):
                if isinstance(message, Hangup):
                    raise ChannelGone
                self._arrived.append(message)
        return self._arrived.pop(0)


def _key(reply: Reply) -> str:
    """The key that a reply gives by its ASCII code, or ""."""
    if not reply.result.isascii() or not reply.result.isdigit():
        raise AgiError(f"expected the code of a key, found result={reply.result[:20]!r}")
    key = chr(int(reply.result)) if int(reply.result) < 128 else ""
    return key if key in ANY_KEY else ""
