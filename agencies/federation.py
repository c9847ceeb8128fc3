"""Identity providers as an operator enters them: who speaks for whom.

1. A provider is known by its issuer, exactly; no two may share one.
2. Ending one ends every session that stands on its word.
3. The connection must be the owner's (the migration role): the app may only read providers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.fetching import acceptable_issuer
from agencies.models import Agency, Provider, Session
from agencies.seats import Refused

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_SAID: Final = re.compile(r"(acr|amr)=\S{1,200}")


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What is known of one; ``agency`` None: it speaks for the whole country."""

    key: str
    name: str
    country: str
    agency: str | None  # key
    issuer: str
    client_id: str
    secret_file: str
    two_factors: tuple[str, ...]


async def keep(connection: AsyncConnection, given: NewProvider) -> UUID | Refused:
    """Entered, or changed where the key is known. Its issuer never changes: subjects hang on it."""
    refused = _refused(given)
    if refused is not None:
        return refused
    agency = None
    if given.agency is not None:
        agency = await connection.scalar(
            select(Agency.id).where(Agency.country == given.country, Agency.key == given.agency)
        )
        if agency is None:
            told = f"{given.country} has no agency {given.agency}. The directory page lists them."
            return Refused("unknown-agency", told)
    same = select(Provider.key, Provider.issuer).where(
        (Provider.key == given.key) | (Provider.issuer == given.issuer)
    )
    for row in await connection.execute(same):
        if (row.key, row.issuer) != (given.key, given.issuer):
            told = "Key or issuer belongs to another provider: subjects hang on the issuer."
            return Refused("provider-known", told)
    values = {
        "key": given.key,
        "name": given.name,
        "country": given.country,
        "agency_id": agency,
        "issuer": given.issuer,
        "client_id": given.client_id,
        "secret_file": given.secret_file,
        "two_factors": list(given.two_factors),
        "active": True,
    }
    statement = insert(Provider).values(id=uuid4(), **values)
    kept = await connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_=values).returning(Provider.id)
    )
    return kept.scalar_one()


def _refused(given: NewProvider) -> Refused | None:
    if not _KEY.fullmatch(given.key):
        return Refused("key-malformed", "A key has 2 to 40 small letters, digits and hyphens.")
    if not acceptable_issuer(given.issuer):
        told = "An issuer is an address such as https://login.example.org, without ? or #."
        return Refused("issuer-malformed", told)
    if wrong := [one for one in given.two_factors if not _SAID.fullmatch(one)]:
        told = f"{wrong[0]}: say acr=VALUE or amr=VALUE, as the provider's tokens do."
        return Refused("two-factors-malformed", told)
    return None


async def every(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every provider, as it is kept."""
    rows = await connection.execute(
        select(Provider.__table__, Agency.key.label("agency"))
        .join(Agency, Agency.id == Provider.agency_id, isouter=True)
        .order_by(Provider.key)
    )
    hidden = {"id", "agency_id"}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        for row in rows.mappings()
    ]


async def end(connection: AsyncConnection, key: str) -> int | Refused:
    """Out of use; how many sessions ended with it."""
    found = await connection.scalar(
        update(Provider).where(Provider.key == key).values(active=False).returning(Provider.id)
    )
    if found is None:
        return Refused("unknown-provider", f"No provider is called {key}.")
    ended = await connection.execute(
        delete(Session).where(Session.provider_id == found).returning(Session.id)
    )
    return len(ended.all())
