"""A stranger's AGI script against our codec of Asterisk's side, and the script that runs when Callfloor is down.

Both run as Asterisk runs them: a process of its own, AGI on its standard streams.
"""

from __future__ import annotations

import subprocess
import sys

from ivr.agi import HANGUP, Command, CommandReader, Reply, encode_environment, encode_reply
from tests.ivr.house import ENVIRONMENT

STRANGER = """
import io, sys
from asterisk.agi import AGI, AGIInvalidCommand, AGIUsageError, AGIAppError
agi = AGI(stderr=io.StringIO())
said = [agi.env['agi_callerid'], agi.get_variable('NAME'), agi.stream_file('hello', '12'), agi.wait_for_digit(500)]
agi.set_variable('NAME', 'a b')
for command in ('NOOP', 'STREAM FILE', 'ANSWER'):
    try:
        agi.execute(command)
    except (AGIInvalidCommand, AGIUsageError, AGIAppError) as error:
        said.append(type(error).__name__)
print(said, file=sys.stderr)
"""


def converse(script: list[str], environment: dict[str, str], replies: list[bytes]) -> tuple[list[Command], str, int]:
    """Runs a script to its end; returns the commands it gave, its standard error, and its exit code."""
    talk = encode_environment(environment) + b"".join(replies)
    done = subprocess.run(
        [sys.executable, "-W", "error", *script], input=talk, capture_output=True, timeout=60, check=False
    )
    return list(CommandReader().feed(done.stdout)), done.stderr.decode(), done.returncode


def test_a_strangers_script_understands_our_replies_and_we_its_commands() -> None:
    replies = [
        Reply(200, "1", "O'Brien"),
        Reply(200, "50", endpos=160),
        Reply(200, "49"),
        Reply(200, "1"),
        Reply(510, text="Invalid or unknown command"),
        Reply(520, text="Invalid command syntax.  Proper usage follows:\nUsage: STREAM FILE"),
        Reply(200, "-1"),
    ]
    commands, said, code = converse(["-c", STRANGER], ENVIRONMENT, [encode_reply(reply) for reply in replies])
    assert said.strip() == (
        "['13800138000', \"O'Brien\", '2', '1', 'AGIInvalidCommand', 'AGIUsageError', 'AGIAppError']"
    )
    assert code == 0
    assert commands == [
        Command("GET VARIABLE", ("NAME",)),
        Command("STREAM FILE", ("hello", "12", "0")),
        Command("WAIT FOR DIGIT", ("500",)),
        Command("SET VARIABLE", ("NAME", "a b")),
        Command("NOOP"),
        Command("STREAM FILE"),
        Command("ANSWER"),
    ]


FALLBACK = ["-m", "ivr.fallback", "/sounds/sorry"]
GOOD = [encode_reply(Reply(200, "0")), encode_reply(Reply(200, "1"))]
APOLOGY = [
    Command("ANSWER"),
    Command("SET VARIABLE", ("CALLFLOOR_NEXT", "wait")),
    Command("STREAM FILE", ("/sounds/sorry", "", "0")),
]


def test_while_callfloor_is_down_the_caller_hears_an_apology_and_is_kept() -> None:
    assert converse(FALLBACK, ENVIRONMENT, [*GOOD, encode_reply(Reply(200, "0", endpos=8_000))]) == (APOLOGY, "", 0)


def test_the_apology_survives_odd_names_and_every_way_of_hanging_up() -> None:
    for end in (b"", HANGUP, encode_reply(Reply(200, "-1", endpos=80)), b"511 Command Not Permitted\n"):
        environment = {**ENVIRONMENT, "calleridname": '张三: "x"'}
        assert converse(FALLBACK, environment, [*GOOD, end]) == (APOLOGY, "", 0)
    latin = encode_environment({**ENVIRONMENT, "calleridname": "?"}).replace(b"?", b"M\xfcller")
    done = subprocess.run([sys.executable, *FALLBACK], input=latin, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"ANSWER\n"


def test_the_apology_needs_a_sound() -> None:
    done = subprocess.run([sys.executable, *FALLBACK[:2]], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, b"usage: python -m ivr.fallback SOUND\n")
