"""Letting somebody in who has proved who she is, and what is still asked of her first.

1. Every session begins with a new id, and the one this browser brought along is over.
2. Without a second factor she may, where they are demanded, enrol one and nothing else.
3. What this file must never know: how identity was proved, cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import Request, Response

from agencies.identity import SESSION_ABSOLUTE, Secret
from referral.audit import Done
from referral.audit.streams import log_own
from referral.entry import Installation, installation_of
from referral.session import Actor, ReadSession
from referral.web import ceremonies, credentials, factors
from referral.web.ceremonies import Purpose, asking
from referral.web.pages import see_other
from referral.web.ways import Way, demanded

DEVICE: Final = "referral_device"
_DEVICE_DAYS: Final = timedelta(days=180)
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS", "macOS"), ("Linux", "Linux")),
)


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


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """On whose word somebody comes in: into which agency (None: any), and proved when."""

    provider: UUID
    agency: UUID | None
    proved_at: datetime
    seat: UUID | None = None  # where she was working until now


async def admit(
    request: Request,
    session: ReadSession,
    member_id: UUID,
    way: Way,
    onward: str,
    now: datetime,
    elsewhere: Elsewhere | None = None,
) -> Response | None:
    """In, or on to what is still asked. None when she has no seat in force.

    ``session`` is a transaction of nobody in particular; it is committed by the caller.
    """
    installation = installation_of(request)
    if not way.strong:
        asked = await _asked(session, member_id, way, installation)
        if asked is not None:
            purpose, page = asked
            secret = await ceremonies.begin(session, purpose, member_id, now)
            answer = see_other(f"{page}?next={quote(onward)}")
            return ceremonies.keep(installation, answer, secret.text)
    seats = await _seats(session, member_id, now, elsewhere)
    secrets = await _opened(request, session, seats[0].id, way, now, elsewhere) if seats else None
    if secrets is None:
        return None
    if elsewhere is not None and seats[0].id == elsewhere.seat:
        return ceremonies.drop(installation, signed_in(installation, secrets, onward))
    onward = f"/membership?next={quote(onward)}" if len(seats) > 1 else onward
    return ceremonies.drop(installation, signed_in(installation, secrets, onward))


async def _asked(
    session: ReadSession, member_id: UUID, way: Way, installation: Installation
) -> tuple[Purpose, str] | None:
    """What comes between the first proof and the session: a second one, an enrolment, nothing."""
    if way.name == "enrolment":
        return Purpose.ENROL, "/enrolment"
    if (await factors.of(session, member_id)).second:
        return Purpose.SECOND, "/sign-in/second"
    if demanded(installation.settings):
        return Purpose.ENROL, "/enrolment"
    return None


async def _seats(
    session: ReadSession, member_id: UUID, now: datetime, elsewhere: Elsewhere | None
) -> list[credentials.Seat]:
    """Hers, as far as whoever vouches for her speaks for them; the one she was in comes first."""
    seats = await credentials.seats_of(session, member_id, now)
    if elsewhere is None:
        return seats
    open_to = [seat for seat in seats if elsewhere.agency in {None, seat.agency_id}]
    return sorted(open_to, key=lambda seat: seat.id != elsewhere.seat)


async def _opened(
    request: Request,
    session: ReadSession,
    seat: UUID,
    way: Way,
    now: datetime,
    elsewhere: Elsewhere | None,
) -> Secret | None:
    installation = installation_of(request)
    secret = await credentials.open_session(session, seat, now, **marks(request, way))
    if secret is not None and elsewhere is not None:
        await credentials.proved_elsewhere(session, secret, elsewhere.provider, elsewhere.proved_at)
    actor = await credentials.become(session, secret, now) if secret else None
    if secret is None or actor is None:
        return None
    for old in (request.cookies.get(installation.cookie), ceremonies.started_in(request)):
        if old:
            await credentials.end_session(session, old)
            await ceremonies.end(session, old)
    await log_own(session, actor, Done.SIGNED_IN, now=now, way=way.name)
    return secret


def marks(request: Request, way: Way) -> credentials.Marks:
    """What is kept with a session: how it was proved, from where, on which registered device."""
    device = request.cookies.get(installation_of(request).cookie_called(DEVICE))
    return {"proof": way.name, "browser": browser_of(request), "device": device}


def browser_of(request: Request) -> str:
    """Roughly which browser this is, so that its owner knows it again; nothing is kept beyond."""
    told = request.headers.get("user-agent", "")
    browser = next((words for mark, words in _BROWSERS if mark in told), "A browser")
    system = next((words for mark, words in _SYSTEMS if mark in told), "")
    return f"{browser} on {system}" if system else browser


def signed_in(installation: Installation, secret: Secret, onward: str) -> Response:
    """Onward, with the cookie of the session."""
    answer = see_other(onward)
    answer.set_cookie(
        installation.cookie,
        secret.text,
        max_age=int(SESSION_ABSOLUTE.total_seconds()),
        path="/",
        secure=installation.settings.by_tls,
        httponly=True,
        samesite="lax",
    )
    return answer


def keep_device(installation: Installation, answer: Response, secret: Secret) -> Response:
    """The cookie by which a registered device is known again; it opens nothing."""
    answer.set_cookie(
        installation.cookie_called(DEVICE),
        secret.text,
        max_age=int(_DEVICE_DAYS.total_seconds()),
        path="/",
        secure=installation.settings.by_tls,
        httponly=True,
        samesite="lax",
    )
    return answer


async def log_failure(
    installation: Installation, member_id: UUID, act: Done, now: datetime
) -> None:
    """Written after the answer has left, so that its time says nothing.

    The log belongs to an actor, so a session is opened for the entry and ended in the same
    transaction, before anybody could know its id.
    """
    async with asking(installation) as session:
        await log_of(session, member_id, act, now)


async def log_of(
    session: ReadSession, member_id: UUID, act: Done, now: datetime, **body: Any
) -> Actor | None:
    """An entry about somebody who is not signed in, in her own stream."""
    seats = await credentials.seats_of(session, member_id, now)
    secret = await credentials.open_session(session, seats[0].id, now) if seats else None
    actor = await credentials.become(session, secret, now) if secret else None
    if secret is not None and actor is not None:
        await log_own(session, actor, act, now=now, **body)
        await credentials.end_session(session, secret.text)
    return actor


def address_of(request: Request) -> str:
    """Where a request comes from, as far as is known."""
    return request.client.host if request.client else "unknown"
