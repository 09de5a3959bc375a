"""One AMI connection that is kept up for ever. Does I/O: TCP and TLS on asyncio; what the bytes mean is `cti.ami`.

The link reads, logs in, pings, and comes back after a loss. It never sends an action twice: whether a lost one was
carried out is not known here (`OutcomeUnknown`), and an Originate sent again would ring a telephone again. It keeps
no action for later either: what was right a minute ago may be wrong now.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NoReturn, TypeAlias

import structlog

from cti.ami import AmiError, AmiReader, Header, Message, encode_action
from cti.settings import NodeSettings

log = structlog.get_logger(__name__)

READ_BYTES = 65_536
EARLY_EVENTS_MAX = 1_000
LISTED_MAX = 50_000
"""Rows of one list; a switch that never ends one shall not fill memory until the list's deadline."""
UNSENT_BYTES_MAX = 1_048_576
"""A peer that lets this much lie unread has stopped taking actions."""

OnUp: TypeAlias = Callable[[], Awaitable[None]]
Admit: TypeAlias = Callable[[], Awaitable[None]]
OnDown: TypeAlias = Callable[[str], Awaitable[None]]
OnMessage: TypeAlias = Callable[[Message], Awaitable[None]]
OnList: TypeAlias = Callable[[Sequence[Message]], Awaitable[None]]


class ActionFailed(Exception):
    """The switch refused the action, or it never left: nothing was done."""


class NotConnected(ActionFailed):
    """There is no link: the action was not sent, nor will it be."""


class OutcomeUnknown(Exception):
    """No answer came in time, or the link was lost first: the action may have been carried out."""


class LinkLost(Exception):
    """Why this connection is over."""


class LinkRefused(LinkLost):
    """Somebody has to mend something: it is logged as an error."""


class LoginRefused(LinkRefused):
    """The switch does not know this user or secret; to try again soon would not help."""


class _Pending:
    """An action that waits for its answer; for a list also the events that belong to it."""

    def __init__(self, name: str, answer: asyncio.Future[Message], on_list: OnList | None) -> None:
        self.name = name
        self.answer = answer
        self.on_list = on_list
        self.listed: list[Message] = []

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class AmiLink:
    """`run()` keeps one connection up until it is cancelled or `close()` is called.

    `admit` is awaited after each login, and the link is up only once it returns; `keep_alive` again and again from then
    on (a Ping, if none is given). Both talk by `ask`, and end this connection by raising LinkLost. What the switch says
    before the link is up is not passed on: `admit` finds it in `early`.

    `on_up` is awaited once the link is up, `on_down(why)` after each connection that failed or was lost, `on_message`
    for each event, one after the other in the order of the stream: while it is
    awaited nothing else is read, so that a slow reader of ours slows the switch down instead of filling memory. None of
    the three may await an answer of this link except `on_up`. An exception of theirs is logged and ends nothing.
    """

    def __init__(
        self,
        settings: NodeSettings,
        *,
        on_up: OnUp,
        on_down: OnDown,
        on_message: OnMessage,
        admit: Admit | None = None,
        keep_alive: Admit | None = None,
        filters: Sequence[Sequence[Header]] = (),
    ) -> None:
        self.early: asyncio.Queue[Message] = asyncio.Queue(EARLY_EVENTS_MAX)
        self._settings = settings
        self._on_up = on_up
        self._on_down = on_down
        self._on_message = on_message
        self._admit = admit
        self._ping = keep_alive or self._send_ping
        self._filters = filters
        self._log = log.bind(node=settings.name)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[str]  # there is one while there is a writer
        self._logged_in = False
        self._pending: dict[str, _Pending] = {}
        self._sent = 0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    # ------------------------------------------------------------------------------------------------- actions

    def send(self, name: str, headers: Iterable[Header] = (), action_id: str = "") -> asyncio.Future[Message]:
        """Write an action at once, so that actions leave in the order of the calls; the future is its answer.

        Raises `NotConnected`, or `AmiError` (ours) if it cannot be said in AMI. The future fails with `ActionFailed` or
        `OutcomeUnknown`.
        """
        if not self._logged_in:
            raise NotConnected(f"{name}: no link to {self._settings.name}")
        return self._write(name, headers, action_id)

    async def listing(self, name: str, headers: Iterable[Header], on_list: OnList) -> None:
        """Ask for a list. `on_list(events)` is awaited where the list ends in the stream, before any later message is
        read, so that what it says and what the events around it say stay in the order in which the switch said them.

        Raises as `send` and its future do.
        """
        if not self._logged_in:
            raise NotConnected(f"{name}: no link to {self._settings.name}")
        await self._write(name, headers, on_list=on_list)

    async def ask(self, name: str, headers: Iterable[Header] = ()) -> Message:
        """An action and its answer, also while the link is not up yet. Raises as `send` and its future do."""
        return await self._write(name, headers)

    def _write(
        self, name: str, headers: Iterable[Header] = (), action_id: str = "", on_list: OnList | None = None
    ) -> asyncio.Future[Message]:
        writer = self._writer
        # A connection that has just been lost may still be here; to write on it is a bug to uvloop, not to asyncio.
        if writer is None or writer.transport.is_closing():
            raise NotConnected(f"{name}: no link to {self._settings.name}")
        self._sent += 1
        action_id = action_id or f"{name.lower()}-{self._sent}"
        if action_id in self._pending:
            raise AmiError("ours", f"{name}: ActionID {action_id} is waiting for its answer already")
        writer.write(encode_action(name, headers, action_id))
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            writer.transport.abort()
        loop = asyncio.get_running_loop()
        pending = _Pending(name, loop.create_future(), on_list)
        self._pending[action_id] = pending
        seconds = self._settings.answer_s
        unanswered = OutcomeUnknown(f"{name}: no answer within {seconds:g} s")
        deadline = loop.call_later(seconds, pending.fail, unanswered)

        def settled(_: asyncio.Future[Message]) -> None:
            deadline.cancel()
            self._pending.pop(action_id, None)

        pending.answer.add_done_callback(settled)
        if self._reading.done():  # nobody would hear the answer
            pending.fail(OutcomeUnknown(f"{name}: {self._reading.result()}"))
        return pending.answer

    # ---------------------------------------------------------------------------------------------- connection

    async def run(self) -> None:
        """Connect, and connect again with growing, jittered pauses, until closed. Raises nothing of the network's."""
        if self._closed:
            return
        self._task = asyncio.current_task()
        settings = self._settings
        pause = settings.reconnect_min_s
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._connect()
                await self._stay()
            except (LinkLost, AmiError, ActionFailed, OutcomeUnknown, OSError) as error:
                why = str(error) or type(error).__name__
                refused = isinstance(error, LinkRefused)
                barred = isinstance(error, LoginRefused)
            finally:
                await self._drop()
            # Not reset by a login alone: a link that flaps after each login would knock twice a second for ever.
            if clock() - began > settings.reconnect_max_s:
                pause = settings.reconnect_min_s
            seconds = settings.login_retry_s if barred else pause * random.uniform(0.5, 1.0)  # noqa: S311  # jitter
            (self._log.error if refused else self._log.warning)("ami_link_down", why=why, retry_s=round(seconds, 1))
            await self._call(self._on_down(why))
            await asyncio.sleep(seconds)
            pause = min(pause * 2, settings.reconnect_max_s)

    async def close(self) -> None:
        """End the connection, or the attempts at one. What is pending fails as `OutcomeUnknown`."""
        self._closed = True
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    async def _connect(self) -> None:
        settings = self._settings
        tls: ssl.SSLContext | None = None
        if settings.tls:
            tls = ssl.create_default_context(cafile=settings.tls_ca)
        try:
            async with asyncio.timeout(settings.connect_s):
                reader, self._writer = await asyncio.open_connection(settings.host, settings.port, ssl=tls)
        except TimeoutError as error:
            raise LinkLost(f"no connection to {settings.host}:{settings.port} in {settings.connect_s:g} s") from error
        self.early = asyncio.Queue(EARLY_EVENTS_MAX)
        self._reading = asyncio.create_task(self._read(reader), name=f"ami-read-{settings.name}")
        await self._log_in()
        if self._admit is not None:
            await self._admit()
        for headers in self._filters:
            try:
                await self._ask("Filter", headers)
            except ActionFailed as error:
                # Only costs speed: events that nobody asked for are passed over.
                self._log.warning("ami_filter_refused", why=str(error))
        self._logged_in = True

    async def _log_in(self) -> None:
        settings = self._settings
        secret = settings.secret.get_secret_value()
        try:
            challenge = (await self._ask("Challenge", [("AuthType", "MD5")])).get("Challenge")
            key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
            proof = [("AuthType", "MD5"), ("Username", settings.user), ("Key", key)]
        except ActionFailed as error:
            # Asterisk may be built or set up without MD5. In clear only where nobody listens.
            if not (settings.tls or _is_loopback(settings.host)):
                why = f"{settings.host} refuses a challenge ({error}); the secret is not sent without TLS"
                raise LoginRefused(why) from error
            proof = [("Username", settings.user), ("Secret", secret)]
        try:
            await self._ask("Login", proof)
        except ActionFailed as error:
            raise LoginRefused(f"login refused: {error}") from error

    async def _ask(self, name: str, headers: Iterable[Header]) -> Message:
        """Where a lost connection must not be taken for a refusal."""
        try:
            return await self._write(name, headers)
        except NotConnected as error:
            raise LinkLost(str(error)) from error

    async def _stay(self) -> NoReturn:
        """Until the connection is over."""
        self._log.info("ami_link_up", host=self._settings.host, port=self._settings.port)
        reading = self._reading
        upkeep = asyncio.create_task(self._keep_alive(), name=f"ami-ping-{self._settings.name}")
        try:
            await asyncio.wait([reading, upkeep], return_when=asyncio.FIRST_COMPLETED)
            if upkeep.done():
                upkeep.result()
            raise LinkLost(reading.result())
        finally:
            upkeep.cancel()

    async def _keep_alive(self) -> NoReturn:
        """A peer that fell silent without closing is noticed by nothing but an unanswered ping."""
        await self._call(self._on_up())
        while True:
            await asyncio.sleep(self._settings.ping_s)
            try:
                await self._ping()
            except OutcomeUnknown as error:
                raise LinkLost(str(error)) from error

    async def _send_ping(self) -> None:
        await self._write("Ping")

    async def _drop(self) -> None:
        self._logged_in = False
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
            self._reading.cancel()
            await asyncio.wait([self._reading])
        self._fail_pending("the link was lost")

    def _fail_pending(self, why: str) -> None:
        for pending in list(self._pending.values()):
            pending.fail(OutcomeUnknown(f"{pending.name}: {why}"))

    # ------------------------------------------------------------------------------------------------- reading

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """Until the stream ends, and why it did."""
        ami = AmiReader()
        why = "the switch closed the connection"
        try:
            while data := await reader.read(READ_BYTES):
                await self._hear(ami.feed(data))
        except (AmiError, OSError) as error:
            why = str(error) or type(error).__name__
        self._fail_pending(why)  # now: who waits for the answer to a login would wait for its deadline
        return why

    async def _hear(self, messages: Iterable[Message]) -> None:
        for message in messages:
            told = self._take(message)
            if told is None:
                continue
            try:
                await told
            except Exception:  # noqa: BLE001  # one bad event must not stop the stream; whoever raised it is told by the log
                self._log.exception("ami_callback_failed", message=repr(message)[:500])

    def _take(self, message: Message) -> Awaitable[None] | None:
        """What has to be awaited because of a message; no coroutine itself, since it runs for each of them."""
        pending = self._pending.get(message.get("ActionID"))
        is_event = "Event" in message  # OriginateResponse has both an Event and a Response header
        if pending is None or (is_event and pending.on_list is None):
            if is_event and self._logged_in:
                return self._on_message(message)
            if is_event:
                if not self.early.full():
                    self.early.put_nowait(message)
            elif "Response" in message:
                self._log.warning("ami_answer_unasked", message=repr(message)[:500])
        elif not is_event and message.get("Response").lower() == "error":
            pending.fail(ActionFailed(message.get("Message", "refused")))
        elif pending.on_list is None:
            self._answer(pending, message)
        elif is_event and message.get("EventList").lower() == "complete":
            return self._end_list(pending, pending.on_list, message)
        elif is_event and len(pending.listed) < LISTED_MAX:
            pending.listed.append(message)
        elif is_event:
            pending.listed.clear()
            pending.fail(OutcomeUnknown(f"{pending.name}: a list of more than {LISTED_MAX:,} rows"))
        return None

    async def _end_list(self, pending: _Pending, on_list: OnList, last: Message) -> None:
        items, came = last.get("ListItems"), len(pending.listed)
        different = len({tuple(row) for row in pending.listed})
        if items.isdecimal() and not int(items) == came == different:
            # What is not on a list is taken for gone: half a list would end calls that go on.
            pending.fail(OutcomeUnknown(f"{pending.name}: {came} rows came of {items}, {different} different ones"))
            return
        await self._call(on_list(pending.listed), last)
        self._answer(pending, last)

    def _answer(self, pending: _Pending, message: Message) -> None:
        if not pending.answer.done():
            pending.answer.set_result(message)

    async def _call(self, callback: Awaitable[None], message: Message | None = None) -> None:
        try:
            await callback
        except Exception:  # noqa: BLE001  # one bad event must not stop the stream; whoever raised it is told by the log
            self._log.exception("ami_callback_failed", message=repr(message)[:500])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
