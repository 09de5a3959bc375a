"""Between the ACD and one Asterisk node: events become reports, facts become actions. Does I/O, through `AmiLink`.

The order of things, which is what this file is about:

- What the switch says reaches the ACD in the order of the AMI stream, one report after the other. A list is told at
  the place where it ended in that stream: events behind it may be older than the list (Asterisk queues events, but
  answers actions at once) and are then stale news, which the ACD knows by id; told later than its place, a list would
  bring calls back to life whose end has been reported meanwhile.
- Actions leave in the order of the facts, and Asterisk runs the actions of a session one by one: a list asked for after
  a Bridge shows that Bridge done. An Originate is only begun when it is answered; its channel exists a moment later.
  So a list claims to have been asked for `SETTLE_MS` earlier than it was, and does not judge what is that young. But of
  a switch that has begun anew meanwhile, nothing is left that began before the link was lost.
- While the link is down no action is kept. What is wrong on the switch by then is seen in the list after the next
  login, and the ACD says anew what is to be done about it.
- Before anything else it is made sure that the manager user has the rights that are needed, and that no other Callfloor
  is at work on this switch. Until then nothing is heard and nothing done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import NoReturn

import structlog

from acd.vocabulary import CallbackFailed, Line, LinkLost, LinkRestored, Now, OfferUnanswered, RecordingFailed, Tell
from cti.actions import Action
from cti.ami import AmiError, Message
from cti.ami_link import ActionFailed, AmiLink, NotConnected, OutcomeUnknown
from cti.asterisk import EVENT_FILTERS, LIST_ACTION, LIST_HEADERS, PHONES_ACTION, Translator
from cti.channels import Channels
from cti.lease import Lease, Owner
from cti.rights import check_actions, check_events
from cti.settings import NodeSettings

log = structlog.get_logger(__name__)

SETTLE_MS = 2_000
"""How long something that was ordered may take to be visible in a list."""
RELIST_S = 1.0
"""The least time between a list and one that a failed action asks for, so that failing for ever stays cheap."""

EXPLAIN_S = 0.5
"""How long the cause of a failed offer may come after the failure. An absent telephone is believed so much later."""


class Bridge:
    """Run `run()` as a task, and give every line of the journal to `see()`; `channels` have learned the old ones."""

    def __init__(
        self,
        settings: NodeSettings,
        tell: Tell,
        now: Now,
        owner: Owner,
        *,
        only_node: bool = True,
        channels: Channels | None = None,
    ) -> None:
        self.link_name = f"ami:{settings.name}"
        self._settings = settings
        self._tell = tell
        self._now = now
        self._log = log.bind(node=settings.name)
        self._translator = Translator(
            settings.name, settings.dial, settings.recording, only_node=only_node, channels=channels
        )
        self._lease = Lease(owner, settings.name, settings.ping_s)
        self._link = AmiLink(
            settings,
            on_up=self._up,
            on_down=self._down,
            on_message=self._event,
            admit=self._admit,
            keep_alive=self._renew,
            filters=EVENT_FILTERS,
        )
        self._tells_phones = True
        self._why_down: str | None = None
        self._lost_at = 0
        self._switch_is_new = False
        self._restoring = False
        self._in_doubt = asyncio.Event()
        self._settling: set[asyncio.Task[None]] = set()

    def see(self, line: Line) -> None:
        """Act on a line just written. Returns at once; what fails is told to the ACD or settled by a list."""
        for action in self._translator.actions(line):
            try:
                answer = self._link.send(action.name, action.headers, action.action_id)
            except NotConnected:
                self._log.warning("ami_action_dropped", action=action.name, offer=action.offer, why="no link")
                self._spawn(self._not_paused(action, "no link"))
                continue
            except AmiError as error:
                self._spawn(self._failed(action, str(error)))
                continue
            self._spawn(self._settle(action, answer))

    async def run(self) -> None:
        """Until `close()` or cancelled."""
        tasks = [asyncio.create_task(self._link.run()), asyncio.create_task(self._reconcile())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled():
                    task.result()
        finally:
            for task in (*tasks, *self._settling):
                task.cancel()
            await asyncio.wait([*tasks, *self._settling])

    async def close(self) -> None:
        """Leave the switch as it is and stop."""
        await self._link.close()

    # ------------------------------------------------------------------------------------------ from the switch

    async def _admit(self) -> None:
        user = self._settings.user
        await check_actions(self._link.ask, user)
        self._switch_is_new = await self._lease.claim(self._link.ask)
        await check_events(self._link.ask, self._link.early, user)

    async def _renew(self) -> None:
        await self._lease.renew(self._link.ask)

    async def _up(self) -> None:
        self._why_down, self._restoring = None, True
        await self._list(self._lost_at + 1 if self._switch_is_new else 0)
        self._lost_at = 0
        await self._restored()  # also if the switch would not list
        await self._list_phones()
        # What was too young for this list to judge, and ended while nobody listened, is judged by one soon after.
        asyncio.get_running_loop().call_later(2 * SETTLE_MS / 1_000, self._in_doubt.set)

    async def _restored(self) -> None:
        """Told with the first list and not before: who joined in between would be offered ahead of those who wait."""
        if self._restoring:
            self._restoring = False
            await self._tell(LinkRestored(at=self._now(), link=self.link_name))

    async def _down(self, why: str) -> None:
        self._restoring = False
        self._lost_at = self._lost_at or self._now()
        if why != self._why_down:
            self._why_down = why
            await self._tell(LinkLost(at=self._now(), link=self.link_name, why=why))

    async def _event(self, message: Message) -> None:
        if self._translator.may_be_explained(message):
            self._spawn(self._unless_explained(message))
        else:
            await self._take(message)

    async def _unless_explained(self, message: Message) -> None:
        await asyncio.sleep(EXPLAIN_S)
        await self._take(message)  # it says nothing any more if the cause has come

    async def _take(self, message: Message) -> None:
        for report in self._translator.reports(message, self._now()):
            await self._tell(report)

    async def _list(self, judges_before: int = 0) -> None:
        asked_at = max(self._now() - SETTLE_MS, judges_before)

        async def tell_list(rows: Sequence[Message]) -> None:
            await self._restored()
            await self._tell(self._translator.listed(rows, asked_at, self._now()))

        try:
            await self._link.listing(LIST_ACTION, LIST_HEADERS, tell_list)
        except NotConnected:
            pass  # the next login asks for a list anyway
        except OutcomeUnknown as error:
            self._log.warning("ami_list_unknown", why=str(error))
            self._in_doubt.set()
        except ActionFailed as error:
            self._log.error("ami_list_failed", why=str(error), again_s=self._settings.reconcile_s)

    async def _list_phones(self) -> None:
        """What a switch that has this list tells of its telephones; another one tells of changes only."""

        async def tell_phones(rows: Sequence[Message]) -> None:
            for report in self._translator.phones(rows, self._now()):
                await self._tell(report)

        if not self._tells_phones:
            return
        try:
            await self._link.listing(PHONES_ACTION, (), tell_phones)
        except NotConnected:
            pass  # the next login asks for a list anyway
        except OutcomeUnknown as error:
            self._log.warning("ami_phones_unknown", why=str(error))
        except ActionFailed as error:
            self._tells_phones = False
            self._log.warning("ami_phones_not_listed", why=str(error), advice="load res_manager_devicestate.so")

    async def _reconcile(self) -> NoReturn:
        """A list every so often, and soon after an action whose effect is in doubt."""
        while True:
            await asyncio.sleep(RELIST_S)
            try:
                async with asyncio.timeout(self._settings.reconcile_s):
                    await self._in_doubt.wait()
            except TimeoutError:
                pass  # nothing in doubt: the regular one
            self._in_doubt.clear()
            await self._list()
            await self._list_phones()

    # -------------------------------------------------------------------------------------------- to the switch

    async def _settle(self, action: Action, answer: asyncio.Future[Message]) -> None:
        try:
            await answer
        except ActionFailed as error:
            await self._failed(action, str(error))
        except OutcomeUnknown as error:
            self._log.warning("ami_action_unanswered", action=action.name, offer=action.offer, why=str(error))
            self._in_doubt.set()
            await self._not_paused(action, str(error))

    async def _failed(self, action: Action, why: str) -> None:
        # Such as a channel that is gone, as it was to be.
        expected = not (action.offer or action.callback or action.recording or action.list_if_refused)
        note = self._log.debug if expected else self._log.warning
        note("ami_action_failed", action=action.name, offer=action.offer, why=why)
        if action.offer:
            await self._tell(OfferUnanswered(at=self._now(), offer=action.offer, reason="unreachable"))
        elif action.callback:
            await self._tell(CallbackFailed(at=self._now(), call=action.callback, reason="unreachable"))
        elif action.list_if_refused:
            self._in_doubt.set()
        if action.recording is not None:
            offer, paused = action.recording
            await self._tell(RecordingFailed(at=self._now(), offer=offer, paused=paused, why=why))

    async def _not_paused(self, action: Action, why: str) -> None:
        """Of recordings a list tells whether they go on, but not whether they pause."""
        if action.recording is not None and action.recording[1]:
            await self._failed(action, why)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
