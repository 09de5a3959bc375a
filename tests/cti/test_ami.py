"""The AMI codec: whatever a switch or a network does to the bytes, and whatever somebody puts into a value."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami import (
    ACTION_HEADERS_MAX,
    LINE_BYTES_MAX,
    AmiError,
    AmiReader,
    Limits,
    Message,
    encode_action,
    encode_message,
    variable,
)

HANGUP = b"Event: Hangup\r\nUniqueid: 1.2\r\n\r\n"
SMALL = Limits(line=100, message=300, headers=5)


def read(*chunks: bytes) -> list[list[tuple[str, str]]]:
    reader = AmiReader()
    return [list(message) for chunk in chunks for message in reader.feed(chunk)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"A: 1\r\n\r\n", [[("a", "1")]], id="as documented"),
        pytest.param(b"A: 1\n\n", [[("a", "1")]], id="bare LF"),
        pytest.param(b"A: 1\r\n\nB: 2\n\r\n", [[("a", "1")], [("b", "2")]], id="mixed line ends"),
        pytest.param(b"\r\n\nA: 1\r\n\r\n\r\n\r\nB: 2\r\n\r\n", [[("a", "1")], [("b", "2")]], id="stray blank lines"),
        pytest.param(b"A: 1\r\na: 2\r\nB: x\r\n\r\n", [[("a", "1"), ("a", "2"), ("b", "x")]], id="repeated name"),
        pytest.param(b"A:1\r\nB:\r\nC:  2 \r\n\r\n", [[("a", "1"), ("b", ""), ("c", " 2 ")]], id="spaces"),
        pytest.param(b"A:x: y\r\nB: 1\r\n\r\n", [[("a", "x: y"), ("b", "1")]], id="no blank, then a colon and a blank"),
        pytest.param(b": 1\r\nA: 2\r\n\r\n", [[("", "1"), ("a", "2")]], id="no name"),
        pytest.param(b"A: x: y\r\n\r\n", [[("a", "x: y")]], id="colon in the value"),
        pytest.param(b"no colon\r\nA: 1\r\n\r\n", [[("", "no colon"), ("a", "1")]], id="no colon"),
        pytest.param(b"A: M\xfcller\r\n\r\n", [[("a", "M\ufffdller")]], id="Latin-1"),
        pytest.param(b"A: 1\x002\r\n\r\n", [[("a", "1\ufffd2")]], id="NUL"),
        pytest.param(b"Asterisk Call Manager/11.0.0\r\nA: 1\r\n\r\n", [[("a", "1")]], id="banner"),
        pytest.param(b"A" * 20_000 + b": 1\r\n\r\n", [[("a" * 20_000, "1")]], id="line of 20 kB"),
        pytest.param(b"A: 1\r\nB: 2\r\n", [], id="not whole yet"),
    ],
)
def test_what_switches_send(data: bytes, expected: list[list[tuple[str, str]]]) -> None:
    assert read(data) == expected
    # However TCP cuts it. (The long one would take minutes.)
    if len(data) < 1_000:
        assert read(*(data[i : i + 1] for i in range(len(data)))) == expected


def test_a_character_split_between_two_reads_is_whole() -> None:
    data = "CallerIDName: Zoë 王\r\n\r\n".encode()
    for cut in range(len(data)):
        assert read(data[:cut], data[cut:]) == [[("calleridname", "Zoë 王")]]


def test_names_are_found_in_any_case_and_repeated_ones_in_order() -> None:
    message = Message("Event: Status\nVariable: A=1\nvariable: B=2")
    assert message.get("eVENT") == "Status"
    assert message.get("Variable") == "A=1"
    assert message.all("VARIABLE") == ["A=1", "B=2"]
    assert message.all("Event") == ["Status"]
    assert message.all("absent") == []
    assert message.get("absent") == ""
    assert "event" in message
    assert "absent" not in message


def test_the_banner_is_kept() -> None:
    reader = AmiReader()
    assert reader.feed(b"Asterisk Call Ma") == []
    assert reader.feed(b"nager/11.0.0\r\n" + HANGUP) == [Message("Event: Hangup\nUniqueid: 1.2")]
    assert reader.banner == "Asterisk Call Manager/11.0.0"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"A" * 101, "line", id="a line without end"),
        pytest.param(b"A: " + b"x" * 101 + b"\r\n\r\n", "line", id="a long line"),
        pytest.param(b"A: 1\r\n" * 60, "message", id="a message without end"),
        pytest.param(b"A: 1\r\n" * 60 + b"\r\n", "message", id="a long message"),
        pytest.param(b"A: 1\r\n" * 6 + b"\r\n", "headers", id="many headers"),
        pytest.param(b"Asterisk Call Manager/" + b"1" * 100, "line", id="a banner without end"),
    ],
)
def test_what_is_too_much_is_their_fault(data: bytes, why: str) -> None:
    reader = AmiReader(SMALL)
    with pytest.raises(AmiError, match=why) as caught:
        reader.feed(data)
    assert caught.value.fault == "theirs"


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_noise_gives_messages_or_an_ami_error_and_nothing_else(chunks: list[bytes]) -> None:
    reader = AmiReader(SMALL)
    with contextlib.suppress(AmiError):
        for chunk in chunks:
            reader.feed(chunk)


TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=100)


@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True), TEXT), min_size=1))
def test_what_one_side_writes_the_other_reads(headers: list[tuple[str, str]]) -> None:
    (message,) = AmiReader().feed(encode_message(headers))
    for name, _ in headers:
        assert message.all(name) == [value for other, value in headers if other.lower() == name.lower()]


def test_an_action_has_its_id_second() -> None:
    data = encode_action("Setvar", [("Variable", "A"), ("Value", '王 "x" ${B}')], "setvar-1")
    assert data.decode() == 'Action: Setvar\r\nActionID: setvar-1\r\nVariable: A\r\nValue: 王 "x" ${B}\r\n\r\n'


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        pytest.param("Ping", [("A", "x\r\nAction: Originate")], id="CR LF"),
        pytest.param("Ping", [("A", "x\nAction: Originate")], id="LF"),
        pytest.param("Ping", [("A", "x\r")], id="CR"),
        pytest.param("Ping", [("A", "x\0")], id="NUL"),
        pytest.param("Ping", [("A: b\r\nC", "x")], id="in a name"),
        pytest.param("Ping", [("", "x")], id="empty name"),
        pytest.param("Ping\r\nAction: Originate", [], id="in the action"),
        pytest.param("Ping", [("A", "\ud800")], id="no text"),
        pytest.param("Ping", [("A", "x" * LINE_BYTES_MAX)], id="long line"),
        pytest.param("Ping", [("A", "ë" * (LINE_BYTES_MAX // 2))], id="long line in bytes"),
        pytest.param("Ping", [("A", "x")] * ACTION_HEADERS_MAX, id="many headers"),
    ],
)
def test_what_must_not_reach_a_switch_is_our_fault(name: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(AmiError) as caught:
        encode_action(name, headers)
    assert caught.value.fault == "ours"


@pytest.mark.parametrize("value", ["a,B=2", 'a"b', "a\\", "a\tb", "a\nb"])
def test_a_variable_of_an_originate_cannot_become_another(value: str) -> None:
    with pytest.raises(AmiError):
        variable("A", value)
    with pytest.raises(AmiError):
        variable(value, "1")


def test_a_variable_of_an_originate() -> None:
    assert variable("A", "x=${B} y") == ("Variable", "A=x=${B} y")
