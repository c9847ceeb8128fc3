"""Nobody is there, or nobody has an address: it is seen, and somebody else is told."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from sqlalchemy.exc import DBAPIError

from referral import casework, worker
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.referral.notices.conftest import Telling
from tests.stories.test_sealed import sealed

WHY = Said(reason="A colleague of the unit is the owner's brother.")


async def send_away(house: House, *parts: str) -> None:
    """They are away for a week, and nobody stands in for them."""
    for part in parts:
        await house.rows(
            "INSERT INTO agencies.absence VALUES (gen_random_uuid(), $1, NULL, $2, $3, $1, $4)",
            house.player(part).membership_id,
            house.at().date(),
            house.at().date() + timedelta(days=7),
            house.at(),
        )


async def kinds(telling: Telling, part: str) -> list[str]:
    return [one["kind"] for one in await telling.shown_to(part)]


async def test_without_an_address_the_supervisor_and_the_sender_are_told(
    house: House, telling: Telling
) -> None:
    await house.rows(
        "UPDATE referral.notice_preference SET address = NULL WHERE address ~ 'social'"
    )
    await send_away(house, "protection_supervisor")
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    [row] = await telling.reach("hand_off.requested")
    assert (row["reach"], row["cause"]) == ("unreached", "no_address")
    # Her supervisor is away: who administers the agency and the coordinators are told instead.
    alarms = await telling.reach("notice.unreached")
    assert {(one["to_role"], one["rung"]) for one in alarms} >= {
        ("SUPERVISOR", 1),
        (None, 2),
        ("COORDINATOR", 2),
    }
    assert await kinds(telling, "coordinator") == ["notice.unreached"]
    assert "notice.unreached" in await kinds(telling, "inspector")
    assert len(telling.mails.to("coordinator")) == 1
    # She still finds it in the service.
    assert await kinds(telling, "social_worker") == ["hand_off.requested"]


async def test_the_supervisor_is_told_first_and_nobody_above_while_she_is_there(
    house: House, telling: Telling
) -> None:
    await house.rows(
        "UPDATE referral.notice_preference SET address = NULL WHERE address ~ 'social'"
    )
    seats = (
        house.player("social_worker").membership_id,
        house.player("protection_supervisor").membership_id,
    )
    await house.rows(
        "INSERT INTO agencies.duty SELECT gen_random_uuid(), unit_id, id, $2, $3, $4, $5 "
        "FROM agencies.membership WHERE id = $1",
        seats[0],
        house.at().date(),
        house.at().date() + timedelta(days=1),
        seats[1],
        house.at(),
    )
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    assert await kinds(telling, "protection_supervisor") == ["notice.unreached"]
    assert len(telling.mails.to("protection_supervisor")) == 1
    assert await kinds(telling, "coordinator") == []
    assert "notice.unreached" in await kinds(telling, "inspector")


async def test_nobody_on_duty_is_an_alarm_up_to_the_coordinator_and_no_further(
    house: House, telling: Telling
) -> None:
    await send_away(house, "social_worker", "protection_supervisor")
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    [row] = await telling.reach("hand_off.requested")
    assert (row["reach"], row["cause"]) == ("unreached", "nobody_there")
    assert await kinds(telling, "coordinator") == ["notice.unreached"]
    house.at.forward(days=1)
    again = await telling.tell()
    assert again.forwarded == 0, "an alarm is raised once"
    # What the sender sees on the page of the hand-off.
    async with house.acting("inspector") as (session, _):
        found = await session.connection.exec_driver_sql(
            "SELECT referral.unreached_of($1)", (asked(filed, "ZZ-C01"),)
        )
        assert "nobody_there" in str(found.scalar())
    async with house.acting("outsider") as (session, _):
        found = await session.connection.exec_driver_sql(
            "SELECT referral.unreached_of($1)", (asked(filed, "ZZ-C01"),)
        )
        assert str(found.scalar()) == "[]"


async def test_danger_that_reaches_nobody_is_an_alarm_after_a_quarter_of_an_hour(
    house: House, telling: Telling
) -> None:
    telling.post.down()
    await house.manages("inspector", casework.file, child_at_work(danger_now=True))
    await telling.tell()
    house.at.forward(minutes=10)
    await telling.tell()
    assert await telling.reach("notice.unreached") == []
    house.at.forward(minutes=10)
    await telling.tell()
    assert {row["reach"] for row in await telling.reach("hand_off.requested")} == {"unreached"}
    assert "notice.unreached" in await kinds(telling, "inspector")
    # It is still tried; once it arrives, that is what is shown.
    telling.post.up()
    house.at.forward(hours=7)
    await telling.tell()
    assert {row["reach"] for row in await telling.reach("hand_off.requested")} == {"reached"}
    assert {mail["Subject"] for mail in telling.mails.to("social_worker")} == {
        "You have an urgent task"
    }


async def test_danger_wakes_and_the_rest_waits_for_the_morning(
    house: House, telling: Telling
) -> None:
    await telling.prefers("social_worker", quiet_from=20, quiet_until=7)
    house.at.forward(hours=11)  # the unit's night, in whichever zone Zedland keeps
    zone = (
        await house.rows(
            "SELECT time_zone FROM agencies.actor WHERE user_name = 'social_worker.zz'"
        )
    )[0]
    assert zone["time_zone"]
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    assert telling.mails.to("social_worker") == []
    assert await kinds(telling, "social_worker") == ["hand_off.requested"]
    await house.manages("inspector", casework.file, child_at_work(danger_now=True))
    await telling.tell()
    assert [mail["Subject"] for mail in telling.mails.to("social_worker")] == [
        "You have an urgent task"
    ] * len(telling.mails.to("social_worker"))
    assert telling.mails.to("social_worker")
    before = len(telling.mails.to("social_worker"))
    house.at.forward(hours=12)
    await telling.tell()
    late = telling.mails.to("social_worker")[before:]
    assert [mail["Subject"] for mail in late] == ["You have a task"]


async def test_a_digest_is_one_mail_a_day(house: House, telling: Telling) -> None:
    await telling.prefers("social_worker", mode="digest", digest_hour=9)
    for _ in range(3):
        await house.manages("inspector", casework.file, child_at_work())
        await telling.tell()
    assert telling.mails.to("social_worker") == []
    house.at.forward(days=1)
    await telling.tell()
    assert [mail["Subject"] for mail in telling.mails.to("social_worker")] == ["You have 3 tasks"]


async def test_who_is_kept_out_is_told_nothing_more_and_finds_nothing_left(
    house: House, telling: Telling
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    assert await kinds(telling, "social_worker") == ["hand_off.requested"]
    mails = len(telling.mails.to("social_worker"))
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("inspector", casework.exclude, referral, "person", "social_worker.zz", WHY)
    house.at.forward(hours=30)
    await worker.turn(house.clockwork, house.at())
    await telling.tell()
    assert await kinds(telling, "social_worker") == []
    assert len(telling.mails.to("social_worker")) == mails
    assert "hand_off.overdue" in await kinds(telling, "protection_supervisor") or await kinds(
        telling, "protection_supervisor"
    )


async def test_who_is_kept_out_while_it_waits_for_the_morning_gets_no_mail(
    house: House, telling: Telling
) -> None:
    await telling.prefers("social_worker", mode="digest", digest_hour=9)
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("inspector", casework.exclude, referral, "person", "social_worker.zz", WHY)
    house.at.forward(days=1)
    await telling.tell()
    assert telling.mails.to("social_worker") == []
    rows = await house.rows("SELECT state, cause FROM referral.delivery WHERE cause = 'kept_out'")
    assert [row["state"] for row in rows] == ["dropped"]


async def test_of_a_sealed_case_only_those_on_the_seal_are_told(
    house: House, telling: Telling
) -> None:
    filed, _, _ = await sealed(house, "inspector.zz")
    await telling.tell()
    before = len(await kinds(telling, "supervisor"))
    await house.manages("social_worker", casework.acknowledge, asked(filed, "ZZ-C01"))
    await telling.tell()
    assert "hand_off.received" in await kinds(telling, "inspector")
    assert len(await kinds(telling, "supervisor")) <= before
    assert "hand_off.received" not in await kinds(telling, "supervisor")


async def test_nobody_is_told_by_a_plan_that_was_made_wrongly(
    house: House, telling: Telling
) -> None:
    """The second lock: whatever the worker decided, the database tells nobody who is kept out."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("inspector", casework.exclude, referral, "person", "social_worker.zz", WHY)
    [row] = await house.rows("SELECT id FROM referral.outbox WHERE kind = 'hand_off.requested'")
    wrong = {
        "deliveries": [
            {
                "notice": str(row["id"]),
                "channel": "mail",
                "recipient": str(house.player("social_worker").membership_id),
                "state": "waiting",
                "due_at": house.at().isoformat(),
                "together": False,
            }
        ],
        "notices": [],
    }
    async with house.worker.connect() as connection:
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        with pytest.raises(DBAPIError, match="kept out"):
            await connection.exec_driver_sql(
                "SELECT referral.post_notices($1::jsonb, $2)",
                (orjson.dumps(wrong).decode(), house.at()),
            )
        await connection.rollback()


async def test_a_unit_without_addresses_is_one_alarm_a_day_and_every_emergency(
    house: House, telling: Telling
) -> None:
    await send_away(house, "social_worker", "protection_supervisor")
    for _ in range(3):
        await house.manages("inspector", casework.file, child_at_work())
        await telling.tell()
    alarms = await telling.reach("notice.unreached")
    assert len([one for one in alarms if one["to_role"] == "COORDINATOR"]) == 1
    assert len([one for one in alarms if one["to_role"] is None]) == 3, "every sender is told"
    await house.manages("inspector", casework.file, child_at_work(danger_now=True))
    await telling.tell()
    again = await telling.reach("notice.unreached")
    assert len([one for one in again if one["to_role"] == "COORDINATOR"]) > 1
