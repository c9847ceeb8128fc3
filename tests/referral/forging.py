"""Payloads as the service would send them, altered, and sent straight to ``carry_out`` as the app.

An honest verb is run with its last step caught, so that a forger starts from what is right in every
detail; entries can be written again in his own name, with right hashes, as somebody who holds the
app's connection and keys could do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from agencies.cast import Player
from referral import audit
from referral.audit import Author, Done, Draft, Head, ledger
from referral.database import scalar
from referral.vault import DataKey, Wrapped
from tests.cast import House

Payload = dict[str, Any]
Forge = Callable[[Payload], Payload | None]

_EVERYTHING = """
SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('referral', 'vault') AND c.relkind = 'r' ORDER BY 1
"""


async def caught(house: House, part: str, verb: Any, *about: Any, **more: Any) -> Payload:
    """What this verb would send; nothing is carried out."""
    found: list[Payload] = []

    async def catch(connection: Any, statement: str, *values: Any) -> Any:
        if "carry_out" not in statement:
            return await scalar(connection, statement, *values)
        found.append(orjson.loads(values[0]))
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "scalar", catch)
        await house.does(part, verb, *about, **more)
    assert len(found) == 1, "one verb is one call"
    return found[0]


async def send(house: House, part: str, payload: Payload, country: str = "zz") -> None:
    """As the app, in this person's context; committed."""
    async with house.acting(part, country) as (session, _):
        driver = (await session.connection.get_raw_connection()).driver_connection
        assert driver is not None
        text = orjson.dumps(payload).decode()
        await driver.execute("SELECT referral.carry_out($1::jsonb)", text)


async def whole(house: House) -> dict[str, str]:
    """A fingerprint of every table: what must not have changed."""
    connection = await asyncpg.connect(house.database.superuser_url)
    try:
        return {
            row["name"]: await connection.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {row['name']} t"
            )
            for row in await connection.fetch(_EVERYTHING)
        }
    finally:
        await connection.close()


async def refused(house: House, part: str, payload: Payload, country: str = "zz") -> str | None:
    """The SQLSTATE of the refusal, None if it got through; refused, nothing may have changed."""
    before = await whole(house)
    try:
        await send(house, part, payload, country)
    except asyncpg.PostgresError as fault:
        assert await whole(house) == before, "refused, and yet something changed"
        return str(fault.sqlstate)
    return None


async def all_refused(
    house: House, part: str, honest: Payload, forgeries: Mapping[str, tuple[Forge, str]]
) -> None:
    """Every forgery of an honest payload is refused, for its own reason."""
    found = {}
    for name, (forge, _) in forgeries.items():
        payload = deepcopy(honest)
        altered = forge(payload)
        found[name] = await refused(house, part, altered if altered is not None else payload)
    wrong = {name: code for name, code in found.items() if code != forgeries[name][1]}
    assert not wrong, wrong  # None: it got through; another code: another reason


async def head_of(house: House, subject: UUID) -> tuple[Head, DataKey]:
    """Where a stream stands, and the key of its bodies."""
    [row] = await house.rows(
        "SELECT s.stream_id, s.seq, s.hash, s.at, d.kind, d.version, d.wrapped "
        "FROM referral.stream_head s JOIN vault.data_key d USING (subject) WHERE s.subject = $1",
        subject,
    )
    wrapped = Wrapped(subject, row["kind"], row["version"], row["wrapped"])
    head = Head(row["stream_id"], row["seq"], row["hash"].hex(), row["at"])
    return head, house.installation.vault.unwrap(wrapped)


async def entries(house: House, by: Player, subject: UUID, drafts: Iterable[Draft]) -> list[Any]:
    """Right entries in this person's own name, whatever they say."""
    head, key = await head_of(house, subject)
    [unit] = await house.rows("SELECT agency_id FROM agencies.unit WHERE id = $1", by.unit_id)
    author = Author(str(by.membership_id), unit["agency_id"])
    at = house.at() + timedelta(milliseconds=1)
    rows, _ = audit.append(head, key, list(drafts), author=author, at=at)
    return rows


def draft(act: Done, kind: str, about: UUID | str, to: str | None = None) -> Draft:
    """One entry about one thing."""
    return Draft(act, kind, UUID(str(about)), "forged", to=to)


async def signed(house: House, by: Player, case_id: UUID, *drafts: Draft, **parts: Any) -> Payload:
    """A decision of one's own making, with entries that chain."""
    told = drafts or (draft(Done.NOTE_ADDED, "case", case_id),)
    return {
        "case_id": str(case_id),
        "entries": await entries(house, by, case_id, told),
        **parts,
    }


def resealed(header: Mapping[str, Any], entry: dict[str, Any]) -> None:
    """Put another header into an entry, hashed rightly."""
    text = orjson.dumps(header, option=orjson.OPT_SORT_KEYS)
    entry["header"] = text.decode()
    entry["hash"] = hashlib.sha256(text).hexdigest()


def rewritten(n: int = 0, **changes: Any) -> Forge:
    """The header of the nth entry changed (None takes the name away), its hash right again."""

    def forge(payload: Payload) -> None:
        entry = payload["entries"][n]
        header = orjson.loads(entry["header"])
        for name, value in changes.items():
            header.pop(name)
            if value is not None:
                header[name] = value
        resealed(header, entry)
        if n + 1 < len(payload["entries"]):  # the rest follows it
            following = orjson.loads(payload["entries"][n + 1]["header"])
            following["prev"] = entry["hash"]
            resealed(following, payload["entries"][n + 1])

    return forge


def set_in(part: str, **changes: Any) -> Forge:
    """Columns of the first row of one part."""

    def forge(payload: Payload) -> None:
        payload[part][0].update(changes)

    return forge


def without(*parts: str) -> Forge:
    """Parts left out."""

    def forge(payload: Payload) -> None:
        for part in parts:
            payload.pop(part)

    return forge


def adding(**parts: Any) -> Forge:
    """Parts put in."""

    def forge(payload: Payload) -> None:
        payload.update(parts)

    return forge


def new_id() -> str:
    """A random one."""
    return str(uuid4())
