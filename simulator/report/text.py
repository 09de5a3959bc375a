"""Numbers as people read them, and HTML that nothing can break out of. Pure."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulator.confidence import Estimate
from simulator.report.report import Unit


class Html(str):
    """Text that is HTML already. Any other text is escaped by `el`."""

    __slots__ = ()


def el(name: str, *children: str, **attributes: str) -> Html:
    """An element. An underscore in an attribute's name is a hyphen, one at its end (`class_`) is left out."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    inside = "".join(child if isinstance(child, Html) else html.escape(child) for child in children)
    return Html(f"<{name}{given}>{inside}</{name}>")


def clock(at_ms: int, zone: str) -> str:
    return _moment(at_ms, zone).strftime("%H:%M")


def day(at_ms: int, zone: str) -> str:
    """The date; nothing for the day zero of a scenario that is no particular day."""
    moment = _moment(at_ms, zone)
    return moment.strftime("%Y-%m-%d") if moment.year > 1970 else ""


def _moment(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))


def said(value: float, unit: Unit, *, points: bool = False) -> str:
    """12.3 s, 2:05, 82.4 %, 1,204; the difference of two shares is in percentage points: 4 pp."""
    if unit == "share":
        return f"{_trimmed(value * 100)} {'pp' if points else '%'}"
    return duration(value) if unit == "ms" else _trimmed(value)


def duration(ms: float) -> str:
    """Seconds below one minute, then m:ss or h:mm:ss."""
    if abs(ms) < 59_950:
        return f"{_trimmed(ms / 1000)} s"
    sign = "−" if ms < 0 else ""
    minutes, seconds = divmod(round(abs(ms) / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"{sign}{minutes}:{seconds:02}"


def _trimmed(value: float) -> str:
    text = f"{value:,.1f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace("-", "−")


def interval(estimate: Estimate, unit: Unit, *, points: bool = False) -> str:
    """The confidence interval; nothing where one replication gives none, or where all gave the same."""
    if estimate.n < 2 or estimate.low == estimate.high:
        return ""
    return f"{said(estimate.low, unit, points=points)} – {said(estimate.high, unit, points=points)}"
