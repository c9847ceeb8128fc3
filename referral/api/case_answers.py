"""What goes out about cases: what filing led to, a case group by group, its custody timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from referral.api.answers import Answer, Made, Source, Titled
from referral.api.hand_off_answers import Listed, Note, notes_of
from referral.api.wording import Wording
from referral.casework import Filed
from referral.queries import CaseSeen, PersonSeen, ReferralSeen, TimelineLine


class Ground(Answer):
    """Why: the rule, and where it is written."""

    step: str
    rule: str
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, reason: Mapping[str, Any], words: Wording) -> Self:
        """From a reason as it is stored."""
        return cls(
            step=reason["step"],
            rule=reason["rule"],
            sources=Source.all(words, reason["sources"]),
        )


class Needed(Answer):
    """A fact that would settle a rule: it was not known, and what is not known opened the step."""

    fact: Titled
    by: str
    ground: Ground


class Withheld(Answer):
    """Who was not asked, and the rule that said no."""

    mandate: Titled
    ground: Ground


def needed_of(rows: Iterable[Mapping[str, Any]], words: Wording) -> tuple[Needed, ...]:
    """Facts that are still needed."""
    return tuple(
        Needed(
            fact=Titled(code=row["fact"], title=words.fact(row["fact"])),
            by=row["by"],
            ground=Ground.of(row["reason"], words),
        )
        for row in rows
    )


def withheld_of(rows: Iterable[Mapping[str, Any]], words: Wording) -> tuple[Withheld, ...]:
    """Mandates that were not asked."""
    return tuple(
        Withheld(
            mandate=Titled(code=row["mandate"], title=words.code(row["mandate"])),
            ground=Ground.of(row["reason"], words),
        )
        for row in rows
    )


class Screened(Answer):
    """One person and how she screens: result, rules and severity per topic."""

    person_id: UUID
    number: int
    screening: dict[str, Any]


class Opened(Answer):
    """One referral: a person under a track."""

    referral_id: UUID
    person_id: UUID
    track: Titled
    protocol_version: str
    lead: bool
    triage: bool
    held: tuple[Titled, ...]
    needed: tuple[Needed, ...]
    withheld: tuple[Withheld, ...]


class CaseFiled(Answer):
    """What filing led to: how everybody screens, and who must receive what, why and by when."""

    case_id: UUID
    reference: str
    version: int
    existing: bool
    persons: tuple[Screened, ...]
    referrals: tuple[Opened, ...]
    hand_offs: tuple[Made, ...]
    warnings: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, filed: Filed, hand_offs: tuple[Made, ...], words: Wording) -> Self:
        """From what the room answered."""
        return cls(
            case_id=UUID(filed.case_id),
            reference=filed.reference,
            version=filed.version,
            existing=filed.existing,
            persons=tuple(
                Screened(
                    person_id=UUID(one.person_id), number=one.number, screening=dict(one.findings)
                )
                for one in filed.persons
            ),
            referrals=tuple(
                Opened(
                    referral_id=UUID(one.referral_id),
                    person_id=UUID(one.person_id),
                    track=Titled(code=one.track, title=words.track(one.track)),
                    protocol_version=one.protocol_version,
                    lead=one.lead,
                    triage=one.triage,
                    held=tuple(
                        Titled(code=step, title=words.step(one.track, step)) for step in one.held
                    ),
                    needed=needed_of(one.needed, words),
                    withheld=withheld_of(one.withheld, words),
                )
                for one in filed.referrals
            ),
            hand_offs=hand_offs,
            warnings=tuple(dict(one) for one in filed.warnings),
        )


class PersonKnown(Answer):
    """One person; identity and safety only where they were asked for and may be read."""

    id: UUID
    number: int
    role: str
    identified: bool
    headcount: int
    facts: dict[str, Any] | None
    screening: dict[str, Any] | None
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

    @classmethod
    def of(cls, seen: ReferralSeen, words: Wording) -> Self:
        """From the room's view."""
        same = {name: getattr(seen, name) for name in _SAME}
        return cls(
            **same,
            track=Titled(code=seen.track, title=words.track(seen.track)),
            needed=needed_of(seen.needed, words),
            withheld=withheld_of(seen.withheld, words),
            relationships=tuple(sorted(one.value for one in seen.relationships)),
        )


_SAME = (
    *("id", "person_id", "protocol_version", "protocol_digest", "state", "lead", "triage"),
    *("holder_unit", "holder_agency", "holder_since", "lawful_basis", "outcome", "closed_at"),
)


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
    facts: dict[str, Any] | None
    workplace: dict[str, Any] | None
    persons: tuple[PersonKnown, ...]
    referrals: tuple[Referral, ...]
    hand_offs: tuple[Listed, ...]
    notes: tuple[Note, ...]
    relationships: tuple[str, ...]
    opened: tuple[str, ...]
    refused: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, seen: CaseSeen, words: Wording, now: datetime) -> Self:
        """From the room's view: each part has been allowed there."""
        parts = {"warnings", "persons", "referrals", "hand_offs", "notes"}
        parts |= {"relationships", "refused"}
        same = {name: getattr(seen, name) for name in cls.model_fields if name not in parts}
        return cls(
            **same,
            warnings=tuple(dict(one) for one in seen.warnings),
            persons=tuple(PersonKnown.of(one) for one in seen.persons),
            referrals=tuple(Referral.of(one, words) for one in seen.referrals),
            hand_offs=tuple(Listed.of(one, words, now) for one in seen.hand_offs),
            notes=notes_of(seen.notes),
            relationships=tuple(sorted(one.value for one in seen.relationships)),
            refused={group: refusal.problem() for group, refusal in seen.refused.items()},
        )


class Happened(Answer):
    """One line of the log: when recorded, when it happened, who, what, to which hand-off."""

    seq: int
    at: datetime
    occurred_at: datetime | None
    act: str
    agency: str | None
    by_clock: bool
    object_type: str
    object_id: UUID | None
    step: str | None
    kind: str | None
    mandate: Titled | None
    receiver: str | None
    from_state: str | None
    to_state: str | None
    previous_hash: str
    hash: str
    header: str | None
    warning: str | None

    @classmethod
    def of(cls, line: TimelineLine, words: Wording) -> Self:
        """From one line of the log."""
        other = {"mandate", "from_state", "to_state", "receiver"}
        same = {name: getattr(line, name) for name in cls.model_fields if name not in other}
        mandate = (
            Titled(code=line.mandate, title=words.code(line.mandate)) if line.mandate else None
        )
        return cls(
            **same,
            mandate=mandate,
            receiver=line.receiver or (mandate.title if mandate else None),
            from_state=line.from_,
            to_state=line.to,
        )


class Timeline(Answer):
    """A case's log, in the order of recording."""

    case_id: UUID
    lines: tuple[Happened, ...]
