"""One's own account: how one signs in, where one is signed in, which devices are known.

1. Ending a session of one's own needs no fresh proof: whoever has lost a telephone is in a hurry.
2. The last second factor stays where second factors are demanded; without one nobody gets in.
3. What this file must never know: cases, anybody else's account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from agencies.identity import new_secret
from referral import access, members
from referral.audit import Done
from referral.audit.streams import log_own
from referral.entry import Call, Reading
from referral.members import AbsenceLine
from referral.web import admission, credentials, factors, ways
from referral.web.admission import browser_of
from referral.web.enrolling import new_password_fields
from referral.web.factors import Factors
from referral.web.fields import Params
from referral.web.forms import ChangingForm
from referral.web.members import absence_fields
from referral.web.pages import PageRoute, page, see_other
from referral.web.wording import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = "/account"
_DONE: Final = {
    "password": "Your password is changed; you are signed out everywhere else.",
    "code": "Your authenticator app is set up: from now on it is asked for.",
    "passkey": "Your passkey is set up.",
    "removed": "It is removed.",
    "ended": "Ended.",
    "noted": "Noted. What you have in hand does not wait for you.",
    "device": "This device is registered: it may rest for 30 minutes.",
    "forgotten": "The device is no longer registered.",
}
_REFUSED: Final = {
    "password": "The password was not changed: the two must be the same, 12 to 1,024 characters.",
    "passkey": "No passkey was set up: the browser's answer was not accepted. Try again.",
    "days": "Your absence was not noted: give the first and the last day.",
    "last": "This is your last second factor: set up another one before you remove it.",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Everything there is to one's own account."""

    csrf: str
    enrolled: Factors
    passkeys: bool
    password: list[Params]
    user_name: str  # for the browser's password store
    sessions: list[dict[str, Any]]
    devices: list[dict[str, Any]]
    away: tuple[AbsenceLine, ...]
    absence: list[tuple[str, Params]]
    registered: bool
    renewed: str | None
    done: str | None
    refused: str | None


@router.get(_PAGE)
async def account(request: Request, call: Reading) -> Response:
    """How she signs in, and where she is signed in."""
    settings, zone = call.installation.settings, ZoneInfo(call.actor.time_zone)
    sessions = await credentials.own_sessions(call.session, call.secret, call.now)
    site = ways.site_of(settings, request.headers.get("host", ""))
    away, deputies = await members.away_of(call.session, call.actor, now=call.now)
    view = Account(
        call.csrf,
        await factors.of(call.session, call.actor.member_id),
        passkeys=site is not None,
        password=new_password_fields(),
        user_name=await credentials.user_name_of(call.session, call.actor.member_id),
        sessions=[_line(one, zone) for one in sessions],
        devices=await credentials.own_devices(call.session, call.secret, call.now),
        away=away,
        absence=absence_fields([(str(call.actor.id), call.actor.name)], deputies),
        registered=any(one["here"] and one["device"] for one in sessions),
        renewed=await _renewed(call, zone),
        done=_DONE.get(request.query_params.get("done", "")),
        refused=_REFUSED.get(request.query_params.get("refused", "")),
    )
    return page(request, "signin/account.html", view, title="Your sign-in", call=call)


def _line(one: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """A session as its owner knows it: times in her unit's zone."""
    return {
        **one,
        "proof": ways.words_of(one["proof"]),
        "role": ROLES.get(one["role"], one["role"]),
        "since": _told(one["created_at"], zone),
        "seen": _told(one["seen_at"], zone),
    }


def _told(moment: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


async def _renewed(call: Call[Any], zone: ZoneInfo) -> str | None:
    found = await credentials.last_recovery(call.session, call.secret, call.now)
    if found is None:
        return None
    return f"{found['by']} ({found['unit']}), {_told(found['given_at'], zone)}"


@router.post("/account/sessions/end")
async def end_sessions(form: ChangingForm) -> Response:
    """One of hers, or all but this one."""
    call, which = form.call, _id(form.sent.one("session"))
    if which is None and form.sent.one("session") != "others":
        return see_other(_PAGE)
    ended = await credentials.end_own_sessions(call.session, call.secret, which, call.now)
    await log_own(call.session, call.actor, Done.SESSIONS_ENDED, now=call.now, count=ended)
    return see_other(f"{_PAGE}?done=ended")


@router.post("/account/factors/removal")
async def drop_factor(form: ChangingForm) -> Response:
    """One factor less."""
    call, given = form.call, form.sent.one("factor")
    if not access.stepped_up(call.actor, call.now):
        return see_other(f"/step-up?next={_PAGE}")
    enrolled = await factors.of(call.session, call.actor.member_id)
    which = _id(given)
    if which is None and given != "codes":
        return see_other(_PAGE)
    if ways.demanded(call.installation.settings) and not _left(enrolled, which):
        return see_other(f"{_PAGE}?refused=last")
    if await factors.drop(call.session, call.secret, which, call.now):
        way = ways.PASSKEY if which else ways.CODE
        await log_own(call.session, call.actor, Done.FACTOR_REMOVED, now=call.now, way=way.name)
    return see_other(f"{_PAGE}?done=removed")


def _left(enrolled: Factors, without: UUID | None) -> bool:
    """Whether a second factor remains without this one (None: without codes)."""
    others = any(one.id != without for one in enrolled.usable)
    return others or (without is not None and enrolled.codes_since is not None)


@router.post("/account/devices")
async def register_device(request: Request, form: ChangingForm) -> Response:
    """This device is for work in the field: it may rest longer, today and later."""
    call, secret = form.call, new_secret()
    if not access.stepped_up(call.actor, call.now):
        return see_other(f"/step-up?next={_PAGE}")
    name = form.sent.one("name")[:60] or browser_of(request)
    if not await credentials.register_device(call.session, call.secret, secret, name, call.now):
        return see_other(_PAGE)
    await log_own(call.session, call.actor, Done.DEVICE_REGISTERED, now=call.now)
    answer = see_other(f"{_PAGE}?done=device")
    return admission.keep_device(call.installation, answer, secret)


@router.post("/account/devices/removal")
async def forget_device(form: ChangingForm) -> Response:
    """A device less; sessions on it rest no longer than others from now on."""
    call, which = form.call, _id(form.sent.one("device"))
    if which is not None:
        await credentials.forget_device(call.session, call.secret, which, call.now)
        await log_own(call.session, call.actor, Done.DEVICE_FORGOTTEN, now=call.now)
    return see_other(f"{_PAGE}?done=forgotten")


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None
