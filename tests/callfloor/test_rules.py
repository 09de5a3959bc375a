"""The tables of queues, agents and routing: every rule can be set, each fault has its place and what was expected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from pydantic import ValidationError

from acd.core import Acd
from acd.policy import AgentRules, CallbackRules, QueueRules, RoutingRules, Step, Treatment
from acd.vocabulary import Configured
from callfloor.config import ConfigError, faults, load_rules
from callfloor.hours import OpeningHours
from callfloor.rules import Rules, RuleTables

EVERYTHING = """
[queues.sales]
name = "Sales"
ring_ms = 20000
wrap_up_ms = 30000
service_level_ms = 10000
handle_ms = 60000
agent_choice = "best skill"
skills = "billing>=3  and zh"
levels = 1
steps = [
  { after_ms = 1000, skills = "zh", forget_ask = true, levels = 2, priority = 3, announce = "sorry" },
  { after_ms = 2000, widen = "helps", offer_callback = true, overflow = "queue:other" },
]
priority = -5
weight = 3
count_ivr = true
resume_ms = 60000
prefer_ms = 0
max_waiting = 10
max_wait_ms = 600000
join_when = ["free", "connected"]
stay_when = ["reserved"]
when_full = "number:+8613800000000"
when_too_long = "callback"
when_empty = "hang up"
when_closed = "queue:other"
serve_after_closing = false
on_no_answer = "rest"
on_reject = "next"
rest_ms = 5000
max_misses = 3
wrap_up_open = true
wrap_up_limit_ms = 60000
callback = { lead_ms = 0, ring_ms = 20000, tries = 5, retry_ms = 60000 }
record = "always"
dispositions = ["sale/new customer", "complaint"]
disposition_required = true
[queues.sales.hours]
zone = "Asia/Shanghai"
week = { mon-fri = ["09:00-18:00"] }
[queues.other]
name = "Other"
[agents.a1]
name = "Wang Li"
queues = { sales = 1, other = 2 }
skills = { billing = 3, "中文" = 4, zh = 2, helps = 1 }
weight = 7
[routing]
call_choice = "queue weight"
ageing_ms = 30000
dials_out = "pbx1"
"""
SALES = QueueRules(
    "Sales", 20_000, 30_000, 10_000, 60_000, "best skill", "billing >= 3 and zh", 1,
    (
        Step(1_000, "zh", forget_ask=True, levels=2, priority=3, announce="sorry"),
        Step(2_000, widen="helps", offer_callback=True, overflow=Treatment("queue", "other")),
    ),
    -5, 3, True, 60_000, 0, 10, 600_000, ("free", "connected"), ("reserved",),
    Treatment("number", "+8613800000000"), Treatment("callback"), Treatment("hang up"), Treatment("queue", "other"),
    False, "rest", "next", 5_000, 3, True, 60_000, CallbackRules(0, 20_000, 5, 60_000), "always",
    ("sale/new customer", "complaint"), True,
)  # fmt: skip


def read(text: str) -> Rules:
    return RuleTables.model_validate(tomllib.loads(text)).rules()


def faults_of(text: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(text)
    return faults(caught.value)


def test_every_rule_of_the_acd_can_be_set_and_the_acd_goes_by_it() -> None:
    rules = read(EVERYTHING)
    assert rules == Rules(
        queues={"sales": SALES, "other": QueueRules("Other")},
        agents={
            "a1": AgentRules("Wang Li", {"sales": 1, "other": 2}, {"billing": 3, "中文": 4, "zh": 2, "helps": 1}, 7)
        },
        routing=RoutingRules("queue weight", 30_000, "pbx1"),
        hours={"sales": OpeningHours(zone="Asia/Shanghai", week={"mon-fri": ["09:00-18:00"]})},
    )
    for field in msgspec.structs.fields(QueueRules):
        assert field.required or getattr(SALES, field.name) != field.default, f"{field.name} was not set"
    assert Acd().handle(rules.configure(1_000)) == [Configured(rules.queues, rules.agents, rules.routing)]


LITTLE = '[queues.q]\nname = "Q"\n{queue}\n[agents.a]\nname = "A"\nqueues = {{ q = 1 }}\n{agent}\n{more}'


def small(queue: str = "", agent: str = "", more: str = "") -> str:
    return LITTLE.format(queue=queue, agent=agent, more=more)


TREATMENTS = "'queue:ID', 'number:DIGITS', 'voicemail', 'callback' or 'hang up'"
CONDITIONS = (
    "'free', 'offered', 'reserved', 'connected', 'wrap-up', 'resting', 'unreachable', 'not ready' or 'logged off'"
)
CHANGES = "skills, forget_ask, levels, widen, priority, announce, offer_callback, overflow"
LETTERS = "letters, digits, '_', '-' and '.'"
CALL_CHOICES = "'oldest', 'priority', 'priority with ageing', 'queue weight' or 'service level'"


@pytest.mark.parametrize(
    ("queue", "fault"),
    [
        ("ringms = 5000", "queues.q.ringms: no such key"),
        ("ring_ms = 999", "queues.q.ring_ms: Input should be greater than or equal to 1000, got 999"),
        ('ring_ms = "long"', "queues.q.ring_ms: Input should be a valid integer, unable to parse string as an integer"),
        ('when_full = "queue:"', "queues.q.when_full: expected queue:ID, got 'queue:'"),
        ('when_full = "number:+86 138"', "queues.q.when_full: expected number:DIGITS, got 'number:+86 138'"),
        (
            'when_full = "busy"',
            f"queues.q.when_full: expected {TREATMENTS}, got 'busy'",
        ),
        (
            "when_full = 3",
            f"queues.q.when_full: expected {TREATMENTS}, got 3",
        ),
        (
            'join_when = ["awake"]',
            f"queues.q.join_when.0: Input should be {CONDITIONS}",
        ),
        (
            'skills = "zh >"',
            "queues.q.skills: column 5 of the ask 'zh >': expected a level: a whole number from 0, got the end",
        ),
        ("steps = 3", "queues.q.steps: expected a list, got 3"),
        ("steps = [3]", "queues.q.steps.0: expected a table, got 3"),
        ("steps = [{ levels = 1 }]", "queues.q.steps.0.after_ms: missing"),
        (
            'steps = [{ after_ms = 1, skills = "" }, { after_ms = 2, widen = "" }]',
            "queues.q.steps.1.widen: expected skills, or a group's name, of the agents who are asked as well",
        ),
        (
            "steps = [{ after_ms = 1, levels = -1 }]",
            "queues.q.steps.0.levels: Input should be greater than or equal to 0, got -1",
        ),
        (
            "steps = [{ after_ms = 20, levels = 1 }, { after_ms = 20, levels = 2 }]",
            "queues.q.steps.1.after_ms: expected more than the step before it, 20",
        ),
        (
            "steps = [{ after_ms = 1 }]",
            f"queues.q.steps.0: changes nothing; expected one of {CHANGES}",
        ),
        ('when_empty = "queue:p"', "queues.q.when_empty: there is no queue 'p' (queues: q)"),
        (
            'steps = [{ after_ms = 1, overflow = "queue:p" }]',
            "queues.q.steps.0.overflow: there is no queue 'p' (queues: q)",
        ),
        (
            'when_full = "queue:q"',
            "queues: a call could be sent round for ever, q → q: expected another treatment at one of them",
        ),
        ("callback = { tries = 0 }", "queues.q.callback.tries: Input should be greater than or equal to 1, got 0"),
        ("callback = true", "queues.q.callback: expected a table, got True"),
        (
            'dispositions = ["sale/", "sale"]',
            "queues.q: disposition 'sale/': expected 1 to 5 names of up to 80 characters, with / between them",
        ),
        (
            "disposition_required = true",
            "queues.q: disposition_required: expected dispositions to choose from",
        ),
        (
            'disposition_required = true\ndispositions = ["sale"]\nwrap_up_ms = 0',
            "queues.q: disposition_required: expected a wrap-up, in which it is given (wrap_up_ms or wrap_up_open)",
        ),
        ("wrap_up_limit_ms = 1000", "queues.q.wrap_up_limit_ms: expected at least wrap_up_ms, 15000"),
        (
            'hours = { zone = "Mars", week = {} }',
            "queues.q.hours.zone: expected a time zone such as Europe/Berlin, got 'Mars'",
        ),
    ],
)
def test_each_fault_of_a_queue_has_its_place_and_what_was_expected(queue: str, fault: str) -> None:
    assert faults_of(small(queue)) == [fault]


@pytest.mark.parametrize(
    ("agent", "more", "fault"),
    [
        ("weight = 0", "", "agents.a.weight: Input should be greater than or equal to 1, got 0"),
        ("skills = { zh = 0 }", "", "agents.a.skills.zh: Input should be greater than or equal to 1, got 0"),
        (
            'skills = { "zh and en" = 1 }', "",
            f"agents.a.skills.zh and en: expected the name of one skill: {LETTERS}, got 'zh and en'",
        ),
        ("", '[agents.b]\nname = "B"\nqueues = { p = 1 }', "agents.b.queues: there is no queue 'p' (queues: q)"),
        ("", '[agents.b]\nname = "B"', "agents.b.queues: missing"),
        ("", "[routing]\nageing_ms = 0", "routing.ageing_ms: Input should be greater than or equal to 1000, got 0"),
        (
            "", '[routing]\ncall_choice = "newest"',
            f"routing.call_choice: Input should be {CALL_CHOICES}",
        ),
    ],
)  # fmt: skip
def test_each_fault_of_agents_and_routing_has_its_place(agent: str, more: str, fault: str) -> None:
    assert faults_of(small("", agent, more)) == [fault]


def test_several_faults_are_named_at_once() -> None:
    text = small("ring_ms = 1\nweight = 0", "weight = 0")
    assert [fault.split(":")[0] for fault in faults_of(text)] == [
        "queues.q.ring_ms",
        "queues.q.weight",
        "agents.a.weight",
    ]
    between = small('when_full = "queue:p"', "", '[agents.b]\nname = "B"\nqueues = { r = 1 }')
    assert [fault.split(":")[0] for fault in faults_of(between)] == ["queues.q.when_full", "agents.b.queues"]


def test_queues_may_send_calls_on_but_not_round() -> None:
    chain = '[queues.{}]\nname = "X"\nwhen_full = "queue:{}"\n'
    there = chain.format("a", "b") + chain.format("b", "c") + '[queues.c]\nname = "C"\n'
    assert read(there + "[agents]").queues["a"].when_full == Treatment("queue", "b")
    [fault] = faults_of(there + 'steps = [{ after_ms = 1000, overflow = "queue:a" }]\n[agents]')
    assert "a → b → c" in fault or "b → c → a" in fault or "c → a → b" in fault


def numbers() -> Iterator[tuple[str, str]]:
    """Each number of the rules: its name, and the text of tables in which it is N."""
    tables: dict[type[msgspec.Struct], Callable[[str], str]] = {
        QueueRules: lambda name: small(f"{name} = N"),
        Step: lambda name: small(
            f"steps = [{{ after_ms = 1, {name} = N }}]".replace("after_ms = 1, after_ms", "after_ms")
        ),
        CallbackRules: lambda name: small(f"callback = {{ {name} = N }}"),
        AgentRules: lambda name: small("", f"{name} = N"),
        RoutingRules: lambda name: small(more=f"[routing]\n{name} = N"),
    }
    for struct, text in tables.items():
        for name, kind in get_type_hints(struct).items():
            if kind is int or set(get_args(kind)) == {int, NoneType}:
                yield f"{struct.__name__}.{name}", text(name)


@pytest.mark.parametrize(("name", "text"), list(numbers()), ids=lambda value: value if "\n" not in value else "")
@pytest.mark.parametrize("far", [-1_000_000_000, 1_000_000_000])
def test_no_number_is_without_bounds(name: str, text: str, far: int) -> None:
    [fault] = faults_of(re.sub(r"= N\b", f"= {far}", text))
    assert f"{name.partition('.')[2]}: Input should be" in fault
    assert fault.endswith(f"got {far}")


# ------------------------------------------------------------------------------------- what is said of them


WARNED = """
[queues.sales]
name = "Sales"
agent_choice = "best skill"
skills = "zh >= 4 and billing >= 3"
max_wait_ms = 90000
steps = [
  { after_ms = 30000, priority = 2, announce = "sorry" },
  { after_ms = 60000, skills = "zh", forget_ask = true, offer_callback = true },
  { after_ms = 99000, widen = "helps" },
]
[queues.vip]
name = "VIP"
priority = 10
[agents.a1]
name = "Wang Li"
queues = { sales = 1, vip = 1 }
skills = { zh = 3 }
[agents.a2]
name = "Zhang Wei"
queues = {}
"""


def test_what_the_rules_allow_but_nobody_wants_is_said() -> None:
    ask = "zh >= 4 and billing >= 3"
    assert read(WARNED).warnings() == [
        f"queue sales, from the start to 60 s: nobody has {ask} (agents of the queue: a1 lacks {ask})",
        "queue sales: no call waits for step 3, it is sent away after 90 s",
        "no call would ever be offered to a2",
    ]
    assert read(small()).warnings() == []


def test_what_a_flow_asks_for_and_nobody_has_is_said() -> None:
    rules = read(WARNED)
    found = [words for words in rules.warnings({"vip": {"", "klingon >= 2"}}) if "klingon" in words]
    assert found == ["queue vip: nobody has klingon >= 2 (agents of the queue: a1 lacks klingon >= 2)"]


def callfloor(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "160"}
    command = [sys.executable, "-m", "callfloor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_the_command_says_it_in_words_and_in_json(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(WARNED + '[nodes.pbx1]\nsecret = { env = "NOT_SET_HERE" }\n')
    said = callfloor("rules", str(path))
    assert (said.returncode, said.stderr) == (0, "")
    words = " ".join(said.stdout.replace("│", " ").split())
    for expected in (
        "Calls are chosen by priority.",
        "best skill at first: asks for zh >= 4 and billing >= 3 a1 (1)",
        "after 30 s: priority +2, announces 'sorry'",
        "after 60 s: asks for zh, forgets what the call asked for itself, offers to call back",
        "after 90 s: to voicemail",
        "sales 0 90 s calls of vip (priority 10) go before it if they joined less than 90 s later; after 90 s it",
        "warning: no call would ever be offered to a2",
    ):
        assert expected in words
    data: dict[str, Any] = json.loads(callfloor("rules", str(path), "--json").stdout)
    assert data["warnings"] == read(WARNED).warnings()
    assert data["queues"]["sales"]["agents"] == {"a1": 1}
    assert data["bounds"][0] | {"words": ""} == {
        "queue": "sales", "priority": 0, "bound_ms": 90_000, "factor": 1.0, "words": "",
    }  # fmt: skip


def test_priorities_of_the_ivr_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    ivr = """
[ivr]
default_hotline = "4001"
[ivr.hotlines.4001]
flow = "main"
language = "en"
[ivr.flows.main.menus.top]
prompt = { en = "Press 1." }
keys = { "1" = { queue = "q", priority = 5 }, "2" = { queue = "q", priority = -1 } }
"""
    path.write_text(small() + ivr)
    assert load_rules(path).brought() == {"q": {0, 5, -1}}
    said = callfloor("rules", str(path))
    assert "without bound" in said.stdout
    assert "calls of q (priority 5) go before it whenever they join" in said.stdout


def test_a_fault_of_the_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(small("ring_ms = 1"))
    with pytest.raises(ConfigError, match=r"queues\.q\.ring_ms"):
        load_rules(path)
    said = callfloor("rules", str(path))
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"callfloor: {path}: queues.q.ring_ms: Input should be greater than or equal to 1000")
