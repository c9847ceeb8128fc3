"""What is known of one person and her situation: the only thing a rule may read.

1. A fact that is absent is *not known*; not known is never treated as false.
2. Facts come from one closed list (``vocabulary.yaml``) plus what a country declares.
   Nothing here knows a country, a database or a name.

Source of the code lists: ILO indicators, C138/C182/R190, Palermo Protocol art. 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias


class Group(StrEnum):
    """Field groups: who may read a fact is decided per group, so each fact names its own."""

    ENVELOPE = "G0"
    FACTS = "G1"
    IDENTITY = "G2"
    SAFETY = "G3"
    NARRATIVE = "G4"
    REPORTER = "G5"


class Status(StrEnum):
    """How sure an indicator is. An indicator nobody asked about is simply not there."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    ABSENT = "absent"


class Basis(StrEnum):
    """What an indicator rests on; ``third_party`` alone never confirms."""

    OBSERVED = "observed"
    STATEMENT = "statement"
    DOCUMENT = "document"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One forced-labour indicator (FL01-FL11) as somebody asserted it."""

    status: Status
    basis: frozenset[Basis] = frozenset()

    @property
    def confirmed(self) -> bool:
        """Confirmed, and on more than hearsay."""
        return self.status is Status.CONFIRMED and bool(self.basis - {Basis.THIRD_PARTY})


Value: TypeAlias = bool | int | str | frozenset[str] | Mapping[str, Indicator]


@dataclass(frozen=True, slots=True)
class Facts:
    """Known facts of one person: name of the closed list -> value. Equality is by value."""

    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    def flag(self, name: str) -> bool | None:
        """True, False, or None when not known."""
        value = self.values.get(name)
        return value if isinstance(value, bool) else None

    def whole(self, name: str) -> int | None:
        """A whole number (age in years, hours per week), or None when not known."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def code(self, name: str) -> str | None:
        """One code of a list, or None when not known."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def codes(self, name: str) -> frozenset[str] | None:
        """The codes found; empty means "asked, none found"; None means not known."""
        value = self.values.get(name)
        return value if isinstance(value, frozenset) else None

    def indicators(self, name: str) -> Mapping[str, Indicator]:
        """Indicators asked about, by code; what is missing was not asked."""
        value = self.values.get(name)
        return value if isinstance(value, Mapping) else MappingProxyType({})

    def amended(self, changes: Mapping[str, Value | None]) -> Facts:
        """These facts with some changed; None takes a fact back to not known."""
        merged = {**self.values, **changes}
        return Facts(MappingProxyType({k: v for k, v in merged.items() if v is not None}))
