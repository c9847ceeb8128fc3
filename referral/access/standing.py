"""What stands, as read under lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from referral.access.deciding import Resource
from referral.access.relationships import Relationship, relationships_of
from referral.audit import Head
from referral.session import Actor


@dataclass(frozen=True, slots=True)
class Locked:
    """One referral with its hand-offs, clocks, facts, keys and log head, while the case is locked.

    The parts are the JSON of ``referral.state_of``; rooms read them by name.
    """

    case: Mapping[str, Any]
    referral: Mapping[str, Any]
    hand_offs: tuple[Mapping[str, Any], ...]
    clocks: tuple[Mapping[str, Any], ...]
    facts: tuple[Mapping[str, Any], ...]
    hidden: tuple[Mapping[str, Any], ...]
    keys: tuple[Mapping[str, Any], ...]
    events: tuple[str, ...]
    holder_mandates: tuple[str, ...]
    mine: tuple[Mapping[str, Any], ...]
    tracks: frozenset[str]  # of this person, this referral's included
    person: Mapping[str, Any]
    numbered: int
    head: Head
    hand_off_id: UUID | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any], hand_off_id: UUID | None) -> Locked:
        """The answer of ``lock_hand_off`` / ``lock_referral`` / ``claim_clock``."""
        return cls(
            case=row["case"],
            referral=row["referral"],
            hand_offs=tuple(row["hand_offs"]),
            clocks=tuple(row["clocks"]),
            facts=tuple(row["facts"]),
            hidden=tuple(row["hidden"]),
            keys=tuple(row["keys"]),
            events=tuple(row["events"]),
            holder_mandates=tuple(row["holder_mandates"]),
            mine=tuple(row["mine"]),
            tracks=frozenset(row["tracks"]),
            person=row["person"],
            numbered=row["numbered"],
            head=Head.from_row(row["head"]),
            hand_off_id=hand_off_id,
        )

    @property
    def case_id(self) -> UUID:
        """Of the case."""
        return UUID(self.case["id"])

    @property
    def referral_id(self) -> UUID:
        """Of the referral."""
        return UUID(self.referral["id"])

    @property
    def holder_unit(self) -> UUID:
        """Who has the person now."""
        return UUID(self.referral["holder_unit"])

    @property
    def hand_off(self) -> Mapping[str, Any]:
        """The hand-off that was asked for."""
        wanted = str(self.hand_off_id)
        return next(row for row in self.hand_offs if row["id"] == wanted)

    def named(self, hand_off_id: str) -> Mapping[str, Any]:
        """Any hand-off of this referral."""
        return next(row for row in self.hand_offs if row["id"] == hand_off_id)

    def relationships(self, actor: Actor) -> frozenset[Relationship]:
        """How the actor stands to the hand-off, or to the referral when none was asked for."""
        member = self.referral["holder_member"]
        return relationships_of(
            actor,
            self.mine,
            holder_member=UUID(member) if member else None,
            hand_off_id=self.hand_off_id,
            referral_id=self.referral_id,
        )

    def resource(self, actor: Actor) -> Resource:
        """As ``decide`` asks about it."""
        found = Resource.of(self.relationships(actor), self.mine)
        return replace(found, legal_hold=self.case["legal_hold"])


def moment(text: str) -> datetime:
    """A timestamptz as PostgreSQL writes it into JSON."""
    return datetime.fromisoformat(text)
