"""Paraguay's directory: whoever the tracks can ask is there everywhere, or a fall-back is."""

from __future__ import annotations

import pycountry
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.cast import load_cast, parts
from agencies.directory import Ask, Via, places_in, serving
from agencies.duties import Role
from agencies.register import COUNTRIES, enter, read
from protocols.catalogue import Catalogue
from tests.agencies.conftest import TODAY

REGISTER = read(COUNTRIES / "py.yaml")
TOWNS = {
    *("PY-3-CAACUPE", "PY-7-ALTO-VERA", "PY-7-ENCARNACION", "PY-9-PARAGUARI"),
    *("PY-10-CIUDAD-DEL-ESTE", "PY-11-FERNANDO-DE-LA-MORA"),
}


def test_paraguay_has_its_17_departments_and_asuncion_as_iso_3166_2_knows_them() -> None:
    listed = {one.code for one in pycountry.subdivisions if one.country_code == "PY"}
    found = {place.code for place in REGISTER.places if place.kind == "subdivision"}
    assert len(listed) == 18
    assert found == listed


def test_the_towns_of_the_notes_lie_below_their_departments() -> None:
    towns = {place.code: place.parent for place in REGISTER.places if place.kind == "locality"}
    assert towns.keys() == TOWNS
    assert all(code.startswith(f"{parent}-") for code, parent in towns.items())


async def test_whatever_the_tracks_ask_for_is_held_or_falls_back_in_every_place(
    owner: AsyncConnection,
) -> None:
    asked = {
        mandate
        for track in Catalogue.load(only=["PY"]).in_force("PY", TODAY)
        for step in track.steps.values()
        for mandate in step.order
        if mandate.isupper()
    }
    assert len(asked) == 25
    await enter(owner, REGISTER, TODAY)
    places = await places_in(owner, "PY")
    asks = [Ask(mandate, place) for mandate in sorted(asked) for place in places]
    answers = await serving(owner, asks, TODAY)
    assert [one.ask for one in answers if one.no_agency or one.unit is None] == []


@pytest.mark.parametrize(
    ("where", "agency", "via"),
    [
        ("PY-7-ENCARNACION", "CODENI-ENCARNACION", Via.DIRECT),
        # N05: no CODENI is listed there; the public defender of the department answers.
        ("PY-7-ALTO-VERA", "DEFENSORIA-PY-7", Via.DECLARED_FALL_BACK),
        ("PY-16", "DEFENSORIA-PY-16", Via.DECLARED_FALL_BACK),
        ("PY", "DEFENSORIA-GENERAL", Via.DECLARED_FALL_BACK),
    ],
)
async def test_where_there_is_no_codeni_the_public_defender_answers(
    owner: AsyncConnection, where: str, agency: str, via: Via
) -> None:
    await enter(owner, REGISTER, TODAY)
    (found,) = await serving(owner, [Ask("CODENI", where)], TODAY)
    assert found.unit is not None
    assert (found.unit.agency_key, found.via) == (agency, via)


def test_leaving_out_one_police_body_leaves_the_other() -> None:
    parents = {body.key: body.parent for body in REGISTER.bodies}
    assert parents["POLICIA-NACIONAL"] is None
    assert parents["POLICIA-TRATA"] is None


def test_the_cast_has_two_forces_and_nobody_may_see_where_the_shelter_worker_sits() -> None:
    cast = {part.key: part for part in parts(["PY"])}
    forces = {cast[key].seat.agency for key in ("national_police", "trafficking_police")}
    assert forces == {"POLICIA-NACIONAL", "POLICIA-TRATA"}
    hidden = {body.key for body in REGISTER.bodies if body.confidential}
    assert cast["shelter_worker"].seat.agency in hidden


def test_the_cast_has_every_part_a_story_needs() -> None:
    cast = {part.key: part for part in parts(["PY"])}
    assert {
        *("inspector", "supervisor", "hotline", "social_worker", "protection_supervisor"),
        *("defender", "prosecutor", "court", "coordinator", "auditor", "agency_admin", "outsider"),
    } <= cast.keys()
    assert {part.seat.role for part in cast.values()} == {
        *(Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR, Role.AGENCY_ADMIN),
        *(Role.DATA_PROTECTION_OFFICER, Role.STATISTICIAN),
    }
    others = {part.seat.agency for key, part in cast.items() if key != "outsider"}
    assert cast["outsider"].seat.agency not in others


async def test_everybody_of_the_cast_can_be_seated(owner: AsyncConnection) -> None:
    await enter(owner, REGISTER, TODAY)
    players = await load_cast(owner, ("PY",), TODAY, hash_with=lambda _: _NO_HASH)
    assert [player.part for player in players] == parts(("PY",))


# Argon2id in form only: nobody signs in here.
_NO_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA"
