"""Hand-offs as lines: how one person reads them, and what stands for several.

Words and moments are those of the reader's country and unit. A confidential agency has no name
here: the queries give none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from referral.entry import Call
from referral.queries import HandOffLine, OwnLimit
from referral.session import Actor
from referral.web.wording import KINDS, Clockface, Due, Law, Tag, state_tag, urgency_tag

UNNAMED: Final = "Confidential agency"


@dataclass(frozen=True, slots=True)
class Line:
    """One hand-off in a list."""

    address: str
    reference: str
    person: str
    step: str
    kind: str
    other: str
    state: Tag
    urgency: Tag | None
    due: Due
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A limit of the holder's own in a list."""

    address: str
    reference: str
    person: str
    title: str
    due: Due


@dataclass(frozen=True, slots=True)
class Reader:
    """How one person reads lines: the country's words, the unit's zone, which side she is on."""

    law: Law
    clock: Clockface
    actor: Actor
    now: datetime

    @classmethod
    def of(cls, call: Call[Any]) -> Reader:
        """The caller."""
        law = Law(call.installation.catalogue, call.actor.country)
        return cls(law, Clockface(call.actor.time_zone), call.actor, call.now)

    def own(self, one: OwnLimit) -> OwnLine:
        """A limit of her own unit's as a line."""
        due = self.clock.due(
            one.due_at,
            immediate=one.immediate,
            basis=one.basis,
            derivation=one.derivation,
            late=one.late(self.now),
        )
        title = self.law.step_title(one, one.step)
        person = f"person {one.person_number}"
        return OwnLine(f"/cases/{one.case_id}", one.reference, person, title, due)

    def box_of(self, one: HandOffLine) -> str:
        """In which list of hers it stands: ``out`` if her unit asked another, else ``in``."""
        ours = self.actor.unit_id
        return "out" if one.sender_unit == ours and one.receiver_unit != ours else "in"

    def line(self, one: HandOffLine, derivation: Sequence[str] = ()) -> Line:
        """A hand-off as a line."""
        sent = self.box_of(one) == "out"
        other = one.receiver_agency if sent else one.sender_agency
        mandate = self.law.label(one.mandate)
        late = one.overdue(self.now)
        return Line(
            address=f"/hand-offs/batches/{one.batch}"
            if one.together > 1
            else f"/hand-offs/{one.id}",
            reference=one.reference,
            person=_persons(one),
            step=self.law.step_title(one, one.step),
            kind=KINDS.get(one.kind, one.kind),
            other=other or (mandate if sent else UNNAMED),
            state=state_tag(one.state),
            urgency=urgency_tag(one.urgency),
            due=self.clock.due(
                one.due_at,
                immediate=one.immediate,
                basis=one.basis,
                derivation=derivation,
                late=late,
            ),
            marks=_marks(one),
        )


def _persons(one: HandOffLine) -> str:
    if one.together > 1:
        return f"{one.together} persons, asked together"
    return f"Person {one.person_number}" + (
        f" (about {one.headcount})" if one.headcount > 1 else ""
    )


def _marks(one: HandOffLine) -> tuple[str, ...]:
    found = []
    if one.no_agency:
        found.append("No agency holds this mandate there: national fall-back")
    if one.attested:
        confirmed = one.attestation_confirmed_at is not None
        found.append("Answered by telephone or paper" + ("" if confirmed else ", not confirmed"))
    if one.cancellation_asked_at is not None:
        found.append("The sender asks to cancel")
    if one.imported:
        found.append("Imported history")
    return tuple(found)
