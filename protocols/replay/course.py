"""What one version of a track makes of one case: who is asked, which limits run, what came of it.

Everything is asked of the engine itself and carried out in memory. Without a story only the filing
is decided; with one, time passes between its entries and every rung that is due fires.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from protocols import engine
from protocols.country import Country
from protocols.decision import (
    ClockState,
    Decision,
    Escalate,
    HoldStep,
    NeedFact,
    OpenHandOff,
    Refused,
    Run,
    RunningClock,
    StartClock,
)
from protocols.lifecycle import Act, Party, State
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.replay.past import Happening, Past
from protocols.screening import screen
from protocols.stories import VERBS
from protocols.tracks import applying

HOME = "home"
_ACT = re.compile(rf"(\S+) ({'|'.join(VERBS)}) (\S+)(?: with (\S+))?")
_RECORDED = "recorded "
_MOST_RUNGS = 500  # of one case: a review every few days over the years a history may last


@dataclass(slots=True)
class Course:
    """The answer. ``under``: ``filing``, ``triage`` or nothing at all.

    ``asked``: (step, mandate, where); ``limits``: (clock, hand-off, due).
    """

    under: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    limits: list[tuple[str, str, datetime]] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    called: list[tuple[str, str]] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def course_of(protocol: Protocol, others: Sequence[Protocol], run: Run, past: Past) -> Course:
    """What this version decides; ``others`` are the country's other tracks on that day.

    ``run``: the case as it is filed (``run_of``). Raises CalendarNotCovered when a limit would end
    on a day nobody knows the holidays of.
    """
    world = engine.world_of(run)
    found = next((one for one in applying((*others, protocol), world) if one[0] is protocol), None)
    course = Course()
    if found is None:
        return course
    triage = found[1]
    course.under = "triage" if triage else "filing"
    # Alone among the tracks the engine would have it triage only whom it triages here too.
    decision = engine.file((protocol,), run, past.at)[0].decision
    _note(course, run, decision)
    if past.story or past.until:
        _live(course, protocol.at(past.place), carried_out(run, decision), past)
    return course


def run_of(country: Country, past: Past) -> Run:
    """The case as it is filed: as it was routed then, if told, else screened by the law."""
    screening = screen(country.parameters, past.facts)
    return Run(
        facts=past.facts,
        results=past.results or screening.results,
        place=past.place,
        reported=past.reported,
        urgency=past.urgency or str(screening.urgency),
        holder_mandates=past.filed_by,
        events=past.already,
    )


def _note(course: Course, run: Run, decision: Decision) -> None:
    country = run.place[:2]
    for item in decision.items:
        match item:
            case OpenHandOff():
                where = HOME if item.home else country if item.national else run.place
                course.asked.append((item.step, item.mandate, where))
            case HoldStep():
                course.kept.append(item.step)
            case StartClock():
                course.limits.append((item.clock, item.hand_off or "", item.due_at))
            case NeedFact():
                course.needed.append(item.fact)
            case Escalate():
                course.called.append((str(item.kind), item.to))
            case _:
                pass


def _live(course: Course, protocol: Protocol, run: Run, past: Past) -> None:
    """Go through the story; at its end say which limits were met and which were not."""
    for entry in past.story:
        run = _let_pass(course, protocol, run, entry.at)
        answer, outcome = _happen(protocol, run, entry)
        if isinstance(answer, Refused):
            course.refused.append(answer.rule)
            continue
        _note(course, run, answer)
        run = carried_out(run, answer, outcome=outcome)
    ends = past.until or past.story[-1].at
    _judge(course, _let_pass(course, protocol, run, ends).clocks, ends)


def _let_pass(course: Course, protocol: Protocol, run: Run, until: datetime) -> Run:
    """Fire every rung that is due by then, each at its own moment."""
    for _ in range(_MOST_RUNGS):
        due = [
            (engine.next_rung(protocol, clock), clock.id)
            for clock in run.clocks
            if clock.state is ClockState.RUNNING
        ]
        moment, clock = min(due, default=(until, ""))
        if not clock or moment > until:
            break
        answer = engine.lapse(protocol, run, clock, moment)
        assert isinstance(answer, Decision), "a running clock lapses"  # noqa: S101
        _note(course, run, answer)
        run = carried_out(run, answer)
    return run


def _happen(
    protocol: Protocol, run: Run, entry: Happening
) -> tuple[Decision | Refused, str | None]:
    if entry.happens.startswith(_RECORDED):
        event = entry.happens.removeprefix(_RECORDED)
        return engine.record(protocol, run, event, entry.at, panel=entry.panel), None
    found = _ACT.fullmatch(entry.happens)
    if found is None:
        return Refused("", "not understood", entry.happens), None
    mandate, verb, step, code = found.groups()
    mine = [one for one in run.hand_offs if (one.step, one.mandate) == (step, mandate)]
    if not mine:
        return Refused(verb, "known hand-off", f"{mandate} was not asked for {step}"), None
    act, hand_off = VERBS[verb], mine[-1]
    outcome = code if act is Act.COMPLETE else None
    begun: tuple[Decision, ...] = ()
    if act is Act.COMPLETE and hand_off.state is State.ACCEPTED:
        start = engine.act(protocol, run, hand_off.id, Act.START, entry.at, party=Party.RECEIVER)
        if isinstance(start, Refused):
            return start, None
        begun, run = (start,), carried_out(run, start)
    answer = engine.act(
        protocol,
        run,
        hand_off.id,
        act,
        entry.at,
        party=Party.RECEIVER,
        reason_code=None if outcome else code,
        outcome=outcome,
        panel=entry.panel,
    )
    return _joined(begun, answer), outcome


def _joined(begun: Iterable[Decision], answer: Decision | Refused) -> Decision | Refused:
    """One decision of both, when the completion was not refused."""
    if isinstance(answer, Refused):
        return answer
    return Decision(tuple(item for one in (*begun, answer) for item in one.items))


def _judge(course: Course, clocks: Iterable[RunningClock], ends: datetime) -> None:
    for clock in clocks:
        late = clock.state is ClockState.LAPSED or (
            clock.state is ClockState.RUNNING and clock.due_at < ends
        )
        if late:
            course.missed.append(clock.clock)
        elif clock.state is ClockState.STOPPED:
            course.met.append(clock.clock)
