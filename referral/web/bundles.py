"""The page of a case's bundles of evidence: asking, answering, taking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import casework, queries
from referral.casework import Choice, Narrowed, Said
from referral.casework.bundles import GROUPS, USUAL
from referral.edge import handed_out, identifier
from referral.entry import Call, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.exports.bundles import SHORTEST, packed
from referral.exports.record import recording
from referral.queries import BundleSeen, BundlesSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, OpeningForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_GROUPS: Final = dict(
    zip(
        GROUPS,
        (
            "Facts, screening, workplace",
            "Names and what identifies",
            "Where she is now, safe contact",
            "Narrative, notes, medical facts",
        ),
        strict=True,
    )
)
_FIELDS: Final = {
    f"/{name}": name
    for name in ("recipient", "recipient_key", "groups", "others", "closed", "reason", "referral")
}
_STATES: Final = {"refused": "Refused", None: "Waits for a second person"}
Inputs = tuple[tuple[str, Params], ...]


@dataclass(frozen=True, slots=True)
class BundleLine:
    """One that was asked for: ``open`` to be answered, or ``ready`` to be taken."""

    address: str
    title: str
    rows: tuple[tuple[str, str], ...]
    open: bool
    ready: bool
    passphrase: Params | None
    key: str


@dataclass(frozen=True, slots=True)
class BundlesPage:
    """What there is, and the form to ask for another."""

    case_address: str
    reference: str
    bundles: tuple[BundleLine, ...]
    address: str
    asking: Inputs
    key: str
    faults: Faults


@router.get("/cases/{case_id}/bundles")
async def bundles(request: Request, call: Witnessed, case_id: UUID) -> Response:
    """To whoever holds a referral of the case."""
    return await _shown(request, call, case_id, Sent(), NONE)


async def _shown(
    request: Request, call: Call[Any], case_id: UUID, sent: Sent, faults: Faults
) -> Response:
    seen = await queries.bundles_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    view = _view(seen, Reader.of(call), sent, faults)
    title = "Error: Evidence" if faults else "Evidence"
    status = 422 if faults else 200
    return page(request, "cases/bundles.html", view, title=title, call=call, status=status)


def _view(seen: BundlesSeen, reader: Reader, sent: Sent, faults: Faults) -> BundlesPage:
    make, address = Fields(sent, faults), f"/cases/{seen.case_id}/bundles"
    where = [(str(one.id), one.track.replace("_", " ").capitalize()) for one in seen.referrals]
    kept = (
        sent
        if sent.values
        else Sent({"groups": tuple(group for group in USUAL if group in seen.readable)})
    )
    ticks = Fields(kept, faults)
    readable = [(group, words) for group, words in _GROUPS.items() if group in seen.readable]
    return BundlesPage(
        case_address=f"/cases/{seen.case_id}",
        reference=seen.reference,
        bundles=tuple(_line(one, address, reader, faults) for one in seen.bundles),
        address=address,
        asking=(
            ("select", make.choice("referral", "Of the referral", where)),
            ("input", make.text("recipient", "For which court or office")),
            (
                "input",
                make.text(
                    "recipient_key",
                    "Its age key, if it has one",
                    hint="age1…; without one the file takes a passphrase",
                ),
            ),
            ("checkboxes", ticks.boxes("groups", "What it holds", readable)),
            (
                "checkboxes",
                make.boxes("others", "Beyond her", [("1", "Other persons of the case as well")]),
            ),
            (
                "input",
                make.text(
                    "closed", "Entries whose bodies stay closed", hint="Numbers, as in the timeline"
                ),
            ),
            ("textarea", make.area("reason", "Why", rows=2, hint="It stands in the bundle")),
        ),
        key=sent.one("key") or new_key(),
        faults=faults,
    )


def _line(one: BundleSeen, address: str, reader: Reader, faults: Faults) -> BundleLine:
    clock, ready = reader.clock, one.made and (one.expires_at or reader.now) > reader.now
    state = _STATES.get(one.answer, f"Approved by {one.answered_by}")
    if one.made and one.expires_at is not None:
        state += f"; to be taken until {clock.moment(one.expires_at)}" if ready else "; over"
    word = Fields(Sent(), faults).text(
        "passphrase", "Passphrase", hint=f"At least {SHORTEST} characters; send it another way"
    )
    return BundleLine(
        address=f"{address}/{one.id}",
        title=f"For {one.recipient}",
        rows=(
            ("Holds", "; ".join(_GROUPS[group] for group in one.groups) or "The log alone"),
            ("Other persons", "As well" if one.others else "Left out"),
            ("Asked", f"{one.asked_by}, {clock.moment(one.asked_at)}"),
            ("Why", one.reason),
            ("State", state),
        ),
        open=one.answer is None and not one.mine,
        ready=ready,
        passphrase=None if one.recipient_key else word,
        key=new_key(),
    )


@router.post("/cases/{case_id}/bundles")
async def ask_bundle(request: Request, form: ActingForm, case_id: UUID) -> Response:
    """Ask for a bundle: somebody else approves."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/cases/{case_id}/bundles")
    closed = sent.one("closed").replace(",", " ").split()
    if not all(one.isdecimal() and len(one) < 10 for one in closed):  # noqa: PLR2004 - of an entry
        fault = Fault("/closed", "unreadable", "Numbers of entries, with blanks between them.")
        return await _answered(request, call, case_id, invalid_input([fault]), sent)
    choice = Choice(
        recipient=sent.one("recipient"),
        recipient_key=sent.one("recipient_key"),
        groups=sent.many("groups"),
        others=bool(sent.one("others")),
        closed=tuple(int(one) for one in closed),
    )
    answer = await casework.ask_bundle(
        call.session,
        call.actor,
        identifier(sent.one("referral"), "/referral"),
        choice,
        Said(reason=sent.one("reason") or None),
        now=call.now,
    )
    return await _answered(request, call, case_id, answer, sent)


@router.post("/cases/{case_id}/bundles/{bundle_id}")
async def answer_bundle(
    request: Request, form: ActingForm, case_id: UUID, bundle_id: UUID
) -> Response:
    """Approve or refuse what somebody else has asked for."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/cases/{case_id}/bundles")
    site = call.installation.settings.site or request.url.netloc
    answer = await casework.answer_bundle(
        call.session,
        call.actor,
        bundle_id,
        approve=sent.one("answer") == "approve",
        record=recording(call.session, call.actor, site=site, now=call.now),
        now=call.now,
    )
    return await _answered(request, call, case_id, answer, sent)


@router.post("/cases/{case_id}/bundles/{bundle_id}/file")
async def bundle_taken(
    request: Request, form: OpeningForm, case_id: UUID, bundle_id: UUID
) -> Response:
    """The sealed file; its name says nothing of the case."""
    call = form.call
    found = await packed(
        call.session,
        call.actor,
        bundle_id,
        passphrase=form.sent.one("passphrase"),
        quorum=call.installation.settings.log_quorum,
        now=call.now,
    )
    if isinstance(found, Refusal):
        return await _answered(request, call, case_id, found, Sent())
    return handed_out(found.content, "application/octet-stream", found.name)


async def _answered(
    request: Request, call: Call[Any], case_id: UUID, answer: Narrowed | Refusal, sent: Sent
) -> Response:
    if isinstance(answer, Refusal) and answer.type == "reason-required":
        answer = invalid_input([Fault("/reason", "missing", "Say why: it stands in the bundle.")])
    if isinstance(answer, Narrowed):
        return see_other(f"/cases/{case_id}/bundles")
    if answer.type != "invalid-input":
        return refused(request, answer, call, back=f"/cases/{case_id}/bundles")
    return await _shown(request, call, case_id, sent, faults_in(answer, _FIELDS))
