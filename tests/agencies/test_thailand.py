"""Thailand's directory: 77 areas and Pattaya, nine centres, somebody for whatever the law asks."""

from __future__ import annotations

import pycountry
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.directory import Ask, Via, places_in, serving
from agencies.register import COUNTRIES, Register, enter, read
from protocols.catalogue import Catalogue
from protocols.law import ROLES
from tests.agencies.conftest import TODAY


@pytest.fixture(scope="module")
def thailand() -> Register:
    return read(COUNTRIES / "th.yaml")


@pytest.fixture(scope="module")
def asked() -> frozenset[str]:
    """Every mandate a track of Thailand asks, tells or lets sit in a panel."""
    found: set[str] = set()
    for track in Catalogue.load().in_force("TH", TODAY):
        for step in track.steps.values():
            found.update(step.order, step.panel.sits if step.panel else ())
        for clock in track.clocks.values():
            found.update({clock.escalates_to or ""})
        for ladder in track.ladders.values():
            found.update(to for rung in ladder.rungs for to in rung.to if to.isupper())
    return frozenset(found - ROLES - {""})


def test_it_reads_without_problems_and_has_the_places_iso_has(thailand: Register) -> None:
    assert [str(problem) for problem in thailand.problems] == []
    listed = {one.code for one in pycountry.subdivisions if one.country_code == "TH"}
    places = {one.code: one for one in thailand.places if one.kind not in {"country", "group"}}
    assert places.keys() == listed
    assert len(listed) == 78
    assert places["TH-S"].parent == "TH-20"  # Pattaya lies in Chonburi


def test_the_bodies_the_notes_name_are_listed_also_those_nobody_asks(thailand: Register) -> None:
    listed = {body.key: body for body in thailand.bodies}
    unasked = {"PORT-CONTROL", "NAVY", "OVERSEAS-OPERATION-CENTRES"}
    assert all(listed[key].charges == () for key in unasked)
    national = {
        *("COORDINATION-COMMITTEE", "POLICY-COMMITTEE", "NATIONAL-OPERATION-CENTRE", "MSDHS"),
        *("DATIP", "HOTLINE-1300", "IDENTIFICATION-DON-MUEANG", "INTERPRETERS", "RTP", "AHTD"),
        *("INTERPRETERS-LABOUR", "NGO-SHELTERS", "NGO-NETWORK", "LABOUR-COMMAND-SECRETARIAT"),
        *("DLPW", "DOE", "HOTLINE-1506", "HOTLINE-1546", "HOTLINE-1694", "TATIP", "TICAC"),
        *("POLICE-CHILD-WOMEN-CENTRES", "DSI", "IMMIGRATION", "OAG", "COURT-HT", "AMLO"),
        *("RIGHTS-DEPARTMENT", "NACC", "PACC", "PDPC", "INTERIOR", "IOM"),
    }
    assert national <= {key for key, body in listed.items() if body.charges}


def test_the_memoranda_are_groups_and_the_nine_centres_leave_no_province_out(
    thailand: Register,
) -> None:
    groups = {one.code: one.members for one in thailand.places if one.kind == "group"}
    sizes = {code: len(members) for code, members in groups.items() if "MOU" in code}
    assert sizes == {
        "TH-MOU-SOUTH-EAST": 8,
        "TH-MOU-UPPER-CENTRAL": 8,
        "TH-MOU-LOWER-CENTRAL": 9,
        "TH-MOU-EAST": 8,
        "TH-MOU-NORTH-EAST": 20,  # 19 when it was signed; Bueng Kan was part of Nong Khai
    }
    centres = {
        body.key: charge.place
        for body in thailand.bodies
        for charge in body.charges
        if charge.mandate == "LONG_TERM_CENTRE" and not charge.fall_back
    }
    assert len(centres) == 9
    for sex in ("TH-W-", "TH-M-"):
        served = [
            province
            for catchment in centres.values()
            if catchment.startswith(sex)
            for province in groups[catchment]
        ]
        assert len(served) == len(set(served)) == 77


async def test_whatever_the_tracks_ask_is_held_or_has_a_declared_fall_back_everywhere(
    owner: AsyncConnection, thailand: Register, asked: frozenset[str]
) -> None:
    await enter(owner, thailand, TODAY)
    places = await places_in(owner, "TH")
    asks = [Ask(mandate, place) for mandate in sorted(asked) for place in places]
    answers = await serving(owner, asks, TODAY)
    assert len(asked) >= 35
    assert [one.ask for one in answers if one.no_agency or one.unit is None] == []


async def test_a_province_has_a_centre_for_women_and_one_for_men(
    owner: AsyncConnection, thailand: Register
) -> None:
    await enter(owner, thailand, TODAY)
    asks = [Ask("LONG_TERM_CENTRE", place) for place in ("TH-74", "TH-S", "TH")]
    samut_sakhon, pattaya, nowhere = await serving(owner, asks, TODAY)
    assert samut_sakhon.unit is not None
    assert samut_sakhon.via is Via.GROUP
    assert samut_sakhon.unit.agency_key == "CENTRE-KREDTRAKARN"
    assert [one.agency_key for one in samut_sakhon.alternates] == ["CENTRE-PHUMVET", "DATIP"]
    assert pattaya.unit is not None
    assert pattaya.unit.agency_key == "CENTRE-KREDTRAKARN"
    assert nowhere.unit is not None
    assert (nowhere.unit.agency_key, nowhere.via) == ("DATIP", Via.DECLARED_FALL_BACK)
