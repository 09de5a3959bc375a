"""The switch's end of the RS-232 line: a pseudo-terminal that carries SMDI and SMDR. A thin shell of I/O.

The other end is found at a path (a symbolic link), opened there like any serial port. A cable can be pulled out and put
back in. As on a real line nobody acknowledges anything: what is written while nobody reads is lost when the line's
buffer is full.
"""

from __future__ import annotations

import asyncio
import os
import tty
from contextlib import suppress
from pathlib import Path

import structlog

from cti.smdi import LampFailure, LampOrder, SmdiMessage, SmdiReader, encode

log = structlog.get_logger(__name__)

READ_SIZE = 4_096


class SerialPort:
    """`path` is where the other end is found while the cable is plugged in.

    `lamps` is what the message desk has set: number → on. Orders for a number in `invalid_lamps` are answered with INV,
    those for a number in `blocked_lamps` with BLK.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lamps: dict[str, bool] = {}
        self.lamp_set = asyncio.Event()
        self.invalid_lamps: set[str] = set()
        self.blocked_lamps: set[str] = set()
        self._ends: tuple[int, int] | None = None
        self._reader = SmdiReader()

    @property
    def plugged_in(self) -> bool:
        return self._ends is not None

    def plug_in(self) -> None:
        """Raises OSError where `path` is taken by something that is not a link of ours."""
        if self._ends is not None:
            return
        # Both ends stay open here: a pseudo-terminal whose other end is closed is gone, and a serial port is not.
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        try:
            self._link_to(os.ttyname(theirs))
        except OSError:
            os.close(theirs)
            os.close(ours)
            raise
        self._ends = (ours, theirs)
        self._reader = SmdiReader()
        asyncio.get_running_loop().add_reader(ours, self._read, ours)

    def _link_to(self, terminal: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():  # left by a run that was killed
            self.path.unlink()
        self.path.symlink_to(terminal)

    def unplug(self) -> None:
        """Whoever has the other end open sees it end."""
        if self._ends is None:
            return
        ours, theirs = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(ours)
        self.path.unlink(missing_ok=True)
        os.close(theirs)
        os.close(ours)

    def send(self, message: SmdiMessage) -> None:
        self.send_bytes(encode(message))

    def send_bytes(self, data: bytes) -> None:
        """As they are: SMDR lines, and line noise on demand."""
        if self._ends is None:
            return
        try:
            os.write(self._ends[0], data)
        except BlockingIOError:
            log.warning("simulator.serial_line_full", path=str(self.path))

    def _read(self, ours: int) -> None:
        with suppress(BlockingIOError):
            for message in self._reader.feed(os.read(ours, READ_SIZE)):
                if isinstance(message, LampOrder):
                    self._set_lamp(message)

    def _set_lamp(self, order: LampOrder) -> None:
        if order.number in self.invalid_lamps:
            self.send(LampFailure(order.number, "INV"))
            return
        if order.number in self.blocked_lamps:
            self.send(LampFailure(order.number, "BLK"))
            return
        self.lamps[order.number] = order.on
        self.lamp_set.set()
