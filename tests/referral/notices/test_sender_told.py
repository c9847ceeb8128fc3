"""The sender is always told: received, accepted, declined, completed, failed, lapsed, cancelled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from protocols.lifecycle import Act
from referral import casework, worker
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.referral.notices.conftest import Telling
from tests.stories.test_two_agencies import asked_of, held_by_force

WORDS = "Nobody is at home; the neighbours have not seen her for a week."

WAITS = Said(reason_code="COURT_ORDER", reason=WORDS, review_at=datetime(2026, 3, 9, 9, tzinfo=UTC))

# What the receiver does to get there, act by act; the last one is the one its sender must hear of.
WAYS: dict[Act, tuple[tuple[Any, ...], ...]] = {
    Act.ACKNOWLEDGE: ((casework.acknowledge,),),
    Act.ACCEPT: ((casework.accept,),),
    Act.DECLINE: ((casework.decline, Said(reason_code="NO_CAPACITY", note=WORDS)),),
    Act.START: ((casework.accept,), (casework.start,)),
    Act.HOLD: ((casework.accept,), (casework.start,), (casework.hold, WAITS)),
    Act.RESUME: ((casework.accept,), (casework.start,), (casework.hold, WAITS), (casework.resume,)),
    Act.COMPLETE: (
        *((casework.accept,), (casework.start,)),
        (casework.complete, Said(outcome="NO_SEPARATION_NEEDED", note=WORDS)),
    ),
    Act.FAIL: (
        *((casework.accept,), (casework.start,)),
        (casework.fail, Said(reason_code="PERSON_UNREACHABLE", note=WORDS)),
    ),
    Act.CANCEL: (
        *((casework.accept,), (casework.start,)),
        (casework.cancel, Said(reason_code="NO_LONGER_NEEDED", reason=WORDS, note=WORDS)),
    ),
}
TOLD = {
    Act.ACKNOWLEDGE: "hand_off.received",
    Act.ACCEPT: "hand_off.accepted",
    Act.DECLINE: "hand_off.declined",
    Act.START: "hand_off.started",
    Act.HOLD: "hand_off.held",
    Act.RESUME: "hand_off.resumed",
    Act.COMPLETE: "hand_off.completed",
    Act.FAIL: "hand_off.failed",
    Act.CANCEL: "hand_off.cancelled",
}


def test_every_act_on_a_hand_off_stands_here() -> None:
    """But two: filing is the sender's own, and striking out has a story (entered in error)."""
    assert set(WAYS) == set(TOLD) == set(Act) - {Act.SEND, Act.VOID}


@pytest.mark.parametrize("act", list(WAYS))
async def test_the_sender_hears_of_it_by_mail_and_in_the_service(
    house: House, telling: Telling, act: Act
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    for verb, *said in WAYS[act]:
        await house.manages("social_worker", verb, hand_off, *said)
    await telling.tell()
    shown = await telling.shown_to("inspector")
    kinds = [one["kind"] for one in shown if _is(one, hand_off)]
    assert TOLD[act] in kinds
    assert telling.mails.to("inspector")
    # Who did it is not told what she has done herself.
    assert TOLD[act] not in [one["kind"] for one in await telling.shown_to("social_worker")]


async def test_the_receiver_hears_of_what_its_sender_takes_back(
    house: House, telling: Telling
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    said = Said(reason_code="NO_LONGER_NEEDED", reason=WORDS, note=WORDS)
    await house.manages("inspector", casework.cancel, hand_off, said)
    rows = await house.rows("SELECT to_unit FROM referral.outbox WHERE kind = 'hand_off.cancelled'")
    assert [row["to_unit"] for row in rows] == [house.player("social_worker").unit_id]
    await telling.tell()
    assert "hand_off.cancelled" in [one["kind"] for one in await telling.shown_to("social_worker")]


async def test_the_sender_hears_of_every_limit_that_passes(house: House, telling: Telling) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    house.at.forward(hours=49)
    await worker.turn(house.clockwork, house.at())
    rows = await house.rows(
        "SELECT kind, to_role FROM referral.outbox WHERE hand_off_id = $1 AND to_unit = $2",
        hand_off,
        house.player("inspector").unit_id,
    )
    told = {row["kind"] for row in rows if row["to_role"] is None}
    assert "hand_off.overdue" in told
    await telling.tell()
    assert "hand_off.overdue" in [one["kind"] for one in await telling.shown_to("inspector")]


async def test_a_rival_that_was_not_chosen_is_told(house: House, telling: Telling) -> None:
    """Two forces are asked; the first to accept wins, and the other hears so."""
    filed = await house.manages("inspector", casework.file, held_by_force())
    city, river = (asked_of(filed, "ZZ-T01", one) for one in ("POLICE", "RIVER_POLICE"))
    await house.manages("city_police", casework.accept, city)
    await telling.tell()
    lost = [one for one in await telling.shown_to("river_police") if _is(one, river)]
    assert {"hand_off.requested", "hand_off.cancelled"} == {one["kind"] for one in lost}
    # It was an emergency: their mails say so, and nothing else.
    assert {mail["Subject"] for mail in telling.mails.to("river_police")} == {
        "You have an urgent task"
    }


def _is(one: dict[str, Any], hand_off: UUID) -> bool:
    return one["hand_off_id"] in {str(hand_off), None}
