"""How an actor is related to a hand-off, a referral or a case, through her unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from referral.session import Actor, Role


class Relationship(StrEnum):
    """The columns of security.md 3.2. Nobody has "none": no relationship means not found."""

    PENDING_RECIPIENT = "pending_recipient"
    RECIPIENT_SUPERVISOR = "recipient_supervisor"
    HOLDER = "holder"
    HOLDERS_UNIT = "holders_unit"
    UNIT_SUPERVISOR = "unit_supervisor"
    PAST_HOLDER = "past_holder"
    PARTICIPANT = "participant"
    SENDER = "sender"
    PAST_RECIPIENT = "past_recipient"
    BREAK_GLASS = "break_glass"


def live(parties: Iterable[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """Those that have not run out; row security asks the same of every row."""
    return [
        party
        for party in parties
        if party["expires_at"] is None or datetime.fromisoformat(party["expires_at"]) > now
    ]


_CASE_ROLES = frozenset({Role.OFFICER, Role.SUPERVISOR})


def relationships_of(
    actor: Actor,
    parties: Iterable[Mapping[str, Any]],
    *,
    holder_member: UUID | None,
    hand_off_id: UUID | None = None,
    referral_id: UUID | None = None,
) -> frozenset[Relationship]:
    """How this actor stands to a hand-off (or a referral, or a case) through her unit's parties.

    ``holder_member`` is the person in charge; where nobody is named, the whole unit is on duty.
    """
    if actor.role not in _CASE_ROLES:
        return frozenset()
    supervises = actor.role is Role.SUPERVISOR
    found: set[Relationship] = set()
    for party in parties:
        same_hand_off = hand_off_id is None or party["hand_off_id"] == str(hand_off_id)
        same_referral = referral_id is None or party["referral_id"] == str(referral_id)
        part = party["relationship"]
        if same_referral:
            found |= _OF_A_REFERRAL.get(part, set())
            if part == "holder":
                found |= _as_holder(actor, holder_member, supervises=supervises)
        if same_hand_off:
            found |= _OF_A_HAND_OFF.get(part, set())
            if part == "pending" and supervises:
                found.add(Relationship.RECIPIENT_SUPERVISOR)
    return frozenset(found)


_OF_A_REFERRAL = {
    "past_holder": {Relationship.PAST_HOLDER},
    "break_glass": {Relationship.BREAK_GLASS},
}
_OF_A_HAND_OFF = {
    "pending": {Relationship.PENDING_RECIPIENT},
    "participant": {Relationship.PARTICIPANT},
    "past_recipient": {Relationship.PAST_RECIPIENT},
    "sender": {Relationship.SENDER},
}


def _as_holder(actor: Actor, holder_member: UUID | None, *, supervises: bool) -> set[Relationship]:
    if holder_member is None or holder_member == actor.id:
        found = {Relationship.HOLDER, Relationship.HOLDERS_UNIT}
    else:
        found = {Relationship.HOLDERS_UNIT}
    if supervises:
        found.add(Relationship.UNIT_SUPERVISOR)
    return found
