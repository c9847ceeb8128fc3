"""Who is meant: the referral a decision is about, and the units behind its recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from agencies.directory import Ask, Serving, Via, serving, units_with
from protocols.decision import (
    Decision,
    Escalate,
    OpenHandOff,
)
from referral.access.standing import Locked
from referral.session import Actor, WriteSession

PARTIES = frozenset(
    {
        "filer",
        "holder",
        "receiver",
        "sender",
        "supervisor_of_holder",
        "supervisor_of_receiver",
        "supervisor_of_sender",
    }
)


@dataclass(slots=True)
class Subject:
    """The referral a decision is about, as carrying it out needs to know it."""

    case_id: UUID
    referral_id: UUID
    person_id: UUID
    country: str
    track: str
    protocol_version: str
    protocol_digest: str
    place: str
    urgency: str
    holder_unit: UUID
    filer_unit: UUID
    sender_member: UUID | None
    batches: UUID  # namespace: same step, same receiver, same act -> same batch
    excluded: frozenset[str] = frozenset()  # agency keys under a named exclusion
    hand_offs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # known, by id
    clocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def subject_of(locked: Locked, actor: Actor | None) -> Subject:
    """The referral as carrying out needs it."""
    return Subject(
        case_id=locked.case_id,
        referral_id=locked.referral_id,
        person_id=UUID(locked.referral["person_id"]),
        country=locked.case["country"],
        track=locked.referral["track"],
        protocol_version=locked.referral["protocol_version"],
        protocol_digest=locked.referral["protocol_digest"],
        place=locked.case["place"],
        urgency=locked.case["urgency"],
        holder_unit=locked.holder_unit,
        filer_unit=UUID(locked.case["filed_by_unit"]),
        sender_member=actor.id if actor and actor.unit_id == locked.holder_unit else None,
        batches=uuid4(),
        excluded=frozenset(locked.case["excluded"]),
        hand_offs={row["id"]: row for row in locked.hand_offs},
        clocks={row["id"]: row for row in locked.clocks},
    )


async def resolve(
    session: WriteSession, decisions: Sequence[tuple[Subject, Decision]], on: datetime
) -> list[list[Serving]]:
    """Who is meant by every recipient of these decisions: per decision, in the order of its items.

    Mandates are asked of the directory in one statement; a party of the referral (its filer, its
    holder) is the unit it is.
    """
    wanted = [_asks_of(subject, decision) for subject, decision in decisions]
    flat = [one for asks in wanted for one in asks]
    mandates = [ask for _, ask in flat if ask.mandate not in PARTIES]
    served = iter(await _served(session, decisions[0][0].country, mandates, on) if mandates else [])
    units = {_unit_of(subject, ask.mandate) for subject, ask in flat if ask.mandate in PARTIES}
    known = await units_with(session.connection, list(units)) if units else {}
    return [
        [
            Serving(ask, known[_unit_of(subject, ask.mandate)], (), no_agency=False, via=Via.DIRECT)
            if ask.mandate in PARTIES
            else next(served)
            for subject, ask in asks
        ]
        for asks in wanted
    ]


async def _served(
    session: WriteSession, country: str, asks: list[Ask], on: datetime
) -> list[Serving]:
    return await serving(session.connection, asks, session.day_in(country, on))


def _asks_of(subject: Subject, decision: Decision) -> list[tuple[Subject, Ask]]:
    """First the hand-offs a decision opens, then the bodies its escalations call."""
    opened = [
        (subject, Ask(item.mandate, place_of(subject, item), item.excluding, item.national))
        for item in decision.all(OpenHandOff)
    ]
    called = [
        (subject, Ask(item.to, subject.place, subject.excluded))
        for item in decision.all(Escalate)
        if item.to not in PARTIES
    ]
    return opened + called


def place_of(subject: Subject, item: OpenHandOff) -> str:
    """Where a hand-off is asked for.

    A step that goes to the person's home is asked for the whole country while no fact says where
    her home is: the national body passes it on, and it never comes back to the place she was found.
    """
    return subject.country if item.national or item.home else subject.place


def _unit_of(subject: Subject, party: str) -> UUID:
    """A party that is asked to act: who filed, or who holds (the sender is the holder)."""
    return subject.filer_unit if party == "filer" else subject.holder_unit
