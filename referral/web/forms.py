"""Forms as they come in: reading them, and the proof that they came from our own page.

Every form carries the session's token; every form that acts carries a random key as well, so that a
double click acts once. What this file must never know: which fields there are.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from string import digits
from typing import Annotated, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData

from protocols.buddhist_era import day_in
from referral import errors
from referral.casework import Brought
from referral.edge import file_in, identifier
from referral.entry import Call, Reading, Witnessed, Writing, claim_for, claimed
from referral.errors import Refusal, RefusedError
from referral.session import WitnessedRead, WriteSession
from referral.web.fields import Sent

MOST_FIELDS: Final = 2000
LONGEST: Final = 20_000  # characters of one field: eight pages of narrative
TABLE: Final = "people"  # a pasted table of up to a thousand persons
LONGEST_TABLE: Final = 400_000


async def sent_in(request: Request) -> Sent:
    """The form of this request. Raises for what is no form, too long, or no text."""
    try:
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
            return Sent(_texts(form))
    except (ValueError, UnicodeDecodeError) as fault:
        raise RefusedError(_unreadable()) from fault


def _texts(form: FormData) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in form:
        values = form.getlist(name)
        kept = name.startswith("password")  # a blank may belong to it
        texts = tuple(str(value) if kept else str(value).strip() for value in values)
        longest = LONGEST_TABLE if name == TABLE else LONGEST
        if any(len(text) > longest or "\x00" in text for text in texts):
            raise ValueError(name)
        found[name] = texts
    return found


def _unreadable() -> Refusal:
    return Refusal(
        422,
        "invalid-form",
        "This form cannot be read",
        f"A field has more than {LONGEST:,} characters, or what was sent is no form of ours. "
        "Nothing was changed. Go back, shorten it, and send it again.",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A form somebody sent who is signed in: the call, and what was typed."""

    call: Call[Any]
    sent: Sent


@dataclass(frozen=True, slots=True)
class Acting(Asked):
    """A form that acts."""

    call: Call[WriteSession]


@dataclass(frozen=True, slots=True)
class Opening(Asked):
    """A form that opens sealed parts; its entry is committed before the page leaves."""

    call: Call[WitnessedRead]


def prove(call: Call[Any], sent: Sent) -> None:
    """The form came from a page of this session. Raises when it did not."""
    prove_token(call.csrf, sent)


def prove_token(token: str, sent: Sent) -> None:
    """The form carries this token. Raises when it does not."""
    if hmac.compare_digest(sent.one("csrf").encode(), token.encode()):
        return
    raise RefusedError(
        Refusal(
            403,
            "form-token",
            "This form has gone stale",
            "It belongs to an earlier sign-in, or came from elsewhere. Nothing was changed. "
            "Open the page again and send it from there.",
        )
    )


async def _changing(request: Request, call: Writing) -> Acting:
    """A form that changes only the own session: twice is as once, so it needs no key."""
    sent = await sent_in(request)
    prove(call, sent)
    return Acting(call, sent)


async def _acting(request: Request, call: Writing) -> Acting:
    sent = await sent_in(request)
    prove(call, sent)
    claim = claim_for(_key_of(sent), request.method, request.url.path, _body_of(sent))
    return Acting(await claimed(call, claim), sent)


def _key_of(sent: Sent) -> str:
    try:
        return str(UUID(sent.one("key")))
    except ValueError as fault:
        raise RefusedError(_no_key()) from fault


def _body_of(sent: Sent) -> bytes:
    """What the key is bound to: names and values in order, without the token of the session."""
    pairs = sorted((name, values) for name, values in sent.values.items() if name != "csrf")
    return repr(pairs).encode()


def _no_key() -> Refusal:
    return Refusal(
        400,
        "key-missing",
        "This form is incomplete",
        "It came without the number that keeps it from acting twice. Open the page again.",
    )


@dataclass(frozen=True, slots=True)
class Attaching(Acting):
    """A form that brings one file to a referral."""

    referral: UUID
    brought: Brought


async def _attaching(request: Request, call: Writing) -> Attaching:
    fields, file = await file_in(request)
    sent = Sent({name: (value,) for name, value in fields.items()})
    prove(call, sent)
    digest = sha256(file.content).digest()
    claim = claim_for(_key_of(sent), request.method, request.url.path, _body_of(sent) + digest)
    referral = identifier(sent.one("referral"), "/referral")
    brought = Brought(file.name, file.content, sent.one("shows"))
    return Attaching(await claimed(call, claim), sent, referral, brought)


async def _opening(request: Request, call: Witnessed) -> Opening:
    sent = await sent_in(request)
    prove(call, sent)
    return Opening(call, sent)


async def _asking(request: Request, call: Reading) -> Asked:
    sent = await sent_in(request)
    prove(call, sent)
    return Asked(call, sent)


ActingForm = Annotated[Acting, Depends(_acting, scope="function")]
AttachingForm = Annotated[Attaching, Depends(_attaching, scope="function")]
ChangingForm = Annotated[Acting, Depends(_changing, scope="function")]
OpeningForm = Annotated[Opening, Depends(_opening, scope="function")]
AskingForm = Annotated[Asked, Depends(_asking, scope="function")]


def new_key() -> str:
    """A fresh number for one act."""
    return str(uuid4())


def moment_in(sent: Sent, name: str, zone: str) -> datetime | Refusal | None:
    """A day (``name``) and perhaps a time (``name-time``) typed in the unit's zone.

    A day of the Buddhist Era says so: ``B.E. 2569-03-02``.
    """
    day, time = sent.one(name), sent.one(f"{name}-time")
    if not day:
        return None
    try:
        # A bare year of the Buddhist Era is read as it stands: the act itself refuses it, in words.
        typed = day if day[0] in digits else day_in(day).isoformat()
        return datetime.fromisoformat(f"{typed}T{time or '00:00'}").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        message = (
            "Give a day as year-month-day (2026-03-02; a year of the Buddhist Era is written"
            " B.E. 2569-03-02) and a time such as 14:30."
        )
        return errors.invalid_input([errors.Fault(f"/{name}", "unreadable", message)])
