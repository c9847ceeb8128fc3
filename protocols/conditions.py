"""Conditions in three-valued logic: true, false, or not known.

1. A condition reads facts of the closed list, screening results, the reported topic and the
   urgency; nothing else. No counting, no arithmetic; numbers only through declared bands.
2. Not known is a value of its own (Kleene): ``not known or true`` is true, ``not known and false``
   is false, everything else about it stays not known. *The engine opens on not known; only false
   withholds.* So a missing answer never keeps a child from being referred.
3. A person whose age is disputed is a child, and no age band is certain for her.

Countries, files and databases do not occur here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocols.ages import child, span_of
from protocols.facts import Facts, Status

# Order of screening results; "insufficient" has no rank: it is the "not known" of screening.
RANKS: Mapping[str, int] = {"not_indicated": 0, "possible": 1, "indicated": 2}


@dataclass(frozen=True, slots=True)
class World:
    """Everything a condition may read, of one person at one moment."""

    facts: Facts
    results: Mapping[str, str]
    reported: str | None = None
    urgency: str = "urgent"


@dataclass(frozen=True, slots=True)
class Always:
    """No condition."""

    def holds(self, world: World) -> bool | None:  # noqa: ARG002  (same shape as the others)
        """True."""
        return True


@dataclass(frozen=True, slots=True)
class FlagIs:
    """``works``: a fact answered with yes or no."""

    fact: str

    def holds(self, world: World) -> bool | None:
        """The answer, or not known."""
        return world.facts.flag(self.fact)


@dataclass(frozen=True, slots=True)
class CodeIs:
    """``residence is ABROAD or OTHER_PROVINCE``: a fact that has one code."""

    fact: str
    codes: frozenset[str]

    def holds(self, world: World) -> bool | None:
        """Whether the code is one of these."""
        code = world.facts.code(self.fact)
        return None if code is None else code in self.codes


@dataclass(frozen=True, slots=True)
class Includes:
    """``worst_forms includes WFCL_B``: codes found, or indicators confirmed or suspected."""

    fact: str
    codes: frozenset[str]

    def holds(self, world: World) -> bool | None:
        """Whether any of these was found; an indicator not asked about is not known."""
        found = world.facts.codes(self.fact)
        if found is not None:
            return not self.codes.isdisjoint(found)
        asked = world.facts.indicators(self.fact)
        states = [asked[code].status for code in self.codes if code in asked]
        if any(state is not Status.ABSENT for state in states):
            return True
        return False if len(states) == len(self.codes) else None


@dataclass(frozen=True, slots=True)
class InBand:
    """``under_16``: a number within a declared band (both ends included)."""

    band: str
    fact: str
    low: int
    high: int

    def holds(self, world: World) -> bool | None:
        """Whether the number lies in the band; a disputed age lies in none for certain."""
        if self.fact == "age":
            return self._aged(world.facts)
        number = world.facts.whole(self.fact)
        return None if number is None else self.low <= number <= self.high

    def _aged(self, facts: Facts) -> bool | None:
        span = None if facts.flag("age_disputed") else span_of(facts)
        if span is None or not (span.highest < self.low or self.high < span.lowest):
            inside = span is not None and self.low <= span.lowest and span.highest <= self.high
            return True if inside else None
        return False


@dataclass(frozen=True, slots=True)
class IsChild:
    """``child``: under 18 or treated as such."""

    def holds(self, world: World) -> bool | None:
        """See ``ages.child``."""
        return child(world.facts)


@dataclass(frozen=True, slots=True)
class ResultIs:
    """``HT is at least possible``: the screening result of one topic."""

    topic: str
    results: frozenset[str]

    def holds(self, world: World) -> bool | None:
        """Whether the result is one of these; "insufficient" is not known."""
        result = world.results.get(self.topic)
        return None if result not in RANKS else result in self.results


@dataclass(frozen=True, slots=True)
class ReportedIs:
    """``reported is CL``: what somebody reported; nothing reported is a known no."""

    topics: frozenset[str]

    def holds(self, world: World) -> bool | None:
        """Whether the reported topic is one of these."""
        return world.reported in self.topics


@dataclass(frozen=True, slots=True)
class UrgencyIs:
    """``urgency is emergency``: always known."""

    levels: frozenset[str]

    def holds(self, world: World) -> bool | None:
        """Whether the urgency is one of these."""
        return world.urgency in self.levels


@dataclass(frozen=True, slots=True)
class Not:
    """``not X``."""

    part: Condition

    def holds(self, world: World) -> bool | None:
        """The opposite; not known stays not known."""
        value = self.part.holds(world)
        return None if value is None else not value


@dataclass(frozen=True, slots=True)
class All:
    """``X and Y``."""

    parts: tuple[Condition, ...]

    def holds(self, world: World) -> bool | None:
        """False as soon as one is false, true only if all are."""
        unknown = False
        for part in self.parts:
            value = part.holds(world)
            if value is False:
                return False
            unknown = unknown or value is None
        return None if unknown else True


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``X or Y``."""

    parts: tuple[Condition, ...]

    def holds(self, world: World) -> bool | None:
        """True as soon as one is true, false only if none can be."""
        unknown = False
        for part in self.parts:
            value = part.holds(world)
            if value is True:
                return True
            unknown = unknown or value is None
        return None if unknown else False


Atom: TypeAlias = (
    Always | FlagIs | CodeIs | Includes | InBand | IsChild | ResultIs | ReportedIs | UrgencyIs
)
Condition: TypeAlias = Atom | Not | All | AnyOf


def atoms(condition: Condition) -> Iterator[Atom]:
    """All single questions of a condition, from left to right."""
    if isinstance(condition, Not):
        yield from atoms(condition.part)
    elif isinstance(condition, All | AnyOf):
        for part in condition.parts:
            yield from atoms(part)
    else:
        yield condition


def needed(atom: Atom) -> str | None:
    """The fact that would answer this question; none for screening, which has facts of its own."""
    if isinstance(atom, FlagIs | CodeIs | Includes | InBand):
        return atom.fact
    return "age" if isinstance(atom, IsChild) else None


def missing(condition: Condition, world: World) -> tuple[str, ...]:
    """The facts that would settle a condition which is not known; none when it is settled."""
    if condition.holds(world) is not None:
        return ()
    names = (needed(atom) for atom in atoms(condition) if atom.holds(world) is None)
    return tuple(dict.fromkeys(name for name in names if name is not None))
