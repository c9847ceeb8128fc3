"""Random histories, put straight into the tables: what years of work leave behind, errors included.

Units, agencies, places and law are those of the furnished house; everything else is drawn by seed.
The rows go past every act, so whoever uses them says that the house is not honest.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg

from tests.cast import House

_SPACE = UUID("5f1d4dd2-6a2e-4c35-8d8f-0d7e0d9d4f11")
TRACKS = {"child_protection": ("ZZ-C01", "ZZ-C02"), "trafficking": ("ZZ-T01",)}
VERSIONS = ("2026-01-01", "2026-02-15")
PLACES = ("ZZ-N", "ZZ-S")
_OPEN = ("requested", "received", "accepted", "in-progress", "on-hold")


@dataclass(frozen=True, slots=True)
class HandOff:
    """One row of the table, as far as figures look at it."""

    id: UUID
    track: str
    step: str
    version: str
    jurisdiction: str
    kind: str
    state: str
    sender_unit: UUID
    receiver_unit: UUID
    receiver_agency: UUID
    requested_at: datetime
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    first_contact_at: datetime | None = None
    ended_at: datetime | None = None
    opening: int = 1
    attested: bool = False
    attestation_confirmed_at: datetime | None = None
    imported: bool = False
    in_error: bool | None = None
    sender_member: UUID | None = None
    receiver_member: UUID | None = None
    limits: tuple[tuple[str, str, timedelta, datetime | None, str], ...] = ()
    country: str = "ZZ"


@dataclass(slots=True)
class History:
    """What was drawn, and how to put it into a house."""

    rows: list[HandOff] = field(default_factory=list)

    async def enter(self, house: House) -> None:
        """All of it, in one transaction, with every trigger on."""
        house.honest = False
        member = house.player("inspector").membership_id
        tables: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            for table, columns in _rows_of(row, member):
                tables.setdefault(table, []).append(columns)
        connection = await asyncpg.connect(house.database.superuser_url)
        try:
            async with connection.transaction():
                for table, rows in tables.items():
                    names = ", ".join(rows[0])
                    places = ", ".join(f"${at}" for at in range(1, len(rows[0]) + 1))
                    await connection.executemany(
                        f"INSERT INTO referral.{table} ({names}) VALUES ({places})",
                        [tuple(row.values()) for row in rows],
                    )
        finally:
            await connection.close()


async def change(house: House, row: HandOff, **changes: Any) -> HandOff:
    """One hand-off changed afterwards, as an act told later would."""
    words = ", ".join(f"{name} = ${at}" for at, name in enumerate(changes, start=2))
    await house.rows(
        f"UPDATE referral.hand_off SET {words} WHERE id = $1", row.id, *changes.values()
    )
    return replace(row, **changes)


def _rows_of(row: HandOff, member: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
    """A case with one person and one referral for each, and who has a part in it."""
    case, person, referral = (uuid5(row.id, name) for name in ("case", "person", "referral"))
    at, country = row.requested_at, {"country": row.country}
    pinned = {"track": row.track, "protocol_version": row.version, "protocol_digest": "drawn"}
    of_case = {"case_id": case, **country}
    yield (
        "case",
        {
            **country,
            "id": case,
            "reference": str(row.id),
            "client_id": case,
            "version": 1,
            "place": row.jurisdiction,
            "urgency": "routine",
            "imported": row.imported,
            "filed_by_unit": row.sender_unit,
            "filed_by_member": member,
            "filed_at": at,
            "occurred_at": at,
            "occurred_precision": "minute",
        },
    )
    yield (
        "person",
        {**of_case, "id": person, "number": 1, "role": "concerned", "identified": True},
    )
    yield (
        "referral",
        {
            **of_case,
            **pinned,
            "id": referral,
            "person_id": person,
            "state": "open",
            "lead": True,
            "triage": False,
            "results": "[]",
            "holder_unit": row.sender_unit,
            "holder_since": at,
            "lawful_basis": "LEGAL_OBLIGATION",
            "opened_at": at,
        },
    )
    told = {name: value for name, value in vars_of(row).items() if name not in _ELSEWHERE}
    of_hand_off = {**of_case, "referral_id": referral}
    yield (
        "hand_off",
        {
            **told,
            **of_hand_off,
            **pinned,
            "person_id": person,
            "batch": case,
            "mandate": "CHILD_PROTECTION",
            "urgency": "routine",
            "reason": "[]",
            "travels": ["G0"],
        },
    )
    for unit, relationship in ((row.sender_unit, "sender"), (row.receiver_unit, "participant")):
        part = {"id": uuid4(), "hand_off_id": row.id, "unit_id": unit, "since": at}
        yield "party", {**of_hand_off, **part, "relationship": relationship, "groups": ["G0"]}
    for clock, basis, length, stopped, state in row.limits:
        limit = {"id": uuid4(), "hand_off_id": row.id, "clock": clock, "step": row.step}
        limit |= {"starts_at": at, "due_at": at + length, "state": state, "stopped_at": stopped}
        limit |= {"rungs": "[]", "immediate": False, "basis": basis, "derivation": "[]"}
        yield "clock", {**of_hand_off, **limit, "calendar": "drawn", "sources": "[]"}


_ELSEWHERE = {"limits", "version", "track"}
# By their keys, the same in every run: ids are not.
_UNITS = (
    "SELECT u.id, u.agency_id FROM agencies.unit u JOIN agencies.agency a ON a.id = u.agency_id"
)


def vars_of(row: HandOff) -> dict[str, Any]:
    """Its columns by name."""
    return {one.name: getattr(row, one.name) for one in fields(row)}


@dataclass(slots=True)
class Drawing:
    """Draws hand-offs for one house, the same for the same seed."""

    house: House
    seed: int
    begins: datetime
    ends: datetime
    units: list[tuple[UUID, UUID]] = field(default_factory=list)

    async def some(self, count: int) -> History:
        """So many of them, at random moments of the period."""
        rows = await self.house.rows(
            f"{_UNITS} WHERE u.country = 'ZZ' AND u.id <> $1 ORDER BY a.key, u.key LIMIT 6",
            self.house.player("outsider").unit_id,
        )
        own = await self.house.rows(
            f"{_UNITS} WHERE u.id = ANY ($1) ORDER BY a.key, u.key",
            [self.house.player(part).unit_id for part in ("inspector", "social_worker")],
        )
        self.units = [(row["id"], row["agency_id"]) for row in [*own, *rows]]
        draw = random.Random(self.seed)  # noqa: S311 - chance, not secrets
        return History([self._one(draw, number) for number in range(count)])

    def _one(self, draw: random.Random, number: int) -> HandOff:
        track = draw.choice(sorted(TRACKS))
        (sender, _), (receiver, agency) = draw.choices(self.units, k=2)
        at = self.begins + (self.ends - self.begins) * draw.random()
        state = draw.choice((*_OPEN, "rejected", "completed", "completed", "failed", "cancelled"))
        inspector = self.house.player("inspector")
        made = HandOff(
            id=uuid5(_SPACE, f"{self.seed} {number}"),
            track=track,
            step=draw.choice(TRACKS[track]),
            version=draw.choice(VERSIONS),
            jurisdiction=draw.choice(PLACES),
            kind=draw.choices(("custody", "task", "notice"), (6, 3, 1))[0],
            state=state,
            sender_unit=sender,
            receiver_unit=receiver,
            receiver_agency=agency,
            requested_at=at,
            opening=draw.choice((1, 1, 1, 2)),
            attested=draw.random() < 0.1,
            imported=draw.random() < 0.05,
            in_error=True if draw.random() < 0.05 else None,
            sender_member=inspector.membership_id if sender == inspector.unit_id else None,
        )
        return _worked(draw, made)


def _worked(draw: random.Random, made: HandOff) -> HandOff:
    """With the times its state asks for, some of them wrong."""

    def later(moment: datetime) -> datetime:
        hours = draw.lognormvariate(2, 1.5) * (-1 if draw.random() < 0.03 else 1)
        return moment + timedelta(hours=hours)

    told: dict[str, datetime] = {"requested_at": made.requested_at}
    if made.state != "requested" and draw.random() < 0.98:
        told["received_at"] = later(made.requested_at)
    taken = made.state not in {"requested", "received", "rejected"}
    if taken and draw.random() < 0.9:
        told["accepted_at"] = later(told.get("received_at", made.requested_at))
        if draw.random() < 0.6:
            told["first_contact_at"] = later(told["accepted_at"])
    if made.state not in _OPEN:
        told["ended_at"] = later(max(told.values()))
    if made.attested and draw.random() < 0.5:
        told["attestation_confirmed_at"] = later(made.requested_at)
    moments: dict[str, Any] = dict(told)
    return replace(made, **moments, limits=_limits(draw, made, told))


def _limits(
    draw: random.Random, made: HandOff, told: dict[str, datetime]
) -> tuple[tuple[str, str, timedelta, datetime | None, str], ...]:
    found = []
    for name, basis in (("answer", "statutory"), ("visit", "assumption")):
        if draw.random() < 0.7:
            stopped = told.get("accepted_at", told.get("ended_at"))
            running = draw.choice(("running", "paused", "lapsed"))
            clock = (f"{made.step}.{name}", basis, timedelta(hours=draw.choice((24, 72))))
            found.append((*clock, stopped, "stopped" if stopped else running))
    return tuple(found)
