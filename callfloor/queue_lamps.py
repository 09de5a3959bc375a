"""Lamps on the telephones of an old PBX that burn while callers wait: `[serial.NAME] lamps`. A reader of facts; no I/O
of its own: what is to be lit is a function of the ACD's state, and the serial line does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from acd.core import Acd
from acd.vocabulary import Line
from cti.serial_line import SerialLine


class QueueLamps:
    """Of one serial line; `stations` is queue → station, as configured. Several queues may share a station."""

    def __init__(self, acd: Acd, line: SerialLine, stations: dict[str, str]) -> None:
        self._acd = acd
        self._line = line
        self._queues: dict[str, Sequence[str]] = {
            station: [queue for queue, lit_there in stations.items() if lit_there == station]
            for station in stations.values()
        }
        self._lit: dict[str, bool] = {}  # nobody knows what burns at the start: it is ordered either way

    def see(self, line: Line) -> None:
        queues = self._acd.state.queues
        for station, names in self._queues.items():
            lit = any(name in queues and len(queues[name].line) for name in names)
            if self._lit.get(station) != lit:
                self._lit[station] = lit
                self._line.set_lamp(station, on=lit)
