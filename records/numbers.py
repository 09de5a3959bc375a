"""Telephone numbers in one spelling: E.164, such as +886912345678. Pure."""

from __future__ import annotations

import phonenumbers

_LONGEST = 64
"""No telephone number is longer, however it is written; what is longer is not worth parsing."""


def normalise(raw: str, region: str) -> str | None:
    """`raw` in E.164, read as a caller in `region` (such as `TW`) would; None if it is no number that could exist.

    "anonymous", an internal extension, a SIP user's name, an empty or hostile text: all None.
    """
    if len(raw) > _LONGEST:
        return None
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
