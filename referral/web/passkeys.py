"""Passkeys at the door: what the browser is asked, and what becomes of its answer.

1. The questions are JSON, for the one script there is; the answers come as ordinary forms.
2. A challenge is bound to the browser's own cookie or session, and is taken back with the answer.
3. What this file must never know: cases, how an answer is verified.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from agencies import passkeys
from agencies.identity import new_secret
from agencies.passkeys import Site
from referral.audit import Done
from referral.audit.streams import log_own
from referral.edge.attempts import attempts_of
from referral.entry import installation_of, refuse_cross_site
from referral.errors import Refusal, RefusedError
from referral.session import ReadSession
from referral.web import admission, ceremonies, factors, ways
from referral.web.admission import address_of, local
from referral.web.ceremonies import Purpose, asking, started_in, under_way
from referral.web.factors import Proved
from referral.web.fields import Sent
from referral.web.forms import ChangingForm, sent_in
from referral.web.pages import PageRoute, see_other
from referral.web.signin import sign_in_form, too_many
from referral.web.stepping_up import renewed

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WRONG: Final = "This passkey was not accepted. Try again, or sign in with your password."
_BLOCKED: Final = (
    "There is a second copy of this passkey somewhere, so it is out of use from now on. Sign in "
    "another way, and tell your supervisor today: somebody may be signing in as you."
)


def site_here(request: Request) -> Site:
    """Whom passkeys are for at this address. Raises where there can be none."""
    settings = installation_of(request).settings
    site = ways.site_of(settings, request.headers.get("host", ""))
    if site is None:
        raise RefusedError(
            Refusal(
                409,
                "no-passkeys-here",
                "There are no passkeys at this address",
                "A passkey belongs to a host name. On this machine open http://localhost with the "
                "same port; elsewhere the operator sets REFERRAL_SITE.",
            )
        )
    return site


def asked(text: str) -> Response:
    """A question for the browser."""
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/sign-in/passkey/question")
async def question(request: Request) -> Response:
    """A challenge for this browser; after a right password only her own passkeys will do."""
    refuse_cross_site(request)
    installation, site = installation_of(request), site_here(request)
    now, holder = installation.clock(), started_in(request)
    async with asking(installation) as session:
        member = await under_way(session, holder, Purpose.SECOND, now)
        holder = holder if holder and member else new_secret().text
        challenge = await ceremonies.challenge(session, holder, Purpose.ASSERT, member, now)
        held = await _held(session, member)
    return ceremonies.keep(installation, asked(passkeys.to_prove(site, challenge, held)), holder)


async def _held(session: ReadSession, member: UUID | None) -> list[bytes]:
    if member is None:
        return []
    return [one.credential_id for one in (await factors.of(session, member)).usable]


@router.post("/sign-in/passkey")
async def answer(request: Request) -> Response:
    """The browser's answer: in, whoever she is."""
    refuse_cross_site(request)
    installation, sent = installation_of(request), await sent_in(request)
    site, now, onward = site_here(request), installation.clock(), local(sent.one("next") or "/")
    wait = attempts_of(request).begin(None, address_of(request), now)
    if wait is not None:
        return sign_in_form(request, Sent(), onward, too_many(wait), 429)
    async with asking(installation) as session:
        holder = started_in(request) or ""
        proved = await proved_by(session, site, holder, sent.one("credential"), now)
        if proved is None:
            return sign_in_form(request, Sent(), onward, _WRONG, 422)
        if proved.blocked:
            await admission.log_of(session, proved.member_id, Done.PASSKEY_BLOCKED, now)
            return sign_in_form(request, Sent(), onward, _BLOCKED, 422)
        attempts_of(request).succeed(None, address_of(request))
        found = await admission.admit(request, session, proved.member_id, ways.PASSKEY, onward, now)
    return found or sign_in_form(request, Sent(), onward, _WRONG, 422)


async def proved_by(
    session: ReadSession, site: Site, holder: str, told: str, now: Any
) -> Proved | None:
    """Whose passkey answered the challenge this holder was given."""
    taken = await ceremonies.take(session, holder, Purpose.ASSERT, now)
    claimed = passkeys.claimed(told)
    if taken is None or claimed is None:
        return None
    challenge, expected = taken
    return await factors.prove_passkey(session, site, challenge, claimed, expected, now)


@router.post("/step-up/passkey/question")
async def question_again(request: Request, form: ChangingForm) -> Response:
    """A challenge for this session."""
    call, site = form.call, site_here(request)
    member = call.actor.member_id
    challenge = await ceremonies.challenge(
        call.session, call.secret, Purpose.ASSERT, member, call.now
    )
    return asked(passkeys.to_prove(site, challenge, await _held(call.session, member)))


@router.post("/step-up/passkey")
async def answer_again(request: Request, form: ChangingForm) -> Response:
    """A fresh proof by passkey: a new session id."""
    call, onward = form.call, local(form.sent.one("next") or "/")
    told = form.sent.one("credential")
    proved = await proved_by(call.session, site_here(request), call.secret, told, call.now)
    if proved is None or proved.blocked:
        act = Done.SIGN_IN_FAILED if proved is None else Done.PASSKEY_BLOCKED
        await log_own(call.session, call.actor, act, now=call.now)
        return see_other(f"/step-up?refused={'wrong' if proved is None else 'blocked'}")
    return await renewed(call, ways.PASSKEY, onward)
