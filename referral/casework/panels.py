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
from referral.errors import Fault
from referral.session import Actor
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

    def faults(self) -> list[Fault]:
        """What is wrong with the list itself, before anybody asks what the law says."""
        found = []
        told: set[str] = set()
        for number, seat in enumerate(self.seats):
            place = f"/members/{number}"
            if seat.mandate in told:
                message = "This mandate sits once: one seat, one vote."
                found.append(Fault(f"{place}/mandate", "twice", message))
            told.add(seat.mandate)
            if seat.vote is not None and not (seat.membership or (seat.name or "").strip()):
                message = "Name who sat: a vote of nobody in particular counts for nothing."
                found.append(Fault(f"{place}/name", "missing", message))
            if seat.dissent and seat.vote in {None, AGREE}:
                message = "Only who was there and did not agree dissents."
                found.append(Fault(f"{place}/dissent", "unexpected", message))
        return found

    def keep(
        self, ledger: Ledger, locked: Locked, actor: Actor, key: SubjectKey, protocol: Protocol
    ) -> None:
        """The decision, its seats and its entry."""
        decision, vote = uuid4(), self.vote
        where = {"case_id": str(locked.case_id), "country": actor.country}
        law = protocol.at(locked.case["place"]).steps[self.step].panel
        ledger.add(
            "panels",
            id=str(decision),
            **where,
            referral_id=str(locked.referral_id),
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
