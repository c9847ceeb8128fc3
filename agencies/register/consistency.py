"""Do the entries of one register fit together? A flat list of questions to it.

Each check takes the register and yields problems; none hides another's.
What this file must never know: what is already stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agencies.register.entries import Body, Problem, Register


def check(register: Register) -> list[Problem]:
    """Every problem between entries; with a complete register also what a country must have."""
    found = [*_twice(register), *_periods(register), *_units(register), *_charged_twice(register)]
    if register.complete:
        found += [
            *_places(register),
            *_served_places(register),
            *_parents(register),
            *_last_resort(register),
        ]
    return found


def _places(register: Register) -> Iterator[Problem]:
    known = {place.code: place for place in register.places}
    seen: set[str] = set()
    for place in register.places:
        if place.code in seen:
            yield _problem(register, place.line, f"{place.code} is listed twice.", "Keep one.")
        seen.add(place.code)
        if place.kind != "country" and not place.code.startswith(f"{register.country}-"):
            message = f"{place.code} is not {register.country}'s: it does not begin with its code."
            yield _problem(
                register,
                place.line,
                message,
                "Use the ISO 3166-2 code, or the country's own below.",
            )
        if place.parent is not None and (place.parent not in known or place.parent == place.code):
            yield _problem(
                register, place.line, f"parent {place.parent} is not listed.", "List it in places."
            )
        for member in place.members:
            if member not in known or known[member].kind == "group":
                message = f"{place.code} groups {member}, which is no listed place."
                yield _problem(register, place.line, message, "List it in places.")


def _served_places(register: Register) -> Iterator[Problem]:
    known = {place.code for place in register.places}
    for body in register.bodies:
        for charge in body.charges:
            if charge.place not in known:
                message = (
                    f"{body.key} serves {charge.mandate} in {charge.place}, which is not listed."
                )
                yield _problem(register, charge.line, message, "List it in places or groups.")


def _twice(register: Register) -> Iterator[Problem]:
    first: dict[str, Body] = {}
    for body in register.bodies:
        if body.key in first:
            message = f"agency {body.key} stands twice (first in line {first[body.key].line})."
            yield _problem(
                register, body.line, message, "Keys are unique within a country: rename one."
            )
        first.setdefault(body.key, body)


def _periods(register: Register) -> Iterator[Problem]:
    for body in register.bodies:
        periods = [(body.line, body.valid_from, body.valid_until)]
        periods += [(charge.line, charge.valid_from, charge.valid_until) for charge in body.charges]
        for line, begins, ends in periods:
            if ends is not None and ends <= begins:
                message = f"{body.key}: it ends on {ends}, not after it begins on {begins}."
                yield _problem(
                    register, line, message, "valid_until is the first day it no longer holds."
                )


def _units(register: Register) -> Iterator[Problem]:
    for body in register.bodies:
        keys = {desk.key for desk in body.desks}
        for charge in body.charges:
            if charge.desk not in keys:
                message = f"{body.key} has no unit {charge.desk} for {charge.mandate}."
                yield _problem(
                    register, charge.line, message, f"Its units: {', '.join(sorted(keys))}."
                )
        if not any(desk.intake for desk in body.desks):
            message = f"{body.key} has no intake unit, so nothing could be sent to it."
            yield _problem(register, body.line, message, "Mark one unit intake: true.")
        for desk in body.desks:
            if not _is_time_zone(desk.time_zone):
                message = f"{desk.time_zone!r} is no time zone."
                yield _problem(
                    register, body.line, message, "Use an IANA name such as Africa/Monrovia."
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
                yield _problem(register, max(one.line, other.line), message, remedy)


def _parents(register: Register) -> Iterator[Problem]:
    parents = {body.key: body.parent for body in register.bodies}
    for body in register.bodies:
        if body.parent is None:
            continue
        if body.parent not in parents:
            message = f"{body.key}: parent {body.parent} is not in this register."
            yield _problem(register, body.line, message, "Add it, or leave parent out.")
            continue
        above: str | None = body.parent
        path = {body.key}
        while above is not None and above not in path:
            path.add(above)
            above = parents.get(above)
        if above == body.key:
            message = f"{body.key} stands above itself: {' > '.join(sorted(path))}."
            yield _problem(
                register, body.line, message, "Excluding one would exclude all: break the circle."
            )


def _last_resort(register: Register) -> Iterator[Problem]:
    charges = [charge for body in register.bodies for charge in body.charges]
    if not any(charge.mandate == "NATIONAL_FALL_BACK" for charge in charges):
        message = "nobody serves NATIONAL_FALL_BACK: what no agency is charged with would be lost."
        yield _problem(register, 1, message, "Give it to the national coordination body.")
    for charge in charges:
        if charge.mandate == "NATIONAL_FALL_BACK" and charge.place != register.country:
            message = "NATIONAL_FALL_BACK is served for the whole country."
            yield _problem(
                register, charge.line, message, f"Leave in: out, or write in: {register.country}."
            )


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _problem(register: Register, line: int, message: str, remedy: str) -> Problem:
    return Problem(register.file, line, message, remedy)
