"""Hand-offs change state: each move, with the words said to it, becomes a row and its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from protocols.decision import (
    Decision,
    MoveHandOff,
)
from protocols.lifecycle import Act, State
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework.moments import due_after, times_of
from referral.casework.said import NOTHING_SAID, Said
from referral.session import Actor
from referral.vault import SubjectKey

_DONE = {
    Act.ACKNOWLEDGE: Done.HAND_OFF_RECEIVED,
    Act.ACCEPT: Done.HAND_OFF_ACCEPTED,
    Act.DECLINE: Done.HAND_OFF_DECLINED,
    Act.START: Done.HAND_OFF_STARTED,
    Act.HOLD: Done.HAND_OFF_HELD,
    Act.RESUME: Done.HAND_OFF_RESUMED,
    Act.COMPLETE: Done.HAND_OFF_COMPLETED,
    Act.FAIL: Done.HAND_OFF_FAILED,
    Act.CANCEL: Done.HAND_OFF_CANCELLED,
}


_NOTE_KIND = {Act.DECLINE: "decline", Act.COMPLETE: "feedback", Act.FAIL: "feedback"}


@dataclass(slots=True)
class Saying:
    """Puts one act, and the moves that follow from it, into the ledger with the words said."""

    ledger: Ledger
    locked: Locked
    actor: Actor
    said: Said
    act: Act
    key: SubjectKey
    attesting: bool = False

    def move_all(self, decision: Decision) -> None:
        """Every move of the decision.

        Accepting what nobody had opened yet is one move of the row and two entries: received and
        accepted, at the same moment.
        """
        opened = None
        for item in decision.all(MoveHandOff):
            if item.act is Act.ACKNOWLEDGE and self.act is Act.ACCEPT:
                opened = item
                self.ledger.log(
                    Done.HAND_OFF_RECEIVED,
                    "hand_off",
                    item.hand_off,
                    from_=item.from_state.value,
                    to=item.to_state.value,
                )
            elif opened is not None and item.hand_off == opened.hand_off:
                self.move(item, decision, since=opened.from_state)
            else:
                self.move(item, decision)

    def move(self, item: MoveHandOff, decision: Decision, *, since: State | None = None) -> None:
        """One hand-off changes state; ``since``: the state its row still stands in."""
        own = item.hand_off == str(self.locked.hand_off_id)
        row = self.locked.named(item.hand_off)
        code = (self.said.reason_code if own else None) or item.reason_code
        note = self._note(item) if own else None
        happened = (self.said.occurred_at if own else None) or self.ledger.at
        self.ledger.add(
            "moves",
            id=item.hand_off,
            act=item.act.value,
            from_state=(since or item.from_state).value,
            entries=2 if since else 1,
            to_state=item.to_state.value,
            occurred_at=happened.isoformat(),
            reason_code=code,
            outcome=self.said.outcome if own else None,
            **times_of(item, happened.isoformat()),
            review_at=self.said.review_at.isoformat() if own and self.said.review_at else None,
            receiver_member=str(self.actor.id) if own and self._takes(item.act) else None,
            attested=own and self.attesting,
            **due_after(self.locked, decision, item),
        )
        self.ledger.log(
            _DONE[item.act],
            "hand_off",
            item.hand_off,
            from_=item.from_state.value,
            to=item.to_state.value,
            occurred_at=happened if happened != self.ledger.at else None,
            reason_code=code,
            outcome=self.said.outcome if own else None,
            note=str(note) if note else None,
            attested=True if own and self.attesting else None,
            reason=self.said.reason if own else None,
        )
        self._tell(item, row)

    def _tell(self, item: MoveHandOff, row: Mapping[str, Any]) -> None:
        """Both parties hear of every move, except whoever makes it: the sender always."""
        mine = str(self.actor.unit_id)
        for unit in (row["sender_unit"], row["receiver_unit"]):
            if unit != mine:
                self.ledger.tell(_DONE[item.act].value, unit, item.hand_off)

    def _takes(self, act: Act) -> bool:
        return not self.attesting and act in {Act.ACCEPT, Act.ACKNOWLEDGE}

    def _note(self, item: MoveHandOff) -> UUID | None:
        hand_off = UUID(item.hand_off)
        if self.attesting:
            who = f"{self.said.attested_by}; {self.said.attested_on}"
            self.ledger.note(self.key, "attestation", who, self.actor, hand_off)
        if not self.said.note:
            return None
        kind = _NOTE_KIND.get(item.act, "reason")
        return self.ledger.note(self.key, kind, self.said.note, self.actor, hand_off)


def move_in(
    ledger: Ledger, locked: Locked, actor: Actor, item: MoveHandOff, decision: Decision
) -> None:
    """A move nobody said anything to: it follows from facts or events."""
    key = SubjectKey(locked.case_id, 0, b"", b"")  # never used: there are no words to seal
    Saying(ledger, locked, actor, NOTHING_SAID, item.act, key).move(item, decision)
