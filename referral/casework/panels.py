"""Who sat in a panel and how they voted: what is kept of it beside what it decided.

A panel has no effect before its quorum has met; whether it has, the engine says. Names of people
from outside and the reasons of who dissents are sealed with the case (G4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from protocols.decision import PanelVote
from protocols.protocol import Protocol
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, sealed
from referral.casework.said import occurred_faults
from referral.database import as_json
from referral.errors import Fault
from referral.session import Actor, WriteSession
from referral.vault import SubjectKey

AGREE, VOTES = "agree", ("agree", "disagree", "abstain")


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat of a panel: for which mandate, who sat there, how she voted. No vote: absent."""

    mandate: str
    vote: str | None = None
    membership: UUID | None = None
    name: str | None = None  # of somebody who is no member here
    dissent: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitting:
    """A panel as it met about one step: the outcome, and every seat, the empty ones too."""

    step: str
    outcome: str
    seats: Sequence[Seat]
    occurred_at: datetime | None = None

    @property
    def vote(self) -> PanelVote:
        """As the engine is told: the mandates that sat, and how many of them agree."""
        present = tuple(seat.mandate for seat in self.seats if seat.vote is not None)
        return PanelVote(present, sum(seat.vote == AGREE for seat in self.seats))

    def faults(self, now: datetime) -> list[Fault]:
        """What is wrong with the list itself, before anybody asks what the law says."""
        found = occurred_faults(self.occurred_at, now)
        mandates: set[str] = set()
        people: set[UUID] = set()
        for number, seat in enumerate(self.seats):
            place = f"/members/{number}"
            found += _seat_faults(seat, place, now)
            if seat.mandate in mandates:
                message = "This mandate sits once: one seat, one vote."
                found.append(Fault(f"{place}/mandate", "twice", message))
            if seat.membership in people:
                message = "She has a seat already: one person, one vote."
                found.append(Fault(f"{place}/membership", "twice", message))
            mandates.add(seat.mandate)
            people |= {seat.membership} if seat.membership else set()
        return found

    async def strangers(self, session: WriteSession, actor: Actor, now: datetime) -> list[Fault]:
        """Members of the service who sit for a mandate that is not their agency's, or have left."""
        told = [
            (seat.mandate, seat.membership, f"/members/{number}/membership")
            for number, seat in enumerate(self.seats)
            if seat.membership is not None
        ]
        if not told:
            return []
        ids = [membership for _, membership, _ in told]
        day = session.day_in(actor.country, now)
        held = await as_json(session.connection, _HELD, ids, actor.country, day)
        message = (
            "Nobody with this membership works for an agency that holds the mandate. Choose who"
            " sat, or give the name of somebody from outside."
        )
        return [
            Fault(place, "unknown", message)
            for mandate, membership, place in told
            if mandate not in held.get(str(membership), ())
        ]

    def keep(
        self, ledger: Ledger, locked: Locked, actor: Actor, key: SubjectKey, protocol: Protocol
    ) -> None:
        """The decision, its seats and its entry."""
        decision, vote = uuid4(), self.vote
        where = {
            "case_id": str(locked.case_id),
            "referral_id": str(locked.referral_id),
            "country": actor.country,
        }
        law = protocol.at(locked.case["place"]).steps[self.step].panel
        ledger.add(
            "panels",
            id=str(decision),
            **where,
            hand_off_id=str(locked.hand_off_id) if locked.hand_off_id else None,
            step=self.step,
            outcome=self.outcome,
            convenor=str(actor.unit_id),
            by_member=str(actor.id),
            occurred_at=(self.occurred_at or ledger.at).isoformat(),
            recorded_at=ledger.at.isoformat(),
            present=list(vote.present),
            agreeing=vote.agreeing,
            quorum=law.quorum if law else 0,
            agree=law.agree if law else 0,
        )
        for seat in self.seats:
            ledger.add(
                "panel_members", **where, convenor=str(actor.unit_id), **_seat(seat, decision, key)
            )
        ledger.log(
            Done.PANEL_DECIDED,
            "panel",
            decision,
            occurred_at=self.occurred_at,
            step=self.step,
            outcome=self.outcome,
            present=list(vote.present),
            agreeing=vote.agreeing,
        )


_HELD = """
SELECT coalesce(jsonb_object_agg(m.id, (SELECT coalesce(jsonb_agg(DISTINCT h.mandate), '[]') FROM agencies.mandate h
    WHERE h.agency_id = m.agency_id AND h.valid_from <= $3 AND (h.valid_until IS NULL OR $3 < h.valid_until))), '{}')
FROM agencies.membership m JOIN agencies.member p ON p.id = m.member_id
WHERE m.id = ANY ($1::uuid[]) AND p.country = $2 AND p.active AND m.valid_from <= $3 AND (m.valid_until IS NULL OR $3 < m.valid_until)
"""


def _seat_faults(seat: Seat, place: str, now: datetime) -> list[Fault]:
    found = []
    if seat.vote is not None and not (seat.membership or (seat.name or "").strip()):
        message = "Name who sat: a vote of nobody in particular counts for nothing."
        found.append(Fault(f"{place}/name", "missing", message))
    if seat.dissent and seat.vote in {None, AGREE}:
        message = "Only who was there and did not agree dissents."
        found.append(Fault(f"{place}/dissent", "unexpected", message))
    if seat.signed_at is not None and seat.vote is None:
        message = "Only who was there signs."
        found.append(Fault(f"{place}/signed_at", "unexpected", message))
    elif seat.signed_at is not None and seat.signed_at > now:
        message = "This is in the future. Give the moment of the signature."
        found.append(Fault(f"{place}/signed_at", "future", message))
    return found


def _seat(seat: Seat, decision: UUID, key: SubjectKey) -> dict[str, object]:
    row = uuid4()

    def hidden(words: str | None, column: str) -> str | None:
        if not words:
            return None
        return sealed(key, words.encode(), room="panel_member", column=column, row=row)

    return {
        "id": str(row),
        "decision_id": str(decision),
        "mandate": seat.mandate,
        "membership": str(seat.membership) if seat.membership else None,
        "present": seat.vote is not None,
        "vote": seat.vote,
        "signed_at": seat.signed_at.isoformat() if seat.signed_at else None,
        "key_version": key.version,
        "name": hidden(seat.name, "name"),
        "dissent": hidden(seat.dissent, "dissent"),
    }
