"""The one TOML file: read, checked as a whole, and every fault named with its place and what was expected there.

Does I/O: reads the file and the environment variables that it names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator
from sqlalchemy import make_url

from acd.vocabulary import Change, SettingsChanged
from agent_console.settings import ApiKey, User, WebSettings
from agent_console.softphones import Softphone
from callfloor.document import Document, Settings
from callfloor.kept_passwords import PasswordsUnreadable, path_beside, read_passwords
from callfloor.rules import Queue, Rules, RuleTables, treatments
from cti.phones import split
from cti.serial_settings import SerialSettings
from cti.settings import NodeSettings
from ivr.settings import LAST, IvrSettings
from pbx_config.settings import PbxSettings
from records.journal import JournalCorrupt, find
from records.settings import JournalSettings, RecordsSettings
from records.webhook_settings import WebhookName, WebhookSettings

T = TypeVar("T")

SETTINGS_CHANGED = b'"SettingsChanged"'
"""Stands in each line of the journal that has such a fact."""


class ConfigError(Exception):
    """The configuration cannot be used. Each of `faults` names a place and what was expected there."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))
        self.faults = faults


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Node(NodeSettings):
    """`[nodes.NAME]`: one Asterisk; `dialplan` is what its rendered configuration needs beside that."""

    dialplan: PbxSettings
    messages: Path | None = None
    """The dialplan's `fallback.message_folder` as we see it, if that is not the same path."""
    recordings: Path | None = None
    """`recording.folder` as we see it, if that is not the same path."""

    @property
    def recorded(self) -> Path:
        """Where the recordings of this node are, for people to hear."""
        return self.recordings or Path(self.recording.folder)

    @property
    def messages_taken(self) -> Path:
        """Where to look for messages that the dialplan took while we could not be reached."""
        return self.messages or Path(self.dialplan.fallback.message_folder)


class LogSettings(_Settings):
    """`[log]`: `mask_numbers` keeps only the last digits of callers' numbers."""

    level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    json_lines: bool = False
    mask_numbers: bool = False


class Config(RuleTables):
    """The whole system, as one file says it; `[queues.ID]`, `[agents.ID]` and `[routing]` are those of `RuleTables`."""

    folder: Path = Field(exclude=True)
    _settings: Settings = PrivateAttr(default_factory=lambda: Settings({}))
    log: LogSettings = LogSettings()
    web: WebSettings = WebSettings()
    records: RecordsSettings = RecordsSettings()
    ivr: IvrSettings
    nodes: dict[str, Node]
    serial: dict[str, SerialSettings] = Field(default_factory=dict)
    users: dict[str, User] = Field(default_factory=dict)
    api_keys: dict[str, ApiKey] = Field(default_factory=dict)
    webhooks: dict[WebhookName, WebhookSettings] = Field(default_factory=dict, max_length=8)

    @model_validator(mode="before")
    @classmethod
    def _names_are_said_once(cls, data: Any) -> Any:
        """`[nodes.pbx1]` is named pbx1; what the dialplan must know about our ports stands there already."""
        if not isinstance(data, dict):
            return data
        ivr = _table(data, "ivr")
        for name, node in _tables(data, "nodes"):
            node["name"] = name
            dialplan = _table(node, "dialplan")
            dialplan.update(node=name, live={"name": node.get("user", "callfloor"), "secret": node.get("secret")})
            dialplan.setdefault("ami_host", node.get("host", "127.0.0.1"))
            dialplan.setdefault("ami_port", node.get("port", 5038))
            dialplan.setdefault("agi_host", ivr.get("host", "127.0.0.1"))
            dialplan.setdefault("agi_port", ivr.get("port", 4573))
            if _table(node, "dial").get("transfer") == "flash":
                dialplan.setdefault("hook_flash", {})
            if isinstance(softphones := dialplan.get("softphones"), dict):
                softphones["users"] = [user for user, of in _tables(data, "users") if of.get("softphone") == name]
            node["dialplan"] = dialplan
        nodes = _table(data, "nodes")
        for _, user in _tables(data, "users") if len(nodes) == 1 else ():
            if isinstance(phone := user.get("phone"), str) and split(phone)[0] in nodes:
                user["phone"] = split(phone)[1]  # of one node, nobody needs its name
        for name, line in _tables(data, "serial"):
            line["name"] = name
        return data

    def model_post_init(self, context: Any) -> None:
        if isinstance(context, Settings):
            self._settings = context

    @property
    def settings(self) -> Settings:
        """The tables that this was made from, as they are written."""
        return self._settings

    @model_validator(mode="after")
    def _references_hold(self) -> Config:
        if faults := [*_unspoken(self.queues, self.ivr), *self._unknown(), *self._unreachable()]:
            raise ValueError("\n".join(faults))
        return self

    def _unknown(self) -> Iterator[str]:
        """Names that some table gives and none explains."""
        known, agents = ", ".join(sorted(self.queues)), ", ".join(sorted(self.agents))
        if self.routing.dials_out and self.routing.dials_out not in self.nodes:
            yield f"routing.dials_out: there is no node {self.routing.dials_out!r}"
        for place, agent in self.ivr.preferred():
            if agent not in self.agents:
                yield f"ivr.{place}: there is no agent {agent!r} (agents: {agents}), nor is it {LAST!r}"
        for place, queue in self.ivr.queues():
            if queue not in self.queues:
                yield f"ivr.{place}: there is no queue {queue!r} (queues: {known})"
        for name, line in self.serial.items():
            for queue in sorted(line.lamps.keys() - self.queues.keys()):
                yield f"serial.{name}.lamps: there is no queue {queue!r} (queues: {known})"
        for name, user in self.users.items():
            if user.agent is not None and user.agent not in self.agents:
                yield f"users.{name}.agent: there is no agent {user.agent!r} (agents: {agents})"

    def rules(self) -> Rules:
        """The first node that can dial numbers outside places agents' calls, unless `[routing]` names one."""
        rules = super().rules()
        outside = next((name for name, node in self.nodes.items() if node.dial.number), "")
        if rules.routing.dials_out or not outside:
            return rules
        return replace(rules, routing=msgspec.structs.replace(rules.routing, dials_out=outside))

    def softphones(self) -> dict[str, Softphone]:
        """User → telephone in the browser. `pbx_config` makes name and password for the switch in the same way."""
        found: dict[str, Softphone] = {}
        for name, node in self.nodes.items():
            if (its := node.dialplan.softphones) is None:
                continue
            for user in its.users:
                phone = f"PJSIP/{its.sip_name(user)}"
                found[user] = Softphone(
                    uri=f"sip:{its.sip_name(user)}@{name}",
                    password=its.sip_password(user),
                    phone=phone if len(self.nodes) == 1 else f"{name}:{phone}",
                    auto_answer=self.users[user].auto_answer,
                    switch=f"ws://{node.host}:{its.http_port}/ws",
                )
        return found

    def _unreachable(self) -> Iterator[str]:
        """Telephones that are at no node, or that a node could not dial for its own callers."""
        known = ", ".join(sorted(self.nodes))
        for name, node in self.nodes.items():
            for other in node.dial.nodes.keys() - (self.nodes.keys() - {name}):
                yield f"nodes.{name}.dial.nodes: there is no other node {other!r} (nodes: {known})"
        for name, of in self.users.items():
            if of.softphone and of.softphone not in self.nodes:
                yield f"users.{name}.softphone: there is no node {of.softphone!r} (nodes: {known})"
            elif of.softphone and self.nodes[of.softphone].dialplan.softphones is None:
                yield f"users.{name}.softphone: nodes.{of.softphone}.dialplan.softphones is missing, with its secret"
        phones = {(name, split(of.phone)[0], "phone") for name, of in self.users.items()}
        phones |= {(name, of.softphone, "softphone") for name, of in self.users.items()}
        for user, its, key in sorted(phones):
            if key == "phone" and its and its not in self.nodes:
                yield f"users.{user}.phone: there is no node {its!r} (nodes: {known})"
            for name, node in self.nodes.items() if its in self.nodes else ():
                if its != name and its not in node.dial.nodes:
                    yield f"nodes.{name}.dial.nodes.{its}: missing, how {name} dials the telephone of users.{user}"

    def brought(self) -> dict[str, set[int]]:
        """The priorities that calls bring to each queue: 0 from the dialplan, those of the flows from the IVR."""
        return brought(self.ivr)

    def asks(self) -> dict[str, set[str]]:
        """What calls ask for themselves, by queue: nothing from the dialplan, what the flows say from the IVR."""
        return asks(self.ivr)


class RulesFile(RuleTables):
    """What of the file matters to who takes which call; the rest may be there, and is not looked at."""

    model_config = ConfigDict(extra="ignore")

    ivr: IvrSettings | None = None

    @model_validator(mode="after")
    def _can_be_said(self) -> RulesFile:
        if self.ivr is not None and (faults := [*_unspoken(self.queues, self.ivr)]):
            raise ValueError("\n".join(faults))
        return self

    def brought(self) -> dict[str, set[int]]:
        return brought(self.ivr) if self.ivr is not None else {}

    def asks(self) -> dict[str, set[str]]:
        return asks(self.ivr) if self.ivr is not None else {}

    def head_starts(self) -> dict[str, int]:
        """The longest head start (ms) that a flow gives to calls of each queue."""
        found: dict[str, int] = {}
        for _, choice, _ in self.ivr.entries() if self.ivr is not None else ():
            found[choice.queue] = max(found.get(choice.queue, 0), choice.head_start_ms)
        return found


def _unspoken(queues: Mapping[str, Queue], ivr: IvrSettings) -> Iterator[str]:
    """Steps that leave to the IVR what it cannot say, or what the flows do not ask the callers of the queue."""
    there = ", ".join(sorted(ivr.announcements)) or "none at all"
    for name, queue in queues.items():
        silent = [flow for flow, reached in _reached(queues, ivr) if name in reached]
        for n, step in enumerate(queue.rules.steps):
            place = f"queues.{name}.steps.{n}"
            if step.announce and step.announce not in ivr.announcements:
                yield f"{place}.announce: there is no {step.announce!r} in ivr.announcements (announcements: {there})"
            if step.offer_callback and silent:
                flow = f"ivr.flows.{silent[0]}"
                yield f'{place}.offer_callback: callers come from {flow}: expected "callback" in its offers'


def _reached(queues: Mapping[str, Queue], ivr: IvrSettings) -> Iterator[tuple[str, set[str]]]:
    """Each flow that offers no callback, with the queues into which its calls may come, sent on from queue to queue."""
    for name, flow in ivr.flows.items():
        if "callback" in flow.offers:
            continue
        reached, new = set[str](), {choice.queue for _, choice in flow.choices()} & queues.keys()
        while new:
            reached |= new
            new = {to.to for one in new for _, to in treatments(queues[one].rules) if to.kind == "queue"} - reached
        yield name, reached


def brought(ivr: IvrSettings) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for _, choice, _ in ivr.entries():
        found.setdefault(choice.queue, {0}).add(choice.priority)
    return found


def asks(ivr: IvrSettings) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, choice, ask in ivr.entries():
        found.setdefault(choice.queue, {""}).add(ask)
    return found


def load(path: Path) -> Config:
    """The configuration as it stands: the file at `path`, and what has been changed on the page since. Relative paths
    are relative to the file's folder.

    Raises ConfigError, which names every fault that was found.
    """
    folder = path.resolve().parent

    def check_all(file: Document) -> Config:
        settings = _as_changed(path, file)
        try:
            return check_settings(settings, folder)
        except ValidationError as error:
            on_page = ", ".join(place for place in settings.changes if settings.is_last_word(place))
            more = [f"changed on the page since: {on_page}; what the file says anew there counts"] if on_page else []
            raise ConfigError(path, faults(error) + more) from None

    return _checked(path, check_all)


def _as_changed(path: Path, file: Document) -> Settings:
    """What the file says, and what the journal and the passwords beside it say since."""
    try:
        journal = _journal(file, path.resolve().parent)
        return Settings.begun(file, settings_changed(journal), read_passwords(path_beside(journal)))
    except (JournalCorrupt, PasswordsUnreadable) as error:
        raise ConfigError(path, [str(error)]) from error


def settings_changed(journal: Path) -> Iterator[Change]:
    """Every change of settings that the journal holds, in order. Raises JournalCorrupt."""
    for line in find(journal, SETTINGS_CHANGED) if journal.exists() else ():
        for fact in line.facts:
            if isinstance(fact, SettingsChanged):
                yield from fact.changes


def _journal(file: Document, folder: Path) -> Path:
    """Where the journal is. Whatever is wrong about it is found when all is checked."""
    said = _table(_table(file, "records"), "journal").get("path", "")
    said = _from_environment(said, "records.journal.path")
    return folder / (said if isinstance(said, str) and said else JournalSettings().path)


def load_rules(path: Path) -> RulesFile:
    """Reads and checks only the tables of queues, agents, routing and IVR in the file at `path`, as they have been
    changed on the page since if a journal is there. Raises ConfigError."""
    wanted = RulesFile.model_fields.keys()

    def check_tables(file: Document) -> RulesFile:
        tables = {name: table for name, table in _as_changed(path, file).document.items() if name in wanted}
        return RulesFile.model_validate(_from_environment(tables, ""))

    return _checked(path, check_tables)


def _checked(path: Path, check: Callable[[dict[str, Any]], T]) -> T:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"byte {error.start}: expected UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from None
    try:
        return check(data)
    except ValidationError as error:
        raise ConfigError(path, faults(error)) from None
    except LookupError as error:
        raise ConfigError(path, [str(error.args[0])]) from None


def check(file: Document, folder: Path) -> Config:
    """The configuration that the file alone says. Raises as `check_settings` does."""
    return check_settings(Settings(file), folder)


def check_settings(settings: Settings, folder: Path) -> Config:
    """The configuration that these settings say. Raises ValidationError, and LookupError for an unset environment
    variable."""
    document = _from_environment(settings.document, "")
    config = Config.model_validate({**document, "folder": folder}, context=settings)
    records, ivr = config.records, config.ivr
    journal = records.journal.model_copy(update={"path": folder / records.journal.path})
    database = records.database.model_copy(update={"url": _absolute_url(records.database.url, folder)})
    speech = ivr.speech.model_copy(update={"cache": folder / ivr.speech.cache})
    nodes = {
        name: node.model_copy(update={"messages": node.messages and folder / node.messages})
        for name, node in config.nodes.items()
    }
    webhooks = {
        name: hook.model_copy(update={"certificates": hook.certificates and folder / hook.certificates})
        for name, hook in config.webhooks.items()
    }
    for name, hook in webhooks.items():
        if hook.certificates is not None and not hook.certificates.is_file():
            raise LookupError(f"webhooks.{name}.certificates: there is no file {str(hook.certificates)!r}")
    audit = folder / (config.web.audit or journal.path.with_suffix(".audit"))
    return config.model_copy(
        update={
            "web": config.web.model_copy(update={"audit": audit}),
            "nodes": nodes,
            "webhooks": webhooks,
            "records": records.model_copy(update={"journal": journal, "database": database}),
            "ivr": ivr.model_copy(update={"speech": speech, "messages": folder / ivr.messages}),
        }
    )


def faults(error: ValidationError) -> list[str]:
    """Each fault in words: its place, what was expected there and, where it can be no secret, what was found."""
    return [fault for one in error.errors() for fault in _fault(one)]


def _fault(error: Any) -> list[str]:
    place = ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return [f"{place}: no such key"]
    if error["type"] == "missing":
        return [f"{place}: missing"]
    message = _EXPECTED.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    got = error["input"]
    # Numbers only: a text may be a password, put where a hash belongs or standing in a URL. Where it is harmless, the
    # validator that refuses it says it.
    private = "secret" in place or "password" in place
    shown = f", got {got!r}" if isinstance(got, int | float) and not private else ""
    # What is wrong between several tables is found in all of them at once: a line each, its place in front.
    return [f"{place}: {message}{shown}"] if place else message.splitlines()


_EXPECTED = {"tuple_type": "expected a list", "model_type": "expected a table", "dict_type": "expected a table"}
"""What pydantic says in Python's words."""


def _from_environment(value: Any, place: str) -> Any:
    """`{ env = "NAME" }` stands for the value of that environment variable: for secrets that no file should hold."""
    if isinstance(value, dict):
        if set(value) == {"env"} and isinstance(value["env"], str):
            if value["env"] not in os.environ:
                raise LookupError(f"{place}: environment variable {value['env']} is not set")
            return os.environ[value["env"]]
        return {key: _from_environment(item, f"{place}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_environment(item, f"{place}.{n}") for n, item in enumerate(value)]
    return value


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name, {})
    return table if isinstance(table, dict) else {}


def _tables(data: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((key, value) for key, value in _table(data, name).items() if isinstance(value, dict))


def _absolute_url(text: str, folder: Path) -> str:
    url = make_url(text)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return text
    return url.set(database=str(folder / str(url.database))).render_as_string(hide_password=False)
