"""The report as one HTML page: figures, tables, places for the charts, and everything they need inside it. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from simulator.confidence import Estimate
from simulator.report.report import (
    HIGHER_IS_BETTER,
    LOWER_IS_BETTER,
    UNITS,
    Report,
    Side,
    Unit,
    Values,
)
from simulator.report.text import Html, clock, day, duration, el, interval, said
from simulator.report.words import WORDS

CARDS = ("service_level", "asa", "wait_90", "abandonment", "occupancy", "offered", "aht", "rona")
CHARTS = ("arrivals", "waits", "service_level", "occupancy", "abandonment", "wait_distribution")
COLUMNS = ("offered", "answered", "abandoned", "service_level", "abandonment", "asa", "wait_90", "occupancy")
ESTIMATES: dict[str, Unit] = {
    "within_half": "share",
    "within_most": "share",
    "mean_error_ms": "ms",
    "mean_absolute_error_ms": "ms",
}


def page(report: Report, script: str, style: str) -> str:
    """The whole page. `script` draws the charts; the page lets no other run and asks nothing of any network."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    words = _Words(report)
    head = el(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        el("title", report.title),
        el("style", Html(style)),
    )
    body = el(
        "body",
        _header(report, words),
        el("main", *(section for section in _sections(report, words) if section)),
        el("script", Html(embedded(report)), type="application/json", id="report"),
        el("script", Html(script)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang=report.language)}\n"


def embedded(report: Report) -> str:
    """The report and its words as JSON that may stand in a script element: what could end it is written by number."""
    text = msgspec.json.encode({"report": report, "words": WORDS[report.language]}).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class _Words:
    """The labels of one report."""

    def __init__(self, report: Report) -> None:
        self._words = WORDS[report.language]

    def __call__(self, key: str, **given: object) -> str:
        text = self._words[key]
        return text.format(**given) if given else text


def _header(report: Report, words: _Words) -> Html:
    first = report.sides[0]
    when = f"{clock(first.from_ms, report.zone)} – {clock(first.until_ms, report.zone)} {report.zone}"
    replications = min(side.replications for side in report.sides)
    note = words("in_short", replications=replications) if replications > 1 else words("one_day")
    return el(
        "header",
        el("h1", report.title),
        el("p", " · ".join(part for part in (report.scenario, day(first.from_ms, report.zone), when) if part)),
        el("p", note, " ", words("the_formula", formula=words(report.formula)), class_="soft"),
        el("noscript", el("p", words("no_script"))),
    )


def _sections(report: Report, words: _Words) -> Iterable[Html]:
    yield _comparison(report, words) if len(report.sides) == 2 else _key_figures(report.sides[0], words)
    yield el("div", *(_chart(name, words) for name in CHARTS), class_="charts")
    if report.staffing:
        yield _staffing(report, words)
    for index, side in enumerate(report.sides):
        if side.agents:
            yield _timelines(index, side, report, words)
    yield _table_of_formulas(report, words)
    for side in report.sides:
        yield _queues(side, report, words)
    yield _estimates(report, words)
    for side in report.sides:
        yield _intervals(side, report, words)


# --------------------------------------------------------------------------------------- key figures


def _key_figures(side: Side, words: _Words) -> Html:
    cards = [
        el(
            "div",
            el("dt", words(name)),
            el("dd", el("strong", _mean(side.values[name], UNITS[name])), _range(side.values[name], UNITS[name])),
        )
        for name in CARDS
    ]
    return el("section", el("h2", words("key_figures")), el("dl", *cards, class_="cards"))


def _comparison(report: Report, words: _Words) -> Html:
    first, second = report.sides
    rows = [
        [
            words(name),
            _cell(first.values[name], UNITS[name]),
            _cell(second.values[name], UNITS[name]),
            _difference(report.differences[name], UNITS[name]),
            _verdict(name, report.differences[name], words),
        ]
        for name in UNITS
    ]
    heads = [words("measure"), first.name, second.name, words("difference"), ""]
    return el("section", el("h2", words("comparison")), _table(heads, rows))


def _verdict(name: str, estimate: Estimate | None, words: _Words) -> Html:
    """Clear is a difference whose confidence interval lies on one side of zero."""
    if estimate is None or estimate.n < 2 or estimate.low == estimate.high == 0:
        return el("span")
    if estimate.low <= 0 <= estimate.high:
        return el("span", words("unclear"), class_="soft")
    if name not in LOWER_IS_BETTER | HIGHER_IS_BETTER:
        return el("span", words("changed"))
    word = "better" if (estimate.mean < 0) == (name in LOWER_IS_BETTER) else "worse"
    return el("span", words(word), class_=word)


# -------------------------------------------------------------------------------------------- charts


def _chart(name: str, words: _Words) -> Html:
    distribution = name == "wait_distribution"
    caption = words(name) if distribution else f"{words(name)}, {words('by_interval')}"
    notes = [el("p", words("wait_distribution_note"), class_="soft")] if distribution else []
    place = el("div", class_="chart", data_chart=name, role="img", aria_label=caption)
    return el("figure", el("figcaption", caption), place, *notes)


def _timelines(index: int, side: Side, report: Report, words: _Words) -> Html:
    caption = f"{words('timelines')} · {side.name}" if len(report.sides) > 1 else words("timelines")
    note = words("timelines_note", shown=len(side.agents), all=side.agents_in_all)
    place = el("div", class_="chart", data_chart="timelines", data_side=str(index), role="img", aria_label=caption)
    return el("figure", el("figcaption", caption), place, el("p", note, class_="soft"))


def _staffing(report: Report, words: _Words) -> Html:
    methods = list(report.staffing[0].agents)
    rows = [
        [
            clock(row.at_ms, report.zone),
            said(row.offered, "count"),
            said(row.aht_ms, "ms"),
            *(words("impossible") if (agents := row.agents.get(way)) is None else str(agents) for way in methods),
        ]
        for row in report.staffing
    ]
    heads = [words("interval"), words("offered"), words("aht"), *(words(method) for method in methods)]
    place = el("div", class_="chart", data_chart="staffing", role="img", aria_label=words("staffing"))
    return el("section", el("h2", words("staffing")), place, _table(heads, rows, long=True))


# -------------------------------------------------------------------------------------------- tables


def _table_of_formulas(report: Report, words: _Words) -> Html:
    rows = [
        [words(name), *(_cell(side.formulas[name], "share") for side in report.sides)]
        for name in report.sides[0].formulas
    ]
    return el("section", el("h2", words("service_levels")), _table(_with_sides(report, words("formula"), words), rows))


def _estimates(report: Report, words: _Words) -> Html:
    rows = [
        [words(name), *(_cell(side.estimates[name], unit) for side in report.sides)]
        for name, unit in ESTIMATES.items()
        if any(side.estimates[name] is not None for side in report.sides)
    ]
    if not rows:
        return Html("")
    return el("section", el("h2", words("estimates")), _table(_with_sides(report, words("measure"), words), rows))


def _queues(side: Side, report: Report, words: _Words) -> Html:
    heads = [words("queue"), words("in_time"), *(words(name) for name in COLUMNS)]
    rows = [
        [queue.name, duration(queue.service_level_ms), *_cells(queue.values)]
        for queue in sorted(side.queues, key=lambda queue: queue.name)
    ]
    return el("section", el("h2", _titled("queues", side, report, words)), _table(heads, rows))


def _intervals(side: Side, report: Report, words: _Words) -> Html:
    heads = [words("interval"), *(words(name) for name in COLUMNS)]
    rows = [[clock(slot.at_ms, report.zone), *_cells(slot.values)] for slot in side.slots]
    return el("section", el("h2", _titled("intervals", side, report, words)), _table(heads, rows, long=True))


def _titled(key: str, side: Side, report: Report, words: _Words) -> str:
    return f"{words(key)} · {side.name}" if len(report.sides) > 1 else words(key)


def _with_sides(report: Report, first: str, words: _Words) -> list[str]:
    names = [side.name for side in report.sides] if len(report.sides) > 1 else [words("value")]
    return [first, *names]


def _cells(values: Values) -> list[Html]:
    return [_cell(values[name], UNITS[name]) for name in COLUMNS]


def _cell(estimate: Estimate | None, unit: Unit) -> Html:
    return el("span", _mean(estimate, unit), _range(estimate, unit))


def _difference(estimate: Estimate | None, unit: Unit) -> Html:
    if estimate is None:
        return _cell(None, unit)
    plus = "+" if estimate.mean > 0 else ""
    around = interval(estimate, unit, points=True)
    return el("span", plus + said(estimate.mean, unit, points=True), *([el("small", around)] if around else []))


def _mean(estimate: Estimate | None, unit: Unit) -> str:
    return "–" if estimate is None else said(estimate.mean, unit)


def _range(estimate: Estimate | None, unit: Unit) -> Html:
    text = "" if estimate is None else interval(estimate, unit)
    return el("small", text) if text else Html("")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, long: bool = False) -> Html:
    """The first column names the row."""
    top = el("thead", el("tr", *(el("th", head, scope="col") for head in heads)))
    lines = [el("tr", el("th", row[0], scope="row"), *(el("td", cell) for cell in row[1:])) for row in rows]
    return el("div", el("table", top, el("tbody", *lines)), class_="scroll long" if long else "scroll", tabindex="0")
