"""Receipts over JSON, and as the text that the stand-alone verifier reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.wire import ROOT, answer, refused
from referral.audit.proof import FORM
from referral.edge import handed_out
from referral.entry import Call, Reading, needs_scope
from referral.errors import Refusal
from referral.queries import ReceiptSeen

router = APIRouter(prefix=f"{ROOT}/hand-offs", tags=["hand-offs"], route_class=Route)
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The receipt, as C2SP tlog-proof writes it.",
        "content": {"text/plain": {"schema": {"type": "string", "examples": [f"{FORM}\n…"]}}},
    }
}


class Witnessed(Answer):
    """Who has countersigned the checkpoint. ``independent``: it does not run beside the log."""

    witness: str
    independent: bool
    signed_at: datetime


class Receipt(Answer):
    """What proves an acceptance, and how far it is.

    ``promised``: it waits for the next checkpoint, at most 60 seconds; ``provisional``: signed by
    the log alone; ``final``: countersigned by enough witnesses.
    """

    hand_off_id: UUID
    state: Literal["promised", "provisional", "final"]
    entry_id: UUID
    accepted_at: datetime
    leaf: str = Field(description="SHA-256 of the entry as a leaf, base64.")
    log_key: str | None = Field(description="The log's verifier key, C2SP signed-note.")
    promise: str | None
    promise_key: str | None
    index: int | None
    size: int | None
    root: str | None
    signed_at: datetime | None
    witnesses: tuple[Witnessed, ...]
    receipt: str | None = Field(description="C2SP tlog-proof, as the verifier reads it.")

    @classmethod
    def of(cls, seen: ReceiptSeen) -> Self:
        """From the room's view."""
        same = (
            "state",
            "accepted_at",
            "leaf",
            "log_key",
            "promise",
            "promise_key",
            "index",
            "size",
            "root",
        )
        return cls(
            **{name: getattr(seen, name) for name in (*same, "signed_at")},
            hand_off_id=seen.line.id,
            entry_id=seen.entry,
            witnesses=tuple(
                Witnessed(witness=one.witness, independent=one.independent, signed_at=one.signed_at)
                for one in seen.witnesses
            ),
            receipt=seen.text,
        )


@router.get("/{hand_off_id}/receipt", response_model=Receipt)
async def receipt_of(call: Reading, request: Request, hand_off_id: UUID) -> Response:
    """The receipt of an accepted hand-off, for its two parties; with its promise while it waits."""
    seen = await _seen(call, hand_off_id)
    return refused(seen, request) if isinstance(seen, Refusal) else answer(Receipt.of(seen))


@router.get("/{hand_off_id}/receipt/file", responses=_TEXT, response_class=Response)
async def receipt_file(call: Reading, request: Request, hand_off_id: UUID) -> Response:
    """The receipt alone, as text: keep it. Without a checkpoint there is none yet (409)."""
    seen = await _seen(call, hand_off_id)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    if seen.text is None:
        return refused(queries.not_yet(), request)
    return handed_out(seen.text.encode(), "text/plain; charset=utf-8", "receipt.txt")


async def _seen(call: Call[Any], hand_off_id: UUID) -> ReceiptSeen | Refusal:
    needs_scope(call, Scope.HAND_OFFS_READ)
    return await queries.receipt_of(
        call.session,
        call.actor,
        hand_off_id,
        promiser=call.installation.promiser,
        quorum=call.installation.settings.log_quorum,
        now=call.now,
    )
