"""Where an agency's own systems are told, over JSON: kept by its administrator, by no token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from agencies.duties import Scope
from referral import members
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.shapes import Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.entry import Acting, Call, Reading, needs_scope
from referral.errors import Refusal
from referral.members import Keyed
from referral.notices.signatures import Scheme
from referral.notices.webhooks import reach_of
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/webhooks", tags=["webhooks"], route_class=Route)


class Tried(Answer):
    """What became of one sending, in a word; what the receiver answered is never kept."""

    letter: UUID
    attempt: int
    kind: str
    at: datetime
    outcome: str


class Half(Answer):
    """What may be shown of a key. ``public``: of ``v1a``. ``until``: it is being replaced."""

    scheme: str
    public: str | None
    until: datetime | None


class Endpoint(Answer):
    """One endpoint, with its last sendings, the latest first."""

    id: UUID
    url: str
    types: tuple[str, ...]
    opened_at: datetime
    taken_at: datetime | None
    failing_since: datetime | None
    ended_at: datetime | None
    ended_because: str | None
    keys: tuple[Half, ...]
    attempts: tuple[Tried, ...]


class Endpoints(Answer):
    """Those of the agency, and the hosts (with their ports) it may name."""

    endpoints: tuple[Endpoint, ...]
    hosts: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, found: members.Webhooks) -> Self:
        """From the room."""
        return cls(**asdict(found))


class Opening(Shape):
    """A new endpoint. ``v1a``: it checks by our public key; ``v1``: by a secret both know."""

    model_config = shown(
        {"url": "https://cases.example.org/hooks", "types": ["requested", "overdue"]}
    )

    url: str = Field(max_length=500)
    types: list[Annotated[str, Field(max_length=40)]] = Field(min_length=1, max_length=20)
    scheme: Scheme = Scheme.ED25519


class WithKey(Answer):
    """``key``: a public one (``whpk_``), or a secret told this once (``whsec_``)."""

    id: UUID
    outcome: str
    key: str | None


class Ended(Answer):
    """What became of it, in a word."""

    id: UUID
    outcome: str


@router.get("", response_model=Endpoints)
async def webhooks(call: Reading) -> Response:
    """Every endpoint of the agency."""
    needs_scope(call, Scope.DIRECTORY_READ)
    found = await members.webhooks_of(call.session, call.actor, now=call.now)
    return refused(found) if isinstance(found, Refusal) else answer(Endpoints.of(found))


@router.post("", response_model=WithKey, status_code=201, openapi_extra=KEYED)
async def open_webhook(call: Acting, body: Opening) -> Response:
    """Open an endpoint."""
    if call.stored is not None:
        return answer(WithKey(key=None, **call.stored), 201)
    found = await members.open_webhook(
        call.session,
        call.actor,
        body.url,
        body.types,
        body.scheme,
        reach=reach_of(call.installation.settings),
        now=call.now,
    )
    return _keyed(found, 201)


@router.post("/{webhook_id}/rotation", response_model=WithKey, openapi_extra=KEYED)
async def rotate_webhook(call: Acting, webhook_id: UUID) -> Response:
    """A new key; the old one signs beside it for a day."""
    if call.stored is not None:
        return answer(WithKey(key=None, **call.stored))
    found = await members.rotate_webhook(call.session, call.actor, webhook_id, now=call.now)
    return _keyed(found, 200)


@router.post("/{webhook_id}/test", response_model=Ended, openapi_extra=KEYED)
async def try_webhook(call: Acting, webhook_id: UUID) -> Response:
    """Send it one event that is about nothing."""
    return await _said(call, members.try_webhook, webhook_id)


@router.post("/{webhook_id}/end", response_model=Ended, openapi_extra=KEYED)
async def end_webhook(call: Acting, webhook_id: UUID) -> Response:
    """End it: nothing is sent there any more, and its keys are gone."""
    return await _said(call, members.end_webhook, webhook_id)


def _keyed(found: Keyed | Refusal, status: int) -> Response:
    if isinstance(found, Refusal):
        return refused(found)
    return answer(WithKey(id=found.id, outcome=found.outcome, key=found.key), status)


async def _said(
    call: Call[WriteSession], verb: Callable[..., Awaitable[str | Refusal]], webhook: UUID
) -> Response:
    if call.stored is not None:
        return answer(Ended(**call.stored))
    found: Any = await verb(call.session, call.actor, webhook, now=call.now)
    return (
        refused(found) if isinstance(found, Refusal) else answer(Ended(id=webhook, outcome=found))
    )
