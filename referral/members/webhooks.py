"""Where an agency's own systems are told: endpoints opened, tried, given new keys, ended.

1. By its administrator alone, who has just proved who she is; the database asks the same once more.
2. A shared secret is told once, and then is sealed: not even she reads it again. Of a pair of keys
   only the public half is ever told.
3. What this file must never know: a case, or what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from uuid_utils.compat import uuid7

from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.members.keeping import may
from referral.notices import outbound
from referral.notices.events import TYPES
from referral.notices.outbound import Reach, UnfitAddressError
from referral.notices.signatures import Key, Scheme
from referral.session import Actor, ReadSession, WriteSession, keys_of
from referral.vault import SubjectKey

ACTION: Final = "keep_webhooks"
_MOST: Final = 20  # attempts shown of each endpoint
_ENDPOINTS: Final = """
SELECT coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object('attempts', (
    SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.at DESC), '[]')
      FROM (SELECT x.letter, x.attempt, x.kind, x.at, x.outcome FROM referral.webhook_attempt x WHERE x.webhook_id = w.id ORDER BY x.at DESC LIMIT $1) a),
    'keys', (SELECT coalesce(jsonb_agg(jsonb_build_object('scheme', k.scheme, 'public', k.public, 'until', k.until) ORDER BY k.since DESC), '[]')
      FROM referral.webhook_key k WHERE k.webhook_id = w.id AND coalesce(k.until, 'infinity') > $2))
    ORDER BY w.opened_at DESC, w.id), '[]') FROM referral.webhook w
"""
_HOSTS: Final = (
    "SELECT coalesce(jsonb_agg(jsonb_build_array(h.host, h.port) ORDER BY h.host, h.port), '[]') "
    "FROM agencies.webhook_host h WHERE h.country = $1"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one sending; ``outcome`` is a word of ours (``notices.outbound.Came``)."""

    letter: UUID
    attempt: int
    kind: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class HalfKey:
    """What may be shown of a key; ``public`` None: a shared secret. ``until``: being replaced."""

    scheme: str
    public: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """One endpoint; ``failing_since``: of the first failure since it last took anything."""

    id: UUID
    url: str
    types: tuple[str, ...]
    opened_at: datetime
    taken_at: datetime | None
    failing_since: datetime | None
    ended_at: datetime | None
    ended_because: str | None
    keys: tuple[HalfKey, ...]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Those of an agency, and the hosts the operator lets it name."""

    endpoints: tuple[Webhook, ...]
    hosts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Keyed:
    """What its receiver checks by: a shared secret, told this once, or a public key."""

    id: UUID
    outcome: str
    key: str


async def webhooks_of(session: ReadSession, actor: Actor, *, now: datetime) -> Webhooks | Refusal:
    """Every endpoint of the administrator's agency, with what was last sent."""
    refused = access.by_role(actor, ACTION, now=now)
    if refused is not None:
        return refused
    rows = await as_json(session.connection, _ENDPOINTS, _MOST, now)
    hosts = await as_json(session.connection, _HOSTS, actor.country)
    return Webhooks(
        tuple(_webhook(row) for row in rows), tuple((host, port) for host, port in hosts)
    )


def _webhook(row: Mapping[str, Any]) -> Webhook:
    keys = tuple(
        HalfKey(one["scheme"], one["public"], _moment(one["until"])) for one in row["keys"]
    )
    attempts = tuple(
        Attempt(
            *(UUID(one["letter"]), one["attempt"], one["kind"]),
            *(datetime.fromisoformat(one["at"]), one["outcome"]),
        )
        for one in row["attempts"]
    )
    return Webhook(
        id=UUID(row["id"]),
        url=row["url"],
        types=tuple(row["types"]),
        opened_at=datetime.fromisoformat(row["opened_at"]),
        taken_at=_moment(row["taken_at"]),
        failing_since=_moment(row["failing_since"]),
        ended_at=_moment(row["ended_at"]),
        ended_because=row["ended_because"],
        keys=keys,
        attempts=attempts,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


async def open_webhook(
    session: WriteSession,
    actor: Actor,
    url: str,
    types: Sequence[str],
    scheme: Scheme,
    *,
    reach: Reach,
    now: datetime,
) -> Keyed | Refusal:
    """A new endpoint. ``reach``: what the installation allows; the country's hosts are added."""
    refused = may(actor, ACTION, now) or await _unfit(session, actor, url, types, reach)
    if refused is not None:
        return refused
    webhook, key = uuid4(), Key.new(scheme)
    data_key, wrapped = session.vault.new_key(webhook, "webhook")
    kept = {**_sealed(key, data_key), "wrapped": wrapped.wrapped.hex()}
    told = await scalar(
        session.connection,
        "SELECT referral.open_webhook($1, $2, $3, $4::jsonb)",
        *(webhook, url, sorted(set(types)), orjson.dumps(kept).decode()),
    )
    return await _keyed(session, actor, webhook, told, key, Done.WEBHOOK_OPENED, now)


async def _unfit(
    session: ReadSession, actor: Actor, url: str, types: Sequence[str], reach: Reach
) -> Refusal | None:
    faults = []
    if not types or not set(types) <= set(TYPES):
        told = f"Choose one or several of: {', '.join(TYPES)}."
        faults.append(Fault("/types", "unknown" if types else "missing", told))
    hosts = await as_json(session.connection, _HOSTS, actor.country)
    listed = replace(reach, hosts=frozenset((host, port) for host, port in hosts))
    try:
        await outbound.look(url, listed)
    except UnfitAddressError as fault:
        faults.append(Fault("/url", "unfit", str(fault)))
    return errors.invalid_input(faults) if faults else None


def _sealed(key: Key, data_key: SubjectKey) -> dict[str, Any]:
    row = uuid4()
    content = data_key.seal(key.text.encode(), room="webhook_key", column="content", row=row)
    return {
        "id": str(row),
        "scheme": key.scheme.value,
        "public": key.public,
        "version": data_key.version,
        "content": content.hex(),
    }


async def rotate_webhook(
    session: WriteSession, actor: Actor, webhook: UUID, *, now: datetime
) -> Keyed | Refusal:
    """A new key of the same kind. For a day the old one signs beside it: time to change over."""
    refused = may(actor, ACTION, now)
    if refused is not None:
        return refused
    row = await as_json(session.connection, "SELECT referral.webhook_data_key($1)", webhook)
    if row is None:
        return errors.not_found()
    key = Key.new(Scheme(row["scheme"]))
    kept = _sealed(key, keys_of(session, [row])[webhook])
    told = await scalar(
        session.connection,
        "SELECT referral.rotate_webhook($1, $2::jsonb)",
        *(webhook, orjson.dumps(kept).decode()),
    )
    return await _keyed(session, actor, webhook, told, key, Done.WEBHOOK_ROTATED, now)


async def _keyed(
    session: WriteSession,
    actor: Actor,
    webhook: UUID,
    told: str,
    key: Key,
    act: Done,
    now: datetime,
) -> Keyed | Refusal:
    refused = await _noted(session, actor, webhook, told, act, now)
    return refused or Keyed(webhook, told, key.public or key.text)


async def end_webhook(
    session: WriteSession, actor: Actor, webhook: UUID, *, now: datetime
) -> str | Refusal:
    """Nothing is sent there any more; its keys are gone. ``ended``."""
    refused = may(actor, ACTION, now)
    if refused is not None:
        return refused
    told = await scalar(session.connection, "SELECT referral.end_webhook($1)", webhook)
    return await _noted(session, actor, webhook, told, Done.WEBHOOK_ENDED, now) or str(told)


async def try_webhook(
    session: WriteSession, actor: Actor, webhook: UUID, *, now: datetime
) -> str | Refusal:
    """One event about nothing is sent, as all others are. ``tested``."""
    refused = may(actor, ACTION, now)
    if refused is not None:
        return refused
    told = await scalar(
        session.connection, "SELECT referral.test_webhook($1, $2)", webhook, uuid7()
    )
    return await _noted(session, actor, webhook, told, Done.WEBHOOK_TESTED, now) or str(told)


async def _noted(
    session: WriteSession, actor: Actor, webhook: UUID, told: str, act: Done, now: datetime
) -> Refusal | None:
    """What the database has done stands in the log; what it has not done is a refusal."""
    if told == "too-many":
        return Refusal(
            409,
            "too-many-webhooks",
            "An agency has ten endpoints at most",
            "Nothing was changed. End one that is no longer used.",
        )
    if told not in {"opened", "rotated", "ended", "tested"}:
        return errors.not_found()
    answer = {"id": str(webhook), "outcome": told}
    await log_own(session, actor, act, now=now, about=webhook, answer=answer, of="webhook")
    return None
