"""Durations and hours as a scenario's file says them. Pure."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import PlainValidator

from simulator.chance import Constant, Distribution, Exponential, Lognormal, Measured

DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def read_duration(said: object) -> Distribution:
    """Seconds, or a table that names a distribution of seconds. Raises ValueError."""
    match said:
        case Distribution():
            return said
        case bool():
            pass
        case int() | float():
            return Constant(said)
        case {"exponential": int() | float() as mean, **rest} if not rest:
            return Exponential(mean)
        case {"lognormal": int() | float() as mean, "cv": int() | float() as cv, **rest} if not rest:
            return Lognormal.of_mean(mean, cv)
        case {"lognormal_median": int() | float() as median, "sigma": int() | float() as sigma, **rest} if not rest:
            return Lognormal(median, sigma)
        case {"measured": [*times], **rest} if not rest and all(isinstance(one, int | float) for one in times):
            return Measured(tuple(times))
    raise ValueError(
        "expected seconds, { exponential = MEAN }, { lognormal = MEAN, cv = DEVIATION_OVER_MEAN },"
        f" {{ lognormal_median = MEDIAN, sigma = SIGMA }} or {{ measured = [SECONDS, ...] }}, got {said!r}"
    )


def read_span(said: object) -> tuple[int, int]:
    """`"08:00-16:30"` in minutes from midnight; past midnight where the end comes before the beginning."""
    match = _SPAN.fullmatch(said) if isinstance(said, str) else None
    if match is None:
        raise ValueError(f'expected hours such as "08:00-16:30", got {said!r}')
    hours_1, minutes_1, hours_2, minutes_2 = map(int, match.groups())
    begins, ends = hours_1 * 60 + minutes_1, hours_2 * 60 + minutes_2
    if begins == ends or ends > DAY_MINUTES:
        raise ValueError(f'expected an end up to "24:00" that is not the beginning, got {said!r}')
    return begins, ends if ends > begins else ends + DAY_MINUTES


Duration: TypeAlias = Annotated[Distribution, PlainValidator(read_duration)]
Span: TypeAlias = Annotated[tuple[int, int], PlainValidator(read_span)]
"""Minutes from midnight."""
