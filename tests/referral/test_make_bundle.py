"""What the second lock of bundles does not believe: forgeries, and no fresh proof."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from referral import casework
from referral.audit import ledger
from referral.casework import Choice, Said
from referral.database import scalar
from tests.cast import House, asked, child_at_work
from tests.referral.forging import Forge, new_id, rewritten, set_in, whole, without

WHY = Said(reason="Ordered on 2 March.")
COURT = Choice("Juvenile Court, room 4", groups=("G1",))


async def proven(session: Any, house: House) -> None:
    """As a session whose password was entered just now."""
    await scalar(
        session.connection,
        "SELECT set_config('referral.proven', $1, true)",
        house.at().isoformat(),
    )


async def caught(house: House, part: str, verb: Any, *about: Any, **more: Any) -> dict[str, Any]:
    """What this verb would send, by somebody who has just shown who she is."""
    found: list[dict[str, Any]] = []

    async def catch(connection: Any, statement: str, *values: Any) -> Any:
        if "referral.make_bundle(" not in statement:
            return await scalar(connection, statement, *values)
        found.append(orjson.loads(values[0]))
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "scalar", catch)
        async with house.acting(part) as (session, actor):
            await proven(session, house)
            she = replace(actor, authenticated_at=house.at())
            await verb(session, she, *about, now=house.at(), **more)
    assert len(found) == 1
    return found[0]


async def sent(
    house: House, part: str, payload: dict[str, Any], *, fresh: bool = True
) -> str | None:
    """The SQLSTATE of the refusal, None if it got through; refused, nothing may have changed."""
    before = await whole(house)
    try:
        async with house.acting(part) as (session, _):
            if fresh:
                await proven(session, house)
            driver = (await session.connection.get_raw_connection()).driver_connection
            assert driver is not None
            text = orjson.dumps(payload).decode()
            await driver.execute("SELECT referral.make_bundle($1::jsonb)", text)
    except asyncpg.PostgresError as fault:
        assert await whole(house) == before, "refused, and yet something changed"
        return str(fault.sqlstate)
    return None


async def refused(
    house: House, part: str, honest: dict[str, Any], forgeries: dict[str, tuple[Forge, str]]
) -> None:
    """Every forgery is refused, for its own reason."""
    found = {}
    for name, (forge, _) in forgeries.items():
        payload = deepcopy(honest)
        forge(payload)
        found[name] = await sent(house, part, payload)
    assert found == {name: code for name, (_, code) in forgeries.items()}


@pytest.fixture
async def referral(house: House) -> UUID:
    """Filed, and held by who filed it."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    return UUID(filed.referrals[0].referral_id)


async def record(_: Any) -> str:
    """What the second person approves."""
    return "{}"


async def test_a_bundle_is_asked_for_by_who_holds_and_has_just_shown_it(
    house: House, referral: UUID
) -> None:
    honest = await caught(house, "inspector", casework.ask_bundle, referral, COURT, WHY)
    chief = str(house.player("supervisor").membership_id)
    await refused(
        house,
        "inspector",
        honest,
        {
            "in another's name": (set_in("bundle_proposals", asked_by=chief), "RF024"),
            "for ever": (set_in("bundle_proposals", expires_at="2030-01-01T00:00:00Z"), "RF024"),
            "of another act": (set_in("bundle_proposals", act="seal"), "RF024"),
            "of a referral she does not hold": (
                set_in("bundle_proposals", about=[new_id()]),
                "RF024",
            ),
            "made at once": (set_in("bundles", made_at="2026-03-02T12:00:00Z"), "RF024"),
            "with a record": (set_in("bundles", record="\\x00"), "RF024"),
            "of another case": (set_in("bundles", case_id=new_id()), "RF024"),
            "a bundle nobody proposed": (without("bundle_proposals"), "RF024"),
            "a proposal without its bundle": (without("bundles"), "RF024"),
            "told as something else": (rewritten(act="note.added"), "RF015"),
            "with a party put in": (lambda p: p.update(parties=[]), "RF009"),
        },
    )
    assert await sent(house, "inspector", honest, fresh=False) == "RF024", "no fresh proof"
    assert await sent(house, "outsider", honest) is not None
    assert await sent(house, "coordinator", honest) == "RF007"
    assert await sent(house, "inspector", honest) is None


async def test_another_person_approves_it_once_in_time_with_its_record(
    house: House, referral: UUID
) -> None:
    asks = await caught(house, "inspector", casework.ask_bundle, referral, COURT, WHY)
    assert await sent(house, "inspector", asks) is None
    bundle = UUID(asks["bundles"][0]["id"])
    honest = await caught(
        house, "supervisor", casework.answer_bundle, bundle, approve=True, record=record
    )
    await refused(
        house,
        "supervisor",
        honest,
        {
            "approved without a record": (set_in("bundle_answers", record=None), "RF015"),
            "refused, and told as made": (set_in("bundle_answers", answer="refused"), "RF015"),
            "another bundle": (set_in("bundle_answers", id=new_id()), "RF024"),
            "told and not done": (without("bundle_answers"), "RF015"),
        },
    )
    assert await sent(house, "supervisor", honest, fresh=False) == "RF024"
    assert await sent(house, "supervisor", honest) is None
    rows = await house.rows("SELECT expires_at - made_at = '24 hours' AS day FROM referral.bundle")
    assert [row["day"] for row in rows] == [True]
    assert await bodies(house, "inspector", bundle) > 0
    assert await bodies(house, "inspector", bundle, fresh=False) == 0
    assert await bodies(house, "outsider", bundle) == 0
    house.at.forward(hours=24)
    assert await bodies(house, "inspector", bundle) == 0, "its day is over"


async def bodies(house: House, part: str, bundle: UUID, *, fresh: bool = True) -> int:
    """How many bodies of the case's log the database hands out."""
    async with house.acting(part) as (session, _):
        if fresh:
            await proven(session, house)
        told = await scalar(
            session.connection,
            "SELECT jsonb_array_length(referral.bundle_bodies($1))",
            bundle,
        )
    return int(told or 0)


async def test_a_bundle_is_not_answered_through_another_door(house: House, referral: UUID) -> None:
    asks = await caught(house, "inspector", casework.ask_bundle, referral, COURT, WHY)
    assert await sent(house, "inspector", asks) is None
    bundle = UUID(asks["bundles"][0]["id"])
    answer = await house.does("supervisor", casework.answer_proposal, bundle, Said(), approve=True)
    assert (answer.status, answer.type) == (404, "not-found")
    listed = await house.rows("SELECT answer FROM referral.proposal")
    assert [row["answer"] for row in listed] == [None]


async def test_the_acceptance_is_shown_to_its_two_parties_alone(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, hand_off)

    async def sees(part: str, country: str = "zz") -> bool:
        async with house.acting(part, country) as (session, _):
            asking = "SELECT referral.acceptance_of($1) IS NOT NULL"
            return bool(await scalar(session.connection, asking, hand_off))

    assert [await sees(part) for part in ("inspector", "social_worker")] == [True, True]
    for part in ("outsider", "auditor", "coordinator", "directorate", "agency_admin"):
        assert not await sees(part), part
    assert not await sees("inspector", "ar")
    await house.rows(
        "UPDATE referral.party SET barred = "
        "ARRAY[(SELECT agency_id FROM agencies.unit WHERE id = $1)]",
        house.player("inspector").unit_id,
    )
    house.honest = False  # the exclusion was put there by hand
    assert not await sees("inspector"), "kept out, also from what was hers"
