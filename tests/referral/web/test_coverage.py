"""Where nobody is charged with a mandate: seen by the coordinator, as a map and in tables."""

from __future__ import annotations

import re

from tests.cast import House
from tests.referral.web.conftest import Visit


async def test_the_coordinator_sees_where_children_have_nobody(visit: Visit) -> None:
    page = await (await visit("coordinator")).see("/coverage")
    assert page.status == 200
    assert "Nobody is charged with" in page.words
    # No police, no court, no inspection: said on the map as well.
    assert re.search(r"West: \d of \d+ mandates without anybody", page.words)
    assert "area--hole" in page.answer.text


async def test_one_mandate_is_shown_with_who_is_asked_everywhere(visit: Visit) -> None:
    page = await (await visit("coordinator")).see("/coverage?mandate=CHILD_PROTECTION")
    assert "Child protection office of the North" in page.words
    assert "declared fall-back" in page.words
    assert "area--fall-back" in page.answer.text


async def test_a_confidential_shelter_is_on_no_map(house: House, visit: Visit) -> None:
    name = house.player("shelter_worker").agency_name
    page = await (await visit("coordinator")).see("/coverage?mandate=SHELTER")
    assert name not in page.answer.text
    told = await house.client("coordinator").get("/api/v1/coverage")
    assert name not in told.text


async def test_who_is_no_coordinator_is_refused(house: House, visit: Visit) -> None:
    for part in ("inspector", "outsider", "agency_admin"):
        assert (await (await visit(part)).see("/coverage")).status == 403
        assert (await house.client(part).get("/api/v1/coverage")).status_code == 403


async def test_the_same_is_told_over_json(house: House) -> None:
    told = (await house.client("coordinator").get("/api/v1/coverage")).json()
    holes = [one for one in told["served"] if one["no_agency"]]
    assert told["holes"] == len(holes) > 0
    assert {"ZZ", "ZZ-N", "ZZ-W"} <= set(told["places"])
    courts = {
        one["place"]: one["via"] for one in told["served"] if one["mandate"]["code"] == "COURT"
    }
    assert courts["ZZ-N"] == "direct"
