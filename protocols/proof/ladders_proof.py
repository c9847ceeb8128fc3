"""L5: silence ends, in bounded time, at the body that may not decline.

The states say that it is reached whatever the facts are. How long it takes at worst is the longest
weighted path of the rungs: at each recipient the slowest limit that may be the only one to run, up
to its rung ``ask: next``, and at the last one its own limit, on the real calendars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from protocols.conditions import Always
from protocols.law import Asking, Clock, Step
from protocols.lifecycle import Act
from protocols.proof.automaton import Automaton, Edge
from protocols.proof.findings import Finding
from protocols.proof.happenings import Whose
from protocols.proof.histories import Histories
from protocols.proof.profiles import Profiles
from protocols.proof.projection import Projection, takes_custody
from protocols.proof.spans import longest
from protocols.proof.standing import Standing
from protocols.protocol import Protocol
from protocols.rungs import RungKind

# What a silent recipient cannot have done: a limit that stops only at these keeps calling.
_ANSWERS = frozenset({"accepted", "declined", "completed", "failed", "cancelled", "refused"})


@dataclass(frozen=True, slots=True)
class Silence:
    """The longest a person may be without an answer at one step, and the way there."""

    step: str
    time: timedelta
    path: tuple[str, ...]


def silence_ends(automaton: Automaton, histories: Histories) -> Iterator[Finding]:
    """L5 of one custody step, at the nearest state that fails."""
    step = automaton.projection.step
    ending, answering = _ending(automaton), _answering(automaton)
    for standing, way in histories.standings(automaton).items():
        silent = standing.waiting() and standing.open and standing in answering
        if silent and standing not in ending:
            yield Finding(
                "L5",
                step.spot,
                f"if everybody stays silent, {step.id} never reaches {step.last}, which may not"
                " decline",
                "See that each limit's ladder has a rung 'ask: next' and that 'last' can be asked",
                histories.through(automaton, way),
            )
            return


def _ending(automaton: Automaton) -> set[Standing]:
    """States from which limits alone lead to the last recipient, whatever the facts are."""
    last = automaton.projection.step.last
    found = {
        one
        for one in automaton.reached
        if not one.waiting()
        or any(asked.mandate == last for asked in one.asked)
        or f"{automaton.projection.step.id} refused" in one.events  # the sender keeps the person
    }
    limits = {standing: _limits(edges) for standing, edges in automaton.edges.items()}
    while True:
        more = {
            standing
            for standing, groups in limits.items()
            if standing not in found
            and any(all(edge.end in found for edge in group) for group in groups)
        }
        if not more:
            return found
        found |= more


def _answering(automaton: Automaton) -> set[Standing]:
    """States in which no recipient has declined into another custody step, whose silence ends."""
    found = {next(iter(automaton.reached))}
    queue = list(found)
    while queue:
        for edge in automaton.edges[queue.pop()]:
            if edge.end not in found and not _hands_over(automaton.projection, edge):
                found.add(edge.end)
                queue.append(edge.end)
    return found


def _hands_over(projection: Projection, edge: Edge) -> bool:
    if edge.act is not Act.DECLINE:
        return False
    custody = {name for name, step in projection.protocol.steps.items() if takes_custody(step)}
    return not custody.isdisjoint({step for step, _ in edge.opened} - {projection.step.id})


def _limits(edges: tuple[Edge, ...]) -> list[list[Edge]]:
    groups: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.whose is Whose.TIME:
            groups.setdefault(edge.words, []).append(edge)
    return list(groups.values())


def longest_silence(protocol: Protocol, profiles: Profiles, step: Step) -> Silence | None:
    """How long at worst until somebody who may not decline has answered; None without a ladder."""
    groups = [step.ask if step.asking is Asking.ANY_OF else step.ask[:1]]
    groups += [(one,) for one in (*step.then, *((step.last,) if step.last else ()))]
    total, path = timedelta(), []
    for asked in groups:
        last = asked == (step.last,)
        times = [_slowest(protocol, profiles, step, mandate, last=last) for mandate in asked]
        known = [time for time in times if time is not None]
        if not known:
            return None
        # Asked together, the first ladder that asks the next does so for all of them.
        total += min(known)
        who = " and ".join(asked)
        path.append(
            f"{who} answers within {said(min(known))}"
            if last
            else f"{who} silent for {said(min(known))}"
        )
    return Silence(step.id, total, tuple(path))


def _slowest(
    protocol: Protocol, profiles: Profiles, step: Step, mandate: str, *, last: bool
) -> timedelta | None:
    """The slowest limit that may be the only one to run, up to the rung that asks the next."""
    clocks = [clock for clock in protocol.clocks.values() if _calls(protocol, clock, step)]
    worst: timedelta | None = None
    for run in _running_together(profiles, clocks):
        times = [
            longest(protocol.calendars, clock, mandate) * (1.0 if last else _share(protocol, clock))
            for clock in run
        ]
        if not times:
            return None
        worst = min(times) if worst is None else max(worst, min(times))
    return worst


def _calls(protocol: Protocol, clock: Clock, step: Step) -> bool:
    return (
        clock.step == step.id
        and f"{step.id} opened" in clock.start
        and any(call.kind is RungKind.FALL_BACK for call in protocol.index.rungs[clock.id, True])
        and all(word.removeprefix(f"{step.id} ") in _ANSWERS for word in clock.stop)
    )


def _running_together(profiles: Profiles, clocks: list[Clock]) -> Iterator[list[Clock]]:
    """Which of these limits may run, for each way their conditions can come out."""
    guards = {
        clock.id: profiles.guards[clock.when]
        for clock in clocks
        if not isinstance(clock.when, Always)
    }
    groups = sorted({guard.group for guard in guards.values()})
    for chosen in product(*(profiles.groups[group] for group in groups)):
        values = dict(zip(groups, chosen, strict=True))
        yield [
            clock
            for clock in clocks
            if clock.id not in guards
            or values[guards[clock.id].group][guards[clock.id].place] is not False
        ]


def _share(protocol: Protocol, clock: Clock) -> float:
    calls = protocol.index.rungs[clock.id, True]
    return next(call.share for call in calls if call.kind is RungKind.FALL_BACK)


def said(time: timedelta) -> str:
    """A length of time in hours, or in days when it is long."""
    hours = round(time.total_seconds() / 3600)
    return f"{hours} h" if hours < 24 * 7 else f"{hours / 24:.0f} days"
