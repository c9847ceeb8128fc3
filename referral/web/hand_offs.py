"""The inbox, one hand-off, and the acts on it.

A form is read, the verb is called, the answer becomes a page; rules live in the rooms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from protocols.lifecycle import Act
from referral import casework, queries
from referral.casework import Acted, Said
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal, invalid_input, not_found
from referral.web.act_forms import ADDRESSES, ATTESTABLE, CHOOSE, POINTERS, UNTRIED, Tried
from referral.web.fields import Fields, Params, Sent, faults_in
from referral.web.forms import Acting, ActingForm, moment_in
from referral.web.hand_off_page import hand_off_view
from referral.web.lines import Line, OwnLine, Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other
from referral.web.places import places_of
from referral.web.wording import STATES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ACTS: Final = {address: act for act, address in ADDRESSES.items()}
# After these the unit may have no more part in it: back to the inbox, with what was done on top.
_LAST: Final = frozenset({"decline", "completion", "failure", "cancellation"})
DONE: Final = {
    "acknowledgement": "Acknowledged: the sender sees that you have received it.",
    "acceptance": "Accepted: your unit is responsible now. Its receipt is ready within a minute.",
    "decline": "Declined: it goes on where the protocol says.",
    "start": "Work has begun.",
    "hold": "Put on hold.",
    "resumption": "Work goes on.",
    "completion": "Completed: the sender sees the outcome and your note.",
    "failure": "Recorded: the protocol's next step was opened.",
    "cancellation": "Cancelled.",
    "first-contact": "First contact recorded.",
    "attestation": "The answer was recorded; it stays marked until the receiver confirms it.",
    "attestation-confirmation": "Confirmed.",
    "cancellation-request": "The receiver was asked to cancel.",
    "docket": "The number was saved.",
}


@dataclass(frozen=True, slots=True)
class Inbox:
    """The list page."""

    box: str
    heading: str
    lines: tuple[Line, ...]
    own: tuple[OwnLine, ...]  # limits that hang on no hand-off; on the first page alone
    filters: tuple[tuple[str, Params], ...]
    onward: str | None
    first: str | None
    done: str


@router.get("/hand-offs")
async def inbox(
    request: Request,
    call: Reading,
    box: str = "in",
    state: str = "",
    overdue: str = "",
    after: str | None = None,
    done: str = "",
) -> Response:
    """What was sent to the unit, or by it."""
    box = "out" if box == "out" else "in"
    wanted = state if state in STATES else None
    answer = await queries.inbox_of(
        call.session,
        call.actor,
        box=box,
        state=wanted,
        overdue=True if overdue else None,
        after=after,
        together=True,
        now=call.now,
    )
    if isinstance(answer, Refusal):
        return error_page(request, answer, call)
    chosen = {"box": box, "state": wanted or "", "overdue": "1" if overdue else ""}
    reader = Reader.of(call)
    view = Inbox(
        box=box,
        heading="Inbox" if box == "in" else "Sent referrals",
        lines=tuple(reader.line(one) for one in answer.lines),
        own=await _own(call, reader) if box == "in" and not (after or wanted) else (),
        filters=_filters(chosen),
        onward=f"/hand-offs?{urlencode({**chosen, 'after': answer.after})}"
        if answer.after
        else None,
        first=f"/hand-offs?{urlencode(chosen)}" if after else None,
        done=DONE.get(done, ""),
    )
    return page(request, "hand_offs/inbox.html", view, title=view.heading, call=call)


async def _own(call: Call[Any], reader: Reader) -> tuple[OwnLine, ...]:
    found = await queries.own_limits_of(call.session, call.actor, now=call.now)
    return () if isinstance(found, Refusal) else tuple(reader.own(one) for one in found)


def _filters(chosen: dict[str, str]) -> tuple[tuple[str, Params], ...]:
    make = Fields(Sent({name: (value,) for name, value in chosen.items()}))
    shown = [
        (code, words)
        for code, (words, _) in STATES.items()
        if code not in {"draft", "entered-in-error"}
    ]
    empty = "All open" if chosen["box"] == "in" else "All"
    return (
        ("select", make.choice("state", "State", shown, empty=empty)),
        ("select", make.choice("overdue", "Limit", [("1", "Only overdue")], empty="Any")),
    )


@router.get("/hand-offs/{hand_off_id}")
async def hand_off(request: Request, call: Reading, hand_off_id: UUID) -> Response:
    """One hand-off: what is asked, why, by when, what may be known, what can be done."""
    return await _hand_off(request, call, hand_off_id)


async def _hand_off(
    request: Request, call: Call[Any], hand_off_id: UUID, tried: Tried = UNTRIED
) -> Response:
    seen = await queries.hand_off_seen(call.session, call.actor, hand_off_id, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    places = await places_of(call)
    done = DONE.get(request.query_params.get("done", ""), "")
    untold = await queries.unreached_of(call.session, hand_off_id)
    view = hand_off_view(seen, Reader.of(call), places, tried, done, untold)
    title = "Error: Hand-off" if tried.faults else "Hand-off"
    status = 422 if tried.faults else 200
    return page(request, "hand_offs/hand_off.html", view, title=title, call=call, status=status)


@router.post("/hand-offs/{hand_off_id}/attestation")
async def attest(request: Request, form: ActingForm, hand_off_id: UUID) -> Response:
    """An answer by telephone or paper, recorded by the sender's unit."""
    told = form.sent.one("attestation-act")
    act = next((one for one in ATTESTABLE if one.value == told), None)
    if act is None:
        missing = invalid_input([Fault("/act", "missing", "Choose what they answered.")])
        return await _shown(request, form, hand_off_id, "attestation", missing)
    said = said_in(form, "attestation")
    if isinstance(said, Refusal):
        return await _shown(request, form, hand_off_id, "attestation", said)
    if said.reason_code is None and said.note is None:
        said = replace(said, reason="Answered by telephone or paper")
    if form.call.stored is not None:
        return _onward(hand_off_id, "attestation")
    session, actor, now = form.call.session, form.call.actor, form.call.now
    answer = await casework.attest(session, actor, hand_off_id, act, said, now=now)
    return await _shown(request, form, hand_off_id, "attestation", answer)


@router.post("/hand-offs/{hand_off_id}/docket")
async def set_docket(request: Request, form: ActingForm, hand_off_id: UUID) -> Response:
    """The own agency's file number."""
    if form.call.stored is not None:
        return _onward(hand_off_id, "docket")
    session, actor, now = form.call.session, form.call.actor, form.call.now
    number = form.sent.one("docket-number")
    answer = await casework.set_docket(session, actor, hand_off_id, number, now=now)
    return await _shown(request, form, hand_off_id, "docket", answer)


_BESIDE: Final = {
    "first-contact": casework.record_first_contact,
    "cancellation-request": casework.ask_cancellation,
    "attestation-confirmation": casework.confirm_attestation,
}
_VERBS: Final = {
    Act.ACKNOWLEDGE: casework.acknowledge,
    Act.ACCEPT: casework.accept,
    Act.DECLINE: casework.decline,
    Act.START: casework.start,
    Act.HOLD: casework.hold,
    Act.RESUME: casework.resume,
    Act.COMPLETE: casework.complete,
    Act.FAIL: casework.fail,
    Act.CANCEL: casework.cancel,
}


@router.post("/hand-offs/{hand_off_id}/{name}")
async def act(request: Request, form: ActingForm, hand_off_id: UUID, name: str) -> Response:
    """Any act that is a button or a small form."""
    known = _ACTS.get(name)
    verb = _VERBS[known] if known else _BESIDE.get(name)
    if verb is None:
        return error_page(request, not_found(), form.call)
    if form.call.stored is not None:
        return _onward(hand_off_id, name)
    said = said_in(form, name)
    if isinstance(said, Refusal):
        return await _shown(request, form, hand_off_id, name, said)
    session, actor, now = form.call.session, form.call.actor, form.call.now
    answer = await verb(session, actor, hand_off_id, said, now=now)
    return await _shown(request, form, hand_off_id, name, answer)


def said_in(form: Acting, name: str) -> Said | Refusal:
    """What came with an act, from the fields of its form."""
    sent, zone = form.sent, form.call.actor.time_zone
    happened = moment_in(sent, f"{name}-occurred_at", zone)
    review = moment_in(sent, f"{name}-review_at", zone)
    for moment, place in ((happened, "/occurred_at"), (review, "/review_at")):
        if isinstance(moment, Refusal):
            told = moment.extra["errors"][0]["message"]
            return invalid_input([Fault(place, "unreadable", told)])

    def words(field: str) -> str | None:
        return sent.one(f"{name}-{field}") or None

    version = sent.one("version")
    return Said(
        reason_code=words("reason_code"),
        outcome=words("outcome"),
        note=words("note"),
        reason=words("reason"),
        occurred_at=happened if isinstance(happened, datetime) else None,
        review_at=review if isinstance(review, datetime) else None,
        version=int(version) if version.isdecimal() and len(version) < 10 else None,  # noqa: PLR2004
        attested_by=words("attested_by"),
        attested_on=words("attested_on"),
    )


async def _shown(
    request: Request, form: Acting, hand_off_id: UUID, name: str, answer: Acted | Refusal
) -> Response:
    """Done: go and look. What can be put right: the same page with the form open."""
    if isinstance(answer, Acted):
        return _onward(hand_off_id, name)
    if answer.type == "invalid-input":
        tried = Tried(name, form.sent, faults_in(answer, POINTERS, f"{name}-", CHOOSE))
        return await _hand_off(request, form.call, hand_off_id, tried)
    return refused(request, answer, form.call, back=f"/hand-offs/{hand_off_id}")


def _onward(hand_off_id: UUID, name: str) -> Response:
    place = "/hand-offs" if name in _LAST else f"/hand-offs/{hand_off_id}"
    return see_other(f"{place}?done={name}")
