"""A child at work, told act by act: filed, opened, accepted, met, helped, closed."""

from __future__ import annotations

from uuid import UUID

from referral import casework, queries
from referral.casework import Said
from tests.cast import House, asked, child_at_work


async def test_accepted_in_time(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    assert filed.persons[0].findings["CL"]["result"] == "indicated"

    # The social worker finds it in her inbox, and may not yet read who the child is.
    inbox = await house.manages("social_worker", queries.inbox_of)
    assert [line.id for line in inbox.lines] == [hand_off]
    shut = await house.does("social_worker", queries.case_seen, UUID(filed.case_id))
    assert shut.facts is not None
    assert shut.persons[0].identity is None

    house.at.forward(hours=1)
    seen = await house.manages("social_worker", casework.acknowledge, hand_off)
    assert seen.state == "received"

    house.at.forward(hours=2)
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    assert accepted.state == "accepted"
    assert accepted.holder_unit == str(house.player("social_worker").unit_id)
    assert "ZZ-C04" in {ask.step for ask in accepted.asks}  # another person profits: the prosecutor

    # Who sent it is told; who held it no longer reads the case.
    told = await house.rows(
        "SELECT kind FROM referral.outbox WHERE to_unit = $1", house.player("inspector").unit_id
    )
    assert "hand_off.accepted" in {row["kind"] for row in told}
    past = await house.does("inspector", queries.case_seen, UUID(filed.case_id))
    assert past.facts is None

    house.at.forward(hours=4)
    await house.manages("social_worker", casework.record_first_contact, hand_off)
    await house.manages("social_worker", casework.start, hand_off)
    house.at.forward(days=1)
    referral = UUID(accepted.referral_id)
    assessed = await house.manages(
        "social_worker", casework.record_event, referral, "ZZ-C02 NO_SEPARATION_NEEDED"
    )
    assert assessed.state == "open"
    house.at.forward(days=20)
    closed = await house.manages(
        "social_worker",
        casework.record_event,
        referral,
        "ZZ-C05 SERVICE_DELIVERED",
        Said(reason="Back at school; the family receives support."),
    )
    assert closed.closed

    # The inspector hears the outcome, and only that.
    outcome = await house.manages("inspector", queries.inbox_of)
    assert [line.step for line in outcome.lines] == ["ZZ-C08"]


async def test_the_supervisor_sees_how_long_it_took(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    house.at.forward(hours=1)
    await house.manages("social_worker", casework.acknowledge, hand_off)
    house.at.forward(hours=2)
    await house.manages("social_worker", casework.accept, hand_off)

    figures = await house.manages("supervisor", queries.response_times_in)
    of_children = next(line for line in figures if "Child protection" in line.agency)
    assert (of_children.asked, of_children.accepted) == (1, 1)
    assert of_children.median is not None
    assert of_children.median.total_seconds() == 2 * 3600

    # Accepted, and then nothing for four days: it shows.
    house.at.forward(days=4)
    idle = await house.manages("protection_supervisor", queries.holder_idle_in)
    assert [line.id for line in idle] == [hand_off]


async def test_an_outsider_sees_nothing_at_any_moment(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    for moment in ("requested", "accepted"):
        inbox = await house.manages("outsider", queries.inbox_of)
        assert inbox.lines == ()
        async with house.acting("outsider") as (session, actor):
            case_id = UUID(filed.case_id)
            answers = (
                await queries.hand_off_seen(session, actor, hand_off, now=house.at()),
                await queries.case_seen(session, actor, case_id, now=house.at()),
                await queries.timeline_of(session, actor, case_id, now=house.at()),
            )
        assert [getattr(answer, "status", 200) for answer in answers] == [404, 404, 404]
        refused = await house.does("outsider", casework.accept, hand_off)
        assert refused.status == 404
        if moment == "requested":
            await house.manages("social_worker", casework.accept, hand_off)
