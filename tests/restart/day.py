"""The day of the sweep: two queues, three agents, calls of every kind, all within some seconds. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.restart.people import Plan

NODE = "sim"
MANAGER = "callfloor"

AGENTS: dict[str, dict[str, Any]] = {
    "a1": {"name": "Agent 1", "queues": {"service": 1}},
    "a2": {"name": "Agent 2", "queues": {"service": 2}, "skills": {"zh": 2}},
    "a3": {"name": "Agent 3", "queues": {"sales": 1}},
}
DECLINES = {"a3": 1}

PLANS = (
    Plan(0, "1", "service"),
    Plan(10, "2", "service", skills="zh", hangs_up="agent"),
    Plan(20, "1", "service"),
    Plan(25, "5", "sales", key="1"),
    Plan(30, "3", "service", priority=5, key="1"),
    Plan(40, "2", "service", skills="zh"),
    Plan(50, "1", "service", patience_ms=200),
    Plan(60, "4", "sales", handed_over=True, hangs_up="agent"),
    Plan(70, "1", "service"),
)
"""Whoever waits is overtaken by the one with priority; who wants Chinese waits for a2 alone; one gives up."""


def config(folder: Path, ami_port: int, agi_port: int) -> dict[str, Any]:
    """As the TOML file would say it."""
    start = {"queue": "service"}
    return {
        "web": {"port": 0},
        "records": {
            "region": "CN",
            "journal": {"path": "journal", "fsync": "never"},
            "database": {"url": "sqlite:///records.db"},
        },
        "nodes": {
            NODE: {
                "port": ami_port,
                "user": MANAGER,
                "secret": "simulated",
                "reconnect_min_s": 0.05,
                "reconcile_s": 0.5,
            }
        },
        "queues": {
            "service": {"name": "Service", "ring_ms": 5_000, "wrap_up_ms": 100},
            "sales": {"name": "Sales", "ring_ms": 5_000, "wrap_up_ms": 100},
        },
        "agents": AGENTS,
        "ivr": {
            "port": agi_port,
            "messages": str(folder / "messages"),
            "speech": {"engine": "files", "cache": str(folder / "speech")},
            "default_hotline": "1",
            "hotlines": {dnis: {"flow": f"f{dnis}", "language": "en"} for dnis in "1235"},
            "flows": {
                "f1": {"start": start, "offers": []},
                "f2": {"start": {**start, "skills": "zh"}, "offers": []},
                "f3": {"start": {**start, "priority": 5}, "offers": ["message"], "exit_key": "*"},
                "f5": {
                    "menus": {
                        "top": {"prompt": {"en": "For sales press one."}, "keys": {"1": {"queue": "sales"}}},
                    },
                    "offers": [],
                },
            },
        },
    }
