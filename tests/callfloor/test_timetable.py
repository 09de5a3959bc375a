"""Hours and supervisors open and close queues: the last word counts, over restarts, power cuts and changed hours."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.core import Acd
from acd.vocabulary import AgentRules, CloseQueue, Configure, Line, OpenQueue, QueueClosed, QueueOpened, QueueRules
from callfloor.floor import Floor
from callfloor.hours import OpeningHours
from callfloor.timetable import HOURS, Timetable, Words
from records.journal import Journal, replay

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = OpeningHours(zone="Europe/Berlin", week={"mon-fri": ["09:00-12:00", "13:00-18:00"]})
NEVER = OpeningHours(zone="Europe/Berlin", week={})
ALWAYS = OpeningHours(zone="Europe/Berlin", week={"mon-sun": ["00:00-24:00"]})


def wall(text: str) -> int:
    """Of a week of January 2026 that begins with Monday the 5th: `Mon 09:00`, `Mon 09:00:05`."""
    day, clock = text.split()
    hour, minute, second = (int(part) for part in (clock + ":00").split(":")[:3])
    number = 5 + ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(day)
    return int(datetime(2026, 1, number, hour, minute, second, tzinfo=BERLIN).timestamp() * 1000)


class Office:
    """A real core and journal, whose clocks the test sets; `sales` has hours."""

    def __init__(self, folder: Path) -> None:
        self.journal_path = folder / "j"
        self.at = 0
        self.said: list[str] = []

    def start(self, at: str, hours: OpeningHours | None = OFFICE) -> None:
        self.at = wall(at)
        acd = Acd()
        self.floor = Floor(acd, Journal.open(self.journal_path, "never"), lambda: self.at)
        words = Words()
        for line in replay(self.journal_path):
            acd.replay([line])
            words.learn(line, line.input.at)
        by_hours, now = {"sales": hours} if hours else {}, lambda: self.at
        self.timetable = Timetable(by_hours, self.floor.tell, now, now, words)
        self.floor.follow(self.timetable.see)
        self.floor.follow(self.note)
        queues = {name: QueueRules(name) for name in ("sales", "service")}
        self.floor.tell(Configure(self.at, queues, {"a1": AgentRules("Alice", {"sales": 1, "service": 1})}))

    def stop(self) -> None:
        self.floor.close()
        self.floor._journal.close()

    def note(self, line: Line) -> None:
        for fact in line.facts:
            if isinstance(fact, QueueOpened | QueueClosed):
                word = "open" if isinstance(fact, QueueOpened) else "closed"
                self.said.append(f"{fact.queue} {word} by {fact.by}")

    async def look(self, at: str) -> list[str]:
        """What was said since the last look, this one included."""
        self.at = wall(at)
        await self.timetable.look()
        said, self.said = self.said, []
        return said

    def say(self, at: str, what: type[OpenQueue | CloseQueue]) -> None:
        self.at = wall(at)
        self.floor.tell(what(self.at, "sales", "boss"))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_the_hours_of_a_week(office: Office) -> None:
    office.start("Mon 08:00")
    assert await office.look("Mon 08:00") == ["sales closed by hours"]
    assert await office.look("Mon 08:59:59") == []
    assert await office.look("Mon 09:00") == ["sales open by hours"]
    assert await office.look("Mon 09:01") == []
    assert await office.look("Mon 12:00") == ["sales closed by hours"]
    assert await office.look("Mon 13:00") == ["sales open by hours"]
    assert await office.look("Fri 18:00") == ["sales closed by hours"]
    assert await office.look("Sun 12:00") == []


async def test_what_a_supervisor_closed_stays_closed_over_a_restart_until_the_hours_next_change(office: Office) -> None:
    office.start("Mon 09:30")
    assert await office.look("Mon 09:30") == []
    office.say("Mon 10:00", CloseQueue)
    assert await office.look("Mon 11:00") == ["sales closed by boss"]
    office.stop()
    office.start("Mon 11:30")
    assert await office.look("Mon 11:30") == []
    assert await office.look("Mon 12:00") == [], "the hours close what is closed"
    assert await office.look("Mon 13:00") == ["sales open by hours"]


async def test_what_a_supervisor_opened_at_night_stays_open_until_the_hours_next_end(office: Office) -> None:
    office.start("Mon 20:00")
    assert await office.look("Mon 20:00") == ["sales closed by hours"]
    office.say("Mon 21:00", OpenQueue)
    assert await office.look("Mon 23:00") == ["sales open by boss"]
    assert await office.look("Tue 09:00") == []
    assert await office.look("Tue 12:00") == ["sales closed by hours"]


async def test_a_change_of_hours_that_nobody_was_awake_for_is_made_good(office: Office) -> None:
    office.start("Mon 10:00")
    office.say("Mon 11:00", CloseQueue)
    office.stop()
    office.said.clear()
    office.start("Tue 10:00")
    assert await office.look("Tue 10:00") == ["sales open by hours"]


async def test_a_machine_that_slept_and_a_clock_that_was_put_forward_are_the_same(office: Office) -> None:
    office.start("Mon 10:00")
    assert await office.look("Mon 10:00") == []
    assert await office.look("Wed 20:00") == ["sales closed by hours"]


async def test_a_clock_that_is_put_back_opens_again_what_the_hours_closed_too_early(office: Office) -> None:
    office.start("Mon 10:00")
    assert await office.look("Mon 18:00") == ["sales closed by hours"]
    assert await office.look("Mon 17:30") == ["sales open by hours"]
    assert await office.look("Mon 18:00") == ["sales closed by hours"]


async def test_hours_that_are_new_in_the_configuration_count_at_once(office: Office) -> None:
    office.start("Mon 10:00", hours=None)
    assert await office.look("Mon 10:00") == []
    office.stop()
    office.start("Mon 10:05", hours=NEVER)
    assert await office.look("Mon 10:05") == ["sales closed by hours"]


async def test_a_queue_from_which_hours_are_taken_is_open_again_unless_a_supervisor_closed_it(office: Office) -> None:
    office.start("Mon 20:00")
    assert await office.look("Mon 20:00") == ["sales closed by hours"]
    office.stop()
    office.start("Mon 20:10", hours=None)
    assert await office.look("Mon 20:10") == ["sales open by hours"]
    office.say("Mon 20:20", CloseQueue)
    office.stop()
    office.said.clear()
    office.start("Mon 20:30", hours=None)
    assert await office.look("Mon 20:30") == []


async def test_a_supervisors_word_on_a_queue_whose_hours_never_change_holds(office: Office) -> None:
    office.start("Mon 10:00", hours=ALWAYS)
    office.say("Mon 10:00", CloseQueue)
    assert await office.look("Sun 10:00") == ["sales closed by boss"]


async def test_a_queue_that_comes_back_into_the_configuration_begins_anew(office: Office) -> None:
    office.start("Mon 20:00")
    office.say("Mon 20:00", CloseQueue)
    rest = {"service": QueueRules("service")}
    office.floor.tell(Configure(office.at, rest, {"a1": AgentRules("Alice", {"service": 1})}))
    office.stop()
    office.said.clear()
    office.start("Mon 20:30")
    assert await office.look("Mon 20:30") == ["sales closed by hours"]


async def test_it_looks_by_itself_when_a_minute_begins(tmp_path: Path) -> None:
    began = time.monotonic_ns()
    first = wall("Mon 08:59:59") + 900

    def now() -> int:
        return first + (time.monotonic_ns() - began) // 1_000_000

    floor = Floor(Acd(), Journal.open(tmp_path / "j", "never"), now)
    timetable = Timetable({"sales": OFFICE}, floor.tell, now, now)
    floor.follow(timetable.see)
    opened = asyncio.get_running_loop().create_future()
    floor.tell(Configure(now(), {"sales": QueueRules("sales")}, {}))

    def note(line: Line) -> None:
        if any(isinstance(fact, QueueOpened) for fact in line.facts):
            opened.set_result(line.input)

    floor.follow(note)
    task = asyncio.create_task(timetable.run())
    said = await opened
    task.cancel()
    floor.close()
    assert isinstance(said, OpenQueue)
    assert said.by == HOURS
    assert wall("Mon 09:00") <= said.at < wall("Mon 09:01")
