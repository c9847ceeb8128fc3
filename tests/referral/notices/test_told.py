"""Somebody is told: once, by mail and in the service, and nothing of a case leaves the house."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from referral import casework
from tests.cast import House, asked, child_at_work
from tests.referral.notices.conftest import Telling, address_of


async def test_the_receiver_is_told_by_mail_and_in_the_service(
    house: House, telling: Telling
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    [mail] = telling.mails.to("social_worker")
    assert mail["Subject"] == "You have a task"
    assert mail["Auto-Submitted"] == "auto-generated"
    shown = await telling.shown_to("social_worker")
    assert [one["kind"] for one in shown] == ["hand_off.requested"]
    assert UUID(shown[0]["hand_off_id"]) == asked(filed, "ZZ-C01")
    number = UUID(shown[0]["letter"]).hex[:8].upper()
    assert f"{number[:4]}-{number[4:]}" in mail.get_content()
    assert telling.mails.to("outsider") == []
    assert await telling.shown_to("outsider") == []


async def test_a_mail_says_nothing_of_the_case(house: House, telling: Telling) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    case = (await house.rows("SELECT * FROM referral.case WHERE id = $1", UUID(filed.case_id)))[0]
    agencies = await house.rows(
        "SELECT name, key FROM agencies.agency UNION SELECT name, key FROM agencies.unit"
    )
    said = "".join(str(mail) for mail in telling.mails.taken)
    assert telling.mails.taken
    secrets = [
        *("Amal", "kiln", "child", "labour", "ZZ-N", "ZZ-C01", filed.case_id, case["reference"]),
        *(str(asked(filed, "ZZ-C01")), *(str(one[name]) for one in agencies for name in (0, 1))),
    ]
    for secret in secrets:
        assert secret.lower() not in said.lower(), secret


async def test_nobody_is_told_twice_however_often_it_is_looked_at(
    house: House, telling: Telling
) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    first = await telling.tell()
    assert first.forwarded >= 1
    taken = len(telling.mails.taken)
    assert taken == first.told
    house.at.forward(days=2)
    assert (await telling.tell()).told == 0
    assert len(telling.mails.taken) == taken


async def test_without_a_mail_server_the_list_is_all_there_is(
    house: House, telling: Telling
) -> None:
    telling.channels = ()
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    assert [one["kind"] for one in await telling.shown_to("social_worker")] == [
        "hand_off.requested"
    ]
    assert {row["reach"] for row in await telling.reach("hand_off.requested")} == {"reached"}
    assert telling.mails.taken == []


async def test_who_is_away_is_stood_in_for(house: House, telling: Telling) -> None:
    """Winnie is away: Tilda, her deputy, is told instead."""
    winnie, deputy = house.player("social_worker"), house.player("protection_supervisor")
    await house.rows(
        "INSERT INTO agencies.absence VALUES (gen_random_uuid(), $1, $2, $3, $4, $1, $5)",
        winnie.membership_id,
        deputy.membership_id,
        house.at().date(),
        house.at().date() + timedelta(days=7),
        house.at(),
    )
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    assert telling.mails.to("social_worker") == []
    assert await telling.shown_to("social_worker") == []
    assert len(telling.mails.to("protection_supervisor")) == 1
    assert address_of("protection_supervisor") in {mail["To"] for mail in telling.mails.taken}
