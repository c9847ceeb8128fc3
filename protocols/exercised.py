"""What the worked cases of a country reach, and what they do not.

1. Whatever a version lays down must be reached by a case: each step, limit, pause, extension,
   panel, gate, exclusion and rung of a ladder, and what an override makes otherwise.
2. What a version leaves as another version of its track has it is reached with the other's cases.
   Drafts route nobody yet, superseded versions nobody any more: they are not asked for.
3. It judges no decision; whether a case comes out as it says is ``expectations``' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from protocols.decision import (
    AdvanceClock,
    Decision,
    ExtendClock,
    HoldStep,
    OpenHandOff,
    PauseClock,
    Refused,
    Run,
    StartClock,
)
from protocols.law import Clock, Stage, Step
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol

LEAST_CASES = {"ZZ": 25}  # Zedland shows everything the language can say
LEAST_CASES_OF_A_COUNTRY = 20
IMAGINARY = re.compile("AA|Q[M-Z]|X[A-Z]|ZZ")  # ISO 3166-1: codes no country is ever given
_UNASKED = frozenset({Stage.DRAFT, Stage.CONSULTED, Stage.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Ruled:
    """One thing a version lays down: what it is called, what it says, where it stands."""

    what: str
    law: object
    spot: Spot


@dataclass(slots=True)
class Seen:
    """What was reached so far: the version, and what of it."""

    reached: set[tuple[str, str]] = field(default_factory=set)

    def add(self, answer: Decision | Refused, protocol: Protocol, run: Run) -> None:
        """Note what an answer reached. ``protocol``: as it stands at the place; ``run``: before."""
        if isinstance(answer, Refused):
            self.note(protocol, answer.rule)
            return
        for item in answer.items:
            self.note(protocol, item.reason.rule)
            if isinstance(item, OpenHandOff | HoldStep):
                self.note(protocol, item.step)
            elif isinstance(item, StartClock):
                self.note(protocol, item.clock)
            elif isinstance(item, PauseClock):
                self.note(protocol, f"pause of {_clock_of(item.clock)}")
            elif isinstance(item, ExtendClock):
                self.note(protocol, f"extension of {_clock_of(item.clock)}")
            elif isinstance(item, AdvanceClock):
                self._climbed(item, protocol, run)

    def note(self, protocol: Protocol, what: str) -> None:
        """Note one thing, and that it was reached where these overrides hold."""
        self.reached.add((protocol.version_name, what))
        if protocol.overrides and not protocol.local:
            self.reached.add((protocol.version_name, _under(what, protocol)))

    def _climbed(self, item: AdvanceClock, protocol: Protocol, run: Run) -> None:
        running = next(one for one in run.clocks if one.id == item.clock)
        law = protocol.clocks.get(running.clock, protocol.review)
        calls = protocol.index.rungs[running.clock, running.hand_off is not None]
        for call in calls[running.rung : item.rung]:
            self.note(protocol, _rung(protocol, law.ladder, call.number))


def untried(
    iso2: str,
    versions: Sequence[Protocol],
    cases: int,
    seen: Seen,
    file: str,
    problems: Problems,
) -> tuple[str, ...]:
    """What no worked case of ``file`` reaches; it, and too few cases, are errors.

    Law that was never tried is a guess at what it does.
    """
    least = LEAST_CASES.get(iso2, 0 if IMAGINARY.fullmatch(iso2) else LEAST_CASES_OF_A_COUNTRY)
    if cases < least:
        problems.error(
            Spot(file),
            f"{iso2} has {cases} worked cases, and {least} are needed",
            "Tell more situations, the difficult ones first",
        )
    found = tuple(missed(versions, seen))
    for version, rule in found:
        problems.error(
            rule.spot,
            f"no worked case reaches {rule.what} of {version.version_name}",
            f"Tell a case in {file} in which it happens, or remove what never happens",
        )
    return tuple(rule.what for _, rule in found)


def missed(versions: Sequence[Protocol], seen: Seen) -> Iterator[tuple[Protocol, Ruled]]:
    """What no worked case reaches, in the order of the files."""
    every = {one.version_name: {each.what: each for each in _ruled(one)} for one in versions}
    for version in versions:
        if version.stage in _UNASKED:
            continue
        others = [one.version_name for one in versions if one.track == version.track]
        for what, each in every[version.version_name].items():
            reached = any(
                (name, what) in seen.reached
                and what in every[name]
                and every[name][what].law == each.law
                for name in others
            )
            if not reached:
                yield version, each


def _ruled(protocol: Protocol) -> Iterator[Ruled]:
    steps = (one for one in protocol.steps.values() if one.id != protocol.review.step)
    yield from _of_steps(steps)  # the review is never opened, its clock is what runs
    yield from _of_clocks((*protocol.clocks.values(), protocol.review))
    for exclusion in protocol.exclusions:
        yield Ruled(f"exclusion {exclusion.id}", exclusion, exclusion.spot)
    for gate in protocol.gates:
        yield Ruled(f"gate {gate.id}", gate, gate.spot)
    used = {clock.ladder for clock in (*protocol.clocks.values(), protocol.review)}
    for ladder in protocol.ladders.values():
        for number, rung in enumerate(ladder.rungs):
            if ladder.id in used:
                yield Ruled(_rung(protocol, ladder.id, number), rung, ladder.spot)
    for local in protocol.local:
        there = protocol.at(local.places[0])
        changed = (
            *_of_steps(one for one in local.steps.values() if _new(one, protocol.steps)),
            *_of_clocks(one for one in local.clocks.values() if _new(one, protocol.clocks)),
        )
        for one in changed:
            yield Ruled(_under(one.what, there), one.law, one.spot)


def _of_steps(steps: Iterable[Step]) -> Iterator[Ruled]:
    for step in steps:
        yield Ruled(step.id, step, step.spot)
        if step.panel is not None:
            yield Ruled(f"panel {step.id}", step.panel, step.panel.spot)


def _of_clocks(clocks: Iterable[Clock]) -> Iterator[Ruled]:
    for clock in clocks:
        yield Ruled(clock.id, clock, clock.spot)
        if clock.pauses.start:
            yield Ruled(f"pause of {clock.id}", clock.pauses, clock.spot)
        if clock.extends.by:
            yield Ruled(f"extension of {clock.id}", clock.extends, clock.spot)


def _new(one: Step | Clock, track: Mapping[str, Step] | Mapping[str, Clock]) -> bool:
    return track.get(one.id) != one


def _rung(protocol: Protocol, ladder: str, number: int) -> str:
    rung = protocol.ladders[ladder].rungs[number]
    late = f", {rung.late} h late" if rung.late else ""
    return f"rung {number + 1} of ladder {ladder} ({rung.kind} at {rung.share * 100:.0f} %{late})"


def _under(what: str, there: Protocol) -> str:
    return f"{what} under the override {' with '.join(one.id for one in there.overrides)}"


def _clock_of(running: str) -> str:
    return running.partition("#")[0]
