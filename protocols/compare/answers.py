"""What one version answers for one profile at one step: who is asked, by when, with what.

Exactly what the engine reads when the step opens: its condition, the exclusions of everybody it
could ask, the conditions of its limits. Equal answers compare equal, whatever else has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocols.conditions import Condition, World
from protocols.exclusions import shut_out
from protocols.law import Clock, Panel, Step
from protocols.protocol import Protocol
from protocols.rungs import Call


@dataclass(frozen=True, slots=True)
class Routed:
    """Who is asked. ``sure``: the condition holds; else what it needs is not known."""

    sure: bool
    ask: tuple[str, ...]
    then: tuple[str, ...]
    last: str | None
    asking: str
    level: str
    kind: str
    follows: tuple[str, ...]
    declines: tuple[tuple[str, str], ...]
    if_failed: str
    repeat: int
    panel: Panel | None


@dataclass(frozen=True, slots=True)
class Timed:
    """One limit: all that decides when it ends, and whom its ladder calls when."""

    rule: tuple[object, ...]
    calls: tuple[Call, ...]
    clock: Clock = field(compare=False)  # for the words


@dataclass(frozen=True, slots=True)
class Shared:
    """What travels."""

    travels: tuple[str, ...]
    requires: tuple[str, ...]


Answer = Routed | tuple[Timed, ...] | Shared | None
WAYS = ("routed", "timed", "shared")


def reads(protocol: Protocol, step: str) -> Iterator[Condition]:
    """Every condition that bears on this step."""
    found = protocol.steps.get(step)
    if found is None:
        return
    yield found.when
    for mandate in found.order:
        yield from (one.when for one in protocol.index.excluding.get(mandate, ()))
    yield from (clock.when for clock in _clocks(protocol, step))


def bearing(protocol: Protocol, step: str) -> Iterator[object]:
    """All of the law that bears on this step: itself, its limits and ladders, who is excluded."""
    found = protocol.steps.get(step)
    if found is None:
        return
    yield found
    for mandate in found.order:
        yield from protocol.index.excluding.get(mandate, ())
    for clock in _clocks(protocol, step):
        yield clock
        yield from protocol.index.rungs[clock.id, not found.kept]


def answers(protocol: Protocol, step: str, world: World) -> tuple[Answer, Answer, Answer]:
    """Routed, timed, shared; nothing where the step does not open."""
    found = protocol.steps.get(step)
    if found is None or found.when.holds(world) is False:
        return None, None, None
    routed = _routed(protocol, found, world)
    if not (routed.ask or routed.then or routed.last):
        return None, None, None
    clocks = (one for one in _clocks(protocol, step) if one.when.holds(world) is not False)
    timed = tuple(_timed(protocol, clock, kept=found.kept) for clock in clocks)
    return routed, timed, Shared(tuple(sorted(found.travels)), found.requires)


def under(protocol: Protocol, world: World) -> str:
    """Whether a profile comes under the track: ``filing``, ``triage`` or ``nothing``."""
    holds = protocol.applies.when.holds(world)
    if holds:
        return "filing"
    triaged = world.reported in protocol.applies.reported or protocol.applies.default
    return "triage" if holds is None and triaged else "nothing"


def _routed(protocol: Protocol, step: Step, world: World) -> Routed:
    def left(mandates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one for one in mandates if not shut_out(protocol, one, world))

    return Routed(
        step.when.holds(world) is True,
        left(step.ask),
        left(step.then),
        next(iter(left((step.last,) if step.last else ())), None),
        step.asking,
        step.level,
        step.kind,
        step.follows,
        tuple(sorted(step.declines.items())),
        step.if_failed,
        step.repeat,
        step.panel,
    )


def _timed(protocol: Protocol, clock: Clock, *, kept: bool) -> Timed:
    rule = (
        *(clock.id, clock.limit, clock.basis, clock.at_once, clock.start, clock.stop),
        *(clock.calendar_of, clock.restarts, clock.recurs, clock.survives),
        *(clock.pauses, clock.extends, clock.at_limit),
    )
    return Timed(rule, protocol.index.rungs[clock.id, not kept], clock)


def _clocks(protocol: Protocol, step: str) -> Iterator[Clock]:
    yield from (clock for clock in protocol.clocks.values() if clock.step == step)
    if step == protocol.review.step:
        yield protocol.review
