"""Limits that hold together: started, stopped, told to somebody above, resting on a source.

No moment is computed here, and no calendar is opened.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.decision import LimitBasis
from protocols.law import Clock
from protocols.lifecycle import Kind
from protocols.protocol import Protocol
from protocols.reader import Reader
from protocols.rungs import RungKind


def clocks_are_complete(protocol: Protocol, reader: Reader) -> None:
    """Every limit starts, stops, tells somebody else, and cites what it rests on."""
    for clock in (*protocol.clocks.values(), protocol.review):
        for problem, remedy in _wrong_with_clock(protocol, clock, reader):
            reader.problems.error(clock.spot, f"clock {clock.id} {problem}", remedy)


def _wrong_with_clock(
    protocol: Protocol, clock: Clock, reader: Reader
) -> Iterator[tuple[str, str]]:
    if clock is not protocol.review and not clock.start:
        yield "never starts", "Say in 'from' which act or event starts it"
    if not clock.stop:
        yield "never stops", "Say in 'until' which act or event stops it"
    ladder = protocol.ladders.get(clock.ladder)
    if ladder is None:
        known = ", ".join(sorted(protocol.ladders))
        yield f"names the ladder '{clock.ladder}', which does not exist", f"Use one of {known}"
    elif clock.escalates_to is None and any("escalation" in rung.to for rung in ladder.rungs):
        yield (
            f"has no 'escalates_to', and its ladder '{clock.ladder}' calls it",
            "Name the body that is told when nobody acts",
        )
    step = protocol.steps.get(clock.step)
    if step is not None and clock.escalates_to in step.ask:
        yield (
            f"escalates to {clock.escalates_to}, the body that would have let it lapse",
            "Name another body, above or beside it",
        )
    cited = [reader.country.sources.get(source) for source in clock.sources]
    if clock.basis is LimitBasis.STATUTORY and not any(one and one.statute for one in cited):
        yield (
            "is statutory and cites no statute",
            "Cite the article ('statute: true' in the register), or mark it sop or assumption",
        )


def custody_is_watched(protocol: Protocol, reader: Reader) -> None:
    """An open custody hand-off has a limit whose ladder asks the next recipient (L3, L5)."""
    for step in protocol.steps.values():
        if step.kind is not Kind.CUSTODY:
            continue
        watching = [
            clock
            for clock in protocol.index.starting.get(f"{step.id} opened", ())
            if clock.step == step.id and not clock.pauses.start and _asks_next(protocol, clock)
        ]
        if not watching:
            reader.problems.error(
                step.spot,
                f"custody step {step.id} has no clock from 'opened' whose ladder asks the next"
                " and which never stands still",
                "Add a clock 'from: opened' with a ladder that has a rung 'ask: next'",
            )


def _asks_next(protocol: Protocol, clock: Clock) -> bool:
    ladder = protocol.ladders.get(clock.ladder)
    return ladder is not None and any(rung.kind is RungKind.FALL_BACK for rung in ladder.rungs)
