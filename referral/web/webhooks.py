"""Where an agency's own systems are told, on a page of its administrator.

1. What was last sent and what became of it; never what a receiver answered.
2. A shared secret is on one page, once.
3. What this file must never know: cases, how anything is signed or sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import members
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.members import Keyed
from referral.notices.events import TYPES
from referral.notices.signatures import Scheme
from referral.notices.webhooks import reach_of
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ChangingForm
from referral.web.pages import PageRoute, page, refused, see_other
from referral.web.webhook_lines import ASKED, Card, card
from referral.web.wording import Clockface

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PAGE: Final = "/members/webhooks"
_DONE: Final = {
    "ended": "Ended: nothing is sent there any more, and its keys are gone.",
    "tested": "A test is on its way: what became of it stands below within a minute.",
}
_SCHEMES: Final = (
    (Scheme.ED25519.value, "A signature only we can make (Ed25519)"),
    (Scheme.HMAC.value, "A secret both sides know (HMAC)"),
)
_FIELDS: Final = {"/url": "url", "/types": "types"}
_CHOOSE: Final = {"/types": "Choose at least one thing it is told."}


@dataclass(frozen=True, slots=True)
class Shown:
    """Every endpoint, and the form for one more."""

    csrf: str
    cards: list[Card]
    hosts: list[str]
    opening: list[tuple[str, Params]]
    faults: Faults
    done: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """The key of an endpoint; ``secret``: it is told this once."""

    key: str
    secret: bool
    new: bool


@router.get(PAGE)
async def webhooks(request: Request, call: Reading) -> Response:
    """Every endpoint of the agency."""
    return await _page(request, call, Sent(), NONE)


async def _page(
    request: Request, call: Call[Any], sent: Sent, faults: Faults, status: int = 200
) -> Response:
    found = await members.webhooks_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(request, found, call)
    view = Shown(
        call.csrf,
        [card(one, Clockface(call.actor.time_zone)) for one in found.endpoints],
        [f"{host}:{port}" for host, port in found.hosts],
        _fields(sent, faults),
        faults,
        _DONE.get(request.query_params.get("done", "")),
    )
    return page(request, "members/webhooks.html", view, title="Webhooks", call=call, status=status)


def _fields(sent: Sent, faults: Faults) -> list[tuple[str, Params]]:
    make = Fields(sent, faults)
    hint = "https:// and one of the hosts above."
    return [
        ("input", make.text("url", "Address", hint=hint, spellcheck=False, autocomplete="off")),
        ("checkboxes", make.boxes("types", "What it is told", ASKED.items())),
        (
            "radios",
            make.radios(
                "scheme", "How it checks that we sent it", _SCHEMES, chosen=Scheme.ED25519.value
            ),
        ),
    ]


@router.post(PAGE)
async def open_webhook(request: Request, form: ChangingForm) -> Response:
    """One more."""
    call, sent = form.call, form.sent
    scheme = Scheme.HMAC if sent.one("scheme") == Scheme.HMAC else Scheme.ED25519
    found = await members.open_webhook(
        call.session,
        call.actor,
        sent.one("url"),
        [name for name in sent.many("types") if name in TYPES],
        scheme,
        reach=reach_of(call.installation.settings),
        now=call.now,
    )
    if isinstance(found, Refusal) and found.type == "invalid-input":
        return await _page(request, call, sent, faults_in(found, _FIELDS, words=_CHOOSE), 422)
    return _told(request, call, found)


@router.post(PAGE + "/{webhook_id}/rotation")
async def rotate_webhook(request: Request, form: ChangingForm, webhook_id: UUID) -> Response:
    """A new key."""
    call = form.call
    found = await members.rotate_webhook(call.session, call.actor, webhook_id, now=call.now)
    return _told(request, call, found)


@router.post(PAGE + "/{webhook_id}/test")
async def try_webhook(request: Request, form: ChangingForm, webhook_id: UUID) -> Response:
    """One event about nothing."""
    call = form.call
    told = await members.try_webhook(call.session, call.actor, webhook_id, now=call.now)
    return _gone(request, call, told)


@router.post(PAGE + "/{webhook_id}/end")
async def end_webhook(request: Request, form: ChangingForm, webhook_id: UUID) -> Response:
    """Out of use."""
    call = form.call
    told = await members.end_webhook(call.session, call.actor, webhook_id, now=call.now)
    return _gone(request, call, told)


def _told(request: Request, call: Call[Any], found: Keyed | Refusal) -> Response:
    if isinstance(found, Refusal):
        return refused(request, found, call, back=PAGE)
    told = Told(found.key, found.key.startswith("whsec_"), found.outcome == "opened")
    return page(request, "members/webhook_key.html", told, title="The key of a webhook", call=call)


def _gone(request: Request, call: Call[Any], told: str | Refusal) -> Response:
    if isinstance(told, Refusal):
        return refused(request, told, call, back=PAGE)
    return see_other(f"{PAGE}?done={quote(told)}")
