"""Signing in and out, choosing a seat, and entering the password again.

1. Whether an account exists shows neither in the answer nor in the time it takes.
2. Every proof of identity gives the session a new id; the old one is dead.
3. What this file must never know: cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from asgi_correlation_id import correlation_id
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse

from agencies.identity import SESSION_ABSOLUTE, Secret, verify_password
from referral import access
from referral.audit import Done
from referral.audit.streams import log_own
from referral.entry import Call, Installation, Reading, Writing, installation_of, refuse_cross_site
from referral.session import ReadSession, Role
from referral.settings import Environment
from referral.web import credentials
from referral.web.attempts import Attempts
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.forms import ChangingForm, sent_in
from referral.web.pages import PageRoute, page, see_other
from referral.web.wording import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ELSEWHERE: Final = "https://www.wikipedia.org/"
_LEAVE: Final = {"Clear-Site-Data": '"cache", "cookies", "storage"', "Cache-Control": "no-store"}
_WRONG: Final = "The user name or the password is not right."
_HOME: Final = {
    Role.OFFICER: "/hand-offs",
    Role.SUPERVISOR: "/oversight",
    Role.COORDINATOR: "/cases/new",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in page, or the page that asks for the password again."""

    action: str
    onward: str
    fields: list[Params]
    faults: Faults = NONE
    explanation: str = ""
    user_name: str = ""  # for the browser's password store


@dataclass(frozen=True, slots=True)
class Seats:
    """The memberships to choose from."""

    choice: Params
    onward: str
    faults: Faults = NONE


def local(address: str) -> str:
    """An address of ours to go on to; whatever could lead elsewhere becomes the start page."""
    parts = urlsplit(address)
    own = (
        address.startswith("/")
        and not address.startswith("//")
        and not (parts.scheme or parts.netloc)
    )
    plain = address.isprintable() and "\\" not in address
    return address if own and plain and len(address) < 500 else "/"  # noqa: PLR2004 - ours are short


@router.get("/")
async def home(call: Reading) -> Response:
    """Where this role begins its day."""
    return see_other(_HOME.get(call.actor.role, "/agencies"))


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The form; ``next`` is where she wanted to go."""
    return _sign_in(request, Sent(), local(request.query_params.get("next", "/")))


def _sign_in(
    request: Request, sent: Sent, onward: str, told: str | None = None, status: int = 200
) -> HTMLResponse:
    faults = Faults({"user_name": told}) if told else NONE
    make = Fields(sent, faults)
    fields = [
        make.text("user_name", "User name", autocomplete="username", spellcheck=False),
        _password("current-password"),
    ]
    view = SignIn("/sign-in", onward, fields, faults)
    title = "Error: Sign in" if told else "Sign in"
    return page(request, "signin/sign_in.html", view, title=title, status=status)


def _password(autocomplete: str) -> Params:
    empty = Fields(Sent())  # what was typed is never sent back
    return empty.text("password", "Password", type="password", autocomplete=autocomplete)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Right: a new session, and onward. Wrong: the same page, whoever it was."""
    refuse_cross_site(request)
    installation, sent = installation_of(request), await sent_in(request)
    user_name, onward = sent.one("user_name").lower(), local(sent.one("next") or "/")
    now = installation.clock()
    attempts = _attempts(request)
    wait = attempts.begin(user_name, _address(request), now)
    if wait is not None:
        minutes = max(1, round(wait.total_seconds() / 60))
        told = f"Too many attempts. Wait {minutes} minutes, or ask your agency's administrator."
        answer = _sign_in(request, sent, onward, told, 429)
        answer.headers["Retry-After"] = str(minutes * 60)
        return answer
    async with _asking(installation) as session:
        material = await credentials.material_of(session, user_name)
    async with attempts.turns:
        right = await asyncio.to_thread(verify_password, material.stored, sent.one("password"))
    seat = await _seated(installation, material, now) if right else None
    if seat is None:
        answer = _sign_in(request, sent, onward, _WRONG, 422)
        if material.member_id is not None:
            answer.background = BackgroundTask(_log_failure, installation, material.member_id, now)
        return answer
    attempts.succeed(user_name)
    secret, several = seat
    return _signed_in(
        installation, secret, f"/membership?next={quote(onward)}" if several else onward
    )


async def _seated(
    installation: Installation, material: credentials.Material, now: datetime
) -> tuple[Secret, bool] | None:
    """A session in the first of her seats, and whether there are several to choose from."""
    if material.member_id is None:
        return None
    async with _asking(installation) as session:
        seats = await credentials.seats_of(session, material.member_id, now)
        secret = await credentials.open_session(session, seats[0].id, now) if seats else None
        actor = await credentials.become(session, secret, now) if secret else None
        if secret is None or actor is None:
            return None
        await log_own(session, actor, Done.SIGNED_IN, now=now)
    return secret, len(seats) > 1


async def _log_failure(installation: Installation, member_id: UUID, now: datetime) -> None:
    """Written after the answer has left, so that its time says nothing.

    The log belongs to an actor, so a session is opened for the entry and ended in the same
    transaction, before anybody could know its id.
    """
    async with _asking(installation) as session:
        seats = await credentials.seats_of(session, member_id, now)
        secret = await credentials.open_session(session, seats[0].id, now) if seats else None
        actor = await credentials.become(session, secret, now) if secret else None
        if secret is not None and actor is not None:
            await log_own(session, actor, Done.SIGN_IN_FAILED, now=now)
            await credentials.end_session(session, secret.text)


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
    """Another seat: a new session that keeps the moment of the password, the old one is dead."""
    call, onward = form.call, local(form.sent.one("next") or "/")
    proven = call.actor.authenticated_at
    if proven is None or not access.stepped_up(call.actor, call.now):
        return see_other("/step-up?next=/membership")
    seats = await credentials.seats_of(call.session, call.actor.member_id, call.now)
    chosen = next((seat for seat in seats if str(seat.id) == form.sent.one("membership")), None)
    if chosen is None:
        return await _membership(request, call, onward, "Choose one of your seats.")
    secret = await credentials.open_session(call.session, chosen.id, proven)
    actor = await credentials.become(call.session, secret, call.now) if secret else None
    if secret is None or actor is None:
        return await _membership(request, call, onward, "This seat is no longer in force.")
    await credentials.end_session(call.session, call.secret)
    await log_own(call.session, actor, Done.SIGNED_IN, now=call.now)
    return _signed_in(call.installation, secret, onward)


@router.get("/step-up")
async def step_up_page(request: Request, call: Reading) -> Response:
    """The password once more, then back to where she was."""
    name = await credentials.user_name_of(call.session, call.actor)
    return _step_up(request, call, name, local(request.query_params.get("next", "/")))


def _step_up(
    request: Request,
    call: Call[Any],
    name: str,
    onward: str,
    told: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    faults = Faults({"password": told}) if told else NONE
    field = Fields(Sent(), faults).text(
        "password", "Your password", type="password", autocomplete="current-password"
    )
    why = "What you asked for needs a password entered within the last 15 minutes."
    view = SignIn("/step-up", onward, [field], faults, why, name)
    title = "Error: Enter your password again" if told else "Enter your password again"
    return page(request, "signin/step_up.html", view, title=title, call=call, status=status)


@router.post("/step-up")
async def step_up(request: Request, form: ChangingForm) -> Response:
    """A fresh proof: the session gets a new id."""
    call, onward = form.call, local(form.sent.one("next") or "/")
    name = await credentials.user_name_of(call.session, call.actor)
    if _attempts(request).begin(name, _address(request), call.now) is not None:
        return _step_up(request, call, name, onward, "Too many attempts. Wait some minutes.", 429)
    material = await credentials.material_of(call.session, name)
    async with _attempts(request).turns:
        right = await asyncio.to_thread(verify_password, material.stored, form.sent.one("password"))
    if not right:
        await log_own(call.session, call.actor, Done.SIGN_IN_FAILED, now=call.now)
        return _step_up(request, call, name, onward, "The password is not right.", 422)
    _attempts(request).succeed(name)
    secret = await credentials.renew_session(call.session, call.secret, call.now)
    if secret is None:
        return see_other("/sign-in")
    await log_own(call.session, call.actor, Done.STEPPED_UP, now=call.now)
    return _signed_in(call.installation, secret, onward)


@router.post("/sign-out")
async def sign_out(form: ChangingForm) -> Response:
    """The session is dead, and the browser is told to forget everything."""
    await _end(form.call)
    return _left(see_other("/sign-in"), form.call)


@router.post("/quick-exit")
async def quick_exit(request: Request, call: Writing) -> Response:
    """Away from here at once. Works with a stale form: leaving harms nobody.

    A redirect to another site would be stopped by ``form-action``; the header is not.
    """
    await _end(call)
    answer = page(request, "signin/gone.html", ELSEWHERE, title="Loading")
    answer.headers["Refresh"] = f"0;url={ELSEWHERE}"
    return _left(answer, call)


async def _end(call: Call[Any]) -> None:
    await log_own(call.session, call.actor, Done.SIGNED_OUT, now=call.now)
    await credentials.end_session(call.session, call.secret)


def _left(answer: Response, call: Call[Any]) -> Response:
    answer.delete_cookie(call.installation.cookie, path="/")
    for name, value in _LEAVE.items():
        answer.headers[name] = value
    return answer


def _signed_in(installation: Installation, secret: Secret, onward: str) -> Response:
    answer = see_other(onward)
    answer.set_cookie(
        installation.cookie,
        secret.text,
        max_age=int(SESSION_ABSOLUTE.total_seconds()),
        path="/",
        secure=installation.settings.environment is Environment.PRODUCTION,
        httponly=True,
        samesite="lax",
    )
    return answer


@asynccontextmanager
async def _asking(installation: Installation) -> AsyncIterator[ReadSession]:
    """A transaction of nobody in particular yet."""
    async with installation.engine.connect() as connection, connection.begin():
        yield ReadSession(
            connection, installation.vault, installation.catalogue, correlation_id.get() or ""
        )


def _attempts(request: Request) -> Attempts:
    state = request.app.state
    if not hasattr(state, "attempts"):
        state.attempts = Attempts()
    found: Attempts = state.attempts
    return found


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
