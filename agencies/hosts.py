"""Hosts that agencies' endpoints may be at, as an operator enters them: one country's each.

1. A name in full and a port; never an address in numbers, whose owner nobody can check.
2. One that is taken away is not sent to from then on; what waits for it says so.
3. The connection must be the owner's (the migration role): the app may only read them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import WebhookHost
from agencies.seats import Refused

NAME: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LARGEST: Final = 65_535
TLS: Final = 443


@dataclass(frozen=True, slots=True)
class Host:
    """Where endpoints of a country's agencies may be."""

    country: str
    host: str
    port: int


def read(country: str, given: str) -> Host | Refused:
    """``HOST`` or ``HOST:PORT``, checked."""
    name, colon, port = given.strip().lower().partition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0  # noqa: PLR2004
    number = number if colon else TLS
    if not NAME.fullmatch(name) or not 0 < number <= _LARGEST:
        told = (
            f"{given} is no host such as cases.example.org or cases.example.org:8443: a name in "
            "full (in its xn-- form where it has other letters), no address in numbers, no path."
        )
        return Refused("host-malformed", told)
    if not _COUNTRY.fullmatch(country.upper()):
        return Refused("country-malformed", f"{country} is no country: two letters, ISO 3166-1.")
    return Host(country.upper(), name, number)


async def allow(connection: AsyncConnection, host: Host) -> None:
    """Listed; again changes nothing."""
    values = {"country": host.country, "host": host.host, "port": host.port}
    await connection.execute(insert(WebhookHost).values(**values).on_conflict_do_nothing())


async def forbid(connection: AsyncConnection, host: Host) -> Refused | None:
    """Not listed any more."""
    gone = delete(WebhookHost).where(
        WebhookHost.country == host.country,
        WebhookHost.host == host.host,
        WebhookHost.port == host.port,
    )
    if (await connection.execute(gone.returning(WebhookHost.host))).one_or_none() is None:
        told = f"{host.host}:{host.port} is not listed for {host.country}."
        return Refused("unknown-host", told)
    return None


async def every(connection: AsyncConnection) -> list[Host]:
    """Every host, by country."""
    rows = await connection.execute(
        select(WebhookHost.country, WebhookHost.host, WebhookHost.port).order_by(
            WebhookHost.country, WebhookHost.host, WebhookHost.port
        )
    )
    return [Host(*row) for row in rows]
