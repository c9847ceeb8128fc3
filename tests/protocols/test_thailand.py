"""Thailand's law as data: sound, told in full by its cases, on calendars that differ by office."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from protocols.calendars import Calendar, CalendarNotCovered
from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.country import Caregiver
from protocols.decision import LimitBasis
from protocols.facts import Group
from protocols.protocol import Protocol
from protocols.working_time import Limit, Unit, due_at

BANGKOK = ZoneInfo("Asia/Bangkok")
TODAY = date(2026, 11, 26)
LABOUR_DAY, PLOUGHING, VISAKHA = date(2026, 5, 1), date(2026, 5, 13), date(2026, 5, 31)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="module")
def tracks(catalogue: Catalogue) -> dict[str, Protocol]:
    return {track.track: track for track in catalogue.in_force("TH", TODAY)}


@pytest.fixture(scope="module")
def trafficking(tracks: dict[str, Protocol]) -> Protocol:
    return tracks["trafficking"]


def calendar_of(protocol: Protocol, mandate: str) -> Calendar:
    return protocol.calendars.of(mandate, "TH-74")


def test_the_files_are_sound_and_the_cases_reach_every_rule() -> None:
    report = check(["TH"], today=TODAY, proving=False)
    assert report.sound, [str(problem) for problem in report.problems]
    (thailand,) = report.countries
    assert thailand.not_exercised == ()
    assert thailand.cases >= 20


def test_every_step_of_the_domain_notes_is_there(tracks: dict[str, Protocol]) -> None:
    steps = {step for track in tracks.values() for step in track.steps}
    ladders = {ladder for track in tracks.values() for ladder in track.ladders}
    numbered = {f"TH-{number:02}" for number in range(1, 29)}
    assert numbered - steps == {"TH-28"}  # silence is no step: it is what every answer climbs
    assert "TH-28" in ladders


def test_labour_day_closes_private_bodies_and_no_civil_servant(trafficking: Protocol) -> None:
    civil, labour = calendar_of(trafficking, "PSDHS"), calendar_of(trafficking, "LABOUR_INSPECTION")
    court, private = calendar_of(trafficking, "COURT"), calendar_of(trafficking, "NGO")
    assert {one.closed_by(LABOUR_DAY) for one in (civil, labour, court)} == {None}
    assert private.closed_by(LABOUR_DAY) == "วันแรงงานแห่งชาติ"
    assert court.closed_by(PLOUGHING) == "วันพืชมงคล"
    assert private.closed_by(PLOUGHING) is None
    assert calendar_of(trafficking, "POLICE").always_open
    named = trafficking.calendars.descriptions.values()
    assert all(one["names"].keys() == {"en", "th"} for one in named)


def test_lunar_holidays_are_known_by_name_and_have_their_substitute(trafficking: Protocol) -> None:
    civil = calendar_of(trafficking, "PSDHS")
    assert civil.closed_by(VISAKHA) == "วันวิสาขบูชา"
    assert civil.closed_by(date(2026, 6, 1)) == "ชดเชยวันวิสาขบูชา"
    assert civil.closed_by(date(2026, 3, 3)) == "วันมาฆบูชา"


def test_the_days_of_a_year_the_cabinet_has_not_settled_are_not_guessed(
    trafficking: Protocol,
) -> None:
    court = calendar_of(trafficking, "COURT")
    with pytest.raises(CalendarNotCovered):
        due_at(datetime(2026, 12, 31, 9, tzinfo=BANGKOK), Limit(1, Unit.WORKING_DAYS), court)


def test_weeks_before_the_known_holidays_end_the_check_says_so() -> None:
    found = check(["TH"], today=TODAY, proving=False).problems
    (said,) = [one for one in found if "holidays are known until" in one.message]
    assert "until 2026-12-31, 35 days from now (4 calendars)" in said.message
    assert said.file == "th/calendars.yaml"


def test_neither_the_police_nor_an_interpreter_hears_who_she_is(trafficking: Protocol) -> None:
    steps = trafficking.steps
    assert steps["TH-12-INTERPRETER"].travels == {Group.ENVELOPE}
    for asked in ("TH-01-POLICE", "TH-16", "TH-17", "TH-08-REPORT"):
        assert Group.IDENTITY not in steps[asked].travels, asked


def test_a_special_case_is_known_to_be_one_before_the_special_investigators_hear_of_it(
    trafficking: Protocol,
) -> None:
    (rule,) = [one for one in trafficking.exclusions if "DSI" in one.mandates]
    assert rule.unknown_excludes
    told = trafficking.steps["TH-08-REPORT"].order
    assert set(told) == {"POLICE_CHIEF", "GOVERNOR_CENTRE", "DSI"}


def test_two_clocks_of_different_law_start_at_the_rescue(trafficking: Protocol) -> None:
    custody, stay = (trafficking.clocks[one] for one in ("TH-08.protection", "TH-10.stay"))
    assert (custody.basis, custody.limit) == (LimitBasis.STATUTORY, Limit(24, Unit.HOURS))
    assert custody.extends.to == (Limit(7, Unit.CALENDAR_DAYS),)
    assert custody.at_limit == ("extension_asked", "voluntary_stay_signed", "person_released")
    assert (stay.basis, stay.limit) == (LimitBasis.SOP, Limit(15, Unit.CALENDAR_DAYS))
    assert stay.extends.to == (Limit(45, Unit.CALENDAR_DAYS),)


def test_the_team_needs_police_and_social_services_and_one_more(trafficking: Protocol) -> None:
    for meeting in ("TH-12", "TH-12-AGAIN"):
        panel = trafficking.steps[meeting].panel
        assert panel is not None
        assert (panel.quorum, panel.agree, set(panel.must_sit)) == (3, 2, {"POLICE", "PSDHS"})


def test_the_48_hours_begin_when_the_second_look_has_confirmed(trafficking: Protocol) -> None:
    assert trafficking.steps["TH-15"].follows == ("TH-15-LOOK NEGATIVE_DECISION_STANDS",)
    assert trafficking.clocks["TH-15-LOOK.looked_at"].limit == Limit(3, Unit.WORKING_DAYS)
    assert trafficking.clocks["TH-15.route"].limit == Limit(48, Unit.HOURS)


def test_what_screening_and_consent_rest_on(catalogue: Catalogue) -> None:
    country = catalogue.country("TH")
    law = country.parameters
    assert (law.min_age, law.min_age_hazardous, law.compulsory_schooling_to) == (15, 18, 16)
    assert law.adult_means_required
    assert country.light_work is None
    assert country.hazardous_work is not None
    row = country.consent_at(16)
    assert row is not None
    assert row.caregiver is Caregiver.AGREEMENT
    assert country.languages == ("th", "en")
