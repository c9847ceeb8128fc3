"""A system that fails, hangs, repeats, reorders, moves or is gone: each event is applied once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from referral import casework
from tests.cast import House, asked, child_at_work
from tests.listening import HANGS, TAKEN, Asked, Listening, answering, listening
from tests.referral.webhooks.conftest import HERE, Hooks, asks, events
from tests.referral.webhooks.test_signatures import verified

FAULT = answering("500 Fault")


@dataclass(slots=True)
class System:
    """An agency's own system: it applies each id once, whatever order they come in."""

    key: str = ""
    applied: dict[str, dict[str, Any]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    answer: Callable[[int], bytes] = lambda _: TAKEN  # of the nth attempt of an event

    def __call__(self, came: Asked) -> bytes:
        """Checked, applied if it is new; and then it may still answer as if it were not."""
        assert verified(self.key, came.headers, came.body)
        event = json.loads(came.body)
        assert event["id"] == came.headers["webhook-id"]
        self.attempts[event["id"]] = self.attempts.get(event["id"], 0) + 1
        told = self.answer(self.attempts[event["id"]])
        if told == TAKEN:
            self.applied.setdefault(event["id"], event)
        return told


async def until_taken(house: House, hooks: Hooks) -> int:
    """Told and told again as time passes, until nothing waits; how many rounds that took."""
    for rounds in range(1, 60):
        await hooks.tell()
        waiting = "SELECT FROM referral.delivery WHERE channel = 'webhook' AND state = 'waiting'"
        if not await house.rows(waiting):
            return rounds
        house.at.forward(hours=1)
    raise AssertionError("it is never taken")


@pytest.mark.parametrize(
    "trouble",
    [
        lambda n: FAULT if n <= 3 else TAKEN,
        lambda n: answering("301 Moved", "Location: http://10.0.0.1/") if n == 1 else TAKEN,
        lambda n: answering("429 Busy", "Retry-After: 3600") if n <= 2 else TAKEN,
        lambda n: b"nonsense\r\n\r\n" if n == 1 else TAKEN,
        lambda _: TAKEN,
    ],
    ids=["fails", "redirects", "is busy", "speaks no HTTP", "is well"],
)
async def test_each_event_is_applied_once(
    house: House, hooks: Hooks, trouble: Callable[[int], bytes]
) -> None:
    system = System(answer=trouble)
    async with listening(system) as there:
        system.key = (await hooks.opened("social_worker", there))["key"]
        for _ in range(3):
            await house.manages("inspector", casework.file, child_at_work())
        await until_taken(house, hooks)
    made = await house.rows(
        "SELECT letter, attempts FROM referral.delivery WHERE channel = 'webhook'"
    )
    assert {str(row["letter"]) for row in made} == set(system.applied)
    assert len(made) == 3
    assert {str(row["letter"]): row["attempts"] for row in made} == system.attempts


async def test_who_hangs_is_left_and_asked_again(house: House, hooks: Hooks) -> None:
    hooks.reach = replace(HERE, seconds=0.05)
    system = System(answer=lambda n: HANGS if n == 1 else TAKEN)
    async with listening(system) as there:
        system.key = (await hooks.opened("social_worker", there))["key"]
        await house.manages("inspector", casework.file, child_at_work())
        assert (await hooks.tell()).later == 1
        await until_taken(house, hooks)
    assert len(system.applied) == 1
    outcomes = "SELECT outcome FROM referral.webhook_attempt ORDER BY attempt"
    assert [row["outcome"] for row in await house.rows(outcomes)] == ["timed_out", "taken"]


async def test_who_has_kept_us_waiting_is_left_alone_for_a_minute(
    house: House, hooks: Hooks
) -> None:
    """Else a thousand events for a system that hangs would keep everybody else waiting."""
    hooks.reach = replace(HERE, seconds=0.05)
    async with listening(lambda _: HANGS) as there:
        await hooks.opened("social_worker", there)
        teller = hooks.teller()
        for moved in (0, 30, 31):
            house.at.forward(seconds=moved)
            await house.manages("inspector", casework.file, child_at_work())
            await hooks.tell(teller)
            if moved == 30:
                assert len(there.asked) == 1
    assert len(there.asked) >= 2


async def test_what_was_taken_but_not_noted_comes_again_with_the_same_id(
    house: House, hooks: Hooks
) -> None:
    """A worker that dies between sending and marking: the receiver can tell by the id."""
    system = System()
    async with listening(system) as there:
        system.key = (await hooks.opened("social_worker", there))["key"]
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
        await house.rows(
            "UPDATE referral.delivery SET state = 'waiting', told_at = NULL, due_at = $1 "
            "WHERE channel = 'webhook'",
            house.at(),
        )
        house.at.forward(minutes=10)
        await hooks.tell()
    [came] = system.attempts.values()
    assert came == 2
    assert len(system.applied) == 1
    first, again = there.asked
    assert first.body == again.body
    assert first.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]


async def test_in_whatever_order_events_come_the_same_comes_of_it(
    house: House, hooks: Hooks
) -> None:
    """Order is not promised: each says what it is about and when, and a receiver goes by that."""
    async with listening() as there:
        await hooks.opened("inspector", there)
        filed = await house.manages("inspector", casework.file, child_at_work())
        hand_off = asked(filed, "ZZ-C01")
        for verb in (casework.acknowledge, casework.accept):
            house.at.forward(minutes=1)
            await house.manages("social_worker", verb, hand_off)
        await hooks.tell()

    def state(order: list[dict[str, Any]]) -> str:
        seen, latest = set[str](), dict[str, str]()
        for one in order:
            newer = one["time"] > latest.get("time", "")
            if one["id"] not in seen and one["data"]["hand_off_id"] == str(hand_off) and newer:
                latest = {"time": one["time"], "state": one["data"]["state"]}
            seen.add(one["id"])
        return latest["state"]

    came = events(there)
    assert len(came) >= 2
    for seed in range(20):
        order = came * 2
        random.Random(seed).shuffle(order)  # noqa: S311 - any order will do
        assert state(order) == "accepted"


async def test_who_says_it_is_gone_is_gone_and_its_agency_is_told(
    house: House, hooks: Hooks
) -> None:
    async with listening(lambda _: answering("410 Gone")) as there:
        opened = await hooks.opened("social_worker", there)
        await house.manages("inspector", casework.file, child_at_work())
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
        await house.manages("inspector", casework.file, child_at_work())
        house.at.forward(days=1)
        await hooks.tell()
    assert len(there.asked) <= 2, "what was under way, and nothing after"
    row = await hooks.stands(opened["id"])
    assert row["ended_because"] == "gone"
    assert await house.rows("SELECT FROM referral.webhook_key") == []
    [notice] = await house.rows("SELECT * FROM referral.outbox WHERE kind = 'webhook.ended'")
    assert notice["to_role"] == "AGENCY_ADMIN"
    [entry] = await house.rows("SELECT * FROM referral.audit_entry WHERE act = 'webhook.gone'")
    assert str(entry["object_id"]) == opened["id"]
    assert entry["actor"] == "clockwork"
    client = await hooks.administrator("social_worker")
    assert "it said that it is gone" in (await client.get("/members/webhooks")).text


async def test_what_takes_nothing_for_a_day_is_told_to_its_agency_once(
    house: House, hooks: Hooks
) -> None:
    answers = [FAULT]
    async with listening(lambda _: answers[0]) as there:
        opened = await hooks.opened("social_worker", there)
        await house.manages("inspector", casework.file, child_at_work())
        notice = "SELECT * FROM referral.outbox WHERE kind = 'webhook.failing'"
        for _ in range(23):
            await hooks.tell()
            house.at.forward(hours=1)
        assert await house.rows(notice) == []
        client = await hooks.administrator("social_worker")
        assert "It has taken nothing since" in (await client.get("/members/webhooks")).text
        for _ in range(24):
            await hooks.tell()
            house.at.forward(hours=1)
        [told] = await house.rows(notice)
        assert told["to_role"] == "AGENCY_ADMIN"
        assert (await hooks.stands(opened["id"]))["failing_since"] is not None
        answers[0] = TAKEN
        await until_taken(house, hooks)
    row = await hooks.stands(opened["id"])
    assert row["failing_since"] is None
    assert row["taken_at"] is not None
    assert row["ended_at"] is None


async def test_after_three_days_it_is_given_up_and_the_next_event_is_tried_all_the_same(
    house: House, hooks: Hooks
) -> None:
    async with listening(lambda _: FAULT) as there:
        await hooks.opened("social_worker", there)
        await house.manages("inspector", casework.file, child_at_work())
        await until_taken_or_failed(house, hooks)
        tried = len(there.asked)
        assert 10 < tried < 40
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
        assert len(there.asked) == tried + 1


async def until_taken_or_failed(house: House, hooks: Hooks) -> None:
    """As time passes, until nothing waits."""
    for _ in range(100):
        await hooks.tell()
        state = "SELECT state FROM referral.delivery WHERE channel = 'webhook'"
        if {row["state"] for row in await house.rows(state)} == {"failed"}:
            return
        house.at.forward(hours=1)
    raise AssertionError("it is never given up")


async def test_a_host_that_is_not_allowed_any_more_is_not_asked(
    house: House, hooks: Hooks, there: Listening
) -> None:
    opened = await hooks.opened("social_worker", there)
    await house.rows(
        "UPDATE referral.webhook SET url = 'https://cases.example.org/hooks' WHERE id = $1",
        UUID(opened["id"]),
    )
    await house.manages("inspector", casework.file, child_at_work())
    assert (await hooks.tell()).later == 1
    [row] = await house.rows("SELECT outcome FROM referral.webhook_attempt")
    assert row["outcome"] == "address_refused"
    assert there.asked == []


async def test_while_keys_change_either_is_good_and_then_the_new_one_alone(
    house: House, hooks: Hooks, there: Listening
) -> None:
    opened = await hooks.opened("social_worker", there)
    old = opened["key"]
    answer = await asks(opened["client"], f"/{opened['id']}/rotation")
    new = answer.json()["key"]
    assert new != old
    await house.manages("inspector", casework.file, child_at_work())
    await hooks.tell()
    house.at.forward(days=1, minutes=1)
    await house.manages("inspector", casework.file, child_at_work())
    await hooks.tell()
    during, after = there.asked
    assert [verified(key, during.headers, during.body) for key in (old, new)] == [True, True]
    assert [verified(key, after.headers, after.body) for key in (old, new)] == [False, True]


async def test_to_what_has_ended_nothing_is_sent_not_even_what_waits(
    house: House, hooks: Hooks
) -> None:
    async with listening(lambda _: FAULT) as there:
        opened = await hooks.opened("social_worker", there)
        await house.manages("inspector", casework.file, child_at_work())
        assert (await hooks.tell()).later == 1
        answer = await asks(opened["client"], f"/{opened['id']}/end")
        assert answer.json()["outcome"] == "ended"
        house.at.forward(hours=2)
        assert (await hooks.tell()).refused == 1
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
    assert len(there.asked) == 1
    assert await house.rows("SELECT FROM referral.webhook_key") == []
