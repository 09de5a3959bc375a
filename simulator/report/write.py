"""A report as a file that stands alone. Does I/O: reads the charts' script, which is built with the wheel."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from simulator.report.page import page
from simulator.report.report import Report


class ChartsNotBuilt(Exception):
    """The charts' script is not there; the message says how it is made."""


def write_report(report: Report, path: Path) -> None:
    """Writes the report as one HTML file, which opens from disk and needs no network.

    Raises ChartsNotBuilt, or OSError if the file cannot be written.
    """
    style = resources.files("simulator.report").joinpath("report.css").read_text("utf-8")
    path.write_text(page(report, charts_script(), style), "utf-8")


def charts_script() -> str:
    """What draws the charts, as built from agent_console/page/src/report."""
    built = resources.files("agent_console").joinpath("page", "dist", "report.js")
    if not built.is_file():
        raise ChartsNotBuilt(
            f"{built} is not there: it is made by installing Callfloor (`pip install .`, or `make demo`)"
        )
    return built.read_text("utf-8").strip()
