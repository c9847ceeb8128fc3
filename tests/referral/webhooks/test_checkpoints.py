"""An agency's system that asks for it hears of each new checkpoint of the log, of nothing else."""

from __future__ import annotations

import asyncio
import base64

from referral import casework, worker
from tests.cast import House, child_at_work
from tests.listening import answering, listening
from tests.referral.log.running import Log
from tests.referral.webhooks.conftest import SITE, Hooks, events


async def looked(house: House) -> None:
    """The clockwork looks at the log, as it does every few seconds."""
    await worker.look_at_log(house.clockwork, house.at())


async def test_a_new_checkpoint_is_told_as_it_was_signed_to_who_asked_for_it(
    house: House, hooks: Hooks, log: Log
) -> None:
    async with listening() as wants, listening() as other:
        await hooks.opened("social_worker", wants, "checkpoint")
        await hooks.opened("inspector", other)
        await looked(house)
        await hooks.tell()
        assert wants.asked == [], "nothing is signed yet"
        signed = await log.sealed()
        await looked(house)
        await hooks.tell()
    [told] = events(wants)
    assert told["type"] == "org.referral.audit.checkpoint.v1"
    assert "subject" not in told
    assert told["data"] == {
        "origin": signed.checkpoint.origin,
        "size": signed.checkpoint.size,
        "root": base64.b64encode(signed.checkpoint.root).decode(),
        "url": f"{SITE}/audit/checkpoint",
    }
    assert other.asked == []
    people = await house.rows("SELECT FROM referral.delivery WHERE channel <> 'webhook'")
    assert people == [], "of no interest to people"


async def test_each_is_told_once_the_newest_and_not_more_than_one_a_minute(
    house: House, hooks: Hooks, log: Log
) -> None:
    async with listening() as there:
        await hooks.opened("social_worker", there, "checkpoint")
        await hooks.opened("protection_supervisor", there, "checkpoint")  # of the same agency
        first = await log.sealed()
        await looked(house)
        await asyncio.gather(looked(house), looked(house))
        await log.grow(2)
        third = await log.grow(2)
        house.at.forward(seconds=1)
        await looked(house)
        await hooks.tell()
        house.at.forward(minutes=10)
        await looked(house)
        await looked(house)
        await hooks.tell()
    sizes = sorted(one["data"]["size"] for one in events(there))
    told = [first.checkpoint.size] * 2 + [third.checkpoint.size] * 2
    assert sizes == told, "each endpoint both, and what came between is part of the last"


async def test_an_attempt_repeated_says_the_same_under_the_same_id(
    house: House, hooks: Hooks, log: Log
) -> None:
    answers = [answering("500 Fault"), answering("204 No Content")]
    async with listening(lambda _: answers[0]) as there:
        await hooks.opened("social_worker", there, "checkpoint")
        first = await log.sealed()
        await looked(house)
        assert (await hooks.tell()).later == 1
        await log.grow(3)
        del answers[0]
        house.at.forward(hours=2)
        await hooks.tell()
    failed, taken = events(there)
    assert failed == taken
    assert taken["data"]["size"] == first.checkpoint.size


async def test_it_says_nothing_of_any_case(house: House, hooks: Hooks, log: Log) -> None:
    async with listening() as there:
        await hooks.opened("outsider", there, "checkpoint")
        await house.manages("inspector", casework.file, child_at_work())
        await log.sealed()
        await looked(house)
        await hooks.tell()
    [one] = there.asked
    [case] = await house.rows("SELECT id, reference FROM referral.case")
    for secret in ("Amal", "kiln", case["reference"], str(case["id"])):
        assert secret not in f"{one.line}{one.headers}{one.body}"


async def test_of_what_was_told_a_week_is_kept_and_the_last_for_good(
    house: House, hooks: Hooks, log: Log
) -> None:
    async with listening() as there:
        await hooks.opened("social_worker", there, "checkpoint")
        for days in (8, 8, 0):
            await log.grow(1)
            await looked(house)
            await hooks.tell()
            house.at.forward(days=days)
        await looked(house)
    kept = await house.rows("SELECT size FROM log.told")
    assert [row["size"] for row in kept] == [events(there)[-1]["data"]["size"]]
