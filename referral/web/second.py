"""The second factor, after a right password and before anything is open.

1. Nothing but the cookie of a right password leads here, and it opens nothing by itself.
2. A code is counted as an attempt like a password: guessing six digits ends after eight.
3. What this file must never know: cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse

from referral.audit import Done
from referral.edge.attempts import attempts_of
from referral.entry import csrf_of, installation_of, refuse_cross_site
from referral.session import ReadSession
from referral.web import admission, factors, ways
from referral.web.admission import address_of, local
from referral.web.ceremonies import Purpose, asking, started_in, under_way
from referral.web.factors import Factors
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.forms import prove_token, sent_in
from referral.web.pages import PageRoute, page, see_other
from referral.web.signin import too_many

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WRONG_CODE = "This code is not right, or was used before. Wait for the next one."


@dataclass(frozen=True, slots=True)
class Second:
    """What she may show: a code, a passkey, or either."""

    onward: str
    csrf: str
    code: Params | None
    passkeys: bool
    away: bool  # she has passkeys, but this address can have none
    faults: Faults = NONE


def code_field(faults: Faults = NONE, label: str = "One-time code") -> Params:
    """Six digits of an authenticator app."""
    return Fields(Sent(), faults).text(
        "code",
        label,
        hint="The six digits your authenticator app shows now.",
        classes="govuk-input--width-10",
        inputmode="numeric",
        autocomplete="one-time-code",
    )


@router.get("/sign-in/second")
async def second_page(request: Request) -> Response:
    """What is asked after the password."""
    installation = installation_of(request)
    async with asking(installation) as session:
        member = await _waiting(request, session)
        if member is None:
            return see_other("/sign-in")
        enrolled = await factors.of(session, member)
    return _second(request, enrolled, local(request.query_params.get("next", "/")))


async def _waiting(request: Request, session: ReadSession) -> UUID | None:
    now = installation_of(request).clock()
    return await under_way(session, started_in(request), Purpose.SECOND, now)


def _second(
    request: Request, enrolled: Factors, onward: str, told: str | None = None, status: int = 200
) -> HTMLResponse:
    faults = Faults({"code": told}) if told else NONE
    settings = installation_of(request).settings
    here = ways.site_of(settings, request.headers.get("host", "")) is not None
    view = Second(
        onward,
        csrf_of(started_in(request) or ""),
        code_field(faults) if enrolled.codes_since else None,
        passkeys=here and bool(enrolled.usable),
        away=not here and bool(enrolled.usable),
        faults=faults,
    )
    title = "Error: Second proof" if told else "Second proof"
    return page(request, "signin/second.html", view, title=title, status=status)


@router.post("/sign-in/second")
async def second(request: Request) -> Response:
    """A code that was not used before: in."""
    refuse_cross_site(request)
    installation, sent = installation_of(request), await sent_in(request)
    prove_token(csrf_of(started_in(request) or ""), sent)
    now, onward = installation.clock(), local(sent.one("next") or "/")
    async with asking(installation) as session:
        member = await _waiting(request, session)
        if member is None:
            return see_other("/sign-in")
        enrolled = await factors.of(session, member)
        wait = attempts_of(request).begin(f"codes of {member}", address_of(request), now)
        if wait is not None:
            return _second(request, enrolled, onward, too_many(wait), 429)
        found = None
        if await factors.use_code(session, member, sent.one("code"), now):
            found = await admission.admit(request, session, member, ways.CODE, onward, now)
    if found is not None:
        attempts_of(request).succeed(f"codes of {member}", address_of(request))
        return found
    answer = _second(request, enrolled, onward, _WRONG_CODE, 422)
    answer.background = BackgroundTask(
        admission.log_failure, installation, member, Done.SIGN_IN_FAILED, now
    )
    return answer
