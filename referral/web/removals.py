"""The page of removals: asked for by one, approved by another, both above the agencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import casework, queries
from referral.casework import Narrowed, Said
from referral.entry import Call, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import RemovalSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KINDS: Final = {"agency": "An agency, by its key", "person": "A person, by user name"}
_FIELDS: Final = {f"/{name}": name for name in ("reference", "name", "reason")}
_STATES: Final = {"approved": "Approved: removed", "refused": "Refused"}


@dataclass(frozen=True, slots=True)
class RemovalLine:
    """One removal; ``open`` when the reader may answer it."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    address: str
    open: bool
    key: str


@dataclass(frozen=True, slots=True)
class RemovalsPage:
    """The list, and the form to ask for one."""

    lines: tuple[RemovalLine, ...]
    inputs: tuple[tuple[str, Params], ...]
    key: str
    faults: Faults


@router.get("/removals")
async def removals(request: Request, call: Witnessed) -> Response:
    """For coordinators and whoever protects data."""
    return await _shown(request, call, Sent(), NONE)


async def _shown(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    found = await queries.removals_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    make, clock = Fields(sent, faults), Reader.of(call).clock
    view = RemovalsPage(
        lines=tuple(_line(one, clock) for one in found),
        inputs=(
            ("input", make.text("reference", "Reference of the case")),
            ("radios", make.radios("kind", "Who is to be removed", [*_KINDS.items()])),
            ("input", make.text("name", "Key or user name")),
            ("textarea", make.area("reason", "Why", rows=3, hint="Sealed")),
        ),
        key=sent.one("key") or new_key(),
        faults=faults,
    )
    status, title = (422, "Error: Removals") if faults else (200, "Removals")
    return page(request, "cases/removals.html", view, title=title, call=call, status=status)


def _line(one: RemovalSeen, clock: Any) -> RemovalLine:
    waits = f"Waits for a second person until {clock.moment(one.expires_at)}"
    return RemovalLine(
        heading=one.name,
        rows=(
            ("Why", one.reason),
            ("Asked", clock.moment(one.asked_at)),
            ("State", _STATES.get(one.answer or "", waits)),
        ),
        address=f"/removals/{one.id}",
        open=one.answer is None and not one.mine,
        key=new_key(),
    )


@router.post("/removals")
async def ask_removal(request: Request, form: ActingForm) -> Response:
    """Ask; nothing changes before another person approves."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other("/removals")
    answer = await casework.ask_removal(
        call.session,
        call.actor,
        sent.one("reference"),
        sent.one("kind"),
        sent.one("name"),
        Said(reason=sent.one("reason") or None),
        now=call.now,
    )
    return await _answered(request, call, answer, sent)


@router.post("/removals/{proposal_id}")
async def answer_removal(request: Request, form: ActingForm, proposal_id: UUID) -> Response:
    """Approve or refuse."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other("/removals")
    approve = sent.one("answer") == "approve"
    answer = await casework.answer_removal(
        call.session, call.actor, proposal_id, approve=approve, now=call.now
    )
    return await _answered(request, call, answer, sent)


async def _answered(
    request: Request, call: Call[Any], answer: Narrowed | Refusal, sent: Sent
) -> Response:
    if isinstance(answer, Narrowed):
        return see_other("/removals")
    if answer.type == "reason-required":
        answer = invalid_input([Fault("/reason", "missing", "Say why.")])
    if answer.type == "invalid-input":
        return await _shown(request, call, sent, faults_in(answer, _FIELDS))
    return refused(request, answer, call, back="/removals")
