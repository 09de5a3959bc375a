"""SMDR: the lines of makers, whole and spoiled, and what their clocks leave out."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.serial_reader import SerialReader, Unreadable
from cti.serial_settings import SerialSettings
from cti.smdr import SmdrError, SmdrFormat, SmdrRecord, SmdrRemark
from cti.smdr_formats import (
    AVAYA_IP_OFFICE,
    DEFINITY_LSU_EXPAND,
    DEFINITY_TELESEER,
    FORMATS,
    MITEL_3300,
    PANASONIC_A,
    PANASONIC_B,
    PANASONIC_C,
    PANASONIC_DBS,
    PANASONIC_DBS576,
)

TAIPEI = ZoneInfo("Asia/Taipei")
ZULU = ZoneInfo("UTC")


def reader_of(form: SmdrFormat, zone: str = "UTC") -> SerialReader:
    name = next(name for name, known in FORMATS.items() if known is form)
    return SerialReader(SerialSettings(name="line1", device="/dev/x", protocol="smdr", smdr_format=name, timezone=zone))


def at(*wall_clock: int) -> int:
    return round(datetime(*wall_clock, tzinfo=UTC).timestamp() * 1_000)  # type: ignore[arg-type,misc]  # year ... second


NOW = at(2026, 6, 5, 14, 0)


def placed(*texts: tuple[int, str]) -> bytes:
    """A line with texts at the columns of the maker's table, counted from 1."""
    line = ""
    for column, text in texts:
        line = line.ljust(column - 1) + text
    return line.encode()


LOST_AFTER_9_S = (
    b"2008/06/28 09:28:41,00:00:00,9,8004206,I,4324,4324,,0,1000014155,0,E4324,Joe Bloggs,T9161,LINE 5.1,0,0"
)

# Avaya's line is the maker's own example, the others are built after the makers' tables of columns.
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
    (
        PANASONIC_B,
        b"01/02/02 10:03AM  1210 01 <I>                  00:00'05 00560.00EU 9876543210    ",
        SmdrRecord("in", at(2002, 1, 2, 10, 3), "1210", "01", talked_ms=5_000),
    ),
    (
        PANASONIC_C,
        placed((1, "01/02/02"), (10, "10:07AM"), (19, "1230"), (24, "0001"), (29, "<D>4000<I>0912345678"))
        + placed((32, "0'05"), (37, "00:01'05"), (46, "00560.00EUR"), (58, "9876543210"), (69, "TR")),
        SmdrRecord("in", at(2002, 1, 2, 10, 7), "1230", "0001", "0912345678", "4000", 5_000, 65_000, continues=True),
    ),
    (
        DEFINITY_TELESEER,  # an incoming call on circuit 017, ended at 13:42
        placed((4, "1342"), (8, "0125"), (12, "9"), (16, "112"), (19, "5012"), (34, "  112"), (56, "017"), (63, "")),
        SmdrRecord("in", at(2026, 6, 5, 13, 42), "5012", "017", talked_ms=12 * 60_000 + 30_000),
    ),
    (
        DEFINITY_TELESEER,
        placed((4, "1342"), (8, "1010"), (12, "7"), (13, "009"), (19, "0912345678"), (34, " 5012"), (54, "3"))
        + placed((5, "021")),
        SmdrRecord("out", at(2026, 6, 5, 13, 42), "5012", "021", "0912345678", talked_ms=3_660_000),
    ),
    (
        DEFINITY_TELESEER,
        placed((4, "1342"), (8, "0003"), (12, "0"), (19, "5013"), (34, " 5012")),
        SmdrRecord("internal", at(2026, 6, 5, 13, 42), "5012", "", "5013", talked_ms=18_000),
    ),
    (
        DEFINITY_TELESEER,  # ten hours, and not over
        placed((4, "1342"), (8, "9599"), (12, "4"), (19, "5012"), (56, "017")),
        SmdrRecord("in", at(2026, 6, 5, 13, 42), "5012", "017", talked_ms=35_994_000, continues=True),
    ),
    (
        DEFINITY_LSU_EXPAND,
        placed((1, "1342"), (6, "0125"), (11, "9"), (16, "112"), (20, "5012"), (62, "17"), (72, "2")),
        SmdrRecord("in", at(2026, 6, 5, 13, 42), "5012", "217", talked_ms=12 * 60_000 + 30_000),
    ),
    (
        DEFINITY_LSU_EXPAND,
        placed((1, "1342"), (6, "0125"), (11, "A"), (20, "0912345678"), (36, "5012"), (60, "3"), (67, "21"), (70, "0")),
        SmdrRecord("out", at(2026, 6, 5, 13, 42), "35012", "021", "0912345678", talked_ms=12 * 60_000 + 30_000),
    ),
    (
        PANASONIC_DBS,
        b"I 06/05 13:42:07 00:01.05 112 0912345678                   9876543210 V0001 07",
        SmdrRecord("in", at(2026, 6, 5, 13, 43, 12), "112", "07", "0912345678", talked_ms=65_000),
    ),
    (
        PANASONIC_DBS,
        b"T 06/05 13:42:07 00:01.05 112 Private                                       07",
        SmdrRecord("in", at(2026, 6, 5, 13, 43, 12), "112", "07", talked_ms=65_000, continues=True),
    ),
    (
        PANASONIC_DBS,
        b"O 06/05 13:42:07 00:01.05 112 >21<0912345678                                07",
        SmdrRecord("out", at(2026, 6, 5, 13, 43, 12), "112", "07", ">21<0912345678", talked_ms=65_000),
    ),
    (
        PANASONIC_DBS576,
        b"D 06/05 13:42:07 01:00:05 1001  012 4000",
        SmdrRecord("in", at(2026, 6, 5, 14, 42, 12), "1001", "012", "", "4000", talked_ms=3_605_000),
    ),
    (
        PANASONIC_DBS576,
        b"t 06/05 13:42:07 00:00:05 1001 *012                          9876543210      ",
        SmdrRecord("in", at(2026, 6, 5, 13, 42, 12), "1001", "*012", talked_ms=5_000, continues=True),
    ),
    (
        PANASONIC_DBS576,
        b"L 06/05 13:42:07 00:00:05 1001  012 0912345678",
        SmdrRecord("out", at(2026, 6, 5, 13, 42, 12), "1001", "012", "0912345678", talked_ms=5_000),
    ),
    (
        MITEL_3300,  # incoming on trunk 100, answered after 1 s
        b" 06/05 10:56  00:00:59 T100  001 5001                      A 5001                       ",
        SmdrRecord("in", at(2026, 6, 5, 10, 57), "5001", "100", "", "5001", 1_000, 59_000),
    ),
    (
        MITEL_3300,  # with ANI and DNIS: 112 columns
        placed((2, "06/05"), (8, "10:56"), (15, "00:00:00"), (24, "X7"), (30, "***"), (60, "B"), (62, "5001"))
        + placed((26, "0912345678"), (37, "4001")),
        SmdrRecord("in", at(2026, 6, 5, 10, 56), "5001", "7", "0912345678", "4001"),
    ),
    (
        MITEL_3300,
        b"-06/04 11:42p 00:08:29 214       6135952122                A T54",
        SmdrRecord("out", at(2026, 6, 4, 23, 50, 29), "214", "54", "6135952122", talked_ms=509_000),
    ),
    (
        MITEL_3300,
        b" 06/05 09:54  00:03:02 5356      5334                      I 5334",
        SmdrRecord("internal", at(2026, 6, 5, 9, 57, 2), "5356", "", "5334", talked_ms=182_000),
    ),
]


@pytest.mark.parametrize(("form", "line", "record"), LINES)
def test_lines_of_the_makers(form: SmdrFormat, line: bytes, record: SmdrRecord) -> None:
    [heard] = reader_of(form).feed(line + b"\r\n\0\0\0", NOW)  # three NULs: DEFINITY's
    assert isinstance(heard, SmdrRecord)
    assert heard.text == line.decode()
    assert _said(heard) == _said(record)


def _said(record: SmdrRecord) -> tuple[object, ...]:
    """Everything but the text, which no two PBXs pad alike."""
    return tuple(getattr(record, name) for name in record.__struct_fields__ if name != "text")


@pytest.mark.parametrize("line", [line for form, line, _ in LINES if form is PANASONIC_A and b"9876543210" not in line])
def test_panasonic_prints_the_same_line(line: bytes) -> None:
    record = PANASONIC_A.decode(line, TAIPEI, NOW)
    assert isinstance(record, SmdrRecord)
    assert PANASONIC_A.encode(record, TAIPEI) == line + b"\r\n"
    assert len(line) == 80


@pytest.mark.parametrize(
    ("form", "columns"),
    [
        (PANASONIC_A, 80),
        (PANASONIC_B, 81),  # 80 are printed: conditions have two letters
        (PANASONIC_C, 119),  # of 120
        (PANASONIC_DBS, 78),
        (PANASONIC_DBS576, 77),
        (DEFINITY_TELESEER, 69),  # 70 to 76 are blank
        (DEFINITY_LSU_EXPAND, 73),
        (MITEL_3300, 112),
    ],
)
def test_as_many_columns_as_the_makers_say(form: SmdrFormat, columns: int) -> None:
    assert form.columns.length == columns  # type: ignore[union-attr]  # they are fixed


near_now = st.integers(min_value=-100, max_value=100).map(lambda minutes: NOW + minutes * 60_000)
spans = st.integers(min_value=0, max_value=99).map(lambda tenths: tenths * 6_000)
digits = st.text("0123456789", min_size=1, max_size=2)
records = st.builds(
    SmdrRecord,
    direction=st.sampled_from(["in", "out", "internal"]),
    ended_at=near_now,
    extension=digits,
    trunk=digits,
    number=st.text("0123456789", min_size=1, max_size=4),
    dnis=digits,
    ring_ms=spans,
    talked_ms=spans,
    continues=st.booleans(),
)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
@given(said=st.lists(records, max_size=4), cut=st.integers(0, 400))
def test_what_is_read_is_printed_again_wherever_the_reads_are_cut(
    form: SmdrFormat, said: list[SmdrRecord], cut: int
) -> None:
    data = b"".join(form.encode(record, TAIPEI) for record in said)
    reader = reader_of(form, "Asia/Taipei")
    heard = reader.feed(data[:cut], NOW) + reader.feed(data[cut:], NOW)
    again = [record for record in heard if isinstance(record, SmdrRecord)]
    assert [record.talked_ms for record in again] == [record.talked_ms for record in said]
    assert b"".join(form.encode(record, TAIPEI) for record in again) == data


TITLES = (
    b"  Date     Time    Ext CO        Dial Number        Ring Duration  Acc Code  CD \r\n"
    b"--------------------------------------------------------------------------------\r\n"
    b"\r\n"
)


NO_RECORD: list[tuple[SmdrFormat, bytes, str]] = [
    (PANASONIC_A, TITLES.splitlines()[0], "title"),
    (PANASONIC_A, TITLES.splitlines()[1], "title"),
    (PANASONIC_A, b"Page 12", "title"),
    (PANASONIC_A, b"01/02/26 10:03AM  1200    LOG IN", "no call"),
    (PANASONIC_A, b"01/02/26 10:03AM  1200    Timed Reminder/No Answer", "no call"),
    (PANASONIC_A, b"*** SMDR BUFFER FULL ***", "records missing"),
    (MITEL_3300, b"SMDR buffer overflow", "records missing"),
    (AVAYA_IP_OFFICE, b"BFL 10:15", "records missing"),
    (DEFINITY_TELESEER, placed((4, "1342"), (8, "0125"), (12, "6")), "records missing"),
    (DEFINITY_LSU_EXPAND, placed((1, "1342"), (6, "0125"), (11, "6")), "records missing"),
    (DEFINITY_TELESEER, b"   0605", "title"),  # the date, at midnight
]


@pytest.mark.parametrize(("form", "line", "kind"), NO_RECORD)
def test_a_line_that_is_whole_but_no_call_is_no_damage(form: SmdrFormat, line: bytes, kind: str) -> None:
    reader = reader_of(form)
    [heard] = reader.feed(line + b"\r\n", NOW)
    assert heard == SmdrRemark(kind, line.decode())  # type: ignore[arg-type]  # one of the words
    assert reader.take_discarded() == 0


@pytest.mark.parametrize(
    "line",
    [
        b"**/**/** **:****  1200 01 <I>5551234567             0'05 00:01'05               ",
        b"**/**/** **:****  1200 01 <I>5551234567             *'** **:**'**               ",
    ],
)
def test_while_the_clock_was_changed_the_call_is_told_without_its_time(line: bytes) -> None:
    [heard] = reader_of(PANASONIC_A).feed(line + b"\r\n", NOW)
    assert isinstance(heard, SmdrRecord)
    assert (heard.ended_at, heard.extension, heard.number) == (0, "1200", "5551234567")


@pytest.mark.parametrize(
    ("form", "line", "why"),
    [
        (PANASONIC_A, b"xx" + LINES[0][1][2:], "date and time: expected the form %m/%d/%y %I:%M%p"),
        (PANASONIC_A, b"13/45" + LINES[0][1][5:], "date and time: expected the form"),
        (PANASONIC_A, b"01/02/26x" + LINES[0][1][9:], "column date: expected a blank behind it, at column 9"),
        (PANASONIC_A, b"01/02/26 10:03AM", "column number: expected what tells a call's direction"),
        (PANASONIC_C, LINES[0][1], "column trunk: expected a blank"),
        (
            DEFINITY_TELESEER,
            placed((4, "1342"), (8, "0125"), (12, "9"))[:10],
            "column condition, in_circuit, out_circuit: expected",
        ),
        (DEFINITY_TELESEER, placed((4, "1342"), (8, "0 25"), (12, "9")), "column duration: expected HMMT"),
        (DEFINITY_TELESEER, placed((4, "2542"), (8, "0125"), (12, "9")), "date and time: expected the form %H%M"),
        (PANASONIC_DBS, b"I 06/05 13:42:07 00:01:05 112", "column duration: expected HH:MM.SS"),
        (PANASONIC_DBS, b"Z 06/05 13:42:07 00:01.05 112", "column type: expected what tells a call's direction"),
        (MITEL_3300, b" 02/30 10:56  00:00:59 T100  001 5001", "date and time: expected the form %m/%d %H:%M"),
        (
            PANASONIC_A,
            b"01/02/26 10:03AM  1200 01 <I>5551234567             0-05 00:01'05",
            "column ring: expected M'SS",
        ),
        (PANASONIC_A, LINES[0][1][:40], "column duration: expected HH:MM'SS"),
        (PANASONIC_A, LINES[0][1][:64], "column duration: expected HH:MM'SS"),
        (PANASONIC_A, LINES[0][1] + b"          x", "expected at most 80 columns, not 91"),
        (PANASONIC_A, LOST_AFTER_9_S, "expected at most 80 columns"),
        (AVAYA_IP_OFFICE, LINES[0][1], "expected 17 columns or more, not 1"),
        (AVAYA_IP_OFFICE, b'"2008/06/28', "expected values with ',' between"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S[:60], "expected 17 columns or more, not 10"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b",I,", b",X,"), "column is_internal, direction: expected"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b",9,", b",nine,"), "column ring: expected S"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b"2008", b"0000"), "date and time"),
        (AVAYA_IP_OFFICE, b"\xff\xfe,\xe5", "expected 17 columns"),
        (AVAYA_IP_OFFICE, LOST_AFTER_9_S.replace(b"4324", b"43\x0124"), "expected printable characters"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_its_place_and_ends_nothing(
    form: SmdrFormat, line: bytes, why: str
) -> None:
    good = next(line for known, line, _ in LINES if known is form)
    before, fault, after = reader_of(form).feed(b"\r\n".join([b"", good, b"", line, good, b""]), NOW)
    assert isinstance(before, SmdrRecord)
    assert isinstance(after, SmdrRecord)
    assert isinstance(fault, Unreadable)
    assert fault.place == 2
    assert why in fault.why


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
@given(noise=st.binary(max_size=2_000))
def test_no_noise_raises_or_hides_the_next_record(form: SmdrFormat, noise: bytes) -> None:
    reader = reader_of(form)
    reader.feed(noise, NOW)
    good = next(line for known, line, _ in LINES if known is form)
    assert isinstance(reader.feed(b"\r\n" + good + b"\r\n", NOW)[-1], SmdrRecord)


@pytest.mark.parametrize(("form", "line", "record"), LINES)
def test_a_byte_of_the_wrong_parity_is_a_nul_and_never_makes_another_record(
    form: SmdrFormat, line: bytes, record: SmdrRecord
) -> None:
    for place in range(len(line)):
        heard = reader_of(form).feed(line[:place] + b"\0" + line[place + 1 :] + b"\r\n", NOW)
        for found in heard:
            assert isinstance(found, Unreadable) or (isinstance(found, SmdrRecord) and _said(found) == _said(record))


def test_the_parity_bit_is_taken_off() -> None:
    line = LINES[0][1] + b"\r\n"
    noisy = bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in line)
    assert reader_of(PANASONIC_A).feed(noisy, NOW) == reader_of(PANASONIC_A).feed(line, NOW)


def test_the_wall_clock_is_the_pbxs() -> None:
    assert ended(PANASONIC_A, LINES[1][1], NOW, TAIPEI) == at(2026, 12, 30, 16)


def ended(form: SmdrFormat, line: bytes, now: int, zone: ZoneInfo = ZULU) -> int:
    record = form.decode(line, zone, now)
    assert isinstance(record, SmdrRecord)
    return record.ended_at


@pytest.mark.parametrize(("now", "meant"), [((0, 31), (0, 30)), ((1, 31), (1, 30)), ((9, 0), (1, 30))])
def test_the_hour_that_comes_twice_is_the_one_nearest_to_now(now: tuple[int, int], meant: tuple[int, int]) -> None:
    line = LINES[1][1].replace(b"12/31/26 12:00AM", b"10/25/26 02:30AM")
    assert ended(PANASONIC_A, line, at(2026, 10, 25, *now), ZoneInfo("Europe/Berlin")) == at(2026, 10, 25, *meant)


DBS = b"I MM/DD HH:MM:SS 00:00.10 112"
TELESEER = placed((4, "HHMM"), (8, "0002"), (12, "9"), (19, "5012"))
MITEL = b" MM/DD HH:MM  00:00:10 T100  000 5001                      A 5001"


@pytest.mark.parametrize(
    ("form", "line", "now", "meant"),
    [
        pytest.param(DBS, "06/05 13:42:07", NOW, at(2026, 6, 5, 13, 42, 17), id="this year"),
        pytest.param(DBS, "12/31 23:59:55", at(2027, 1, 1, 0, 0, 6), at(2027, 1, 1, 0, 0, 5), id="over New Year"),
        pytest.param(DBS, "12/31 20:00:00", at(2027, 1, 2), at(2026, 12, 31, 20, 0, 10), id="held back"),
        pytest.param(
            DBS, "01/01 00:01:00", at(2026, 12, 31, 23, 59), at(2027, 1, 1, 0, 1, 10), id="its clock is ahead"
        ),
        pytest.param(DBS, "02/29 12:00:00", at(2028, 2, 29, 13), at(2028, 2, 29, 12, 0, 10), id="a leap day"),
        pytest.param(DBS, "02/29 12:00:00", at(2029, 1, 5), at(2028, 2, 29, 12, 0, 10), id="the last leap day"),
        pytest.param(TELESEER, "2359", at(2026, 6, 6, 0, 0, 20), at(2026, 6, 5, 23, 59), id="before midnight"),
        pytest.param(TELESEER, "0001", at(2026, 6, 5, 23, 59), at(2026, 6, 6, 0, 1), id="its clock is after midnight"),
        pytest.param(TELESEER, "2359", NOW, at(2026, 6, 4, 23, 59), id="kept over night"),
        pytest.param(TELESEER, "1550", NOW, at(2026, 6, 5, 15, 50), id="it knows no summer time"),
        pytest.param(TELESEER, "1342", NOW, at(2026, 6, 5, 13, 42), id="today"),
        pytest.param(MITEL, "06/05 01:42p", NOW, at(2026, 6, 5, 13, 42, 10), id="p"),
        pytest.param(MITEL, "06/05 12:05p", NOW, at(2026, 6, 5, 12, 5, 10), id="12 p is noon"),
        pytest.param(MITEL, "06/05 12:05 ", NOW, at(2026, 6, 5, 12, 5, 10), id="noon of 24 hours"),
        pytest.param(MITEL, "06/05 12:05 ", at(2026, 6, 5, 0, 6), at(2026, 6, 5, 0, 5, 10), id="midnight of 12 hours"),
    ],
)
def test_what_the_clock_leaves_out_is_what_is_nearest_to_now(form: bytes, line: str, now: int, meant: int) -> None:
    formats = {DBS: PANASONIC_DBS, TELESEER: DEFINITY_TELESEER, MITEL: MITEL_3300}
    blank = {DBS: b"MM/DD HH:MM:SS", TELESEER: b"HHMM", MITEL: b"MM/DD HH:MM "}[form]
    assert ended(formats[form], form.replace(blank, line.encode()), now) == meant


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
