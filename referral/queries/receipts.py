"""The receipt of an acceptance, for its two parties: what is proved, by whom it is signed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from referral import access, errors
from referral.audit.checkpoints import QUORUM, Cosigned
from referral.audit.key_files import SigningKey
from referral.audit.promises import promised
from referral.audit.proof import leaf_hash
from referral.audit.receipts import placed, written
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.hand_offs import hand_off_seen
from referral.queries.lines import HandOffLine
from referral.session import Actor, ReadSession

_ACCEPTANCES: Final = """
SELECT h.id, referral.acceptance_of(h.id) AS entry,
    (SELECT jsonb_build_object('origin', e.origin, 'signer', e.signer) FROM log.epoch e ORDER BY e.epoch DESC LIMIT 1) AS epoch
FROM unnest($1::uuid[]) AS h (id)
"""


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """An acceptance as the log has it.

    ``state``: ``promised`` while it waits for a checkpoint, ``provisional`` until enough witnesses
    have countersigned that, then ``final``.
    """

    line: HandOffLine
    state: Literal["promised", "provisional", "final"]
    entry: UUID
    accepted_at: datetime
    leaf: str  # base64 of its hash
    log_key: str | None  # the log's verifier key
    promise: str | None
    promise_key: str | None  # whom the promise is signed by
    index: int | None = None
    size: int | None = None
    root: str | None = None  # base64
    signed_at: datetime | None = None
    witnesses: tuple[Cosigned, ...] = ()
    text: str | None = None  # the receipt itself


async def receipt_of(
    session: ReadSession,
    actor: Actor,
    hand_off_id: UUID,
    *,
    promiser: SigningKey | None = None,
    quorum: int = QUORUM,
    now: datetime,
) -> ReceiptSeen | Refusal:
    """The receipt of an accepted hand-off, to whoever sent it and whoever accepted it."""
    seen = await hand_off_seen(session, actor, hand_off_id, now=now)
    if isinstance(seen, Refusal):
        return seen
    line = seen.line
    if not access.offered("take_receipt", seen.relationships) or actor.unit_id not in {
        line.sender_unit,
        line.receiver_unit,
    }:
        return errors.not_permitted("take_receipt", "the unit that sent it, the unit that accepted")
    ((_, entry, epoch),) = await _acceptances(session, [hand_off_id])
    if entry is None:
        explanation = "Nobody has accepted it yet: a receipt is of an acceptance. Look again then."
        return errors.not_allowed_now(line.state, "take_receipt", [], explanation)
    header, identity = entry["header"], UUID(entry["id"])
    waiting = ReceiptSeen(
        line=line,
        state="promised",
        entry=identity,
        accepted_at=datetime.fromisoformat(orjson.loads(header)["at"]),
        leaf=base64.b64encode(leaf_hash(header.encode())).decode(),
        log_key=epoch and epoch["signer"],
        promise=_promise(promiser, epoch, identity, header),
        promise_key=str(promiser.key) if promiser else None,
    )
    return await _proved(session, waiting, header, quorum)


def not_yet() -> Refusal:
    """Asked for as a file before there is a checkpoint over it."""
    explanation = (
        "The log has not signed it yet: that takes a minute at most. Until then you hold the "
        "promise that came with the acceptance."
    )
    return errors.not_allowed_now("promised", "take_receipt", [], explanation)


async def promise_of(
    session: ReadSession, hand_off_id: UUID, promiser: SigningKey | None
) -> str | None:
    """The promise for an acceptance of the caller's own; None where nobody can promise."""
    return (await promises_of(session, [hand_off_id], promiser)).get(hand_off_id)


async def promises_of(
    session: ReadSession, hand_offs: Sequence[UUID], promiser: SigningKey | None
) -> dict[UUID, str]:
    """The promise for each of these that was accepted; none where nobody can promise."""
    if promiser is None:
        return {}
    found = {
        hand_off: _promise(promiser, epoch, UUID(entry["id"]), entry["header"])
        for hand_off, entry, epoch in await _acceptances(session, hand_offs)
        if entry is not None
    }
    return {hand_off: promise for hand_off, promise in found.items() if promise is not None}


def _promise(key: SigningKey | None, epoch: Any, entry: UUID, header: str) -> str | None:
    if key is None or epoch is None:
        return None
    return promised(key, epoch["origin"], entry, header)


async def _acceptances(
    session: ReadSession, hand_offs: Sequence[UUID]
) -> list[tuple[UUID, Any, Any]]:
    """Of each: its entry in the log, None if it was not accepted; and the log's name now."""
    found = await session.connection.exec_driver_sql(_ACCEPTANCES, (list(hand_offs),))
    return [(row.id, decoded(row.entry), decoded(row.epoch)) for row in found]


async def _proved(
    session: ReadSession, waiting: ReceiptSeen, header: str, quorum: int
) -> ReceiptSeen:
    found = await placed(session.connection, waiting.entry, quorum)
    if found is None:
        return waiting
    checkpoint = found.signed.checkpoint
    return replace(
        waiting,
        state="final" if found.final else "provisional",
        index=found.place.index,
        size=checkpoint.size,
        root=base64.b64encode(checkpoint.root).decode(),
        signed_at=found.signed.signed_at,
        witnesses=found.signed.cosigned,
        text=written(header, found),
    )
