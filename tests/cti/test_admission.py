"""What a bridge makes sure of before it acts: its manager user's rights, and that it is the only Callfloor there."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from acd import vocabulary as say
from acd.vocabulary import AnyInput
from cti import actions, hearing, orders, rights
from cti.ami import Message
from cti.bridge import Bridge
from cti.lease import CONFIRM_S, VARIABLE, Owner
from pbx_config import check
from pbx_config.render import MANAGER, render
from tests.cti.ami_peer import Peer, running, task
from tests.cti.test_bridge import CALLER, soon
from tests.lab.asterisk import lab_settings

A_RUN = Owner(run="a", host="alpha", pid=11, journal="/var/lib/callfloor/journal")
LONG_S = 3600.0
KINDS = (say.LinkLost, say.LinkRestored)


class Floor:
    """Takes what a bridge tells; knows links and nothing else."""

    def __init__(self, peer: Peer, owner: Owner, **settings: object) -> None:
        self.links: asyncio.Queue[say.LinkLost | say.LinkRestored] = asyncio.Queue()
        self.others: list[AnyInput] = []
        self.bridge = Bridge(peer.settings(**settings), self._tell, lambda: 0, owner)

    async def _tell(self, said: AnyInput) -> list[say.AnyFact]:
        if isinstance(said, say.LinkLost | say.LinkRestored):
            self.links.put_nowait(said)
        elif not isinstance(said, say.SwitchListed):
            self.others.append(said)
        return []

    async def up(self) -> None:
        while not isinstance(await soon(self.links.get()), say.LinkRestored):
            pass

    async def down(self) -> str:
        while isinstance(said := await soon(self.links.get()), say.LinkRestored):
            pass
        return said.why


@asynccontextmanager
async def at_work(peer: Peer, owner: Owner, **settings: object) -> AsyncIterator[Floor]:
    floor = Floor(peer, owner, **settings)
    async with task(floor.bridge.run):
        yield floor


def another(run: str, **changes: object) -> Owner:
    return msgspec.structs.replace(A_RUN, run=run, **changes)


B_RUN = another("b", host="beta", pid=22)

# ------------------------------------------------------------------------------------------------------ the lease


async def test_a_second_callfloor_refuses_names_the_first_and_hears_and_does_nothing() -> None:
    async with running(Peer()) as peer, at_work(peer, A_RUN, ping_s=0.05) as first:
        await first.up()
        with capture_logs() as logs:
            async with at_work(peer, B_RUN, ping_s=0.05) as second:
                why = await second.down()
                assert why == (
                    "another Callfloor has this switch:"
                    " on alpha, process 11, node node1, journal /var/lib/callfloor/journal"
                )
                for _ in range(5):  # it keeps asking, and is refused each time
                    await soon(peer.logins.get())
                    peer.event("UserEvent", **CALLER, UserEvent="CallfloorArrived", ANI="1")
                call = say.CallBegan(call="node1-1.1", channel="x", node="node1")
                second.bridge.see(say.Line(1, say.TimeCame(0), [call, say.StrayCall("node1-1.1", "x")]))
        assert second.links.empty()
        assert second.others == []
        assert any(isinstance(said, say.CallArrived) for said in first.others)
        assert next(entry["log_level"] for entry in logs if entry.get("why") == why) == "error"
    assert all(action.get("Action") == "Status" for action in _all(peer.received))  # the first one's lists
    assert first.links.empty()


async def test_the_next_run_of_the_same_journal_goes_on_at_once() -> None:
    async with running(Peer()) as peer:
        async with at_work(peer, A_RUN, ping_s=LONG_S) as killed:
            await killed.up()
        async with at_work(peer, another("a2", pid=12), ping_s=LONG_S) as again:
            assert isinstance(await soon(again.links.get()), say.LinkRestored)


async def test_after_a_cut_link_and_a_restart_of_the_switch_its_owner_goes_on() -> None:
    async with running(Peer()) as peer, at_work(peer, A_RUN, ping_s=LONG_S) as floor:
        await floor.up()
        peer.cut()
        await floor.up()
        peer.variables.clear()
        peer.cut()
        await floor.up()
        assert msgspec.json.decode(peer.variables[VARIABLE])["owner"]["host"] == "alpha"


async def test_what_a_reload_cleared_is_written_again() -> None:
    async with running(Peer()) as peer, at_work(peer, A_RUN, ping_s=0.02) as floor:
        await floor.up()
        peer.variables.clear()
        while VARIABLE not in peer.variables:
            await soon(peer.upkeep.get())
        assert floor.links.empty()


@pytest.mark.parametrize("left", ["", "somebody's own text", "null", "[]"])
async def test_the_lease_of_one_that_is_silent_for_long_is_taken(left: str) -> None:
    async with running(Peer()) as peer:
        if left:
            peer.variables[VARIABLE] = left
        else:
            async with at_work(peer, B_RUN, ping_s=0.1) as dead:
                await dead.up()
        async with at_work(peer, A_RUN, ping_s=0.1) as floor:
            assert await floor.down()
            await floor.up()


async def test_one_that_was_away_for_so_long_that_another_took_over_finds_out_and_keeps_away() -> None:
    async with running(Peer()) as peer, at_work(peer, A_RUN, ping_s=0.05) as first:
        await first.up()
        # A copy of the machine, which looks the same but for its run: the newer one has the switch.
        async with at_work(peer, another("copy", pid=99), ping_s=0.05) as copy:
            await copy.up()
            assert "on alpha, process 99" in await first.down()
            for _ in range(5):
                await soon(peer.logins.get())
            assert copy.links.empty()
            assert first.links.empty()


async def test_of_two_that_come_in_the_same_moment_one_stays() -> None:
    async with (
        running(Peer()) as peer,
        at_work(peer, A_RUN, ping_s=0.2) as first,
        at_work(peer, B_RUN, ping_s=0.2) as second,
    ):
        done, _ = await asyncio.wait(
            [asyncio.create_task(floor.up()) for floor in (first, second)], timeout=CONFIRM_S + 1
        )
        assert len(done) == 1


async def test_two_nodes_that_are_one_switch_are_told_apart() -> None:
    async with running(Peer()) as peer, at_work(peer, A_RUN, ping_s=0.1) as one:
        await one.up()
        async with at_work(peer, A_RUN, name="node2", ping_s=0.1) as same:
            assert "node node1" in await same.down()


# ------------------------------------------------------------------------------------------------------ the rights


@pytest.mark.parametrize(
    ("missing", "unheard", "why"),
    [
        pytest.param(
            {"Originate", "Setvar"},
            set(),
            "manager user 'callfloor' may not Originate, Setvar: [callfloor] in manager.conf needs the line"
            " `write=system,call,originate,reporting,user`, then `manager reload`",
            id="may not act",
        ),
        pytest.param(
            set(),
            {"UserEvent"},
            "manager user 'callfloor' does not hear UserEvent: [callfloor] in manager.conf needs the line"
            " `read=system,call,user`, then `manager reload`; its `eventfilter` lines, if any, must be those that are"
            " rendered",
            id="hears no arrivals",
        ),
        pytest.param(
            set(), {"UserEvent", "OriginateResponse"}, "does not hear OriginateResponse and UserEvent", id="deaf"
        ),
    ],
)
async def test_a_user_with_too_few_rights_is_told_which_line_to_add(
    missing: set[str], unheard: set[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "HEAR_S", 0.1)
    peer = Peer()
    peer.rights -= missing
    peer.unheard = unheard
    async with running(peer), at_work(peer, A_RUN) as floor:
        with capture_logs() as logs:
            assert why in await floor.down()
        assert [entry["log_level"] for entry in logs if entry["event"] == "ami_link_down"] == ["error"]
        peer.rights |= missing
        unheard.clear()
        await floor.up()


def test_what_is_needed_is_what_is_rendered_and_checked() -> None:
    written = render(lab_settings(agi_port=1))[MANAGER]
    live = written.partition("[callfloor]")[2].partition("[operator]")[0]
    assert {rights.READ, rights.WRITE} <= set(live.splitlines())
    assert (check.LIVE_ACTIONS, check.LIVE_WRITE) == (rights.ACTIONS, rights.WRITE)


def test_every_action_of_the_bridge_is_asked_for() -> None:
    texts = [inspect.getsource(module) for module in (actions, hearing, orders)]
    said = re.findall(r'Action\(\s*name="(\w+)"', "".join(texts))
    assert {"Originate", "Redirect", "Setvar", "MixMonitor"} <= set(said) <= set(rights.ACTIONS)


def _all(queue: asyncio.Queue[Message]) -> list[Message]:
    return [queue.get_nowait() for _ in range(queue.qsize())]
