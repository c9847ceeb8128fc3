"""A fresh proof in the middle of the work: by password, by password and code, or by passkey.

1. Whoever has a second factor shows it here too; a password alone is then no proof.
2. Every proof gives the session a new id; the old one is dead.
3. What this file must never know: cases, what the proof is needed for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from agencies.identity import verify_password
from referral.audit import Done
from referral.audit.streams import log_own
from referral.edge.attempts import attempts_of
from referral.entry import Call, Reading
from referral.web import credentials, factors, ways
from referral.web.admission import address_of, local, signed_in
from referral.web.factors import Factors
from referral.web.fields import NONE, Faults, Params
from referral.web.forms import ChangingForm
from referral.web.pages import PageRoute, page, see_other
from referral.web.second import code_field
from referral.web.signin import password_field, too_many
from referral.web.ways import Way

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WRONG = "The password is not right."
_WRONG_EITHER = "The password or the code is not right, or the code was used before."
REFUSED = {
    "wrong": "This passkey was not accepted. Try again.",
    "blocked": "There is a second copy of this passkey somewhere: it is out of use from now on. "
    "Tell your supervisor today.",
}
_BY_PASSKEY = "You sign in with a passkey: show it here."


@dataclass(frozen=True, slots=True)
class StepUp:
    """The page that asks once more."""

    onward: str
    user_name: str  # for the browser's password store
    fields: list[Params]
    passkeys: bool
    faults: Faults = NONE


@router.get("/step-up")
async def step_up_page(request: Request, call: Reading) -> Response:
    """Once more, then back to where she was."""
    enrolled = await factors.of(call.session, call.actor.member_id)
    name = await credentials.user_name_of(call.session, call.actor.member_id)
    told = REFUSED.get(request.query_params.get("refused", ""))
    onward = local(request.query_params.get("next", "/"))
    return _step_up(request, call, enrolled, name, onward, told)


def _step_up(
    request: Request,
    call: Call[Any],
    enrolled: Factors,
    name: str,
    onward: str,
    told: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    faults = Faults({"password": told}) if told else NONE
    site = ways.site_of(call.installation.settings, request.headers.get("host", ""))
    fields = []
    if enrolled.password and (enrolled.codes_since or not enrolled.second):
        fields.append(password_field("Your password", "current-password", faults=faults))
    if enrolled.codes_since and fields:
        fields.append(code_field())
    passkeys = site is not None and bool(enrolled.usable)
    view = StepUp(onward, name, fields, passkeys, faults)
    title = "Error: Show again that it is you" if told else "Show again that it is you"
    return page(request, "signin/step_up.html", view, title=title, call=call, status=status)


@router.post("/step-up")
async def step_up(request: Request, form: ChangingForm) -> Response:
    """Right: a new session id. Wrong: the same page, and an entry in the log."""
    call, onward = form.call, local(form.sent.one("next") or "/")
    enrolled = await factors.of(call.session, call.actor.member_id)
    name = await credentials.user_name_of(call.session, call.actor.member_id)
    wait = attempts_of(request).begin(name, address_of(request), call.now)
    if wait is not None:
        return _step_up(request, call, enrolled, name, onward, too_many(wait), 429)
    if enrolled.second and not enrolled.codes_since:
        return _step_up(request, call, enrolled, name, onward, _BY_PASSKEY, 422)
    material = await credentials.material_of(call.session, name)
    async with attempts_of(request).turns:
        right = await asyncio.to_thread(verify_password, material.stored, form.sent.one("password"))
    if enrolled.codes_since and right:
        member, code = call.actor.member_id, form.sent.one("code")
        right = await factors.use_code(call.session, member, code, call.now)
    if not right:
        await log_own(call.session, call.actor, Done.SIGN_IN_FAILED, now=call.now)
        told = _WRONG_EITHER if enrolled.codes_since else _WRONG
        return _step_up(request, call, enrolled, name, onward, told, 422)
    attempts_of(request).succeed(name, address_of(request))
    return await renewed(call, ways.CODE if enrolled.codes_since else ways.PASSWORD, onward)


async def renewed(call: Call[Any], way: Way, onward: str) -> Response:
    """The session under a new id, proved just now; onward."""
    secret = await credentials.renew_session(call.session, call.secret, call.now, proof=way.name)
    if secret is None:
        return see_other("/sign-in")
    await log_own(call.session, call.actor, Done.STEPPED_UP, now=call.now, way=way.name)
    return signed_in(call.installation, secret, onward)
