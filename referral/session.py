"""What a room is handed to work with: one transaction, the vault, the law, and who is calling.

The three session types are different types on purpose: a function that only asks cannot be handed
the power to change, and whoever opens G2-G5 must hold a session whose entry is committed before
the bytes leave. Rooms never commit; the door does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from protocols import protocol
from protocols.catalogue import Catalogue
from referral.vault import SubjectKey, Vault, Wrapped


class Role(StrEnum):
    """What a member may be in her unit (architecture, rule 10)."""

    OFFICER = "OFFICER"
    SUPERVISOR = "SUPERVISOR"
    COORDINATOR = "COORDINATOR"
    AUDITOR = "AUDITOR"
    DATA_PROTECTION_OFFICER = "DATA_PROTECTION_OFFICER"
    STATISTICIAN = "STATISTICIAN"
    AGENCY_ADMIN = "AGENCY_ADMIN"
    SYSTEM_ADMIN = "SYSTEM_ADMIN"
    WORKER = "WORKER"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling, in one membership; read from tables at every call, never cached."""

    id: UUID
    member_id: UUID
    name: str
    country: str
    agency_id: UUID
    agency_key: str
    agency_name: str
    agency_type: str
    unit_id: UUID
    unit_name: str
    role: Role
    time_zone: str
    authenticated_at: datetime | None = None
    csrf_hash: str | None = None
    scopes: frozenset[str] | None = None  # None: a session, bound by no scope
    glass: tuple[UUID, UUID, datetime] | None = None  # open now: its id, the case, until when

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Actor:
        """The answer of ``begin_actor``."""
        moment, glass = row["authenticated_at"], row["glass"]
        return cls(
            id=UUID(row["id"]),
            member_id=UUID(row["member_id"]),
            name=row["name"],
            country=row["country"],
            agency_id=UUID(row["agency_id"]),
            agency_key=row["agency_key"],
            agency_name=row["agency_name"],
            agency_type=row["agency_type"],
            unit_id=UUID(row["unit_id"]),
            unit_name=row["unit_name"],
            role=Role(row["role"]),
            time_zone=row["time_zone"],
            authenticated_at=datetime.fromisoformat(moment) if moment else None,
            csrf_hash=row["csrf_hash"],
            scopes=frozenset(row["scopes"]) if row["scopes"] is not None else None,
            glass=(
                UUID(glass["id"]),
                UUID(glass["case_id"]),
                datetime.fromisoformat(glass["ends_at"]),
            )
            if glass
            else None,
        )


class Pinned(Protocol):
    """What stands under one version of a track for as long as it runs."""

    @property
    def track(self) -> str:
        """Its track."""

    @property
    def protocol_version(self) -> str:
        """The version it was filed under."""

    @property
    def protocol_digest(self) -> str:
        """The digest of that version's law."""


def law_of(catalogue: Catalogue, country: str, of: Pinned) -> protocol.Protocol | None:
    """The law something runs under; None when it is no longer here, or no longer what it was.

    Never another version: what is explained by a law it does not stand under is explained wrongly.
    """
    try:
        return catalogue.pinned(country, of.track, of.protocol_version, of.protocol_digest)
    except LookupError:
        return None


@dataclass(slots=True)
class ReadSession:
    """May ask; sees G0 and G1 only."""

    connection: AsyncConnection
    vault: Vault
    catalogue: Catalogue
    request_id: str

    def day_in(self, country: str, moment: datetime) -> date:
        """The calendar day of that country: what stands in law and directory is asked by it."""
        return self.catalogue.day_in(country, moment)


class WitnessedRead(ReadSession):
    """May open G2-G5; its entry is committed before the bytes leave."""


@dataclass(slots=True)
class WriteSession(ReadSession):
    """May act. ``claim`` is the idempotency key to be stored with the act, if there is one."""

    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key being worked on: SHA-256 of the key and of the request."""

    key_hash: bytes
    request_hash: bytes


def keys_of(session: ReadSession, rows: Iterable[Mapping[str, Any]]) -> dict[UUID, SubjectKey]:
    """Data keys by subject, unwrapped from rows as the database hands them out."""
    found = {}
    for row in rows:
        subject = UUID(row["subject"])
        wrapped = bytes.fromhex(row["wrapped"].removeprefix("\\x"))
        found[subject] = session.vault.unwrap(
            Wrapped(subject, row["kind"], row["version"], wrapped)
        )
    return found
