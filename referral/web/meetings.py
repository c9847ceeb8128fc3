"""Meetings: the list, calling one, its agenda, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import casework, queries
from referral.casework import Call as Calling
from referral.casework import Met, Record, Task
from referral.entry import Call, Reading, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import ItemSeen, MeetingLine, MeetingSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, AskingForm, moment_in, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, refused, see_other
from referral.web.together import Inputs, form_page, id_in
from referral.web.wording import Law, state_tag

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KINDS: Final = {"task_force": "Task force", "conference": "Case conference"}
_TASKS: Final = 5  # on one form; the JSON door takes more
_CALLED: Final = {"/body": "body", "/invited": "invited", "/planned_at": "planned_at"}
_DONE: Final = {"called": "The meeting is called.", "held": "What came of it is recorded."}


@dataclass(frozen=True, slots=True)
class MeetingsPage:
    """The list, and the form to call one. Whom to invite is looked up by mandate."""

    lines: tuple[tuple[str, str, str, str], ...]  # address, what, when, who convenes
    inputs: Inputs
    search: Params
    found: Params | None  # who holds the mandate looked for, and who was ticked before
    key: str
    faults: Faults


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """One meeting."""

    address: str
    heading: str
    rows: tuple[tuple[str, str], ...]
    items: tuple[tuple[str, str | None, str], ...]  # words, address if known, since
    late: tuple[tuple[str, str], ...]  # words, since: in the body's own matters, not on the agenda
    units: tuple[tuple[str, str], ...]
    tasks: tuple[tuple[str, str, str], ...]
    inputs: Inputs
    key: str
    done: str
    faults: Faults


@router.get("/meetings")
async def meetings(request: Request, call: Reading) -> Response:
    """Those the unit convenes or is invited to."""
    return await _list(request, call, Sent(), NONE)


async def _list(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    found = await queries.meetings_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    reader, make = Reader.of(call), Fields(sent, faults)
    law = reader.law
    held = await queries.mandates_of(call.session, call.actor, now=call.now)
    bodies = [(one, law.label(one)) for one in held]
    inputs: Inputs = (
        (
            "radios",
            make.radios("kind", "What", [*_KINDS.items()], chosen="task_force", inline=True),
        ),
        ("select", make.choice("body", "It meets as", bodies, empty="No body of its own")),
        ("input", make.day("planned_at", "Day")),
        ("input", make.time("planned_at", "Time")),
    )
    mandates = sorted(
        ((one, law.label(one)) for one in law.country.mandates), key=lambda one: one[1]
    )
    hint = "Choose a mandate and look; who was ticked stays"
    view = MeetingsPage(
        lines=tuple(_line(one, reader) for one in found),
        inputs=inputs,
        search=make.choice("mandate", "Whom to invite", mandates, empty="–", hint=hint),
        found=await _found(call, sent, make),
        key=sent.one("key") or new_key(),
        faults=faults,
    )
    return form_page(
        request, "meetings/list.html", view, title="Meetings", call=call, faults=faults
    )


async def _found(call: Call[Any], sent: Sent, make: Fields) -> Params | None:
    """Boxes for who holds the mandate looked for, and for who was ticked before."""
    chosen, mandate = _ids(sent, "invited"), sent.one("mandate")
    if not (chosen or mandate):
        return None
    units = await queries.units_in(
        call.session, call.actor, serving=mandate, chosen=chosen, now=call.now
    )
    if not units:
        return {}
    return make.boxes("invited", "Invited", [(str(unit), name) for unit, name in units])


@router.post("/meetings/draft")
async def look_up(request: Request, form: AskingForm) -> Response:
    """The same form with those who hold a mandate; nothing is called."""
    return await _list(request, form.call, form.sent, NONE)


def _line(one: MeetingLine, reader: Reader) -> tuple[str, str, str, str]:
    body = f", {reader.law.label(one.body)}" if one.body else ""
    when = reader.clock.moment(one.held_at or one.planned_at)
    state = "held" if one.held_at else "planned"
    return (
        f"/meetings/{one.id}",
        f"{_KINDS[one.kind]}{body}",
        f"{when} ({state})",
        one.convenor or "–",
    )


@router.post("/meetings")
async def call_meeting(request: Request, form: ActingForm) -> Response:
    """Call it; what was escalated to the unit is on its agenda."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/meetings/{call.stored['meeting_id']}?done=called")
    planned = moment_in(sent, "planned_at", call.actor.time_zone)
    answer: Any = planned or invalid_input([Fault("/planned_at", "missing", "Give the day.")])
    if isinstance(planned, datetime):
        kind = sent.one("kind") if sent.one("kind") in _KINDS else "task_force"
        wanted = Calling(kind, planned, sent.one("body") or None, _ids(sent, "invited"))
        answer = await casework.call_meeting(call.session, call.actor, wanted, now=call.now)
    if isinstance(answer, Met):
        return see_other(f"/meetings/{answer.meeting_id}?done=called")
    if answer.type == "invalid-input":
        return await _list(request, call, sent, faults_in(answer, _CALLED))
    return refused(request, answer, call, back="/meetings")


@router.get("/meetings/{meeting_id}")
async def meeting(request: Request, call: Witnessed, meeting_id: UUID) -> Response:
    """Its agenda, who came, which tasks were given."""
    return await _meeting(request, call, meeting_id, Sent(), NONE)


async def _meeting(
    request: Request, call: Call[Any], meeting_id: UUID, sent: Sent, faults: Faults
) -> Response:
    seen = await queries.meeting_seen(call.session, call.actor, meeting_id, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    done = _DONE.get(request.query_params.get("done", ""), "")
    view = _view(seen, Reader.of(call), sent, faults, done)
    return form_page(
        request, "meetings/meeting.html", view, title="Meeting", call=call, faults=faults
    )


def _view(seen: MeetingSeen, reader: Reader, sent: Sent, faults: Faults, done: str) -> MeetingPage:
    address, what, when, convenor = _line(seen.line, reader)
    clock, law = reader.clock, reader.law
    items = tuple(
        (
            _item(one, law),
            f"/hand-offs/{one.hand_off_id}" if one.known and one.hand_off_id else None,
            f"escalated {clock.moment(one.since)}" if one.since else "",
        )
        for one in seen.items
    )
    return MeetingPage(
        address=address,
        heading=what,
        rows=(("When", when), ("Convened by", convenor)),
        items=items,
        late=tuple(
            (
                f"{one.reference}, {law.step_title(one, one.step)} ({law.label(one.mandate)})",
                f"{state_tag(one.state).text}, late or left lying since {clock.moment(one.since)}",
            )
            for one in seen.late
        ),
        units=tuple((one.name, one.attendance.capitalize()) for one in seen.units),
        tasks=tuple((one.what, one.owner, one.due_on.isoformat()) for one in seen.tasks),
        inputs=_inputs(seen, reader, sent, faults),
        key=sent.one("key") or new_key(),
        done=done,
        faults=faults,
    )


def _item(one: ItemSeen, law: Law) -> str:
    if one.step is None:
        return f"{one.reference}, a limit of the referral itself"
    return f"{one.reference}, {one.step} ({law.label(one.mandate or '')})"


def _inputs(seen: MeetingSeen, reader: Reader, sent: Sent, faults: Faults) -> Inputs:
    """The form of the record, for who convened it and as long as there is none."""
    if not seen.line.mine or seen.line.held_at is not None:
        return ()
    make = Fields(sent, faults)
    came = [(str(one.unit_id), one.name) for one in seen.units]
    owners = [(str(reader.actor.unit_id), "Our own unit"), *came]
    about = [(str(one.id), _item(one, reader.law)) for one in seen.items]
    found: list[tuple[str, Params]] = [
        ("input", make.day("held_at", "Day it was held")),
        ("input", make.time("held_at", "Time")),
        ("checkboxes", make.boxes("present", "Who came", came)),
    ]
    for number in range(_TASKS):
        found += [
            ("textarea", make.area(f"what-{number}", f"Task {number + 1}", hint="Sealed", rows=2)),
            ("select", make.choice(f"owner-{number}", "Who does it", owners, empty="–")),
            ("input", make.day(f"due-{number}", "Until")),
            ("select", make.choice(f"item-{number}", "About", about, empty="In general")),
        ]
    return tuple(found)


@router.post("/meetings/{meeting_id}/record")
async def hold_meeting(request: Request, form: ActingForm, meeting_id: UUID) -> Response:
    """Who came, and what was decided."""
    call, sent, onward = form.call, form.sent, f"/meetings/{meeting_id}?done=held"
    if call.stored is not None:
        return see_other(onward)
    answer: Any = _record_in(sent, call.actor.time_zone)
    if isinstance(answer, Record):
        answer = await casework.hold_meeting(
            call.session, call.actor, meeting_id, answer, now=call.now
        )
    if isinstance(answer, Met):
        return see_other(onward)
    if answer.type == "invalid-input":
        fields = {"/held_at": "held_at", "/present": "present"}
        for number in range(_TASKS):
            fields |= {
                f"/tasks/{number}/{name}": f"{name}-{number}" for name in ("what", "owner", "due")
            }
        return await _meeting(request, call, meeting_id, sent, faults_in(answer, fields))
    return refused(request, answer, call, back=f"/meetings/{meeting_id}")


def _record_in(sent: Sent, zone: str) -> Record | Refusal:
    held = moment_in(sent, "held_at", zone)
    faults = [] if held else [Fault("/held_at", "missing", "Give the day it was held.")]
    tasks = []
    for number in range(_TASKS):
        what, owner, item = (sent.one(f"{name}-{number}") for name in ("what", "owner", "item"))
        if not what:
            continue
        due = _day(sent.one(f"due-{number}"))
        if due is None:
            faults.append(Fault(f"/tasks/{number}/due", "missing", "Give the day it is due."))
        elif (who := id_in(owner)) is None:
            faults.append(Fault(f"/tasks/{number}/owner", "missing", "Choose who does it."))
        else:
            tasks.append(Task(who, due, what, id_in(item)))
    if isinstance(held, Refusal):
        return held
    if faults or held is None:
        return invalid_input(faults)
    return Record(held, _ids(sent, "present"), tuple(tasks))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _ids(sent: Sent, name: str) -> tuple[UUID, ...]:
    return tuple(found for one in sent.many(name) if (found := id_in(one)) is not None)
