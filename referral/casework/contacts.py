"""Between the two parties of a hand-off: first contact, asking back, confirming, numbers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from protocols.lifecycle import State
from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, docket_sealed
from referral.casework.answers import Acted
from referral.casework.ground import (
    hand_off_ground,
    refuse_there,
)
from referral.casework.records import done
from referral.casework.said import NOTHING_SAID, Said
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession


async def record_first_contact(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The person was met or spoken to: acceptance followed by nothing must show."""
    held = await hand_off_ground(
        session, actor, hand_off_id, "record_first_contact", said, now, only_if=_answered
    )
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    happened = said.occurred_at or now
    ledger.add("marks", id=row["id"], first_contact_at=happened.isoformat())
    ledger.log(
        Done.FIRST_CONTACT_RECORDED, "hand_off", row["id"], to=row["state"], occurred_at=happened
    )
    return await done(session, actor, held, ledger)


def _answered(locked: Locked) -> Refusal | None:
    state = State(locked.hand_off["state"])
    if state.answered:
        return None
    return errors.not_allowed_now(
        state.value, "record_first_contact", [], "Accept first: contact follows acceptance."
    )


async def ask_cancellation(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """After acceptance a sender may only ask; the receiver decides."""
    held = await hand_off_ground(session, actor, hand_off_id, "ask_cancellation", said, now)
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add("marks", id=row["id"], cancellation_asked_at=now.isoformat())
    ledger.log(
        Done.CANCELLATION_ASKED,
        "hand_off",
        row["id"],
        to=row["state"],
        reason_code=said.reason_code,
    )
    ledger.tell(Done.CANCELLATION_ASKED.value, row["receiver_unit"], row["id"])
    return await done(session, actor, held, ledger)


async def confirm_attestation(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The receiver itself confirms what was recorded in its name."""
    held = await hand_off_ground(session, actor, hand_off_id, "confirm_attestation", said, now)
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    if row["receiver_unit"] != str(actor.unit_id):
        refusal = errors.not_permitted("confirm_attestation", "the unit that was asked")
        return await refuse_there(session, actor, held.locked, "confirm_attestation", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add("marks", id=row["id"], attestation_confirmed_at=now.isoformat())
    ledger.log(Done.ATTESTATION_CONFIRMED, "hand_off", row["id"], to=row["state"])
    return await done(session, actor, held, ledger)


async def set_docket(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    number: str,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The own agency's number for this hand-off (145, acta, police, court)."""
    held = await hand_off_ground(session, actor, hand_off_id, "set_docket", said, now)
    if isinstance(held, Refusal):
        return held
    if not number.strip() or len(number) > 80:  # noqa: PLR2004 - longest official number seen: 40
        refusal = errors.invalid_input([Fault("/number", "length", "Give 1 to 80 characters.")])
        return await refuse_there(session, actor, held.locked, "set_docket", refusal, now)
    row = held.locked.hand_off
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add(
        "dockets",
        id=str(uuid4()),
        case_id=str(held.locked.case_id),
        hand_off_id=row["id"],
        country=held.locked.case["country"],
        agency_id=str(actor.agency_id),
        **docket_sealed(held.keys[held.locked.case_id], UUID(row["id"]), number.strip()),
    )
    ledger.add("marks", id=row["id"])
    ledger.log(Done.DOCKET_SET, "hand_off", row["id"], to=row["state"])
    return await done(session, actor, held, ledger)
