"""Settings that are changed while the system runs: what is asked, and what became of it. Pure.

The file says how a system begins; each change after that is a fact, and the last word on a place counts.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from acd.fact import Fact
from acd.input import Input
from acd.policy import AgentRules, QueueRules, RoutingRules

Table: TypeAlias = dict[str, Any]
"""A table as the configuration file would say it: texts, numbers, booleans, lists and tables."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """`place` names a table of the configuration, such as `queues.sales`; None is a table that is not there.

    `file` is a digest of what the file says at this place, "" for nothing: as long as it says that, this change is the
    last word. Passwords are never part of a table.
    """

    place: str
    before: Table | None = None
    after: Table | None = None
    file: str = ""


class ChangeSettings(Input, frozen=True):
    """All of the `changes` or none; with them, the rules to go by are these."""

    by: str
    changes: tuple[Change, ...]
    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]
    routing: RoutingRules = RoutingRules()


class SettingsChanged(Fact, frozen=True):
    by: str
    changes: tuple[Change, ...]
