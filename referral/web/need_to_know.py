"""The page of who may know of a case: seal, exclusions, and what waits for a second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import casework, queries
from referral.casework import Narrowed, Said
from referral.entry import Call, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import NeedToKnow
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ACTS: Final = {
    "seal": "Seal the case",
    "unseal": "Take the seal off",
    "lift_exclusion": "Let in again who is kept out",
    "void": "Mark the referral as entered in error",
    "merge": "Merge this case into an older one: it was filed twice",
}
_KINDS: Final = {"person": "A person, by user name", "agency": "An agency, by its key"}
_FIELDS: Final = {
    f"/{name}": name for name in ("act", "named", "exclusion", "older", "name", "reason")
}
_STATES: Final = {"approved": "Approved", "refused": "Refused", None: "Waits for a second person"}
Inputs = tuple[tuple[str, Params], ...]


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """What somebody asked for; ``open`` when the reader may answer it."""

    address: str
    title: str
    rows: tuple[tuple[str, str], ...]
    open: bool
    key: str


@dataclass(frozen=True, slots=True)
class NeedToKnowPage:
    """What stands, what waits, and the two forms for each referral the reader may act on."""

    case_address: str
    reference: str
    rows: tuple[tuple[str, str], ...]
    proposals: tuple[ProposalLine, ...]
    address: str
    asking: Inputs
    excluding: Inputs
    key: str
    faults: Faults


@router.get("/cases/{case_id}/need-to-know")
async def need_to_know(request: Request, call: Witnessed, case_id: UUID) -> Response:
    """To whoever holds the case."""
    seen = await queries.need_to_know(call.session, call.actor, case_id, now=call.now)
    return _shown(request, call, seen, Sent(), NONE)


def _shown(
    request: Request, call: Call[Any], seen: NeedToKnow | Refusal, sent: Sent, faults: Faults
) -> Response:
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    view = _view(seen, Reader.of(call), sent, faults)
    status = 422 if faults else 200
    title = "Error: Who may know" if faults else "Who may know"
    return page(request, "cases/need_to_know.html", view, title=title, call=call, status=status)


def _view(seen: NeedToKnow, reader: Reader, sent: Sent, faults: Faults) -> NeedToKnowPage:
    clock, address = reader.clock, f"/cases/{seen.case_id}/need-to-know"
    rows = [("Seal", "; ".join(seen.named) if seen.sealed else "None: the unit that holds it")]
    rows += [
        ("Kept out", f"{one.name}, since {clock.moment(one.at)}: {one.reason}")
        for one in seen.exclusions
    ]
    make = Fields(sent, faults)
    why = ("textarea", make.area("reason", "Why", rows=2, hint="Sealed with the narrative"))
    kept = [(str(one.id), one.name) for one in seen.exclusions]
    where = [(str(one.id), one.track.replace("_", " ").capitalize()) for one in seen.referrals]
    referral = ("select", make.choice("referral", "For the referral", where))
    return NeedToKnowPage(
        case_address=f"/cases/{seen.case_id}",
        reference=seen.reference,
        rows=tuple(rows),
        proposals=tuple(
            ProposalLine(
                address=f"{address}/proposals/{one.id}",
                title=_ACTS.get(one.act, one.act),
                rows=(
                    ("Persons", "; ".join(one.named) or "–"),
                    *((("Into", one.older),) if one.older else ()),
                    ("Why", one.reason),
                    ("Asked", clock.moment(one.asked_at)),
                    ("State", _STATES[one.answer]),
                ),
                open=one.answer is None and not one.mine,
                key=new_key(),
            )
            for one in seen.proposals
        ),
        address=address,
        asking=(
            referral,
            ("radios", make.radios("act", "What two persons decide", [*_ACTS.items()])),
            (
                "textarea",
                make.area("named", "Who stays on the seal", rows=3, hint="User names, one a line"),
            ),
            ("select", make.choice("exclusion", "Who is let in again", kept, empty="Nobody")),
            ("input", make.text("older", "Reference of the older case", hint="To merge into")),
            why,
        ),
        excluding=(
            referral,
            ("radios", make.radios("kind", "Who is kept out", [*_KINDS.items()])),
            ("input", make.text("name", "User name or key")),
            why,
        ),
        key=sent.one("key") or new_key(),
        faults=faults,
    )


@router.post("/cases/{case_id}/need-to-know/proposals")
async def propose(request: Request, form: ActingForm, case_id: UUID) -> Response:
    """Ask for what takes two persons."""
    call, sent = form.call, form.sent
    referral, exclusion = _id_in(sent, "referral"), _id_in(sent, "exclusion")
    if call.stored is None:
        answer: Any = await casework.propose(
            call.session,
            call.actor,
            referral,
            sent.one("act"),
            Said(reason=sent.one("reason") or None),
            named=sent.one("named").split(),
            exclusion=exclusion if exclusion.int else None,
            older=sent.one("older"),
            now=call.now,
        )
        return await _answered(request, form.call, case_id, answer, sent)
    return see_other(f"/cases/{case_id}/need-to-know")


@router.post("/cases/{case_id}/need-to-know/proposals/{proposal_id}")
async def answer_proposal(
    request: Request, form: ActingForm, case_id: UUID, proposal_id: UUID
) -> Response:
    """Approve or refuse what somebody else has asked for."""
    call, sent = form.call, form.sent
    if call.stored is None:
        answer = await casework.answer_proposal(
            call.session,
            call.actor,
            proposal_id,
            Said(reason=sent.one("reason") or None),
            approve=sent.one("answer") == "approve",
            now=call.now,
        )
        return await _answered(request, call, case_id, answer, sent)
    return see_other(f"/cases/{case_id}/need-to-know")


@router.post("/cases/{case_id}/need-to-know/exclusions")
async def exclude(request: Request, form: ActingForm, case_id: UUID) -> Response:
    """Keep a person or an agency out."""
    call, sent = form.call, form.sent
    if call.stored is None:
        answer = await casework.exclude(
            call.session,
            call.actor,
            _id_in(sent, "referral"),
            sent.one("kind"),
            sent.one("name"),
            Said(reason=sent.one("reason") or None),
            now=call.now,
        )
        return await _answered(request, call, case_id, answer, sent)
    return see_other(f"/cases/{case_id}/need-to-know")


def _id_in(sent: Sent, name: str) -> UUID:
    """An id of our own form; nothing at all is the id of nothing."""
    try:
        return UUID(sent.one(name))
    except ValueError:
        return UUID(int=0)


async def _answered(
    request: Request, call: Call[Any], case_id: UUID, answer: Narrowed | Refusal, sent: Sent
) -> Response:
    """Back to the page; to the inbox for whoever has just sealed herself out."""
    if isinstance(answer, Refusal) and answer.type == "reason-required":
        answer = invalid_input([Fault("/reason", "missing", "Say why: it is kept in the log.")])
    if isinstance(answer, Narrowed):
        return see_other(f"/cases/{case_id}/need-to-know")
    if answer.type != "invalid-input":
        return refused(request, answer, call, back=f"/cases/{case_id}/need-to-know")
    seen = await queries.need_to_know(call.session, call.actor, case_id, now=call.now)
    return _shown(request, call, seen, sent, faults_in(answer, _FIELDS))
