"""Counts of a replay: what one version asked of whom, and how two versions differ.

Tallies of parts of a file add up to the tally of the whole, in any order; nothing of a case is kept
but the number of the line where a difference is first seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime

from protocols.replay.course import Course
from protocols.replay.past import Past

Key = tuple[str, ...]
_HOUR = 3600.0


@dataclass(slots=True)
class Load:
    """What one version made of the cases, in persons. ``hours``: from filing to the limit's end."""

    under: Counter[str] = field(default_factory=Counter)
    nobody: int = 0  # comes under the track, and neither is anybody asked nor does the filer keep
    asked: Counter[Key] = field(default_factory=Counter)  # mandate, where
    kept: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    needed: Counter[str] = field(default_factory=Counter)
    called: Counter[Key] = field(default_factory=Counter)  # kind, whom
    met: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def count(self, course: Course, past: Past) -> None:
        """Add one case."""
        many = past.count
        self.under[course.under] += many
        self.nobody += many if course.under and not (course.asked or course.kept) else 0
        for _, mandate, where in course.asked:
            self.asked[mandate, where] += many
        for clock, _, due in course.limits:
            self.limits[clock] += many
            self.hours[clock] += round((due - past.at).total_seconds() / _HOUR) * many
        for key in course.called:
            self.called[key] += many
        for counter, names in (
            (self.kept, course.kept),
            (self.needed, course.needed),
            (self.met, course.met),
            (self.missed, course.missed),
            (self.refused, course.refused),
        ):
            for name in names:
                counter[name] += many

    def add(self, other: Load) -> None:
        """Add the counts of another part."""
        for part in fields(self):
            mine = getattr(self, part.name)
            setattr(self, part.name, mine + getattr(other, part.name))


@dataclass(slots=True)
class Changes:
    """Groups of cases that two versions answer differently: how many persons, first line."""

    persons: Counter[Key] = field(default_factory=Counter)
    first: dict[Key, int] = field(default_factory=dict)
    changed: int = 0

    def count(self, before: Course, after: Course, past: Past) -> None:
        """Compare what two versions make of one case."""
        groups = list(_differences(before, after))
        self.changed += past.count if groups else 0
        for group in groups:
            self.persons[group] += past.count
            self.first[group] = min(self.first.get(group, past.line), past.line)

    def add(self, other: Changes) -> None:
        """Add the differences of another part."""
        self.changed += other.changed
        self.persons += other.persons
        for group, line in other.first.items():
            self.first[group] = min(self.first.get(group, line), line)


def _differences(before: Course, after: Course) -> list[Key]:
    found: list[Key] = []
    if before.under != after.under:
        found.append(("under", before.under, after.under))
    was, now = Counter(before.asked), Counter(after.asked)
    if was != now:
        found.append(("routed", _pairs(was - now), _pairs(now - was)))
    if sorted(before.kept) != sorted(after.kept):
        found.append(("kept", ", ".join(sorted(before.kept)), ", ".join(sorted(after.kept))))
    found += _timed(dict(_by_clock(before)), dict(_by_clock(after)))
    if sorted(before.missed) != sorted(after.missed):
        found.append(("missed", ", ".join(sorted(before.missed)), ", ".join(sorted(after.missed))))
    return found


def _pairs(asked: Counter[tuple[str, str, str]]) -> str:
    return ", ".join(f"{step} {mandate}" for step, mandate, _ in sorted(asked))


def _by_clock(course: Course) -> list[tuple[Key, datetime]]:
    return [((clock, hand_off), due) for clock, hand_off, due in course.limits]


def _timed(before: dict[Key, datetime], after: dict[Key, datetime]) -> list[Key]:
    """Limits that begin in one version only, or end at another moment."""
    found: dict[Key, None] = {}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            found["timed", key[0], _way(was, now)] = None
    return list(found)


def _way(was: datetime | None, now: datetime | None) -> str:
    if was is None:
        return "begins"
    if now is None:
        return "does_not_begin"
    return "ends_later" if now > was else "ends_earlier"


@dataclass(slots=True)
class Tally:
    """The whole answer: cases, persons, the load of each version, how they differ."""

    cases: int = 0
    persons: int = 0
    after: Load = field(default_factory=Load)
    before: Load = field(default_factory=Load)
    changes: Changes = field(default_factory=Changes)

    def add(self, other: Tally) -> None:
        """Add another part."""
        self.cases += other.cases
        self.persons += other.persons
        self.after.add(other.after)
        self.before.add(other.before)
        self.changes.add(other.changes)
