"""Serial messages find their calls: in either order, late, twice, contradicting, and not at all."""

import pytest

from acd.vocabulary import (
    CallAbandoned,
    CallBegan,
    CallEnded,
    CallerIdentified,
    CallerKnown,
    SmdrArrived,
    SmdrMatched,
)
from cti import matching
from cti.matching import SerialMatcher, plain, same_number
from cti.serial_settings import MatchSettings
from cti.smdi import CallMessage
from cti.smdr import SmdrRecord

LINK = "serial:line1"
HOUR = 3_600_000  # so that times in the stories may be small: the PBX's clock shows this hour


def matcher(**settings: object) -> SerialMatcher:
    return SerialMatcher(LINK, MatchSettings.model_validate(settings))


def began(call: str = "c1", port: str = "0007", ani: str = "", dnis: str = "") -> CallBegan:
    return CallBegan(call, channel=f"PJSIP/{call}", ani=ani, dnis=dnis, node="a", port=port)


def message(calling: str = "5555678", forwarding: str = "5551234", terminal: str = "0007") -> CallMessage:
    return CallMessage("001", terminal, "A", forwarding, calling)


def record(number: str = "", extension: str = "7", talked_ms: int = 1_000, **more: object) -> SmdrRecord:
    fields: dict[str, object] = {"direction": "in", "ended_at": HOUR, "text": "as it came"} | more
    return SmdrRecord(extension=extension, number=number, talked_ms=talked_ms, **fields)  # type: ignore[arg-type]  # by name


def identified(at: int, call: str, ani: str = "5555678", dnis: str = "5551234") -> list[CallerIdentified]:
    return [CallerIdentified(at, call=call, ani=ani, link=LINK, dnis=dnis)]


def arrived(at: int, call: str, talked_ms: int = 1_000) -> list[SmdrArrived]:
    return [SmdrArrived(at, call=call, link=LINK, text="as it came", talked_ms=talked_ms)]


# ------------------------------------------------------------------------------------------------------------- SMDI


def test_the_message_comes_before_its_call() -> None:
    m = matcher()
    assert m.smdi(1_000, message()) == []
    assert m.learn(1_400, began()) == identified(1_400, "c1")
    assert list(m.counts.lags_ms) == [400]


def test_the_message_comes_after_its_call() -> None:
    m = matcher()
    assert m.learn(1_000, began()) == []
    assert m.smdi(3_500, message()) == identified(3_500, "c1")
    assert list(m.counts.lags_ms) == [-2_500]


def test_each_message_goes_to_the_call_on_its_port() -> None:
    m = matcher()
    m.smdi(0, message("1111111", terminal="0001"))
    m.smdi(1, message("2222222", terminal="0002"))
    assert m.learn(2, began("c2", port="0002")) == identified(2, "c2", "2222222")
    assert m.learn(3, began("c0", port="")) == []
    assert m.learn(4, began("c3", port="0003")) == []
    assert m.learn(5, began("c1", port="0001")) == identified(5, "c1", "1111111")


def test_a_message_serves_one_call_only() -> None:
    m = matcher()
    m.smdi(0, message())
    assert m.learn(1, began("c1")) != []
    m.learn(2, CallEnded("c1", by="caller"))
    assert m.learn(3, began("c2")) == []
    assert m.smdi(4, message("9999999")) == identified(4, "c2", "9999999")
    assert m.smdi(5, message("8888888")) == []  # c2 has its own: this one waits for the next call


def test_a_late_message_of_a_call_that_is_already_gone_does_not_name_the_next_caller() -> None:
    m = matcher()
    m.learn(0, began("c1"))
    m.learn(1_000, CallAbandoned("c1", queue="q", waited_ms=0))
    assert m.smdi(2_000, message()) == identified(2_000, "c1")
    assert m.learn(2_500, began("c2")) == []


def test_of_two_messages_for_one_port_the_newer_counts() -> None:
    m = matcher()
    m.smdi(0, message("1111111"))
    m.smdi(1_000, message("2222222"))
    assert m.learn(1_100, began()) == identified(1_100, "c1", "2222222")
    assert (m.counts.smdi_matched, m.counts.smdi_unmatched) == (1, 1)


@pytest.mark.parametrize(("gap_ms", "meant"), [(5_000, True), (5_001, False)])
def test_the_window(gap_ms: int, meant: bool) -> None:
    early, late = matcher(), matcher()
    early.smdi(0, message())
    assert bool(early.learn(gap_ms, began())) is meant
    late.learn(0, began())
    assert bool(late.smdi(gap_ms, message())) is meant


def test_a_message_without_a_call_is_forgotten_and_said() -> None:
    m = matcher(match_window_ms=1_000)
    m.smdi(0, message())
    assert m.expire(1_000) == []
    assert m.expire(1_001) == [message()]
    assert m.expire(9_000) == []
    assert m.counts.smdi_unmatched == 1
    assert m.learn(1_002, began()) == []


@pytest.mark.parametrize(
    ("ani", "dnis", "told", "agreed", "contradicted"),
    [
        pytest.param("+12565555678", "4000", [], 1, 0, id="the links agree: nothing new"),
        pytest.param("+12565555678", "", identified(1, "c1", "+12565555678"), 1, 0, id="the dialed number was missing"),
        pytest.param("", "4000", identified(1, "c1", dnis="4000"), 0, 0, id="the caller was missing"),
        pytest.param("9999999", "4000", [], 0, 1, id="they contradict each other: AMI's stays"),
    ],
)
def test_what_ami_brought_is_not_overwritten(
    ani: str, dnis: str, told: list[CallerIdentified], agreed: int, contradicted: int
) -> None:
    m = matcher()
    m.learn(0, began(ani=ani, dnis=dnis))
    assert m.smdi(1, message()) == told
    assert (m.counts.smdi_matched, m.counts.agreed, m.counts.contradicted) == (1, agreed, contradicted)


def test_a_caller_whom_nobody_knows_is_matched_without_a_word() -> None:
    m = matcher()
    m.learn(0, began())
    assert m.smdi(1, message("", "")) == []
    assert m.counts.smdi_matched == 1


def test_another_desks_message_is_not_ours_if_a_desk_is_named() -> None:
    m = matcher(message_desk="002")
    m.learn(0, began())
    assert m.smdi(1, message()) == []
    assert m.counts.foreign == 1


# ------------------------------------------------------------------------------------------------------------- SMDR


def test_a_record_after_the_end_by_port() -> None:
    m = matcher()
    m.learn(HOUR, began())
    m.learn(HOUR + 5_000, CallEnded("c1", by="caller", talked_ms=4_000))
    assert m.smdr(HOUR + 6_000, record()) == arrived(HOUR + 6_000, "c1")
    assert m.smdr(HOUR + 6_001, record()) == []
    assert (m.counts.smdr_matched, m.counts.smdr_unmatched) == (1, 1)


def test_a_record_of_a_live_call_when_nothing_else_tells_its_end() -> None:
    m = matcher()
    m.learn(HOUR, began())
    assert m.smdr(HOUR + 6_000, record()) == arrived(HOUR + 6_000, "c1")


def test_a_record_of_the_call_before_does_not_end_the_one_on_the_port_now() -> None:
    m = matcher()
    m.learn(HOUR, began("c1"))
    m.learn(HOUR + 5_000, CallEnded("c1", by="caller"))
    m.learn(HOUR + 5_100, began("c2"))
    assert m.smdr(HOUR + 6_000, record()) == arrived(HOUR + 6_000, "c1")


def test_a_record_that_the_pbx_held_back_while_the_line_was_down_ends_no_live_call() -> None:
    m = matcher()
    m.learn(2 * HOUR, began())
    assert m.smdr(2 * HOUR + 1_000, record(ended_at=2 * HOUR - 600_000)) == []


@pytest.mark.parametrize("not_an_end", [record(continues=True), record(direction="out"), record(direction="internal")])
def test_a_record_of_a_call_passed_on_or_of_none_of_ours_ends_nothing(not_an_end: SmdrRecord) -> None:
    m = matcher()
    m.learn(HOUR, began())
    assert m.smdr(HOUR + 1, not_an_end) == []
    assert (m.counts.foreign, m.counts.smdr_unmatched) == (1, 0)


def test_a_record_by_number_where_the_port_says_nothing() -> None:
    m = matcher()
    m.learn(HOUR, began("c1", port="", ani="+12565550001"))
    m.learn(HOUR, began("c2", port="", ani="+12565550002"))
    assert m.smdr(HOUR + 1, record("2565550002", extension="")) == arrived(HOUR + 1, "c2")
    assert m.smdr(HOUR + 2, record("2565550003", extension="")) == []


def test_a_number_that_contradicts_the_port_matches_nothing() -> None:
    m = matcher()
    m.learn(HOUR, began(ani="5550001"))
    assert m.smdr(HOUR + 1, record("5550002")) == []


def test_the_number_that_the_serial_line_brought_counts_too() -> None:
    m = matcher()
    m.learn(HOUR, began())
    m.learn(HOUR, CallerKnown("c1", ani="5550001", link=LINK))
    assert m.smdr(HOUR + 1, record("5550002")) == []
    assert m.smdr(HOUR + 2, record("5550001", extension="")) == arrived(HOUR + 2, "c1")


def test_of_calls_of_one_number_the_port_decides_then_the_end() -> None:
    m = matcher()
    for call, port in (("c1", "0001"), ("c2", "0002"), ("c3", "0003")):
        m.learn(HOUR, began(call, port=port, ani="5550001"))
        m.learn(HOUR + 1, CallEnded(call, by="caller"))
    m.learn(HOUR + 2, began("c4", port="0004", ani="5550001"))
    assert m.smdr(HOUR + 3, record("5550001", extension="1")) == arrived(HOUR + 3, "c1")
    assert m.smdr(HOUR + 3, record("5550001", extension="")) == arrived(HOUR + 3, "c2")


def test_of_two_live_calls_the_one_as_old_as_the_record_says() -> None:
    m = matcher()
    m.learn(HOUR, began("c1", port="", ani="5550001"))
    m.learn(HOUR + 50_000, began("c2", port="", ani="5550001"))
    now = HOUR + 60_000
    assert m.smdr(now, record("5550001", talked_ms=9_000)) == arrived(now, "c2", talked_ms=9_000)


def test_the_settings_say_which_extension_or_trunk_is_which_port() -> None:
    m = matcher(ports={"1207": "0007", "9161": "0008"})
    m.learn(HOUR, began("c7", port="0007"))
    m.learn(HOUR, began("c8", port="0008"))
    assert m.smdr(HOUR + 1, record(extension="1207")) == arrived(HOUR + 1, "c7")
    assert m.smdr(HOUR + 1, record(extension="", trunk="9161")) == arrived(HOUR + 1, "c8")


def test_another_line_was_faster() -> None:
    m = matcher()
    m.learn(HOUR, began())
    m.learn(HOUR + 1, SmdrMatched("c1", link="serial:other", text=""))
    assert m.smdr(HOUR + 2, record()) == []


def test_a_record_long_after_the_end_finds_nothing() -> None:
    m = matcher(end_window_ms=10_000)
    m.learn(HOUR, began())
    m.learn(HOUR + 1, CallEnded("c1", by="caller"))
    assert m.smdr(HOUR + 10_002, record()) == []


# ---------------------------------------------------------------------------------------------- misses on either side


def test_a_call_of_which_the_line_says_nothing_is_counted_once_its_time_is_over() -> None:
    m = matcher()
    m.learn(0, began("before", port="0001"))
    m.listening = True
    m.learn(HOUR, began("spoken of", port="0002"))
    m.learn(HOUR, began("not spoken of", port="0003"))
    m.learn(HOUR, began("with its number", port="0004", ani="5550001"))
    m.learn(HOUR, began("on no port", port=""))
    m.smdi(HOUR, message(terminal="0002"))
    m.expire(HOUR + 5_000)
    assert m.counts.calls_without_smdi == 0
    m.expire(HOUR + 5_001)
    m.expire(2 * HOUR)
    assert (m.counts.calls_without_smdi, m.counts.smdi_matched) == (1, 1)
    for call in ("before", "spoken of", "not spoken of", "with its number", "on no port"):
        m.learn(2 * HOUR, CallEnded(call, by="caller"))
    m.smdr(2 * HOUR + 1, record(extension="2"))
    m.learn(2 * HOUR + 30_000, began("later", port="0009"))
    assert m.counts.calls_without_smdr == 0
    m.learn(2 * HOUR + 30_001, began("later still", port="0008"))
    assert (m.counts.calls_without_smdr, m.counts.smdr_matched) == (1, 1)


@pytest.mark.parametrize(("smdi", "smdr", "misses"), [(True, False, (1, 0)), (False, True, (0, 1))])
def test_what_a_line_does_not_carry_is_not_missed(smdi: bool, smdr: bool, misses: tuple[int, int]) -> None:
    m = SerialMatcher(LINK, MatchSettings(), smdi=smdi, smdr=smdr)
    m.listening = True
    m.learn(HOUR, began())
    m.learn(HOUR, CallEnded("c1", by="caller"))
    m.expire(2 * HOUR)
    m.learn(2 * HOUR, began("c2"))
    assert (m.counts.calls_without_smdi, m.counts.calls_without_smdr) == misses


# ----------------------------------------------------------------------------------------------------------- memory


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_CALLS", 100)
    m = matcher(end_window_ms=1_000)
    for number in range(1_000):
        m.learn(number, began(f"live{number}", port=f"{number:04}"))
        m.smdi(number, message(terminal="5000"))
    assert (len(m._calls), len(m._on_port), len(m._waiting)) == (100, 100, 1)
    for number in range(900, 1_000):
        m.learn(2_000, CallEnded(f"live{number}", by="caller"))
    m.learn(9_000, began("last"))
    assert (len(m._calls), len(m._on_port), len(m._ended)) == (1, 1, 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5555678", "+12565555678", True),
        ("0912345678", "+886912345678", True),
        ("0000245", "245", True),
        ("678", "5555678", False),
        ("5555679", "5555678", False),
        ("(02) 5555-5678", "0255555678", True),
    ],
)
def test_two_spellings_of_a_number(one: str, other: str, same: bool) -> None:
    assert same_number(plain(one), plain(other)) is same
    assert same_number(plain(other), plain(one)) is same
