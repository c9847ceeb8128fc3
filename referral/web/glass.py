"""Break-glass as pages: the form to open a case in an emergency, and the list that is reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import access, casework, queries
from referral.casework import Glass, Said
from referral.entry import Call, Reading, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FINDINGS: Final = {"justified": "It was right", "not_justified": "It was not"}
_FIELDS: Final = {f"/{name}": name for name in ("reference", "minutes", "reason")}
Inputs = tuple[tuple[str, Params], ...]


@dataclass(frozen=True, slots=True)
class BreakingPage:
    """The form."""

    inputs: Inputs
    key: str
    faults: Faults


@dataclass(frozen=True, slots=True)
class GlassLine:
    """One glass, with the form to review it where the reader may."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    address: str
    inputs: Inputs
    key: str


@router.get("/break-glass")
async def breaking(request: Request, call: Reading) -> Response:
    """What it is for, and the form."""
    return _breaking(request, call, Sent(), NONE)


def _breaking(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    refusal = access.by_role(call.actor, "open_glass", "–", call.now)
    if refusal is not None:
        return refused(request, refusal, call, back="/break-glass")
    make = Fields(sent, faults)
    inputs: Inputs = (
        ("input", make.text("reference", "Reference of the case", hint="Such as ZZ-7K3M-Q9TX")),
        ("input", make.text("minutes", "For how many minutes", hint="60 at most")),
        ("textarea", make.area("reason", "Why it cannot wait", rows=3)),
    )
    view = BreakingPage(inputs, sent.one("key") or new_key(), faults)
    status, title = (422, "Error: Break-glass") if faults else (200, "Break-glass")
    return page(request, "cases/break_glass.html", view, title=title, call=call, status=status)


@router.post("/break-glass")
async def break_glass(request: Request, form: ActingForm) -> Response:
    """Open it, and go there."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/cases/{call.stored['case_id']}")
    minutes = sent.one("minutes") or str(casework.LONGEST)
    answer = await casework.break_glass(
        call.session,
        call.actor,
        sent.one("reference"),
        Said(reason=sent.one("reason") or None),
        minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 4 else 0,  # noqa: PLR2004
        now=call.now,
    )
    if isinstance(answer, Glass):
        return see_other(f"/cases/{answer.case_id}")
    if answer.type == "reason-required":
        answer = invalid_input(list(_unsaid(sent)))
    if answer.type == "invalid-input":
        return _breaking(request, call, sent, faults_in(answer, _FIELDS))
    return refused(request, answer, call, back="/break-glass")


def _unsaid(sent: Sent) -> Iterator[Fault]:
    """All that is missing, at once: she is in a hurry."""
    if not sent.one("reference"):
        yield Fault("/reference", "missing", "Give the reference of the case.")
    yield Fault("/reason", "missing", "Say why it cannot wait.")


@router.post("/break-glass/{glass_id}/closure")
async def close_glass(request: Request, form: ActingForm, glass_id: UUID) -> Response:
    """Close it before its time."""
    if form.call.stored is not None:
        return see_other("/")
    call = form.call
    answer = await casework.close_glass(call.session, call.actor, glass_id, now=call.now)
    return see_other("/") if isinstance(answer, Glass) else error_page(request, answer, call)


@router.get("/break-glass/reviews")
async def glasses(request: Request, call: Witnessed) -> Response:
    """What was opened in an emergency, the unreviewed first."""
    found = await queries.glasses_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    clock = Reader.of(call).clock
    view = tuple(
        GlassLine(
            heading=one.reference or "A case you have no part in",
            rows=(
                ("Who", f"{one.person}, {one.agency}"),
                ("When", f"{clock.moment(one.opened_at)} – {clock.moment(one.ends_at)}"),
                ("Why", one.reason),
                ("Review", _FINDINGS.get(one.finding or "", "Until ") + _reviewed(one, clock)),
            ),
            address=f"/break-glass/{one.id}/review",
            inputs=_review() if one.reviewed_at is None and not one.mine else (),
            key=new_key(),
        )
        for one in found
    )
    return page(request, "cases/glasses.html", view, title="Break-glass reviews", call=call)


def _reviewed(one: Any, clock: Any) -> str:
    return f": {one.words}" if one.reviewed_at else str(clock.moment(one.review_due_at))


def _review() -> Inputs:
    make = Fields(Sent())
    return (
        ("radios", make.radios("finding", "Was it right?", [*_FINDINGS.items()], inline=True)),
        ("textarea", make.area("words", "In words", rows=2)),
    )


@router.post("/break-glass/{glass_id}/review")
async def review_glass(request: Request, form: ActingForm, glass_id: UUID) -> Response:
    """What the review found."""
    call, sent = form.call, form.sent
    if call.stored is None:
        answer = await casework.review_glass(
            call.session,
            call.actor,
            glass_id,
            sent.one("finding"),
            sent.one("words"),
            now=call.now,
        )
        if isinstance(answer, Refusal):
            return error_page(request, answer, call)
    return see_other("/break-glass/reviews")
