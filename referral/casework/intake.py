"""What a filer tells: an intake, as the doors hand it in and before anything is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class LawfulBasis(StrEnum):
    """On what ground the data is processed at all (standards 9.2)."""

    CONSENT = "CONSENT"
    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    VITAL_INTEREST = "VITAL_INTEREST"
    PUBLIC_TASK = "PUBLIC_TASK"


@dataclass(frozen=True, slots=True)
class PersonTold:
    """One person of the report: ``facts`` as JSON of the closed list, the rest as told."""

    role: str = "concerned"
    facts: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    safety: Mapping[str, str] = field(default_factory=dict)
    household: int | None = None
    headcount: int = 1
    identified: bool = True


@dataclass(frozen=True, slots=True)
class Intake:
    """A report needs only a place, or a way to make contact; everything else may come later.

    ``facts`` are of the situation; ``common`` are those of every person concerned who says nothing
    else (a bus with three hundred people: each works, none is free to leave).
    """

    client_id: UUID
    place: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    persons: tuple[PersonTold, ...] = ()
    common: Mapping[str, Any] = field(default_factory=dict)  # of everybody concerned
    reported: str | None = None
    occurred_at: datetime | None = None
    occurred_precision: str = "minute"
    narrative: str | None = None
    reporter: Mapping[str, str] = field(default_factory=dict)
    workplace: Mapping[str, str] = field(default_factory=dict)
    lawful_basis: LawfulBasis = LawfulBasis.LEGAL_OBLIGATION
