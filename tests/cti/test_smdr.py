"""SMDR: the lines of two makers, and lines that are no records."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.serial_reader import SerialReader, Unreadable
from cti.serial_settings import SerialSettings
from cti.smdr import AVAYA_IP_OFFICE, FORMATS, PANASONIC_A, SmdrError, SmdrFormat, SmdrRecord

TAIPEI = ZoneInfo("Asia/Taipei")
ZULU = ZoneInfo("UTC")


def reader_of(form: SmdrFormat, zone: str = "UTC") -> SerialReader:
    name = next(name for name, known in FORMATS.items() if known is form)
    return SerialReader(SerialSettings(name="line1", device="/dev/x", protocol="smdr", smdr_format=name, timezone=zone))


def at(*wall_clock: int) -> int:
    return round(datetime(*wall_clock, tzinfo=UTC).timestamp() * 1_000)  # type: ignore[arg-type,misc]  # year ... second


LOST_AFTER_9_S = (
    b"2008/06/28 09:28:41,00:00:00,9,8004206,I,4324,4324,,0,1000014155,0,E4324,Joe Bloggs,T9161,LINE 5.1,0,0"
)

# Avaya's line is the maker's own example; Panasonic's are built after its table of widths.
LINES: list[tuple[SmdrFormat, bytes, SmdrRecord]] = [
    (
        PANASONIC_A,
        b"01/02/02 10:03AM  1200 01 <I>5551234567             0'05 00:01'05 9876543210 TR ",
        SmdrRecord("in", at(2002, 1, 2, 10, 3), "1200", "01", "5551234567", "", 5_000, 65_000, continues=True),
    ),
    (
        PANASONIC_A,
        b"12/31/26 12:00AM  1207 07 <D>4000<I>5551234567           01:00'00               ",
        SmdrRecord("in", at(2026, 12, 31), "1207", "07", "5551234567", "4000", 0, 3_600_000),
    ),
    (
        PANASONIC_A,
        b"12/31/26 12:59PM  1207 07 <I>                       1'10 00:00'00            NA ",
        SmdrRecord("in", at(2026, 12, 31, 12, 59), "1207", "07", ring_ms=70_000),
    ),
    (
        PANASONIC_A,
        b"06/05/26 01:00PM  1201 02 0912345678                     00:00'30               ",
        SmdrRecord("out", at(2026, 6, 5, 13), "1201", "02", "0912345678", talked_ms=30_000),
    ),
    (
        PANASONIC_A,
        b"06/05/26 01:00PM  1201    EXT1235                        00:00'30               ",
        SmdrRecord("internal", at(2026, 6, 5, 13), "1201", "", "1235", talked_ms=30_000),
    ),
    (
        AVAYA_IP_OFFICE,
        LOST_AFTER_9_S,
        SmdrRecord("in", at(2008, 6, 28, 9, 28, 50), "4324", "9161", "8004206", "4324", 9_000),
    ),
    (
        AVAYA_IP_OFFICE,
        b'2026/06/28 09:28:41,00:01:05,9,Unknown,I,4324,4324,,0,1,1,E4324,"Wang, Mei",T9161,LINE 5.1,10,5,,,,0,0',
        SmdrRecord("in", at(2026, 6, 28, 9, 30, 10), "4324", "9161", "", "4324", 9_000, 65_000, continues=True),
    ),
    (
        AVAYA_IP_OFFICE,
        b"2026/06/28 09:28:41,00:01:00,0,4324,O,0912345678,0912345678,,0,2,0,E4324,Mei,T9161,LINE 5.1,0,0",
        SmdrRecord("out", at(2026, 6, 28, 9, 29, 41), "4324", "9161", "0912345678", talked_ms=60_000),
    ),
]


@pytest.mark.parametrize(("form", "line", "record"), LINES)
def test_lines_of_the_makers(form: SmdrFormat, line: bytes, record: SmdrRecord) -> None:
    [heard] = reader_of(form).feed(line + b"\r\n")
    assert isinstance(heard, SmdrRecord)
    assert heard.text == line.decode()
    assert _said(heard) == _said(record)


def _said(record: SmdrRecord) -> tuple[object, ...]:
    """Everything but the text, which no two PBXs pad alike."""
    return tuple(getattr(record, name) for name in record.__struct_fields__ if name != "text")


@pytest.mark.parametrize("line", [line for form, line, _ in LINES if form is PANASONIC_A and b"9876543210" not in line])
def test_panasonic_prints_the_same_line(line: bytes) -> None:
    assert PANASONIC_A.encode(PANASONIC_A.decode(line, TAIPEI), TAIPEI) == line + b"\r\n"
    assert len(line) == PANASONIC_A.columns.length == 80  # type: ignore[union-attr]  # it is fixed


minutes = st.integers(min_value=0, max_value=30_000_000).map(lambda minute: minute * 60_000)
seconds = st.integers(min_value=0, max_value=599).map(lambda second: second * 1_000)
digits = st.text("0123456789", max_size=4)
records = st.builds(
    SmdrRecord,
    direction=st.just("in"),
    ended_at=minutes,
    extension=digits,
    trunk=st.text("0123456789", max_size=2),
    number=st.text("0123456789", max_size=13),
    dnis=digits,
    ring_ms=seconds,
    talked_ms=seconds,
    continues=st.booleans(),
)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
@given(said=st.lists(records, max_size=4), cut=st.integers(0, 400))
def test_what_is_printed_is_read_back_wherever_the_reads_are_cut(
    form: SmdrFormat, said: list[SmdrRecord], cut: int
) -> None:
    data = b"".join(form.encode(record, TAIPEI) for record in said)
    reader = reader_of(form, "Asia/Taipei")
    heard = reader.feed(data[:cut]) + reader.feed(data[cut:])
    assert [_said(record) for record in heard if isinstance(record, SmdrRecord)] == [_said(record) for record in said]


TITLES = (
    b"  Date     Time    Ext CO        Dial Number        Ring Duration  Acc Code  CD \r\n"
    b"--------------------------------------------------------------------------------\r\n"
    b"\r\n"
)


@pytest.mark.parametrize(
    ("form", "line", "why"),
    [
        (PANASONIC_A, TITLES.splitlines()[0], "date and time: expected the form"),
        (PANASONIC_A, TITLES.splitlines()[1], "column date: expected a blank"),
        (PANASONIC_A, b"**/**/** **:****  1200 01 <I>5551234567", "date and time: expected the form"),
        (PANASONIC_A, b"13/45/26 10:03AM  1200 01 <I>5551234567", "date and time: expected the form"),
        (PANASONIC_A, b"01/02/26 10:03AM  1200    LOG IN", "column number: expected a call"),
        (PANASONIC_A, b"01/02/26 10:03AM", "column number: expected a call"),
        (
            PANASONIC_A,
            b"01/02/26 10:03AM  1200 01 <I>5551234567             0-05 00:01'05",
            "column ring: expected M'SS",
        ),
        (PANASONIC_A, LINES[0][1][:40], "column talked: expected HH:MM'SS"),
        (PANASONIC_A, LINES[0][1][:64], "column talked: expected HH:MM'SS"),
        (PANASONIC_A, LINES[0][1] + b"          x", "expected at most 80 columns, not 91"),
        (PANASONIC_A, LOST_AFTER_9_S, "expected at most 80 columns"),
        (AVAYA_IP_OFFICE, LINES[0][1], "expected 17 columns or more, not 1"),
        (AVAYA_IP_OFFICE, b'"2008/06/28', "expected comma-separated values"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S[:60], "expected 17 columns or more, not 10"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b",I,", b",X,"), "expected I or O"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b",9,", b",nine,"), "column ring: expected seconds"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b"2008", b"0000"), "date and time"),
        (AVAYA_IP_OFFICE, b"\xff\xfe\x01,\xe5", "expected 17 columns"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_its_place_and_ends_nothing(
    form: SmdrFormat, line: bytes, why: str
) -> None:
    good = next(line for known, line, _ in LINES if known is form)
    before, fault, after = reader_of(form).feed(b"\r\n".join([b"", good, b"", line, good, b""]))
    assert isinstance(before, SmdrRecord)
    assert isinstance(after, SmdrRecord)
    assert isinstance(fault, Unreadable)
    assert fault.place == 2
    assert why in fault.why


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
@given(noise=st.binary(max_size=2_000))
def test_no_noise_raises_or_hides_the_next_record(form: SmdrFormat, noise: bytes) -> None:
    reader = reader_of(form)
    reader.feed(noise)
    good = next(line for known, line, _ in LINES if known is form)
    assert isinstance(reader.feed(b"\r\n" + good + b"\r\n")[-1], SmdrRecord)


def test_the_parity_bit_is_taken_off() -> None:
    line = LINES[0][1] + b"\r\n"
    noisy = bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in line)
    assert reader_of(PANASONIC_A).feed(noisy) == reader_of(PANASONIC_A).feed(line)


def test_the_wall_clock_is_the_pbxs() -> None:
    assert PANASONIC_A.decode(LINES[1][1], TAIPEI).ended_at == at(2026, 12, 30, 16)


@pytest.mark.parametrize(
    ("form", "record"),
    [
        (PANASONIC_A, SmdrRecord("in", 0, extension="123456")),
        (PANASONIC_A, SmdrRecord("in", 0, number="1" * 26)),
        (PANASONIC_A, SmdrRecord("in", 0, number="1\r\n2")),
        (AVAYA_IP_OFFICE, SmdrRecord("in", 0, number="1\r\n2")),
    ],
)
def test_what_a_format_cannot_print_is_not_printed(form: SmdrFormat, record: SmdrRecord) -> None:
    with pytest.raises(SmdrError, match="expected"):
        form.encode(record, ZULU)
