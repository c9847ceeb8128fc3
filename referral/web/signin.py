"""Signing in and out, and choosing a seat.

1. Whether an account exists shows neither in the answer nor in the time it takes.
2. A password alone is the first of two proofs, wherever there is a second one to ask for.
3. What this file must never know: cases, how a second factor works.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse

from agencies.identity import verify_password
from referral import access
from referral.audit import Done
from referral.audit.streams import log_own
from referral.edge.attempts import attempts_of
from referral.entry import Call, Reading, Writing, installation_of, refuse_cross_site
from referral.web import admission, credentials, ways
from referral.web.admission import address_of, local, signed_in
from referral.web.ceremonies import asking
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.forms import ChangingForm, sent_in
from referral.web.navigation import home_of
from referral.web.pages import PageRoute, page, see_other
from referral.web.wording import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ELSEWHERE: Final = "https://www.wikipedia.org/"
_FORGET: Final = '"cache", "cookies", "storage"'
_FORGET_BUT_THE_DEVICE: Final = '"cache", "storage"'  # a registered one is registered tomorrow too
_WRONG: Final = "The user name or the password is not right."
_UNSENT: Final = (
    "You are no longer signed in, so what you sent was not accepted. Nothing was changed. Sign in "
    "and send it again. If you cannot, ask your agency’s administrator whether your role has ended."
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in page: its parts are those of the ways that are offered here."""

    onward: str
    fields: list[Params]
    parts: list[str]
    passkeys: bool
    faults: Faults = NONE
    unsent: str | None = None  # a form came from a session that is over


@dataclass(frozen=True, slots=True)
class Seats:
    """The memberships to choose from."""

    choice: Params
    onward: str
    faults: Faults = NONE


@router.get("/")
async def home(call: Reading) -> Response:
    """Where this role begins its day."""
    return see_other(home_of(call.actor.role))


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The form; ``next`` is where she wanted to go."""
    return sign_in_form(request, Sent(), local(request.query_params.get("next", "/")))


def sign_in_form(
    request: Request, sent: Sent, onward: str, told: str | None = None, status: int = 200
) -> HTMLResponse:
    """The sign-in page, with what is wrong with what was typed."""
    faults = Faults({"user_name": told}) if told else NONE
    make, settings = Fields(sent, faults), installation_of(request).settings
    fields = [
        make.text("user_name", "User name", autocomplete="username", spellcheck=False),
        password_field("Password", "current-password"),
    ]
    site = ways.site_of(settings, request.headers.get("host", ""))
    unsent = _UNSENT if "unsent" in request.query_params else None
    view = SignIn(onward, fields, ways.parts(settings), site is not None, faults, unsent)
    title = "Error: Sign in" if told else "Sign in"
    return page(request, "signin/sign_in.html", view, title=title, status=status)


def password_field(
    label: str, autocomplete: str, name: str = "password", faults: Faults = NONE
) -> Params:
    """A password: what was typed is never sent back."""
    empty = Fields(Sent(), faults)
    return empty.text(name, label, type="password", autocomplete=autocomplete)


def too_many(wait: timedelta) -> str:
    """What somebody is told who has tried too often."""
    minutes = max(1, round(wait.total_seconds() / 60))
    return f"Too many attempts. Wait {minutes} minutes, or ask your agency's administrator."


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Right: in, or on to the second factor. Wrong: the same page, whoever it was."""
    refuse_cross_site(request)
    installation, sent = installation_of(request), await sent_in(request)
    user_name, onward = sent.one("user_name").lower(), local(sent.one("next") or "/")
    now, attempts = installation.clock(), attempts_of(request)
    wait = attempts.begin(user_name, address_of(request), now)
    if wait is not None:
        answer: Response = sign_in_form(request, sent, onward, too_many(wait), 429)
        answer.headers["Retry-After"] = str(max(60, round(wait.total_seconds())))
        return answer
    async with asking(installation) as session:
        material = await credentials.material_of(session, user_name)
    async with attempts.turns:
        right = await asyncio.to_thread(verify_password, material.stored, sent.one("password"))
    if right and material.member_id is not None:
        async with asking(installation) as session:
            found = await admission.admit(
                request, session, material.member_id, ways.PASSWORD, onward, now
            )
        if found is not None:
            attempts.succeed(user_name, address_of(request))
            return found
    answer = sign_in_form(request, sent, onward, _WRONG, 422)
    if material.member_id is not None:
        answer.background = BackgroundTask(
            admission.log_failure, installation, material.member_id, Done.SIGN_IN_FAILED, now
        )
    return answer


@router.get("/membership")
async def membership_page(request: Request, call: Reading) -> Response:
    """In which of her seats she wants to work."""
    onward = local(request.query_params.get("next", "/"))
    return await _membership(request, call, onward)


async def _membership(
    request: Request, call: Call[Any], onward: str, told: str | None = None
) -> Response:
    seats = await credentials.seats_of(call.session, call.actor.member_id, call.now)
    faults = Faults({"membership": told}) if told else NONE
    options = [(str(s.id), f"{s.agency}, {s.unit}: {ROLES.get(s.role, s.role)}") for s in seats]
    choice = Fields(Sent(), faults).radios(
        "membership", "In which seat are you working now?", options, chosen=str(call.actor.id)
    )
    view = Seats(choice, onward, faults)
    status = 422 if told else 200
    return page(
        request, "signin/membership.html", view, title="Choose your seat", call=call, status=status
    )


@router.post("/membership")
async def choose_membership(request: Request, form: ChangingForm) -> Response:
    """Another seat: a new session that keeps the moment of the proof, the old one is dead."""
    call, onward = form.call, local(form.sent.one("next") or "/")
    if not access.stepped_up(call.actor, call.now):
        return see_other("/step-up?next=/membership")
    seats = await credentials.seats_of(call.session, call.actor.member_id, call.now)
    chosen = next((seat for seat in seats if str(seat.id) == form.sent.one("membership")), None)
    if chosen is None:
        return await _membership(request, call, onward, "Choose one of your seats.")
    secret = await credentials.change_seat(call.session, call.secret, chosen.id, call.now)
    actor = await credentials.become(call.session, secret, call.now) if secret else None
    if secret is None or actor is None:
        return await _membership(request, call, onward, "This seat is no longer in force.")
    await log_own(call.session, actor, Done.SIGNED_IN, now=call.now)
    return signed_in(call.installation, secret, onward)


@router.post("/sign-out")
async def sign_out(request: Request, form: ChangingForm) -> Response:
    """The session is dead, and the browser is told to forget everything."""
    await _end(form.call)
    return _left(request, see_other("/sign-in"), form.call)


@router.post("/quick-exit")
async def quick_exit(request: Request, call: Writing) -> Response:
    """Away from here at once. Works with a stale form: leaving harms nobody.

    A redirect to another site would be stopped by ``form-action``; the header is not.
    """
    await _end(call)
    answer = page(request, "signin/gone.html", ELSEWHERE, title="Loading")
    answer.headers["Refresh"] = f"0;url={ELSEWHERE}"
    return _left(request, answer, call)


async def _end(call: Call[Any]) -> None:
    await log_own(call.session, call.actor, Done.SIGNED_OUT, now=call.now)
    await credentials.end_session(call.session, call.secret)


def _left(request: Request, answer: Response, call: Call[Any]) -> Response:
    installation = call.installation
    secure = installation.settings.by_tls
    answer.delete_cookie(
        installation.cookie, path="/", secure=secure, httponly=True, samesite="lax"
    )
    known = installation.cookie_called(admission.DEVICE) in request.cookies
    answer.headers["Clear-Site-Data"] = _FORGET_BUT_THE_DEVICE if known else _FORGET
    return answer
