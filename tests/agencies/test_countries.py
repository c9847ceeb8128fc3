"""The shipped directories are sound, sourced, and serve what their countries' law asks for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pycountry
import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import protocols
from agencies.cast import load_cast, parts
from agencies.directory import Ask, Via, places_in, serving
from agencies.duties import Role
from agencies.identity import verify_password
from agencies.register import COUNTRIES, enter, read
from tests.agencies.conftest import TODAY

LAW = Path(protocols.__file__).parent / "countries"
FILES = sorted(path for path in COUNTRIES.glob("*.yaml") if len(path.stem) == 2)
# What the law can ask for and nobody is listed for, country by country: the coverage map's holes.
HOLES = {
    "zz": {("HEALTH", "ZZ"), ("HEALTH", "ZZ-W"), ("COURT", "ZZ"), ("LABOUR_INSPECTION", "ZZ")},
    "ar": {("COURT_FAMILY", "AR")},
    "th": set(),
}
HOLES["zz"] |= {("POLICE", "ZZ")}
HOLES["lr"] = set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_directory_has_no_problem_and_cites_its_sources(path: Path) -> None:
    found = read(path)
    assert [str(problem) for problem in found.problems] == []
    assert all(body.source[:3] in {"V: ", "R: ", "K: "} for body in found.bodies)


def test_argentina_has_its_24_provinces_as_iso_3166_2_knows_them() -> None:
    found = {place.code for place in read(COUNTRIES / "ar.yaml").places}
    listed = {one.code for one in pycountry.subdivisions if one.country_code == "AR"}
    assert len(listed) == 24
    assert listed == {code for code in found if len(code) == 4}


def test_argentina_has_a_body_of_each_provincial_kind_in_every_province() -> None:
    held: dict[str, set[str]] = {}
    for body in read(COUNTRIES / "ar.yaml").bodies:
        for charge in body.charges:
            if charge.place != "AR":
                held.setdefault(charge.mandate, set()).add(charge.place)
    everywhere = {mandate for mandate, places in held.items() if len(places) == 24}
    assert everywhere == {
        *("CHILD_PROT_LOCAL", "CHILD_PROT_PROV", "CL_COMMISSION_PROV", "COURT_FAMILY"),
        *("COURT_FED", "FOCAL_POINT_HT", "HOTLINE_CHILD", "INSPECT_PROV", "INSPECT_RURAL"),
        *("POLICE_PROV", "PROSEC_FED", "PROSEC_PROV"),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_every_mandate_of_the_law_is_served_everywhere_but_in_the_known_holes(
    owner: AsyncConnection, path: Path
) -> None:
    law = yaml.safe_load((LAW / path.stem / "country.yaml").read_text("utf-8"))
    await enter(owner, read(path), TODAY)
    places = await places_in(owner, path.stem.upper())
    asks = [Ask(mandate, place) for mandate in law["mandates"] for place in places]
    answers = await serving(owner, asks, TODAY)
    assert all(answer.unit for answer in answers)
    holes = {(one.ask.mandate, one.ask.jurisdiction) for one in answers if one.no_agency}
    assert holes == HOLES.get(path.stem, set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_an_agency_that_serves_is_of_a_type_the_law_expects(
    owner: AsyncConnection, path: Path
) -> None:
    law = yaml.safe_load((LAW / path.stem / "country.yaml").read_text("utf-8"))["mandates"]
    wrong = {
        (charge.mandate, body.key, body.type)
        for body in read(path).bodies
        for charge in body.charges
        if charge.mandate in law
        and not charge.fall_back
        and body.type not in law[charge.mandate]["agency_types"]
    }
    assert wrong == set()


async def test_the_four_federal_forces_stand_in_line(owner: AsyncConnection) -> None:
    await enter(owner, read(COUNTRIES / "ar.yaml"), TODAY)
    excluded = frozenset({"GNA"})
    asks = [Ask("POLICE_FED", "AR-N"), Ask("POLICE_FED", "AR-N", excluded)]
    (every, without) = await serving(owner, asks, TODAY)
    assert every.unit is not None
    assert [every.unit.agency_key, *(unit.agency_key for unit in every.alternates)] == [
        *("GNA", "PFA", "PNA", "PSA")
    ]
    assert without.unit is not None
    assert without.unit.agency_key == "PFA"
    assert [unit.agency_key for unit in without.alternates] == ["PNA", "PSA"]


async def test_the_directory_knows_who_served_in_2020(owner: AsyncConnection) -> None:
    await enter(owner, read(COUNTRIES / "ar.yaml"), TODAY)
    days = (date(2020, 5, 5), TODAY)
    found = [(await serving(owner, [Ask("VICTIM_RESTITUTION", "AR-N")], day))[0] for day in days]
    assert [one.unit.agency_key for one in found if one.unit] == [
        "VICTIM-ASSISTANCE-BEFORE-2025",
        "VICTIM-RESTITUTION",
    ]


async def test_a_local_service_nobody_has_listed_falls_back_to_its_province(
    owner: AsyncConnection,
) -> None:
    await enter(owner, read(COUNTRIES / "ar.yaml"), TODAY)
    (found,) = await serving(owner, [Ask("CHILD_PROT_LOCAL", "AR-N")], TODAY)
    assert found.unit is not None
    assert (found.unit.agency_key, found.via) == ("NINEZ-AR-N", Via.DECLARED_FALL_BACK)


async def test_the_cast_can_be_seated_and_everybody_signs_in_with_an_own_password(
    owner: AsyncConnection,
) -> None:
    countries = ("ZZ", "AR", "LR", "PY", "TH")
    for name in countries:
        await enter(owner, read(COUNTRIES / f"{name.lower()}.yaml"), TODAY)
    players = await load_cast(owner, countries, TODAY, hash_with=_quick_hash)
    assert [player.part for player in players] == parts(countries)
    passwords = {player.password for player in players}
    assert len(passwords) == len(players)
    assert None not in passwords
    again = await load_cast(owner, countries, TODAY, hash_with=_quick_hash)
    assert {player.password for player in again} == {None}
    assert [player.membership_id for player in again] == [one.membership_id for one in players]


@pytest.mark.parametrize("country", ["ZZ", "AR", "LR", "PY", "TH"])
def test_each_cast_has_every_part_a_story_needs(country: str) -> None:
    cast = {part.key: part for part in parts([country])}
    assert {
        *("inspector", "supervisor", "hotline", "social_worker", "protection_supervisor"),
        *("prosecutor", "court", "coordinator", "auditor", "data_officer", "agency_admin"),
        *("outsider", "statistician"),
    } <= cast.keys()
    assert cast["supervisor"].seat.agency == cast["inspector"].seat.agency
    assert cast["protection_supervisor"].seat.agency == cast["social_worker"].seat.agency
    others = {part.seat.agency for key, part in cast.items() if key != "outsider"}
    assert cast["outsider"].seat.agency not in others
    assert {part.seat.role for part in cast.values()} == {
        *(Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR, Role.AGENCY_ADMIN),
        *(Role.DATA_PROTECTION_OFFICER, Role.STATISTICIAN),
    }


async def test_a_password_of_the_cast_opens_its_own_account_and_no_other(
    directory: AsyncConnection,
) -> None:
    (first, second, *_) = await load_cast(directory, ("ZZ",), TODAY)
    sql = text("SELECT password_hash FROM agencies.sign_in_material(:name)")
    stored = await directory.scalar(sql, {"name": first.part.user_name})
    assert first.password is not None
    assert second.password is not None
    assert verify_password(stored, first.password)
    assert not verify_password(stored, second.password)


def _quick_hash(password: str) -> str:
    """Argon2id in form only: a story does not wait for twenty-seven real ones."""
    return f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${password}"
