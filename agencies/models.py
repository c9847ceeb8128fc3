"""The directory's tables (schema ``agencies``), as the migration `0001_directory` makes them.

1. Every period is half-open (``valid_from <= day < valid_until``); changes are dated.
2. What this file must never know: a case, a protocol. Mandates are plain codes here.

The migration is the truth (constraints, rights, functions live there); a test compares the two.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Directory(DeclarativeBase):
    """Everything the directory owns."""

    metadata = MetaData(schema="agencies")
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        str: Text,
        datetime: TIMESTAMP(timezone=True),
        dict[str, str]: JSONB,
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
    }


class Jurisdiction(Directory):
    """A place: a country, its ISO 3166-2 subdivisions, localities below, and groups across."""

    __tablename__ = "jurisdiction"

    code: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str]
    parent: Mapped[str | None] = mapped_column(ForeignKey("jurisdiction.code"))
    kind: Mapped[str]
    names: Mapped[dict[str, str]]


class Grouping(Directory):
    """One place belongs to one group (a region, a judicial district)."""

    __tablename__ = "grouping"

    member_code: Mapped[str] = mapped_column(ForeignKey("jurisdiction.code"), primary_key=True)
    group_code: Mapped[str] = mapped_column(ForeignKey("jurisdiction.code"), primary_key=True)


class Agency(Directory):
    """A body that may hold mandates. A confidential one is shown as its mandate, never by name."""

    __tablename__ = "agency"
    __table_args__ = (UniqueConstraint("country", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    country: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    names: Mapped[dict[str, str]]
    type: Mapped[str]
    level: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency.id"))
    confidential: Mapped[bool]
    source: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Unit(Directory):
    """A desk of an agency; hand-offs are addressed to intake units, in the unit's own time zone."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("agency_id", "key"), UniqueConstraint("id", "agency_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    country: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    intake: Mapped[bool]
    time_zone: Mapped[str]


class Mandate(Directory):
    """What an agency is legally charged with, where, and in which order it is asked."""

    __tablename__ = "mandate"
    __table_args__ = (
        ForeignKeyConstraint(["unit_id", "agency_id"], ["unit.id", "unit.agency_id"]),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    agency_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    country: Mapped[str]
    mandate: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(ForeignKey("jurisdiction.code"))
    priority: Mapped[int]
    fall_back: Mapped[bool]
    source: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Member(Directory):
    """A person or a system of one country. A system has tokens, never a password."""

    __tablename__ = "member"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    country: Mapped[str]
    kind: Mapped[str]
    user_name: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    active: Mapped[bool]


class Membership(Directory):
    """A member in a role at a unit. Acts are done by a membership, not by a person at large."""

    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(["unit_id", "agency_id"], ["unit.id", "unit.agency_id"]),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    agency_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    role: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Device(Directory):
    """Registered by its owner for work in the field: its sessions may rest longer."""

    __tablename__ = "device"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    secret_hash: Mapped[bytes]
    name: Mapped[str]
    registered_at: Mapped[datetime]


class Session(Directory):
    """A browser signed in. Reached through functions of the migration only."""

    __tablename__ = "session"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    csrf_hash: Mapped[bytes]
    proof: Mapped[str]
    browser: Mapped[str]
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("provider.id"))


class ApiToken(Directory):
    """A bearer token. Reached through functions of the migration only."""

    __tablename__ = "api_token"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    name: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"))


class Client(Directory):
    """An agency's system: it proves itself by a secret or by its signature."""

    __tablename__ = "client"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    secret_hash: Mapped[bytes | None]
    keys: Mapped[dict[str, Any] | None]
    scopes: Mapped[list[str]]
    active: Mapped[bool]


class ClientProof(Directory):
    """A signed proof that was used: none is good twice."""

    __tablename__ = "client_proof"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    proof_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class Absence(Directory):
    """Somebody is away; her deputy, of the same unit, stands in."""

    __tablename__ = "absence"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    deputy_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    noted_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    noted_at: Mapped[datetime]


class Duty(Directory):
    """Who is on duty at a desk, for what waits for somebody who is away."""

    __tablename__ = "duty"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    noted_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    noted_at: Mapped[datetime]


class RoleGrant(Directory):
    """A role that takes two to give: who asked, who answered, and what."""

    __tablename__ = "role_grant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    agency_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    role: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    asked_at: Mapped[datetime]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]


class RecoveryAsk(Directory):
    """A new start that takes two to give: who asked for whom, and what another answered."""

    __tablename__ = "recovery_ask"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]


class Passkey(Directory):
    """Public key and counter of a passkey; ``blocked_at``: the counter went back once."""

    __tablename__ = "passkey"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    enrolled_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]


class CodeGenerator(Directory):
    """An authenticator app: its sealed secret, and the time step of the last code taken."""

    __tablename__ = "code_generator"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    secret: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[datetime]
    enrolled_at: Mapped[datetime | None]


class Ceremony(Directory):
    """What a browser has begun and not finished: a right password, an enrolment, a challenge."""

    __tablename__ = "ceremony"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    challenge: Mapped[bytes | None]
    expires_at: Mapped[datetime]


class Enrolment(Directory):
    """A secret told once to somebody who may enrol anew."""

    __tablename__ = "enrolment"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    secret_hash: Mapped[bytes]
    given_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Provider(Directory):
    """An identity provider and for whom it speaks; ``secret_file`` names a file, not a secret."""

    __tablename__ = "provider"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency.id"))
    issuer: Mapped[str]
    client_id: Mapped[str]
    secret_file: Mapped[str]
    two_factors: Mapped[list[str]]
    active: Mapped[bool]


class WebhookHost(Directory):
    """A host that endpoints of a country's agencies may be at: the operator's word."""

    __tablename__ = "webhook_host"

    country: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(primary_key=True)
    port: Mapped[int] = mapped_column(primary_key=True)


class Subject(Directory):
    """Who a provider's subject is here. Reached through functions of the migration only."""

    __tablename__ = "subject"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("provider.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    bound_by: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    bound_at: Mapped[datetime]


class Provisioned(Directory):
    """What an agency's identity provider calls somebody, and whether it lets her in."""

    __tablename__ = "provisioned"

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    external_id: Mapped[str | None]
    active: Mapped[bool]
