"""Signing in through an agency's own identity provider: there, and back.

1. What the answer must fit waits in the browser's own ceremony and is taken back with the first
   answer; in any other browser it fits nothing.
2. A provider says who somebody is. What she may is in our own records; whom nobody has bound to her
   provider's subject gets a page that says so, and no session.
3. A provider that is down keeps nobody from a local account.
4. What this file must never know: cases, how a token is checked.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from agencies.id_tokens import Told
from agencies.identity import STEP_UP_AGE
from agencies.providers import Begun, Provider, ProviderDownError
from agencies.signatures import NotBelievedError
from referral import errors
from referral.edge.attempts import attempts_of
from referral.entry import credential_of, installation_of
from referral.errors import Refusal, RefusedError
from referral.session import Actor, ReadSession
from referral.web import admission, ceremonies, credentials, factors, vouching, ways
from referral.web.admission import Elsewhere, address_of, local
from referral.web.ceremonies import Purpose, asking, started_in
from referral.web.fields import Sent
from referral.web.pages import PageRoute, error_page, page
from referral.web.signin import sign_in_form, too_many

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LOG = structlog.get_logger("referral.web.providers")
_LONGEST: Final = 4_000  # characters of a code or state
_OLD: Final = STEP_UP_AGE + timedelta(seconds=1)
_DOWN: Final = (
    "{} cannot be reached at this moment. Sign in with a local account, or try again in a few "
    "minutes; if somebody is in danger now, telephone."
)
_REFUSED: Final = "{} did not let you in, or you turned back. Try again."
_STALE: Final = "This sign-in is not one this browser has begun, or it took too long. Begin again."
_NOT_BELIEVED: Final = "What {} answered is not in order, so nobody was let in. Begin again."
_SOMEBODY_ELSE: Final = "Somebody else signed in at {} than was asked. Begin again."
_FACTOR_FIRST: Final = (
    "You work for other agencies too, and {} does not speak for them: set up a second factor with "
    "the account you were given here, then sign in through your agency."
)


@dataclass(frozen=True, slots=True)
class Offered:
    """One provider to choose."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Every provider there is."""

    ways: list[Offered]
    onward: str


@router.get("/sign-in/provider")
async def choose(request: Request) -> Response:
    """Whose sign-in; ``next`` is where she wanted to go."""
    onward = local(request.query_params.get("next", "/"))
    fresh = "&fresh=1" if request.query_params.get("fresh") else ""
    async with asking(installation_of(request)) as session:
        found = await vouching.providers(session)
    offered = [
        Offered(one.name, f"/sign-in/provider/{one.key}?next={quote(onward)}{fresh}")
        for one in found
    ]
    return page(
        request, "signin/providers.html", Choice(offered, onward), title="Sign in", sensitive=False
    )


@router.get("/sign-in/provider/{key}")
async def begin(request: Request, key: str) -> Response:
    """Off to the provider. ``fresh``: she must prove there anew who she is."""
    installation, now = installation_of(request), installation_of(request).clock()
    onward = local(request.query_params.get("next", "/"))
    wait = attempts_of(request).begin(None, address_of(request), now)
    if wait is not None:
        return sign_in_form(request, Sent(), onward, too_many(wait), 429)
    fresh = bool(request.query_params.get("fresh"))
    async with asking(installation) as session:
        provider = await _provider(session, key)
        actor = await _here(request, session, now) if fresh else None
    begun = Begun.new(provider.key, onward, fresh=fresh)
    try:
        address = await vouching.conversations_of(request).address(
            provider, begun, _back(request, provider), now
        )
    except ProviderDownError as fault:
        return _down(request, provider, onward, fault)
    async with asking(installation) as session:
        member = actor.member_id if actor else None
        secret = await ceremonies.wait_for(session, member, begun.stored(), now)
    answer = Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"})
    return ceremonies.keep(installation, answer, secret.text)


@router.get("/sign-in/provider/{key}/return")
async def come_back(request: Request, key: str) -> Response:
    """The provider's answer: in, on to what is still asked, or a page that says why not."""
    installation, now = installation_of(request), installation_of(request).clock()
    async with asking(installation) as session:
        provider = await _provider(session, key)
        taken = await ceremonies.take(session, started_in(request) or "", Purpose.PROVIDER, now)
    begun = Begun.read(taken[0]) if taken else None
    if taken is None or begun is None or not _fits(request, provider, begun):
        return sign_in_form(request, Sent(), "/", _STALE, 422)
    code = request.query_params.get("code", "")
    if not code or len(code) > _LONGEST:
        return sign_in_form(request, Sent(), begun.onward, _REFUSED.format(provider.name), 422)
    try:
        told = await vouching.conversations_of(request).told(
            provider, begun, code, _back(request, provider), now
        )
    except ProviderDownError as fault:
        return _down(request, provider, begun.onward, fault)
    except NotBelievedError as fault:
        _LOG.warning("token refused", code=fault.code)
        words = _NOT_BELIEVED.format(provider.name)
        return sign_in_form(request, Sent(), begun.onward, words, 422)
    attempts_of(request).succeed(None, address_of(request))
    async with asking(installation) as session:
        return await _admitted(request, session, provider, begun, taken[1], told, now)


async def _provider(session: ReadSession, key: str) -> Provider:
    found = await vouching.providers(session, key)
    if not found:
        raise RefusedError(errors.not_found())
    return found[0]


def _fits(request: Request, provider: Provider, begun: Begun) -> bool:
    """Whether this is the answer to what was begun, from whom it was asked (RFC 9207)."""
    state, named = request.query_params.get("state", ""), request.query_params.get("iss")
    if len(state) > _LONGEST or not hmac.compare_digest(state.encode(), begun.state.encode()):
        return False
    must_name = vouching.conversations_of(request).names_itself(provider)
    asked = begun.provider == provider.key
    return asked and (named == provider.issuer or (named is None and not must_name))


async def _admitted(
    request: Request,
    session: ReadSession,
    provider: Provider,
    begun: Begun,
    expected: object,
    told: Told,
    now: datetime,
) -> Response:
    member = await vouching.known(session, provider, told.subject)
    if member is None:
        return error_page(request, _unbound(provider, told.subject))
    if expected is not None and expected != member:
        words = _SOMEBODY_ELSE.format(provider.name)
        return sign_in_form(request, Sent(), begun.onward, words, 422)
    strong = bool(told.said & set(provider.two_factors))
    way = ways.PROVIDER_STRONG if strong else ways.PROVIDER
    elsewhere = Elsewhere(provider.id, provider.agency_id, told.proved_at or now - _OLD)
    actor = await _here(request, session, now)
    if actor is not None and actor.member_id == member:
        elsewhere = replace(elsewhere, seat=actor.id)
    if not strong and await _would_reach_further(session, provider, member, now):
        words = _FACTOR_FIRST.format(provider.name)
        return sign_in_form(request, Sent(), begun.onward, words, 422)
    found = await admission.admit(request, session, member, way, begun.onward, now, elsewhere)
    return found or error_page(request, _unbound(provider, told.subject))


async def _would_reach_further(
    session: ReadSession, provider: Provider, member: object, now: datetime
) -> bool:
    """Without a second factor she may enrol one, which would open what others' agencies hold."""
    if provider.agency_id is None or not isinstance(member, type(provider.id)):
        return False
    if (await factors.of(session, member)).second:
        return False
    seats = await credentials.seats_of(session, member, now)
    return any(seat.agency_id != provider.agency_id for seat in seats)


async def _here(request: Request, session: ReadSession, now: datetime) -> Actor | None:
    """Who is signed in in this browser already."""
    try:
        secret, _ = credential_of(request)
    except RefusedError:
        return None
    return await credentials.known_by(session, secret, now)


def _back(request: Request, provider: Provider) -> str:
    """Where the provider sends the browser. Raises where no address can be known."""
    origin = ways.origin_of(installation_of(request).settings, request.headers.get("host", ""))
    if origin is None:
        raise RefusedError(errors.not_found())
    return f"{origin}/sign-in/provider/{provider.key}/return"


def _down(
    request: Request, provider: Provider, onward: str, fault: ProviderDownError
) -> HTMLResponse:
    _LOG.warning("provider down", code=str(fault))
    return sign_in_form(request, Sent(), onward, _DOWN.format(provider.name), 503)


def _unbound(provider: Provider, subject: str) -> Refusal:
    """Known there, and nobody here: told to her alone, for her administrator."""
    return Refusal(
        403,
        "subject-unbound",
        "Your sign-in is not bound to an account here",
        f"{provider.name} knows you, but no account in use here is bound to you. Ask your agency’s "
        f"administrator to bind your account to this subject of {provider.name}: {subject}",
    )
