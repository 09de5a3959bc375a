"""The configuration file: the example is right, and each fault is named with its place and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from acd.policy import AgentRules, CallbackRules, QueueRules, RoutingRules, Step, Treatment
from callfloor.config import Config, ConfigError, RulesFile, load, load_rules
from ivr.settings import Choice, Flow
from pbx_config.render import PJSIP, render
from pbx_config.settings import HookFlash
from records.webhook_settings import WebhookSettings

EXAMPLE = Path(__file__).parents[2] / "docs" / "callfloor.example.toml"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLFLOOR_AMI_SECRET", "live-secret")
    monkeypatch.setenv("CALLFLOOR_OPERATOR_SECRET", "operator-secret")
    monkeypatch.setenv("CALLFLOOR_SOFTPHONE_SECRET", "sixteen letters at least")
    monkeypatch.setenv("CALLFLOOR_WEBHOOK_SECRET", "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMhIQ==")


def loaded(folder: Path, find: str = "", replace: str = "") -> Config:
    text = EXAMPLE.read_text()
    assert find in text
    path = folder / "callfloor.toml"
    path.write_text(text.replace(find, replace, 1) if find else text)
    return load(path)


def test_the_example_of_the_docs_is_a_whole_system(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    rules = config.rules()
    assert rules.queues["service"] == QueueRules("Service")
    assert rules.agents["a1"] == AgentRules("Wang Li", {"service": 1, "sales": 2})
    assert config.brought() == {"service": {0}, "sales": {0}}
    assert config.records.journal.path == tmp_path / "var/callfloor.journal"
    assert config.records.database.url == f"sqlite:///{tmp_path}/var/callfloor.db"
    assert config.nodes["pbx1"].secret.get_secret_value() == "live-secret"
    assert config.nodes["pbx1"].dialplan.agi_port == config.ivr.port
    assert "live-secret" not in repr(config)


def test_a_node_that_transfers_by_flash_has_it_in_its_dialplan(tmp_path: Path) -> None:
    assert loaded(tmp_path).nodes["pbx1"].dialplan.hook_flash is None
    node = loaded(tmp_path, "[nodes.pbx1.dial] ", '[nodes.pbx1.dial]\ntransfer = "flash"\n#').nodes["pbx1"]
    assert (node.dial.transfer, node.dialplan.hook_flash) == ("flash", HookFlash())


PBX2 = '[nodes.pbx2]\nsecret = "two"\n[nodes.pbx1]'


def two_nodes(folder: Path, phone: str, ways: str) -> Config:
    text = EXAMPLE.read_text().replace("[nodes.pbx1] ", PBX2, 1)
    text = re.sub('^phone = "[^"]*"', f'phone = "{phone}"', text, count=1, flags=re.MULTILINE)
    (folder / "callfloor.toml").write_text(f"{text}\n{ways}\n")
    return load(folder / "callfloor.toml")


def test_a_telephone_of_another_node_needs_a_way_to_it(tmp_path: Path) -> None:
    way = '[nodes.pbx1.dial.nodes]\npbx2 = "PJSIP/{phone}@to-pbx2"'
    config = two_nodes(tmp_path, "pbx2:PJSIP/1001", way)
    assert config.nodes["pbx1"].dial.nodes == {"pbx2": "PJSIP/{phone}@to-pbx2"}
    for phone, ways, fault in (
        ("pbx2:PJSIP/1001", "", "nodes.pbx1.dial.nodes.pbx2: missing, how pbx1 dials the telephone of users.wang"),
        ("pbx3:PJSIP/1001", "", "users.wang.phone: there is no node 'pbx3' (nodes: pbx1, pbx2)"),
        ("PJSIP/1001", way.replace("pbx2 =", "pbx3 ="), "nodes.pbx1.dial.nodes: there is no other node 'pbx3'"),
        ("PJSIP/1001", way.replace("{phone}", "1"), "expected a channel such as PJSIP/{phone}@to-pbx2"),
    ):
        with pytest.raises(ConfigError, match=re.escape(fault)):
            two_nodes(tmp_path, phone, ways)


def test_of_one_node_a_telephone_needs_no_name(tmp_path: Path) -> None:
    text = re.sub('^phone = "[^"]*"', 'phone = "pbx1:PJSIP/1001"', EXAMPLE.read_text(), count=1, flags=re.MULTILINE)
    (tmp_path / "callfloor.toml").write_text(text)
    assert load(tmp_path / "callfloor.toml").users["wang"].phone == "PJSIP/1001"


def test_the_example_shows_every_rule_and_each_as_it_may_be_set(tmp_path: Path) -> None:
    shown = re.sub("^#(?! \\S)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / "callfloor.toml").write_text(shown)
    rules = load(tmp_path / "callfloor.toml").rules()
    sales = rules.queues["sales"]
    assert (sales.steps[3].overflow, sales.callback) == (Treatment("queue", "service"), CallbackRules())
    assert rules.hours["sales"].zone == "Asia/Shanghai"
    assert rules.warnings() == []
    for struct in (QueueRules, Step, CallbackRules, AgentRules, RoutingRules):
        for name in struct.__struct_fields__:
            assert re.search(rf"\b{name} = ", shown), f"{struct.__name__}.{name} is not in the example"
    for name in Flow.model_fields.keys() - {"start", "menus"}:
        assert re.search(rf"\b{name} = ", shown), f"a flow's {name} is not in the example"
    for name in Choice.model_fields.keys() - {"say", "menu", "hangup"}:
        assert re.search(rf"\b{name} = ", shown), f"a key's {name} is not in the example"


def test_what_the_example_calls_a_default_is_one() -> None:
    defaults = {**_defaults(CallbackRules), **_defaults(RoutingRules), **_defaults(QueueRules)}
    checked = 0
    for line in EXAMPLE.read_text().splitlines():
        if re.match(r"#\w+ = [^[{]", line) and "default" not in line:
            [(name, value)] = tomllib.loads(line[1:]).items()
            if name in defaults:
                default = defaults[name]
                assert value == (default.kind if isinstance(default, Treatment) else default), line
                checked += 1
    assert checked > 20


def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(struct) if not field.required}


@pytest.mark.parametrize(
    ("find", "replace", "fault"),
    [
        ("port = 8080", "prot = 8080", "web.prot: no such key"),
        ("port = 8080", 'port = "many"', "web.port: Input should be a valid integer"),
        ("port = 5038", "port = 99999", "nodes.pbx1.port: Input should be less than or equal to 65535, got 99999"),
        ('name = "Wang Li"', "", "agents.a1.name: missing"),
        ("sales = 2 }", "slaes = 2 }", "agents.a1.queues: there is no queue 'slaes' (queues: sales, service)"),
        (
            '{ queue = "sales" }',
            '{ queue = "slaes" }',
            "ivr.flows.main.menus.top.keys.2.queue: there is no queue 'slaes'",
        ),
        (
            '{ queue = "sales" }',
            '{ queue = "sales", preferred = "a9" }',
            "ivr.flows.main.menus.top.keys.2.preferred: there is no agent 'a9' (agents: a1, a2), nor is it 'last'",
        ),
        (
            '{ queue = "sales" }',
            '{ queue = "sales", skills = "zh >>= 4" }',
            "ivr.flows.main.menus.top.keys.2.skills:",
        ),
        ('agent = "a1"', 'agent = "a9"', "users.wang.agent: there is no agent 'a9' (agents: a1, a2)"),
        (
            "baud = 9600",
            'baud = 9600\nlamps = { slaes = "5551234" }',
            "serial.line1.lamps: there is no queue 'slaes' (queues: sales, service)",
        ),
        ("baud = 9600", 'baud = 9600\nlamps = { sales = "Mei" }', "serial.line1.lamps.sales: String should match"),
        ("baud = 9600", "baud = 9600\nsmdr = {}", "serial.line1.smdr.rules: missing"),
        ('flow = "main"', 'flow = "mane"', "hotlines.4001.flow: there is no flow 'mane'"),
        ('"CALLFLOOR_AMI_SECRET"', '"NOT_SET"', "nodes.pbx1.secret: environment variable NOT_SET is not set"),
        ("[queues.sales]", "[queues.sales", "is not TOML"),
        ('region = "CN"', 'region = "China"', "records.region: expected a two-letter country"),
        ('"$argon2id$v=19', '"secret$v=19', "users.wang.password_hash"),
    ],
)
def test_each_fault_is_named_with_its_place(tmp_path: Path, find: str, replace: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, find, replace)
    assert str(caught.value).startswith(f"{tmp_path}/callfloor.toml: ")
    assert fault in str(caught.value)
    assert "live-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("$argon2id$v=19$m=65536", "hunter2"),
        ("sqlite:///var/callfloor.db", "mysql://floor:hunter2@host/floor"),
        ("sqlite:///var/callfloor.db", "::hunter2"),
        ('{ env = "CALLFLOOR_AMI_SECRET" }', '"hunter2 ; and more"'),
        ('{ env = "CALLFLOOR_AMI_SECRET" }', "4711"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, find: str, replace: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, find, replace)
    assert not re.search("hunter2|4711", str(caught.value))


@pytest.mark.parametrize("loads", [load, load_rules])
def test_a_callback_that_no_flow_would_offer_is_found(
    tmp_path: Path, loads: Callable[[Path], Config | RulesFile]
) -> None:
    """Calls come to the sales queue from the menu, and on to the service queue when they have waited too long."""
    text = EXAMPLE.read_text().replace("#offers = [", 'offers = ["message"] #')
    path = tmp_path / "callfloor.toml"
    path.write_text(text)
    assert loads(path).rules().queues["service"].steps == ()
    step = "steps = [{ after_ms = 9000, offer_callback = true }]\n"
    path.write_text(
        text.replace("ring_ms = 15000 ", step + "#", 1).replace('{ queue = "service" }', "{ hangup = true }")
    )
    assert loads(path).rules().queues["service"].steps != ()  # nobody comes there from that flow
    path.write_text(path.read_text().replace('#when_too_long = "voicemail"', 'when_too_long = "queue:service"'))
    with pytest.raises(ConfigError) as caught:
        loads(path)
    assert caught.value.faults == [
        'queues.service.steps.0.offer_callback: callers come from ivr.flows.main: expected "callback" in its offers'
    ]


@pytest.mark.parametrize("loads", [load, load_rules])
def test_an_announcement_that_is_nowhere_is_found(tmp_path: Path, loads: Callable[[Path], Config | RulesFile]) -> None:
    steps = 'steps = [{ after_ms = 1, announce = "sorry" }, { after_ms = 2, announce = "sory" }]\n#'
    path = tmp_path / "callfloor.toml"
    path.write_text(EXAMPLE.read_text().replace("ring_ms = 15000 ", steps, 1))
    with pytest.raises(ConfigError) as caught:
        loads(path)
    assert caught.value.faults == [
        "queues.service.steps.1.announce: there is no 'sory' in ivr.announcements (announcements: sorry)"
    ]


def test_what_the_keys_ask_for_counts_among_the_warnings_and_bounds(tmp_path: Path) -> None:
    key = '"2" = { queue = "sales", skills = "klingon >= 2", head_start_ms = 30000 }'
    path = tmp_path / "callfloor.toml"
    path.write_text(EXAMPLE.read_text().replace('"2" = { queue = "sales" }', key))
    file = load_rules(path)
    assert file.asks() == {"service": {""}, "sales": {"", "klingon >= 2"}}
    assert file.head_starts() == {"service": 0, "sales": 30_000}
    rules = file.rules()
    assert rules.warnings() == []
    [warning] = rules.warnings(file.asks())
    assert warning.startswith("queue sales")
    assert "klingon" in warning
    before = {each.queue: each.bound_ms for each in rules.bounds()}
    assert before == {"service": 0, "sales": 0}
    after = {each.queue: each.bound_ms for each in rules.bounds(head_starts=file.head_starts())}
    assert after == {"service": 30_000, "sales": 30_000}  # not every call of sales comes by that key


def test_several_faults_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "callfloor.toml"
    path.write_text(EXAMPLE.read_text().replace("port = 8080", "port = -1").replace("baud = 9600", "baud = 9601"))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["web.port", "serial.line1.baud"]


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.toml")


SOFTPHONES = '[nodes.pbx1.dialplan.softphones]\nsecret = "sixteen letters at least"\n[nodes.pbx1.dial] '


def test_a_softphone_has_the_same_name_and_password_on_both_sides(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("[nodes.pbx1.dial] ", SOFTPHONES, 1)
    text = text.replace('phone = "PJSIP/1001"', 'softphone = "pbx1"\nauto_answer = true', 1)
    (tmp_path / "callfloor.toml").write_text(text)
    config = load(tmp_path / "callfloor.toml")
    (user,) = config.softphones()
    softphone = config.softphones()[user]
    assert (user, softphone.uri, softphone.phone) == ("wang", "sip:callfloor-wang@pbx1", "PJSIP/callfloor-wang")
    assert softphone.auto_answer
    assert f"password={softphone.password}" in render(config.nodes["pbx1"].dialplan)[PJSIP]
    assert softphone.password not in repr(softphone)
    assert "sixteen" not in repr(config)


@pytest.mark.parametrize(
    ("find", "replace", "fault"),
    [
        ('phone = "PJSIP/1001"', 'softphone = "pbx9"', "users.wang.softphone: there is no node 'pbx9' (nodes: pbx1)"),
        ('phone = "PJSIP/1001"', 'softphone = "pbx1"', "nodes.pbx1.dialplan.softphones is missing, with its secret"),
        ("[nodes.pbx1.dial] ", SOFTPHONES.replace("sixteen letters at least", "x"), "softphones.secret: "),
    ],
)
def test_a_softphone_that_cannot_be(tmp_path: Path, find: str, replace: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(fault)):
        loaded(tmp_path, find, replace)


def test_a_user_whose_name_is_no_sip_name(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("[nodes.pbx1.dial] ", SOFTPHONES, 1)
    text = text.replace("[users.wang]", '[users."wang li"]').replace('phone = "PJSIP/1001"', 'softphone = "pbx1"', 1)
    (tmp_path / "callfloor.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"dialplan.softphones.users.0: "):
        load(tmp_path / "callfloor.toml")


def test_a_webhook_is_configured_as_the_example_shows_and_its_faults_are_named(tmp_path: Path) -> None:
    shown = re.sub("^#(?! \\S)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    path = tmp_path / "callfloor.toml"
    path.write_text(shown)
    crm = load(path).webhooks["crm"]
    assert crm.model_copy(update={"url": "", "secret": ""}) == WebhookSettings.model_construct(url="", secret="")
    for name in WebhookSettings.model_fields:
        assert re.search(rf"\b{name} = ", EXAMPLE.read_text()), f"{name} is not in the example"
    for find, replace, fault in (
        ("https://crm.example/callfloor", "http://crm.example/", "webhooks.crm.url: expected an address that begins"),
        ('{ env = "CALLFLOOR_WEBHOOK_SECRET" }', '"guess me"', "webhooks.crm.secret: expected whsec_"),
        (
            "limit_ms = 5000 ",
            'limit_ms = 5000\ncertificates = "none.pem"',
            "webhooks.crm.certificates: there is no file",
        ),
        ("[webhooks.crm]", "[webhooks.CRM]", "webhooks.CRM"),
    ):
        path.write_text(shown.replace(find, replace, 1))
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert any(each.startswith(fault) for each in caught.value.faults), caught.value.faults
        assert "guess me" not in str(caught.value)
