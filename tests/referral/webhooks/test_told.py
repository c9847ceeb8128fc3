"""An agency's system is told what concerns it, as little as will do, and nobody else's is."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from referral import casework
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.listening import Listening, answering, listening
from tests.referral.webhooks.conftest import SITE, Hooks, asks, events
from tests.referral.webhooks.test_signatures import now_there, verified
from tests.stories.test_sealed import sealed


async def agency_of(house: House, part: str) -> str:
    [row] = await house.rows(
        "SELECT agency_id FROM agencies.membership WHERE id = $1", house.player(part).membership_id
    )
    return str(row["agency_id"])


async def test_the_receiver_hears_of_a_request_and_the_sender_of_the_answer(
    house: House, hooks: Hooks
) -> None:
    async with listening() as receiver, listening() as sender, listening() as outside:
        await hooks.opened("social_worker", receiver)
        await hooks.opened("inspector", sender)
        await hooks.opened("outsider", outside)
        filed = await house.manages("inspector", casework.file, child_at_work())
        hand_off, referral = asked(filed, "ZZ-C01"), filed.referrals[0].referral_id
        await hooks.tell()
        await house.manages("social_worker", casework.accept, hand_off)
        await hooks.tell()
    first = events(receiver)[0]
    assert first["type"] == "org.referral.referral.requested.v1"
    assert first["subject"] == referral
    assert first["source"] == SITE
    assert datetime.fromisoformat(first["time"]) == house.at()
    assert first["data"] == {
        "hand_off_id": str(hand_off),
        "state": "requested",
        "track": "child_protection",
        "urgency": "urgent",
        "sender_agency_id": await agency_of(house, "inspector"),
        "receiver_agency_id": await agency_of(house, "social_worker"),
    }
    about = [one for one in events(sender) if one["data"]["hand_off_id"] == str(hand_off)]
    assert [one["data"]["state"] for one in about] == ["accepted"]
    assert outside.asked == []


async def test_an_event_says_nothing_of_anybody(house: House, hooks: Hooks) -> None:
    async with listening() as receiver, listening() as sender:
        await hooks.opened("social_worker", receiver)
        await hooks.opened("inspector", sender)
        filed = await house.manages("inspector", casework.file, child_at_work())
        hand_off = asked(filed, "ZZ-C01")
        said = Said(reason_code="no_capacity", note="The girl Amal is at the kiln.")
        await house.does("social_worker", casework.decline, hand_off, said)
        await hooks.tell()
    [case] = await house.rows("SELECT reference FROM referral.case")
    names = await house.rows(
        "SELECT name, key FROM agencies.agency UNION SELECT name, key FROM agencies.unit"
    )
    came = [f"{one.line}{one.headers}{one.body}" for one in (*receiver.asked, *sender.asked)]
    assert came
    for secret in ("Amal", "kiln", "ZZ-N", "ZZ-C01", case["reference"], *(n[0] for n in names)):
        assert secret.lower() not in "".join(came).lower(), secret
    for one in (*receiver.asked, *sender.asked):
        assert len(one.body) < 1_000


async def test_the_published_library_verifies_what_arrives(house: House, hooks: Hooks) -> None:
    house.at.to(now_there())
    async with listening() as shared, listening() as public:
        secret = (await hooks.opened("social_worker", shared, scheme="v1"))["key"]
        key = (await hooks.opened("social_worker", public))["key"]
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
    for one in shared.asked:
        assert Webhook(secret).verify(one.body, one.headers) == json.loads(one.body)
        assert one.headers["webhook-id"] == json.loads(one.body)["id"]
        assert one.headers["content-type"].startswith("application/cloudevents+json")
    assert [verified(key, one.headers, one.body) for one in public.asked] == [True]
    assert len(shared.asked) == 1


async def test_only_what_was_asked_for_is_told_and_only_since_it_was(
    house: House, hooks: Hooks, there: Listening
) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    house.at.forward(minutes=1)
    await hooks.opened("social_worker", there, "cancelled")
    await house.manages("inspector", casework.file, child_at_work())
    await hooks.tell()
    assert there.asked == []


async def test_when_a_limit_passes_those_who_are_called_are_told_once_each(
    house: House, hooks: Hooks
) -> None:
    from referral import worker

    async with listening() as receiver, listening() as sender:
        await hooks.opened("social_worker", receiver, "overdue", "escalated")
        await hooks.opened("inspector", sender, "overdue", "escalated")
        await house.manages("inspector", casework.file, child_at_work())
        house.at.forward(days=10)
        await worker.turn(house.clockwork, house.at())
        await hooks.tell()
    for there in (receiver, sender):
        told = [(one["type"], one["data"]["hand_off_id"], one["time"]) for one in events(there)]
        assert told
        assert len(set(told)) == len(told), "its unit and its supervisor are one agency"
        assert {kind for kind, _, _ in told} <= {
            *("org.referral.referral.overdue.v1", "org.referral.referral.escalated.v1")
        }
        assert all("state" not in one["data"] for one in events(there))


async def test_of_a_sealed_case_no_system_hears_anything(house: House, hooks: Hooks) -> None:
    async with listening() as receiver, listening() as sender:
        await hooks.opened("social_worker", receiver)
        await hooks.opened("inspector", sender)
        filed, _, _ = await sealed(house, "inspector.zz")
        await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
        await hooks.tell()
    assert receiver.asked == sender.asked == []


@pytest.mark.parametrize("whom", ["agency", "person"])
async def test_who_is_kept_out_hears_nothing_not_even_what_already_waits(
    house: House, hooks: Hooks, whom: str
) -> None:
    answers = [answering("500 Fault"), answering("204 No Content")]
    async with listening(lambda _: answers[0]) as there:
        await hooks.opened("social_worker", there)
        filed = await house.manages("inspector", casework.file, child_at_work())
        assert (await hooks.tell()).later == 1
        excluded = (
            UUID(await agency_of(house, "social_worker"))
            if whom == "agency"
            else house.player("protection_supervisor").member_id
        )
        await house.rows(
            "INSERT INTO referral.exclusion (id, case_id, country, kind, excluded, at, by_unit, "
            "by_member, key_version, reason) SELECT gen_random_uuid(), c.id, 'ZZ', $1, $2, $3, "
            "c.filed_by_unit, $4, 1, '' FROM referral.case c",
            *(whom, excluded, house.at(), house.player("inspector").membership_id),
        )
        house.honest = False  # an exclusion past every door
        house.at.forward(hours=2)
        del answers[0]
        assert (await hooks.tell()).refused == 1
        await house.does("inspector", casework.cancel, asked(filed, "ZZ-C01"), Said(reason="x"))
        await hooks.tell()
    assert len(there.asked) == 1


async def test_a_confidential_agency_has_no_id_but_for_itself(house: House, hooks: Hooks) -> None:
    shelter = await agency_of(house, "social_worker")
    await house.rows("UPDATE agencies.agency SET confidential = true WHERE id = $1", UUID(shelter))
    async with listening() as its_own, listening() as others:
        await hooks.opened("social_worker", its_own)
        await hooks.opened("inspector", others)
        filed = await house.manages("inspector", casework.file, child_at_work())
        await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
        await hooks.tell()
    assert {one["data"]["receiver_agency_id"] for one in events(its_own)} == {shelter}
    told = [one["data"] for one in events(others) if one["data"]["state"] == "accepted"]
    assert [one["receiver_agency_id"] for one in told] == [None]
    assert shelter not in "".join(one.body for one in others.asked)


async def test_without_a_part_in_the_referral_there_is_an_id_and_no_more(
    house: House, hooks: Hooks, there: Listening
) -> None:
    await hooks.opened("outsider", there)
    await house.manages("inspector", casework.file, child_at_work())
    unit = "SELECT unit_id FROM agencies.membership WHERE id = $1"
    [row] = await house.rows(unit, house.player("outsider").membership_id)
    await house.rows(
        "UPDATE referral.outbox SET to_unit = $1 WHERE kind = 'hand_off.requested'", row["unit_id"]
    )
    await hooks.tell()
    for one in events(there):
        assert set(one["data"]) == {"hand_off_id", "state"}
    assert there.asked


async def test_a_test_goes_the_same_way_to_one_endpoint_alone(house: House, hooks: Hooks) -> None:
    async with listening() as one, listening() as other:
        opened = await hooks.opened("social_worker", one)
        await hooks.opened("social_worker", other)
        answer = await asks(opened["client"], f"/{opened['id']}/test")
        assert answer.json() == {"id": opened["id"], "outcome": "tested"}
        await hooks.tell()
    [told] = events(one)
    assert told["type"] == "org.referral.webhook.test.v1"
    assert other.asked == []
    unreached = await house.rows("SELECT FROM referral.outbox WHERE kind = 'notice.unreached'")
    assert unreached == []


async def test_a_system_that_was_told_is_nobody_who_was_told(
    house: House, hooks: Hooks, there: Listening
) -> None:
    """Whether people were reached is asked of people."""
    await hooks.opened("social_worker", there)
    unit = "SELECT unit_id FROM agencies.membership WHERE id = $1"
    [row] = await house.rows(unit, house.player("social_worker").membership_id)
    await house.rows(
        "UPDATE agencies.member SET active = false WHERE id IN "
        "(SELECT member_id FROM agencies.membership WHERE unit_id = $1)",
        row["unit_id"],
    )
    await house.manages("inspector", casework.file, child_at_work())
    await hooks.tell()
    assert there.asked
    [reach] = await house.rows(
        "SELECT reach FROM referral.outbox WHERE kind = 'hand_off.requested' AND to_unit = $1",
        row["unit_id"],
    )
    assert reach["reach"] == "unreached"
