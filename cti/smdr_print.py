"""What each maker's PBX prints of a call: records → columns, for the simulated PBX and for tests. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from cti.smdr import Fields, SmdrRecord, wall_clock


def panasonic(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    """Patterns A, B and C alike; B has no column for the ringing."""
    ended = wall_clock(record.ended_at, zone)
    number = {
        "in": (f"<D>{record.dnis}" if record.dnis else "") + f"<I>{record.number}",
        "out": record.number,
        "internal": f"EXT{record.number}",
    }[record.direction]
    ring_s = record.ring_ms // 1_000
    return {
        "date": f"{ended:%m/%d/%y}",
        "time": f"{ended:%I:%M%p}",
        "extension": record.extension.rjust(5),
        "trunk": record.trunk.rjust(2),
        "number": number,
        "ring": f"{ring_s // 60}'{ring_s % 60:02}" if ring_s else "",
        "duration": _clock(record.talked_ms, "'"),
        "condition": "TR" if record.continues else "" if record.talked_ms else "NA",
    }


def panasonic_dbs(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    began = wall_clock(record.ended_at - record.talked_ms, zone)
    return {
        "type": "T" if record.continues else "I" if record.direction == "in" else "O",
        "date": f"{began:%m/%d}",
        "time": f"{began:%H:%M:%S}",
        "duration": _clock(record.talked_ms, "."),
        "extension": record.extension,
        "number": record.number.translate({ord("*"): ">", ord("#"): "<"}),
        "trunk": record.trunk,
    }


def panasonic_dbs576(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    began = wall_clock(record.ended_at - record.talked_ms, zone)
    kinds = {(True, True): "t", (True, False): "I", (False, True): "T", (False, False): "O"}
    return {
        "type": kinds[record.direction == "in", record.continues],
        "date": f"{began:%m/%d}",
        "time": f"{began:%H:%M:%S}",
        "duration": _clock(record.talked_ms),
        "extension": record.extension,
        "trunk": record.trunk,
        "digits": record.dnis if record.direction == "in" else record.number,
    }


def definity(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    """TELESEER and LSU-Expand; who called is in neither."""
    tenths = record.talked_ms // 6_000
    came_in = record.direction == "in"
    trunk = record.trunk.rjust(3)
    circuit = {"circuit": trunk, "hundreds": trunk[:-2], "tens": trunk[-2:]} if record.direction != "internal" else {}
    calling = "" if came_in else record.extension
    side = "in" if came_in else "out"
    return {
        "time": f"{wall_clock(record.ended_at, zone):%H%M}",
        "duration": f"{tenths // 600}{tenths // 10 % 60:02}{tenths % 10}",
        "condition": "4" if record.continues else {"in": "9", "out": "7", "internal": "0"}[record.direction],
        "dialed": record.extension if came_in else record.number,
        "calling": calling.rjust(5),
        "calling_first": calling.rjust(5)[:1],
        "calling_rest": calling.rjust(5)[1:],
        **{f"{side}_{name}": text for name, text in circuit.items()},
    }


def avaya_ip_office(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    began = wall_clock(record.ended_at - record.ring_ms - record.talked_ms, zone)
    came_in = record.direction == "in"
    dialed = record.dnis if came_in else record.number
    return {
        "date": began.strftime("%Y/%m/%d %H:%M:%S"),
        "duration": _clock(record.talked_ms),
        "ring": str(record.ring_ms // 1_000),
        "caller": record.number if came_in else record.extension,
        "direction": "I" if came_in else "O",
        "called": dialed,
        "dialed": dialed,
        "is_internal": "1" if record.direction == "internal" else "0",
        "call_id": "0",
        "continuation": "1" if record.continues else "0",
        "party1_device": f"E{record.extension}" if record.extension else "",
        "party2_device": f"T{record.trunk}" if record.trunk else "",
        "hold": "0",
        "park": "0",
    }


def mitel(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    began = wall_clock(record.ended_at - record.ring_ms - record.talked_ms, zone)
    came_in = record.direction == "in"
    trunk = f"T{record.trunk}"
    minutes = record.talked_ms // 60_000
    return {
        "long": "+" if minutes >= 30 else "%" if minutes >= 10 else "-" if minutes >= 5 else "",
        "date": f"{began:%m/%d}",
        "time": f"{began:%H:%M}",
        "duration": _clock(record.talked_ms),
        "calling": trunk if came_in else record.extension,
        "ring": (f"{record.ring_ms // 1_000:03}" if record.talked_ms else "***") if came_in else "",
        "digits": record.dnis if came_in else record.number,
        "status": "A",
        "called": record.extension if came_in else trunk if record.direction == "out" else record.number,
        "ani": record.number if came_in else "",
        "dnis": record.dnis if came_in else "",
    }


def _clock(duration_ms: int, before_seconds: str = ":") -> str:
    minutes, seconds = divmod(duration_ms // 1_000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}{before_seconds}{seconds:02}"
