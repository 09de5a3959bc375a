"""A report stands alone: what it says of the days, what its tables say without a script, what a browser draws of it."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, async_playwright, expect

from acd import vocabulary as say
from acd.vocabulary import Line
from records.figures import Day
from records.measures import Measures
from simulator.confidence import Estimate, difference, estimate
from simulator.report.page import embedded, page
from simulator.report.report import Report, StaffingRow, UnequalDays, as_json, report_of
from simulator.report.text import clock, day, duration, el, interval, said
from simulator.report.words import WORDS
from simulator.report.write import charts_script, write_report
from tests.live.browser import ARGS, CHROMIUM
from tests.records.test_measures import random_day

EIGHT = 1_764_547_200_000
"""2025-12-01 08:00 in Shanghai."""
HOSTILE = "</script><script>document.title='taken'</script>\u2028<img src=http://example.com/x onerror=alert(1)>"
STAFFING = [StaffingRow(EIGHT, 30, 180_000, {"erlang_c": 9, "erlang_a": 7, "simulation": None})]


@functools.cache
def simulated(seed: int, queue: str = "Sales") -> Day:
    measures = Measures()
    for line in random_day(seed):
        if isinstance(line.input, say.Configure):
            rules = {name: msgspec.structs.replace(rules, name=queue) for name, rules in line.input.queues.items()}
            line = Line(line.seq, line.input, [say.Configured(rules, line.input.agents)])  # noqa: PLW2901
        moved = msgspec.structs.replace(line.input, at=line.input.at + EIGHT)
        facts = [_later(fact) for fact in line.facts]
        measures.see(Line(line.seq, moved, facts))
    return measures.result()


def _later(fact: say.AnyFact) -> say.AnyFact:
    return msgspec.structs.replace(fact, joined_at=fact.joined_at + EIGHT) if isinstance(fact, say.CallQueued) else fact


def one_side(**given: object) -> Report:
    days = [simulated(seed) for seed in (1, 2, 3)]
    return report_of("A morning", {"today": days}, zone="Asia/Shanghai", staffing=STAFFING, target=0.8, **given)  # type: ignore[arg-type]


def two_sides(**given: object) -> Report:
    sides = {
        "today": [simulated(seed) for seed in (1, 2, 3)],
        HOSTILE: [simulated(seed, HOSTILE) for seed in (4, 5, 6)],
    }
    return report_of("两种方案", sides, zone="Asia/Shanghai", language="zh-CN", **given)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ what it says


def test_a_side_is_the_mean_of_its_replications() -> None:
    side = one_side(formula="over_answered").sides[0]
    days = [simulated(seed) for seed in (1, 2, 3)]
    levels = [day.overall.service_level.over_answered or 0.0 for day in days]
    assert side.values["service_level"] == estimate(levels)
    assert side.values["asa"] == estimate([day.overall.asa_ms or 0 for day in days])
    assert side.formulas["over_answered"] == side.values["service_level"]
    sales = next(queue for queue in side.queues if queue.queue == "sales")
    assert sales.values["offered"] == estimate([day.queues[1].overall.offered for day in days])
    assert sum(bar.answered for bar in side.wait_bars) == sum(day.overall.answered for day in days)
    first = side.slots[0]
    assert (first.at_ms, first.values["offered"]) == (
        EIGHT,
        estimate([day.intervals[0].figures.offered for day in days]),
    )


def test_a_confidence_interval_ends_where_the_possible_ends() -> None:
    for slot in one_side().sides[0].slots:
        for name in ("service_level", "abandonment", "occupancy"):
            found = slot.values[name]
            assert found is None or found.n == 1 or 0 <= found.low <= found.mean <= found.high <= 1


def test_the_sides_are_compared_pair_by_pair() -> None:
    report = two_sides()
    before = [simulated(seed).overall.asa_ms or 0 for seed in (1, 2, 3)]
    after = [simulated(seed).overall.asa_ms or 0 for seed in (4, 5, 6)]
    assert report.differences["asa"] == difference(before, after)
    assert one_side().differences == {}


@pytest.mark.parametrize(
    ("sides", "said_of_it"),
    [
        ({}, "0 sides: expected one, or two to compare"),
        ({"a": [], "b": []}, "side 'a' has no day: expected at least one"),
        ({"a": [simulated(1)], "b": [simulated(1), simulated(2)]}, "1 and 2 replications: expected as many"),
        (
            {"a": [simulated(1)], "b": [Measures(60_000).result()]},
            r"intervals of \[60000, 900000\] ms: expected the same",
        ),
    ],
)
def test_days_that_do_not_fit_are_refused(sides: dict[str, list[Day]], said_of_it: str) -> None:
    with pytest.raises(UnequalDays, match=said_of_it):
        report_of("x", sides)


def test_json_holds_the_whole_report() -> None:
    report = one_side()
    found = json.loads(as_json(report))
    asa = report.sides[0].values["asa"]
    assert asa is not None
    assert found["sides"][0]["values"]["asa"] == {"mean": asa.mean, "low": asa.low, "high": asa.high, "n": 3}
    single = json.loads(as_json(report_of("x", {"x": [simulated(1)]})))
    assert single["sides"][0]["values"]["asa"]["low"] is None  # one day says nothing of its own error


# ------------------------------------------------------------------------------- words and numbers


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (-40, "0 s"),
        (12_340, "12.3 s"),
        (59_990, "1:00"),
        (125_000, "2:05"),
        (-90_000, "−1:30"),
        (3_725_000, "1:02:05"),
    ],
)
def test_durations(ms: float, text: str) -> None:
    assert duration(ms) == text


def test_numbers() -> None:
    assert said(0.8244, "share") == "82.4 %"
    assert said(-0.04, "share", points=True) == "−4 pp"
    assert said(1234, "count") == "1,234"
    assert interval(Estimate(0.5, 0.4, 0.6, 3), "share") == "40 % – 60 %"
    assert interval(estimate([0.5]), "share") == ""
    assert (clock(EIGHT, "Asia/Shanghai"), clock(EIGHT, "UTC")) == ("08:00", "00:00")
    assert (day(EIGHT, "UTC"), day(0, "UTC")) == ("2025-12-01", "")


def test_no_text_is_html() -> None:
    assert el("td", "a < b & 'c'", title='"') == '<td title="&quot;">a &lt; b &amp; &#x27;c&#x27;</td>'


def test_both_languages_have_the_same_words_and_places() -> None:
    english, chinese = WORDS["en"], WORDS["zh-CN"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", chinese[key]))


# ------------------------------------------------------------------------------ the page as a file


class Outline(HTMLParser):
    """The elements of a page, the text of its cells, and what its first script element holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script" and len(self.scripts) < self.tags.count("script"):
            self.scripts.append(data)
        else:
            self.text.append(data)


def test_nothing_breaks_out_of_the_page() -> None:
    report = two_sides()
    outline = Outline(page(report, "draw()", "body{}"))
    assert outline.tags.count("script") == 2
    assert "img" not in outline.tags
    assert json.loads(outline.scripts[0])["report"]["sides"][1]["name"] == HOSTILE
    assert outline.scripts[1] == "draw()"
    assert HOSTILE in outline.text
    assert not re.search("[<>&\u2028\u2029]", embedded(report))


def test_the_tables_need_no_script() -> None:
    report = one_side()
    text = page(report, "", "")
    outline = Outline(text)
    assert outline.tags.count("table") == 5
    assert {"caption", "thead", "tbody"} & set(outline.tags) == {"thead", "tbody"}
    assert ("scope", "row") in outline.attributes
    asa = report.sides[0].values["asa"]
    assert asa is not None
    assert {said(asa.mean, "ms"), interval(asa, "ms"), "08:00", "not possible", "Erlang A"} <= set(outline.text)
    assert "<noscript>" in text


def test_a_clear_difference_is_told_from_chance() -> None:
    better = report_of("x", {"a": [simulated(1), simulated(2)], "b": [simulated(1), simulated(2)]})
    asa = Estimate(-3_000, -4_000, -2_000, 5)
    chance = Estimate(-3_000, -7_000, 1_000, 5)
    for found, word in ((asa, "better"), (chance, "within chance")):
        text = page(msgspec.structs.replace(better, differences=better.differences | {"asa": found}), "", "")
        assert text.count(f">{word}<") == 1


# ------------------------------------------------------------------------------------- in a browser


@asynccontextmanager
async def opened(path: Path, *, dark: bool = False, scripts: bool = True) -> AsyncIterator[Page]:
    """The page at `path`; at the end it must have complained of nothing and asked nobody for anything."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        shown = await browser.new_page(
            viewport={"width": 1240, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        problems: list[str] = []
        asked: list[str] = []
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("console", lambda message: problems.append(message.text))
        shown.on("request", lambda request: asked.append(request.url))
        await shown.goto(path.as_uri())
        yield shown
        if folder := os.environ.get("CALLFLOOR_PICTURES"):
            await shown.screenshot(path=Path(folder) / f"{path.stem}.png", full_page=True)
        await browser.close()
        assert problems == []
        assert asked == [path.as_uri()]


async def shapes(shown: Page) -> dict[str, int]:
    """How many filled or stroked shapes each chart has drawn."""
    drawn = "chart.querySelectorAll('svg path, svg rect').length"
    count = f"charts => Object.fromEntries(charts.map((chart, n) => [chart.dataset.chart + n, {drawn}]))"
    found: dict[str, int] = await shown.eval_on_selector_all("[data-chart]", count)
    return found


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
async def test_every_chart_draws_and_nothing_leaves(tmp_path: Path, dark: bool) -> None:
    path = tmp_path / f"one-{'dark' if dark else 'light'}.html"
    write_report(one_side(), path)
    async with opened(path, dark=dark) as shown:
        drawn = await shapes(shown)
        assert len(drawn) == 8
        assert all(count > 10 for count in drawn.values()), drawn
        texts = await shown.locator("[data-chart=waits] svg text").all_text_contents()
        assert "08:00" in texts
        assert "0:00" in texts
        ground = await shown.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == ("rgb(20, 22, 26)" if dark else "rgb(244, 245, 247)")


@pytest.mark.browser
async def test_a_comparison_with_a_hostile_name_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "two.html"
    write_report(two_sides(), path)
    async with opened(path) as shown:
        assert await shown.title() == "两种方案"
        drawn = await shapes(shown)
        assert len(drawn) == 8
        assert all(count > 10 for count in drawn.values()), drawn
        await shown.locator("[data-chart=arrivals]").hover()
        await expect(shown.locator("body")).to_contain_text("today: ", use_inner_text=True)
        assert await shown.locator("img").count() == 0


@pytest.mark.browser
async def test_the_charts_follow_the_light_and_go_light_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "light.html"
    write_report(one_side(), path)
    async with opened(path, dark=True) as shown:
        label = shown.locator("[data-chart=occupancy] svg text").first
        dark = await label.get_attribute("fill") or ""
        await shown.emulate_media(color_scheme="light")
        await expect(label).not_to_have_attribute("fill", dark)
        light = await label.get_attribute("fill") or ""
        await shown.emulate_media(color_scheme="dark", media="print")
        await expect(label).to_have_attribute("fill", light)
        assert dark != light


@pytest.mark.browser
async def test_without_scripts_the_numbers_are_there(tmp_path: Path) -> None:
    path = tmp_path / "plain.html"
    write_report(one_side(), path)
    async with opened(path, scripts=False) as shown:
        assert "The charts need JavaScript" in await shown.inner_text("header")
        assert await shown.locator("table tbody tr").count() > 20


def test_the_script_can_stand_in_a_page() -> None:
    script = charts_script()
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert "\r" not in script
