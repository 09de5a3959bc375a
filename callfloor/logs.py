"""The log: structured lines, without secrets, callers' numbers masked on request. I/O: writes to stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from callfloor.config import LogSettings

_NUMBERS = ("ani", "caller", "number")
_SECRETS = ("secret", "password", "token", "password_hash")


def masked(number: str) -> str:
    """All but the last three characters as stars; a short number entirely."""
    return "*" * max(0, len(number) - 3) + number[-3:] if len(number) > 5 else "*" * len(number)


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS:
        if isinstance(event.get(key), str):
            event[key] = masked(event[key])
    return event


def _hide(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _SECRETS:
        if key in event:
            event[key] = "[hidden]"
    return event


def set_up(settings: LogSettings) -> None:
    """From now on every part's log goes to stderr: coloured lines for people, or JSON lines for machines."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide,
    ]
    if settings.mask_numbers:
        processors.append(_mask)
    if settings.json_lines:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
