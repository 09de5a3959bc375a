"""The screens' side of `benchmarks.console`, in a process of its own: thousands of WebSockets that do as little as they
can, so that the machine is left to the server. I/O.

Reads the port and the tokens as a line of JSON; writes a line when all are connected, and one with the delays (ms) of
what came since then when its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

ADDRESSES = 8
"""127.0.0.1 to .8: a pair of addresses has some 28,000 ports."""
AT_ONCE = 100


class Screen(asyncio.Protocol):
    def __init__(self, port: int, token: str, delays: dict[str, list[float]]) -> None:
        self.shown = asyncio.get_running_loop().create_future()
        self._request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Cookie: callfloor_session={token}\r\n\r\n"
        ).encode()
        self._delays = delays
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a socket's is one
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.shown.done():
            self.shown.set_exception(ConnectionError(str(exc)))

    def data_received(self, data: bytes) -> None:
        came = time.monotonic_ns()
        self._buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open, self._buffer = True, rest
        while (frame := self._frame()) is not None:
            self._take(*frame, came)

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        length, begin = data[1], 2
        if length >= 126:
            begin = 4 if length == 126 else 10
            if len(data) < begin:
                return None
            length = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + length:
            return None
        self._buffer = data[begin + length :]
        return data[0] & 15, data[begin : begin + length]

    def _take(self, kind: int, payload: bytes, came: int) -> None:
        if kind == 9:
            self._transport.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        elif kind == 8:
            self.connection_lost(ConnectionError(payload.decode(errors="replace")))
        elif not self.shown.done():
            if b'"snapshot"' in payload[:30]:
                self.shown.set_result(None)
        elif b'"AgentNotReady"' in payload or payload.startswith(b'{"type":"offer"'):
            self._note(json.loads(payload), came)

    def _note(self, message: dict, came: int) -> None:  # type: ignore[type-arg]  # JSON
        if message["type"] == "offer" and message["record"]["incomplete"]:
            self._delays["offer"].append((came - int(message["record"]["ani"])) / 1e6)
        for item in message.get("facts", ()):
            reason = item["fact"].get("reason", "")
            if item["fact"]["type"] == "AgentNotReady" and reason.isdigit():
                self._delays["fact"].append((came - int(reason)) / 1e6)


async def main() -> None:
    loop = asyncio.get_running_loop()
    told = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    delays: dict[str, list[float]] = {"fact": [], "offer": []}
    gate, port, screens = asyncio.Semaphore(AT_ONCE), told["port"], []

    async def connect(number: int, token: str) -> None:
        async with gate:
            address = (f"127.0.0.{1 + number % ADDRESSES}", 0)
            _, screen = await loop.create_connection(
                lambda: Screen(port, token, delays), "127.0.0.1", port, local_addr=address
            )
            screens.append(screen)
            await screen.shown

    begun = time.monotonic()
    await asyncio.gather(*(connect(*one) for one in enumerate(told["tokens"])))
    print(json.dumps({"connected": len(screens), "seconds": time.monotonic() - begun}), flush=True)
    for found in delays.values():
        found.clear()
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(delays), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
