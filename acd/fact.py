"""What every fact is. Pure."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """What the ACD decided; it happened at the `at` of its input. (`gc=False`: a fact never refers back to itself.)"""
