"""What single provinces of Argentina do otherwise: statute, protocol, July recess."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from protocols.catalogue import Catalogue
from protocols.protocol import Protocol

CATALOGUE = Catalogue.load(only=["AR"])
MEASURES = ("AR-C09", "AR-C10", "AR-C11")
LIMITS = ("AR-C09.judge_notified", "AR-C10.ruling", "AR-C11.term")


def law_at(place: str) -> Protocol:
    """Child labour as it stands there."""
    return CATALOGUE.version_of("AR", "child_labour").at(place)


@pytest.mark.parametrize(
    ("province", "statute"),
    [
        ("AR-X", "AR-X-9944"),
        ("AR-B", "AR-B-13298"),
        ("AR-S", "AR-S-12967"),
        ("AR-Y", "AR-Y-6294"),
        ("AR-F", "AR-F-8848"),
    ],
)
def test_a_measure_rests_on_the_provinces_statute_with_the_national_limits(
    province: str, statute: str
) -> None:
    here, nation = law_at(province), law_at("AR-M")
    assert all(statute in here.steps[step].sources for step in MEASURES)
    assert all(statute in here.clocks[clock].sources for clock in LIMITS)
    assert [here.clocks[one].limit for one in LIMITS] == [
        nation.clocks[one].limit for one in LIMITS
    ]
    assert not any(statute in nation.steps[step].sources for step in MEASURES)


def test_only_rio_negro_asks_for_the_police_before_an_inspection() -> None:
    assert "AR-C01-RN" in law_at("AR-R").steps
    assert "AR-C01-RN" not in law_at("AR-Q").steps


@pytest.mark.parametrize(
    ("mandate", "place", "closed"),
    [
        ("COURT_FAMILY", "AR-X", ["2026-07-08"]),  # assumed: the centre first
        ("COURT_FAMILY", "AR-B", ["2026-07-22"]),
        ("COURT_FED", "AR-X", ["2026-07-08"]),  # a federal chamber goes by its province
        ("COURT_FED", "AR-C", ["2026-07-22"]),  # those of the Capital by the Supreme Court
        ("COURT_FAMILY", "AR", []),  # no province, none assumed
        ("CHILD_PROT_PROV", "AR-X", []),  # public administration has no recess
    ],
)
def test_each_court_has_the_july_recess_of_its_province(
    mandate: str, place: str, closed: list[str]
) -> None:
    calendar = CATALOGUE.calendar("AR", mandate, place)
    days = ("2026-07-08", "2026-07-22")
    assert [
        day for day in days if calendar.closed_by(date.fromisoformat(day)) is not None
    ] == closed


@pytest.mark.parametrize("mandate", ["COURT_FED", "COURT_FAMILY"])
@pytest.mark.parametrize("place", ["AR-B", "AR-X"])
def test_every_year_the_calendar_covers_has_two_weeks_of_recess_in_july(
    mandate: str, place: str
) -> None:
    calendar = CATALOGUE.calendar("AR", mandate, place)
    for year in calendar.covered:
        first = [date(year, 7, day) for day in range(1, 22)]
        assert any(
            all(calendar.closed_by(monday + timedelta(day)) is not None for day in range(14))
            for monday in first
            if monday.weekday() == 0
        )
