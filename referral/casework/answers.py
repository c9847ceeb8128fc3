"""What the verbs answer: ids, states and codes, never what G2-G5 hold.

An answer can be stored under an idempotency key and rendered again after an erasure, because it
names things only by opaque ids and codes; doors add titles, agency names and sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from agencies.directory import UnitRef
from referral.casework.carrying import Opened
from referral.casework.recipients import Subject


@dataclass(frozen=True, slots=True)
class Ask:
    """One hand-off that was made: who is asked, at which step, on what ground, by when.

    ``unit`` is what the directory has just said of who is asked; it is not stored.
    """

    hand_off_id: str
    batch: str
    referral_id: str
    track: str
    protocol_version: str
    protocol_digest: str
    step: str
    kind: str
    mandate: str
    unit_id: str
    no_agency: bool
    alternates: int
    rule: str
    sources: tuple[str, ...]
    due_at: str | None
    immediate: bool
    basis: str | None
    derivation: tuple[str, ...]
    place: str = ""  # where the person was found: a province may call a step otherwise
    unit: UnitRef | None = None

    @classmethod
    def of(cls, made: Opened, subject: Subject) -> Self:
        """From a hand-off just carried out."""
        clock = made.clock
        return cls(
            hand_off_id=str(made.id),
            batch=str(made.batch),
            referral_id=str(subject.referral_id),
            track=subject.track,
            protocol_version=subject.protocol_version,
            protocol_digest=subject.protocol_digest,
            step=made.item.step,
            kind=made.item.kind.value,
            mandate=made.item.mandate,
            unit_id=str(made.unit.unit_id),
            no_agency=made.no_agency,
            alternates=len(made.alternates),
            rule=made.item.reason.rule,
            sources=made.item.reason.sources,
            due_at=clock.due_at.isoformat() if clock else None,
            immediate=bool(clock and clock.immediate),
            basis=clock.basis.value if clock else None,
            derivation=clock.derivation if clock else (),
            place=subject.place,
            unit=made.unit,
        )

    def stored(self) -> dict[str, Any]:
        """Ids and codes, as kept under the idempotency key."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "unit"}

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """From a stored answer."""
        return cls(
            **{
                **stored,
                "sources": tuple(stored["sources"]),
                "derivation": tuple(stored["derivation"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Acted:
    """An act was done: what stands now, and what follows from it."""

    case_id: str
    referral_id: str
    hand_off_id: str | None
    state: str
    version: int
    holder_unit: str
    asks: tuple[Ask, ...] = ()
    superseded: tuple[str, ...] = ()
    closed: bool = False
    warnings: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "asks": [ask.stored() for ask in self.asks]}

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(
            **{
                **stored,
                "asks": tuple(Ask.again(ask) for ask in stored["asks"]),
                "superseded": tuple(stored["superseded"]),
                "warnings": tuple(stored["warnings"]),
            }
        )
