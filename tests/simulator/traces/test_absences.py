"""Who was away, told from services and waits: one agent's morning in a few rows."""

from __future__ import annotations

from simulator.traces.absences import Pause, pauses, turnarounds_ms, without_absences
from simulator.traces.trace import AgentSpan, TraceCall


def served(agent: str, from_s: int, to_s: int, waited_s: int = 0, queue: str = "help") -> TraceCall:
    call, queued_ms = f"{agent} {from_s}", (from_s - waited_s) * 1000
    return TraceCall(
        call, 1, queued_ms, "answered", "", queue, 0, queued_ms, waited_s * 1000, (to_s - from_s) * 1000, agent
    )


def gave_up(from_s: int, to_s: int, queue: str = "help") -> TraceCall:
    return TraceCall(f"{from_s}", 1, from_s * 1000, "abandoned", "", queue, 0, from_s * 1000, (to_s - from_s) * 1000)


def span(agent: str, from_s: int, to_s: int, *, estimated: bool = True) -> AgentSpan:
    return AgentSpan(agent, from_s * 1000, to_s * 1000, ("help",), estimated)


CALLS = [
    served("ann", 0, 100),
    served("ann", 105, 200, waited_s=60),  # paperwork of 5 s while this one waited
    served("ann", 260, 300),  # nobody waited meanwhile: free, or whatever
    gave_up(310, 390),
    gave_up(380, 450),
    gave_up(300, 900, queue="fax"),  # not hers
    served("ann", 500, 600, waited_s=10),
    served("ann", 590, 650),  # two at once, as records have it
]


def test_pauses_know_how_long_own_calls_waited() -> None:
    assert pauses(CALLS, [span("ann", 0, 650)]) == [
        Pause("ann", 100_000, 105_000, 5_000),
        Pause("ann", 200_000, 260_000, 0),
        Pause("ann", 300_000, 500_000, 150_000),
    ]


def test_beside_calls_that_waited_long_an_agent_was_away() -> None:
    cut = [span("ann", 0, 300), span("ann", 500, 650)]
    assert without_absences([span("ann", 0, 650)], CALLS, 120_000) == cut
    assert without_absences([span("ann", 0, 650)], CALLS, 150_000) == [span("ann", 0, 650)]


def test_what_a_record_says_of_presence_stands() -> None:
    told = [span("ann", 0, 650, estimated=False)]
    assert without_absences(told, CALLS, 1_000) == told


def test_the_way_to_the_next_call_is_seen_where_one_waited_all_the_while() -> None:
    assert turnarounds_ms(CALLS, [span("ann", 0, 650)]) == [5_000]
