"""What every input is. Pure."""

from __future__ import annotations

import msgspec


class Input(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """What is said to the ACD."""

    at: int
