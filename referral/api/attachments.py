"""Files of a case over JSON: brought in one part of a form, listed, opened as copy or original.

Each function is named like the verb or the question behind it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Attached, Brought
from referral.edge import file_in, handed_out, identifier
from referral.entry import Witnessed, Writing, claim_for, claimed, key_of, needs_scope
from referral.errors import Refusal
from referral.queries import AttachmentLine
from referral.session import Claim

router = APIRouter(prefix=ROOT, tags=["cases"], route_class=Route)

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "shows": {"type": "string", "maxLength": 200},
                        "letter": {"type": "string", "format": "uuid"},
                    },
                }
            }
        },
    }
}
_BYTES: Final = {"type": "string", "format": "binary", "examples": ["…"]}
_CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, to be saved.",
        "content": {"application/octet-stream": {"schema": _BYTES}},
    }
}


class AttachmentAdded(Answer):
    """A file that was added; until it was looked through nobody opens it."""

    case_id: UUID
    attachment_id: UUID
    state: str


class Attachment(Answer):
    """A file of a case. ``sha256`` is of the original, as it came."""

    id: UUID
    kind: str
    state: str
    code: str | None
    media_type: str
    size: int
    added_at: datetime
    hand_off_id: UUID | None
    name: str
    shows: str
    sha256: str

    @classmethod
    def of(cls, line: AttachmentLine) -> Attachment:
        """From what the room answered."""
        return cls(**asdict(line))


class Attachments(Answer):
    """Every file of a case, the newest first."""

    case_id: UUID
    attachments: tuple[Attachment, ...]


@router.post(
    "/referrals/{referral_id}/attachments",
    status_code=201,
    response_model=AttachmentAdded,
    openapi_extra={**KEYED, **_BODY},
)
async def attach(call: Writing, request: Request, asked: Headers, referral_id: UUID) -> Response:
    """Add a photograph, a scan or a PDF to what you hold; it waits in quarantine."""
    needs_scope(call, Scope.CASES_WRITE)
    brought = await _brought_in(request)
    call = await claimed(call, _claim(request, brought))
    if call.stored is not None:
        return _added(Attached.again(call.stored))
    largest = call.installation.settings.attachment_limit
    done = await casework.attach(
        call.session, call.actor, referral_id, brought, largest, asked.said(), now=call.now
    )
    return refused(done) if isinstance(done, Refusal) else _added(done)


async def _brought_in(request: Request) -> Brought:
    sent, file = await file_in(request)
    letter = sent.get("letter")
    return Brought(
        name=file.name,
        content=file.content,
        shows=sent.get("shows", ""),
        letter=identifier(letter, "/letter") if letter else None,
    )


def _claim(request: Request, brought: Brought) -> Claim:
    """Bound to what was sent, not to its bytes: each try has another boundary between its parts."""
    digest = sha256(brought.content).hexdigest()
    body = repr((brought.name, digest, brought.shows, brought.letter)).encode()
    return claim_for(key_of(request), request.method, request.url.path, body)


def _added(done: Attached) -> Response:
    return answer(AttachmentAdded(**asdict(done)), 201)


@router.get("/cases/{case_id}/attachments", response_model=Attachments)
async def attachments_of(
    call: Witnessed, request: Request, asked: Headers, case_id: UUID
) -> Response:
    """Files of a case (G4): sealed like the narrative, and logged like it."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.attachments_of(
        call.session, call.actor, case_id, reason=asked.reason, now=call.now
    )
    if isinstance(found, Refusal):
        return refused(found, request)
    lines = tuple(Attachment.of(line) for line in found)
    return answer(Attachments(case_id=case_id, attachments=lines))


@router.get("/attachments/{attachment_id}", response_class=Response, responses=_CONTENT)
async def attachment_opened(
    call: Witnessed, request: Request, asked: Headers, attachment_id: UUID
) -> Response:
    """The copy to look at: made anew, without place, device or names in it."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.attachment_opened(
        call.session, call.actor, attachment_id, reason=asked.reason, now=call.now
    )
    return (
        refused(found, request)
        if isinstance(found, Refusal)
        else handed_out(found.content, found.media_type, found.file_name)
    )


@router.get("/attachments/{attachment_id}/original", response_class=Response, responses=_CONTENT)
async def original_opened(
    call: Witnessed, request: Request, asked: Headers, attachment_id: UUID
) -> Response:
    """The evidence as it came, with all that is written into it: a reason and a fresh proof."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.attachment_opened(
        call.session, call.actor, attachment_id, original=True, reason=asked.reason, now=call.now
    )
    return (
        refused(found, request)
        if isinstance(found, Refusal)
        else handed_out(found.content, found.media_type, found.file_name)
    )
