"""Who of an agency signs in through its own provider, and as which subject there.

What this file must never know: cases, who may do what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import errors, members
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.members import Bindings, Roster
from referral.web.fields import Fields, Params, Sent
from referral.web.forms import ChangingForm
from referral.web.members import DONE
from referral.web.pages import PageRoute, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PAGE: Final = "/members/subjects"


@dataclass(frozen=True, slots=True)
class Bound:
    """Who is bound, and the form to bind somebody."""

    csrf: str
    bindings: Bindings
    binding: list[tuple[str, Params]]
    done: str | None


@router.get(PAGE)
async def bound(request: Request, call: Reading) -> Response:
    """Everybody of the agency who is bound."""
    found = await members.bindings_of(call.session, call.actor, call.secret, now=call.now)
    roster = await members.roster_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal) or isinstance(roster, Refusal):
        refusal = found if isinstance(found, Refusal) else errors.not_found()
        return refused(request, refusal, call)
    done = DONE.get(request.query_params.get("done", ""))
    view = Bound(call.csrf, found, _fields(found, roster), done)
    return page(request, "members/subjects.html", view, title="Sign-in by provider", call=call)


def _fields(found: Bindings, roster: Roster) -> list[tuple[str, Params]]:
    make = Fields(Sent())
    known = {one.member_id: one.name for one in roster.members if one.kind == "person"}
    who = [(str(member), name) for member, name in known.items()]
    where = [(str(identity), name) for identity, name in found.providers]
    hint = "As the provider says it (“sub”). Never an address of mail: those change hands."
    return [
        ("select", make.choice("member", "Who", who)),
        ("select", make.choice("provider", "Provider", where)),
        ("input", make.text("subject", "Subject", hint=hint, spellcheck=False, autocomplete="off")),
    ]


@router.post(PAGE)
async def bind(request: Request, form: ChangingForm) -> Response:
    """Somebody bound, or (no subject) unbound."""
    call, sent = form.call, form.sent
    member, provider = _id(sent.one("member")), _id(sent.one("provider"))
    if member is None or provider is None:
        return refused(request, errors.not_found(), call, back=PAGE)
    subject = sent.one("subject") or None
    told = await members.bind_subject(
        call.session, call.actor, call.secret, member, provider, subject, now=call.now
    )
    return _gone(request, call, told)


def _gone(request: Request, call: Call[Any], told: str | Refusal) -> Response:
    if isinstance(told, Refusal):
        return refused(request, told, call, back=PAGE)
    return see_other(f"{PAGE}?done={quote(told)}")


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None
