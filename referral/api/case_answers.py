"""What goes out about a case: persons group by group, referrals with holder and needs, hand-offs.

Each part has been allowed in its room; nothing is left out or added here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from referral.api.answers import Answer, Titled
from referral.api.ground_answers import Needed, Withheld, needed_of, withheld_of
from referral.api.hand_off_answers import Limit, Listed, Note, notes_of
from referral.api.wording import Wording
from referral.queries import CaseSeen, PanelSeen, PersonSeen, ReferralSeen, SeatSeen


class PersonKnown(Answer):
    """One person; identity and safety only where they were asked for and may be read."""

    id: UUID
    number: int
    role: str
    identified: bool
    headcount: int
    erased_at: datetime | None = Field(description="Since when nothing is known of her any more.")
    facts: dict[str, Any] | None
    screening: dict[str, Any] | None
    overrides: tuple[dict[str, Any], ...]
    identity: dict[str, Any] | None
    safety: dict[str, Any] | None

    @classmethod
    def of(cls, seen: PersonSeen) -> Self:
        """From the room's view."""
        return cls(
            **{name: getattr(seen, name) for name in cls.model_fields if name != "screening"},
            screening=seen.findings,  # type: ignore[arg-type]  # a mapping; checked on validation
        )


class Referral(Answer):
    """One referral: track, holder, what is still needed, who was not asked."""

    id: UUID
    person_id: UUID
    track: Titled
    protocol_version: str
    protocol_digest: str
    state: str
    lead: bool
    triage: bool
    holder_unit: UUID
    holder_agency: str | None
    holder_since: datetime
    lawful_basis: str
    needed: tuple[Needed, ...]
    withheld: tuple[Withheld, ...]
    outcome: str | None
    closed_at: datetime | None
    relationships: tuple[str, ...]
    limits: tuple[Limit, ...]  # of the holder's own, that hang on no hand-off

    @classmethod
    def of(cls, seen: ReferralSeen, words: Wording) -> Self:
        """From the room's view."""
        return cls(
            **{name: getattr(seen, name) for name in _SAME},
            track=Titled(code=seen.track, title=words.track(seen)),
            needed=needed_of(seen.needed, words),
            withheld=withheld_of(seen.withheld, words),
            relationships=tuple(sorted(one.value for one in seen.relationships)),
            limits=tuple(Limit.of(clock, seen, words) for clock in seen.clocks),
        )


_SAME = (
    *("id", "person_id", "protocol_version", "protocol_digest", "state", "lead", "triage"),
    *("holder_unit", "holder_agency", "holder_since", "lawful_basis", "outcome", "closed_at"),
)


class Panel(Answer):
    """What a panel decided: which mandates sat, how many agreed, and what the law asked for."""

    id: UUID
    referral_id: UUID
    step: str
    outcome: Titled
    occurred_at: datetime
    present: tuple[Titled, ...]
    agreeing: int
    quorum: int
    agree: int

    @classmethod
    def of(cls, seen: PanelSeen, words: Wording) -> Self:
        """From the room's view."""
        same = {name: getattr(seen, name) for name in cls.model_fields}
        sat = tuple(Titled(code=one, title=words.code(one)) for one in seen.present)
        outcome = Titled(code=seen.outcome, title=words.code(seen.outcome))
        return cls(**{**same, "present": sat, "outcome": outcome})


class Seat(Answer):
    """Who sat in a panel for a mandate, how she voted, and why she dissents."""

    decision_id: UUID
    mandate: Titled
    vote: str | None
    membership: UUID | None
    name: str | None
    agency: str | None
    dissent: str | None
    signed_at: datetime | None


class Seats(Answer):
    """Every seat of the panels of a case."""

    case_id: UUID
    seats: tuple[Seat, ...]

    @classmethod
    def of(cls, case_id: UUID, seen: Iterable[SeatSeen], words: Wording) -> Self:
        """From the room's view."""
        found = tuple(
            Seat(
                **asdict(one) | {"mandate": Titled(code=one.mandate, title=words.code(one.mandate))}
            )
            for one in seen
        )
        return cls(case_id=case_id, seats=found)


class Same(Answer):
    """Another case about the same situation."""

    id: UUID
    reference: str


class Case(Answer):
    """A case as you may see it."""

    id: UUID
    reference: str
    country: str
    place: str
    urgency: str
    reported: str | None
    filed_at: datetime
    occurred_at: datetime
    occurred_precision: str
    imported: bool
    version: int
    warnings: tuple[dict[str, Any], ...]
    voice_contact_at: datetime | None
    voice_attempts: int
    legal_hold: bool = Field(description="One stands; told to whoever holds the case.")
    older: tuple[Same, ...]
    newer: tuple[Same, ...]
    facts: dict[str, Any] | None
    workplace: dict[str, Any] | None
    persons: tuple[PersonKnown, ...]
    referrals: tuple[Referral, ...]
    hand_offs: tuple[Listed, ...]
    panels: tuple[Panel, ...]
    notes: tuple[Note, ...]
    relationships: tuple[str, ...]
    opened: tuple[str, ...]
    refused: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, seen: CaseSeen, words: Wording, now: datetime) -> Self:
        """From the room's view: each part has been allowed there."""
        own = {"warnings", "persons", "referrals", "hand_offs", "notes", "relationships", "refused"}
        own |= {"panels", "older", "newer"}
        return cls(
            **{name: getattr(seen, name) for name in cls.model_fields if name not in own},
            warnings=tuple(dict(one) for one in seen.warnings),
            older=tuple(Same(id=case, reference=name) for case, name in seen.older),
            newer=tuple(Same(id=case, reference=name) for case, name in seen.newer),
            persons=tuple(PersonKnown.of(one) for one in seen.persons),
            referrals=tuple(Referral.of(one, words) for one in seen.referrals),
            hand_offs=tuple(Listed.of(one, words, now) for one in seen.hand_offs),
            panels=tuple(Panel.of(one, words) for one in seen.panels),
            notes=notes_of(seen.notes),
            relationships=tuple(sorted(one.value for one in seen.relationships)),
            refused={group: refusal.problem() for group, refusal in seen.refused.items()},
        )
