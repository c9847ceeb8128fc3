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
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from agencies.cast import Player
from referral import audit, casework
from referral.audit import Author, Done, Draft, Head, ledger
from referral.casework import Acted, Filed, Intake, PersonTold, Said
from referral.database import scalar
from referral.vault import SubjectKey, Wrapped
from tests.cast import PLACE, House, asked, child_at_work

NO_CAPACITY = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")
ALL = ["G0", "G1", "G2", "G3", "G4", "G5"]

Payload = dict[str, Any]
Forge = Callable[[Payload], Payload | None]

_EVERYTHING = """
SELECT n.nspname || '.' || c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('referral', 'vault') AND c.relkind = 'r' ORDER BY 1
"""


async def caught(
    house: House, part: str, verb: Any, *about: Any, door: str = "carry_out", **more: Any
) -> Payload:
    """What this verb would send through this door; nothing is carried out."""
    found: list[Payload] = []

    async def catch(connection: Any, statement: str, *values: Any) -> Any:
        if f"referral.{door}(" not in statement:
            return await scalar(connection, statement, *values)
        found.append(orjson.loads(values[0]))
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "scalar", catch)
        await house.does(part, verb, *about, **more)
    assert len(found) == 1, "one verb is one call"
    return found[0]


async def send(
    house: House, part: str, payload: Payload, country: str = "zz", door: str = "carry_out"
) -> None:
    """As the app, in this person's context; committed."""
    async with house.acting(part, country) as (session, _):
        driver = (await session.connection.get_raw_connection()).driver_connection
        assert driver is not None
        text = orjson.dumps(payload).decode()
        await driver.execute(f"SELECT referral.{door}($1::jsonb)", text)


async def whole(house: House) -> dict[str, str]:
    """A fingerprint of every table: what must not have changed."""
    connection = await asyncpg.connect(house.database.superuser_url)
    try:
        return {
            row["name"]: await connection.fetchval(
                "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) "
                f"FROM {row['name']} t"
            )
            for row in await connection.fetch(_EVERYTHING)
        }
    finally:
        await connection.close()


async def refused(
    house: House, part: str, payload: Payload, country: str = "zz", door: str = "carry_out"
) -> str | None:
    """The SQLSTATE of the refusal, None if it got through; refused, nothing may have changed."""
    before = await whole(house)
    try:
        await send(house, part, payload, country, door)
    except asyncpg.PostgresError as fault:
        assert await whole(house) == before, "refused, and yet something changed"
        return str(fault.sqlstate)
    return None


async def all_refused(
    house: House,
    part: str,
    honest: Payload,
    forgeries: Mapping[str, tuple[Forge, str]],
    door: str = "carry_out",
) -> None:
    """Every forgery of an honest payload is refused, for its own reason."""
    found = {}
    for name, (forge, _) in forgeries.items():
        payload = deepcopy(honest)
        altered = forge(payload)
        payload = altered if altered is not None else payload
        found[name] = await refused(house, part, payload, door=door)
    wrong = {name: code for name, code in found.items() if code != forgeries[name][1]}
    assert not wrong, wrong  # None: it got through; another code: another reason


async def head_of(house: House, subject: UUID) -> tuple[Head, SubjectKey]:
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
        for before, after in pairwise(payload["entries"][n:]):  # the rest follows it
            following = orjson.loads(after["header"])
            following["prev"] = before["hash"]
            resealed(following, after)

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


async def filed_case(house: House) -> tuple[Filed, UUID, UUID]:
    """A child at work, the office asked; its case and the hand-off."""
    filed: Filed = await house.manages("inspector", casework.file, child_at_work())
    return filed, UUID(filed.case_id), asked(filed, "ZZ-C01")


async def two_held(house: House) -> tuple[Filed, Acted, UUID]:
    """Two children of one case: the office holds the first, the directorate the second."""
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    person = PersonTold(facts=told, identity={"name": "Amal Doe"})
    intake = Intake(client_id=uuid4(), place=PLACE, reported="CL", persons=(person, person))
    filed: Filed = await house.manages("inspector", casework.file, intake)
    first, second = (UUID(ask.hand_off_id) for ask in filed.asks if ask.step == "ZZ-C01")
    await house.manages("social_worker", casework.accept, first)
    declined = await house.manages("social_worker", casework.decline, second, NO_CAPACITY)
    taken = await house.manages("directorate", casework.accept, asked(declined, "ZZ-C01"))
    return filed, taken, first


def rows_of(row: Any, **changes: Any) -> dict[str, Any]:
    """A stored row as a caller would send it."""
    plain: dict[str, Any] = {
        name: value if isinstance(value, bool | int | list | type(None)) else str(value)
        for name, value in row.items()
    }
    for name in (
        "reason",
        "warnings",
        "rungs",
        "derivation",
        "stood",
        "sources",
        "results",
        "needed",
        "withheld",
    ):
        if name in plain:
            plain[name] = [] if name != "reason" else {}
    return plain | changes


def receiver(who: Any, agency: Any = None) -> dict[str, str]:
    """Columns that send a hand-off to this player."""
    found = {"receiver_unit": str(who.unit_id)}
    return found | ({"receiver_agency": str(agency)} if agency else {})


def docket(here: dict[str, Any], hand_off: UUID, agency: str) -> dict[str, Any]:
    """A docket number in an agency's name."""
    return {
        "id": new_id(),
        **here,
        "hand_off_id": str(hand_off),
        "agency_id": agency,
        "number": "1",
    }


def a_person(here: dict[str, Any]) -> dict[str, Any]:
    """Somebody more in the case."""
    return {
        "id": new_id(),
        **here,
        "number": 9,
        "role": "concerned",
        "identified": True,
        "headcount": 1,
    }


def key_for(subject: UUID, case_id: UUID | None, kind: str = "person") -> dict[str, Any]:
    """A wrapped key of the forger's making."""
    return {
        "subject": str(subject),
        "kind": kind,
        "case_id": str(case_id) if case_id else None,
        "version": 1,
        "wrapped": "00",
        "created_at": "2026-03-02T12:00:00Z",
    }
