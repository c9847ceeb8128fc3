"""L7: limits agree. Compared on every day the calendars cover, so that units do not matter.

* a limit of a procedure, or a proposed one, is never later than the law's for the same act;
* one act has one limit on each basis;
* no gate stays closed longer than the limit of what it forbids;
* a review fits into the term it belongs to;
* what is said to come ``before`` another limit does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from protocols.conditions import Always, Condition
from protocols.decision import LimitBasis
from protocols.law import HOLDER, Clock, Gate
from protocols.proof.findings import Finding
from protocols.proof.profiles import Profiles
from protocols.proof.projection import mandates_of
from protocols.proof.spans import ever_later
from protocols.protocol import Protocol


def limits_agree(protocol: Protocol, profiles: Profiles) -> Iterator[Finding]:
    """L7 of one track; ``profiles`` are those of its guards."""
    for one, other in permutations(protocol.clocks.values(), 2):
        if _same_act(one, other) and _together(profiles, one.when, other.when):
            yield from _own_later_than_law(protocol, one, other)
    for one, other in combinations(protocol.clocks.values(), 2):
        if _same_act(one, other) and _together(profiles, one.when, other.when):
            yield from _two_for_one(one, other)
    for gate in protocol.gates:
        yield from _gate_outlasts(protocol, gate)
    for one in protocol.clocks.values():
        yield from _review_beyond_term(protocol, one)
        yield from _not_before(protocol, one)


def _same_act(one: Clock, other: Clock) -> bool:
    same = one.step == other.step and set(one.stop) == set(other.stop)
    return same and not set(one.start).isdisjoint(other.start)


def _together(profiles: Profiles, one: Condition, other: Condition) -> bool:
    """Whether both conditions can hold for one person."""
    if isinstance(one, Always) or isinstance(other, Always):
        return True
    first, second = profiles.guards[one], profiles.guards[other]
    if first.group != second.group:
        return True
    return any(
        values[first.place] is True and values[second.place] is True
        for values in profiles.groups[first.group]
    )


def _own_later_than_law(protocol: Protocol, own: Clock, law: Clock) -> Iterator[Finding]:
    if own.basis is LimitBasis.STATUTORY or law.basis is not LimitBasis.STATUTORY:
        return
    if own.recurs == law.recurs and _later(protocol, own, law):
        yield Finding(
            "L7",
            own.spot,
            f"limit {own.id} ({own.limit.amount} {own.limit.unit}, {own.basis}) can end later than"
            f" {law.id} ({law.limit.amount} {law.limit.unit}), the law's for the same act",
            "Shorten it, or remove it: the law's limit stands anyway",
        )


def _two_for_one(one: Clock, other: Clock) -> Iterator[Finding]:
    if one.basis is other.basis and set(one.start) == set(other.start):
        yield Finding(
            "L7",
            other.spot,
            f"{one.id} and {other.id} are both {one.basis} limits of one act",
            "Keep one of them, or say with 'runs_if' when which of them holds",
        )


def _gate_outlasts(protocol: Protocol, gate: Gate) -> Iterator[Finding]:
    steps = {word.partition(" ")[0] for word in gate.forbids}
    for clock in protocol.clocks.values():
        held_back = clock.step in steps and not set(clock.stop).isdisjoint(
            {*gate.forbids, *(f"{step} completed" for step in steps)}
        )
        if not held_back or set(clock.start) <= set(gate.until):
            continue
        opening = [
            one for one in protocol.clocks.values() if not set(one.stop).isdisjoint(gate.until)
        ]
        if not any(_ends_first(protocol, one, clock) for one in opening):
            yield Finding(
                "L7",
                gate.spot,
                f"gate {gate.id} can stay closed longer than limit {clock.id} of what it forbids",
                f"Give {' or '.join(gate.until)} a limit that ends first (there, say"
                f" 'before: [{clock.id}]'), or let the limit begin when the gate opens",
            )


def _ends_first(protocol: Protocol, one: Clock, other: Clock) -> bool:
    if other.id in one.before:
        return True
    return not set(one.start).isdisjoint(other.start) and not _later(protocol, one, other)


def _review_beyond_term(protocol: Protocol, term: Clock) -> Iterator[Finding]:
    for review in protocol.clocks.values():
        belongs = review.recurs and not term.recurs and review.step == term.step
        if not belongs or not set(term.stop) < set(review.stop):
            continue
        if not set(term.start).isdisjoint(review.start) and _later(protocol, review, term):
            yield Finding(
                "L7",
                term.spot,
                f"term {term.id} can end before its review {review.id} comes",
                "Let the review come more often, or the term last longer",
            )


def _not_before(protocol: Protocol, one: Clock) -> Iterator[Finding]:
    for name in one.before:
        other = protocol.clocks.get(name)
        if other is None or set(one.start).isdisjoint(other.start):
            continue  # from different moments: said, not counted
        if _later(protocol, one, other):
            yield Finding(
                "L7",
                one.spot,
                f"{one.id} is said to end before {name} and can end later",
                "Correct one of the two limits, or remove it from 'before'",
            )


def _later(protocol: Protocol, one: Clock, other: Clock) -> bool:
    """Whether the first can end after the second when both begin together."""
    mandates = mandates_of(protocol.steps[one.step]) or (HOLDER,)
    return any(
        ever_later(
            (one.limit, protocol.calendars.of(one.calendar_of or mandate, "")),
            (other.limit, protocol.calendars.of(other.calendar_of or mandate, "")),
        )
        for mandate in mandates
    )
