"""A new start, begun by whom it was given to.

1. The secret is used up when it is right; it is in no address and no log.
2. Whether there is such an account shows neither in the answer nor otherwise.
3. What this file must never know: cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from agencies.identity import digest_of
from referral.database import scalar
from referral.edge.attempts import attempts_of
from referral.entry import installation_of, refuse_cross_site
from referral.web import admission, ways
from referral.web.admission import address_of
from referral.web.ceremonies import asking
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.forms import sent_in
from referral.web.pages import PageRoute, page
from referral.web.signin import too_many

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WRONG: Final = "The user name or the secret is not right, or the secret was used or has run out."


@dataclass(frozen=True, slots=True)
class Given:
    """The page for whoever was given a secret."""

    fields: list[Params]
    faults: Faults = NONE


@router.get("/sign-in/given")
async def given_page(request: Request) -> Response:
    """User name and secret."""
    return _given(request, Sent())


def _given(
    request: Request, sent: Sent, told: str | None = None, status: int = 200
) -> HTMLResponse:
    faults = Faults({"user_name": told}) if told else NONE
    make = Fields(sent, faults)
    fields = [
        make.text("user_name", "User name", autocomplete="username", spellcheck=False),
        Fields(Sent()).text("secret", "The secret you were given", autocomplete="off"),
    ]
    title = "Error: A new start" if told else "A new start"
    return page(request, "signin/given.html", Given(fields, faults), title=title, status=status)


@router.post("/sign-in/given")
async def begin_anew(request: Request) -> Response:
    """The secret is used up; on to enrolling."""
    refuse_cross_site(request)
    installation, sent = installation_of(request), await sent_in(request)
    user_name, now = sent.one("user_name").lower(), installation.clock()
    wait = attempts_of(request).begin(user_name, address_of(request), now)
    if wait is not None:
        return _given(request, sent, too_many(wait), 429)
    async with asking(installation) as session:
        member: UUID | None = await scalar(
            session.connection,
            "SELECT agencies.use_enrolment($1, $2, $3)",
            *(user_name, digest_of(sent.one("secret").lower()), now),
        )
        found = None
        if member is not None:
            found = await admission.admit(request, session, member, ways.ENROLMENT, "/", now)
    return found or _given(request, sent, _WRONG, 422)
