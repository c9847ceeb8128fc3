"""A batch: what was asked of one unit for several persons, answered at once or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from protocols.lifecycle import Act
from referral import casework, queries
from referral.entry import Call, Reading
from referral.errors import Refusal, not_found
from referral.queries import HandOffLine, HandOffSeen
from referral.web.act_forms import ADDRESSES, CHOOSE, POINTERS, UNTRIED, ActForm, Tried, act_forms
from referral.web.fields import Faults, faults_in
from referral.web.forms import Acting, ActingForm, new_key
from referral.web.hand_offs import DONE, said_in
from referral.web.lines import Line, Reader
from referral.web.pages import PageRoute, error_page, refused, see_other
from referral.web.together import form_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_OFFERED: Final = (Act.ACKNOWLEDGE, Act.ACCEPT, Act.DECLINE)
_ACTS: Final = {ADDRESSES[act]: act for act in _OFFERED}


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One step asked of one unit for several persons."""

    address: str
    box: str  # in which list of the reader's it stands
    reference: str
    heading: str
    count: str
    lines: tuple[Line, ...]
    forms: tuple[ActForm, ...]
    key: str
    version: str
    done: str
    faults: Faults


@router.get("/hand-offs/batches/{batch}")
async def batch(request: Request, call: Reading, batch: UUID) -> Response:
    """Everybody of the batch, and what can be done for all who wait."""
    return await _batch(request, call, batch)


async def _batch(
    request: Request, call: Call[Any], batch: UUID, tried: Tried = UNTRIED
) -> Response:
    lines = await queries.batch_of(call.session, call.actor, batch)
    if isinstance(lines, Refusal):
        return error_page(request, lines, call)
    waiting = next((one for one in lines if one.state in {"requested", "received"}), None)
    seen = (
        await queries.hand_off_seen(call.session, call.actor, waiting.id, now=call.now)
        if waiting
        else None
    )
    offered = seen if isinstance(seen, HandOffSeen) else None
    done = DONE.get(request.query_params.get("done", ""), "")
    view = _view(batch, lines, offered, Reader.of(call), tried, done)
    return form_page(
        request, "hand_offs/batch.html", view, title="Batch", call=call, faults=tried.faults
    )


def _view(
    batch: UUID,
    lines: Sequence[HandOffLine],
    seen: HandOffSeen | None,
    reader: Reader,
    tried: Tried,
    done: str,
) -> BatchPage:
    first = lines[0]
    protocol = reader.law.protocol(first)
    found = act_forms(seen, reader.actor, reader.law, protocol, tried) if seen else ()
    persons = sum(line.headcount for line in lines)
    return BatchPage(
        address=f"/hand-offs/batches/{batch}",
        box=reader.box_of(first),
        reference=first.reference,
        heading=reader.law.step_title(first, first.step),
        count=f"{persons} persons",
        lines=tuple(reader.line(one) for one in lines),
        forms=tuple(form for form in found if form.address in _ACTS),
        key=tried.sent.one("key") or new_key(),
        version="",
        done=done,
        faults=tried.faults,
    )


@router.post("/hand-offs/batches/{batch}/{name}")
async def act(request: Request, form: ActingForm, batch: UUID, name: str) -> Response:
    """For everybody who waits: all of them, or nobody."""
    wanted = _ACTS.get(name)
    if wanted is None:
        return error_page(request, not_found(), form.call)
    onward = f"/hand-offs?done={name}" if wanted is Act.DECLINE else f"{_page(batch)}?done={name}"
    if form.call.stored is not None:
        return see_other(onward)
    answer: Any = said_in(form, name)
    if not isinstance(answer, Refusal):
        session, actor, now = form.call.session, form.call.actor, form.call.now
        answer = await casework.act_on_batch(session, actor, batch, wanted, answer, now=now)
    if isinstance(answer, Refusal):
        return await _again(request, form, batch, name, answer)
    return see_other(onward)


async def _again(
    request: Request, form: Acting, batch: UUID, name: str, refusal: Refusal
) -> Response:
    """What can be put right: the same page with the form open."""
    if refusal.type != "invalid-input":
        return refused(request, refusal, form.call, back=_page(batch))
    tried = Tried(name, form.sent, faults_in(refusal, POINTERS, f"{name}-", CHOOSE))
    return await _batch(request, form.call, batch, tried)


def _page(batch: UUID) -> str:
    return f"/hand-offs/batches/{batch}"
