"""The AGI codec: a table of replies, every way to cut the bytes, and what hostile values may not do."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import (
    COMMAND_MAX,
    ENVIRONMENT_MAX,
    HANGUP,
    LINE_MAX,
    VERBS,
    AgiError,
    Command,
    CommandReader,
    Environment,
    FromSwitch,
    Hangup,
    Reply,
    SwitchReader,
    encode_command,
    encode_environment,
    encode_reply,
)

ENVIRONMENT = b"agi_network: yes\nagi_network_script: call\nagi_channel: PJSIP/t-1\nagi_callerid: 13800138000\n\n"
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"Usage: STREAM FILE <filename>\n200 is no reply here\n520 End of proper usage.\n"
)


def read(data: bytes, piece: int = 65_536) -> list[FromSwitch]:
    reader = SwitchReader()
    return [message for at in range(0, len(data), piece) for message in reader.feed(data[at : at + piece])]


REPLIES = [
    (b"200 result=0\n", Reply(200, "0", text="result=0")),
    (b"200 result=1 (13800138000)\n", Reply(200, "1", "13800138000", text="result=1 (13800138000)")),
    (b"200 result=1 (a (b) c)\n", Reply(200, "1", "a (b) c", text="result=1 (a (b) c)")),
    (b"200 result=1 ()\n", Reply(200, "1", text="result=1 ()")),
    (b"200 result= (timeout)\n", Reply(200, "", "timeout", text="result= (timeout)")),
    (b"200 result=12 (timeout)\r\n", Reply(200, "12", "timeout", text="result=12 (timeout)")),
    (b"200 result=0 endpos=16000\n", Reply(200, "0", endpos=16000, text="result=0 endpos=16000")),
    (b"200 result=35 (dtmf) endpos=80\n", Reply(200, "35", "dtmf", 80, "result=35 (dtmf) endpos=80")),
    (b"200 result=-1\n", Reply(200, "-1", text="result=-1")),
    (b"510 Invalid or unknown command\n", Reply(510, text="Invalid or unknown command")),
    (b"511 Command Not Permitted on a dead channel\n", Reply(511, text="Command Not Permitted on a dead channel")),
    (b"100 Trying...\n200 result=0\n", Reply(200, "0", text="result=0")),
    (b"200 result=1 (M\xfcller)\n", Reply(200, "1", "Müller", text="result=1 (Müller)")),
    ("200 result=1 (张三)\n".encode(), Reply(200, "1", "张三", text="result=1 (张三)")),
    (
        USAGE,
        Reply(
            520,
            text="Invalid command syntax.  Proper usage follows:\nUsage: STREAM FILE <filename>\n200 is no reply here",
        ),
    ),
]


PIECES = [
    ENVIRONMENT,
    ENVIRONMENT[:-1],
    HANGUP,
    b"\n",
    b"520-",
    b"520 End\n",
    b"agi_",
    b": ",
    *(data for data, _ in REPLIES),
]


@pytest.mark.parametrize(("data", "reply"), REPLIES)
@pytest.mark.parametrize("piece", [1, 7, 65_536])
def test_replies_however_they_are_cut(data: bytes, reply: Reply, piece: int) -> None:
    environment, *replies = read(ENVIRONMENT + data, piece)
    assert isinstance(environment, Environment)
    assert environment.values["callerid"] == "13800138000"
    assert replies == [reply]


def test_a_hangup_is_a_notice_and_shifts_no_reply() -> None:
    _, *messages = read(ENVIRONMENT + b"200 result=1 (a)\nHANGUP\n200 result=1 (b)\n")
    assert [m.data if isinstance(m, Reply) else m for m in messages] == ["a", Hangup(), "b"]
    assert read(ENVIRONMENT + HANGUP)[1:] == [Hangup()]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "expected agi_name: value, found 'GET / HTTP/1.1'"),
        (b"\n\n", "an empty environment"),
        (b"\x16\x03\x01\x02\x00\n", "expected agi_name: value"),
        (b"agi_a: b\n" * 20_000, f"an environment of more than {ENVIRONMENT_MAX} bytes"),
        (b"a" * (LINE_MAX + 1), f"more than {LINE_MAX} bytes and no end of line"),
        (b"a" * (LINE_MAX + 1) + b"\n", "a line of"),
        (ENVIRONMENT + b"hello\n", "expected a reply such as 200 result=0, found 'hello'"),
        (ENVIRONMENT + b"200 yes\n", "expected 200 result="),
        (ENVIRONMENT + b"200 result=0 endpos=" + b"9" * 5_000 + b"\n", "expected 200 result="),
        (ENVIRONMENT + "٢٠٠ result=0\n".encode(), "expected a reply"),
        (ENVIRONMENT + b"520-usage\n" + b"more\n" * 20_000, f"a usage of more than {ENVIRONMENT_MAX} bytes"),
    ],
)
def test_what_is_not_agi_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(AgiError, match=complaint):
        read(data)


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(PIECES)), max_size=30))
def test_noise_gives_messages_or_an_agi_error_and_nothing_else(chunks: list[bytes]) -> None:
    reader = SwitchReader()
    with contextlib.suppress(AgiError):
        for message in (message for chunk in chunks for message in reader.feed(chunk)):
            assert isinstance(message, Environment | Reply | Hangup)


def test_a_line_break_in_a_callers_name_replaces_nothing_that_came_before() -> None:
    hostile = {"network_script": "call", "channel": "PJSIP/t-1", "calleridname": 'x\nagi_channel: evil\nodd "line"'}
    assert read(encode_environment(hostile)) == [
        Environment({"network_script": "call", "channel": "PJSIP/t-1", "calleridname": "x"})
    ]


@pytest.mark.parametrize(
    ("script", "route"), [("call", "call"), ("call?lead=5", "call"), ("/waiting/", "waiting"), ("", "")]
)
def test_the_route_is_the_path_of_the_request(script: str, route: str) -> None:
    assert Environment({"network_script": script}).route == route


# Whatever a value holds, it stays one argument of one command.
values = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"), max_size=80)


@given(st.sampled_from(VERBS), st.lists(values, max_size=4))
def test_every_argument_arrives_as_it_was(verb: str, arguments: list[str]) -> None:
    command = Command(verb, tuple(arguments))
    line = encode_command(command)
    assert line.count(b"\n") == 1
    assert list(CommandReader().feed(line)) == [command]


@pytest.mark.parametrize("value", ["a\nSET VARIABLE X 1", "a\rb", "a\0b"])
def test_a_line_break_never_leaves(value: str) -> None:
    with pytest.raises(AgiError, match="SET VARIABLE: a line break or NUL in"):
        encode_command(Command("SET VARIABLE", ("NAME", value)))


def test_a_line_longer_than_asterisks_buffer_never_leaves() -> None:
    with pytest.raises(AgiError, match=f"Asterisk takes {COMMAND_MAX}"):
        encode_command(Command("SET VARIABLE", ("NAME", "x" * 4_000)))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"ANSWER\n", Command("ANSWER")),
        (b'stream file tt-weasels "" 0\n', Command("STREAM FILE", ("tt-weasels", "", "0"))),
        (b"WAIT  FOR\tDIGIT 5000\r\n", Command("WAIT FOR DIGIT", ("5000",))),
        (b'SET VARIABLE a "b \\"c\\" \\\\"\n', Command("SET VARIABLE", ("a", 'b "c" \\'))),
        (b"EXEC Playback x\n", Command("EXEC", ("Playback", "x"))),
    ],
)
def test_commands_as_other_scripts_write_them(line: bytes, command: Command) -> None:
    assert list(CommandReader().feed(b"\n" + line)) == [command]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "0"),
        Reply(200, "1", "a (b)"),
        Reply(200, "35", "dtmf", 80),
        Reply(511, text="Command Not Permitted on a dead channel"),
        Reply(520, text="Usage: A\nB"),
    ],
)
def test_replies_survive_both_sides(reply: Reply) -> None:
    [_, back] = read(ENVIRONMENT + encode_reply(reply))
    assert isinstance(back, Reply)
    assert (back.code, back.result, back.data, back.endpos) == (reply.code, reply.result, reply.data, reply.endpos)
