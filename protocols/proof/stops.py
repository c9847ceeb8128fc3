"""L7, the words of one limit: what stops it can still come while it runs, and no earlier.

A limit on an answer that does not hear of the acceptance goes on calling people about somebody who
has long answered; one that begins at acceptance cannot wait for what comes before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.law import Clock, Step
from protocols.lifecycle import Kind
from protocols.proof.findings import Finding
from protocols.protocol import Protocol

_ORDER = ("opened", "acknowledged", "accepted", "started")
_BEFORE_ACCEPTANCE = frozenset({"acknowledged", "declined", "refused"})


def limits_hear_of_their_end(protocol: Protocol) -> Iterator[Finding]:
    """L7 of each limit by itself."""
    for clock in protocol.clocks.values():
        step = protocol.steps[clock.step]
        own = _own(step, clock.stop)
        if step.kind is Kind.TASK and step.kept:
            continue
        if step.kind is not Kind.NOTICE and _deaf_to_acceptance(step, clock, own):
            yield Finding(
                "L7",
                clock.spot,
                f"limit {clock.id} goes on after {step.id} was accepted, and nothing stops it then",
                "Add 'accepted' to its 'until', or what the receiver does afterwards",
            )
        yield from _stops_before_it_begins(step, clock, own)


def _own(step: Step, words: tuple[str, ...]) -> frozenset[str]:
    """The step's own acts among these triggers."""
    return frozenset(
        word.removeprefix(f"{step.id} ") for word in words if word.startswith(f"{step.id} ")
    )


def _deaf_to_acceptance(step: Step, clock: Clock, own: frozenset[str]) -> bool:
    begins = _own(step, clock.start)
    early = "opened" in begins or "acknowledged" in begins
    return early and len(own) == len(clock.stop) and own <= _BEFORE_ACCEPTANCE and "declined" in own


def _stops_before_it_begins(step: Step, clock: Clock, own: frozenset[str]) -> Iterator[Finding]:
    begins = _own(step, clock.start)
    if len(begins) < len(clock.start) or not begins <= set(_ORDER):
        return
    first = min(_ORDER.index(word) for word in begins)
    for word in sorted(own & set(_ORDER)):
        if _ORDER.index(word) < first:
            yield Finding(
                "L7",
                clock.spot,
                f"limit {clock.id} waits for '{word}', which comes before it begins",
                "Remove the word from 'until'",
            )
