"""What filing answers: the case, its persons, its referrals, and who was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from referral.casework.answers import Ask


@dataclass(frozen=True, slots=True)
class PersonFiled:
    """One person of a new case and how she screens."""

    person_id: str
    number: int
    findings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReferralOpened:
    """One referral: a person under a track, and why other mandates were not asked."""

    referral_id: str
    person_id: str
    track: str
    protocol_version: str
    protocol_digest: str
    lead: bool
    triage: bool
    held: tuple[str, ...]
    needed: Sequence[Mapping[str, Any]]
    withheld: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Filed:
    """A case was filed. ``existing``: the same device's id was filed before; this is that case."""

    case_id: str
    reference: str
    version: int
    persons: tuple[PersonFiled, ...]
    referrals: tuple[ReferralOpened, ...]
    asks: tuple[Ask, ...]
    warnings: tuple[Mapping[str, Any], ...] = ()
    existing: bool = False

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key: only the way back to the case."""
        return {"case_id": self.case_id}
