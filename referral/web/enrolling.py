"""Enrolling: a password, an authenticator app, a passkey; from a session or instead of one.

1. Whoever is signed in changes her own account with a fresh proof; whoever may only enrol gets
   here with what her browser has begun, and is let in when a second factor is there.
2. The secret of an app is shown only while it waits for its first code.
3. What this file must never know: cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from agencies import one_time_codes, passkeys
from agencies.identity import hash_password
from referral import access
from referral.audit import Done
from referral.audit.streams import log_own
from referral.edge.attempts import attempts_of
from referral.entry import (
    Call,
    Installation,
    csrf_of,
    entered_to_write,
    installation_of,
    not_signed_in,
    refuse_cross_site,
)
from referral.errors import RefusedError, step_up_required
from referral.session import ReadSession
from referral.web import admission, ceremonies, credentials, factors, ways
from referral.web.admission import address_of, browser_of, local
from referral.web.ceremonies import Purpose, asking, started_in, under_way
from referral.web.factors import Factors
from referral.web.fields import NONE, Faults, Params
from referral.web.forms import prove_token, sent_in
from referral.web.pages import PageRoute, page, see_other
from referral.web.passkeys import asked, site_here
from referral.web.second import code_field
from referral.web.signin import password_field, too_many
from referral.web.ways import Way

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ACCOUNT: Final = "/account"
_START: Final = "/enrolment"
_BACK: Final = {"needs": "step-up", "back": _ACCOUNT}


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Whose account is being changed, and by which secret; ``call`` None: she is not yet in."""

    session: ReadSession
    member_id: UUID
    holder: str
    now: datetime
    installation: Installation
    call: Call[Any] | None

    @property
    def csrf(self) -> str:
        """The token of her forms."""
        return csrf_of(self.holder)

    @property
    def root(self) -> str:
        """The page she came from."""
        return _ACCOUNT if self.call else _START


async def _enrolling(request: Request) -> AsyncIterator[Enrolling]:
    installation = installation_of(request)
    refuse_cross_site(request)
    if request.cookies.get(installation.cookie):
        async with entered_to_write(request) as call:
            if not access.stepped_up(call.actor, call.now):
                raise RefusedError(replace(step_up_required("change_account"), extra=_BACK))
            member, secret = call.actor.member_id, call.secret
            yield Enrolling(call.session, member, secret, call.now, installation, call)
        return
    now, holder = installation.clock(), started_in(request)
    async with asking(installation) as session:
        begun = await under_way(session, holder, Purpose.ENROL, now)
        if begun is None or holder is None:
            raise RefusedError(not_signed_in())
        yield Enrolling(session, begun, holder, now, installation, None)


ToEnrol = Annotated[Enrolling, Depends(_enrolling, scope="function")]


@dataclass(frozen=True, slots=True)
class Start:
    """What somebody without a second factor may do."""

    onward: str
    csrf: str
    enrolled: Factors
    passkeys: bool
    password: list[Params]
    user_name: str  # for the browser's password store
    faults: Faults = NONE


@dataclass(frozen=True, slots=True)
class Codes:
    """An authenticator app being enrolled: the picture, the same in letters, and its first code."""

    onward: str
    csrf: str
    picture: str
    secret: str
    code: Params
    faults: Faults = NONE


@router.get(_START)
async def start(request: Request, who: ToEnrol) -> Response:
    """Where enrolling begins for whoever is not yet in."""
    if who.call is not None:
        return see_other(_ACCOUNT)
    return await _start(request, who, local(request.query_params.get("next", "/")))


async def _start(
    request: Request, who: Enrolling, onward: str, told: str | None = None
) -> HTMLResponse:
    faults = Faults({"password": told}) if told else NONE
    host = request.headers.get("host", "")
    view = Start(
        onward,
        who.csrf,
        await factors.of(who.session, who.member_id),
        passkeys=ways.site_of(who.installation.settings, host) is not None,
        password=new_password_fields(faults),
        user_name=await credentials.user_name_of(who.session, who.member_id),
        faults=faults,
    )
    title = "Set up how you sign in"
    return page(request, "signin/enrolment.html", view, title=title, status=422 if told else 200)


def new_password_fields(faults: Faults = NONE) -> list[Params]:
    """A new password, typed twice."""
    return [
        password_field("New password", "new-password", faults=faults),
        password_field("The same again", "new-password", "password_again"),
    ]


@router.post("/account/password")
async def new_password(request: Request, who: ToEnrol) -> Response:
    """Another password; her other sessions end."""
    sent = await sent_in(request)
    prove_token(who.csrf, sent)
    onward, given = local(sent.one("next") or "/"), sent.one("password")
    told = "The two are not the same." if given != sent.one("password_again") else None
    if told is None:
        try:
            async with attempts_of(request).turns:
                hashed = await asyncio.to_thread(hash_password, given)
        except ValueError as fault:
            told = str(fault)
        else:
            await factors.set_password(who.session, who.holder, hashed, who.now)
            await _log(who, Done.PASSWORD_SET)
            return see_other(f"{who.root}?done=password&next={quote(onward)}")
    if who.call is not None:
        return see_other(f"{_ACCOUNT}?refused=password")
    return await _start(request, who, onward, told)


@router.post("/account/codes")
async def begin_codes(request: Request, who: ToEnrol) -> Response:
    """A new secret for an authenticator app."""
    sent = await sent_in(request)
    prove_token(who.csrf, sent)
    await factors.begin_codes(who.session, who.holder, who.now)
    return see_other(f"/account/codes?next={quote(local(sent.one('next') or '/'))}")


@router.get("/account/codes")
async def codes_page(request: Request, who: ToEnrol) -> Response:
    """The picture to be read by the app."""
    return await _codes(request, who, local(request.query_params.get("next", "/")))


async def _codes(
    request: Request, who: Enrolling, onward: str, told: str | None = None, status: int = 200
) -> Response:
    secret = await factors.waiting_secret(who.session, who.member_id)
    if secret is None:
        return see_other(who.root)
    faults = Faults({"code": told}) if told else NONE
    name = await credentials.user_name_of(who.session, who.member_id)
    picture = segno.make(one_time_codes.address_of(secret, name), error="m")
    view = Codes(
        onward,
        who.csrf,
        picture.svg_data_uri(scale=5, border=4, light="#fff"),
        one_time_codes.spelled(secret),
        code_field(faults, "The code it shows now"),
        faults,
    )
    title = "Error: Set up an authenticator app" if told else "Set up an authenticator app"
    return page(request, "signin/codes.html", view, title=title, call=who.call, status=status)


@router.post("/account/codes/first")
async def first_code(request: Request, who: ToEnrol) -> Response:
    """The app's first code shows that it works; from now on it is asked for."""
    sent = await sent_in(request)
    prove_token(who.csrf, sent)
    onward = local(sent.one("next") or "/")
    name = f"codes of {who.member_id}"
    wait = attempts_of(request).begin(name, address_of(request), who.now)
    if wait is not None:
        return await _codes(request, who, onward, too_many(wait), 429)
    code = sent.one("code")
    if not await factors.keep_codes(who.session, who.holder, who.member_id, code, who.now):
        told = "This code is not right. Check the clock of your telephone, and take the next one."
        return await _codes(request, who, onward, told, 422)
    return await _enrolled(request, who, ways.CODE, onward)


@router.post("/account/passkeys/question")
async def passkey_question(request: Request, who: ToEnrol) -> Response:
    """What the browser is asked when it makes a passkey."""
    prove_token(who.csrf, await sent_in(request))
    session, site, member = who.session, site_here(request), who.member_id
    held = [one.credential_id for one in (await factors.of(session, member)).passkeys]
    challenge = await ceremonies.challenge(session, who.holder, Purpose.CREATE, member, who.now)
    name = await credentials.user_name_of(session, member)
    return asked(passkeys.to_enrol(site, challenge, member, name, name, held))


@router.post("/account/passkeys")
async def keep_passkey(request: Request, who: ToEnrol) -> Response:
    """The passkey the browser has made."""
    sent = await sent_in(request)
    prove_token(who.csrf, sent)
    site, onward = site_here(request), local(sent.one("next") or "/")
    taken = await ceremonies.take(who.session, who.holder, Purpose.CREATE, who.now)
    made = passkeys.enrolled(site, taken[0], sent.one("credential")) if taken else None
    name = sent.one("name")[:60] or browser_of(request)
    if made is None or not await factors.keep_passkey(who.session, who.holder, made, name, who.now):
        return see_other(f"{who.root}?refused=passkey&next={quote(onward)}")
    return await _enrolled(request, who, ways.PASSKEY, onward)


async def _enrolled(request: Request, who: Enrolling, way: Way, onward: str) -> Response:
    """There is a second factor now: whoever was waiting for that is let in."""
    await _log(who, Done.FACTOR_ENROLLED, way=way.name)
    if who.call is not None:
        return see_other(f"{_ACCOUNT}?done={way.name}")
    found = await admission.admit(request, who.session, who.member_id, way, onward, who.now)
    return found or see_other("/sign-in")


async def _log(who: Enrolling, act: Done, **body: Any) -> None:
    if who.call is None:
        await admission.log_of(who.session, who.member_id, act, who.now, **body)
    else:
        await log_own(who.session, who.call.actor, act, now=who.now, **body)
