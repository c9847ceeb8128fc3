"""A supervisor puts somebody else of her unit in charge; nobody else, and nobody from outside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from referral import casework
from referral.casework import Said
from referral.errors import Refusal
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Visitor
from tests.stories.test_absent import colleague

WHY = Said(reason="Winnie is ill until April.")
WINNIE, CHIEF = "social_worker", "protection_supervisor"


@pytest.fixture
async def held(house: House) -> UUID:
    """Winnie has the child: the referral."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    await house.manages(WINNIE, casework.accept, asked(filed, "ZZ-C01"))
    return UUID(filed.referrals[0].referral_id)


@pytest.fixture
def desk(house: House) -> Desk:
    """Clients for the doors."""
    return Desk(house)


async def in_charge(house: House, referral: UUID) -> tuple[UUID | None, UUID | None]:
    """Of the referral, and of the hand-off by which it is held."""
    [row] = await house.rows(
        "SELECT r.holder_member, h.receiver_member FROM referral.referral r "
        "JOIN referral.hand_off h ON h.id = r.custody WHERE r.id = $1",
        referral,
    )
    return row["holder_member"], row["receiver_member"]


async def note(house: House, part: str, referral: UUID) -> Any:
    return await house.does(part, casework.add_note, referral, "Seen today.")


async def test_a_colleague_takes_over_and_then_the_whole_unit(house: House, held: UUID) -> None:
    dora, winnie = await colleague(house, "dora"), house.player(WINNIE).membership_id
    assert isinstance(await note(house, "dora", held), Refusal)
    await house.manages(CHIEF, casework.reassign, held, "dora.zz", WHY)
    assert await in_charge(house, held) == (dora, dora)
    assert not isinstance(await note(house, "dora", held), Refusal)
    assert isinstance(await note(house, WINNIE, held), Refusal), "it is no longer hers"
    told = await house.rows(
        "SELECT to_member FROM referral.outbox WHERE kind = 'referral.reassigned'"
    )
    assert {row["to_member"] for row in told} == {dora, winnie}
    for part, count in ((WINNIE, 1), (CHIEF, 0), ("inspector", 0)):
        async with house.acting(part) as (session, _):
            rows = await session.connection.exec_driver_sql(
                "SELECT count(*) FROM referral.outbox WHERE kind = 'referral.reassigned'"
            )
            assert rows.scalar() == count, part

    await house.manages(CHIEF, casework.reassign, held, None, WHY)
    assert await in_charge(house, held) == (None, None)
    for part in (WINNIE, "dora"):
        assert not isinstance(await note(house, part, held), Refusal), part
    same = await house.does(CHIEF, casework.reassign, held, None, WHY)
    assert [fault["code"] for fault in same.extra["errors"]] == ["same"]


async def test_only_her_supervisor_and_only_with_a_reason(house: House, held: UUID) -> None:
    await colleague(house, "dora")
    for part, status in ((WINNIE, 403), ("inspector", 403), ("supervisor", 403), ("outsider", 404)):
        answer = await house.does(part, casework.reassign, held, "dora.zz", WHY)
        assert answer.status == status, part
    silent = await house.does(CHIEF, casework.reassign, held, "dora.zz", Said())
    assert silent.type == "reason-required"


@pytest.mark.parametrize("name", ["outsider.zz", "inspector.zz", "agency_admin.zz", "nobody.zz"])
async def test_nobody_of_another_unit_is_put_in_charge(house: House, held: UUID, name: str) -> None:
    before = await in_charge(house, held)
    answer = await house.does(CHIEF, casework.reassign, held, name, WHY)
    assert [fault["code"] for fault in answer.extra["errors"]] == ["unknown"]
    assert await in_charge(house, held) == before


async def test_nobody_who_has_left_or_may_not_know(house: House, held: UUID) -> None:
    await colleague(house, "dora")
    await house.manages(WINNIE, casework.exclude, held, "person", "dora.zz", WHY)
    answer = await house.does(CHIEF, casework.reassign, held, "dora.zz", WHY)
    assert [fault["code"] for fault in answer.extra["errors"]] == ["may-not-know"]
    await colleague(house, "kurt")
    await house.rows("UPDATE agencies.member SET active = false WHERE name = 'kurt'")
    answer = await house.does(CHIEF, casework.reassign, held, "kurt.zz", WHY)
    assert [fault["code"] for fault in answer.extra["errors"]] == ["unknown"]


async def test_over_json(house: House, desk: Desk, held: UUID) -> None:
    dora = await colleague(house, "dora")
    path = f"referrals/{held}/reassignment"
    body = {"user_name": "dora.zz", "reason": WHY.reason}
    problem(await desk.sends(WINNIE, path, body), 403, "not-permitted")
    problem(await desk.sends("outsider", path, body), 404, "not-found")
    problem(await desk.sends(CHIEF, path, {"user_name": "dora.zz"}), 403, "reason-required")
    done = await desk.sends(CHIEF, path, body)
    assert done.status_code == 200, done.text
    assert await in_charge(house, held) == (dora, dora)


async def test_as_a_page(house: House, held: UUID) -> None:
    dora = await colleague(house, "dora")
    [row] = await house.rows("SELECT case_id FROM referral.referral WHERE id = $1", held)
    address = f"/cases/{row['case_id']}"
    winnie = Visitor(await house.browser(WINNIE))
    assert not [f for f in (await winnie.see(address)).forms if "reassignment" in f.action]
    chief = Visitor(await house.browser(CHIEF))
    page = await chief.see(address)
    bare = await chief.send(page, "/reassignment", user_name="dora.zz")
    assert bare.status == 422
    assert "Say why" in bare.words
    page = await chief.follow(
        await chief.send(page, "/reassignment", user_name="dora.zz", reason=str(WHY.reason))
    )
    assert "both were told" in page.words
    assert await in_charge(house, held) == (dora, dora)
    timeline = await chief.see(f"{address}/timeline")
    assert "Referral reassigned" in timeline.words
    assert str(dora) not in timeline.answer.text
