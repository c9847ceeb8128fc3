"""A child at work, told act by act: filed, opened, accepted, met, helped, completed."""

from __future__ import annotations

from referral import casework, queries
from referral.casework import Said

from tests.cast import House, asked, child_at_work


async def test_accepted_in_time(house: House):
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")

    inbox = await house.manages("social_worker", queries.inbox_of)
    assert [line.id for line in inbox.lines] == [hand_off]

    house.at.forward(hours=1)
    seen = await house.manages("social_worker", casework.acknowledge, hand_off)
    assert seen.state == "received"

    house.at.forward(hours=2)
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    assert accepted.state == "accepted"
    print(accepted)
