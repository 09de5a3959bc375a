"""What an AMI session may ask of the simulated switch, and the answers in Asterisk's words. No I/O itself."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import TypeAlias

from cti.ami import Message
from simulator.pbx.channel import Channel, Headers
from simulator.pbx.switch import Dialing, NotPossible, Switch

Answer: TypeAlias = list[Headers]
"""A response without its ActionID, and behind it the events of a list."""

_CALLER_ID = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^<]*?))\s*(?:<(?P<number>[^>]*)>)?\s*')

_MEDIA: Headers = [
    ("Nativeformats", "(ulaw)"),
    ("Readformat", "ulaw"),
    ("Readtrans", ""),
    ("Writeformat", "ulaw"),
    ("Writetrans", ""),
    ("Callgroup", "0"),
    ("Pickupgroup", "0"),
]
"""What Status says of a channel's sound, of which there is none here."""

WRITE_CLASSES: dict[str, frozenset[str]] = {
    "bridge": frozenset({"call"}),
    "events": frozenset(),
    "filter": frozenset({"system"}),
    "getvar": frozenset({"call", "reporting"}),
    "hangup": frozenset({"system", "call"}),
    "listcommands": frozenset(),
    "mixmonitor": frozenset({"system"}),
    "mixmonitormute": frozenset({"system", "call"}),
    "originate": frozenset({"originate"}),
    "ping": frozenset(),
    "redirect": frozenset({"call"}),
    "setvar": frozenset({"call"}),
    "status": frozenset({"system", "call", "reporting"}),
    "userevent": frozenset({"user"}),
}
"""Who may do what: one of these classes, or none is needed."""


def success(text: str) -> Headers:
    return [("Response", "Success"), ("Message", text)]


class AmiActions:
    """The actions on the switch itself. Raises NotPossible with the `Message` of the error response."""

    def __init__(self, switch: Switch, announce: Callable[[str, str, Headers], None]) -> None:
        self._switch = switch
        self._announce = announce
        self._ways: dict[str, Callable[[Message], Answer]] = {
            "bridge": self._bridge,
            "getvar": self._getvar,
            "hangup": self._hangup,
            "mixmonitor": self._mixmonitor,
            "mixmonitormute": self._mute,
            "originate": self._originate,
            "ping": self._ping,
            "redirect": self._redirect,
            "setvar": self._setvar,
            "status": self._status,
            "userevent": self._userevent,
        }

    def perform(self, name: str, action: Message) -> Answer:
        """`name` is in lower case and in `WRITE_CLASSES`."""
        return self._ways[name](action)

    def _ping(self, _: Message) -> Answer:
        return [[("Response", "Success"), ("Ping", "Pong"), ("Timestamp", f"{time.time():.6f}")]]

    def _userevent(self, action: Message) -> Answer:
        rest = [(name, value) for name, value in action if name not in ("action", "userevent")]
        self._announce("UserEvent", "user,all", [("UserEvent", action.get("UserEvent")), *rest])
        return [success("Event Sent")]

    # ------------------------------------------------------------------------------------------- on one channel

    def _channel(self, action: Message) -> Channel:
        if not (name := action.get("Channel")):
            raise NotPossible("No channel specified")
        return self._switch.find(name)

    def _hangup(self, action: Message) -> Answer:
        cause = action.get("Cause")
        self._channel(action).hang_up(int(cause) if cause.isdecimal() else 0)
        return [success("Channel Hungup")]

    def _setvar(self, action: Message) -> Answer:
        if not (name := action.get("Variable")):
            raise NotPossible("No variable specified")
        variables = self._channel(action).variables if action.get("Channel") else self._switch.variables
        variables[name] = action.get("Value")
        return [success("Variable Set")]

    def _mixmonitor(self, action: Message) -> Answer:
        """There is no sound, so nothing is written but the variable that `i(...)` names."""
        channel = self._channel(action)
        if noted := re.search(r"i\(([A-Za-z_]+)\)", action.get("Options")):
            channel.variables[noted[1]] = "0x1"
            channel.recordings += 1
        return [success("Success")]

    def _mute(self, action: Message) -> Answer:
        if not self._channel(action).recordings:
            raise NotPossible("Cannot set mute flag")
        return [success("Success")]

    def _getvar(self, action: Message) -> Answer:
        if not (name := action.get("Variable")):
            raise NotPossible("No variable specified")
        value = self._channel(action).variable(name) if action.get("Channel") else self._switch.variables.get(name)
        return [[("Response", "Success"), ("Variable", name), ("Value", value or "")]]

    def _redirect(self, action: Message) -> Answer:
        go = [self._switch.redirect(action.get("Channel"), action.get("Context"), action.get("Exten"))]
        if extra := action.get("ExtraChannel"):
            where = (action.get("ExtraContext"), action.get("ExtraExten"))
            go.append(self._switch.redirect(extra, *where, header="ExtraChannel"))
        for one in go:
            one()
        return [success("Dual Redirect successful" if extra else "Redirect successful")]

    def _bridge(self, action: Message) -> Answer:
        first, second = action.get("Channel1"), action.get("Channel2")
        if not first or not second:
            raise NotPossible("Missing channel parameter in request")
        self._switch.bridge(first, second)
        return [success("Channels have been bridged")]

    # ------------------------------------------------------------------------------------------------ originate

    def _originate(self, action: Message) -> Answer:
        phone, priority = action.get("Channel"), action.get("Priority")
        if not phone:
            raise NotPossible("Channel not specified")
        if "/" not in phone:
            raise NotPossible("Invalid channel")
        if not (action.get("Context") and action.get("Exten") and priority):
            raise NotPossible("Originate with 'Exten' requires 'Context' and 'Priority'")
        timeout = action.get("Timeout", "30000")
        if not priority.isdecimal() or not timeout.isdecimal():
            raise NotPossible("Invalid priority" if not priority.isdecimal() else "Invalid timeout")
        if action.get("Async").lower() not in ("true", "yes", "1", "on"):
            raise NotPossible("Originate without Async is not simulated")
        caller = _CALLER_ID.fullmatch(action.get("CallerID"))
        if caller is None:
            raise NotPossible("Invalid CallerID")
        self._switch.originate(
            Dialing(
                phone=phone,
                context=action.get("Context"),
                exten=action.get("Exten"),
                priority=int(priority),
                timeout_ms=int(timeout),
                uniqueid=action.get("ChannelId"),
                caller_number=caller["number"] or "",
                caller_name=caller["quoted"] or caller["name"] or "",
                action_id=action.get("ActionID"),
                variables=_variables(action.all("Variable")),
            )
        )
        return [success("Originate successfully queued")]

    # --------------------------------------------------------------------------------------------------- status

    def _status(self, action: Message) -> Answer:
        channels = [self._channel(action)] if action.get("Channel") else list(self._switch.channels.values())
        names = [name for name in action.get("Variables").split(",") if name]
        rows: Answer = [[("Response", "Success"), ("EventList", "start"), ("Message", "Channel status will follow")]]
        rows += [self._status_of(channel, names) for channel in channels]
        count = str(len(channels))
        rows.append([("Event", "StatusComplete"), ("EventList", "Complete"), ("ListItems", count), ("Items", count)])
        return rows

    def _status_of(self, channel: Channel, names: list[str]) -> Headers:
        seconds = int(asyncio.get_running_loop().time() - channel.since)
        return [
            ("Event", "Status"),
            ("Privilege", "Call"),
            *channel.headers(),
            ("Type", channel.name.partition("/")[0]),
            ("DNID", channel.dialed),
            *channel.connected_headers("Effective"),
            ("TimeToHangup", "0"),
            ("BridgeID", channel.bridge.name if channel.bridge else ""),
            ("Application", channel.application or "(null)"),
            ("Data", "(null)"),
            *_MEDIA,
            ("Seconds", str(seconds)),
            *(("Variable", f"{name}={_or_null(channel.variable(name))}") for name in names),
        ]


def _or_null(value: str | None) -> str:
    """Asterisk prints a variable that is not set as C prints a null pointer."""
    return "(null)" if value is None else value


def _variables(headers: list[str]) -> dict[str, str]:
    """Each `Variable` header may set several, with commas between."""
    pairs = [part.partition("=") for header in headers for part in header.split(",")]
    return {name.strip(): value for name, _, value in pairs if name.strip()}
