"""SMDI: the exact bytes of the manuals, and every way in which a serial line spoils them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.serial_text import LONGEST_LINE
from cti.smdi import CallMessage, LampFailure, LampOrder, SmdiError, SmdiMessage, SmdiReader, encode

digits = st.text("0123456789", max_size=10)
number = st.text("0123456789", min_size=1, max_size=15)
calls = st.builds(
    CallMessage,
    desk=st.from_regex(r"\A[0-9]{3}\Z"),
    terminal=st.from_regex(r"\A[0-9]{4}\Z"),
    kind=st.sampled_from("DABNU"),
    forwarding=digits,
    calling=digits,
)
messages = st.one_of(
    calls,
    st.builds(LampFailure, number=number, fault=st.sampled_from(["INV", "BLK"])),
    st.builds(LampOrder, number=number, on=st.booleans()),
)

# What a real Asterisk (res_smdi) read and wrote, byte for byte.
PROVED: list[tuple[bytes, SmdiMessage]] = [
    (b"\r\nMD0010001A5551234 5555678 \r\n\x19", CallMessage("001", "0001", "A", "5551234", "5555678")),
    (b"\r\nMD0010002B2565551234 2565555678 \r\n\x19", CallMessage("001", "0002", "B", "2565551234", "2565555678")),
    (b"\r\nMD0020003N2565559999  \r\n\x19", CallMessage("002", "0003", "N", "2565559999", "")),
    (b"\r\nMD0010007D 3500 \r\n\x19", CallMessage("001", "0007", "D", "", "3500")),
    (b"\r\nMD0010004U5550000 5551111 \r\n\x19", CallMessage("001", "0004", "U", "5550000", "5551111")),
    (b"\r\nMD0630009A5552222 5553333 \r\n\x19", CallMessage("063", "0009", "A", "5552222", "5553333")),
    (b"\r\nMWI5678 INV\r\n\x19", LampFailure("5678", "INV")),
    (b"OP:MWI 1234!\x04", LampOrder("1234", on=True)),
    (b"OP:MWI 2565551234!\x04", LampOrder("2565551234", on=True)),
    (b"RMV:MWI 1234!\x04", LampOrder("1234", on=False)),
]

FIRST, SECOND = PROVED[0][1], PROVED[1][1]
ONE, TWO = PROVED[0][0], PROVED[1][0]


def with_even_parity(data: bytes) -> bytes:
    """What 7E1 looks like to a port that reads 8N1."""
    return bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in data)


@pytest.mark.parametrize(("data", "message"), PROVED)
def test_the_bytes_of_the_manuals(data: bytes, message: SmdiMessage) -> None:
    reader = SmdiReader()
    assert reader.feed(data) == [message]
    assert reader.discarded_bytes == 0
    assert encode(message) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"\r\nMWI 5678 BLK\r\n\x19", LampFailure("5678", "BLK"), id="Toshiba: a blank after MWI"),
        pytest.param(b"\r\nMWI5678! INV\r\n\x19", LampFailure("5678", "INV"), id="an exclamation mark"),
        pytest.param(b"\r\nMWI5678 INV\r\n\x7f\x7f\x19", LampFailure("5678", "INV"), id="DMS: two DEL"),
        pytest.param(b"MD0010001A5551234 5555678 \x19", FIRST, id="no CR LF at all"),
        pytest.param(b"MD0010001A5551234 5555678 \r", FIRST, id="no ^Y: the next message is not waited for"),
        pytest.param(b"\r\nMD0010001A5551234 5555678 \r\n\x19\0\0\0", FIRST, id="fill after the message"),
        pytest.param(with_even_parity(ONE), FIRST, id="7E1 read as 8N1"),
        pytest.param(
            b"\r\nMD0010001A12565551234 5555678 \r\n\x19",
            CallMessage("001", "0001", "A", "12565551234", "5555678"),
            id="eleven digits do not shift into the next field",
        ),
    ],
)
def test_what_makers_and_lines_do_differently(data: bytes, message: SmdiMessage) -> None:
    reader = SmdiReader()
    assert reader.feed(data) == [message]
    assert reader.discarded_bytes == 0


@pytest.mark.parametrize(
    ("data", "heard", "discarded"),
    [
        pytest.param(b"My Modem hums MMMM\xf1\x82" + ONE, [FIRST], 20, id="an M in noise starts nothing"),
        pytest.param(b"noise" + ONE.lstrip(), [FIRST], 5, id="noise that swallowed the CR LF"),
        pytest.param(ONE[:13] + TWO, [SECOND], 11, id="torn in a number: loses itself, not the next"),
        pytest.param(ONE[:19] + TWO, [SECOND], 17, id="torn at the blank"),
        pytest.param(ONE[:20] + TWO, [SECOND], 18, id="torn behind the blank is no unknown caller"),
        pytest.param(ONE[:-4] + TWO, [SECOND], 25, id="the last blank is missing"),
        pytest.param(ONE[:8] + b"\0" + ONE[9:] + TWO, [SECOND], 26, id="NUL in the place of a digit"),
        pytest.param(b"\0\0" + ONE + b"\0" * 3 + TWO, [FIRST, SECOND], 0, id="NULs between messages end nothing"),
        pytest.param(ONE[:-1] + TWO, [FIRST, SECOND], 0, id="^Y lost"),
        pytest.param(ONE + TWO, [FIRST, SECOND], 0, id="two in one read"),
        pytest.param(b"\r\nMD0010001X5551234 5555678 \r\n\x19" + TWO, [SECOND], 26, id="a type that nobody knows"),
        pytest.param(b"\r\nMD001001A5551234 5555678 \r\n\x19" + TWO, [SECOND], 25, id="a terminal of three digits"),
        pytest.param(b"\r\nMD0010001A5551234 *675555678 \r\n\x19" + TWO, [SECOND], 29, id="a star in the number"),
        pytest.param(
            b"\r\nMD0010001A" + b"5" * 16 + b" 5555678 \r\n\x19" + TWO, [SECOND], 35, id="a number of sixteen digits"
        ),
        pytest.param("\r\nMD0010001A٥٥٥١٢٣٤ 5555678 \r\n\x19".encode() + TWO, [SECOND], 33, id="digits of others"),
    ],
)
def test_a_spoiled_line_loses_no_more_than_what_was_spoiled(
    data: bytes, heard: list[SmdiMessage], discarded: int
) -> None:
    reader = SmdiReader()
    assert reader.feed(data) == heard
    assert reader.discarded_bytes == discarded


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 300), max_size=8), st.booleans())
def test_reads_cut_anywhere_change_nothing(said: list[SmdiMessage], cuts: list[int], parity: bool) -> None:
    data = b"".join(encode(message) for message in said)
    data = with_even_parity(data) if parity else data
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = SmdiReader()
    heard = [message for a, b in pairwise(places) for message in reader.feed(data[a:b])]
    assert heard == said
    assert reader.discarded_bytes == 0


@pytest.mark.parametrize(("data", "message"), PROVED)
def test_a_byte_of_the_wrong_parity_is_a_nul_and_never_makes_another_message(data: bytes, message: SmdiMessage) -> None:
    for place in range(len(data)):
        spoiled = data[:place] + b"\0" + data[place + 1 :]
        heard = SmdiReader().feed(spoiled + TWO)
        assert heard in ([message, SECOND], [SECOND])


@given(st.binary(max_size=400))
def test_after_any_noise_the_next_message_is_heard(noise: bytes) -> None:
    reader = SmdiReader()
    reader.feed(noise)
    assert reader.feed(ONE)[-1:] == [FIRST]


def test_a_flood_without_a_line_end_costs_no_memory_and_hides_no_message() -> None:
    reader = SmdiReader()
    for _ in range(1_000):
        assert reader.feed(b"M" * 10_000) == []
    assert len(reader._lines._rest) == LONGEST_LINE
    assert reader.feed(ONE.lstrip()) == [FIRST]
    assert reader.discarded_bytes == 10_000_000


@pytest.mark.parametrize(
    "message",
    [
        CallMessage("1", "0001", "A", "5551234", "5555678"),
        CallMessage("001", "00001", "A", "5551234", "5555678"),
        CallMessage("001", "0001", "A", "5551234", "5555678 \r\n\x19\r\nMD0010002A 1 "),
        CallMessage("001", "0001", "A", "+12565551234", ""),
        CallMessage("001", "0001", "A", "٥٥٥", ""),
        LampOrder("", on=True),
        LampOrder("1234!\x04RMV:MWI 1234", on=True),
        LampFailure("12 34", "INV"),
    ],
)
def test_what_smdi_cannot_say_is_not_sent(message: SmdiMessage) -> None:
    with pytest.raises(SmdiError, match="expected"):
        encode(message)
