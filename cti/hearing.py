"""What the ACD decided about recordings, supervisors who listen, and tones: facts → AMI actions. Pure.

Tried on Asterisk 22: MixMonitor on an agent's leg goes on through bridges, conferences and holds, and with `b` writes
only what is said in them; its receiving side is the agent, the other one whoever the agent hears. Muted, it writes
silence. ChanSpy with `u` takes a unique id, and ends with the channel that it hears.
"""

from __future__ import annotations

import re

from acd import vocabulary as say
from acd.vocabulary import AnyFact, AnyInput
from cti import phones
from cti.actions import Action, hang_up, originate, redirect
from cti.ami import variable
from cti.channels import Channels, leg_prefix

MONITOR_CONTEXT = "callfloor-monitor"
DTMF_CONTEXT = "callfloor-dtmf"
DTMF_CHANNEL = f"Local/other@{DTMF_CONTEXT}"
RECORDING_VARIABLE = "CALLFLOOR_RECORDING"
"""Where Asterisk writes, on the recorded channel, that it records it."""

RING_MS = 30_000
"""How long a supervisor's telephone rings."""
SIDES = ("agent", "other")
_NOT_OF_FILES = re.compile(r"[^0-9A-Za-z._-]")


def recorded_file(name: str, side: str) -> str:
    """The name of the file in which one of the `SIDES` of a recording is, without the folder."""
    return f"{_NOT_OF_FILES.sub('_', name)}-{side}.wav"


class Hearing:
    """Reads `channels`; `recordings` is the folder on the switch, `ways` how other nodes' telephones are reached."""

    def __init__(self, channels: Channels, recordings: str, ways: dict[str, str]) -> None:
        self._channels = channels
        self._ways = ways
        self._folder = recordings
        self._leg_prefix = leg_prefix(channels.node)

    def of(self, fact: AnyFact) -> list[Action]:
        """What is to be done because of a fact that the channels do not know of yet."""
        legs = self._channels.legs
        match fact:
            case say.RecordingStarted() if fact.offer in legs:
                return [self._record(fact.offer, fact.recording)]
            case say.RecordingMissing() if (leg := legs.get(fact.offer)) is not None:
                again = [self._record(fact.offer, fact.recording, more=True)]
                return [*again, self._mute(fact.offer, pause=True)] if leg.paused else again
            case say.RecordingPaused() | say.RecordingResumed() if fact.offer in legs:
                return [self._mute(fact.offer, pause=isinstance(fact, say.RecordingPaused))]
            case say.MonitorStarted() if fact.target in legs:
                return [self._monitor(fact)]
            case say.MonitorChanged() if self._channels.channel(fact.offer):
                return [redirect(self._id(fact.offer), MONITOR_CONTEXT, fact.mode)]
            case say.MonitorEnded() if fact.offer in legs:
                return [hang_up(self._id(fact.offer), list_if_refused=True)]
            case say.DtmfOrdered():
                return [self._tones(name, fact.digits) for name in self._heard_by(fact)]
        return []

    def after_list(self, said: AnyInput) -> list[Action]:
        """Whether a recording pauses is told in no list, so it is ordered again."""
        if not isinstance(said, say.SwitchListed) or said.node != self._channels.node:
            return []
        return [
            self._mute(offer, pause=leg.paused)
            for offer, leg in self._channels.legs.items()
            if leg.recording and leg.paused is not None
        ]

    def _id(self, offer: int) -> str:
        return f"{self._leg_prefix}{offer}"

    def _record(self, offer: int, name: str, *, more: bool = False) -> Action:
        agent, other = (f"{self._folder}/{recorded_file(name, side)}" for side in SIDES)
        options = f"br({agent})t({other})i({RECORDING_VARIABLE}){'a' if more else ''}"
        headers = (("Channel", self._id(offer)), ("File", ""), ("Options", options))
        return Action(name="MixMonitor", headers=headers, recording=(offer, False))

    def _mute(self, offer: int, *, pause: bool) -> Action:
        headers = (("Channel", self._id(offer)), ("Direction", "both"), ("State", str(int(pause))))
        return Action(name="MixMonitorMute", headers=headers, recording=(offer, pause))

    def _monitor(self, started: say.MonitorStarted) -> Action:
        channel = phones.dialed(started.phone, self._channels.node, self._ways)
        return Action(
            name="Originate",
            headers=(
                *originate(channel, MONITOR_CONTEXT, RING_MS, "", exten=started.mode),
                ("ChannelId", self._id(started.offer)),
                variable("CALLFLOOR_OFFER", str(started.offer)),
                variable("CALLFLOOR_HEARD", self._id(started.target)),
            ),
            action_id=f"offer-{started.offer}",
            offer=started.offer,
        )

    def _tones(self, channel: str, digits: str) -> Action:
        """Not by PlayDTMF, which would hold up all other actions for the length of the tone."""
        return Action(
            name="Originate",
            headers=(
                *originate(DTMF_CHANNEL, DTMF_CONTEXT, RING_MS, ""),
                variable("CALLFLOOR_DIGITS", digits),
                variable("CALLFLOOR_TO", channel),
            ),
        )

    def _heard_by(self, fact: say.DtmfOrdered) -> list[str]:
        """Whom the agent talks to: the consulted party, or the caller and whoever else is on the call from outside."""
        channels = self._channels
        caller = channels.callers.get(fact.call)
        if caller is None:
            return []
        if caller.held:
            consults = [name for name, original in channels.originals.items() if original == fact.call]
            return [self._id(offer) for name in consults if (offer := channels.consulted.get(name, 0)) in channels.legs]
        return [caller.uniqueid]
