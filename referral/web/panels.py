"""A panel's decision, recorded by the unit that convenes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from protocols.law import Step
from referral import casework, queries
from referral.casework import Acted, Said
from referral.entry import Call, Reading
from referral.errors import Refusal, not_found
from referral.queries import CaseSeen, ReferralSeen
from referral.web.fields import NONE, Faults, Sent, faults_in
from referral.web.forms import ActingForm
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, refused, see_other
from referral.web.panel_page import hand_off_of, panel_steps, panel_view, pointers_of, sitting_in
from referral.web.together import form_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_ADDRESS = "/cases/{case_id}/referrals/{referral_id}/panels/{step}"


@router.get(_ADDRESS)
async def panel(
    request: Request, call: Reading, case_id: UUID, referral_id: UUID, step: str
) -> Response:
    """The form: who sits, what the law asks for."""
    found = await _found(call, case_id, referral_id, step)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    return _shown(request, call, found, Sent(), NONE)


@router.post(_ADDRESS)
async def decide_panel(
    request: Request, form: ActingForm, case_id: UUID, referral_id: UUID, step: str
) -> Response:
    """Record it; what follows is opened."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(_onward(Acted.again(call.stored)))
    found = await _found(call, case_id, referral_id, step)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    answer: Any = sitting_in(found[2], sent, call.actor.time_zone)
    if not isinstance(answer, Refusal):
        answer = await casework.decide_panel(
            call.session,
            call.actor,
            referral_id,
            answer,
            Said(reason=sent.one("reason") or None, note=sent.one("note") or None),
            hand_off_id=hand_off_of(found[0], found[1], step, Reader.of(call)),
            now=call.now,
        )
    if isinstance(answer, Acted):
        return see_other(_onward(answer))
    if answer.type == "invalid-input":
        return _shown(request, call, found, sent, faults_in(answer, pointers_of(found[2])))
    if answer.extra.get("rule") in {"quorum", "panel", "known event"}:
        return _shown(request, call, found, sent, Faults(others=(answer.detail,)))
    return refused(request, answer, call, back=f"/cases/{case_id}")


def _onward(done: Acted) -> str:
    """To the hand-off that ended with it: whose task it was may see the case no more."""
    if done.hand_off_id is not None:
        return f"/hand-offs/{done.hand_off_id}?done=completion"
    return f"/cases/{done.case_id}?done=panels"


async def _found(
    call: Call[Any], case_id: UUID, referral_id: UUID, step: str
) -> tuple[CaseSeen, ReferralSeen, Step] | Refusal:
    seen = await queries.case_seen(call.session, call.actor, case_id, now=call.now)
    if isinstance(seen, Refusal):
        return seen
    one = next((referral for referral in seen.referrals if referral.id == referral_id), None)
    steps = panel_steps(seen, one, Reader.of(call)) if one else {}
    return (seen, one, steps[step]) if one and step in steps else not_found()


def _shown(
    request: Request,
    call: Call[Any],
    found: tuple[CaseSeen, ReferralSeen, Step],
    sent: Sent,
    faults: Faults,
) -> Response:
    view = panel_view(*found, Reader.of(call), sent, faults)
    return form_page(
        request, "cases/panel.html", view, title="Decision of a panel", call=call, faults=faults
    )
