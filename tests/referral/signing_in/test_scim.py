"""Provisioning by an agency's identity provider: its own people, whole changes, no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from referral import casework
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.referral.signing_in.conftest import known
from tests.referral.signing_in.provisioning import OWN, USER, Feed, feed
from tests.referral.web.conftest import Visit

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


async def test_somebody_is_made_read_found_and_changed(house: House) -> None:
    agency = await feed(house)
    made = await agency.made(externalId="e-1")
    assert (made["userName"], made["active"], made["groups"]) == ("nora@council.example", True, [])
    place = f"/Users/{made['id']}"
    answer = await agency.asks("GET", place)
    assert answer.json() == made
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.headers["etag"] == made["meta"]["version"]
    for told in ('userName eq "NORA@council.example"', 'externalId eq "e-1"'):
        found = (await agency.client.get("/scim/v2/Users", params={"filter": told})).json()
        assert [one["id"] for one in found["Resources"]] == [made["id"]]
    none = await agency.client.get("/scim/v2/Users", params={"filter": 'externalId eq "e-2"'})
    assert (none.json()["totalResults"], none.json()["Resources"]) == (0, [])
    whole = {"schemas": [USER], "userName": "nora@council.example", "externalId": "e-1"}
    whole["name"] = {"givenName": "Nora", "familyName": "Quill-Ash"}  # type: ignore[assignment]
    changed = await agency.asks("PUT", place, whole)
    assert changed.json()["displayName"] == "Nora Quill-Ash"
    patched = await agency.patched(
        place, {"op": "Replace", "value": {"displayName": "Nora Ash", "emails": []}}
    )
    assert (patched.status_code, patched.json()["displayName"]) == (200, "Nora Ash")
    acts = {row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")}
    assert {"member.admitted", "member.provisioned"} <= acts


async def test_what_was_read_must_still_stand(house: House) -> None:
    agency = await feed(house)
    made = await agency.made()
    place, version = f"/Users/{made['id']}", made["meta"]["version"]
    unchanged = await agency.asks("GET", place, If_None_Match=version)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    told = {"userName": "nora@council.example", "displayName": "Nora Ash"}
    assert (await agency.asks("PUT", place, told, If_Match=version)).status_code == 200
    stale = await agency.asks("PUT", place, told, If_Match=version)
    assert (stale.status_code, stale.json()["schemas"]) == (412, [ERROR])
    stale = await agency.asks("PATCH", place, {"Operations": []}, If_Match=version)
    assert stale.status_code == 412


async def test_pages_count_from_one_and_end(house: House) -> None:
    agency = await feed(house)
    total = (await agency.asks("GET", "/Users?count=0")).json()["totalResults"]
    assert total > 1
    seen: list[str] = []
    for start in range(1, total + 2):
        page = (await agency.asks("GET", f"/Users?startIndex={start}&count=1")).json()
        assert (page["totalResults"], page["startIndex"]) == (total, start)
        seen += [one["id"] for one in page["Resources"]]
    assert len(seen) == len(set(seen)) == total
    assert (await agency.asks("GET", "/Users?startIndex=-5&count=-1")).json()["Resources"] == []


async def test_shut_out_is_out_at_once_and_her_work_is_flagged(house: House) -> None:
    agency = await feed(house, "social_worker")
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, hand_off, Said())
    winnie = house.player("social_worker")
    hers = await house.browser("social_worker")
    assert (await hers.get("/hand-offs")).status_code == 200
    token = house.client("social_worker")
    told = {"op": "replace", "path": "active", "value": "False"}
    answer = await agency.patched(f"/Users/{winnie.member_id}", told)
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert (await hers.get("/hand-offs")).status_code == 303
    assert (await token.get("/api/v1/hand-offs")).status_code == 401
    notices = await house.rows(
        "SELECT to_unit, to_role FROM referral.outbox WHERE kind = 'member.work_waiting'"
    )
    assert {row["to_role"] for row in notices} == {"SUPERVISOR", None}
    assert {row["to_unit"] for row in notices} == {agency.unit}
    colleague = await agency.made("dora@council.example")
    assert (await agency.joins(colleague["id"])).status_code == 200
    [row] = await house.rows(
        "SELECT agencies.acting_holder(r.holder_member, m.id, $2) AS acts "
        "FROM referral.referral r, agencies.membership m "
        "WHERE m.member_id = $1 AND r.holder_unit = m.unit_id",
        *(colleague["id"], house.at()),
    )
    assert row["acts"] is None, "the whole unit's"
    again = {"op": "replace", "path": "active", "value": True}
    assert (await agency.patched(f"/Users/{winnie.member_id}", again)).json()["active"] is True
    assert (await hers.get("/hand-offs")).status_code == 303, "what ended stays ended"


async def _also_of_the_police(house: House, part: str) -> None:
    await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT gen_random_uuid(), $1, m.agency_id, m.unit_id, 'OFFICER', '2026-01-05' "
        "FROM agencies.membership m WHERE m.id = $2",
        *(house.player(part).member_id, house.player("city_police").membership_id),
    )


async def test_who_works_elsewhere_too_loses_her_roles_here_and_nothing_there(house: House) -> None:
    agency = await feed(house, "inspector")
    await _also_of_the_police(house, "inspector")
    member = house.player("inspector").member_id
    here = await house.browser("inspector")
    told = {"op": "replace", "path": "displayName", "value": "Somebody Else"}
    refused = await agency.patched(f"/Users/{member}", told)
    assert (refused.status_code, refused.json()["scimType"]) == (409, "mutability")
    answer = await agency.patched(
        f"/Users/{member}", {"op": "replace", "path": "active", "value": False}
    )
    assert (answer.json()["active"], answer.json()["groups"]) == (False, [])
    assert (await here.get("/hand-offs")).status_code == 303
    [row] = await house.rows("SELECT active FROM agencies.member WHERE id = $1", member)
    assert row["active"] is True
    left = await house.rows(
        "SELECT 1 FROM agencies.membership WHERE member_id = $1 AND valid_until IS NULL", member
    )
    assert len(left) == 1


async def test_a_group_is_a_unit_and_a_role(house: House) -> None:
    agency = await feed(house)
    made = await agency.made()
    answer = await agency.joins(made["id"])
    assert made["id"] in [one["value"] for one in answer.json()["members"]]
    hers = (await agency.asks("GET", f"/Users/{made['id']}")).json()["groups"]
    assert [one["value"] for one in hers] == [f"{agency.unit}.OFFICER"]
    assert (await agency.joins(made["id"])).status_code == 200, "twice is as once"
    gone = await agency.patched(
        agency.group(), {"op": "remove", "path": f'members[value eq "{made["id"]}"]'}
    )
    assert made["id"] not in [one["value"] for one in gone.json()["members"]]
    groups = (await agency.asks("GET", "/Groups?excludedAttributes=members&count=200")).json()
    assert {one["id"].partition(".")[2] for one in groups["Resources"]} >= {"OFFICER", "AUDITOR"}
    assert all("members" not in one for one in groups["Resources"])
    name = groups["Resources"][0]["displayName"]
    found = await agency.client.get(
        "/scim/v2/Groups", params={"filter": f'displayName eq "{name}"'}
    )
    assert found.json()["totalResults"] == 1


async def test_a_whole_group_is_replaced_or_not_at_all(house: House) -> None:
    agency = await feed(house)
    one, two = await agency.made("one.zz"), await agency.made("two.zz")
    place = agency.group("STATISTICIAN")
    told = {"members": [{"value": one["id"]}, {"value": two["id"]}]}
    answer = await agency.asks("PUT", place, told)
    assert len(answer.json()["members"]) == 2
    stranger = str(house.player("city_police").member_id)
    refused = await agency.asks("PUT", place, {"members": [{"value": stranger}]})
    assert refused.status_code == 404
    assert len((await agency.asks("GET", place)).json()["members"]) == 2, "nothing was changed"
    assert (await agency.asks("PUT", place, {"members": []})).json()["members"] == []


@pytest.mark.parametrize(
    "role", ["SUPERVISOR", "AUDITOR", "DATA_PROTECTION_OFFICER", "AGENCY_ADMIN"]
)
async def test_a_role_that_takes_two_is_a_question_to_a_person(
    house: House, visit: Visit, role: str
) -> None:
    agency = await feed(house)
    made = await agency.made()
    answer = await agency.joins(made["id"], role)
    assert answer.status_code == 200
    assert made["id"] not in [one["value"] for one in answer.json()["members"]]
    visitor = await visit("agency_admin")
    page = await visitor.see("/members")
    [row] = await house.rows("SELECT id FROM agencies.role_grant WHERE answer IS NULL")
    told = await visitor.send(page, f"/members/grants/{row['id']}/answer", answer="agree")
    assert "given" in told.place, told.words
    members = (await agency.asks("GET", agency.group(role))).json()["members"]
    assert made["id"] in [one["value"] for one in members]


async def test_duties_that_watch_each_other_are_not_in_one_hand(house: House) -> None:
    agency = await feed(house)
    admin = str(house.player("agency_admin").member_id)
    await house.rows(
        "UPDATE agencies.membership SET role = 'AUDITOR' WHERE member_id = $1",
        house.player("inspector").member_id,
    )
    answer = await agency.joins(admin, "AUDITOR")
    assert answer.status_code == 200, "only asked for; the second person is told it cannot be"
    assert await house.rows("SELECT 1 FROM agencies.role_grant WHERE answer IS NULL")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_another_agencys_people_do_not_exist(house: House, method: str) -> None:
    agency = await feed(house)
    told = {"userName": "x.zz", "Operations": [{"op": "replace", "path": "active", "value": False}]}
    body = None if method == "GET" else told
    answers = [
        await agency.asks(method, f"/Users/{member}", body)
        for member in (
            house.player("city_police").member_id,
            house.player("inspector", "ar").member_id,
            uuid4(),
            "nonsense",
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    [row] = await house.rows(
        "SELECT unit_id FROM agencies.membership WHERE id = $1",
        house.player("city_police").membership_id,
    )
    groups = [
        await agency.asks(method, place, body)
        for place in (
            f"/Groups/{row['unit_id']}.OFFICER",
            f"/Groups/{agency.unit}.SYSTEM_ADMIN",
            f"/Groups/{uuid4()}.OFFICER",
            "/Groups/nonsense",
        )
    ]
    assert {answer.status_code for answer in groups} == {404}
    rows = await house.rows("SELECT 1 FROM agencies.member WHERE NOT active")
    assert rows == []
    page = (await agency.asks("GET", "/Users?count=200")).json()
    ids = {one["id"] for one in page["Resources"]}
    assert str(house.player("city_police").member_id) not in ids
    found = await agency.client.get(
        "/scim/v2/Users", params={"filter": 'userName eq "city_police.zz"'}
    )
    assert found.json()["totalResults"] == 0


async def test_only_a_systems_token_of_this_scope_provisions(house: House) -> None:
    await feed(house)
    for client in (house.client("agency_admin"), house.client("inspector")):
        answer = await client.get("/scim/v2/Users")
        assert (answer.status_code, answer.json()["schemas"]) == (403, [ERROR])
        told = {"userName": "nora.zz", "displayName": "Nora"}
        assert (await client.post("/scim/v2/Users", json=told)).status_code in {403, 404}
    browser = await house.browser("agency_admin")
    assert (await browser.get("/scim/v2/Users")).status_code == 403
    nobody = await house.stranger().get("/scim/v2/Users")
    assert (nobody.status_code, nobody.json()["schemas"]) == (401, [ERROR])
    assert await house.rows("SELECT 1 FROM agencies.provisioned") == []


async def test_she_is_bound_to_her_agencys_own_provider(house: House, tmp_path: Path) -> None:
    agency = await feed(house, "inspector")
    told = {OWN: {"subject": "00u1"}}
    refused = await agency.asks("POST", "/Users", {"userName": "nora.zz", **told})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert not await house.rows("SELECT 1 FROM agencies.member WHERE user_name = 'nora.zz'")
    provider = await known(house, "https://login.ministry.example", tmp_path)
    made = await agency.made("nora.zz", **told)
    assert made[OWN] == {"subject": "00u1"}
    [row] = await house.rows("SELECT provider_id, member_id FROM agencies.subject")
    assert (row["provider_id"], str(row["member_id"])) == (provider, made["id"])
    taken = await agency.asks("POST", "/Users", {"userName": "other.zz", **told})
    assert (taken.status_code, taken.json()["scimType"]) == (409, "uniqueness")
    gone = await agency.patched(f"/Users/{made['id']}", {"op": "remove", "path": f"{OWN}:subject"})
    assert OWN not in gone.json()
    assert await house.rows("SELECT 1 FROM agencies.subject") == []


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/Users", {"displayName": "Nobody"}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "x y"}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": 7}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "inspector.zz"}, 409, "uniqueness"),
    ("POST", "/Users", {"userName": "a.zz", "active": "perhaps"}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "a.zz", "externalId": "x" * 300}, 400, "invalidValue"),
    ("POST", "/Users", {"userName": "a.zz", "shoeSize": 7}, 400, "invalidPath"),
    ("POST", "/Users", [], 400, "invalidSyntax"),
    ("PATCH", "/Users/{id}", {}, 400, "invalidSyntax"),
    ("PATCH", "/Users/{id}", {"Operations": [{"op": "dance"}]}, 400, "invalidSyntax"),
    ("PATCH", "/Users/{id}", {"Operations": [7]}, 400, "invalidSyntax"),
    ("PATCH", "/Users/{id}", {"Operations": [{"op": "remove"}]}, 400, "noTarget"),
    ("PATCH", "/Users/{id}", {"Operations": [{"op": "add", "value": 1}]}, 400, "invalidSyntax"),
    (
        *("PATCH", "/Users/{id}", {"Operations": [{"op": "remove", "path": "userName"}]}),
        *(400, "mutability"),
    ),
    ("GET", "/Users?filter=userName", None, 400, "invalidFilter"),
    ("GET", '/Users?filter=password eq "x"', None, 400, "invalidFilter"),
    ("GET", '/Users?filter=userName sw "x"', None, 400, "invalidFilter"),
    ("GET", "/Users?count=many", None, 400, "invalidValue"),
    ("PATCH", "{group}", {"Operations": [{"op": "add", "path": "name"}]}, 400, "invalidPath"),
    ("PUT", "{group}", {"members": [{"value": "x"}]}, 400, "invalidValue"),
]


async def test_what_is_wrong_is_said_as_scim_says_it_and_changes_nothing(house: House) -> None:
    agency = await feed(house)
    made = await agency.made()
    before = await house.rows("SELECT * FROM agencies.member ORDER BY id")
    for method, place, told, status, kind in WRONG:
        where = place.replace("{id}", made["id"]).replace("{group}", agency.group())
        answer = await agency.asks(method, where, told)
        assert (answer.status_code, answer.json().get("scimType")) == (status, kind), (place, told)
        assert answer.json()["status"] == str(status)
    assert await house.rows("SELECT * FROM agencies.member ORDER BY id") == before


async def _documents(agency: Feed) -> dict[str, Any]:
    places = ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")
    return {place: (await agency.asks("GET", place)).json() for place in places}


async def test_what_is_supported_is_told(house: House) -> None:
    agency = await feed(house)
    told = await _documents(agency)
    config = told["/ServiceProviderConfig"]
    assert config["patch"] == config["etag"] == {"supported": True}
    assert config["filter"] == {"supported": True, "maxResults": 200}
    kinds = {one["id"]: one for one in told["/ResourceTypes"]["Resources"]}
    assert set(kinds) == {"User", "Group"}
    known_schemas = {one["id"] for one in told["/Schemas"]["Resources"]}
    assert {USER, OWN} <= known_schemas
    for name, kind in kinds.items():
        assert (await agency.asks("GET", f"/ResourceTypes/{name}")).json() == kind
    for name in known_schemas:
        assert (await agency.asks("GET", f"/Schemas/{name}")).json()["id"] == name
    for place in ("/ResourceTypes/Door", "/Schemas/urn:none"):
        assert (await agency.asks("GET", place)).status_code == 404
