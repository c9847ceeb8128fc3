"""What a whole country's register must have: every place listed, every parent, a last resort.

Each check takes the register and yields problems; none hides another's.
What this file must never know: what is already stored.
"""

from __future__ import annotations

from collections.abc import Iterator

from agencies.register.entries import Problem, Register


def gaps(register: Register) -> Iterator[Problem]:
    """Everything a country's register lacks or names without listing it."""
    yield from _places(register)
    yield from _served_places(register)
    yield from _parents(register)
    yield from _last_resort(register)


def _places(register: Register) -> Iterator[Problem]:
    known = {place.code: place for place in register.places}
    seen: set[str] = set()
    for place in register.places:
        if place.code in seen:
            yield register.problem(place.line, f"{place.code} is listed twice.", "Keep one.")
        seen.add(place.code)
        if place.kind != "country" and not place.code.startswith(f"{register.country}-"):
            message = f"{place.code} is not {register.country}'s: it does not begin with its code."
            yield register.problem(
                place.line,
                message,
                "Use the ISO 3166-2 code, or the country's own below.",
            )
        if place.parent is not None and (place.parent not in known or place.parent == place.code):
            yield register.problem(
                place.line, f"parent {place.parent} is not listed.", "List it in places."
            )
        for member in place.members:
            if member not in known or known[member].kind == "group":
                message = f"{place.code} groups {member}, which is no listed place."
                yield register.problem(place.line, message, "List it in places.")


def _served_places(register: Register) -> Iterator[Problem]:
    known = {place.code for place in register.places}
    for body in register.bodies:
        for charge in body.charges:
            if charge.place not in known:
                message = (
                    f"{body.key} serves {charge.mandate} in {charge.place}, which is not listed."
                )
                yield register.problem(charge.line, message, "List it in places or groups.")


def _parents(register: Register) -> Iterator[Problem]:
    parents = {body.key: body.parent for body in register.bodies}
    for body in register.bodies:
        if body.parent is None:
            continue
        if body.parent not in parents:
            message = f"{body.key}: parent {body.parent} is not in this register."
            yield register.problem(body.line, message, "Add it, or leave parent out.")
            continue
        above: str | None = body.parent
        path = {body.key}
        while above is not None and above not in path:
            path.add(above)
            above = parents.get(above)
        if above == body.key:
            message = f"{body.key} stands above itself: {' > '.join(sorted(path))}."
            yield register.problem(
                body.line, message, "Excluding one would exclude all: break the circle."
            )


def _last_resort(register: Register) -> Iterator[Problem]:
    charges = [charge for body in register.bodies for charge in body.charges]
    if not any(charge.mandate == "NATIONAL_FALL_BACK" for charge in charges):
        message = "nobody serves NATIONAL_FALL_BACK: what no agency is charged with would be lost."
        yield register.problem(1, message, "Give it to the national coordination body.")
    for charge in charges:
        if charge.mandate == "NATIONAL_FALL_BACK" and charge.place != register.country:
            message = "NATIONAL_FALL_BACK is served for the whole country."
            yield register.problem(
                charge.line, message, f"Leave in: out, or write in: {register.country}."
            )
