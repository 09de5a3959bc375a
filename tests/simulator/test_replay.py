"""Recorded days replayed: by the rules and with the people of then, a day of our own comes out as it did."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from acd.vocabulary import Line, OfferFailed
from callfloor.config import load_rules
from records.figures import Figures
from records.journal import Journal
from records.measures import Measures
from simulator.recorded_day import CallOutcome, recorded_day
from simulator.replay import CannotReplay, by_rules, of_day
from simulator.replayed import replay_day, turns
from simulator.run import simulate
from simulator.scenario import Scenario, load
from simulator.traces.reading import read_trace

RULES = """
[queues.service]
name = "Service"
agent_choice = "longest idle"
wrap_up_ms = 30000
[queues.sales]
name = "Sales"
priority = 1
wrap_up_ms = 20000
[agents.ann]
name = "Ann"
queues = { service = 1, sales = 2 }
[agents.bob]
name = "Bob"
queues = { service = 1 }
[agents.eve]
name = "Eve"
queues = { sales = 1 }
[agents.joe]
name = "Joe"
queues = { service = 2, sales = 1 }
"""
DAY = """
rules = "rules.toml"
day = { date = 2026-11-23, zone = "Asia/Shanghai", hours = "09:00-13:00" }
[kinds.customer]
total = 190
queue = "service"
ivr_s = { exponential = 20 }
patience_s = { exponential = 180 }
service_s = { lognormal = 130, cv = 0.8 }
wrap_up_s = { exponential = 15 }
redial = { abandoned = 0.5, after_s = 300 }
[kinds.buyer]
counts = [12, 14, 16, 9, 12, 14, 10, 8]
menu = [{ key = "1", queue = "sales" }, { key = "2", queue = "sales", priority = 2 }]
patience_s = { exponential = 120 }
service_s = { exponential = 200 }
[teams.early]
agents = ["ann", "bob"]
answer_s = { exponential = 4 }
shifts = [{ hours = "09:00-12:45", breaks = ["10:30-10:45"] }]
[teams.late]
agents = ["eve", "joe"]
shifts = [{ hours = "09:30-13:15" }]
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, "utf-8")
    return path


@pytest.fixture
def lived(tmp_path: Path, rules: Path) -> list[Line]:
    """A day, whose journal is at `journal`."""
    scenario = tmp_path / "day.toml"
    scenario.write_text(DAY, "utf-8")
    lines: list[Line] = []
    simulate(load(scenario), 7, lines.append)
    with Journal.open(tmp_path / "journal", "never") as journal:
        for seq, line in enumerate(lines, 1):
            assert line.facts
            journal.append(Line(seq, line.input, line.facts))
    return lines


def replayable(record: Path, rules: Path, **queues: str) -> Scenario:
    trace, on, _ = of_day(read_trace(record, zone=ZoneInfo("Asia/Shanghai")), None, ZoneInfo("Asia/Shanghai"))
    return by_rules(rules, trace, on, "Asia/Shanghai", queues, list(load_rules(rules).queues))


def but_rona(figures: Figures) -> Figures:
    """A record does not count whose telephones rang in vain."""
    return msgspec.structs.replace(figures, rona=0)


def test_a_day_of_our_own_by_its_own_rules_comes_out_as_it_did(tmp_path: Path, rules: Path, lived: list[Line]) -> None:
    """Every call, to the millisecond: those who gave up while it rang and offers that nobody answered, too."""
    of = replayable(tmp_path / "journal", rules)
    before, (after,), calls = replay_day(of, [1])
    assert len(calls) == before.overall.offered > 250
    assert [call for call in calls if call.before != call.after] == []
    assert {came for came, _ in turns(calls)} == {"answered", "abandoned"}
    assert but_rona(after.overall) == but_rona(before.overall)
    failed = {fact.reason for line in lived for fact in line.facts if isinstance(fact, OfferFailed)}
    assert failed == {"caller gone", "no answer"}


def test_what_was_recorded_is_measured_as_the_journal_itself_is(tmp_path: Path, rules: Path, lived: list[Line]) -> None:
    of = replayable(tmp_path / "journal", rules)
    measures = Measures(1_800_000, zero_at=of.day.begins_at)
    for line in lived:
        measures.see(line)
    journal, (recorded, _) = measures.result(), recorded_day(of)
    assert but_rona(recorded.overall) == but_rona(journal.overall)
    for ours, theirs in zip(recorded.intervals, journal.intervals, strict=True):
        assert (ours.at_ms, but_rona(ours.figures)) == (theirs.at_ms, but_rona(theirs.figures))
    for one, other in zip(recorded.queues, journal.queues, strict=True):
        assert (one.queue, but_rona(one.overall)) == (other.queue, but_rona(other.overall))


def test_one_agent_less_and_callers_wait_longer(tmp_path: Path, rules: Path, lived: list[Line]) -> None:
    """Joe is known to the record and not to the rules any more: he serves what he served then, unless he is to go."""
    rules.write_text(RULES.replace("[agents.joe]", "[agents.ida]"), "utf-8")
    same = replayable(tmp_path / "journal", rules)
    assert same.agents["joe"].queues == {"sales": 1, "service": 1}
    assert "ida" not in {span.agent for span in same.teams["recorded"].recorded or ()}
    trace = read_trace(tmp_path / "journal", zone=ZoneInfo("Asia/Shanghai"))
    fewer = msgspec.structs.replace(trace, spans=[span for span in trace.spans if span.agent != "joe"])
    without_joe = by_rules(rules, fewer, date(2026, 11, 23), "Asia/Shanghai", {}, ["service", "sales"])
    before, days, _ = replay_day(without_joe, range(1, 5))
    waits = [day.overall.wait_ms.mean for day in days]
    was = before.overall.wait_ms.mean
    assert was is not None
    assert all(wait is not None and wait > was for wait in waits)


QUEUE_LOG = """\
1795395600|NONE|help|ann|ADDMEMBER|
1795395600|NONE|help|bob|ADDMEMBER|
1795395660|1795395650.1|help|NONE|ENTERQUEUE||5550001|1
1795395664|1795395650.1|help|ann|CONNECT|4|1795395660.2|4
1795395700|1795395690.3|help|NONE|ENTERQUEUE||5550002|1
1795395702|1795395690.3|help|bob|CONNECT|2|1795395700.4|2
1795395710|1795395705.5|help|NONE|ENTERQUEUE||5550003|1
1795395760|1795395705.5|help|NONE|ABANDON|1|1|50
1795395770|1795395769.6|help|NONE|ENTERQUEUE||5550004|1
1795395799|1795395650.1|help|ann|COMPLETECALLER|4|135|1
1795395802|1795395769.6|help|ann|CONNECT|32|1795395800.7|3
1795395900|1795395690.3|help|bob|COMPLETEAGENT|2|198|1
1795395949|1795395769.6|help|ann|COMPLETECALLER|32|147|1
1795482000|1795481990.8|help|NONE|ENTERQUEUE||5550001|1
1795482060|1795481990.8|help|ann|CONNECT|60|1795482000.9|60
1795482090|1795481990.8|help|ann|COMPLETECALLER|60|30|1
"""


def test_asterisks_members_come_along_and_a_queue_is_named_anew(tmp_path: Path, rules: Path) -> None:
    record = tmp_path / "queue_log"
    record.write_text(QUEUE_LOG, "utf-8")
    zone = ZoneInfo("Asia/Shanghai")
    trace, on, days = of_day(read_trace(record, zone=zone), date(2026, 11, 23), zone)
    assert (on, days) == (date(2026, 11, 23), 2)
    with pytest.raises(CannotReplay, match=r"has the record's name help: say --queue help=service"):
        by_rules(rules, trace, on, zone.key, {}, ["service", "sales"])
    with pytest.raises(CannotReplay, match="there is no queue 'fax' today"):
        by_rules(rules, trace, on, zone.key, {"help": "fax"}, ["service", "sales"])
    rules.write_text(RULES.replace("wrap_up_ms = 30000", "wrap_up_ms = 0"), "utf-8")
    of = by_rules(rules, trace, on, zone.key, {"*": "service"}, ["service", "sales"])
    before, (after,), calls = replay_day(of, [1])
    told = {call.call: (call.before, call.after) for call in calls}
    assert len(told) == before.overall.offered == after.overall.offered == 4
    assert [was for was, now in told.values() if was != now] == []
    assert told["1795395705.5"][0] == CallOutcome("abandoned", 50_000)
    assert before.queues[1].overall.aht_ms == after.queues[1].overall.aht_ms == 160_000


def test_a_day_without_calls_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    record = tmp_path / "queue_log"
    record.write_text(QUEUE_LOG, "utf-8")
    with pytest.raises(CannotReplay, match="no call came on 2026-11-25: the record is of 2026-11-23 to 2026-11-24"):
        of_day(read_trace(record), date(2026, 11, 25), ZoneInfo("UTC"))
    trace, on, _ = of_day(read_trace(record), None, ZoneInfo("UTC"))
    assert (on, [(call.id, call.arrived_ms, call.waited_ms) for call in trace.calls]) == (
        date(2026, 11, 24),
        [("1795481990.8", 3_590_000, 60_000)],
    )
