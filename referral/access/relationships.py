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
        match party["relationship"]:
            case "holder" if same_referral:
                found |= _as_holder(actor, holder_member, supervises=supervises)
            case "past_holder" if same_referral:
                found.add(Relationship.PAST_HOLDER)
            case "break_glass" if same_referral:
                found.add(Relationship.BREAK_GLASS)
            case "pending" if same_hand_off:
                found.add(Relationship.PENDING_RECIPIENT)
                if supervises:
                    found.add(Relationship.RECIPIENT_SUPERVISOR)
            case "participant" if same_hand_off:
                found.add(Relationship.PARTICIPANT)
            case "past_recipient" if same_hand_off:
                found.add(Relationship.PAST_RECIPIENT)
            case "sender" if same_hand_off:
                found.add(Relationship.SENDER)
            case _:
                pass
    return frozenset(found)


def _as_holder(actor: Actor, holder_member: UUID | None, *, supervises: bool) -> set[Relationship]:
    if holder_member is None or holder_member == actor.id:
        found = {Relationship.HOLDER, Relationship.HOLDERS_UNIT}
    else:
        found = {Relationship.HOLDERS_UNIT}
    if supervises:
        found.add(Relationship.UNIT_SUPERVISOR)
    return found
