"""Lines of a journal, written as a story: the time, what was said, what was decided."""

from __future__ import annotations

from acd.vocabulary import (
    AnyFact,
    AnyInput,
    CallAbandoned,
    CallBegan,
    CallConnected,
    CallEnded,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    Line,
    MenuChosen,
    OfferFailed,
    SmdrMatched,
    TimeCame,
    Why,
    WrapUpEnded,
    WrapUpStarted,
)

WHY = Why("longest idle", 1, 0, 1, {}, "the call looked for an agent", 1)


class Lines(list[Line]):
    """A journal in the making: `lines.add(at, fact, ...)`."""

    def add(self, at: int, *facts: AnyFact, said: AnyInput | None = None) -> Line:
        line = Line(len(self) + 1, said or TimeCame(at=at), list(facts))
        self.append(line)
        return line


def floor_day(calls: int) -> Lines:
    """So many calls, five at a time: most are answered after a second offer, some abandon, some leave a wish."""
    lines = Lines()
    for start in range(0, calls, 5):
        some = range(start, min(start + 5, calls))
        at = start * 1_000
        for n in some:
            lines.add(at, CallBegan(f"c{n}", f"PJSIP/t-{n}", f"09123456{n % 100:02}", "0800", "pbx"))
        for n in some:
            lines.add(at + 10, MenuChosen(f"c{n}", "language", "en"))
            lines.add(at + 20, CallQueued(f"c{n}", "sales", n % 3, at + 20, 1))
        for n in some:
            _outcome(lines, n, at + 30)
    return lines


def _outcome(lines: Lines, n: int, at: int) -> None:
    call, agent = f"c{n}", f"a{n % 7}"
    if n % 5 == 0:
        lines.add(at, CallAbandoned(call, "sales", 10, "16"))
        return
    if n % 5 == 1:
        lines.add(at, CallLeftQueue(call, "sales", "callback", 10, "+886912345678"))
        lines.add(at, CallEnded(call, "caller"))
        return
    lines.add(at, CallOffered(2 * n, call, agent, at + 100, WHY))
    lines.add(at, OfferFailed(2 * n, call, agent, "busy"), CallOffered(2 * n + 1, call, "a9", at + 100, WHY))
    lines.add(at, CallConnected(2 * n + 1, call, "a9", 10))
    lines.add(at, CallEnded(call, "agent", "16", "a9", 2 * n + 1, 5), WrapUpStarted("a9", call, at + 9))
    lines.add(at, SmdrMatched(call, "serial:line1", f"SMDR {n}", 5))
    lines.add(at, WrapUpEnded("a9", call))
