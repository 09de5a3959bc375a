"""What the ACD decided, as what one Asterisk node is to do: a line of the journal → AMI actions. Pure.

A line may say several things about one call at once (held, and somebody is consulted; joined, and the first agent has
left). So who talks to whom is put right once a line, from what is true at its end, and in this order: callers are taken
to the music first, then parties are joined, then legs are dialed and hung up. Whoever is hung up first would take the
other one of a bridge along.

A caller waits in `callfloor-wait`, whether in line or on hold; an agent whose caller is on hold, in `callfloor-agent`.
Two talk in a bridge, several in a conference. Tried on Asterisk 22: Redirect takes both ends of a bridge away at once,
and Bridge takes a channel out of music, tones or another bridge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Line
from cti import hook_flash, phones
from cti.actions import Action, bridge, hang_up, originate, redirect, setvar
from cti.ami import variable
from cti.channels import Channels, callback_id, leg_prefix
from cti.hearing import Hearing
from cti.settings import DialSettings

LEG_CONTEXT = "callfloor-agent"
WAIT_CONTEXT = "callfloor-wait"
CONFERENCE_CONTEXT = "callfloor-conference"
CALLBACK_CONTEXT = "callfloor-callback"

_NOT_OF_NUMBERS = re.compile(r"[^0-9A-Za-z+*#._@-]")
_NUMBER_LENGTH_MAX = 64
_DIALABLE = re.compile(r"\+?[0-9*#]{1,32}")


def number(text: str) -> str:
    """What is left of a telephone number that somebody else has written."""
    return _NOT_OF_NUMBERS.sub("", text)[:_NUMBER_LENGTH_MAX]


@dataclass
class _Turn:
    """What a line asks for, until it is known in which order. `to_music`: call → the offer that holds it, or 0;
    `to_tones`: call → what the agent hears who holds it."""

    to_music: dict[str, int] = field(default_factory=dict)
    to_flash: dict[str, Action] = field(default_factory=dict)
    to_join: dict[str, None] = field(default_factory=dict)
    to_tones: dict[str, str] = field(default_factory=dict)
    to_note: dict[str, None] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)


class Orders:
    """Reads `channels`, and has them remember each fact."""

    def __init__(self, channels: Channels, dial: DialSettings, recordings: str) -> None:
        self._channels = channels
        self._dial_settings = dial
        self._leg_prefix = leg_prefix(channels.node)
        self._hearing = Hearing(channels, recordings, dial.nodes)

    def of(self, line: Line) -> list[Action]:
        """What is to be done because of a line, in order. What is only written down for a later restart comes last: no
        telephone should wait for it."""
        self._channels.hear(line.input)
        turn = _Turn(actions=self._hearing.after_list(line.input))
        for fact in line.facts:
            self._act(fact, line.input.at, turn)
            self._channels.remember(fact, line.input.at)
        # Straight from a bridge to the hook flash: two Redirects at once left Asterisk deaf to the flash now and then.
        to_music = [call for call in turn.to_music if call not in turn.to_flash]
        taken_away = [action for call in to_music for action in self._to_music(call, turn)]
        taken_away += turn.to_flash.values()
        joined = [action for call in turn.to_join for action in self._join(call)]
        noted = [action for call in turn.to_note for action in self._note(call)]
        return [*taken_away, *joined, *turn.actions, *self._tones(turn), *noted]

    def _act(self, fact: AnyFact, at: int, turn: _Turn) -> None:
        channels = self._channels
        match fact:
            case say.CallQueued() | say.CallLeftQueue() | say.CallDeflected():
                turn.to_note[fact.call] = None
            case say.CallOffered() if channels.is_here(fact.call):
                self._offer(fact, at, turn)
            case (
                say.CallConnected()
                | say.BridgeMissing()
                | say.CallResumed()
                | say.ConsultJoined()
                | say.NumberReached()
            ):
                turn.to_join[fact.call] = None
            case say.CallHeld() | say.MusicMissing():
                turn.to_music[fact.call] = fact.offer
            case say.ConsultStarted():
                turn.to_tones[fact.original] = "consult"
            case say.OfferFailed() | say.HangUpOrdered() if fact.offer in channels.legs:
                turn.actions += self._let_go(fact)
            case say.AgentLeft() | say.CallTransferred():
                self._part(fact, turn)
            case say.CallEnded():
                self._end(fact, turn)
            case say.StrayLeg():
                # Not remembered, by its nature; on a node that never had it, there is nothing to match its id.
                turn.actions.append(self._hang_up_leg(fact.offer))
            case say.StrayCall() if channels.ours(fact.call):
                turn.actions.append(hang_up(fact.channel))
            case _:
                self._call_back(fact, at, turn)
                turn.actions += self._hearing.of(fact)

    # ------------------------------------------------------------------------------------------------------- talks

    def _part(self, fact: say.AgentLeft | say.CallTransferred, turn: _Turn) -> None:
        """One party leaves the call; the caller who is sent on hears music first, unless on hold already."""
        caller = self._channels.callers.get(fact.call)
        if isinstance(fact, say.CallTransferred) and caller is not None and not caller.held:
            turn.to_music[fact.call] = 0
        if fact.offer in self._channels.legs:
            turn.actions.append(self._hang_up_leg(fact.offer))

    def _end(self, ended: say.CallEnded, turn: _Turn) -> None:
        channels = self._channels
        if (caller := channels.callers.get(ended.call)) is not None:
            turn.actions.append(hang_up(caller.uniqueid))
        elif (original := channels.originals.get(ended.call)) is not None and not ended.offer:
            turn.to_tones[original] = "unanswered"
        if uniqueid := channels.dialed.get(ended.call, ""):
            turn.actions.append(hang_up(uniqueid, list_if_refused=True))
        if ended.offer in channels.legs:
            turn.actions.append(self._hang_up_leg(ended.offer))

    def _to_music(self, call: str, turn: _Turn) -> list[Action]:
        """The caller, and the agent who holds the call, leave their bridge."""
        caller = self._channels.callers.get(call)
        if caller is None:
            return []
        offer = turn.to_music[call]
        to_wait = redirect(caller.uniqueid, WAIT_CONTEXT, "s")
        if not self._channels.channel(offer):
            return [to_wait]
        exten = turn.to_tones.pop(call, "held")
        extra = (
            ("ExtraChannel", f"{self._leg_prefix}{offer}"),
            ("ExtraContext", LEG_CONTEXT),
            ("ExtraExten", exten),
            ("ExtraPriority", "1"),
        )
        return [msgspec.structs.replace(to_wait, headers=(*to_wait.headers, *extra))]

    def _tones(self, turn: _Turn) -> list[Action]:
        """What an agent hears who consults somebody, unless there is something else to hear by now."""
        tones = []
        for call, exten in turn.to_tones.items():
            caller = self._channels.callers.get(call)
            if caller is not None and caller.held and caller.parties and self._channels.channel(caller.parties[0]):
                tones.append(redirect(f"{self._leg_prefix}{caller.parties[0]}", LEG_CONTEXT, exten))
        return tones

    def _join(self, call: str) -> list[Action]:
        """Whoever talks on a call is brought together; where one of them is gone, the next list tells the ACD."""
        channels = self._channels
        if (caller := channels.callers.get(call)) is None:
            return self._join_consult(call)
        others = [name for offer in caller.parties if (name := channels.channel(offer))]
        if len(others) < len(caller.parties) or not others or caller.held:
            return []
        if len(others) == 1:
            return [bridge(caller.channel, others[0])]
        room = caller.uniqueid
        legs = [
            redirect(f"{self._leg_prefix}{offer}", CONFERENCE_CONTEXT, f"a{room}") for offer in sorted(caller.parties)
        ]
        return [*legs, redirect(caller.uniqueid, CONFERENCE_CONTEXT, f"c{room}")]

    def _join_consult(self, call: str) -> list[Action]:
        channels = self._channels
        original, asked = channels.original(call), channels.consulted.get(call, 0)
        if original is None or not original.parties:
            return []
        agent, other = channels.channel(original.parties[0]), channels.channel(asked)
        return [bridge(agent, other)] if agent and other else []

    # ---------------------------------------------------------------------------------------------------- dialing

    def _offer(self, offered: say.CallOffered, at: int, turn: _Turn) -> None:
        """The line of a consultation is the agent's: what is asked there is dialed, as is a number that is none."""
        caller = self._channels.callers.get(offered.call)
        if self._dial_settings.transfer == "flash" and caller is not None and _DIALABLE.fullmatch(offered.number):
            exten = hook_flash.exten(offered.offer, offered.number, offered.until - at)
            flash = redirect(caller.uniqueid, hook_flash.CONTEXT, exten)
            turn.to_flash[offered.call] = msgspec.structs.replace(flash, offer=offered.offer)
        else:
            turn.actions.append(self._ring(offered, at))

    def _ring(self, offered: say.CallOffered, at: int) -> Action:
        caller = self._channels.original(offered.call)
        ani = number(caller.ani if caller else self._channels.placed.get(offered.call, ""))
        if offered.agent:
            # An agent without a phone gets an empty one here, which Asterisk refuses like any phone it does not know.
            phone = self._channels.phones.get(offered.agent, "")
            channel = phones.dialed(phone, self._channels.node, self._dial_settings.nodes)
        else:
            channel, ani = self._outside(offered.number), self._dial_settings.caller_id or ani
        return Action(
            name="Originate",
            headers=(
                *originate(channel, LEG_CONTEXT, offered.until - at, ani),
                ("ChannelId", f"{self._leg_prefix}{offered.offer}"),
                variable("CALLFLOOR_OFFER", str(offered.offer)),
                variable("CALLFLOOR_CALL_OFFERED", offered.call),
            ),
            action_id=f"offer-{offered.offer}",
            offer=offered.offer,
        )

    def _let_go(self, offer: say.OfferFailed | say.HangUpOrdered) -> list[Action]:
        """An offer by hook flash has no leg to be hung up, but the caller's own line is at it, and is taken back."""
        if self._channels.legs[offer.offer].number and self._dial_settings.transfer == "flash":
            caller = self._channels.callers.get(offer.call)
            return [redirect(caller.uniqueid, hook_flash.CONTEXT, hook_flash.BACK)] if caller else []
        # Refused if the Originate has not come as far as a channel: the leg would ring on.
        return [self._hang_up_leg(offer.offer, list_if_refused=isinstance(offer, say.OfferFailed))]

    def _call_back(self, fact: AnyFact, at: int, turn: _Turn) -> None:
        channels = self._channels
        match fact:
            case say.CallbackDialed() if channels.ours(fact.call):
                ani = channels.numbers.get(fact.call, "")
                turn.actions.append(self._dial(fact.call, fact.number, ani, fact.until - at, fact.attempt))
            case say.NumberDialed() if fact.call in channels.placed:
                turn.actions.append(self._dial(fact.call, fact.number, fact.number, fact.until - at))
                turn.actions.append(redirect(f"{self._leg_prefix}{fact.offer}", LEG_CONTEXT, "dialing"))
            case say.CallbackMissed() if uniqueid := channels.dialed.get(fact.call, ""):
                turn.actions.append(hang_up(uniqueid, list_if_refused=True))
            case say.CallbackReached():
                turn.to_note[fact.call] = None

    def _dial(self, call: str, to: str, ani: str, ring_ms: int, attempt: int = 1) -> Action:
        """The caller of a virtual hold, or whom an agent wants to talk to."""
        return Action(
            name="Originate",
            headers=(
                *originate(self._outside(to), CALLBACK_CONTEXT, ring_ms, self._dial_settings.caller_id),
                ("ChannelId", callback_id(call, attempt)),
                variable("CALLFLOOR_CALL", call),
                variable("CALLFLOOR_ANI", number(ani)),
            ),
            action_id=f"callback-{attempt}-{call}",
            callback=call,
        )

    def _outside(self, to: str) -> str:
        """How this node reaches a number; what is no number, or cannot be reached, gets a channel that is refused."""
        return self._dial_settings.number.replace("{number}", to) if _DIALABLE.fullmatch(to) else ""

    # ---------------------------------------------------------------------------------------------- single channels

    def _note(self, call: str) -> list[Action]:
        """For a restart without a journal: what the call needs to be picked up again stands on its channel."""
        if (caller := self._channels.callers.get(call)) is None:
            return []
        noted = {"QUEUE": ""}
        if (place := self._channels.places.get(call)) is not None:
            noted = {"QUEUE": place.queue, "PRIORITY": str(place.priority), "JOINED_AT": str(place.joined_at)}
        return [setvar(caller.uniqueid, f"CALLFLOOR_{name}", value) for name, value in noted.items()]

    def _hang_up_leg(self, offer: int, *, list_if_refused: bool = False) -> Action:
        return hang_up(f"{self._leg_prefix}{offer}", list_if_refused=list_if_refused)
