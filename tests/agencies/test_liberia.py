"""Liberia's directory serves, in each of the 15 counties, whatever Liberia's law can ask for."""

from __future__ import annotations

import pycountry
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.cast import load_cast, parts
from agencies.directory import Ask, Serving, Via, serving
from agencies.register import COUNTRIES, enter, read
from protocols.catalogue import Catalogue
from protocols.law import ROLES
from protocols.protocol import Protocol
from tests.agencies.conftest import TODAY

REGISTER = read(COUNTRIES / "lr.yaml")
COUNTIES = sorted(place.code for place in REGISTER.places if place.kind == "subdivision")
TRACKS = Catalogue.load(only=["LR"]).in_force("LR", TODAY)
HUBS = {
    "SGBV-UNIT": {"LR-MO"},
    "SGBV-HUB-1": {"LR-BG", "LR-LO", "LR-NI"},
    "SGBV-HUB-2": {"LR-MY", "LR-RG", "LR-GK"},
    "SGBV-HUB-3": {"LR-GG", "LR-SI"},
}
WITHOUT_UNIT = {"LR-BM", "LR-GP", "LR-GB", "LR-CM", "LR-MG", "LR-RI"}


async def found(owner: AsyncConnection, *asks: Ask) -> list[Serving]:
    await enter(owner, REGISTER, TODAY)
    return list(await serving(owner, asks, TODAY))


def agency(answer: Serving) -> str:
    assert answer.unit is not None
    return answer.unit.agency_key


def asked_for(track: Protocol) -> set[str]:
    """Every mandate a track can ask or tell: steps in their order, escalations, rungs."""
    asked = {mandate for step in track.steps.values() for mandate in step.order}
    asked |= {clock.escalates_to or "" for clock in (*track.clocks.values(), track.review)}
    asked |= {to for ladder in track.ladders.values() for rung in ladder.rungs for to in rung.to}
    return asked - ROLES


def quick_hash(password: str) -> str:
    """Argon2id in form only: fifteen real ones take their time."""
    return f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${password}"


def test_liberia_has_its_15_counties_as_iso_3166_2_knows_them() -> None:
    listed = {one.code for one in pycountry.subdivisions if one.country_code == "LR"}
    assert len(listed) == 15
    assert set(COUNTIES) == listed


def test_each_kind_of_county_body_is_there_in_every_county() -> None:
    held: dict[str, set[str]] = {}
    for body in REGISTER.bodies:
        for charge in body.charges:
            if not charge.fall_back:
                held.setdefault(charge.mandate, set()).add(charge.place)
    assert {mandate for mandate, places in held.items() if places >= set(COUNTIES)} == {
        *("LABOUR_COUNTY", "PROTECT_COUNTY", "PROTECT_COORD", "FOSTER_CARE", "POLICE_WACPS"),
        *("PROSEC_COUNTY", "COURT_COUNTY", "HEALTH_COUNTY", "EDUCATION"),
    }


async def test_every_mandate_a_track_asks_for_is_held_or_has_a_declared_fall_back(
    owner: AsyncConnection,
) -> None:
    law = Catalogue.load(only=["LR"]).country("LR").mandates
    asks = [
        Ask(mandate, county)
        for county in [*COUNTIES, "LR"]
        for mandate in sorted(set().union(*(asked_for(track.at(county)) for track in TRACKS)))
        if mandate in law
    ]
    answers = await found(owner, *asks)
    assert len(answers) > 20 * len(COUNTIES)
    assert [one.ask for one in answers if one.no_agency] == []


async def test_sexual_violence_is_prosecuted_by_the_countys_unit_or_by_its_attorney(
    owner: AsyncConnection,
) -> None:
    answers = await found(owner, *(Ask("PROSEC_SGBV", county) for county in COUNTIES))
    for county, answer in zip(COUNTIES, answers, strict=True):
        unit = next((key for key, served in HUBS.items() if county in served), None)
        assert agency(answer) == (unit or f"COUNTY-ATTORNEY-{county}")
        assert (answer.via is Via.DECLARED_FALL_BACK) is (unit is None)
        assert (unit is None) is (county in WITHOUT_UNIT)


async def test_where_no_unit_sits_the_law_asks_the_attorney_and_sends_monrovia_a_copy(
    owner: AsyncConnection,
) -> None:
    (track,) = (one for one in TRACKS if one.track == "sexual_violence")
    copied = {county for county in COUNTIES if "LR-13-COPY" in track.at(county).steps}
    assert copied == WITHOUT_UNIT
    assert {track.at(county).steps["LR-13-SV"].ask for county in copied} == {("PROSEC_COUNTY",)}
    (copy,) = await found(owner, Ask("PROSEC_SGBV_NAT", "LR-BM"))
    assert agency(copy) == "SGBV-UNIT"


async def test_a_county_without_centre_committee_or_special_court_has_somebody_who_stands_in(
    owner: AsyncConnection,
) -> None:
    asks = [Ask("ONE_STOP", "LR-SI"), Ask("CL_COMMITTEE", "LR-SI"), Ask("COURT_SEX", "LR-SI")]
    answers = await found(owner, *asks)
    assert [agency(one) for one in answers] == [
        *("HEALTH-LR-SI", "LABOUR-LR-SI", "CIRCUIT-COURT-LR-SI")
    ]
    assert {one.via for one in answers} == {Via.DECLARED_FALL_BACK}


async def test_in_montserrado_they_are_there_themselves(owner: AsyncConnection) -> None:
    asks = [Ask("ONE_STOP", "LR-MO"), Ask("CL_COMMITTEE", "LR-MO"), Ask("COURT_SEX", "LR-MO")]
    assert [agency(one) for one in await found(owner, *asks)] == [
        *("ONE-STOP-REDEMPTION", "CHILD-LABOUR-COMMITTEES-LR-MO", "COURT-E")
    ]


async def test_no_home_is_shown_by_name(owner: AsyncConnection) -> None:
    asks = [Ask("SAFE_HOME", "LR-MO"), Ask("SAFE_HOME_STATE", "LR-MO")]
    homes = {
        unit.agency_key
        for answer in await found(owner, *asks)
        for unit in (answer.unit, *answer.alternates)
        if unit is not None
    }
    assert len(homes) == 4
    assert all(body.confidential for body in REGISTER.bodies if body.key in homes)


def test_every_member_of_the_task_force_and_every_superintendent_is_listed() -> None:
    members = {"MOL", "MOJ", "MFA", "MIA", "MOH", "MGCSP", "LNP", "LIS"}
    keys = {body.key for body in REGISTER.bodies}
    assert members <= keys
    assert {f"SUPERINTENDENT-{county}" for county in COUNTIES} <= keys


async def test_calls_to_911_come_after_the_line_whose_number_was_published(
    owner: AsyncConnection,
) -> None:
    (line,) = await found(owner, Ask("HOTLINE_HT", "LR"))
    assert agency(line) == "LINE-2883"
    assert [unit.agency_key for unit in line.alternates] == ["LINE-911"]


async def test_kin_care_is_another_desk_than_the_social_worker(owner: AsyncConnection) -> None:
    kin, worker = await found(owner, Ask("FOSTER_CARE", "LR-NI"), Ask("PROTECT_COUNTY", "LR-NI"))
    assert kin.unit is not None
    assert worker.unit is not None
    assert kin.unit.agency_key == worker.unit.agency_key
    assert kin.unit.unit_id != worker.unit.unit_id


async def test_the_cast_is_seated_with_two_rival_police_and_an_outsider_elsewhere(
    owner: AsyncConnection,
) -> None:
    await enter(owner, REGISTER, TODAY)
    players = await load_cast(owner, ("LR",), TODAY, hash_with=quick_hash)
    assert [player.part for player in players] == parts(("LR",))
    seats = {player.part.key: player.part.seat.agency for player in players}
    assert seats["supervisor"] == seats["inspector"]
    assert seats["protection_supervisor"] == seats["social_worker"]
    assert seats["protection_section"] != seats["trafficking_unit"]
    assert [key for key, at in seats.items() if at == seats["outsider"]] == ["outsider"]
    assert not seats["outsider"].endswith("LR-MO")
