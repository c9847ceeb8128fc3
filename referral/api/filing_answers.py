"""What goes out of filing: how everybody screens, and who must receive what, why and by when."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from referral.api.answers import Answer, Made, Titled
from referral.api.ground_answers import Needed, Withheld, needed_of, withheld_of
from referral.api.wording import Wording
from referral.casework import Filed


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
                    track=Titled(code=one.track, title=words.track(one)),
                    protocol_version=one.protocol_version,
                    lead=one.lead,
                    triage=one.triage,
                    held=tuple(Titled(code=step, title=words.step(one, step)) for step in one.held),
                    needed=needed_of(one.needed, words),
                    withheld=withheld_of(one.withheld, words),
                )
                for one in filed.referrals
            ),
            hand_offs=hand_offs,
            warnings=tuple(dict(one) for one in filed.warnings),
        )
