"""Operations: planned, opened by who is named, ended in a filing or aborted. Lists show no date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import casework, queries
from referral.casework import Operated, Plan
from referral.entry import Call, Reading, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import OperationSeen
from referral.web.fields import NONE, Faults, Fields, Sent, faults_in
from referral.web.forms import ActingForm, moment_in, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, refused, see_other
from referral.web.together import Inputs, form_page, id_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KINDS: Final = {"joint_visit": "Joint visit", "rescue": "Rescue"}
_FIELDS: Final = {
    **{f"/{name}": name for name in ("planned_at", "place", "what", "participants")},
    "/case_id": "case_id",
    "/words": "words",
}


@dataclass(frozen=True, slots=True)
class OperationsPage:
    """The list without dates, and the form to plan one."""

    lines: tuple[tuple[str, str], ...]
    inputs: Inputs
    key: str
    faults: Faults


@dataclass(frozen=True, slots=True)
class OperationPage:
    """One operation."""

    address: str
    heading: str
    rows: tuple[tuple[str, str], ...]
    case_address: str | None
    inputs: Inputs
    key: str
    faults: Faults


@router.get("/operations")
async def operations(request: Request, call: Reading) -> Response:
    """Those this person is named in."""
    return await _list(request, call, Sent(), NONE)


async def _list(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    found = await queries.operations_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    make = Fields(sent, faults)
    who = make.area("participants", "Who takes part", rows=3, hint="User names, one a line")
    inputs: Inputs = (
        (
            "radios",
            make.radios("kind", "What", [*_KINDS.items()], chosen="joint_visit", inline=True),
        ),
        ("input", make.day("planned_at", "Day")),
        ("input", make.time("planned_at", "Time")),
        ("input", make.text("place", "Where", hint="Sealed")),
        ("textarea", make.area("what", "What is planned", hint="Sealed")),
        ("textarea", who),
    )
    lines = tuple((f"/operations/{one.id}", one.state.capitalize()) for one in found)
    view = OperationsPage(lines, inputs, sent.one("key") or new_key(), faults)
    return form_page(
        request, "operations/list.html", view, title="Operations", call=call, faults=faults
    )


@router.post("/operations")
async def plan_operation(request: Request, form: ActingForm) -> Response:
    """Plan it; from then on only those named know of it."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/operations/{call.stored['operation_id']}")
    answer: Any = await _plan_in(call, sent)
    if isinstance(answer, Plan):
        answer = await casework.plan_operation(call.session, call.actor, answer, now=call.now)
    if isinstance(answer, Operated):
        return see_other(f"/operations/{answer.operation_id}")
    if answer.type == "invalid-input":
        return await _list(request, call, sent, faults_in(answer, _FIELDS))
    return refused(request, answer, call, back="/operations")


_MISSING: Final = {"place": "Say where.", "what": "Say what is planned."}


async def _plan_in(call: Call[Any], sent: Sent) -> Plan | Refusal:
    planned = moment_in(sent, "planned_at", call.actor.time_zone)
    if isinstance(planned, Refusal):
        return planned
    names = sent.one("participants").lower().split()
    known = await queries.memberships_named(call.session, call.actor, names, now=call.now)
    faults = [
        Fault(f"/{name}", "missing", message)
        for name, message in _MISSING.items()
        if not sent.one(name)
    ]
    if planned is None:
        faults.append(Fault("/planned_at", "missing", "Give the day."))
    if unknown := sorted(set(names) - set(known)):
        message = f"Nobody who works on cases here has the user name {', '.join(unknown)}."
        faults.append(Fault("/participants", "unknown", message))
    if faults or planned is None:
        return invalid_input(faults)
    kind = sent.one("kind") if sent.one("kind") in _KINDS else "joint_visit"
    return Plan(kind, planned, sent.one("place"), sent.one("what"), tuple(known.values()))


@router.get("/operations/{operation_id}")
async def operation(request: Request, call: Witnessed, operation_id: UUID) -> Response:
    """What, where, when and who: opened, and the log keeps it."""
    seen = await queries.operation_seen(call.session, call.actor, operation_id, now=call.now)
    return _shown(request, call, seen, Sent(), NONE)


def _shown(
    request: Request, call: Call[Any], seen: OperationSeen | Refusal, sent: Sent, faults: Faults
) -> Response:
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    view = _view(seen, Reader.of(call), sent, faults)
    return form_page(
        request, "operations/operation.html", view, title="Operation", call=call, faults=faults
    )


def _view(seen: OperationSeen, reader: Reader, sent: Sent, faults: Faults) -> OperationPage:
    told, line, make = seen.content, seen.line, Fields(sent, faults)
    rows = [
        ("When", reader.clock.moment(datetime.fromisoformat(told["planned_at"]))),
        ("Where", told["place"]),
        ("What", told["what"]),
        ("Who", "; ".join(told["who"])),
        ("State", line.state.capitalize()),
    ]
    if seen.ending:
        rows.append(("How it ended", seen.ending))
    inputs: Inputs = (
        (
            "input",
            make.text(
                "case_id",
                "The case it ended in",
                hint="As in the case's address; leave empty if it was aborted",
            ),
        ),
        ("textarea", make.area("words", "What was found, or why it was aborted", hint="Sealed")),
    )
    return OperationPage(
        address=f"/operations/{line.id}",
        heading=_KINDS[told["kind"]],
        rows=tuple(rows),
        case_address=f"/cases/{line.case_id}" if line.case_id else None,
        inputs=inputs if line.state == "planned" else (),
        key=sent.one("key") or new_key(),
        faults=faults,
    )


@router.post("/operations/{operation_id}/end")
async def end_operation(request: Request, form: ActingForm, operation_id: UUID) -> Response:
    """In a filing of the unit, or aborted."""
    call, sent, onward = form.call, form.sent, f"/operations/{operation_id}"
    if call.stored is not None:
        return see_other(onward)
    case = id_in(sent.one("case_id"))
    if case is None and sent.one("case_id"):
        answer: Any = invalid_input([Fault("/case_id", "unreadable", "This is no case.")])
    else:
        answer = await casework.end_operation(
            call.session, call.actor, operation_id, sent.one("words"), case_id=case, now=call.now
        )
    if isinstance(answer, Operated):
        return see_other(onward)
    told = "; ".join(fault["message"] for fault in answer.extra.get("errors", ()))
    return (
        error_page(request, answer, call)
        if not told
        else refused(request, answer, call, back=onward)
    )
