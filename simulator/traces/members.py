"""Who was there, by Asterisk's queue_log. Pure.

A member takes calls of a queue while in it, logged in, and paused neither there nor everywhere. The first event of each
kind says what held before it: who is removed first was there from the log's beginning. A member who is neither added to
a queue nor removed from it stands in Asterisk's configuration: there as long as logged in, or, for want of that, from
the first to the last service in that queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from simulator.traces.presence import Presence
from simulator.traces.trace import AgentSpan

Gate: TypeAlias = Literal["in", "logged in", "unpaused"]

_GATES: dict[str, tuple[Gate, bool]] = {
    "ADDMEMBER": ("in", True),
    "REMOVEMEMBER": ("in", False),
    "AGENTLOGIN": ("logged in", True),
    "AGENTLOGOFF": ("logged in", False),
    "AGENTCALLBACKLOGIN": ("logged in", True),
    "AGENTCALLBACKLOGOFF": ("logged in", False),
    "PAUSE": ("unpaused", False),
    "PAUSEALL": ("unpaused", False),
    "UNPAUSE": ("unpaused", True),
    "UNPAUSEALL": ("unpaused", True),
}
_SERVING = {"CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"}


class _Change(msgspec.Struct, frozen=True):
    at: int
    gate: Gate
    queue: str
    """"" is all queues."""
    opened: bool


class _Member(msgspec.Struct):
    changes: list[_Change]
    served: dict[str, tuple[int, int]]
    """Queue → first and last service there."""


class Members:
    """What the log tells of its members, told in its order."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}

    def see(self, at: int, member: str, queue: str, event: str) -> None:
        """An event of this member; `queue` "" where it names none."""
        if event not in _GATES and event not in _SERVING:
            return
        if event in _SERVING and not queue:
            return
        known = self._members.setdefault(member, _Member([], {}))
        if event in _GATES:
            gate, opened = _GATES[event]
            known.changes.append(_Change(at, gate, queue if gate != "logged in" else "", opened))
        else:
            first, last = known.served.get(queue, (at, at))
            known.served[queue] = min(first, at), max(last, at)

    def spans(self, start: int, ends_at: int) -> list[AgentSpan]:
        """Spans in ms since `start`; those that last end with the log, at `ends_at`."""
        spans: list[AgentSpan] = []
        for name, member in self._members.items():
            estimated = _configured_queues(member)
            changes = [*member.changes, *estimated]
            for span in _spans(name, sorted(changes, key=lambda change: change.at), member, ends_at):
                times = {"from_ms": span.from_ms - start, "to_ms": span.to_ms - start}
                spans.append(msgspec.structs.replace(span, **times, estimated=bool(estimated)))
        return spans


def _configured_queues(member: _Member) -> Iterable[_Change]:
    """For queues served without having been added: made up from the services, unless logins are told."""
    told = {change.queue for change in member.changes if change.gate == "in"}
    logs_in = any(change.gate == "logged in" for change in member.changes)
    found: list[_Change] = []
    for queue, (first, last) in member.served.items():
        if queue not in told and not logs_in:
            found += _Change(first, "in", queue, opened=True), _Change(last, "in", queue, opened=False)
    return found


def _spans(name: str, changes: list[_Change], member: _Member, ends_at: int) -> list[AgentSpan]:
    """Walk through the changes with all gates at first as they must have been before."""
    gates: dict[tuple[Gate, str], bool] = {}
    for change in changes:
        gates.setdefault((change.gate, change.queue), not change.opened)
    queues = {queue for gate, queue in gates if gate == "in" and queue} | set(member.served)
    first = min([change.at for change in changes] + [at for at, _ in member.served.values()])
    presence = Presence()
    presence.there(name, first, _open(gates, queues))
    for change in changes:
        gates[change.gate, change.queue] = change.opened
        presence.there(name, change.at, _open(gates, queues))
    return presence.close(max(ends_at, first))


def _open(gates: dict[tuple[Gate, str], bool], queues: set[str]) -> set[str]:
    if not gates.get(("logged in", ""), True) or not gates.get(("unpaused", ""), True):
        return set()
    return {queue for queue in queues if gates.get(("in", queue), True) and gates.get(("unpaused", queue), True)}
