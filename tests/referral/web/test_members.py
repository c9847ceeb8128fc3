"""An agency's people on a page: admitted, charged, shut out; never by one where two are due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Seen, Visitor

SECOND = "supervisor"  # Solomon, of Ada's agency


async def unit_of(house: House, part: str) -> str:
    rows = await house.rows(
        "SELECT unit_id FROM agencies.membership WHERE id = $1", house.player(part).membership_id
    )
    return str(rows[0]["unit_id"])


async def does(visitor: Visitor, address: str, **typed: Any) -> Seen:
    """A form of the members page, with its token."""
    page = await visitor.see("/members")
    csrf = page.forms[0].values["csrf"]
    values = {name.replace("__", "-"): value for name, value in typed.items()}
    answer = await visitor.client.post(address, data={"csrf": csrf, **values})
    from tests.referral.web.visiting import read

    return read(answer)


async def admitted(house: House, visitor: Visitor, role: str = "OFFICER") -> tuple[str, UUID]:
    """A new colleague; her secret and who she is."""
    page = await visitor.see("/members")
    typed = {"new__name": "Nora Quill", "new__user_name": "nora.zz", "new__role": role}
    unit = await unit_of(house, "inspector")
    answer = await visitor.send(page, "/members", new__unit=unit, **typed)
    assert answer.status == 200, answer.words
    rows = await house.rows("SELECT id FROM agencies.member WHERE user_name = 'nora.zz'")
    return answer.words.split("a new sign-in: ")[1].split()[0], rows[0]["id"]


async def roles_of(house: House, member: UUID) -> set[str]:
    rows = await house.rows(
        "SELECT role FROM agencies.membership WHERE member_id = $1 "
        "AND (valid_until IS NULL OR valid_until > $2)",
        *(member, house.at().date()),
    )
    return {row["role"] for row in rows}


async def test_somebody_new_enrols_by_her_secret_and_works(house: House, visit: Visit) -> None:
    secret, _ = await admitted(house, await visit("agency_admin"))
    visitor = Visitor(house.stranger())
    page = await visitor.see("/sign-in/given")
    begun = await visitor.send(page, "/sign-in/given", user_name="nora.zz", secret=secret)
    start = await visitor.follow(begun)
    words = dict.fromkeys(("password", "password_again"), "a sentence of her own")
    await visitor.send(start, "/account/password", **words)
    again = Visitor(house.stranger())
    page = await again.see("/sign-in")
    typed = {"user_name": "nora.zz", "password": words["password"]}
    assert (await again.send(page, "/sign-in", **typed)).status == 303
    assert "Nora Quill" in (await again.see("/hand-offs")).words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"new__user_name": "social_worker.zz"}, "taken"),
        ({"new__user_name": "Not Small"}, "small letters"),
        ({"new__name": "X"}, "name as colleagues"),
        ({"new__role": "SYSTEM_ADMIN"}, "nothing here"),
    ],
)
async def test_what_is_wrong_with_somebody_new_is_said_and_nobody_is_admitted(
    house: House, visit: Visit, typed: dict[str, str], said: str
) -> None:
    ada = await visit("agency_admin")
    before = len(await house.rows("SELECT 1 FROM agencies.member"))
    right = {"new__name": "Nora Quill", "new__user_name": "nora.zz", "new__role": "OFFICER"}
    unit = await unit_of(house, "inspector")
    answer = await does(ada, "/members", new__unit=unit, **{**right, **typed})
    assert said in answer.words
    assert len(await house.rows("SELECT 1 FROM agencies.member")) == before


async def test_who_cannot_be_given_her_role_is_not_admitted_either(
    house: House, visit: Visit
) -> None:
    ada, foreign = await visit("agency_admin"), await unit_of(house, "social_worker")
    typed = {"new__name": "Nora Quill", "new__user_name": "nora.zz", "new__role": "OFFICER"}
    assert (await does(ada, "/members", new__unit=foreign, **typed)).status == 404
    assert await house.rows("SELECT 1 FROM agencies.member WHERE user_name = 'nora.zz'") == []


@pytest.mark.parametrize(
    "role", ["SUPERVISOR", "AUDITOR", "DATA_PROTECTION_OFFICER", "AGENCY_ADMIN"]
)
async def test_roles_that_watch_take_two(house: House, visit: Visit, role: str) -> None:
    ada, solomon = await visit("agency_admin"), await visit(SECOND)
    _, member = await admitted(house, ada, role)
    assert await roles_of(house, member) == set()
    page = await ada.see("/members")
    grant = (await house.rows("SELECT id FROM agencies.role_grant"))[0]["id"]
    assert not page.offers(f"/members/grants/{grant}/answer"), "she has asked herself"
    own = await does(ada, f"/members/grants/{grant}/answer", answer="agree")
    assert own.status == 403
    assert await roles_of(house, member) == set()
    done = await does(solomon, f"/members/grants/{grant}/answer", answer="agree")
    assert done.place.endswith("done=given")
    assert await roles_of(house, member) == {role}
    again = await does(solomon, f"/members/grants/{grant}/answer", answer="agree")
    assert again.status == 404


async def test_a_refused_role_is_not_given(house: House, visit: Visit) -> None:
    ada, solomon = await visit("agency_admin"), await visit(SECOND)
    _, member = await admitted(house, ada, "AUDITOR")
    grant = (await house.rows("SELECT id FROM agencies.role_grant"))[0]["id"]
    await does(solomon, f"/members/grants/{grant}/answer", answer="refuse")
    assert await roles_of(house, member) == set()
    assert (await house.rows("SELECT answer FROM agencies.role_grant"))[0]["answer"] == "refused"


async def test_nobody_of_another_agency_is_the_second(house: House, visit: Visit) -> None:
    ada, paulo = await visit("agency_admin"), await visit("protection_supervisor")
    await admitted(house, ada, "SUPERVISOR")
    grant = (await house.rows("SELECT id FROM agencies.role_grant"))[0]["id"]
    assert (await does(paulo, f"/members/grants/{grant}/answer", answer="agree")).status == 404


async def test_nobody_gives_herself_a_role_or_ends_or_shuts_out_herself(
    house: House, visit: Visit
) -> None:
    ada, own = await visit("agency_admin"), house.player("agency_admin")
    unit = await unit_of(house, "agency_admin")
    typed = {"role__member": str(own.member_id), "role__unit": unit, "role__role": "OFFICER"}
    assert (await does(ada, "/members/roles", **typed)).status == 403
    assert (await does(ada, f"/members/roles/{own.membership_id}/end")).status == 403
    assert (await does(ada, f"/members/{own.member_id}/access", active="no")).status == 403
    assert await roles_of(house, own.member_id) == {"AGENCY_ADMIN"}


async def test_duties_that_watch_each_other_stay_apart(house: House, visit: Visit) -> None:
    ada, solomon = await visit("agency_admin"), await visit(SECOND)
    _, member = await admitted(house, ada, "AUDITOR")
    first = (await house.rows("SELECT id FROM agencies.role_grant"))[0]["id"]
    await does(solomon, f"/members/grants/{first}/answer", answer="agree")
    unit = await unit_of(house, "inspector")
    typed = {"role__member": str(member), "role__unit": unit, "role__role": "AGENCY_ADMIN"}
    await does(ada, "/members/roles", **typed)
    rows = await house.rows("SELECT id FROM agencies.role_grant WHERE answer IS NULL")
    answer = await does(solomon, f"/members/grants/{rows[0]['id']}/answer", answer="agree")
    assert answer.status == 409
    assert await roles_of(house, member) == {"AUDITOR"}


async def test_an_ended_role_and_a_shut_door_work_at_once(house: House, visit: Visit) -> None:
    ada, ines, hand = await visit("agency_admin"), await visit("inspector"), house.player
    assert (await ines.see("/hand-offs")).status == 200
    assert (await house.client("inspector").get("/api/v1/hand-offs")).status_code == 200
    inspector = hand("inspector")
    done = await does(ada, f"/members/{inspector.member_id}/access", active="no")
    assert done.place.endswith("done=done")
    assert (await ines.see("/hand-offs")).place.startswith("/sign-in")
    assert (await house.client("inspector").get("/api/v1/hand-offs")).status_code == 401
    await does(ada, f"/members/{inspector.member_id}/access", active="yes")
    assert (await ines.see("/hand-offs")).place.startswith("/sign-in"), "what was ended stays so"
    assert (await visit("inspector")) is not None
    ended = await does(ada, f"/members/roles/{inspector.membership_id}/end")
    assert ended.place.endswith("done=ended")
    assert await roles_of(house, inspector.member_id) == set()


async def test_people_of_another_agency_are_nobody(house: House, visit: Visit) -> None:
    ada, foreign = await visit("agency_admin"), house.player("social_worker")
    guessed = "6f1e2f0a-5d35-4b35-9b55-0a4a5f3c9f77"
    for address, typed in (
        ("/members/{}/access", {"active": "no"}),
        ("/members/roles/{}/end", {}),
    ):
        subject = foreign.member_id if "access" in address else foreign.membership_id
        answer = await does(ada, address.format(subject), **typed)
        nobody = await does(ada, address.format(guessed), **typed)
        assert (answer.status, answer.words) == (nobody.status, nobody.words)
        assert answer.status == 404
    assert foreign.part.name not in (await ada.see("/members")).words
    assert await roles_of(house, foreign.member_id) == {"OFFICER"}


async def test_units_are_added_and_renamed_and_keep_where_hand_offs_arrive(
    house: House, visit: Visit
) -> None:
    ada = await visit("agency_admin")
    added = await does(ada, "/members/units", unit__key="NIGHT", unit__name="Night desk")
    assert added.place.endswith("done=added")
    again = await does(ada, "/members/units", unit__key="NIGHT", unit__name="Night desk")
    assert again.status == 409
    foreign = await unit_of(house, "social_worker")
    assert (await does(ada, "/members/units", unit=foreign, unit__name="Mine")).status == 404
    intake = await unit_of(house, "inspector")
    renamed = await does(ada, "/members/units", unit=intake, unit__name="Front desk")
    assert renamed.place.endswith("done=renamed")
    rows = await house.rows("SELECT name, intake FROM agencies.unit WHERE id = $1", UUID(intake))
    assert [tuple(row) for row in rows] == [("Front desk", True)]


async def test_changing_people_takes_a_fresh_proof_and_the_right_role(
    house: House, visit: Visit
) -> None:
    ada, solomon, ines = [await visit(one) for one in ("agency_admin", SECOND, "inspector")]
    subject = house.player("hotline").member_id
    typed = {"unit__key": "NIGHT", "unit__name": "Night desk"}
    assert (await does(solomon, "/members/units", **typed)).status == 403
    assert (await solomon.see("/members")).words.count("Shut out") == 0
    page = await ines.see("/account")
    csrf = page.forms[0].values["csrf"]
    for address in ("/members/units", f"/members/{subject}/access"):
        assert (await ines.client.post(address, data={"csrf": csrf})).status_code == 403
    house.at.forward(minutes=14)
    await ada.see("/members")
    house.at.forward(minutes=2)
    assert (await does(ada, "/members/units", **typed)).place == "/step-up?next=/members"


async def test_every_change_is_in_the_log(house: House, visit: Visit) -> None:
    ada = await visit("agency_admin")
    await admitted(house, ada)
    acts = [row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")]
    assert acts == ["member.admitted", "member.role_given"]
