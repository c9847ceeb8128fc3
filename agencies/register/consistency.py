"""Do the entries of one register fit together? A flat list of questions to it.

Each check takes the register and yields problems; none hides another's.
What this file must never know: what is already stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agencies.register.completeness import gaps
from agencies.register.entries import Body, Problem, Register


def check(register: Register) -> list[Problem]:
    """Every problem between entries; with a complete register also what a country must have."""
    found = [*_twice(register), *_periods(register), *_units(register), *_charged_twice(register)]
    return [*found, *gaps(register)] if register.complete else found


def _twice(register: Register) -> Iterator[Problem]:
    first: dict[str, Body] = {}
    for body in register.bodies:
        if body.key in first:
            message = f"agency {body.key} stands twice (first in line {first[body.key].line})."
            yield register.problem(
                body.line, message, "Keys are unique within a country: rename one."
            )
        first.setdefault(body.key, body)


def _periods(register: Register) -> Iterator[Problem]:
    for body in register.bodies:
        periods = [(body.line, body.valid_from, body.valid_until)]
        periods += [(charge.line, charge.valid_from, charge.valid_until) for charge in body.charges]
        for line, begins, ends in periods:
            if ends is not None and ends <= begins:
                message = f"{body.key}: it ends on {ends}, not after it begins on {begins}."
                yield register.problem(
                    line, message, "valid_until is the first day it no longer holds."
                )


def _units(register: Register) -> Iterator[Problem]:
    for body in register.bodies:
        keys = {desk.key for desk in body.desks}
        for charge in body.charges:
            if charge.desk not in keys:
                message = f"{body.key} has no unit {charge.desk} for {charge.mandate}."
                yield register.problem(
                    charge.line, message, f"Its units: {', '.join(sorted(keys))}."
                )
        if not any(desk.intake for desk in body.desks):
            message = f"{body.key} has no intake unit, so nothing could be sent to it."
            yield register.problem(body.line, message, "Mark one unit intake: true.")
        for desk in body.desks:
            if not _is_time_zone(desk.time_zone):
                message = f"{desk.time_zone!r} is no time zone."
                yield register.problem(
                    body.line, message, "Use an IANA name such as Africa/Monrovia."
                )


def _charged_twice(register: Register) -> Iterator[Problem]:
    remedy = "Keep one, or end the first before the second begins."
    for body in register.bodies:
        in_order = sorted(
            body.charges, key=lambda charge: (charge.slot, charge.valid_from, charge.line)
        )
        for one, other in pairwise(in_order):
            if one.slot == other.slot and one.overlaps(other):
                message = f"{body.key} serves {one.mandate} in {one.place} twice at the same time."
                yield register.problem(max(one.line, other.line), message, remedy)


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
