"""The page of a case's files: adding one, and opening what was looked through.

A form is read, the verb is called, the answer becomes a page or a file to save.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import access, casework, queries
from referral.attachments import ALLOWED
from referral.casework import Attached
from referral.edge import handed_out
from referral.entry import Call, Witnessed
from referral.errors import Refusal
from referral.queries import AttachmentLine, CaseSeen, ReferralSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import Attaching, AttachingForm, OpeningForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FIELDS: Final = {"/file": "file", "/letter": "letter"}
_STATES: Final = {
    "quarantined": "Waits to be looked through",
    "viewable": "Can be opened",
    "refused": "Refused",
}
_CODES: Final = {
    "infected": "The virus scanner refuses it.",
    "two-files-at-once": "Something else is hidden in it.",
    "acts": "It holds a program, a form that sends, or other files.",
    "locked": "It is locked or protected, so nobody can look through it.",
    "too-many-points": "The picture is too large.",
    "too-many-pages": "It has too many pages.",
    "several-pictures": "It holds several pictures.",
    "broken": "It cannot be read to its end.",
    "unreadable": "Nobody could look through it.",
}


@dataclass(frozen=True, slots=True)
class FileShown:
    """One file: what it is, and where it is opened (None: not yet, or never)."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class AttachmentsPage:
    """The page. ``files`` is None until a reason was given."""

    case_address: str
    address: str
    files: tuple[FileShown, ...] | None
    reason: Params
    given: str
    inputs: tuple[tuple[str, Params], ...]
    allowed: str
    key: str
    done: str
    faults: Faults


@router.get("/cases/{case_id}/attachments")
async def attachments(request: Request, call: Witnessed, case_id: UUID) -> Response:
    """The files, where no reason is needed; else the question for it."""
    return await _shown(request, call, case_id, Sent())


@router.post("/cases/{case_id}/attachments/opening")
async def opening(request: Request, form: OpeningForm, case_id: UUID) -> Response:
    """The files, with the reason why she looks."""
    return await _shown(request, form.call, case_id, form.sent)


async def _shown(
    request: Request, call: Call[Any], case_id: UUID, sent: Sent, faults: Faults = NONE
) -> Response:
    found = await queries.attachments_of(
        call.session, call.actor, case_id, reason=sent.one("reason") or None, now=call.now
    )
    if isinstance(found, Refusal) and found.type != "reason-required":
        return refused(request, found, call, back=f"/cases/{case_id}/attachments")
    seen = await queries.case_seen(call.session, call.actor, case_id, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    held = [one for one in seen.referrals if access.offered("attach", one.relationships)]
    reader, make = Reader.of(call), Fields(sent, faults)
    view = AttachmentsPage(
        case_address=f"/cases/{case_id}",
        address=f"/cases/{case_id}/attachments",
        files=None if isinstance(found, Refusal) else tuple(_file(one, reader) for one in found),
        reason=make.text("reason", "Why do you open the files?", hint="The log keeps your words"),
        given=sent.one("reason"),
        inputs=_inputs(make, [(str(one.id), _named(one, seen)) for one in held]) if held else (),
        allowed=ALLOWED,
        key=new_key(),
        done="It is added, and waits to be looked through."
        if request.query_params.get("done")
        else "",
        faults=faults,
    )
    title = "Error: Files" if faults else "Files"
    status = 422 if faults else 200
    return page(request, "cases/attachments.html", view, title=title, call=call, status=status)


def _named(one: ReferralSeen, seen: CaseSeen) -> str:
    person = next((p.number for p in seen.persons if p.id == one.person_id), 1)
    return f"Person {person}, {one.track.replace('_', ' ')}"


def _inputs(make: Fields, referrals: list[tuple[str, str]]) -> tuple[tuple[str, Params], ...]:
    return (
        ("select", make.choice("referral", "To which referral it belongs", referrals)),
        ("input", make.text("file", "The file", type="file", hint=f"One of {ALLOWED}")),
        ("input", make.text("shows", "What it shows", hint="Sealed, like the file")),
    )


def _file(line: AttachmentLine, reader: Reader) -> FileShown:
    rows = [
        ("What it shows", line.shows or "Nobody has said"),
        ("State", _STATES[line.state]),
        ("Added", reader.clock.moment(line.added_at)),
        ("Size", f"{max(1, line.size // 1000):,} kB"),
        ("SHA-256 of the original", line.sha256),
    ]
    if line.code:
        rows.insert(2, ("Why", _CODES.get(line.code, line.code)))
    address = f"/attachments/{line.id}" if line.state == "viewable" else None
    return FileShown(line.name, tuple(rows), address)


@router.post("/cases/{case_id}/attachments")
async def attach(request: Request, form: AttachingForm, case_id: UUID) -> Response:
    """One file, into quarantine."""
    onward = f"/cases/{case_id}/attachments?done=1"
    if form.call.stored is not None:
        return see_other(onward)
    done = await _attached(form)
    if isinstance(done, Attached):
        return see_other(onward)
    if done.type != "invalid-input":
        return refused(request, done, form.call, back=f"/cases/{case_id}/attachments")
    return await _shown(request, form.call, case_id, form.sent, faults_in(done, _FIELDS))


async def _attached(form: Attaching) -> Attached | Refusal:
    call = form.call
    largest = call.installation.settings.attachment_limit
    return await casework.attach(
        call.session, call.actor, form.referral, form.brought, largest, now=call.now
    )


@router.post("/attachments/{attachment_id}")
async def open_attachment(request: Request, form: OpeningForm, attachment_id: UUID) -> Response:
    """The copy to look at, or with ``original`` the evidence as it came."""
    found = await queries.attachment_opened(
        form.call.session,
        form.call.actor,
        attachment_id,
        original=form.sent.has("original"),
        reason=form.sent.one("reason") or None,
        now=form.call.now,
    )
    if isinstance(found, Refusal):
        return refused(request, found, form.call, back="/hand-offs")
    return handed_out(found.content, found.media_type, found.file_name)
