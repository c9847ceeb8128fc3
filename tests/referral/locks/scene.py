"""Cases in every state, with somebody in every relationship to them, and a house that forgets.

Who stands how to which case is written here by hand, never read from the code that is tested. In a
house that forgets, every request is really carried out, answered, and undone: each finds the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from agencies.cast import Part, Player
from agencies.duties import Role, Scope
from agencies.identity import digest_of
from agencies.members import Added, add
from agencies.seats import Seat
from protocols.country import Caregiver, Voice
from referral import casework, worker
from referral.access.relationships import Relationship
from referral.casework import Brought, Said
from referral.consent import Form, Given, Purpose, Statement
from tests.cast import House, asked
from tests.referral.api.desk import ROOT, key
from tests.referral.test_attachments_seen import photograph
from tests.referral.test_row_security import full_report

WHY = "Her aunt has called the station twice."
SINCE = date(2026, 1, 5)
_BEGAN, _LONG = datetime(2026, 1, 6, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
DESK = "NIGHT-DESK"
# Two more at the children's office, beside Winnie and at another desk, one at the inspection, and
# whoever works beside and above the trafficking officer.
MORE = {
    "colleague": ("social_worker", None, Role.OFFICER),
    "night_officer": ("social_worker", DESK, Role.OFFICER),
    "desk_mate": ("inspector", None, Role.OFFICER),  # not in charge of what Ines has filed
    "trafficking_mate": ("trafficking_officer", None, Role.OFFICER),
    "trafficking_chief": ("trafficking_officer", None, Role.SUPERVISOR),
}
HOLDING = frozenset({Relationship.HOLDER, Relationship.HOLDERS_UNIT})
OVER_IT = frozenset({Relationship.HOLDERS_UNIT, Relationship.UNIT_SUPERVISOR})
SENT = frozenset({Relationship.SENDER, Relationship.PAST_HOLDER})
# State -> who stands how to the hand-off (and its referral); whoever is not named: not at all.
STANDS: dict[str, dict[str, frozenset[Relationship]]] = {
    "asked": {
        "inspector": HOLDING,
        "supervisor": OVER_IT,
        "desk_mate": frozenset({Relationship.HOLDERS_UNIT}),
        "social_worker": frozenset({Relationship.PENDING_RECIPIENT}),
        "colleague": frozenset({Relationship.PENDING_RECIPIENT}),
        "protection_supervisor": frozenset(
            {Relationship.PENDING_RECIPIENT, Relationship.RECIPIENT_SUPERVISOR}
        ),
    },
    "worked": {
        "inspector": SENT,
        "supervisor": SENT,
        "desk_mate": SENT,
        "social_worker": HOLDING,
        "colleague": frozenset({Relationship.HOLDERS_UNIT}),
        "protection_supervisor": OVER_IT,
        "night_officer": frozenset({Relationship.BREAK_GLASS}),
    },
    "task": {  # the prosecutor's own hand-off of the same case
        "inspector": frozenset({Relationship.PAST_HOLDER}),
        "supervisor": frozenset({Relationship.PAST_HOLDER}),
        "desk_mate": frozenset({Relationship.PAST_HOLDER}),
        "social_worker": HOLDING | {Relationship.SENDER},
        "colleague": frozenset({Relationship.HOLDERS_UNIT, Relationship.SENDER}),
        "protection_supervisor": OVER_IT | {Relationship.SENDER},
        "prosecutor": frozenset({Relationship.PARTICIPANT}),
        "night_officer": frozenset({Relationship.BREAK_GLASS}),
    },
    "declined": {
        "inspector": HOLDING | {Relationship.SENDER},
        "supervisor": OVER_IT | {Relationship.SENDER},
        "desk_mate": frozenset({Relationship.HOLDERS_UNIT, Relationship.SENDER}),
        "social_worker": frozenset({Relationship.PAST_RECIPIENT}),
        "colleague": frozenset({Relationship.PAST_RECIPIENT}),
        "protection_supervisor": frozenset({Relationship.PAST_RECIPIENT}),
    },
}


# To the case as a whole, where that is something else: whoever has declined keeps her own hand-off
# only, and another was asked in her place.
OF_THE_CASE: dict[str, dict[str, frozenset[Relationship]]] = {
    "worked": {"prosecutor": frozenset({Relationship.PARTICIPANT})},
    "declined": {
        **dict.fromkeys(("social_worker", "colleague", "protection_supervisor"), frozenset()),
        "directorate": frozenset({Relationship.PENDING_RECIPIENT}),
    },
}
EVERY_GROUP = frozenset({"G0", "G1", "G2", "G3", "G4", "G5"})
_PAST, _ASKED = frozenset({"G0"}), frozenset({"G0", "G1"})
_FILED = dict.fromkeys(("inspector", "supervisor", "desk_mate"), EVERY_GROUP)
_OFFICE = ("social_worker", "colleague", "protection_supervisor")
# What the protocol lets travel to whom (ZZ-C01: names, no more; ZZ-C04: the facts).
TRAVELS: dict[str, dict[str, frozenset[str]]] = {
    "asked": {**_FILED, **dict.fromkeys(_OFFICE, _ASKED)},
    "worked": {
        **dict.fromkeys(_FILED, _PAST),
        **dict.fromkeys(_OFFICE, frozenset({"G0", "G1", "G2"})),
        "prosecutor": _ASKED,
        "night_officer": frozenset({"G0", "G1", "G2"}),
    },
    "declined": {
        **_FILED,
        **dict.fromkeys(_OFFICE, frozenset({"OWN"})),
        "directorate": _ASKED,
    },
}
TRAVELS["task"] = TRAVELS["worked"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One case with the ids of what hangs on it, by the names the addresses use."""

    ids: dict[str, str]
    reference: str


@dataclass(slots=True)
class Scene:
    """The house with more people, and a case in each state."""

    house: House
    cases: dict[str, Standing]


async def furnish(house: House) -> Scene:
    """All the cases, made by honest acts."""
    await more_people(house)
    asked_ = await filed(house)
    declined = await filed(house)
    code = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")
    hand_off = UUID(declined.ids["hand_off_id"])
    await house.manages("social_worker", casework.decline, hand_off, code)
    worked, task = await _worked(house)
    return Scene(house, {"asked": asked_, "declined": declined, "worked": worked, "task": task})


async def filed(house: House) -> Standing:
    """One case, with something in every field group, a proposal and a consent."""
    report = await house.manages("inspector", casework.file, full_report())
    referral = UUID(report.referrals[0].referral_id)
    wanted = Said(reason=WHY)
    asking = {"named": ("inspector.zz",)}
    proposal = await house.manages(
        "inspector", casework.propose, referral, "seal", wanted, **asking
    )
    [agency] = await house.rows(
        "SELECT agency_id FROM agencies.unit WHERE id = $1", house.player("social_worker").unit_id
    )
    await house.manages(
        "inspector", casework.record_consent, referral, agency["agency_id"], _consent(house.at())
    )
    await house.manages("inspector", casework.add_note, referral, "She asked for her sister.")
    evidence = await (await house.browser("inspector")).post(
        f"{ROOT}/referrals/{referral}/bundles",
        json={"recipient": "A court", "groups": ["G1"], "reason": WHY},
        headers=key(),
    )
    added = await house.manages("inspector", casework.attach, referral, _file(), 10**6)
    await worker.look_through(house.clockwork, house.at())
    [row] = await house.rows(
        "SELECT c.reference, h.batch, k.id AS consent FROM referral.case c "
        "JOIN referral.hand_off h ON h.case_id = c.id AND h.step = 'ZZ-C01' "
        "JOIN referral.consent k ON k.case_id = c.id WHERE c.id = $1",
        UUID(report.case_id),
    )
    ids = {
        "agency_id": str(agency["agency_id"]),
        "case_id": report.case_id,
        "referral_id": str(referral),
        "hand_off_id": str(asked(report, "ZZ-C01")),
        "batch": str(row["batch"]),
        "consent_id": str(row["consent"]),
        "attachment_id": str(added.attachment_id),
        "proposal_id": str(proposal.id),
        "bundle_id": evidence.json()["id"],
        "step": "ZZ-C01",
    }
    return Standing(ids, row["reference"])


async def _worked(house: House) -> tuple[Standing, Standing]:
    worked = await filed(house)
    accepted = await house.manages(
        "social_worker", casework.accept, UUID(worked.ids["hand_off_id"])
    )
    task = asked(accepted, "ZZ-C04")
    await house.manages("prosecutor", casework.accept, task)
    night = await house.browser("night_officer")
    body = {"reference": worked.reference, "reason": WHY}
    broken = await night.post(f"{ROOT}/break-glass", json=body, headers=key())
    assert broken.status_code == 201, broken.text
    [row] = await house.rows("SELECT batch FROM referral.hand_off WHERE id = $1", task)
    ids = {**worked.ids, "glass_id": broken.json()["id"]}
    own = {**ids, "hand_off_id": str(task), "batch": str(row["batch"])}
    return replace(worked, ids=ids), replace(worked, ids=own)


def _file() -> Brought:
    return Brought("kiln.jpg", photograph(), "The kiln behind the market")


def _consent(now: datetime) -> Given:
    return Given(
        purpose=Purpose.SERVICES,
        groups=("G2",),
        given_at=now,
        expires_at=now.replace(year=now.year + 1),
        form=Form.WRITTEN,
        language="en",
        statements=tuple(Statement),
        child=Voice.ASSENT,
        caregiver=Caregiver.CONSENT,
    )


async def more_people(house: House) -> None:
    """Those of ``MORE`` at their desks."""
    players = dict(house.players)
    await house.rows(
        "INSERT INTO agencies.unit SELECT (jsonb_populate_record(u, jsonb_build_object("
        "'id', gen_random_uuid(), 'key', $2::text, 'intake', false))).* "
        "FROM agencies.unit u WHERE id = $1",
        house.player("social_worker").unit_id,
        DESK,
    )
    url = make_url(house.database.superuser_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        for name, (beside, unit, role) in MORE.items():
            at = house.player(beside)
            seat = Seat(at.part.seat.agency, role, unit)
            found = await add(connection, "ZZ", f"{name}.zz", name.title(), seat, SINCE)
            assert isinstance(found, Added), found
            token = digest_of(f"token of {name}.zz")
            scopes = [scope.value for scope in Scope]
            await connection.exec_driver_sql(
                "SELECT agencies.issue_token($1, $2, 'tests', $3, $4, $5)",
                (token, found.membership_id, scopes, _BEGAN, _LONG),
            )
            read = "SELECT unit_id FROM agencies.membership WHERE id = $1"
            row = (await connection.exec_driver_sql(read, (found.membership_id,))).one()
            part = Part("ZZ", name, name.title(), seat)
            ids = (found.member_id, found.membership_id, row.unit_id)
            players[f"{name}.zz"] = Player(part, *ids, at.agency_name, "", None)
    await engine.dispose()
    house.players = players


class Forgetful:
    """An engine whose every transaction is carried out to its end, and then undone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Any]:
        """One connection in a transaction that is never committed."""
        async with self._engine.connect() as connection:
            outer = await connection.begin()
            try:
                yield _Within(connection)
            finally:
                await outer.rollback()


class _Within:
    """The connection; its transaction is a part of the one that is undone."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def begin(self) -> Any:
        return self._connection.begin_nested()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def forgetting(house: House) -> House:
    """The same house, in which nothing that is asked leaves a trace."""
    engine: Any = Forgetful(house.engine)
    installation = replace(house.installation, engine=engine)
    return replace(house, installation=installation, clients=house.clients)


def new() -> str:
    """An id nobody has."""
    return str(uuid4())
