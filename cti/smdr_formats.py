"""The SMDR formats of makers, as data. Pure.

definity-teleseer     Lucent and Avaya DEFINITY, TELESEER (Administrator's Guide 555-233-506, table 27)
definity-lsu-expand   the same, LSU-Expand (table 34)
panasonic-a           Panasonic KX-TDA / KX-NS, Pattern A: 80 columns (KX-NS1000 feature guide, p. 222)
panasonic-b           Pattern B: 80 columns with the cost, without the ringing
panasonic-c           Pattern C: 120 columns
panasonic-dbs         Panasonic DBS, CPC-AII and CPC-B from 3.1: 78 columns (DBS manual, figure 2-2)
panasonic-dbs576      Panasonic DBS 576, format 1 (technical manual, figure 3-2)
avaya-ip-office       Avaya IP Office, CSV (Avaya's knowledge base, "SMDR examples")
mitel-3300            Mitel 3300 and SX-2000, external SMDR, standard digit length: 90 columns, 112 with ANI and DNIS
                      ("SMDR - Recorded Information"; where the last two stand follows from that length alone)
"""

from __future__ import annotations

from collections.abc import Mapping

from cti import smdr_print
from cti.smdr import CsvColumns, FixedColumns, Remarkable, Rule, SmdrFormat, widths

# --------------------------------------------------------------------------------------- Lucent and Avaya DEFINITY

# No date: the day is taken so that the call ended nearest to now. A call that came in has its number dialed, which is
# the extension, and in place of who called the code of its trunk group. Condition codes: table 45. 4 is printed every
# ten hours of a call that goes on; 6 tells how long no records could be made.
_DEFINITY = (
    Rule("condition", "6", "records missing"),
    Rule("condition", "4", "continues"),
    Rule("condition", "0", "internal", {"extension": "calling", "number": "dialed"}),
)
_DEFINITY_DATE = (Remarkable("[0-9]{2}[/: ]?[0-9]{2}(?:[/: ]?[0-9]{2}){0,3}", "title"),)


def _definity_sides(trunk_in: str, trunk_out: str, calling: str) -> tuple[Rule, ...]:
    """By the circuits, since conference and attendant calls go either way; by the code where none is printed."""
    came_in = {"extension": "dialed", "trunk": trunk_in, "number": "", "dnis": ""}
    went_out = {"extension": calling, "trunk": trunk_out}
    _, _, in_tens = trunk_in.rpartition("+")
    _, _, out_tens = trunk_out.rpartition("+")
    return (
        Rule(in_tens, ".*[0-9].*", "in", came_in),
        Rule("condition", "9", "in", came_in),
        Rule(out_tens, ".*[0-9].*", "out", went_out),
        Rule("condition", "[78AB]", "out", went_out),
        Rule("condition", "[14CEF]", "internal", {"extension": calling}),
    )


DEFINITY_TELESEER = SmdrFormat(
    columns=FixedColumns(
        (
            ("time", 4, 7),
            ("duration", 8, 11),
            ("condition", 12, 12),
            ("access_dialed", 13, 15),
            ("access_used", 16, 18),
            ("dialed", 19, 33),
            ("calling", 34, 38),
            ("account", 39, 53),
            ("frl", 54, 54),
            ("ixc", 55, 55),
            ("in_circuit", 56, 58),
            ("out_circuit", 59, 61),
            ("feature", 62, 62),
            ("authorization", 63, 69),
        )
    ),
    rules=(*_DEFINITY, *_definity_sides("in_circuit", "out_circuit", "calling")),
    durations={"duration": "HMMT"},
    times=("%H%M",),
    remarks=_DEFINITY_DATE,
    write=smdr_print.definity,
)

DEFINITY_LSU_EXPAND = SmdrFormat(
    columns=FixedColumns(
        (
            ("time", 1, 4),
            ("duration", 6, 9),
            ("condition", 11, 11),
            ("access_dialed", 13, 15),
            ("access_used", 16, 18),
            ("dialed", 20, 34),
            ("calling_rest", 36, 39),
            ("account", 41, 45),
            ("authorization", 47, 53),
            ("frl", 58, 58),
            ("calling_first", 60, 60),
            ("in_tens", 62, 63),
            ("feature", 65, 65),
            ("out_tens", 67, 68),
            ("out_hundreds", 70, 70),
            ("in_hundreds", 72, 72),
            ("ixc", 73, 73),
        )
    ),
    rules=(
        *_DEFINITY[:-1],
        Rule("condition", "0", "internal", {"extension": "calling_first+calling_rest", "number": "dialed"}),
        *_definity_sides("in_hundreds+in_tens", "out_hundreds+out_tens", "calling_first+calling_rest"),
    ),
    durations={"duration": "HMMT"},
    times=("%H%M",),
    remarks=_DEFINITY_DATE,
    write=smdr_print.definity,
)

# ---------------------------------------------------------------------------------------- Panasonic KX-TDA / KX-NS

_PANASONIC = (
    Rule("number", "(?:<D>(?P<dialed>[^<]*))?<I>(?P<caller>.*)", "in"),
    Rule("number", "EXT(?P<dialed>.*)", "internal"),
    Rule("number", "LOG IN|LOG OUT|Check (?:in|out)|Timed Reminder/.*|In the office", "no call"),
    Rule("number", "(?P<dialed>[0-9*#.+].*)", "out"),
    Rule("condition", "TR", "continues"),
)


def _panasonic(*columns: tuple[str, int], ring: bool = True) -> SmdrFormat:
    durations = {"duration": "HH:MM'SS"} | ({"ring": "M'SS"} if ring else {})
    return SmdrFormat(
        columns=widths(("date", 8), ("time", 7), ("extension", 5), *columns, ("account", 10), ("condition", 3)),
        rules=_PANASONIC,
        durations=durations,
        date="%m/%d/%y",
        times=("%I:%M%p",),
        write=smdr_print.panasonic,
    )


PANASONIC_A = _panasonic(("trunk", 2), ("number", 25), ("ring", 4), ("duration", 8))
PANASONIC_B = _panasonic(("trunk", 2), ("number", 20), ("duration", 8), ("cost", 10), ring=False)
PANASONIC_C = _panasonic(("trunk", 4), ("number", 50), ("ring", 4), ("duration", 8), ("cost", 11))

# ------------------------------------------------------------------------------------------ Panasonic DBS, DBS 576

PANASONIC_DBS = SmdrFormat(
    columns=widths(
        ("type", 1),
        ("date", 5),
        ("time", 8),
        ("duration", 8),
        ("extension", 3),
        ("number", 28),
        ("account", 10),
        ("verified", 5),
        ("trunk", 2),
    ),
    rules=(
        Rule("type", "T", "continues"),
        Rule("type", "[INDST]", "in", {"number": "number", "dnis": ""}),
        Rule("type", "[Os]", "out", {"number": "number"}),
    ),
    durations={"duration": "HH:MM.SS"},
    date="%m/%d",
    times=("%H:%M:%S",),
    stamp="start",
    write=smdr_print.panasonic_dbs,
)

# Held and transferred calls (h, H, t, T) have more than one record. The digits of a call that came in are not said to
# be who called, so they are never held against the caller's number.
PANASONIC_DBS576 = SmdrFormat(
    columns=widths(
        ("type", 1),
        ("date", 5),
        ("time", 8),
        ("duration", 8),
        ("extension", 4),
        ("trunk", 4),
        ("digits", 24),
        ("account", 10),
        ("verified", 5),
    ),
    rules=(
        Rule("type", "[hHtT]", "continues"),
        Rule("type", "[IDhNStA]", "in", {"number": "", "dnis": "digits"}),
        Rule("type", "[OFHLTW]", "out", {"number": "digits"}),
    ),
    durations={"duration": "HH:MM:SS"},
    date="%m/%d",
    times=("%H:%M:%S",),
    stamp="start",
    write=smdr_print.panasonic_dbs576,
)

# ------------------------------------------------------------------------------------------------- Avaya IP Office

AVAYA_IP_OFFICE = SmdrFormat(
    columns=CsvColumns(
        (
            "date",
            "duration",
            "ring",
            "caller",
            "direction",
            "called",
            "dialed",
            "account",
            "is_internal",
            "call_id",
            "continuation",
            "party1_device",
            "party1_name",
            "party2_device",
            "party2_name",
            "hold",
            "park",
        )
    ),
    rules=(
        Rule("continuation", "1", "continues"),
        Rule("party2_device", "E(?P<extension>.*)"),
        Rule("party2_device", "T(?P<trunk>.*)"),
        Rule("party1_device", "E(?P<extension>.*)"),
        Rule("party1_device", "T(?P<trunk>.*)"),
        Rule("is_internal", "1", "internal"),
        Rule("direction", "I", "in"),
        Rule("direction", "O", "out"),
    ),
    durations={"duration": "HH:MM:SS", "ring": "S", "hold": "S", "park": "S"},
    date="%Y/%m/%d %H:%M:%S",
    stamp="start",
    seven_bits=False,
    write=smdr_print.avaya_ip_office,
)

# ------------------------------------------------------------------------------------------------------ Mitel 3300

# T and X before a number make it a trunk. The clock has 24 hours, or 12 with `p` from noon on. One record a trunk, also
# of a call that was passed on.
MITEL_3300 = SmdrFormat(
    columns=FixedColumns(
        (
            ("long", 1, 1),
            ("date", 2, 6),
            ("time", 8, 13),
            ("duration", 15, 22),
            ("calling", 24, 27),
            ("attendant", 29, 29),
            ("ring", 30, 32),
            ("digits", 34, 59),
            ("status", 60, 60),
            ("speed", 61, 61),
            ("called", 62, 65),
            ("transfer", 66, 66),
            ("third", 68, 71),
            ("account", 73, 84),
            ("rest", 85, 90),
            ("ani", 91, 101),
            ("dnis", 102, 112),
        )
    ),
    rules=(
        Rule("dnis", "(?P<digits>[0-9]+)"),
        Rule("calling", "[TX](?P<trunk>.*)", "in", {"extension": "called", "number": "ani", "dnis": "digits"}),
        Rule("called", "[TX](?P<trunk>.*)", "out", {"extension": "calling", "number": "digits"}),
        Rule("calling", "[0-9]+", "internal", {"extension": "calling", "number": "called"}),
    ),
    durations={"duration": "HH:MM:SS", "ring": "SSS"},
    date="%m/%d",
    times=("%H:%M", "%I:%M", "%I:%M%p"),
    stamp="start",
    write=smdr_print.mitel,
)

FORMATS: Mapping[str, SmdrFormat] = {
    "definity-teleseer": DEFINITY_TELESEER,
    "definity-lsu-expand": DEFINITY_LSU_EXPAND,
    "panasonic-a": PANASONIC_A,
    "panasonic-b": PANASONIC_B,
    "panasonic-c": PANASONIC_C,
    "panasonic-dbs": PANASONIC_DBS,
    "panasonic-dbs576": PANASONIC_DBS576,
    "avaya-ip-office": AVAYA_IP_OFFICE,
    "mitel-3300": MITEL_3300,
}
