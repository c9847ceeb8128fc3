"""What goes out about hand-offs: lines of lists, and one with its ground, limits and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from referral.api.answers import Answer, Due, Party, Source, Titled
from referral.api.wording import Wording
from referral.queries import ClockSeen, HandOffLine, HandOffSeen
from referral.session import Pinned


class Listed(Answer):
    """One line of an inbox or a list."""

    id: UUID
    case_id: UUID
    referral_id: UUID
    batch: UUID
    reference: str
    person_number: int
    headcount: int
    track: Titled
    protocol_version: str
    step: Titled
    kind: str
    mandate: Titled
    place: str
    state: str
    urgency: str
    sender: Party
    receiver: Party
    requested_at: datetime
    received_at: datetime | None
    accepted_at: datetime | None
    first_contact_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    review_at: datetime | None
    due: Due | None
    overdue: bool
    no_agency: bool
    attested: bool
    attestation_confirmed_at: datetime | None
    cancellation_asked_at: datetime | None
    imported: bool
    reason_code: str | None
    outcome: str | None
    together: int
    version: int

    @classmethod
    def of(cls, line: HandOffLine, words: Wording, now: datetime) -> Self:
        """From one line of a query."""
        mandate = Titled(code=line.mandate, title=words.code(line.mandate))
        same = {name: getattr(line, name) for name in _SAME}
        return cls(
            **same,
            track=Titled(code=line.track, title=words.track(line)),
            step=Titled(code=line.step, title=words.step(line, line.step)),
            mandate=mandate,
            sender=Party.of(line.sender_unit, line.sender_agency, None, "confidential"),
            receiver=Party.of(
                line.receiver_unit, line.receiver_agency, line.receiver_unit_name, mandate.title
            ),
            due=Due(at=line.due_at, immediate=line.immediate, basis=line.basis)
            if line.due_at
            else None,
            overdue=line.overdue(now),
        )


_SAME = (
    *("id", "case_id", "referral_id", "batch", "reference", "person_number", "headcount", "kind"),
    *("place", "state", "urgency", "requested_at", "received_at", "accepted_at", "started_at"),
    *("first_contact_at", "ended_at", "review_at", "no_agency", "attested", "imported", "version"),
    *("attestation_confirmed_at", "cancellation_asked_at", "reason_code", "outcome"),
    *("protocol_version", "together"),
)


class Letter(Answer):
    """The official letter of a hand-off: never a name or a fact of a person."""

    hand_off_id: UUID
    document: str
    number: str
    numbered: bool  # under the agency's own number; else under the case's reference
    language: str
    languages: tuple[str, ...]
    documents: tuple[str, ...]
    title: str
    text: str


class Lines(Answer):
    """One page of hand-offs; the Link header leads on."""

    hand_offs: tuple[Listed, ...]


class Before(Answer):
    """When a limit ended, and why, until a calendar was changed: by what, from which source."""

    at: datetime
    due_at: datetime
    derivation: tuple[str, ...]
    name: str
    source: str


class Limit(Answer):
    """A clock: what must happen by when, and how that was worked out.

    While its state is ``paused`` it is due at no moment: ``due`` is what stood before it paused.
    """

    clock: str
    step: str
    starts_at: datetime
    due: Due
    state: str
    extensions: int
    at_limit: tuple[str, ...]  # what may lawfully be done when it is reached, in words
    calendar: str
    sources: tuple[Source, ...]
    before: tuple[Before, ...]

    @classmethod
    def of(cls, clock: ClockSeen, line: Pinned, words: Wording) -> Self:
        """From a clock of a hand-off or a referral."""
        return cls(
            clock=clock.clock,
            step=clock.step,
            starts_at=clock.starts_at,
            due=Due(
                at=clock.due_at,
                immediate=clock.immediate,
                basis=clock.basis,
                derivation=clock.derivation,
            ),
            state=clock.state,
            extensions=clock.extensions,
            at_limit=words.at_limit(line, clock.clock),
            calendar=clock.calendar,
            sources=Source.all(words, clock.sources),
            before=tuple(Before(**asdict(one)) for one in clock.before),
        )


class Note(Answer):
    """Words somebody wrote down."""

    kind: str
    written_at: datetime
    text: str


class HandOff(Answer):
    """One hand-off: envelope, ground, limits, what you may do now, what the parties said."""

    hand_off: Listed
    instruction: str | None
    rule: str
    sources: tuple[Source, ...]
    travels: tuple[str, ...]
    limits: tuple[Limit, ...]
    acts: tuple[str, ...]
    relationships: tuple[str, ...]
    facts: dict[str, Any]
    docket: str | None
    notes: tuple[Note, ...]

    @classmethod
    def of(cls, seen: HandOffSeen, words: Wording, now: datetime) -> Self:
        """From the room's view."""
        return cls(
            hand_off=Listed.of(seen.line, words, now),
            instruction=words.instruction(seen.line, seen.line.step),
            rule=seen.reason["rule"],
            sources=Source.all(words, seen.reason["sources"]),
            travels=seen.travels,
            limits=tuple(Limit.of(clock, seen.line, words) for clock in seen.clocks),
            acts=tuple(act.value for act in seen.acts),
            relationships=tuple(sorted(one.value for one in seen.relationships)),
            facts=dict(seen.facts),
            docket=seen.docket,
            notes=notes_of(seen.notes),
        )


def notes_of(found: Iterable[tuple[str, datetime, str]]) -> tuple[Note, ...]:
    """Notes as a room gives them: kind, when, words."""
    return tuple(Note(kind=kind, written_at=at, text=text) for kind, at, text in found)
