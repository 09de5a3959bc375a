"""Who may ask what on the WebSocket: the one table. Pure. What is not in it, nobody may.

What is asked as one's own agent is always for the session's agent; what a supervisor asks carries their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from agent_console.sessions import Viewer

Right: TypeAlias = Literal["own agent", "supervisor"]
"""`own agent`: who takes calls, whatever else they are; `supervisor`: supervisors and admins."""

REQUESTS: Mapping[str, Right] = MappingProxyType(
    {
        "log_in": "own agent",
        "log_out": "own agent",
        "go_ready": "own agent",
        "go_not_ready": "own agent",
        "end_wrap_up": "own agent",
        "reject_offer": "own agent",
        "hang_up": "own agent",
        "hold": "own agent",
        "resume": "own agent",
        "consult": "own agent",
        "join": "own agent",
        "transfer": "own agent",
        "place_call": "own agent",
        "send_dtmf": "own agent",
        "record": "own agent",
        "pause_recording": "own agent",
        "resume_recording": "own agent",
        "extend_wrap_up": "own agent",
        "write_note": "own agent",
        "dispose": "own agent",
        "choose_customer": "own agent",
        "schedule_callback": "own agent",
        "cancel_callback": "own agent",
        "monitor": "supervisor",
        "stop_monitoring": "supervisor",
        "set_ready": "supervisor",
        "set_not_ready": "supervisor",
        "set_logged_out": "supervisor",
        "change_skills": "supervisor",
        "move_call": "supervisor",
        "set_priority": "supervisor",
        "pull_call": "supervisor",
        "open_queue": "supervisor",
        "close_queue": "supervisor",
        "cancel_any_callback": "supervisor",
    }
)


def why_not(do: str, viewer: Viewer) -> str:
    """Why this viewer may not ask that; "" if they may."""
    match REQUESTS.get(do):
        case "own agent":
            return "" if viewer.agent is not None else "you are signed in without an agent"
        case "supervisor":
            return "" if viewer.sees_all else "only a supervisor may do that"
        case None:
            return "nobody may do that"
