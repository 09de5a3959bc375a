"""The one TOML file: read, checked as a whole, and every fault named with its place and what was expected there.

Does I/O: reads the file and the environment variables that it names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import make_url

from acd.vocabulary import AgentRules, QueueRules
from agent_console.settings import User, WebSettings
from cti.serial_settings import SerialSettings
from cti.settings import NodeSettings
from ivr.settings import IvrSettings
from pbx_config.settings import PbxSettings
from records.settings import RecordsSettings


class ConfigError(Exception):
    """The configuration cannot be used. Each of `faults` names a place and what was expected there."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))
        self.faults = faults


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Queue(_Settings):
    """`[queues.ID]`. Times are milliseconds; `handle_ms` is a first guess, until calls have shown it."""

    name: str = Field(min_length=1)
    ring_ms: int = Field(default=15_000, ge=1_000, le=300_000)
    wrap_up_ms: int = Field(default=15_000, ge=0, le=3_600_000)
    service_level_ms: int = Field(default=20_000, ge=0)
    handle_ms: int = Field(default=180_000, ge=1_000)


class Agent(_Settings):
    """`[agents.ID]`: queue → level, where 1 is asked first."""

    name: str = Field(min_length=1)
    queues: dict[str, int] = Field(min_length=1)


class Node(NodeSettings):
    """`[nodes.NAME]`: one Asterisk; `dialplan` is what its rendered configuration needs beside that."""

    dialplan: PbxSettings


class LogSettings(_Settings):
    """`[log]`: `mask_numbers` keeps only the last digits of callers' numbers."""

    level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    json_lines: bool = False
    mask_numbers: bool = False


class Config(_Settings):
    """The whole system, as one file says it."""

    folder: Path = Field(exclude=True)
    log: LogSettings = LogSettings()
    web: WebSettings = WebSettings()
    records: RecordsSettings = RecordsSettings()
    ivr: IvrSettings
    nodes: dict[str, Node]
    serial: dict[str, SerialSettings] = {}
    queues: dict[str, Queue] = Field(min_length=1)
    agents: dict[str, Agent] = Field(min_length=1)
    users: dict[str, User] = {}

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
            node["dialplan"] = dialplan
        for name, line in _tables(data, "serial"):
            line["name"] = name
        return data

    @model_validator(mode="after")
    def _references_hold(self) -> Config:
        known = ", ".join(sorted(self.queues))
        for place, queue in self.ivr.queues():
            if queue not in self.queues:
                raise ValueError(f"ivr.{place}: there is no queue {queue!r} (queues: {known})")
        for name, agent in self.agents.items():
            for queue in agent.queues:
                if queue not in self.queues:
                    raise ValueError(f"agents.{name}.queues: there is no queue {queue!r} (queues: {known})")
        for name, user in self.users.items():
            if user.agent is not None and user.agent not in self.agents:
                agents = ", ".join(sorted(self.agents))
                raise ValueError(f"users.{name}.agent: there is no agent {user.agent!r} (agents: {agents})")
        return self

    def queue_rules(self) -> dict[str, QueueRules]:
        return {name: msgspec.convert(queue.model_dump(), QueueRules) for name, queue in self.queues.items()}

    def agent_rules(self) -> dict[str, AgentRules]:
        return {name: AgentRules(agent.name, dict(agent.queues)) for name, agent in self.agents.items()}


def load(path: Path) -> Config:
    """Reads and checks the file at `path`; relative paths in it are relative to its folder.

    Raises ConfigError, which names every fault that was found.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"byte {error.start}: expected UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from None
    try:
        return check(data, path.resolve().parent)
    except ValidationError as error:
        raise ConfigError(path, [_fault(one) for one in error.errors()]) from None
    except LookupError as error:
        raise ConfigError(path, [str(error.args[0])]) from None


def check(data: dict[str, Any], folder: Path) -> Config:
    """The configuration that `data` says. Raises ValidationError, and LookupError for an unset environment variable."""
    config = Config.model_validate({**_from_environment(data, ""), "folder": folder})
    records, ivr = config.records, config.ivr
    journal = records.journal.model_copy(update={"path": folder / records.journal.path})
    database = records.database.model_copy(update={"url": _absolute_url(records.database.url, folder)})
    speech = ivr.speech.model_copy(update={"cache": folder / ivr.speech.cache})
    return config.model_copy(
        update={
            "records": records.model_copy(update={"journal": journal, "database": database}),
            "ivr": ivr.model_copy(update={"speech": speech, "messages": folder / ivr.messages}),
        }
    )


def _fault(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{place}: no such key"
    if error["type"] == "missing":
        return f"{place}: missing"
    message = error["msg"].removeprefix("Value error, ")
    got = error["input"]
    # Numbers only: a text may be a password, put where a hash belongs or standing in a URL. Where it is harmless, the
    # validator that refuses it says it.
    private = "secret" in place or "password" in place
    shown = f", got {got!r}" if isinstance(got, int | float) and not private else ""
    return f"{place}: {message}{shown}" if place else message


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
