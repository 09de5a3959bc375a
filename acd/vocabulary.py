"""Every word spoken with the ACD: requests and reports go in, facts come out. Pure.

request  someone asks:            may be refused                                    acd.inputs, acd.work_inputs
report   something happened:      cannot be refused, may be stale                   acd.inputs
fact     what the ACD decided:    the only thing that changes state, and is stored  acd.facts, talk_facts, work_facts
rules    what the operator wants: said in `Configure` and `ChangeSettings`           acd.policy, acd.settings_changes
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import msgspec

from acd.fact import *  # noqa: F403 - `say` is the one name for every word, whichever file it stands in
from acd.facts import *  # noqa: F403 - every word, as above
from acd.facts import AnyFact
from acd.input import *  # noqa: F403 - the same
from acd.inputs import *  # noqa: F403 - the same
from acd.inputs import AnyInput
from acd.policy import *  # noqa: F403 - the same
from acd.settings_changes import *  # noqa: F403 - every word, as above
from acd.talk_facts import *  # noqa: F403 - every word, as above
from acd.work_facts import *  # noqa: F403 - the same
from acd.work_inputs import *  # noqa: F403 - the same


class Line(msgspec.Struct, frozen=True):
    """One line of the journal: what was said, and all that the ACD decided because of it."""

    seq: int
    input: AnyInput
    facts: list[AnyFact]


Tell: TypeAlias = Callable[[AnyInput], Awaitable[Sequence[AnyFact]]]
"""How a part of the house speaks to the ACD: the facts come back once they are in the journal."""

Now: TypeAlias = Callable[[], int]
"""The clock that a part stamps its inputs with: milliseconds since 1970 UTC."""
