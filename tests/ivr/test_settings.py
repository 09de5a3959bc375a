"""What an operator may get wrong in a flow, and the words that say so."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

import ivr.settings
from ivr.settings import IvrSettings
from tests.ivr.house import FLOWS, ivr_settings


def test_the_flow_in_the_documentation_reads() -> None:
    shown = (ivr.settings.__doc__ or "").partition("In the one TOML file it reads:")[2]
    read = tomllib.loads('[ivr]\ndefault_hotline = "4008001000"\n' + shown)["ivr"]
    settings = IvrSettings.model_validate(read)
    assert settings.hotline("4008001000").language == "zh"
    assert settings.queues() == [
        ("flows.main.menus.top.keys.1.queue", "service"),
        ("flows.main.menus.top.keys.2.queue", "complaints"),
    ]


def test_queues_are_listed_with_their_places() -> None:
    assert ivr_settings().queues() == [
        ("flows.main.menus.top.keys.1.queue", "service"),
        ("flows.main.menus.top.wrong.then.queue", "service"),
        ("flows.main.menus.bills.keys.*.queue", "bills"),
        ("flows.direct.start.queue", "service"),
        ("flows.patient.start.queue", "service"),
    ]


TOP = ("flows", "main", "menus", "top")
WRONG: list[tuple[tuple[str, ...], object, str]] = [
    (("default_hotline",), "9", "default_hotline: there is no hotline '9' (hotlines: 8001, 8002, 8003, 8004)"),
    (("hotlines", "8001", "flow"), "x", "hotlines.8001.flow: there is no flow 'x' (flows: direct, main, patient)"),
    (("hotlines", "8001", "language"), "de", "hotlines.8001.language\n  Input should be 'zh' or 'en'"),
    (("hotlines", "8003", "language"), "fr", "hotlines.8003.language"),
    (
        ("flows", "main", "greeting"),
        {"en": "Hi."},
        "flows.main.greeting: no text in 'zh', the language of hotline 8002",
    ),
    ((*TOP, "prompt"), {"zh": "好"}, "flows.main.menus.top.prompt: no text in 'en', the language of hotline 8001"),
    ((*TOP, "keys", "2"), {"menu": "bils"}, "menus.top.keys.2: there is no menu 'bils' in this flow"),
    (
        (*TOP, "keys", "2"),
        {"menu": "bills", "queue": "q"},
        "expected one of queue, menu and hangup, found queue and menu",
    ),
    ((*TOP, "keys", "2"), {}, "leads nowhere: expected queue, menu, say or hangup"),
    ((*TOP, "keys", "2"), {"hangup": True, "priority": 3}, "priority counts only where a queue is named"),
    ((*TOP, "keys", "12"), {"hangup": True}, "flows.main.menus.top.keys.12.[key]\n  Input should be '0', '1'"),
    ((*TOP, "keys"), {}, "at least 1 item"),
    ((*TOP, "retry"), 1, "flows.main.menus.top.retry\n  Extra inputs are not permitted"),
    ((*TOP, "timeout_ms"), 5, "flows.main.menus.top.timeout_ms\n  Input should be greater than or equal to 500"),
    (("flows", "direct", "start"), {"say": {"en": "Hi."}}, "start: expected a menu, a queue or hangup"),
    (("flows", "empty"), {}, "start: there is no menu 'top' in this flow (its menus: none at all)"),
    (("announcements", "sorry"), {"zh": "好"}, "announcements.sorry: no text in 'en', the language of hotline 8001"),
    (
        ("flows", "patient", "offers"),
        [],
        "exit_key: leads to a choice, but offers is empty: expected callback, message",
    ),
    (("flows", "patient", "offers"), ["message", "message"], "offers: expected each once"),
    (("flows", "patient", "offers"), ["tea"], "flows.patient.offers.0\n  Input should be 'callback' or 'message'"),
    (("flows", "patient", "exit_key"), "star", "flows.patient.exit_key"),
    (("speech",), {"engine": "parrot"}, "speech.engine\n  Input should be 'espeak', 'gtts' or 'files'"),
]


@pytest.mark.parametrize(("place", "value", "complaint"), WRONG)
def test_what_is_wrong_is_named_with_its_place(place: tuple[str, ...], value: object, complaint: str) -> None:
    flows: dict[str, Any] = copy.deepcopy(FLOWS)
    target = flows
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    with pytest.raises(ValidationError) as refused:
        IvrSettings.model_validate(flows)
    assert complaint in str(refused.value)
