"""What must change so that a register holds from a day on, without rewriting what held before.

1. Only what holds from the day onwards is compared; the past is history and stays.
2. A change ends the old row on that day and begins a new one: nothing is overwritten, except what
   never took effect (a row that begins on that day or later), and the wording of a source.
3. What is new to an agency already known begins on that day, whatever the head of the file says of
   beginnings; a new agency's mandates begin as written. Otherwise a file could rewrite who was
   charged last year.

What this file must never know: a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias
from uuid import UUID

from agencies.register.entries import Charge

Slot: TypeAlias = tuple[str, str, str]  # unit, mandate, place
Content: TypeAlias = tuple[date, date, int, bool]


@dataclass(frozen=True, slots=True)
class Held:
    """A mandate as it is stored."""

    id: UUID
    charge: Charge


@dataclass(slots=True)
class Changes:
    """What to write for one agency."""

    begin: list[Charge] = field(default_factory=list)
    end: list[Held] = field(default_factory=list)
    withdraw: list[Held] = field(default_factory=list)  # never took effect
    reword: list[tuple[Held, str]] = field(default_factory=list)
    unchanged: int = 0


def changes(
    held: Iterable[Held],
    wanted: Iterable[Charge],
    on: date,
    *,
    complete: bool,
    known: bool = True,
) -> Changes:
    """The difference for one agency; if ``complete``, what is no longer wanted ends on the day.

    ``known``: the agency stood in the directory before this register came.
    """
    stored: dict[Slot, list[Held]] = defaultdict(list)
    for row in held:
        stored[row.charge.slot].append(row)
    asked: dict[Slot, list[Charge]] = defaultdict(list)
    for charge in wanted:
        asked[charge.slot].append(charge)
    result = Changes()
    for slot in {*asked, *(stored if complete else ())}:
        _one_slot(stored[slot], asked[slot], on, result)
    if known:
        result.begin = [_not_before(charge, on) for charge in result.begin]
    result.begin.sort(key=lambda charge: (charge.slot, charge.valid_from))
    return result


def _one_slot(held: Sequence[Held], wanted: Sequence[Charge], on: date, result: Changes) -> None:
    standing = {_from_day(row.charge, on): row for row in held if _ahead(row.charge, on)}
    asked = {_from_day(charge, on): charge for charge in wanted if _ahead(charge, on)}
    for content, charge in asked.items():
        if content not in standing:
            result.begin.append(charge)
        elif standing[content].charge.source != charge.source:
            result.reword.append((standing[content], charge.source))
        else:
            result.unchanged += 1
    for content, row in standing.items():
        if content not in asked:
            (result.withdraw if row.charge.valid_from >= on else result.end).append(row)
    # What was over before the day is entered once, where nothing is recorded for that time.
    for charge in wanted:
        if not _ahead(charge, on):
            known = any(charge.overlaps(row.charge) for row in held)
            result.unchanged += known
            result.begin += [] if known else [charge]


def _ahead(charge: Charge, on: date) -> bool:
    return charge.valid_until is None or charge.valid_until > on


def _from_day(charge: Charge, on: date) -> Content:
    """What the charge says about the time from the day on."""
    until = charge.valid_until or date.max
    return (max(charge.valid_from, on), until, charge.priority, charge.fall_back)


def _not_before(charge: Charge, on: date) -> Charge:
    """The charge from the day on; what was over before it stays as written."""
    if charge.valid_from < on and _ahead(charge, on):
        return replace(charge, valid_from=on)
    return charge
