"""Which events an AMI session hears: the criteria of `eventfilter` lines and of the Filter action. Pure.

    action(include|exclude),name(Event),header(Name),method(regex|exact|starts_with|ends_with|contains|none)   + a value

and the older form, a regular expression over the whole event, with `!` before it to exclude.
Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/AMI-Event-Filtering/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from simulator.pbx.channel import Headers

_CRITERION = re.compile(r"(action|name|header|method)\(([^()]*)\)")
_CRITERIA = re.compile(rf"{_CRITERION.pattern}(,{_CRITERION.pattern})*")

Test: TypeAlias = Callable[[str, str], bool]
"""(text, value) → does it match?"""

_METHODS: dict[str, Test] = {
    "regex": lambda text, value: re.search(value, text) is not None,
    "exact": lambda text, value: text == value,
    "starts_with": lambda text, value: text.startswith(value),
    "ends_with": lambda text, value: text.endswith(value),
    "contains": lambda text, value: value in text,
    "none": lambda _text, _value: True,
}


class FilterError(ValueError):
    """Criteria that are none; the text is AMI's `Message`."""


@dataclass(frozen=True)
class _Rule:
    excludes: bool
    event: str
    header: str
    test: Test
    value: str

    def matches(self, event: str, headers: Headers) -> bool:
        if self.event and self.event != event:
            return False
        if self.header:
            return any(self.test(text, self.value) for name, text in headers if name == self.header)
        whole = "".join(f"{name}: {text}\r\n" for name, text in [("Event", event), *headers])
        return self.test(whole, self.value)


class EventFilter:
    """With rules to include, only what one of them matches is heard; then whatever a rule excludes is not."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, criteria: str, value: str) -> None:
        """Raises FilterError."""
        if not _CRITERIA.fullmatch(criteria):
            raise FilterError("Failed to add filter")
        parts = dict(_CRITERION.findall(criteria))
        method = parts.get("method", "regex" if value else "none")
        if method not in _METHODS or parts.get("action", "include") not in ("include", "exclude"):
            raise FilterError("Failed to add filter")
        self._append(parts.get("action") == "exclude", parts.get("name", ""), parts.get("header", ""), method, value)

    def add_expression(self, expression: str) -> None:
        """The older form. Raises FilterError."""
        self._append(expression.startswith("!"), "", "", "regex", expression.removeprefix("!"))

    def _append(self, excludes: bool, event: str, header: str, method: str, value: str) -> None:  # noqa: FBT001 - private
        if method == "regex":
            try:
                re.compile(value)
            except re.error as error:
                raise FilterError("Failed to add filter") from error
        self._rules.append(_Rule(excludes, event, header, _METHODS[method], value))

    def hears(self, event: str, headers: Headers) -> bool:
        including = [rule for rule in self._rules if not rule.excludes]
        if including and not any(rule.matches(event, headers) for rule in including):
            return False
        return not any(rule.matches(event, headers) for rule in self._rules if rule.excludes)
