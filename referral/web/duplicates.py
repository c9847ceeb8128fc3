"""The page that asks whether somebody is known already, and whom to telephone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from referral import access, casework
from referral.casework import Matches, Said, Sought
from referral.entry import Call, Reading
from referral.errors import Fault, invalid_input
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ChangingForm
from referral.web.pages import PageRoute, page, refused

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FIELDS: Final = {f"/{name}": name for name in ("name", "born_on", "reason")}


@dataclass(frozen=True, slots=True)
class DuplicatesPage:
    """The form, and what was found."""

    inputs: tuple[tuple[str, Params], ...]
    found: tuple[str, ...]
    faults: Faults


@router.get("/duplicates")
async def seeking(request: Request, call: Reading) -> Response:
    """The form; a fresh password first."""
    refusal = access.by_role(call.actor, "find_duplicates", "–", call.now)
    if refusal is not None:
        return refused(request, refusal, call, back="/duplicates")
    return _shown(request, call, Sent(), (), NONE)


@router.post("/duplicates")
async def find_duplicates(request: Request, form: ChangingForm) -> Response:
    """What is known; sent by a form, so that no address holds a name."""
    call, sent = form.call, form.sent
    names = ("name", "born_on", "document", "telephone")
    answer = await casework.find_duplicates(
        call.session,
        call.actor,
        Sought(**{name: sent.one(name) for name in names}),
        Said(reason=sent.one("reason") or None),
        now=call.now,
    )
    if isinstance(answer, Matches):
        return _shown(request, call, sent, _words(answer), NONE)
    if answer.type == "reason-required":
        answer = invalid_input([Fault("/reason", "missing", "Say why you look.")])
    if answer.type == "invalid-input":
        return _shown(request, call, sent, (), faults_in(answer, _FIELDS))
    return refused(request, answer, call, back="/duplicates")


def _words(found: Matches) -> tuple[str, ...]:
    told = [f"Possible match held by {agency}: telephone them first." for agency in found.agencies]
    told += ["The coordinator will contact you."] if found.coordinator else []
    return tuple(told) or ("Nobody is known under this. File the report.",)


def _shown(
    request: Request, call: Call[Any], sent: Sent, found: tuple[str, ...], faults: Faults
) -> Response:
    make = Fields(sent, faults)
    inputs = (
        ("input", make.text("name", "Whole name")),
        ("input", make.text("born_on", "Date of birth", hint="Year-month-day, such as 2016-01-31")),
        ("input", make.text("document", "Number of a document")),
        ("input", make.text("telephone", "Telephone")),
        ("textarea", make.area("reason", "Why you look", rows=2)),
    )
    view = DuplicatesPage(inputs, found, faults)
    status, title = (422, "Error: Known already?") if faults else (200, "Known already?")
    return page(request, "cases/duplicates.html", view, title=title, call=call, status=status)
