"""Filing a report, the answer to it, the case, its sealed parts and its custody timeline.

A form is read, the verb is called, the answer becomes a page; rules live in the rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import access, casework, queries
from referral.casework import Acted, Filed, Said
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import CaseSeen
from referral.web.case_pages import SEALED, case_view, page_from
from referral.web.fields import NONE, Faults, Sent
from referral.web.filed_page import filed_view
from referral.web.forms import (
    TABLE,
    Acting,
    ActingForm,
    AskingForm,
    OpeningForm,
    moment_in,
    new_key,
)
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other
from referral.web.places import places_of
from referral.web.report_form import MOST_PERSONS, report_form
from referral.web.report_intake import field_of, intake_in, named, persons_in
from referral.web.timeline_page import timeline_view

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_DONE: Final = {
    "notes": "The note was added.",
    "screening": "Your result is recorded beside the screening's own.",
    "reassignment": "Recorded: both were told.",
    "events": "Recorded; whatever follows from it was opened.",
    "panels": "The panel's decision is recorded; whatever follows from it was opened.",
}


@router.get("/cases/new")
async def report(request: Request, call: Reading) -> Response:
    """An empty form."""
    refusal = access.by_role(call.actor, "create_intake")
    if refusal is not None:
        return error_page(request, refusal, call)
    return await _report(request, call, Sent(), key=new_key())


async def _report(
    request: Request,
    call: Call[Any],
    sent: Sent,
    *,
    key: str,
    faults: Faults = NONE,
    more: int = 0,
) -> Response:
    places = await places_of(call)
    count = max(1, min(persons_in(sent) + more, MOST_PERSONS))
    view = report_form(sent, list(places.items()), call.actor.country, faults, key, count)
    title = "Error: New referral" if faults else "New referral"
    status = 422 if faults else 200
    return page(request, "cases/report.html", view, title=title, call=call, status=status)


@router.post("/cases/draft")
async def add_person(request: Request, form: AskingForm) -> Response:
    """One more person, or one fewer: the same form, nothing is filed."""
    more = -1 if form.sent.has("fewer") else 1
    return await _report(
        request, form.call, form.sent, key=form.sent.one("key") or new_key(), more=more
    )


@router.post("/cases")
async def file(request: Request, form: ActingForm) -> Response:
    """File it: to the answer. What cannot be read: the same form, with everything typed."""
    call, sent, key = form.call, form.sent, UUID(form.sent.one("key"))
    if call.stored is not None:
        return see_other(f"/cases/{call.stored['case_id']}/filed")
    known = await queries.case_with(call.session, call.actor, key)
    if known is not None:
        return see_other(f"/cases/{known}/filed")
    read = intake_in(sent, key, call.actor)
    if isinstance(read, Refusal):
        return await _put_right(
            request, form, read, {f"/{name}": name for name in ("occurred_at", "people", "place")}
        )
    intake, pointers = read
    answer = await casework.file(call.session, call.actor, intake, now=call.now)
    if isinstance(answer, Filed):
        return see_other(f"/cases/{answer.case_id}/filed")
    if answer.type == "invalid-input":
        return await _put_right(request, form, answer, pointers)
    return error_page(request, answer, call)


async def _put_right(
    request: Request, form: Acting, refusal: Refusal, pointers: dict[str, str]
) -> Response:
    of: dict[str, str] = {}
    others: list[str] = []
    for fault in refusal.extra["errors"]:
        name, _, line = (field_of(fault["pointer"], pointers) or "").partition("#")
        several = persons_in(form.sent) > 1
        told = named(fault["message"], fault["pointer"], name, several=several)
        if line:
            told = f"Line {line}, {fault['pointer'].rpartition('/')[2]}: {told}"
        if not name:
            others.append(told)
        else:
            of[name] = f"{of[name]} {told}" if name == TABLE and name in of else told
    faults = Faults(of, tuple(others))
    return await _report(request, form.call, form.sent, key=form.sent.one("key"), faults=faults)


@router.get("/cases/{case_id}/filed")
async def filed(request: Request, call: Reading, case_id: UUID) -> Response:
    """The answer to a filing: who must receive it, why, and by when."""
    answer = await casework.filed_again(call.session, call.actor, case_id)
    if isinstance(answer, Refusal):
        return error_page(request, answer, call)
    units = [UUID(ask.unit_id) for ask in answer.asks]
    named = await queries.units_named(call.session, call.actor, units)
    view = filed_view(answer, named, Reader.of(call))
    return page(request, "cases/filed.html", view, title="Referral filed", call=call)


@router.get("/cases/{case_id}")
async def case(request: Request, call: Reading, case_id: UUID) -> Response:
    """The case as this person may see it, nothing sealed opened."""
    return await _case(request, call, await _seen(request, call, case_id))


async def _seen(
    request: Request,
    call: Call[Any],
    case_id: UUID,
    groups: Sequence[str] = (),
    reason: str | None = None,
) -> CaseSeen | Refusal:
    """The persons of one page; of a group of a thousand the others are not even read."""
    return await queries.case_seen(
        call.session,
        call.actor,
        case_id,
        groups=groups,
        reason=reason,
        numbers=page_from(_first(request)),
        now=call.now,
    )


def _first(request: Request) -> int:
    asked = request.query_params.get("from", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 5 else 1  # noqa: PLR2004


async def _case(
    request: Request,
    call: Call[Any],
    seen: CaseSeen | Refusal,
    sent: Sent | None = None,
    faults: Faults = NONE,
) -> Response:
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    done = _DONE.get(request.query_params.get("done", ""), "")
    place = (await places_of(call)).get(seen.place, seen.place)
    first = _first(request)
    view = case_view(seen, Reader.of(call), place, sent or Sent(), faults, done, first=first)
    status = 422 if faults else 200
    title = "Error: Case" if faults else "Case"
    return page(request, "cases/case.html", view, title=title, call=call, status=status)


@router.post("/cases/{case_id}/opening")
async def open_sealed(request: Request, form: OpeningForm, case_id: UUID) -> Response:
    """Open sealed parts, deliberately: they are shown on this page only, and the log keeps it."""
    call, sent = form.call, form.sent
    groups = [group for group in SEALED if group in sent.many("groups")]
    if not groups:
        seen = await _seen(request, call, case_id)
        return await _case(request, call, seen, sent, Faults({"groups": "Choose what to open."}))
    seen = await _seen(request, call, case_id, groups, sent.one("reason") or None)
    if isinstance(seen, CaseSeen) and seen.refused:
        first = next(iter(seen.refused.values()))
        if first.type == "reason-required":
            told = Faults({"reason": "Say why you open it; the log keeps your words."})
            return await _case(request, call, seen, sent, told)
        return refused(request, first, call, back=f"/cases/{case_id}")
    return await _case(request, call, seen, sent)


@router.post("/cases/{case_id}/referrals/{referral_id}/notes")
async def add_note(
    request: Request, form: ActingForm, case_id: UUID, referral_id: UUID
) -> Response:
    """A sealed note."""
    if form.call.stored is not None:
        return see_other(f"/cases/{case_id}?done=notes")
    session, actor = form.call.session, form.call.actor
    answer = await casework.add_note(
        session, actor, referral_id, form.sent.one("note"), _said(form), now=form.call.now
    )
    return await _shown(request, form, case_id, answer, "notes", {"/note": f"note-{referral_id}"})


@router.post("/cases/{case_id}/referrals/{referral_id}/events")
async def record_event(
    request: Request, form: ActingForm, case_id: UUID, referral_id: UUID
) -> Response:
    """Something happened that the protocol waits for."""
    if form.call.stored is not None:
        return see_other(f"/cases/{case_id}?done=events")
    pointers = {f"/{name}": f"{name}-{referral_id}" for name in ("event", "occurred_at")}
    happened = moment_in(form.sent, "occurred_at", form.call.actor.time_zone)
    if isinstance(happened, Refusal):
        return await _shown(request, form, case_id, happened, "events", pointers)
    session, actor = form.call.session, form.call.actor
    answer = await casework.record_event(
        session,
        actor,
        referral_id,
        form.sent.one("event"),
        _said(form, happened),
        now=form.call.now,
    )
    return await _shown(request, form, case_id, answer, "events", pointers)


@router.post("/cases/{case_id}/referrals/{referral_id}/screening")
async def override_screening(
    request: Request, form: ActingForm, case_id: UUID, referral_id: UUID
) -> Response:
    """Another result than the screening's, with a reason."""
    if form.call.stored is not None:
        return see_other(f"/cases/{case_id}?done=screening")
    call, sent = form.call, form.sent
    pointers = {f"/{name}": f"{name}-{referral_id}" for name in ("topic", "result", "reason")}
    said = _said(form)
    if said.reason is None:
        missing = invalid_input([Fault("/reason", "missing", "Say why you know better.")])
        return await _shown(request, form, case_id, missing, "screening", pointers)
    answer = await casework.override_screening(
        call.session,
        call.actor,
        referral_id,
        sent.one("topic"),
        sent.one("result"),
        said,
        now=call.now,
    )
    return await _shown(request, form, case_id, answer, "screening", pointers)


@router.post("/cases/{case_id}/referrals/{referral_id}/reassignment")
async def reassign(
    request: Request, form: ActingForm, case_id: UUID, referral_id: UUID
) -> Response:
    """Somebody else of the unit is in charge, or the whole unit."""
    if form.call.stored is not None:
        return see_other(f"/cases/{case_id}?done=reassignment")
    call, sent, said = form.call, form.sent, _said(form)
    pointers = {f"/{name}": f"{name}-{referral_id}" for name in ("user_name", "reason")}
    if said.reason is None:
        missing = invalid_input([Fault("/reason", "missing", "Say why it changes hands.")])
        return await _shown(request, form, case_id, missing, "reassignment", pointers)
    user_name = sent.one("user_name") or None
    answer = await casework.reassign(
        call.session, call.actor, referral_id, user_name, said, now=call.now
    )
    return await _shown(request, form, case_id, answer, "reassignment", pointers)


def _said(form: Acting, happened: Any = None) -> Said:
    return Said(reason=form.sent.one("reason") or None, occurred_at=happened)


async def _shown(
    request: Request,
    form: Acting,
    case_id: UUID,
    answer: Acted | Refusal,
    done: str,
    pointers: dict[str, str],
) -> Response:
    if isinstance(answer, Acted):
        return see_other(f"/cases/{case_id}?done={done}")
    if answer.type != "invalid-input":
        return refused(request, answer, form.call, back=f"/cases/{case_id}")
    call = form.call
    of = {pointers.get(f["pointer"], "main-content"): f["message"] for f in answer.extra["errors"]}
    seen = await _seen(request, call, case_id)
    return await _case(request, call, seen, form.sent, Faults(of))


@router.get("/cases/{case_id}/timeline")
async def timeline(request: Request, call: Reading, case_id: UUID) -> Response:
    """Who held whom when, and every act, in the order of recording."""
    lines = await queries.timeline_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(lines, Refusal):
        return error_page(request, lines, call)
    view = timeline_view(case_id, lines, Reader.of(call))
    return page(request, "cases/timeline.html", view, title="Custody timeline", call=call)
