"""The simulated PBX as a FastAGI client: says who calls, does what it is told. A thin shell: I/O over TCP.

It behaves like res_agi of Asterisk 22 with AGIEXITONHANGUP, which our dialplan sets: after a hang-up, or when a Bridge
has taken the caller, the command at work ends with -1, `HANGUP` is sent, and the connection is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal, TypeAlias

import structlog

from ivr.agi import HANGUP, AgiError, Command, CommandReader, encode_environment, encode_reply
from simulator.pbx.agi_commands import AgiCommands
from simulator.pbx.channel import Channel, first_of

log = structlog.get_logger(__name__)

AgiStatus: TypeAlias = Literal["SUCCESS", "FAILURE", "HANGUP"]

READ_SIZE = 4_096


class AgiClient:
    """Where the FastAGI server is. `seconds` turns a sound's or a person's milliseconds into time on the clock."""

    def __init__(self, host: str, port: int, seconds: Callable[[float], float], sound_ms: int) -> None:
        self.host = host
        self.port = port
        self.seconds = seconds
        self.sound_ms = sound_ms

    def session(self, channel: Channel, request: str) -> AgiSession:
        return AgiSession(self, channel, request)


class AgiSession:
    """One application AGI() on one channel. `status` is AGISTATUS once `run` has returned."""

    def __init__(self, client: AgiClient, channel: Channel, request: str) -> None:
        self.status: AgiStatus = "FAILURE"
        self._client = client
        self._channel = channel
        self._request = request
        self._commands: deque[Command | None] = deque()
        self._came = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until the server closes the connection, or `stop` says that the channel is gone from here."""
        try:
            reader, writer = await asyncio.open_connection(self._client.host, self._client.port)
        except OSError as error:
            log.warning("simulator.agi_unreachable", channel=self._channel.name, why=str(error))
            return
        reading = asyncio.create_task(self._read(reader))
        try:
            writer.write(encode_environment(self._environment()))
            await self._serve(writer, stop)
            self.status = "HANGUP" if stop.is_set() else "SUCCESS"
        except OSError as error:
            log.info("simulator.agi_lost", channel=self._channel.name, why=str(error))
        finally:
            reading.cancel()
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        commands = CommandReader()
        try:
            while data := await reader.read(READ_SIZE):
                for command in commands.feed(data):
                    self._take(command)
        except (OSError, AgiError) as error:
            log.info("simulator.agi_lost", channel=self._channel.name, why=str(error))
        self._take(None)

    def _take(self, command: Command | None) -> None:
        """`None`: the server has closed."""
        self._commands.append(command)
        self._came.set()

    async def _serve(self, writer: asyncio.StreamWriter, stop: asyncio.Event) -> None:
        commands = AgiCommands(self._channel, stop, self._client.seconds, self._client.sound_ms)
        while True:
            while not self._commands and not stop.is_set():
                self._came.clear()
                await first_of(self._came.wait(), stop.wait())
            if stop.is_set():
                writer.write(HANGUP)
                return
            command = self._commands.popleft()
            if command is None:
                return
            writer.write(encode_reply(await commands.perform(command)))
            await writer.drain()

    def _environment(self) -> dict[str, str]:
        channel = self._channel
        unknown = "unknown"
        return {
            "network": "yes",
            "network_script": self._request,
            "request": f"agi://{self._client.host}:{self._client.port}/{self._request}",
            "channel": channel.name,
            "language": "en",
            "type": channel.name.partition("/")[0],
            "uniqueid": channel.uniqueid,
            "version": "22.10.1",
            "callerid": channel.caller_number or unknown,
            "calleridname": channel.caller_name or unknown,
            "callingpres": "0",
            "callingani2": "0",
            "callington": "0",
            "callingtns": "0",
            "dnid": channel.dialed or unknown,
            "rdnis": unknown,
            "context": channel.context,
            "extension": channel.exten,
            "priority": str(channel.priority),
            "enhanced": "0.0",
            "accountcode": "",
            "threadid": "0",
        }
