"""Whoever acts on a case gives no limit more time than an extension or a pause gives it.

Forged as in ``test_carry_out``.
"""

from __future__ import annotations

from datetime import timedelta

from referral import casework
from tests.cast import House
from tests.referral.forging import Payload, all_refused, caught, send, set_in, without
from tests.stories.test_limits_prolonged import before_the_court, recorded


async def test_the_end_of_a_limit_moves_only_with_an_extension(house: House) -> None:
    referral, court = await before_the_court(house)
    honest = await caught(house, "social_worker", casework.record_event, referral, "court_extended")
    later = (house.at() + timedelta(days=400)).isoformat()
    await all_refused(
        house,
        "social_worker",
        honest,
        {
            "later, and not extended": (set_in("clock_moves", extensions=0), "RF014"),
            "later, of no extension": (set_in("clock_moves", extensions=None), "RF014"),
            "two extensions at once": (set_in("clock_moves", extensions=2), "RF014"),
            "an extension taken back": (set_in("clock_moves", extensions=-1), "RF014"),
            "extended, and told nobody": (without("marks"), "RF015"),
            "told, and not extended": (without("clock_moves"), "RF013"),
            "told twice": (set_in("marks", entries=2), "RF015"),
            "told not at all": (set_in("marks", entries=0), "RF013"),
            "late as well": (set_in("marks", overdue_since=later), "RF013"),
        },
    )
    await send(house, "social_worker", honest)
    # What is due is read from the clocks, whatever a caller says.
    line = (await house.sees("court", court)).line
    assert line.due_at == house.at() + timedelta(hours=72)


async def test_what_stands_still_says_since_when_and_waits_for_nobody(house: House) -> None:
    referral, _ = await before_the_court(house)
    honest = await caught(
        house, "social_worker", casework.record_event, referral, "hearing_adjourned"
    )
    now = house.at().isoformat()

    def ended(payload: Payload) -> None:
        payload["clock_moves"][0]["stood"][0]["until"] = now

    await all_refused(
        house,
        "social_worker",
        honest,
        {
            "since nobody knows when": (set_in("clock_moves", stood=None), "RF014"),
            "over already": (ended, "RF014"),
            "and rings": (set_in("clock_moves", next_at=now), "RF014"),
            "and ends later": (set_in("clock_moves", due_at=now), "RF014"),
        },
    )
    await send(house, "social_worker", honest)
    await recorded(house, referral, "hearing_resumed")
