"""The bridge between a real ACD with its journal and a peer that plays the switch: whole stories of calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, Line, QueueRules
from callfloor.floor import Floor
from cti.ami import Header, Message
from cti.bridge import SETTLE_MS, Bridge
from cti.channels import Channels
from cti.lease import this_process
from records.journal import Journal, replay
from tests.cti.ami_peer import Peer, running, task

T = TypeVar("T")
BEGIN = 1_000_000
QUEUES = {"sales": QueueRules("Sales", record="on demand")}
AGENTS = {"anna": AgentRules("Anna", {"sales": 1})}
CALLER = {"Channel": "PJSIP/trunk-0000000a", "Uniqueid": "1.1"}
LEG = {"Channel": "PJSIP/1001-0000000b", "Uniqueid": "callfloor-offer-node1-1"}


async def soon(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(20):
        return await awaitable


class House:
    """A floor and its bridge, and every fact of theirs in order. `now` stands still until a test moves it."""

    def __init__(self, peer: Peer, path: Path, **settings: object) -> None:
        self.now = BEGIN
        self.peer = peer
        past = list(replay(path)) if path.exists() else []
        acd = Acd()
        acd.replay(past)
        self.journal = Journal.open(path, "never")
        self.floor = Floor(acd, self.journal, lambda: self.now)
        of_node = peer.settings(**settings)
        channels = Channels(of_node.name)
        for line in past:
            channels.learn(line)
        self.bridge = Bridge(of_node, self.floor.tell, lambda: self.now, this_process(path), channels=channels)
        self.facts: asyncio.Queue[AnyFact] = asyncio.Queue()
        self.floor.follow(self._keep)
        self.floor.follow(self.bridge.see)

    def _keep(self, line: Line) -> None:
        for fact in line.facts:
            self.facts.put_nowait(fact)

    async def fact(self, kind: type[T]) -> T:
        """The next fact of a kind; what comes before it is passed over."""
        while not isinstance(fact := await soon(self.facts.get()), kind):
            pass
        return fact

    def close(self) -> None:
        self.floor.close()
        self.journal.close()

    async def action(self, name: str) -> Message:
        """The next action that the switch got, but for lists."""
        while (action := await soon(self.peer.received.get())).get("Action") == "Status":
            pass
        assert action.get("Action") == name, action
        return action


@asynccontextmanager
async def house(peer: Peer, journal: Path, **settings: object) -> AsyncIterator[House]:
    """A house on a running peer, linked, with Anna logged in, ready and free."""
    async with running(peer):
        built = House(peer, journal, **settings)
        await built.floor.tell(say.Configure(BEGIN, QUEUES, AGENTS))
        await built.floor.tell(say.LogIn(BEGIN, "anna", "PJSIP/1001"))
        await built.floor.tell(say.GoReady(BEGIN, "anna"))
        async with task(built.bridge.run):
            await soon(peer.received.get())  # the list after login
            yield built
        built.close()


def arrives(peer: Peer) -> None:
    peer.event("UserEvent", **CALLER, UserEvent="CallfloorArrived", ANI="138", DNIS="400", Port="", Queue="sales")


async def connects(house: House) -> None:
    """A caller arrives, Anna answers, and the two are bridged."""
    arrives(house.peer)
    await house.action("Originate")
    for _ in range(3):
        await house.action("Setvar")
    house.peer.event("UserEvent", **LEG, UserEvent="CallfloorAnswered", Offer="1")


def on_switch(headers: dict[str, str], bridge: str = "", **variables: str) -> list[Header]:
    """A row of a list."""
    rows = [*headers.items(), ("ChannelStateDesc", "Up"), ("BridgeID", bridge)]
    return rows + [("Variable", f"CALLFLOOR_{name}={value}") for name, value in variables.items()]


async def test_a_call_from_arrival_to_its_end(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        arrives(peer)
        originate = await built.action("Originate")
        assert (originate.get("Channel"), originate.get("ChannelId")) == ("PJSIP/1001", LEG["Uniqueid"])
        written = [await built.action("Setvar") for _ in range(3)]
        assert [(action.get("Channel"), action.get("Variable"), action.get("Value")) for action in written] == [
            ("1.1", "CALLFLOOR_QUEUE", "sales"),
            ("1.1", "CALLFLOOR_PRIORITY", "0"),
            ("1.1", "CALLFLOOR_JOINED_AT", str(BEGIN)),
        ]
        peer.event("UserEvent", **LEG, UserEvent="CallfloorAnswered", Offer="1")
        bridge = await built.action("Bridge")
        assert (bridge.get("Channel1"), bridge.get("Channel2")) == (CALLER["Channel"], LEG["Channel"])
        peer.event("Hangup", **LEG, **{"Cause-txt": "Normal Clearing"})
        assert (await built.action("Hangup")).get("Channel") == "1.1"
        ended = await built.fact(say.CallEnded)
        assert (ended.by, ended.agent, ended.cause) == ("agent", "anna", "Normal Clearing")


@pytest.mark.parametrize("phone", ["PJSIP/1001", "PJSIP/1001\r\nAction: Hangup"])
async def test_an_offer_that_cannot_be_made_fails_at_once(tmp_path: Path, phone: str) -> None:
    peer = Peer()
    peer.refuses["Originate"] = "Extension does not exist."
    async with house(peer, tmp_path / "j") as built:
        await built.floor.tell(say.LogOut(BEGIN, "anna"))
        await built.floor.tell(say.LogIn(BEGIN, "anna", phone))
        await built.floor.tell(say.GoReady(BEGIN, "anna"))
        arrives(peer)
        assert (await built.fact(say.OfferFailed)).reason == "unreachable"


async def test_a_bridge_that_failed_is_settled_by_a_list(tmp_path: Path) -> None:
    peer = Peer()
    peer.refuses["Bridge"] = f"Channel2 does not exist: {LEG['Channel']}"
    async with house(peer, tmp_path / "j") as built:
        await connects(built)
        await built.action("Bridge")
        built.now += 2 * SETTLE_MS
        peer.lists = [on_switch(CALLER, CALL="node1-1.1")]
        assert (await built.fact(say.CallEnded)).cause == "not on switch"
        assert (await built.action("Hangup")).get("Channel") == "1.1"


async def test_two_legs_that_are_not_joined_are_joined_again(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j", reconcile_s=0.01) as built:
        await connects(built)
        await built.action("Bridge")
        built.now += 2 * SETTLE_MS
        peer.lists = [on_switch(CALLER, CALL="node1-1.1"), on_switch(LEG)]
        assert (await built.action("Bridge")).get("Channel2") == LEG["Channel"]


async def test_what_is_younger_than_a_list_can_know_is_not_judged_by_it(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j", reconcile_s=0.01) as built:
        await connects(built)
        await built.action("Bridge")
        built.now += SETTLE_MS - 1
        await soon(peer.received.get())  # lists without the call
        await soon(peer.received.get())
        peer.event("Hangup", **CALLER, **{"Cause-txt": "Normal Clearing"})
        assert (await built.fact(say.CallEnded)).by == "caller"


async def test_a_call_too_young_for_the_list_after_login_is_judged_by_one_soon_after(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        await built.floor.tell(say.GoNotReady(BEGIN, "anna"))
        arrives(peer)
        for _ in range(3):
            await built.action("Setvar")  # nothing is left in doubt, which would have a list of its own
        peer.cut()  # and the caller, who is younger than SETTLE_MS, leaves while nobody listens
        await built.fact(say.LinkUp)
        built.now += 2 * SETTLE_MS
        assert (await built.fact(say.CallAbandoned)).call == "node1-1.1"


async def test_of_a_switch_that_has_begun_anew_no_call_is_left_however_young(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        await built.floor.tell(say.GoNotReady(BEGIN, "anna"))
        arrives(peer)
        await built.fact(say.CallQueued)
        peer.variables.clear()
        peer.cut()
        assert (await built.fact(say.LinkUp)).link == "ami:node1"
        assert (await built.fact(say.CallAbandoned)).call == "node1-1.1"  # and time stands still


async def test_what_happened_while_the_link_was_down_is_made_good(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        await built.floor.tell(say.GoNotReady(BEGIN, "anna"))
        arrives(peer)
        await built.fact(say.CallQueued)
        built.now += 2 * SETTLE_MS
        # The caller leaves and another comes while nobody listens.
        new = {"Channel": "PJSIP/trunk-0000000c", "Uniqueid": "2.2"}
        peer.lists = [on_switch(new, CALL="node1-2.2", ANI="139", QUEUE="sales", JOINED_AT=str(BEGIN + 7))]
        peer.cut()
        assert (await built.fact(say.LinkDown)).link == "ami:node1"
        assert (await built.fact(say.LinkUp)).link == "ami:node1"
        assert (await built.fact(say.CallAbandoned)).call == "node1-1.1"
        queued = await built.fact(say.CallQueued)
        assert (queued.call, queued.queue, queued.joined_at) == ("node1-2.2", "sales", BEGIN + 7)


async def test_a_call_that_ends_right_behind_a_list_stays_ended(tmp_path: Path) -> None:
    peer = Peer()
    peer.ignores.add("Status")
    async with running(peer):
        built = House(peer, tmp_path / "j")
        async with task(built.bridge.run):
            await built.floor.tell(say.Configure(BEGIN, QUEUES, AGENTS))
            asked = (await soon(peer.received.get())).get("ActionID")
            head = f"ActionID: {asked}\r\n"
            row = "".join(f"{name}: {value}\r\n" for name, value in on_switch(CALLER, CALL="node1-1.1", QUEUE="sales"))
            peer.write(
                f"Response: Success\r\n{head}EventList: start\r\n\r\n".encode(),
                f"Event: Status\r\n{head}{row}\r\n".encode(),
                f"Event: StatusComplete\r\n{head}EventList: Complete\r\n\r\n".encode(),
                b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n",
            )
            assert (await built.fact(say.CallQueued)).call == "node1-1.1"
            assert (await built.fact(say.CallAbandoned)).call == "node1-1.1"
        built.close()


async def test_who_joins_between_login_and_list_does_not_overtake(tmp_path: Path) -> None:
    """Those who waited while nobody listened are not offered before the list, so nobody else is."""
    peer = Peer()
    peer.ignores.add("Status")
    async with running(peer):
        built = House(peer, tmp_path / "j")
        await built.floor.tell(say.Configure(BEGIN, QUEUES, AGENTS))
        await built.floor.tell(say.LinkLost(BEGIN, built.bridge.link_name, "starting"))
        await built.floor.tell(say.CallArrived(BEGIN, "node1-1.1", CALLER["Channel"], node="node1", queue="sales"))
        await built.floor.tell(say.LogIn(BEGIN, "anna", "PJSIP/1001"))
        await built.floor.tell(say.GoReady(BEGIN, "anna"))
        async with task(built.bridge.run):
            asked = (await soon(peer.received.get())).get("ActionID")
            new = {"Channel": "PJSIP/trunk-0000000c", "Uniqueid": "2.2"}
            peer.event("UserEvent", **new, UserEvent="CallfloorArrived", ANI="138", DNIS="400", Port="", Queue="sales")
            while (await built.fact(say.CallQueued)).call != "node1-2.2":
                pass
            head = f"ActionID: {asked}\r\n"
            rows = [
                "".join(f"{name}: {value}\r\n" for name, value in on_switch(of, CALL=f"node1-{of['Uniqueid']}"))
                for of in (CALLER, new)
            ]
            peer.write(
                f"Response: Success\r\n{head}EventList: start\r\n\r\n".encode(),
                *(f"Event: Status\r\n{head}{row}\r\n".encode() for row in rows),
                f"Event: StatusComplete\r\n{head}EventList: Complete\r\n\r\n".encode(),
            )
            assert (await built.fact(say.CallOffered)).call == "node1-1.1"
        built.close()


async def test_no_action_is_kept_for_a_link_that_is_down(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        await peer.stop()
        await built.fact(say.LinkDown)
        call = say.CallArrived(BEGIN, "node1-1.1", CALLER["Channel"], node="node1", queue="sales")
        facts: list[AnyFact] = list(await built.floor.tell(call))
        assert any(isinstance(fact, say.CallQueued) for fact in facts)  # which has variables set on the channel
        await peer.start(peer.port)
        assert (await soon(peer.received.get())).get("Action") == "Status"
        built.now += 2 * SETTLE_MS
        peer.cut()
        assert (await soon(peer.received.get())).get("Action") == "Status"
        assert (await built.fact(say.CallAbandoned)).call == "node1-1.1"


async def test_after_a_restart_the_old_lines_and_a_list_are_enough_to_go_on(tmp_path: Path) -> None:
    async with house(Peer(), tmp_path / "j") as built:
        await connects(built)
        await built.action("Bridge")
    peer = Peer()
    peer.lists = [on_switch(CALLER, bridge="b1", CALL="node1-1.1"), on_switch(LEG, bridge="b1")]
    async with running(peer):
        again = House(peer, tmp_path / "j")
        again.now += 2 * SETTLE_MS
        async with task(again.bridge.run):
            await soon(peer.received.get())
            peer.event("Hangup", **LEG, **{"Cause-txt": "Normal Clearing"})
            assert (await again.action("Hangup")).get("Channel") == "1.1"
        again.close()


async def test_closing_leaves_the_switch_alone_and_ends(tmp_path: Path) -> None:
    peer = Peer()
    async with running(peer):
        built = House(peer, tmp_path / "j")
        run = asyncio.create_task(built.bridge.run())
        await soon(peer.received.get())
        await soon(built.bridge.close())
        await soon(run)
        built.close()
    assert peer.received.empty()


FAILURE = LEG | {"Channel": "PJSIP/1001", "Response": "Failure", "Reason": "0"}


@pytest.mark.parametrize(("explained_by", "reason"), [(["HangupRequest", "Hangup"], "busy"), ([], "unreachable")])
async def test_a_failure_waits_for_the_cause_that_may_come_after_it(
    explained_by: list[str], reason: str, tmp_path: Path
) -> None:
    # As seen on Asterisk when its machine was busy: OriginateResponse overtook HangupRequest.
    peer = Peer()
    async with house(peer, tmp_path / "j") as rooms:
        arrives(peer)
        await rooms.action("Originate")
        peer.event("OriginateResponse", **FAILURE)
        for event in explained_by:
            peer.event(event, **LEG, Cause="17")
        assert (await rooms.fact(say.OfferFailed)).reason == reason
